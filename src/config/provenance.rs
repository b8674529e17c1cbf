//! The locations of an authority's settings, so that each problem names the setting as it was written.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use super::{
    key::Key,
    location::{Location, Named},
    settings::{ConfigSettings, InstanceSetting, SettingsSource},
};
use crate::authority::Authority;

/// An authority to be validated, with the locations of its settings.
pub(super) struct AuthorityEntry<'a> {
    pub(super) authority: Authority,
    pub(super) provenance: Provenance<'a>,
}

/// The locations of the settings of one authority.
#[derive(Clone)]
pub(super) struct Provenance<'a> {
    /// The authority as a whole.
    pub(super) name: Location,
    /// Its index among all authorities.
    pub(super) number: usize,
    /// The section that describes it; `None` for an [`Authority`] built in code.
    section: Option<&'a ConfigSettings>,
    /// Built once for each list, so that an entry of a long list need not search all of it.
    indexes: Rc<RefCell<HashMap<Key, Index>>>,
}

/// The locations of one setting's values.
struct Index {
    first: Option<Location>,
    /// By the value in lower case. Of equal values, the first.
    by_value: HashMap<String, Location>,
}

impl Index {
    fn of(written: Vec<(Location, String)>) -> Self {
        let first = written.first().map(|(name, _)| name.clone());
        let mut by_value = HashMap::with_capacity(written.len());
        for (name, mut value) in written.into_iter().rev() {
            value.make_ascii_lowercase();
            by_value.insert(value, name);
        }
        Self { first, by_value }
    }
}

impl<'a> AuthorityEntry<'a> {
    /// The entry of an authority that was built in code.
    pub(super) fn whole(named: &Named<Authority>) -> Self {
        Self {
            authority: named.value.clone(),
            provenance: Provenance { name: named.name.clone(), number: 0, section: None, indexes: Rc::default() },
        }
    }

    /// The entry of an authority that a section describes.
    pub(super) fn of_section(authority: Authority, name: Location, section: &'a ConfigSettings) -> Self {
        let provenance = Provenance { name, number: 0, section: Some(section), indexes: Rc::default() };
        Self { authority, provenance }
    }
}

impl Provenance<'_> {
    /// The location of this value of one of `keys`. If there is none, that of the first configured one of `keys`, or else of
    /// the whole authority.
    pub(super) fn at(&self, keys: &[Key], value: &str) -> Location {
        let Some(section) = self.section else { return self.name.clone() };
        let mut indexes = self.indexes.borrow_mut();
        let value = value.to_ascii_lowercase();
        let mut first = None;
        for key in keys {
            let index = indexes.entry(*key).or_insert_with(|| Index::of(section.written(*key)));
            if let Some(name) = index.by_value.get(&value) {
                return name.clone();
            }
            first = first.or_else(|| index.first.clone());
        }
        first.unwrap_or_else(|| self.name.clone())
    }

    /// Whether a setting was configured and could not be read, so that it is not missing.
    pub(super) fn has_invalid(&self, key: Key) -> bool {
        self.section.is_some_and(|section| section.has_invalid(&[key, Key::Audiences, Key::ClientId]))
    }

    /// Whether the section decides that only the listed audiences are accepted.
    pub(super) fn strict_audiences(&self) -> Option<bool> {
        self.section?.strict_audiences.first().map(|strict| strict.value)
    }

    /// Whether `ValidAudience` of the section decides that.
    pub(super) fn has_valid_audience(&self) -> bool {
        self.section.is_some_and(|section| section.has_valid_audience)
    }

    /// Whether the authority was built in code, not described by a section.
    pub(super) fn is_whole(&self) -> bool {
        self.section.is_none()
    }

    /// `text` if the authority was built in code, where settings have no locations; else the empty string.
    pub(super) fn prefix_if_code<'t>(&self, text: &'t str) -> &'t str {
        if self.is_whole() { text } else { "" }
    }

    /// The name of a setting in the source of the authority: a key of the section, or a method.
    pub(super) fn setting_name(&self, key: Key) -> &'static str {
        let is_written = self.section.is_some_and(|section| section.source != SettingsSource::Builder);
        if is_written { key.name() } else { key.method() }
    }
}

impl ConfigSettings {
    /// The values of a setting as they were written, with their locations.
    pub(super) fn written(&self, key: Key) -> Vec<(Location, String)> {
        let texts = |all: &[Named<String>]| all.iter().map(|text| (text.name.clone(), text.value.clone())).collect();
        match key {
            Key::TenantId | Key::TenantIds => {
                self.tenants.iter().map(|tenant| (tenant.name.clone(), tenant.value.text().to_owned())).collect()
            }
            Key::Instance => {
                let text = |place: &InstanceSetting| match place {
                    InstanceSetting::Cloud(cloud) => cloud.login_host().to_owned(),
                    InstanceSetting::Address(address) => address.clone(),
                };
                self.instances.iter().map(|place| (place.name.clone(), text(&place.value))).collect()
            }
            // The text of a file is too long for a message.
            Key::CaFile => self.ca_certificates.iter().map(|pem| (pem.name.clone(), String::new())).collect(),
            Key::Authority => texts(&self.addresses),
            Key::ClientId => texts(&self.client_ids),
            Key::Audience | Key::Audiences => texts(&self.audiences),
            Key::AllowedClients => texts(&self.allowed_clients),
            Key::RequiredClaims => {
                self.required_claims.iter().map(|rule| (rule.name.clone(), rule.value.name().to_owned())).collect()
            }
            _ => {
                let given = self.authority_section.given().into_iter().filter(|(known, ..)| *known == key);
                given.map(|(_, name, value)| (name.clone(), value)).collect()
            }
        }
    }
}

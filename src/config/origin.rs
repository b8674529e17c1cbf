//! Where the settings of an authority were written, so that each mistake names its own.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use super::{Config, Named, Place, Source, Tenant, key::Key};
use crate::authority::Authority;

/// An authority to be held to the rules, and where its settings stand.
pub(super) struct Written<'a> {
    pub(super) authority: Authority,
    pub(super) origin: Origin<'a>,
}

/// Where the settings of one authority stand.
#[derive(Clone)]
pub(super) struct Origin<'a> {
    /// The name of all of it.
    pub(super) name: String,
    /// The section that describes it; `None` if it was given whole.
    section: Option<&'a Config>,
    /// Made once for each list: an entry of a long one must not search all of it.
    indexes: Rc<RefCell<HashMap<Key, Index>>>,
}

/// The names of one setting's values.
struct Index {
    first: Option<String>,
    /// By the value in lower case; of equal ones, the first.
    by_value: HashMap<String, String>,
}

impl Index {
    fn of(written: Vec<(String, String)>) -> Self {
        let first = written.first().map(|(name, _)| name.clone());
        let mut by_value = HashMap::with_capacity(written.len());
        for (name, mut value) in written.into_iter().rev() {
            value.make_ascii_lowercase();
            by_value.insert(value, name);
        }
        Self { first, by_value }
    }
}

impl<'a> Written<'a> {
    /// One that was given whole.
    pub(super) fn whole(named: &Named<Authority>) -> Self {
        Self {
            authority: named.value.clone(),
            origin: Origin { name: named.name.clone(), section: None, indexes: Rc::default() },
        }
    }

    /// One that a section describes.
    pub(super) fn of_section(authority: Authority, name: impl Into<String>, section: &'a Config) -> Self {
        Self { authority, origin: Origin { name: name.into(), section: Some(section), indexes: Rc::default() } }
    }
}

impl Origin<'_> {
    /// The name of the setting of these that has this value; of the first that is there if none has, and of the whole
    /// authority if none is there.
    pub(super) fn at(&self, keys: &[Key], value: &str) -> String {
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

    /// Whether a setting was tried and could not be read, so that it is not missing.
    pub(super) fn is_spoilt(&self, key: Key) -> bool {
        self.section.is_some_and(|section| section.is_spoilt(&[key, Key::Audiences, Key::ClientId]))
    }

    /// Whether the authority was given whole, by no section.
    pub(super) fn is_whole(&self) -> bool {
        self.section.is_none()
    }

    /// This text where the authority was given whole, so that there is no setting that says as much; else nothing.
    pub(super) fn prefix<'t>(&self, text: &'t str) -> &'t str {
        if self.is_whole() { text } else { "" }
    }

    /// How its owner writes a setting: by a key of the section, or by a method.
    pub(super) fn says(&self, key: Key) -> &'static str {
        let is_written = self.section.is_some_and(|section| section.source != Source::Builder);
        if is_written { key.name() } else { key.method() }
    }
}

impl Config {
    /// The names and the texts of a setting, as they were written.
    pub(super) fn written(&self, key: Key) -> Vec<(String, String)> {
        let texts = |all: &[Named<String>]| all.iter().map(|text| (text.name.clone(), text.value.clone())).collect();
        match key {
            Key::TenantId | Key::TenantIds => {
                let text = |tenant: &Tenant| match tenant {
                    Tenant::Written(text) | Tenant::Plain(text) => text.clone(),
                    Tenant::Keyword(keyword) => (*keyword).to_owned(),
                };
                self.tenants.iter().map(|tenant| (tenant.name.clone(), text(&tenant.value))).collect()
            }
            Key::Instance => {
                let text = |place: &Place| match place {
                    Place::Cloud(cloud) => cloud.login_host().to_owned(),
                    Place::Address(address) => address.clone(),
                };
                self.instances.iter().map(|place| (place.name.clone(), text(&place.value))).collect()
            }
            Key::Authority => texts(&self.addresses),
            Key::ClientId => texts(&self.client_ids),
            Key::Audience | Key::Audiences => texts(&self.audiences),
            Key::AllowedClients => texts(&self.allowed_clients),
            Key::RequiredClaims => {
                self.required_claims.iter().map(|rule| (rule.name.clone(), rule.value.name().to_owned())).collect()
            }
            _ => {
                let given = self.site.given().into_iter().filter(|(known, ..)| *known == key);
                given.map(|(_, name, value)| (name.to_owned(), value)).collect()
            }
        }
    }
}

//! The kind of authority that a section describes.

use super::{
    address::{self, Form},
    key::Key,
    location::Location,
    settings::{ConfigSettings, Place},
};

impl ConfigSettings {
    /// The kind of the section's authority: `Kind`, or what its addresses and policies imply.
    pub(super) fn form(&self) -> Form {
        let of_policy = || self.site.text(Key::Policy).or(self.site.all(Key::Policies).next()).map(|_| Form::B2c);
        (self.site.form.as_ref().map(|form| form.value))
            .or_else(|| self.addresses.iter().find_map(|address| address::form(&address.value)))
            .or_else(|| self.instance_texts().find_map(|(_, text)| address::form_of_instance(text)))
            .or_else(of_policy)
            .unwrap_or(Form::Entra)
    }

    /// Whether the section has an authority of its own, beside those that are listed.
    pub(super) fn has_own_authority(&self) -> bool {
        !self.tenants.is_empty()
            || !self.addresses.is_empty()
            || self.site.names_an_issuer()
            || self.form() != Form::Entra
            || (self.authorities.is_empty() && self.sections.is_empty())
    }

    /// The instances that are given by an address.
    pub(super) fn instance_texts(&self) -> impl Iterator<Item = (&Location, &str)> {
        self.instances.iter().filter_map(|place| match &place.value {
            Place::Address(text) => Some((&place.name, text.as_str())),
            Place::Cloud(_) => None,
        })
    }

    /// The setting that determines the kind of the authority, for a message.
    pub(super) fn witness(&self) -> Option<String> {
        let kind = self.site.form.as_ref().map(|form| {
            let name = Form::ALL.iter().find(|(_, known)| *known == form.value).map_or("", |(name, _)| name);
            format!("{} = {name:?}", form.name)
        });
        let address = self.addresses.first().map(|address| format!("{} = {:?}", address.name, address.value));
        let instance = self.instance_texts().next().map(|(name, text)| format!("{name} = {text:?}"));
        let tenant = self.written(Key::TenantId).into_iter().next().map(|(name, text)| format!("{name} = {text:?}"));
        kind.or(address).or(instance).or(tenant)
    }
}

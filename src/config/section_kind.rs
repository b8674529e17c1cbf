//! The kind of authority that a section describes.

use super::{
    address::{self, AuthorityKind},
    key::Key,
    location::Location,
    settings::{ConfigSettings, InstanceSetting},
};
use crate::tenant::without_password;

impl ConfigSettings {
    /// The kind of the section's authority: `Kind`, or what its addresses and policies imply.
    pub(super) fn kind(&self) -> AuthorityKind {
        let has_policy =
            self.authority_section.text(Key::Policy).or(self.authority_section.all(Key::Policies).next()).is_some();
        let of_policy = has_policy.then_some(AuthorityKind::B2c);
        // A tenant in the path of a custom domain may be one of any kind; a policy is one of B2C.
        let of_address = |text: &str| match address::form(text)? {
            AuthorityKind::OpenIdConnect if address::is_workload_issuer(text) => Some(AuthorityKind::Workload),
            AuthorityKind::Entra if has_policy && !address::is_at_cloud(text) => of_policy,
            kind => Some(kind),
        };
        (self.authority_section.form.as_ref().map(|kind| kind.value))
            .or_else(|| self.addresses.iter().find_map(|address| of_address(&address.value)))
            .or_else(|| self.instance_texts().find_map(|(_, text)| address::kind_of_instance(text)))
            .or(of_policy)
            .unwrap_or(AuthorityKind::Entra)
    }

    /// Whether the section has its own authority, besides the listed ones.
    pub(super) fn has_own_authority(&self) -> bool {
        !self.tenants.is_empty()
            || !self.addresses.is_empty()
            || self.authority_section.names_an_issuer()
            || self.kind() != AuthorityKind::Entra
            || (self.authorities.is_empty() && self.sections.is_empty())
    }

    /// The instances that are configured by URL.
    pub(super) fn instance_texts(&self) -> impl Iterator<Item = (&Location, &str)> {
        self.instances.iter().filter_map(|place| match &place.value {
            InstanceSetting::Address(text) => Some((&place.name, text.as_str())),
            InstanceSetting::Cloud(_) => None,
        })
    }

    /// The setting that determines the kind of the authority, for a message.
    pub(super) fn kind_evidence(&self) -> Option<String> {
        let kind = self.authority_section.form.as_ref().map(|form| {
            let name = AuthorityKind::ALL.iter().find(|(_, known)| *known == form.value).map_or("", |(name, _)| name);
            format!("{} = {name:?}", form.name)
        });
        let shown = |name: &Location, text: &str| format!("{name} = {:?}", without_password(text));
        let address = self.addresses.first().map(|address| shown(&address.name, &address.value));
        let instance = self.instance_texts().next().map(|(name, text)| shown(name, text));
        let tenant = self.written(Key::TenantId).into_iter().next().map(|(name, text)| format!("{name} = {text:?}"));
        kind.or(address).or(instance).or(tenant)
    }
}

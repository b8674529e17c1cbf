//! The rules of Entra instances and tenants.

use super::{
    address::{self, AuthorityKind, ParsedAuthority},
    flaw::Flaw,
    identifier::{self, TenantName},
    key::Key,
    location::{Location, Named},
    rules::Rules,
    settings::{InstanceSetting, Tenant},
    warning::Warning,
};
use crate::{
    authority::{Authority, Entra},
    error::ConfigProblemKind::{Conflict, Unsafe},
    tenant::{Instance, TenantId},
};

/// The tenants that a section accepts.
#[derive(Default)]
pub(super) struct SectionTenants {
    pub(super) ids: Vec<TenantId>,
    domains: Vec<String>,
    keywords: Vec<&'static str>,
    /// The instance of the section; `None` only if it was not determined.
    pub(super) instance: Option<Instance>,
    /// `None` if there are no tenants.
    pub(super) authority: Option<Entra>,
}

impl SectionTenants {
    /// Whether tenants are accepted that are not listed.
    pub(super) fn has_keyword(&self) -> bool {
        !self.keywords.is_empty()
    }
}

impl Rules<'_> {
    /// The instance and the tenants in it. `outer` is the instance if none is named.
    pub(super) fn tenants(&mut self, outer: Option<&Instance>) -> SectionTenants {
        let mut instances: Vec<Named<Instance>> = Vec::new();
        for place in &self.config.instances {
            match &place.value {
                InstanceSetting::Cloud(cloud) => instances.push(Named::new(place.name.clone(), (*cloud).into())),
                InstanceSetting::Address(text) => {
                    let instance =
                        address::instance(text).and_then(|instance| self.checked_kind(&place.name, instance));
                    let instance = self.accepted(&place.name, text, instance);
                    instances.extend(instance.map(|instance| Named::new(place.name.clone(), instance)));
                }
            }
        }
        let mut tenants = SectionTenants::default();
        for tenant in &self.config.tenants {
            self.tenant(tenant, &mut tenants);
        }
        for authority in &self.config.addresses {
            let parsed = match address::authority(&authority.value, AuthorityKind::Entra) {
                Ok(ParsedAuthority::Entra { instance, tenant }) => {
                    self.checked_kind(&authority.name, instance).map(|instance| (instance, tenant))
                }
                Ok(_) => Err(Flaw::invalid("is not the address of an Entra tenant")),
                Err(flaw) => Err(flaw),
            };
            if let Some((instance, tenant)) = self.accepted(&authority.name, &authority.value, parsed) {
                instances.push(Named::new(authority.name.clone(), instance));
                self.tenant_of_authority(authority, tenant, &mut tenants);
            }
        }
        let instance = self.single(&instances, Instance::to_string).map(|named| named.value.clone());
        let instance = instance.or(outer.cloned()).unwrap_or_default();
        tenants.instance = Some(instance.clone());
        self.check_together(&tenants);
        let is_empty = tenants.ids.is_empty() && tenants.domains.is_empty();
        tenants.authority = match tenants.keywords.first() {
            Some(&"organizations") => Some(Authority::danger_any_organization()),
            Some(&"common") => Some(Authority::danger_any_account()),
            Some(_) => Some(Authority::danger_personal_accounts()),
            None if is_empty => None,
            None => Some(Authority::tenants(tenants.ids.iter().copied(), tenants.domains.iter().cloned())),
        }
        .map(|authority| authority.in_instance(instance));
        tenants
    }

    /// Requires `Kind` for a host that is not Microsoft's: External ID at a custom domain, a mirror and a mock have different
    /// issuers, so that a wrong guess would reject every token.
    fn checked_kind(&self, name: &Location, instance: Instance) -> Result<Instance, Flaw> {
        match address::foreign_host(&instance) {
            Some(host) if !name.is_in_code() && self.config.authority_section.form.is_none() => {
                Err(Flaw::invalid(format!(
                    "{host} is not a Microsoft host: for External ID at a custom domain add Kind: ExternalId and TenantId (its \
                 GUID), for Azure AD B2C add SignUpSignInPolicyId, for a mirror or a mock of Entra add Kind: Entra, for any \
                 other issuer add Kind: OpenIdConnect"
                )))
            }
            _ => Ok(instance),
        }
    }

    fn tenant(&mut self, tenant: &Named<Tenant>, tenants: &mut SectionTenants) {
        let (text, may_be_keyword) = match &tenant.value {
            Tenant::Keyword(keyword) => return tenants.keywords.push(keyword),
            Tenant::Written(text) => (text, true),
            Tenant::Plain(text) => (text, false),
        };
        let name = &tenant.name;
        match identifier::tenant(text, if may_be_keyword { ", or organizations" } else { "" }) {
            Ok(TenantName::Id(id)) => {
                if id == TenantId::PERSONAL_ACCOUNTS {
                    self.warn_of_personal_accounts(name, text);
                }
                tenants.ids.push(id);
            }
            Ok(TenantName::Domain(domain)) => tenants.domains.push(domain),
            Ok(TenantName::Keyword(keyword)) => {
                let method = match keyword {
                    "organizations" => "danger_any_organization()",
                    "common" => "danger_any_account()",
                    _ => "danger_personal_accounts()",
                };
                if !may_be_keyword {
                    self.wrong(Unsafe, name, text, format!("is not a tenant; to accept all of those, use {method}"));
                } else if keyword != "organizations" {
                    self.warn_of_personal_accounts(name, text);
                }
                tenants.keywords.push(keyword);
            }
            Err(flaw) => self.wrong(flaw.kind, name, text, flaw.advice),
        }
    }

    /// The tenant at the end of an authority must be the configured one, if there is one. Microsoft.Identity.Web would
    /// follow the authority and ignore the tenant.
    fn tenant_of_authority(&mut self, authority: &Named<String>, tenant: String, tenants: &mut SectionTenants) {
        let Some(configured) = self.config.tenants.first() else {
            let tenant = Named::new(authority.name.clone(), Tenant::Written(tenant));
            return self.tenant(&tenant, tenants);
        };
        if self.config.tenants.iter().all(|other| other.value.text().eq_ignore_ascii_case(&tenant)) {
            return;
        }
        let (setting, value) = (&configured.name, configured.value.text());
        let is_guid = |text: &str| text.parse::<TenantId>().is_ok();
        let advice = if address::keyword(&tenant).is_some() {
            format!("accepts more tenants than {setting} = {value:?}; leave it out to accept those of {setting} alone")
        } else if address::is_domain(&tenant) && is_guid(value) || is_guid(&tenant) && address::is_domain(value) {
            format!(
                "names its tenant otherwise than {setting} = {value:?}, and which is meant cannot be told; leave one out"
            )
        } else {
            format!("names another tenant than {setting} = {value:?}; leave one out")
        };
        self.wrong(Conflict, &authority.name, &authority.value, advice);
    }

    pub(super) fn warn_of_personal_accounts(&mut self, name: &Location, text: &str) {
        let warning = format!("{name} = {text:?} accepts personal Microsoft accounts, which anyone can create");
        self.warnings.push(Warning::new(name.as_str(), warning));
    }

    fn check_together(&mut self, tenants: &SectionTenants) {
        let mut keywords = tenants.keywords.clone();
        keywords.sort_unstable();
        keywords.dedup();
        let is_mixed = !tenants.ids.is_empty() || !tenants.domains.is_empty() || keywords.len() > 1;
        if let (Some(_), true) = (keywords.first(), is_mixed) {
            let is_keyword = |tenant: &&Named<Tenant>| match &tenant.value {
                Tenant::Keyword(_) => true,
                Tenant::Written(text) | Tenant::Plain(text) => address::keyword(text).is_some(),
            };
            if let Some(tenant) = self.config.tenants.iter().find(is_keyword) {
                let text = match &tenant.value {
                    Tenant::Keyword(_) => None,
                    Tenant::Written(text) | Tenant::Plain(text) => Some(text.as_str()),
                };
                let advice = "stands for many tenants and cannot be combined with others; leave one out";
                self.problems.push(tenant.name.problem(Conflict, text, advice));
            }
        }
        let is_named =
            !self.config.has_own_authority() || !self.config.tenants.is_empty() || !self.config.addresses.is_empty();
        // A policy has its own problem, since it means that another kind was intended.
        let is_b2c = self.config.authority_section.text(Key::Policy).is_some();
        if !is_named && !is_b2c && !self.config.has_invalid(&[Key::TenantId, Key::TenantIds, Key::Authority]) {
            let advice = match self.config.authority_section.text(Key::Domain) {
                Some(domain) => format!(
                    "is missing, and {} = {:?} is not used to find the tenant; write the Directory (tenant) ID of the app \
                     registration, or that domain, as TenantId",
                    domain.name, domain.value
                ),
                None => "is missing; write the Directory (tenant) ID of the app registration".to_owned(),
            };
            self.problems.push(self.config.missing(Key::TenantId, &advice));
        }
        for id in &tenants.ids {
            let same = |client: &&Named<String>| client.value.parse() == Ok(*id);
            if let Some(client) = self.config.client_ids.iter().find(same) {
                let text = format!(
                    "{} = {:?} is also the tenant's id; check that it is the Application (client) ID",
                    client.name, client.value
                );
                self.warnings.push(Warning::new(client.name.as_str(), text));
            }
        }
    }
}

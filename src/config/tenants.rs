//! The rules of instances and tenants.

use super::{
    address::{self, Form, Spot},
    key::Key,
    location::{Location, Named},
    rules::{GUID_FORM, Rules},
    settings::{Place, Tenant},
    warning::Warning,
};
use crate::{
    authority::Authority,
    error::ConfigProblemKind::{Conflict, Invalid, Unsafe},
    tenant::{Instance, TenantId},
};

/// What the settings say about tenants.
#[derive(Default)]
pub(super) struct Tenants {
    pub(super) ids: Vec<TenantId>,
    domains: Vec<String>,
    keywords: Vec<&'static str>,
    /// Where they live, if it was asked for.
    pub(super) instance: Option<Instance>,
    /// `None` if there are none.
    pub(super) authority: Option<Authority>,
}

impl Tenants {
    /// Whether tenants are accepted that nobody listed.
    pub(super) fn has_keyword(&self) -> bool {
        !self.keywords.is_empty()
    }
}

impl Rules<'_> {
    /// The instance and the tenants in it. `outer` is the instance if none is named.
    pub(super) fn tenants(&mut self, outer: Option<&Instance>) -> Tenants {
        let mut instances: Vec<Named<Instance>> = Vec::new();
        for place in &self.config.instances {
            let instance = match &place.value {
                Place::Cloud(cloud) => Ok((*cloud).into()),
                Place::Address(address) => address::instance(address).map_err(|flaw| (address, flaw)),
            };
            match instance {
                Ok(instance) => instances.push(Named::new(place.name.clone(), instance)),
                Err((address, flaw)) => self.wrong(flaw.kind, &place.name, address, flaw.advice),
            }
        }
        let mut tenants = Tenants::default();
        for tenant in &self.config.tenants {
            self.tenant(tenant, &mut tenants);
        }
        for authority in &self.config.addresses {
            match address::authority(&authority.value, Form::Entra) {
                Ok(Spot::Entra { instance, tenant }) => {
                    instances.push(Named::new(authority.name.clone(), instance));
                    self.tenant_of_authority(authority, tenant, &mut tenants);
                }
                Ok(_) => self.wrong(Invalid, &authority.name, &authority.value, "is no authority of Entra's"),
                Err(flaw) => self.wrong(flaw.kind, &authority.name, &authority.value, flaw.advice),
            }
        }
        let instance = self.one(&instances, Instance::to_string).map(|named| named.value.clone());
        let instance = instance.or(outer.cloned()).unwrap_or_default();
        tenants.instance = Some(instance.clone());
        self.check_together(&tenants);
        let nothing = tenants.ids.is_empty() && tenants.domains.is_empty();
        tenants.authority = match tenants.keywords.first() {
            Some(&"organizations") => Some(Authority::danger_any_organization()),
            Some(&"common") => Some(Authority::danger_any_account()),
            Some(_) => Some(Authority::danger_personal_accounts()),
            None if nothing => None,
            None => Some(Authority::tenants(tenants.ids.iter().copied(), tenants.domains.iter().cloned())),
        }
        .map(|authority| authority.in_instance(instance));
        tenants
    }

    fn tenant(&mut self, tenant: &Named<Tenant>, tenants: &mut Tenants) {
        let (text, may_be_keyword) = match &tenant.value {
            Tenant::Keyword(keyword) => return tenants.keywords.push(keyword),
            Tenant::Written(text) => (text, true),
            Tenant::Plain(text) => (text, false),
        };
        let name = &tenant.name;
        if let Ok(id) = text.parse::<TenantId>() {
            if id == TenantId::PERSONAL_ACCOUNTS {
                self.warn_of_personal_accounts(name, text);
            }
            tenants.ids.push(id);
        } else if let Some(keyword) = address::keyword(text) {
            let method = match keyword {
                "organizations" => "danger_any_organization()",
                "common" => "danger_any_account()",
                _ => "danger_personal_accounts()",
            };
            if !may_be_keyword {
                self.wrong(Unsafe, name, text, format!("is no tenant; if really meant, it is {method}"));
            } else if keyword != "organizations" {
                self.warn_of_personal_accounts(name, text);
            }
            tenants.keywords.push(keyword);
        } else if address::is_domain(text) {
            tenants.domains.push(text.to_ascii_lowercase());
        } else {
            let keyword = if may_be_keyword { ", or organizations" } else { "" };
            let advice = format!(
                "{GUID_FORM}, or a verified domain such as contoso.onmicrosoft.com{keyword} is needed; it is the \
                 Directory (tenant) ID of the app registration"
            );
            self.wrong(Invalid, name, text, advice);
        }
    }

    /// The tenant at the end of an authority must be the one that is configured, if any is.
    fn tenant_of_authority(&mut self, authority: &Named<String>, tenant: String, tenants: &mut Tenants) {
        let Some(configured) = self.config.tenants.first() else {
            let tenant = Named::new(authority.name.clone(), Tenant::Written(tenant));
            return self.tenant(&tenant, tenants);
        };
        let is_same = |other: &Named<Tenant>| match &other.value {
            Tenant::Written(text) | Tenant::Plain(text) => text.eq_ignore_ascii_case(&tenant),
            Tenant::Keyword(keyword) => keyword.eq_ignore_ascii_case(&tenant),
        };
        if !self.config.tenants.iter().all(is_same) {
            self.wrong(
                Conflict,
                &authority.name,
                &authority.value,
                format!("names another tenant than {}; leave one out", configured.name),
            );
        }
    }

    pub(super) fn warn_of_personal_accounts(&mut self, name: &Location, text: &str) {
        let warning = format!("{name} = {text:?} lets personal Microsoft accounts in: anybody can have one");
        self.warnings.push(Warning::new(name.as_str(), warning));
    }

    fn check_together(&mut self, tenants: &Tenants) {
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
                let (Tenant::Written(text) | Tenant::Plain(text)) = &tenant.value else {
                    let advice = "cannot stand beside other tenants: it stands for all of them";
                    return self.problems.push(tenant.name.problem(Conflict, None, advice));
                };
                self.wrong(
                    Conflict,
                    &tenant.name,
                    text,
                    "cannot stand beside other tenants: it stands for all of them",
                );
            }
        }
        let is_named =
            !self.config.has_own_authority() || !self.config.tenants.is_empty() || !self.config.addresses.is_empty();
        if !is_named && !self.config.is_spoilt(&[Key::TenantId, Key::TenantIds, Key::Authority]) {
            let advice =
                "is missing: whose tokens are accepted? Take the Directory (tenant) ID of the app registration";
            self.problems.push(self.config.missing(Key::TenantId, advice));
        }
        for id in &tenants.ids {
            let same = |client: &&Named<String>| client.value.parse() == Ok(*id);
            if let Some(client) = self.config.client_ids.iter().find(same) {
                let text =
                    format!("{} = {:?} is the tenant's id too: is it the application's?", client.name, client.value);
                self.warnings.push(Warning::new(client.name.as_str(), text));
            }
        }
    }
}

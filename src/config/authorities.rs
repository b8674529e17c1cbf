//! The rules of single authorities.

use std::{collections::HashSet, sync::Arc};

use super::{
    address::{self, AuthorityKind},
    identifier,
    key::Key,
    location::Named,
    openid_authority::check_issuer,
    placeholder,
    provenance::{AuthorityEntry, Provenance},
    rules::{Common, Rules},
    warning::Warning,
};
use crate::{
    authority::{
        Authority, AuthoritySpec, B2cSpec, DocumentSpec, EntraSpec, ExternalIdSpec, KeySource, ListedIssuers,
        OpenIdConnectSpec, ResolvedAuthority, Tenants, directory_claims,
    },
    error::ConfigProblemKind::{Conflict, Duplicate, Invalid, Missing},
    jwt::Algorithm,
    policy::{Audiences, Policy, Profile},
    tenant::{HttpsUrl, TenantId},
};

/// The source of an authority's keys, and the kind of tokens that they sign.
struct ResolvedSource {
    source: KeySource,
    profile: Profile,
    b2c_policy: Option<String>,
}

impl Rules<'_> {
    /// Validates an authority; empty only if there is a problem.
    pub(super) fn authority(&mut self, entry: &AuthorityEntry<'_>, common: &Common) -> Vec<ResolvedAuthority> {
        let (provenance, authority) = (&entry.provenance, &entry.authority);
        let Authority { spec, settings } = authority;
        let shown = authority.to_string();
        let algorithms: Arc<[Algorithm]> = match settings.algorithms.as_slice() {
            [] => Arc::from([Algorithm::RS256]),
            chosen => Arc::from(chosen),
        };
        let ids = match spec {
            AuthoritySpec::Entra(entra) => entra.tenants.ids().collect(),
            _ => Vec::new(),
        };
        let audiences = self.audiences_of(entry, common, &ids);
        let named = |client: &String| Named::new(provenance.at(&[Key::AllowedClients], client), client.clone());
        let clients: Vec<Named<String>> = settings.allowed_clients.iter().map(named).collect();
        let own_clients = self.allowed_clients(&clients, AuthorityKind::of(spec));
        for rule in &settings.required_claims {
            self.check_rule(&provenance.at(&[Key::RequiredClaims], rule.name()), rule);
        }
        let listed = self.listed(provenance, spec, &settings.issuers);
        let accepts_app_tokens = matches!(spec, AuthoritySpec::B2c(B2cSpec { accept_app_tokens: true, .. }));
        if accepts_app_tokens && own_clients.is_empty() && common.allowed_clients.is_empty() {
            self.missing_clients_of_app_tokens(provenance, &shown);
        }
        let sources = match spec {
            AuthoritySpec::Entra(entra) => self.entra(provenance, &shown, &EntraSpec { listed, ..entra.clone() }),
            AuthoritySpec::B2c(b2c) => self.b2c(provenance, &shown, b2c, &listed),
            AuthoritySpec::ExternalId(external) => self.external_id(provenance, external, listed),
            AuthoritySpec::OpenIdConnect(openid) => self.openid_connect(entry, openid, &algorithms, listed),
            AuthoritySpec::Workload(workload) => {
                self.check_workload(entry, workload, common);
                let sources = self.openid_connect(entry, &workload.openid, &algorithms, listed);
                sources.into_iter().map(|source| ResolvedSource { profile: Profile::Workload, ..source }).collect()
            }
        };
        let (inherits_clients, workload_rules) = match spec {
            AuthoritySpec::Workload(workload) => (false, workload.rules()),
            _ => (own_clients.is_empty(), Vec::new()),
        };
        let policy = |profile| Policy {
            profile,
            leeway: common.leeway,
            audiences: audiences.clone(),
            allowed_clients: if inherits_clients { common.allowed_clients.clone() } else { own_clients.clone() },
            required_claims: {
                let own = settings.required_claims.iter().chain(&workload_rules);
                common.required_claims.iter().chain(own).cloned().collect()
            },
            allow_without_role: common.allow_without_role,
            accept_bound: common.accept_bound,
            app_tokens_without_policy: accepts_app_tokens,
        };
        let ca_certificates = self.ca_certificates(provenance, &shown, authority);
        // All policies of B2C share the name.
        let name: Arc<str> = shown.as_str().into();
        let resolved = |source: ResolvedSource| ResolvedAuthority {
            name: Arc::clone(&name),
            directory: directory_claims(&source.source, &source.profile, settings.trust_directory_claims),
            source: source.source,
            algorithms: Arc::clone(&algorithms),
            policy: policy(source.profile),
            requirement: settings.requirement.clone(),
            b2c_policy: source.b2c_policy,
            is_required_for_readiness: !settings.is_not_required_for_readiness,
            ca_certificates: ca_certificates.clone(),
        };
        sources.into_iter().map(resolved).collect()
    }

    /// Tokens of applications without a policy are accepted, but no clients are listed.
    fn missing_clients_of_app_tokens(&mut self, provenance: &Provenance<'_>, shown: &str) {
        let clients = provenance.setting_name(Key::AllowedClients);
        let advice = format!("needs {clients}: list the allowed applications, since such tokens name no policy");
        let at = provenance.at(&[Key::AcceptAppTokens], "true");
        if at == provenance.name {
            self.wrong_authority(Missing, provenance, shown, advice);
        } else {
            self.wrong(Missing, &at, shown, advice);
        }
    }

    /// Its own audiences, or those that apply to all authorities.
    fn audiences_of(&mut self, entry: &AuthorityEntry<'_>, common: &Common, ids: &[TenantId]) -> Audiences {
        let AuthorityEntry { authority, provenance } = entry;
        let settings = &authority.settings;
        let kind = AuthorityKind::of(&authority.spec);
        let has_own = settings.names_an_audience();
        let is_strict = provenance.strict_audiences().unwrap_or(common.strict_audiences);
        let at = |keys: &[Key], text: &String| Named::new(provenance.at(keys, text), text.clone());
        let own = settings.audiences.iter().map(|audience| at(&[Key::Audience, Key::Audiences], audience));
        // A workload has only its own: the audiences of Entra's tokens do not apply to those of a platform.
        let is_own = has_own || kind == AuthorityKind::Workload;
        let mut listed: Vec<Named<String>> = if is_own { own.collect() } else { self.config.audiences.clone() };
        if kind == AuthorityKind::Workload {
            self.check_audiences(&listed);
            return Self::audiences(None, ids, &listed);
        }
        let client_id = match (&settings.client_id, has_own) {
            (Some(client_id), _) => {
                let client_id = at(&[Key::ClientId], client_id);
                let id = identifier::client_id(&client_id.value, kind, " as the client id");
                self.accepted(&client_id.name, &client_id.value, id)
            }
            (None, true) => None,
            (None, false) => common.client_id.clone(),
        };
        // The derived audiences follow Entra's names. The audience of another issuer may be its client id.
        let derived = client_id.as_deref().filter(|_| kind.has_guids());
        if let Some(client_id) = settings.client_id.as_ref().filter(|_| !kind.has_guids() && !is_strict) {
            listed.push(at(&[Key::ClientId], client_id));
        }
        if has_own {
            self.check_audiences(&listed);
        }
        let has_invalid =
            provenance.has_invalid(Key::Audience) || self.config.has_invalid(&[Key::Audience, Key::Audiences]);
        if listed.is_empty() && is_strict && client_id.is_some() && !has_invalid {
            let audience = provenance.setting_name(Key::Audience);
            let strict = provenance.setting_name(Key::StrictAudiences);
            let advice =
                format!("has no audience: {strict} leaves only those that are listed; list them as {audience}");
            self.wrong_authority(Missing, provenance, &authority.to_string(), advice);
        }
        // A client id of another issuer does not apply to Entra.
        let is_expected = !kind.has_guids() || !self.config.kind().has_guids();
        if listed.is_empty() && derived.is_none() && !has_own && is_expected && !provenance.has_invalid(Key::Audience) {
            let audience = provenance.setting_name(Key::Audience);
            let advice = format!("has no audience; write the aud claim of its tokens as {audience}");
            self.wrong_authority(Missing, provenance, &authority.to_string(), advice);
        }
        let mut audiences = Self::audiences(derived.filter(|_| !is_strict), ids, &listed);
        let has_valid_audience = self.config.has_valid_audience || provenance.has_valid_audience();
        audiences.left_out = derived.filter(|_| is_strict && !has_valid_audience).map(str::to_owned);
        audiences
    }

    fn entra(&mut self, provenance: &Provenance<'_>, shown: &str, entra: &EntraSpec) -> Vec<ResolvedSource> {
        let domains: &[String] = match &entra.tenants {
            Tenants::Domain(domain) => std::slice::from_ref(domain),
            Tenants::List { domains, .. } => domains,
            _ => &[],
        };
        let name = &provenance.name;
        // Keywords and methods are explicit. The id alone may be mistaken for that of an organization.
        let is_by_id = matches!(entra.tenants, Tenants::One(_) | Tenants::List { .. });
        if is_by_id && entra.accepts_personal_accounts() && provenance.is_whole() {
            self.warn_of_personal_accounts(name, &TenantId::PERSONAL_ACCOUNTS.to_string());
        }
        for domain in domains {
            self.accepted(name, domain, identifier::check_domain(domain));
        }
        if matches!(&entra.tenants, Tenants::List { ids, domains } if ids.is_empty() && domains.is_empty()) {
            self.wrong_authority(
                Missing,
                provenance,
                shown,
                "has no tenant; name the tenants whose tokens are accepted",
            );
        }
        if let Some(app_id) = &entra.app_id {
            let id = identifier::client_id(app_id, AuthorityKind::Entra, ": the client id that has those keys");
            self.accepted(name, app_id, id);
        }
        if let Some(host) = address::foreign_host(&entra.instance) {
            let text = format!("{host} is not a Microsoft cloud: its operator decides which tokens are accepted");
            self.warnings.push(Warning::new(provenance.at(&[Key::Instance, Key::Authority], "").as_str(), text));
        }
        vec![ResolvedSource { source: KeySource::Entra(entra.clone()), profile: Profile::Workforce, b2c_policy: None }]
    }

    fn b2c(
        &mut self,
        provenance: &Provenance<'_>,
        shown: &str,
        b2c: &B2cSpec,
        listed: &ListedIssuers,
    ) -> Vec<ResolvedSource> {
        let Some(base) = self.base(provenance, &b2c.address, &b2c.tenant, "https://contoso.b2clogin.com") else {
            return Vec::new();
        };
        let mut seen = HashSet::new();
        let mut sources = Vec::new();
        for policy in &b2c.policies {
            const LONGEST: usize = 128;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            let is_name = (1..=LONGEST).contains(&policy.len())
                && policy.bytes().all(is_plain)
                && !policy.bytes().all(|byte| byte == b'.');
            let name = &provenance.at(&[Key::Policy, Key::Policies, Key::Authority], policy);
            if let Err(flaw) = placeholder::check(policy) {
                self.wrong(flaw.kind, name, policy, flaw.advice);
            } else if !is_name {
                self.wrong(Invalid, name, policy, "the name of a user flow or policy such as B2C_1_susi is needed");
            } else if !seen.insert(policy.to_ascii_lowercase()) {
                self.wrong(Duplicate, name, policy, "is named twice; leave one out");
            }
            sources.push(ResolvedSource {
                source: KeySource::Document(DocumentSpec::B2c {
                    base: base.clone(),
                    tenant: b2c.tenant.clone(),
                    policy: policy.clone(),
                    accept_tfp: b2c.accept_tfp,
                    listed: Arc::clone(listed),
                }),
                profile: Profile::B2c,
                b2c_policy: Some(policy.to_ascii_lowercase()),
            });
        }
        if sources.is_empty() {
            let setting = provenance.setting_name(Key::Policy);
            let advice = format!("has no policy; write the name of the user flow that issues the tokens as {setting}");
            self.wrong_authority(Missing, provenance, shown, advice);
        }
        sources
    }

    fn external_id(
        &mut self,
        provenance: &Provenance<'_>,
        external: &ExternalIdSpec,
        listed: ListedIssuers,
    ) -> Vec<ResolvedSource> {
        let Some(base) = self.base(provenance, &external.address, &external.tenant, "https://contoso.ciamlogin.com")
        else {
            return Vec::new();
        };
        let (tenant, version) = (external.tenant.clone(), external.version);
        let source = KeySource::Document(DocumentSpec::ExternalId { base, tenant, version, listed });
        vec![ResolvedSource { source, profile: Profile::ExternalId, b2c_policy: None }]
    }

    /// Validates the origin and the tenant of B2C or External ID.
    fn base(&mut self, provenance: &Provenance<'_>, text: &str, tenant: &str, example: &str) -> Option<String> {
        let at = provenance.at(&[Key::TenantId, Key::Domain, Key::Authority], tenant);
        self.accepted(&at, tenant, identifier::check_customer_tenant(tenant));
        let name = &provenance.at(&[Key::Authority, Key::Instance], text);
        match HttpsUrl::parse(text) {
            Err(error) => self.wrong(Invalid, name, text, format!("{error}; an address such as {example} is needed")),
            Ok(address) if address.path != "/" => {
                self.wrong(Invalid, name, text, format!("the host alone is needed, such as {example}"));
            }
            Ok(address) if address::is_microsofts(&address.host) => {
                let advice = format!(
                    "is the sign-in host of a cloud, which does not issue these tokens; write {example}, with the name of \
                     your tenant"
                );
                self.wrong(Invalid, name, text, advice);
            }
            Ok(address) => return Some(address.origin),
        }
        None
    }

    fn openid_connect(
        &mut self,
        entry: &AuthorityEntry<'_>,
        openid: &OpenIdConnectSpec,
        algorithms: &[Algorithm],
        listed: ListedIssuers,
    ) -> Vec<ResolvedSource> {
        let provenance = &entry.provenance;
        let problems = self.problems.len();
        let name = &provenance.at(&[Key::Authority], &openid.issuer);
        self.accepted(name, &openid.issuer, check_issuer(&openid.issuer, openid.needs_metadata()));
        let mapping = self.claim_mapping(provenance, openid);
        if let Some(method) = openid.second_source {
            let advice = format!(
                "{method}: the keys have another source already; keep one of metadata(), jwks_uri(), static_keys() and pem_key()"
            );
            self.wrong(Conflict, name, &openid.issuer, advice);
        }
        let spec = self.openid_document(entry, openid, algorithms, listed);
        match spec {
            Some(spec) if self.problems.len() == problems => {
                let profile = Profile::OpenIdConnect(Box::new(mapping));
                vec![ResolvedSource { source: KeySource::Document(spec), profile, b2c_policy: None }]
            }
            _ => Vec::new(),
        }
    }
}

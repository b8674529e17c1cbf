//! The rules of authorities: each of them, and all of them together.

use std::{collections::HashSet, sync::Arc};

use super::{
    address::{self, Form},
    flaw::Flaw,
    key::Key,
    location::Named,
    owned,
    provenance::{AuthorityEntry, Provenance},
    rules::{Common, GUID_FORM, Rules, guid},
    warning::Warning,
};
use crate::{
    authority::{
        Authority, B2c, DocumentSpec, Entra, ExternalId, Keys, Kind, Listed, MappedClaim, OpenIdConnect, Source,
        Tenants, Trusted, directory_claims,
    },
    error::ConfigProblemKind::{Duplicate, Invalid, Missing, NotApplicable, Unsafe},
    jwk::KeySet,
    jwt::Algorithm,
    policy::{Audiences, Policy, Profile},
    tenant::{TenantId, check_address},
};

/// Where the keys are, and what kind of tokens they sign.
struct Place {
    source: Source,
    profile: Profile,
    b2c_policy: Option<String>,
}

impl Rules<'_> {
    /// Validates an authority; empty only if there is a problem.
    pub(super) fn trusted(&mut self, entry: &AuthorityEntry<'_>, common: &Common) -> Vec<Trusted> {
        let (provenance, authority) = (&entry.provenance, &entry.authority);
        let Authority { kind, settings } = authority;
        let shown = authority.to_string();
        for misfit in &settings.misfits {
            self.wrong_authority(
                NotApplicable,
                provenance,
                &shown,
                format!("{misfit} means nothing for this kind of authority, or was said before"),
            );
        }
        let algorithms: Arc<[Algorithm]> = match settings.algorithms.as_slice() {
            [] => Arc::from([Algorithm::RS256]),
            chosen => Arc::from(chosen),
        };
        let ids = match kind {
            Kind::Entra(entra) => entra.tenants.ids().collect(),
            _ => Vec::new(),
        };
        let audiences = self.audiences_of(entry, common, &ids);
        let own_clients = self.clients(provenance, &settings.allowed_clients, kind);
        for rule in &settings.required_claims {
            self.check_rule(&provenance.at(&[Key::RequiredClaims], rule.name()), rule);
        }
        let listed = self.listed(provenance, kind, &settings.issuers);
        let accepts_app_tokens = matches!(kind, Kind::B2c(B2c { accept_app_tokens: true, .. }));
        if accepts_app_tokens && own_clients.is_empty() && common.allowed_clients.is_empty() {
            let clients = provenance.says(Key::AllowedClients);
            let advice = format!("needs {clients}: list the allowed applications, since such tokens name no policy");
            let at = provenance.at(&[Key::AcceptAppTokens], "true");
            if at == provenance.name {
                self.wrong_authority(Missing, provenance, &shown, advice);
            } else {
                self.wrong(Missing, &at, &shown, advice);
            }
        }
        let places = match kind {
            Kind::Entra(entra) => self.entra(provenance, &shown, &Entra { listed, ..entra.clone() }),
            Kind::B2c(b2c) => self.b2c(provenance, &shown, b2c, &listed),
            Kind::ExternalId(external) => self.external_id(provenance, &shown, external, listed),
            Kind::OpenIdConnect(openid) => self.openid_connect(provenance, &shown, openid, &algorithms, listed),
            Kind::Workload(workload) => {
                self.check_workload(entry, workload, common);
                let places = self.openid_connect(provenance, &shown, &workload.openid, &algorithms, listed);
                places.into_iter().map(|place| Place { profile: Profile::Workload, ..place }).collect()
            }
        };
        let (inherits_clients, workload_rules) = match kind {
            Kind::Workload(workload) => (false, workload.rules()),
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
        // Shared by all policies of B2C, which are all in it.
        let name: Arc<str> = shown.as_str().into();
        let trusted = |place: Place| Trusted {
            name: Arc::clone(&name),
            directory: directory_claims(&place.source, &place.profile, settings.trust_directory_claims),
            source: place.source,
            algorithms: Arc::clone(&algorithms),
            policy: policy(place.profile),
            requirement: settings.requirement.clone(),
            gate: match kind {
                Kind::Entra(entra) => entra.gate.clone(),
                _ => None,
            },
            b2c_policy: place.b2c_policy,
            is_required_for_readiness: !settings.is_not_required_for_readiness,
            ca_certificates: ca_certificates.clone(),
        };
        places.into_iter().map(trusted).collect()
    }

    /// Those of its own, or those of all.
    fn audiences_of(&mut self, entry: &AuthorityEntry<'_>, common: &Common, ids: &[TenantId]) -> Audiences {
        let AuthorityEntry { authority, provenance } = entry;
        let settings = &authority.settings;
        let is_entra = authority.kind.openid().is_none();
        let named = |keys: &[Key], audience: &String| Named::new(provenance.at(keys, audience), audience.clone());
        let of_audience = |audience| named(&[Key::Audience, Key::Audiences], audience);
        let mut own: Vec<Named<String>> = settings.audiences.iter().map(of_audience).collect();
        if matches!(authority.kind, Kind::Workload(_)) {
            self.check_audiences(&own);
            return Self::audiences(None, ids, &own);
        }
        if !settings.names_an_audience() {
            let audiences = self.config.audiences.clone();
            // What follows from the client id are names that Entra gives: of another issuer they would be a guess.
            let client_id = common.client_id.as_deref().filter(|_| is_entra);
            // Nor does a client id of another issuer's say anything at Entra.
            let is_missing = !is_entra || self.config.form() == Form::OpenIdConnect;
            if client_id.is_none() && audiences.is_empty() && is_missing && !provenance.is_spoilt(Key::Audience) {
                let says = provenance.says(Key::Audience);
                let advice = format!("has no audience: what do its tokens have in aud? Name it by {says}");
                self.wrong_authority(Missing, provenance, &authority.to_string(), advice);
            }
            return Self::audiences(client_id, ids, &audiences);
        }
        let client_id = settings.client_id.as_ref().and_then(|client_id| match guid(client_id) {
            None if is_entra => {
                let name = provenance.at(&[Key::ClientId], client_id);
                self.wrong(Invalid, &name, client_id, format!("{GUID_FORM} is needed as the client id"));
                None
            }
            None => Some(client_id.clone()),
            id => id,
        });
        if let Some(client_id) = client_id.as_ref().filter(|_| !is_entra) {
            own.push(named(&[Key::ClientId], client_id));
        }
        self.check_audiences(&own);
        Self::audiences(client_id.as_deref().filter(|_| is_entra), ids, &own)
    }

    /// Clients in the form in which they are compared; elsewhere than at Entra they need not be GUIDs.
    fn clients(&mut self, provenance: &Provenance<'_>, all: &[String], kind: &Kind) -> HashSet<String> {
        let mut clients = HashSet::new();
        for client in all {
            match guid(client) {
                Some(id) => drop(clients.insert(id)),
                None if kind.openid().is_some() && !client.trim().is_empty() => {
                    clients.insert(client.clone());
                }
                None => {
                    let name = provenance.at(&[Key::AllowedClients], client);
                    self.wrong(Invalid, &name, client, format!("{GUID_FORM} is needed: an application's client id"));
                }
            }
        }
        clients
    }

    fn entra(&mut self, provenance: &Provenance<'_>, shown: &str, entra: &Entra) -> Vec<Place> {
        let domains: &[String] = match &entra.tenants {
            Tenants::Domain(domain) => std::slice::from_ref(domain),
            Tenants::List { domains, .. } => domains,
            _ => &[],
        };
        let name = &provenance.name;
        // A keyword or a method says so; the id alone may have been taken for that of an organisation.
        let is_by_id = matches!(entra.tenants, Tenants::One(_) | Tenants::List { .. });
        if is_by_id && entra.lets_personal_accounts_in() && provenance.is_whole() {
            self.warn_of_personal_accounts(name, &TenantId::PERSONAL_ACCOUNTS.to_string());
        }
        for domain in domains.iter().filter(|domain| !address::is_domain(domain)) {
            let advice = format!("{GUID_FORM}, or a verified domain such as contoso.onmicrosoft.com is needed");
            self.wrong(Invalid, name, domain, advice);
        }
        if matches!(&entra.tenants, Tenants::List { ids, domains } if ids.is_empty() && domains.is_empty()) {
            self.wrong_authority(Missing, provenance, shown, "has no tenant: whose tokens are accepted?");
        }
        if let Some(app_id) = &entra.app_id
            && guid(app_id).is_none()
        {
            self.wrong(
                Invalid,
                name,
                app_id,
                format!("{GUID_FORM} is needed: the client id by which those keys are asked for"),
            );
        }
        if let Some(host) = address::foreign_host(&entra.instance) {
            let text = format!("{host} is none of Microsoft's clouds: whoever runs it decides which tokens are good");
            self.warnings.push(Warning::new(provenance.at(&[Key::Instance, Key::Authority], "").as_str(), text));
        }
        vec![Place { source: Source::Entra(entra.clone()), profile: Profile::Workforce, b2c_policy: None }]
    }

    fn b2c(&mut self, provenance: &Provenance<'_>, shown: &str, b2c: &B2c, listed: &Listed) -> Vec<Place> {
        let Some(base) = self.base(provenance, &b2c.address, &b2c.tenant, "https://contoso.b2clogin.com") else {
            return Vec::new();
        };
        let mut seen = HashSet::new();
        let mut places = Vec::new();
        for policy in &b2c.policies {
            const LONGEST: usize = 128;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            let is_name = (1..=LONGEST).contains(&policy.len())
                && policy.bytes().all(is_plain)
                && !policy.bytes().all(|byte| byte == b'.');
            let name = &provenance.at(&[Key::Policy, Key::Policies, Key::Authority], policy);
            if !is_name {
                self.wrong(Invalid, name, policy, "the name of a user flow or policy such as B2C_1_susi is needed");
            } else if !seen.insert(policy.to_ascii_lowercase()) {
                self.wrong(Duplicate, name, policy, "is named twice; leave one out");
            }
            places.push(Place {
                source: Source::One(DocumentSpec::B2c {
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
        if places.is_empty() {
            let says = provenance.says(Key::Policy);
            let advice = format!("has no policy: which user flow issues the tokens? Name it by {says}");
            self.wrong_authority(Missing, provenance, shown, advice);
        }
        places
    }

    fn external_id(
        &mut self,
        provenance: &Provenance<'_>,
        _shown: &str,
        external: &ExternalId,
        listed: Listed,
    ) -> Vec<Place> {
        let Some(base) = self.base(provenance, &external.address, &external.tenant, "https://contoso.ciamlogin.com")
        else {
            return Vec::new();
        };
        let (tenant, version) = (external.tenant.clone(), external.version);
        let source = Source::One(DocumentSpec::ExternalId { base, tenant, version, listed });
        vec![Place { source, profile: Profile::ExternalId, b2c_policy: None }]
    }

    /// The provenance of an authority of B2C or External ID.
    fn base(&mut self, provenance: &Provenance<'_>, text: &str, tenant: &str, example: &str) -> Option<String> {
        if tenant.parse::<TenantId>().is_err() && !address::is_domain(tenant) {
            let advice = "the tenant's GUID, or its domain such as contoso.onmicrosoft.com is needed";
            self.wrong(Invalid, &provenance.at(&[Key::TenantId, Key::Domain, Key::Authority], tenant), tenant, advice);
        }
        let name = &provenance.at(&[Key::Authority, Key::Instance], text);
        match check_address(text) {
            Err(error) => self.wrong(Invalid, name, text, format!("{error}; an address such as {example} is needed")),
            Ok(address) if address.path != "/" => {
                self.wrong(Invalid, name, text, format!("the host alone is needed, such as {example}"));
            }
            Ok(address) if address::is_microsofts(&address.host) => {
                let advice =
                    format!("is a host of Entra's own, which does not issue these tokens; {example} is the form");
                self.wrong(Invalid, name, text, advice);
            }
            Ok(address) => return Some(address.origin),
        }
        None
    }

    fn openid_connect(
        &mut self,
        provenance: &Provenance<'_>,
        shown: &str,
        openid: &OpenIdConnect,
        algorithms: &[Algorithm],
        listed: Listed,
    ) -> Vec<Place> {
        let problems = self.problems.len();
        let name = &provenance.at(&[Key::Authority], &openid.issuer);
        // Where keys need no metadata, nothing is fetched from the issuer.
        let is_fetched = openid.needs_metadata();
        match check_address(&openid.issuer) {
            Err(error) => match owned::compared_only(&openid.issuer) {
                Some(Ok(())) if !is_fetched => {}
                Some(Err(flaw)) if !is_fetched => self.wrong(flaw.kind, name, &openid.issuer, flaw.advice),
                Some(Ok(())) => {
                    let advice = format!(
                        "{error}; if tokens have it in iss and the metadata is elsewhere, configure the https issuer of the \
                         metadata, and list this one under Issuers, by issuers() in code"
                    );
                    self.wrong(Invalid, name, &openid.issuer, advice);
                }
                Some(Err(_)) | None => self.wrong(Invalid, name, &openid.issuer, error.to_string()),
            },
            Ok(address) if address.path.contains('?') => {
                let advice = "an issuer has no query (?) and no fragment (#); take it as its tokens have it in iss";
                self.wrong(Invalid, name, &openid.issuer, advice);
            }
            Ok(address) if address.path.ends_with("/.well-known/openid-configuration") => {
                let advice = "is the address of the metadata; the issuer is what its tokens have in iss, mostly what \
                              stands before /.well-known";
                self.wrong(Invalid, name, &openid.issuer, advice);
            }
            Ok(address) => {
                if let Some(advice) = address::better_kind(&address.host) {
                    self.wrong(Unsafe, name, &openid.issuer, advice);
                }
            }
        }
        let mapping = openid.names.read().unwrap_or_else(|(claim, path)| {
            let key = match claim {
                MappedClaim::Scopes => Key::ScopeClaim,
                MappedClaim::Roles => Key::RoleClaim,
                MappedClaim::Groups => Key::GroupClaim,
                MappedClaim::Subject => Key::SubjectClaim,
                MappedClaim::Client => Key::ClientClaim,
                MappedClaim::Audience => Key::AudienceClaim,
            };
            let says = provenance.says(key);
            self.wrong(
                Invalid,
                &provenance.at(&[key], &path),
                &path,
                format!("{says}: the name of a claim, or a JSON Pointer such as /a/b, is needed"),
            );
            crate::policy::Mapping::default()
        });
        let issuer: Arc<str> = openid.issuer.as_str().into();
        let mut checked = |url: &String| {
            if let Err(error) = check_address(url) {
                self.wrong(Invalid, &provenance.at(&[Key::MetadataAddress, Key::JwksUri], url), url, error.to_string());
            }
            Some(url.clone())
        };
        let spec = match &openid.keys {
            Keys::Discovered => Some(DocumentSpec::OpenIdConnect { issuer, metadata: None, jwks_uri: None, listed }),
            Keys::Metadata(url) => {
                Some(DocumentSpec::OpenIdConnect { issuer, metadata: checked(url), jwks_uri: None, listed })
            }
            Keys::JwksUri(url) => {
                Some(DocumentSpec::OpenIdConnect { issuer, metadata: None, jwks_uri: checked(url), listed })
            }
            Keys::Static(jwks) => {
                let keys = KeySet::parse_static(jwks.as_bytes())
                    .map_err(|fault| Flaw::invalid(format!("{}{fault}", provenance.prefix("static_keys(): "))));
                self.static_keys(provenance, shown, keys, algorithms).map(|keys| DocumentSpec::Static {
                    issuer,
                    keys,
                    listed,
                })
            }
            Keys::Pem(all) => {
                let keys = KeySet::from_pem(all).map_err(|(at, fault)| {
                    Flaw::invalid(format!("{}number {}: {fault}", provenance.prefix("pem_key(), "), at + 1))
                });
                self.static_keys(provenance, shown, keys, algorithms).map(|keys| DocumentSpec::Static {
                    issuer,
                    keys,
                    listed,
                })
            }
        };
        match spec {
            Some(spec) if self.problems.len() == problems => {
                let profile = Profile::OpenIdConnect(Box::new(mapping));
                vec![Place { source: Source::One(spec), profile, b2c_policy: None }]
            }
            _ => Vec::new(),
        }
    }
}

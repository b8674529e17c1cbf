//! The rules of authorities: each of them, and all of them together.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{
    Named, address,
    plan::{GUID_FORM, Rules, guid},
};
use crate::{
    authority::{Authority, B2c, DocumentSpec, Entra, ExternalId, Keys, Kind, OpenIdConnect, Source, Tenants, Trusted},
    jwk::KeySet,
    jwt::Algorithm,
    policy::{Audiences, ClaimRule, Policy, Profile},
    tenant::{TenantId, check_address},
};

/// What holds for every authority that has nothing else of its own.
pub(super) struct Common {
    pub(super) client_id: Option<String>,
    pub(super) allowed_clients: HashSet<String>,
    pub(super) required_claims: Vec<ClaimRule>,
    pub(super) leeway: Duration,
    pub(super) allow_without_role: bool,
    pub(super) accept_bound: bool,
}

/// Where the keys are, and what kind of tokens they sign.
struct Place {
    source: Source,
    profile: Profile,
    b2c_policy: Option<String>,
}

impl Rules<'_> {
    /// An authority held to the rules; empty only beside a problem.
    pub(super) fn trusted(&mut self, authority: &Named<Authority>, common: &Common) -> Vec<Trusted> {
        let (name, Authority { kind, settings }) = (&authority.name, &authority.value);
        let shown = authority.value.to_string();
        for misfit in &settings.misfits {
            self.wrong(name, &shown, format!("{misfit} means nothing for this kind of authority, or was said before"));
        }
        let algorithms: Arc<[Algorithm]> = match settings.algorithms.as_slice() {
            [] => Arc::from([Algorithm::RS256]),
            chosen => Arc::from(chosen),
        };
        let ids = match kind {
            Kind::Entra(entra) => entra.tenants.ids().collect(),
            _ => Vec::new(),
        };
        let audiences = self.audiences_of(authority, common, &ids);
        let own_clients = self.clients(name, &settings.allowed_clients, kind);
        for rule in &settings.required_claims {
            self.check_rule(name, rule);
        }
        let places = match kind {
            Kind::Entra(entra) => self.entra(name, &shown, entra),
            Kind::B2c(b2c) => self.b2c(name, &shown, b2c),
            Kind::ExternalId(external) => self.external_id(name, &shown, external),
            Kind::OpenIdConnect(openid) => self.openid_connect(name, &shown, openid, &algorithms),
        };
        let policy = |profile| Policy {
            profile,
            leeway: common.leeway,
            audiences: audiences.clone(),
            allowed_clients: if own_clients.is_empty() { common.allowed_clients.clone() } else { own_clients.clone() },
            required_claims: common.required_claims.iter().chain(&settings.required_claims).cloned().collect(),
            allow_without_role: common.allow_without_role,
            accept_bound: common.accept_bound,
        };
        let trusted = |place: Place| Trusted {
            name: shown.as_str().into(),
            source: place.source,
            algorithms: Arc::clone(&algorithms),
            policy: policy(place.profile),
            requirement: settings.requirement.clone(),
            gate: match kind {
                Kind::Entra(entra) => entra.gate.clone(),
                _ => None,
            },
            b2c_policy: place.b2c_policy,
        };
        places.into_iter().map(trusted).collect()
    }

    /// Those of its own, or those of all.
    fn audiences_of(&mut self, authority: &Named<Authority>, common: &Common, ids: &[TenantId]) -> Audiences {
        let settings = &authority.value.settings;
        let is_entra = !matches!(authority.value.kind, Kind::OpenIdConnect(_));
        let named = |audience: &String| Named::new(&authority.name, audience.clone());
        let own: Vec<Named<String>> = settings.audiences.iter().map(named).collect();
        let has_own = !own.is_empty() || settings.client_id.is_some();
        if !has_own {
            let audiences = self.config.audiences.clone();
            // What follows from the client id are names that Entra gives: of another issuer they would be a guess.
            let client_id = common.client_id.as_deref().filter(|_| is_entra);
            if client_id.is_none() && audiences.is_empty() && !is_entra {
                let advice = "has no audience: what do its tokens have in aud? Name it by audience()";
                self.wrong(&authority.name, &authority.value.to_string(), advice);
            }
            return Self::audiences(client_id, ids, &audiences);
        }
        let client_id = settings.client_id.as_ref().and_then(|client_id| match guid(client_id) {
            None if is_entra => {
                self.wrong(&authority.name, client_id, format!("{GUID_FORM} is needed as the client id"));
                None
            }
            None => Some(client_id.clone()),
            id => id,
        });
        let mut all = own;
        if let Some(client_id) = client_id.as_ref().filter(|_| !is_entra) {
            all.push(named(client_id));
        }
        self.check_audiences(&all);
        Self::audiences(client_id.as_deref().filter(|_| is_entra), ids, &all)
    }

    /// Clients in the form in which they are compared; elsewhere than at Entra they need not be GUIDs.
    fn clients(&mut self, name: &str, all: &[String], kind: &Kind) -> HashSet<String> {
        let mut clients = HashSet::new();
        for client in all {
            match guid(client) {
                Some(id) => drop(clients.insert(id)),
                None if matches!(kind, Kind::OpenIdConnect(_)) && !client.trim().is_empty() => {
                    clients.insert(client.clone());
                }
                None => self.wrong(name, client, format!("{GUID_FORM} is needed: an application's client id")),
            }
        }
        clients
    }

    fn entra(&mut self, name: &str, shown: &str, entra: &Entra) -> Vec<Place> {
        let domains: &[String] = match &entra.tenants {
            Tenants::Domain(domain) => std::slice::from_ref(domain),
            Tenants::List { domains, .. } => domains,
            _ => &[],
        };
        for domain in domains.iter().filter(|domain| !address::is_domain(domain)) {
            let advice = format!("{GUID_FORM}, or a verified domain such as contoso.onmicrosoft.com is needed");
            self.wrong(name, domain, advice);
        }
        if matches!(&entra.tenants, Tenants::List { ids, domains } if ids.is_empty() && domains.is_empty()) {
            self.wrong(name, shown, "has no tenant: whose tokens are accepted?");
        }
        if let Some(app_id) = &entra.app_id
            && guid(app_id).is_none()
        {
            self.wrong(name, app_id, format!("{GUID_FORM} is needed: the client id by which those keys are asked for"));
        }
        if let Some(host) = address::foreign_host(&entra.instance) {
            self.warnings
                .push(format!("{host} is none of Microsoft's clouds: whoever runs it decides which tokens are good"));
        }
        vec![Place { source: Source::Entra(entra.clone()), profile: Profile::Workforce, b2c_policy: None }]
    }

    fn b2c(&mut self, name: &str, shown: &str, b2c: &B2c) -> Vec<Place> {
        let Some(base) = self.base(name, &b2c.address, &b2c.tenant, "https://contoso.b2clogin.com") else {
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
            if !is_name {
                self.wrong(name, policy, "the name of a user flow or policy such as B2C_1_susi is needed");
            } else if !seen.insert(policy.to_ascii_lowercase()) {
                self.wrong(name, policy, "is named twice; leave one out");
            }
            places.push(Place {
                source: Source::One(DocumentSpec::B2c {
                    base: base.clone(),
                    tenant: b2c.tenant.clone(),
                    policy: policy.clone(),
                    accept_tfp: b2c.accept_tfp,
                }),
                profile: Profile::B2c,
                b2c_policy: Some(policy.to_ascii_lowercase()),
            });
        }
        if places.is_empty() {
            self.wrong(name, shown, "has no policy: which user flow issues the tokens?");
        }
        places
    }

    fn external_id(&mut self, name: &str, _shown: &str, external: &ExternalId) -> Vec<Place> {
        let Some(base) = self.base(name, &external.address, &external.tenant, "https://contoso.ciamlogin.com") else {
            return Vec::new();
        };
        let (tenant, version) = (external.tenant.clone(), external.version);
        let source = Source::One(DocumentSpec::ExternalId { base, tenant, version });
        vec![Place { source, profile: Profile::ExternalId, b2c_policy: None }]
    }

    /// The origin of an authority of B2C or External ID.
    fn base(&mut self, name: &str, text: &str, tenant: &str, example: &str) -> Option<String> {
        if tenant.parse::<TenantId>().is_err() && !address::is_domain(tenant) {
            let advice = "the tenant's GUID, or its domain such as contoso.onmicrosoft.com is needed";
            self.wrong(name, tenant, advice);
        }
        match check_address(text) {
            Err(error) => self.wrong(name, text, format!("{error}; an address such as {example} is needed")),
            Ok(address) if address.path != "/" => {
                self.wrong(name, text, format!("the host alone is needed, such as {example}"));
            }
            Ok(address) if address::is_microsofts(&address.host) => {
                let advice =
                    format!("is a host of Entra's own, which does not issue these tokens; {example} is the form");
                self.wrong(name, text, advice);
            }
            Ok(address) => return Some(address.origin),
        }
        None
    }

    fn openid_connect(
        &mut self,
        name: &str,
        shown: &str,
        openid: &OpenIdConnect,
        algorithms: &[Algorithm],
    ) -> Vec<Place> {
        let problems = self.problems.len();
        match check_address(&openid.issuer) {
            Err(error) => self.wrong(name, &openid.issuer, error.to_string()),
            Ok(address) if address.path.contains('?') => {
                self.wrong(name, &openid.issuer, "an issuer has no query (?) and no fragment (#)");
            }
            Ok(address) => {
                if let Some(advice) = address::better_kind(&address.host) {
                    self.wrong(name, &openid.issuer, advice);
                }
            }
        }
        let mapping = openid.names.read().unwrap_or_else(|(method, path)| {
            self.wrong(
                name,
                &path,
                format!("{method}: the name of a claim, or a JSON Pointer such as /a/b, is needed"),
            );
            crate::policy::Mapping::default()
        });
        let issuer: Arc<str> = openid.issuer.as_str().into();
        let mut checked = |url: &String| {
            if let Err(error) = check_address(url) {
                self.wrong(name, url, error.to_string());
            }
            Some(url.clone())
        };
        let spec = match &openid.keys {
            Keys::Discovered => Some(DocumentSpec::OpenIdConnect { issuer, metadata: None, jwks_uri: None }),
            Keys::Metadata(url) => Some(DocumentSpec::OpenIdConnect { issuer, metadata: checked(url), jwks_uri: None }),
            Keys::JwksUri(url) => Some(DocumentSpec::OpenIdConnect { issuer, metadata: None, jwks_uri: checked(url) }),
            Keys::Static(jwks) => {
                let keys = KeySet::parse_static(jwks.as_bytes()).map_err(|fault| format!("static_keys(): {fault}"));
                self.static_keys(name, shown, keys, algorithms).map(|keys| DocumentSpec::Static { issuer, keys })
            }
            Keys::Pem(all) => {
                let keys =
                    KeySet::from_pem(all).map_err(|(at, fault)| format!("pem_key(), number {}: {fault}", at + 1));
                self.static_keys(name, shown, keys, algorithms).map(|keys| DocumentSpec::Static { issuer, keys })
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

    /// Keys that are at hand: one must be usable for the algorithms.
    fn static_keys(
        &mut self,
        name: &str,
        shown: &str,
        keys: Result<KeySet, String>,
        algorithms: &[Algorithm],
    ) -> Option<Arc<KeySet>> {
        let keys = match keys {
            Ok(keys) => keys,
            Err(fault) => {
                self.wrong(name, shown, fault);
                return None;
            }
        };
        for skipped in &keys.skipped {
            self.warnings.push(format!("{shown}: {skipped}, and is passed over"));
        }
        if !keys.keys.iter().any(|key| key.material.prepare(algorithms).is_some()) {
            let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
            let advice = format!("none of its keys can be used for {}; see algorithms()", names.join(", "));
            self.wrong(name, shown, advice);
            return None;
        }
        Some(Arc::new(keys))
    }
}

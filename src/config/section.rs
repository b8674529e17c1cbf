//! The rules of a section: from its settings to an [`Authority`] of the right kind.

use super::{
    address::{self, Form, Spot},
    authority_section::{AuthoritySection, StaticKeys},
    flaw::Flaw,
    key::Key,
    location::{Location, Named},
    provenance::AuthorityEntry,
    rules::{GUID_FORM, Rules, guid},
    settings::ConfigSettings,
};
use crate::{
    authority::{Authority, B2c, ExternalId, Kind},
    error::ConfigProblemKind::{Conflict, Invalid, NotApplicable},
    tenant::{Instance, TenantId},
};

impl<'a> Rules<'a> {
    /// The authority that these settings describe, but for one of Entra's; `None` only beside a problem.
    pub(super) fn described(&mut self, form: Form) -> Option<Authority> {
        self.check_fit(form);
        match form {
            Form::Entra => None,
            Form::B2c => self.described_b2c(),
            Form::ExternalId => self.described_external_id(),
            Form::OpenIdConnect => self.described_openid_connect(),
        }
    }

    /// The authority of a section within the list of authorities.
    pub(super) fn section(
        &mut self,
        section: &'a Named<ConfigSettings>,
        outer: Option<&Instance>,
    ) -> Option<AuthorityEntry<'a>> {
        let config = &section.value;
        let mut inner = Rules::new(config);
        let form = config.form();
        let other = inner.described(form);
        let authority = if form == Form::Entra { inner.tenants(outer).authority } else { other };
        if authority.is_none() {
            inner.check_own(form);
        }
        self.problems.append(inner.problems);
        self.warnings.append(&mut inner.warnings);
        let authority = with_own(authority.map(|authority| with_site(authority, config))?, config);
        Some(AuthorityEntry::of_section(authority, section.name.clone(), config))
    }

    /// What a section has alone, where there is no authority that it could be held against.
    fn check_own(&mut self, form: Form) {
        let config = self.config;
        self.check_audiences(&config.audiences);
        let is_wrong = |text: &&Named<String>| form != Form::OpenIdConnect && guid(&text.value).is_none();
        for client_id in config.client_ids.iter().filter(is_wrong) {
            self.wrong(Invalid, &client_id.name, &client_id.value, format!("{GUID_FORM} is needed as the client id"));
        }
        for client in config.allowed_clients.iter().filter(is_wrong) {
            let advice = format!("{GUID_FORM} is needed: an application's client id");
            self.wrong(Invalid, &client.name, &client.value, advice);
        }
        for rule in &config.required_claims {
            self.check_rule(&rule.name, &rule.value);
        }
    }

    /// Nothing may be said that means nothing for this kind.
    pub(super) fn check_fit(&mut self, form: Form) {
        let config = self.config;
        let witness = config.witness().map(|witness| format!(" ({witness})")).unwrap_or_default();
        for (key, name, value) in config.site.given() {
            if AuthoritySection::fits(key, form) {
                continue;
            }
            let advice = match key {
                Key::Policy | Key::Policies | Key::AcceptTfpIssuers | Key::AcceptAppTokens => format!(
                    "is for Azure AD B2C, but the authority is {}{witness}; leave one out, and list authorities of several \
                     kinds under Authorities",
                    form.whose()
                ),
                Key::Version => {
                    format!("means nothing here: the authority is {}{witness}, which has one version", form.whose())
                }
                _ => format!(
                    "is for OpenID Connect issuers, but the authority is {}{witness}, whose addresses and claims are \
                     known; leave it out",
                    form.whose()
                ),
            };
            self.wrong(NotApplicable, name, &value, advice);
        }
        if form == Form::OpenIdConnect {
            let tenants = config.written(Key::TenantId).into_iter().map(|(name, value)| (name, value, "TenantId"));
            let instances = config.written(Key::Instance).into_iter().map(|(name, value)| (name, value, "Instance"));
            for (name, value, key) in tenants.chain(instances) {
                let advice = format!(
                    "the authority is another OpenID Connect issuer's{witness}, and has no {key}; leave one out, and list \
                     authorities of several kinds under Authorities"
                );
                self.wrong(NotApplicable, &name, &value, advice);
            }
        }
    }

    /// The origin, tenant and policy that the addresses name. `None` only beside a problem.
    fn place(&mut self, form: Form, example: &str) -> Option<(String, Option<String>, Option<String>)> {
        let mut found: Option<(String, Location, String)> = None;
        let (mut tenant, mut policy) = (None, None);
        let mut is_wrong = false;
        let config = self.config;
        let spots = config.addresses.iter().map(|address| {
            let spot = match address::authority(&address.value, form) {
                Ok(Spot::B2c { base, tenant, policy }) => Ok((base, tenant, policy)),
                Ok(Spot::ExternalId { base, tenant }) => Ok((base, tenant, None)),
                Ok(_) => Err(Flaw::invalid("")),
                Err(flaw) => Err(flaw),
            };
            (&address.name, address.value.as_str(), spot)
        });
        let bases = config.instance_texts().map(|(name, text)| {
            let base = match address::form_of_instance(text) {
                Some(other) if other != form => {
                    let advice = format!(
                        "is {}, but the authority is {}; leave one out, and list authorities of several kinds under \
                         Authorities",
                        other.whose(),
                        form.whose()
                    );
                    Err(Flaw::new(Conflict, advice))
                }
                _ => address::base(text).map(|base| (base, None, None)),
            };
            (name, text, base)
        });
        for (name, value, spot) in spots.chain(bases) {
            match (spot, &found) {
                (Err(flaw), _) => {
                    is_wrong = true;
                    self.wrong(flaw.kind, name, value, flaw.advice);
                }
                (Ok((base, ..)), Some((known, other, text))) if base != *known => {
                    is_wrong = true;
                    self.wrong(Conflict, name, value, format!("differs from {other} = {text:?}; leave one out"));
                }
                (Ok((base, its_tenant, its_policy)), _) => {
                    found.get_or_insert((base, name.clone(), value.to_owned()));
                    tenant = tenant.or(its_tenant);
                    policy = policy.or(its_policy);
                }
            }
        }
        if found.is_none() && !is_wrong && !config.is_spoilt(&[Key::Instance, Key::Authority]) {
            let witness = config.site.given().into_iter().next();
            let because = witness.map(|(_, name, value)| format!(" ({name} = {value:?})")).unwrap_or_default();
            let advice =
                format!("is missing: {} have an address of their own, such as {example}{because}", plural(form));
            let problem = config.missing(Key::Instance, &advice);
            self.problems.push(problem);
        }
        found.filter(|_| !is_wrong).map(|(base, ..)| (base, tenant, policy))
    }

    /// The one tenant: as it is named, as the address has it, or as the host does.
    fn one_tenant(&mut self, base: &str, of_address: Option<String>, domain: Option<&Named<String>>) -> Option<String> {
        let written = self.config.written(Key::TenantId);
        let mut named: Vec<Named<String>> = written.into_iter().map(|(name, text)| Named::new(name, text)).collect();
        if let (Some(of_address), Some(address)) = (of_address, self.config.addresses.first()) {
            let is_same = |other: &Named<String>| other.value.eq_ignore_ascii_case(&of_address);
            match named.first() {
                Some(first) if !is_same(first) => {
                    let advice = format!("names another tenant than {} = {:?}; leave one out", first.name, first.value);
                    self.wrong(Conflict, &address.name, &address.value, advice);
                }
                Some(_) => {}
                None => named.push(Named::new(address.name.clone(), of_address)),
            }
        }
        let one = self.one(&named, String::clone).map(|tenant| tenant.value.clone());
        let of_host = || {
            address::name_in(base).map(|name| match name.parse::<TenantId>() {
                Ok(id) => id.to_string(),
                Err(_) => format!("{name}.onmicrosoft.com"),
            })
        };
        let tenant = one.or_else(|| domain.map(|domain| domain.value.clone())).or_else(of_host);
        if tenant.is_none() {
            let advice = "is missing: the tenant's GUID, or its domain such as contoso.onmicrosoft.com";
            let problem = self.config.missing(Key::TenantId, advice);
            self.problems.push(problem);
        }
        tenant
    }

    fn described_b2c(&mut self) -> Option<Authority> {
        let (base, tenant, policy) = self.place(Form::B2c, "https://contoso.b2clogin.com")?;
        let config = self.config;
        let site = &config.site;
        let tenant = self.one_tenant(&base, tenant, site.text(Key::Domain))?;
        let mut policies: Vec<String> = policy.iter().cloned().collect();
        if let Some(named) = site.text(Key::Policy) {
            match (&policy, config.addresses.first()) {
                (Some(policy), _) if policy.eq_ignore_ascii_case(&named.value) => {}
                (Some(_), Some(address)) => {
                    let advice = format!(
                        "names another policy than {} = {:?}; leave one out, or list both under Policies",
                        named.name, named.value
                    );
                    self.wrong(Conflict, &address.name, &address.value, advice);
                }
                _ => policies.push(named.value.clone()),
            }
        }
        policies.extend(site.all(Key::Policies).map(|policy| policy.value.clone()));
        let accept_tfp = site.accept_tfp.as_ref().is_some_and(|accept| accept.value);
        let accept_app_tokens = site.accept_app_tokens.as_ref().is_some_and(|accept| accept.value);
        Some(Authority {
            kind: Kind::B2c(B2c { address: base, tenant, policies, accept_tfp, accept_app_tokens }),
            settings: Default::default(),
        })
    }

    fn described_external_id(&mut self) -> Option<Authority> {
        let (address, tenant, _) = self.place(Form::ExternalId, "https://contoso.ciamlogin.com")?;
        let tenant = self.one_tenant(&address, tenant, None)?;
        let kind = Kind::ExternalId(ExternalId { address, tenant, version: None });
        Some(Authority { kind, settings: Default::default() })
    }

    fn described_openid_connect(&mut self) -> Option<Authority> {
        let config = self.config;
        let Some(issuer) = config.addresses.first() else {
            if !config.is_spoilt(&[Key::Authority]) {
                let advice = "is missing: the issuer, exactly as its tokens have it in iss";
                let problem = config.missing(Key::Authority, advice);
                self.problems.push(problem);
            }
            return None;
        };
        let site = &config.site;
        let sources = [Key::MetadataAddress, Key::JwksUri, Key::FileOfKeys, Key::StaticKeys];
        let mut sources = sources.into_iter().flat_map(|key| config.written(key));
        if let (Some((first, _)), Some((second, value))) = (sources.next(), sources.next()) {
            self.wrong(Conflict, &second, &value, format!("says where the keys are, as {first} does; leave one out"));
        }
        let mut authority = Authority::openid_connect(&issuer.value);
        let text = |key| site.text(key).map(|text| text.value.clone());
        if let Some(url) = text(Key::MetadataAddress) {
            authority = authority.metadata(url);
        } else if let Some(url) = text(Key::JwksUri) {
            authority = authority.jwks_uri(url);
        } else if let Some((_, keys)) = site.keys.first() {
            authority = match &keys.value {
                StaticKeys::Jwks(jwks) => authority.static_keys(jwks),
                StaticKeys::Pem(all) => all.iter().fold(authority, |authority, pem| authority.pem_key(pem)),
            };
        }
        type Set = fn(Authority, String) -> Authority;
        let named: [(Key, Set); 6] = [
            (Key::ScopeClaim, |authority, name| authority.scope_claim(name)),
            (Key::RoleClaim, |authority, name| authority.role_claim(name)),
            (Key::GroupClaim, |authority, name| authority.group_claim(name)),
            (Key::SubjectClaim, |authority, name| authority.subject_claim(name)),
            (Key::ClientClaim, |authority, name| authority.client_claim(name)),
            (Key::AudienceClaim, |authority, name| authority.audience_claim(name)),
        ];
        Some(named.into_iter().fold(authority, |authority, (key, set)| match text(key) {
            Some(name) => set(authority, name),
            None => authority,
        }))
    }
}

/// The same with the settings that fit every kind.
pub(super) fn with_site(mut authority: Authority, config: &ConfigSettings) -> Authority {
    let site = &config.site;
    if let Some(name) = site.text(Key::Name) {
        authority = authority.named(&name.value);
    }
    if site.required_for_readiness.as_ref().is_some_and(|required| !required.value) {
        authority = authority.not_required_for_readiness();
    }
    // Of a kind that has none, it is a problem already.
    if let Some(version) = site.version.as_ref().filter(|_| AuthoritySection::fits(Key::Version, config.form())) {
        authority = authority.version(version.value);
    }
    if site.trust_directory_claims.as_ref().is_some_and(|trust| trust.value) {
        authority = authority.trust_directory_claims();
    }
    authority
        .issuers(site.all(Key::Issuers).map(|issuer| issuer.value.clone()))
        .algorithms(site.algorithms.iter().map(|algorithm| algorithm.value))
}

/// The same with the audiences, clients and claims that it has alone.
pub(super) fn with_own(authority: Authority, config: &ConfigSettings) -> Authority {
    let rules = config.required_claims.iter().map(|rule| rule.value.clone());
    rules.fold(with_own_names(authority, config), Authority::required_claim)
}

/// The same with the audiences and clients that it has alone.
pub(super) fn with_own_names(mut authority: Authority, config: &ConfigSettings) -> Authority {
    for client_id in &config.client_ids {
        authority = authority.client_id(&client_id.value);
    }
    for audience in &config.audiences {
        authority = authority.audience(&audience.value);
    }
    for client in &config.allowed_clients {
        authority = authority.allowed_client(&client.value);
    }
    authority
}

/// The kind of authorities, as the subject of a sentence.
fn plural(form: Form) -> &'static str {
    if form == Form::B2c { "tenants of Azure AD B2C" } else { "tenants of External ID" }
}

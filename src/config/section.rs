//! The rules of a section: from its settings to an [`Authority`] of the right kind.

use super::{
    address::{self, AuthorityKind, ParsedAuthority},
    authority_section::{AuthoritySection, StaticKeys},
    flaw::Flaw,
    identifier,
    key::Key,
    location::{Location, Named},
    placeholder,
    provenance::AuthorityEntry,
    rules::Rules,
    settings::ConfigSettings,
};
use crate::{
    authority::{Authority, AuthoritySpec, B2cSpec, ClaimNames, Keys, OpenIdConnectSpec, Settings, WorkloadSpec},
    error::ConfigProblemKind::{Conflict, Missing, NotApplicable},
    tenant::{HttpsUrl, Instance, MicrosoftHost, TenantId, is_loopback},
};

/// How to configure authorities of several kinds.
const LIST_THEM: &str = "leave one out, and list authorities of several kinds under Authorities";

impl<'a> Rules<'a> {
    /// The authority that these settings describe; `None` if it is an Entra tenant, or if there is a problem.
    pub(super) fn authority_of_section(&mut self, kind: AuthorityKind) -> Option<Authority> {
        self.check_applicable(kind);
        let (authority, unread): (_, &[Key]) = match kind {
            AuthorityKind::Entra => return None,
            AuthorityKind::B2c => (self.b2c_of_section(), &[Key::TenantId, Key::Domain, Key::Policy, Key::Policies]),
            AuthorityKind::ExternalId => (self.external_id_of_section(), &[Key::TenantId]),
            AuthorityKind::OpenIdConnect | AuthorityKind::Workload => return self.issuer_of_section(kind),
        };
        if authority.is_none() {
            self.check_placeholders(unread);
        }
        authority
    }

    /// Checks for leftover placeholders if a URL is invalid, and reports all placeholders of a template at once, without
    /// further problems of these settings.
    fn check_placeholders(&mut self, keys: &[Key]) {
        for (name, value) in keys.iter().flat_map(|key| self.config.written(*key)) {
            let checked = placeholder::check(&value);
            self.accepted(&name, &value, checked);
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
        let kind = config.kind();
        let other = inner.authority_of_section(kind);
        let authority = match kind {
            AuthorityKind::Entra => inner.tenants(outer).authority.map(Authority::from),
            _ => other,
        };
        inner.check_metadata_address(kind, authority.as_ref());
        if authority.is_none() {
            inner.check_identifiers(kind);
        }
        self.problems.append(inner.problems);
        self.warnings.append(&mut inner.warnings);
        let authority = with_overrides(with_authority_settings(authority?, config), config);
        Some(AuthorityEntry::of_section(authority, section.name.clone(), config))
    }

    /// Checks the settings of a section without a valid authority, which would check them.
    fn check_identifiers(&mut self, kind: AuthorityKind) {
        let config = self.config;
        self.check_audiences(&config.audiences);
        for client in &config.client_ids {
            let id = identifier::client_id(&client.value, kind, " as the client id");
            self.accepted(&client.name, &client.value, id);
        }
        self.allowed_clients(&config.allowed_clients, kind);
        for rule in &config.required_claims {
            self.check_rule(&rule.name, &rule.value);
        }
    }

    /// Refuses settings that do not apply to this kind of authority.
    fn check_applicable(&mut self, kind: AuthorityKind) {
        let config = self.config;
        let evidence = config.kind_evidence().map(|evidence| format!(" ({evidence})")).unwrap_or_default();
        let described = kind.described();
        for (key, name, value) in config.authority_section.given() {
            if AuthoritySection::fits(key, kind) {
                continue;
            }
            let advice = match key {
                Key::Policy | Key::Policies | Key::AcceptTfpIssuers | Key::AcceptAppTokens => {
                    let at_cloud = match kind == AuthorityKind::Entra {
                        true => "; Azure AD B2C is at https://contoso.b2clogin.com, with the name of your tenant",
                        false => "",
                    };
                    format!("is for Azure AD B2C, but the authority is {described}{evidence}; {LIST_THEM}{at_cloud}")
                }
                Key::TrustDirectoryClaims => {
                    "does not apply to workload identities, which are in no directory; leave it out".to_owned()
                }
                Key::Version => {
                    format!("does not apply: the authority is {described}{evidence}, which has one version")
                }
                _ => format!(
                    "is for OpenID Connect issuers, but the authority is {described}{evidence}, whose addresses and claims \
                     are known; leave it out"
                ),
            };
            self.wrong(NotApplicable, name, &value, advice);
        }
        if !kind.has_guids() {
            let tenants = config.written(Key::TenantId).into_iter().map(|(name, value)| (name, value, "TenantId"));
            let instances = config.written(Key::Instance).into_iter().map(|(name, value)| (name, value, "Instance"));
            for (name, value, key) in tenants.chain(instances) {
                let advice =
                    format!("does not apply: the authority is {described}{evidence}, without {key}; {LIST_THEM}");
                self.wrong(NotApplicable, &name, &value, advice);
            }
        }
    }

    /// The origin, tenant and policy in the URLs. `None` only if there is a problem.
    fn parsed_addresses(
        &mut self,
        kind: AuthorityKind,
        example: &str,
    ) -> Option<(String, Option<String>, Option<String>)> {
        let mut found: Option<(String, Location, String)> = None;
        let (mut tenant, mut policy) = (None, None);
        let mut is_wrong = false;
        let config = self.config;
        let authorities = config.addresses.iter().map(|address| {
            let parsed = match address::authority(&address.value, kind) {
                Ok(ParsedAuthority::B2c { base, tenant, policy }) => Ok((base, tenant, policy)),
                Ok(ParsedAuthority::ExternalId { base, tenant }) => Ok((base, tenant, None)),
                Ok(_) => Err(Flaw::invalid(format!("is not the address of {}", kind.described()))),
                Err(flaw) => Err(flaw),
            };
            (&address.name, address.value.as_str(), parsed)
        });
        let bases = config.instance_texts().map(|(name, text)| {
            let base = match address::kind_of_instance(text) {
                Some(other) if other != kind => {
                    let advice =
                        format!("is of {}, but the authority is {}; {LIST_THEM}", other.described(), kind.described());
                    Err(Flaw::new(Conflict, advice))
                }
                _ => address::base(text).map(|base| (base, None, None)),
            };
            (name, text, base)
        });
        for (name, value, parsed) in authorities.chain(bases) {
            match (parsed, &found) {
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
        if found.is_none() && !is_wrong && !config.has_invalid(&[Key::Instance, Key::Authority]) {
            let given = config.authority_section.given().into_iter().next();
            let because = given.map(|(_, name, value)| format!(" ({name} = {value:?})")).unwrap_or_default();
            let advice =
                format!("is missing: {} has an address of its own, such as {example}{because}", kind.described());
            let problem = config.missing(Key::Instance, &advice);
            self.problems.push(problem);
        }
        found.filter(|_| !is_wrong).map(|(base, ..)| (base, tenant, policy))
    }

    /// The tenant: the configured one, or that of the URL or of the host.
    fn single_tenant(
        &mut self,
        base: &str,
        of_address: Option<String>,
        kind: AuthorityKind,
        domain: Option<&Named<String>>,
    ) -> Option<String> {
        let written = self.config.written(Key::TenantId);
        let mut named: Vec<Named<String>> = written.into_iter().map(|(name, text)| Named::new(name, text)).collect();
        if let (Some(of_address), Some(address)) = (of_address, self.config.addresses.first()) {
            // URLs of External ID contain the domain, and the configured GUID is the tenant that it must belong to.
            let is_same = |other: &Named<String>| {
                let pins = kind == AuthorityKind::ExternalId && other.value.parse::<TenantId>().is_ok();
                other.value.eq_ignore_ascii_case(&of_address) || (pins && address::is_domain(&of_address))
            };
            match named.first() {
                Some(first) if !is_same(first) => {
                    let advice = format!("names another tenant than {} = {:?}; leave one out", first.name, first.value);
                    self.wrong(Conflict, &address.name, &address.value, advice);
                }
                Some(_) => {}
                None => named.push(Named::new(address.name.clone(), of_address)),
            }
        }
        let one = self.single(&named, String::clone).cloned();
        if let (Some(one), Some(domain)) = (&one, domain)
            && address::is_domain(&one.value)
            && !one.value.eq_ignore_ascii_case(&domain.value)
        {
            let advice = format!("names another tenant than {} = {:?}; leave one out", one.name, one.value);
            self.wrong(Conflict, &domain.name, &domain.value, advice);
        }
        let of_host = || {
            address::name_in(base).map(|name| match name.parse::<TenantId>() {
                Ok(id) => id.to_string(),
                Err(_) => format!("{name}.onmicrosoft.com"),
            })
        };
        let one = one.map(|tenant| tenant.value);
        let tenant = one.or_else(|| domain.map(|domain| domain.value.clone())).or_else(of_host);
        if tenant.is_none() && !self.config.has_invalid(&[Key::TenantId, Key::Domain]) {
            let advice = match kind {
                AuthorityKind::ExternalId => "is missing; write the tenant's GUID",
                _ => "is missing; write the tenant's GUID, or its domain such as contoso.onmicrosoft.com",
            };
            let problem = self.config.missing(Key::TenantId, advice);
            self.problems.push(problem);
        }
        tenant
    }

    fn b2c_of_section(&mut self) -> Option<Authority> {
        let (base, tenant, policy) = self.parsed_addresses(AuthorityKind::B2c, "https://contoso.b2clogin.com")?;
        let config = self.config;
        let site = &config.authority_section;
        let tenant = self.single_tenant(&base, tenant, AuthorityKind::B2c, site.text(Key::Domain))?;
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
        let spec = B2cSpec { address: base, tenant, policies, accept_tfp, accept_app_tokens };
        Some(Authority { spec: AuthoritySpec::B2c(spec), settings: Settings::default() })
    }

    fn external_id_of_section(&mut self) -> Option<Authority> {
        let (address, tenant, _) = self.parsed_addresses(AuthorityKind::ExternalId, "https://contoso.ciamlogin.com")?;
        let tenant = self.single_tenant(&address, tenant, AuthorityKind::ExternalId, None)?;
        let config = self.config;
        // The usual issuer is at a Microsoft host that contains the GUID.
        let is_custom = HttpsUrl::parse(&address)
            .is_ok_and(|address| MicrosoftHost::of(&address.host).is_none() && !is_loopback(&address.host));
        if is_custom && address::is_domain(&tenant) && lists_no_issuers(config) {
            let advice = "at a custom domain of External ID, the tenant's GUID is needed: its tokens' issuer is https://{GUID}.ciamlogin.com/{GUID}/v2.0";
            let problem = match config.written(Key::TenantId).into_iter().next() {
                Some((name, value)) => name.problem(Missing, Some(&value), advice),
                None => config.missing(Key::TenantId, &format!("is missing; {advice}")),
            };
            self.problems.push(problem);
            return None;
        }
        Some(Authority::external_id_at(address, tenant).into())
    }

    /// An issuer other than Microsoft: of users, or of workload identities.
    fn issuer_of_section(&mut self, kind: AuthorityKind) -> Option<Authority> {
        let config = self.config;
        let Some(issuer) = config.addresses.first() else {
            if !config.has_invalid(&[Key::Authority]) {
                let advice = "is missing; write the issuer, exactly as its tokens have it in iss";
                let problem = config.missing(Key::Authority, advice);
                self.problems.push(problem);
            }
            return None;
        };
        let site = &config.authority_section;
        let sources = [Key::MetadataAddress, Key::JwksUri, Key::FileOfKeys, Key::StaticKeys];
        let mut sources = sources.into_iter().flat_map(|key| config.written(key));
        if let (Some((first, _)), Some((second, value))) = (sources.next(), sources.next()) {
            self.wrong(Conflict, &second, &value, format!("is a second source of keys beside {first}; leave one out"));
        }
        if kind == AuthorityKind::OpenIdConnect && address::is_workload_issuer(&issuer.value) {
            let advice = "issues workload identities, whose tokens have neither scopes nor roles; write Kind: Workload";
            self.wrong(NotApplicable, &issuer.name, &issuer.value, advice);
        }
        let mut spec = OpenIdConnectSpec { issuer: issuer.value.clone(), ..OpenIdConnectSpec::default() };
        let text = |key| site.text(key).map(|text| text.value.clone());
        if let Some(url) = text(Key::MetadataAddress) {
            spec.keys = Keys::Metadata(url);
        } else if let Some(url) = text(Key::JwksUri) {
            spec.keys = Keys::JwksUri(url);
        } else if let Some((_, keys)) = site.keys.first() {
            spec.keys = match &keys.value {
                StaticKeys::Jwks(jwks) => Keys::Static(jwks.clone()),
                StaticKeys::Pem(all) => Keys::Pem(all.clone()),
            };
        }
        let spec = match kind {
            AuthorityKind::Workload => {
                AuthoritySpec::Workload(WorkloadSpec { openid: spec, ..WorkloadSpec::default() })
            }
            _ => {
                spec.names = ClaimNames {
                    scopes: text(Key::ScopeClaim),
                    roles: text(Key::RoleClaim),
                    groups: text(Key::GroupClaim),
                    subject: text(Key::SubjectClaim),
                    client: text(Key::ClientClaim),
                    audience: text(Key::AudienceClaim),
                };
                AuthoritySpec::OpenIdConnect(spec)
            }
        };
        Some(Authority { spec, settings: Settings::default() })
    }
}

/// Whether a section has no `Issuers`.
fn lists_no_issuers(config: &ConfigSettings) -> bool {
    config.authority_section.all(Key::Issuers).next().is_none()
}

/// Adds the settings of one authority, of any kind.
pub(super) fn with_authority_settings(mut authority: Authority, config: &ConfigSettings) -> Authority {
    let site = &config.authority_section;
    // If it does not apply, a problem was reported.
    if let Some(version) = &site.version {
        match &mut authority.spec {
            AuthoritySpec::Entra(entra) => entra.version = Some(version.value),
            AuthoritySpec::ExternalId(external) => external.version = Some(version.value),
            AuthoritySpec::B2c(_) | AuthoritySpec::OpenIdConnect(_) | AuthoritySpec::Workload(_) => {}
        }
    }
    let settings = &mut authority.settings;
    settings.name = site.text(Key::Name).map(|name| name.value.clone());
    settings.is_not_required_for_readiness = site.required_for_readiness.as_ref().is_some_and(|named| !named.value);
    settings.trust_directory_claims = site.trust_directory_claims.as_ref().is_some_and(|trust| trust.value);
    config.ca_certificates.iter().for_each(|pem| settings.add_ca_certificates(&pem.value));
    settings.issuers.extend(site.all(Key::Issuers).map(|issuer| issuer.value.clone()));
    settings.add_algorithms(site.algorithms.iter().map(|algorithm| algorithm.value));
    authority
}

/// Adds the audiences, clients and claims of its section.
pub(super) fn with_overrides(authority: Authority, config: &ConfigSettings) -> Authority {
    let mut authority = with_clients_and_audiences(authority, config);
    authority.settings.required_claims.extend(config.required_claims.iter().map(|rule| rule.value.clone()));
    authority
}

/// Adds the audiences and clients of its section.
pub(super) fn with_clients_and_audiences(mut authority: Authority, config: &ConfigSettings) -> Authority {
    let settings = &mut authority.settings;
    // A workload's audience is never derived.
    if config.kind() != AuthorityKind::Workload {
        settings.client_id = config.client_ids.last().map(|client_id| client_id.value.clone());
    }
    settings.audiences.extend(config.audiences.iter().map(|audience| audience.value.clone()));
    settings.allowed_clients.extend(config.allowed_clients.iter().map(|client| client.value.clone()));
    authority
}

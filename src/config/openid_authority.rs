//! The rules for authorities other than Microsoft: issuers, claim names, static keys, certificates, and workload identities.

use std::sync::Arc;

use super::{
    address,
    flaw::Flaw,
    key::Key,
    listed_issuers, placeholder,
    provenance::{AuthorityEntry, Provenance},
    rules::{Common, Rules},
    warning::Warning,
};
use crate::{
    authority::{
        Authority, DocumentSpec, Keys, ListedIssuers, MappedClaim, OpenIdConnectSpec, WELL_KNOWN, WorkloadProblem,
        WorkloadSpec, is_at_microsoft,
    },
    error::ConfigProblemKind::{self, Invalid, NotApplicable, Unsafe},
    fetch,
    jwk::KeySet,
    jwt::Algorithm,
    policy::Mapping,
    tenant::HttpsUrl,
};

impl Rules<'_> {
    /// The rules of workload identities.
    pub(super) fn check_workload(&mut self, entry: &AuthorityEntry<'_>, workload: &WorkloadSpec, common: &Common) {
        for WorkloadProblem { kind, value, advice } in
            workload.problems(&entry.authority.settings, entry.provenance.is_whole())
        {
            self.wrong_authority(kind, &entry.provenance, &value, advice);
        }
        if !common.allowed_clients.is_empty() && entry.authority.settings.allowed_clients.is_empty() {
            let text = format!(
                "{}: the allowed clients do not apply to workload identities, whose tokens name no client; its own rules say \
                 which may call",
                entry.authority
            );
            self.warnings.push(Warning::new(entry.provenance.setting_name(Key::AllowedClients), text));
        }
    }

    /// Validates the CA certificates of its key servers.
    pub(super) fn ca_certificates(
        &mut self,
        provenance: &Provenance<'_>,
        shown: &str,
        authority: &Authority,
    ) -> Option<Arc<str>> {
        let pem = authority.settings.ca_certificates.as_deref()?;
        let is_static =
            authority.spec.openid().is_some_and(|openid| matches!(openid.keys, Keys::Static(_) | Keys::Pem(_)));
        if is_static {
            self.wrong_certificates(
                NotApplicable,
                provenance,
                shown,
                "nothing is fetched with static keys; leave it out",
            );
        } else if let Err(advice) = fetch::check_certificates(pem) {
            self.wrong_certificates(Invalid, provenance, shown, &advice);
        }
        Some(pem.into())
    }

    fn wrong_certificates(&mut self, kind: ConfigProblemKind, provenance: &Provenance<'_>, shown: &str, advice: &str) {
        let name = provenance.at(&[Key::CaFile], "");
        let value = Some(provenance.prefix_if_code(shown)).filter(|value| !value.is_empty());
        let advice = format!("{}{advice}", provenance.prefix_if_code("ca_certificates(): "));
        self.problems.push(name.problem(kind, value, advice));
    }

    /// Validates static keys, one of which must be usable for the algorithms.
    pub(super) fn static_keys(
        &mut self,
        provenance: &Provenance<'_>,
        shown: &str,
        keys: Result<KeySet, Flaw>,
        algorithms: &[Algorithm],
    ) -> Option<Arc<KeySet>> {
        let name = &provenance.at(&[Key::FileOfKeys, Key::StaticKeys], "");
        let keys = match keys {
            Ok(keys) => keys,
            Err(flaw) => {
                let value = Some(provenance.prefix_if_code(shown)).filter(|value| !value.is_empty());
                self.problems.push(name.problem(flaw.kind, value, flaw.advice));
                return None;
            }
        };
        let usable = keys.usable(algorithms, true, usize::MAX, |_| None);
        let skipped: Vec<String> =
            keys.skipped.iter().chain(&usable.skipped).map(|skipped| skipped.to_string()).collect();
        for skipped in &skipped {
            self.warnings.push(Warning::new(name.as_str(), format!("{shown}: {skipped}, and is ignored")));
        }
        if usable.keys.is_empty() {
            let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
            let setting = provenance.setting_name(Key::Algorithms);
            let why = skipped.first().map(|skipped| format!(" ({skipped})")).unwrap_or_default();
            let advice = format!("none of its keys can be used for {}; see {setting}{why}", names.join(", "));
            let value = Some(provenance.prefix_if_code(shown)).filter(|value| !value.is_empty());
            self.problems.push(name.problem(Invalid, value, advice));
            return None;
        }
        Some(Arc::new(keys))
    }

    /// The claims that the tokens of an OpenID Connect issuer have in place of Entra's.
    pub(super) fn claim_mapping(&mut self, provenance: &Provenance<'_>, openid: &OpenIdConnectSpec) -> Mapping {
        openid.names.parse().unwrap_or_else(|(claim, path)| {
            let key = match claim {
                MappedClaim::Scopes => Key::ScopeClaim,
                MappedClaim::Roles => Key::RoleClaim,
                MappedClaim::Groups => Key::GroupClaim,
                MappedClaim::Subject => Key::SubjectClaim,
                MappedClaim::Client => Key::ClientClaim,
                MappedClaim::Audience => Key::AudienceClaim,
            };
            let advice = match provenance.is_whole() {
                true => format!("{}: the name of a claim, or a JSON Pointer such as /a/b, is needed", key.method()),
                false => "the name of a claim, or a JSON Pointer such as /a/b, is needed".to_owned(),
            };
            self.wrong(Invalid, &provenance.at(&[key], &path), &path, advice);
            Mapping::default()
        })
    }

    /// The document with the keys of an OpenID Connect issuer; `None` only if there is a problem.
    pub(super) fn openid_document(
        &mut self,
        entry: &AuthorityEntry<'_>,
        openid: &OpenIdConnectSpec,
        algorithms: &[Algorithm],
        listed: ListedIssuers,
    ) -> Option<DocumentSpec> {
        let (provenance, shown) = (&entry.provenance, entry.authority.to_string());
        let issuer: Arc<str> = openid.issuer.as_str().into();
        let mut checked = |url: &String| {
            if let Err(error) = HttpsUrl::parse(url) {
                self.wrong(Invalid, &provenance.at(&[Key::MetadataAddress, Key::JwksUri], url), url, error.to_string());
            }
            Some(url.clone())
        };
        match &openid.keys {
            Keys::Discovered => Some(DocumentSpec::OpenIdConnect { issuer, metadata: None, jwks_uri: None, listed }),
            Keys::Metadata(url) => {
                Some(DocumentSpec::OpenIdConnect { issuer, metadata: checked(url), jwks_uri: None, listed })
            }
            Keys::JwksUri(url) => {
                Some(DocumentSpec::OpenIdConnect { issuer, metadata: None, jwks_uri: checked(url), listed })
            }
            Keys::Static(jwks) => {
                let keys = KeySet::parse_static(jwks.as_bytes())
                    .map_err(|fault| Flaw::invalid(format!("{}{fault}", provenance.prefix_if_code("static_keys(): "))));
                self.static_keys(provenance, &shown, keys, algorithms).map(|keys| DocumentSpec::Static {
                    issuer,
                    keys,
                    listed,
                })
            }
            Keys::Pem(all) => {
                let keys = KeySet::from_pem(all).map_err(|(at, fault)| {
                    Flaw::invalid(format!("{}number {}: {fault}", provenance.prefix_if_code("pem_key(), "), at + 1))
                });
                self.static_keys(provenance, &shown, keys, algorithms).map(|keys| DocumentSpec::Static {
                    issuer,
                    keys,
                    listed,
                })
            }
        }
    }
}

/// Checks the issuer of an OpenID Connect authority. If its metadata is discovered, it is fetched from there; otherwise the
/// issuer is only compared.
pub(super) fn check_issuer(issuer: &str, needs_metadata: bool) -> Result<(), Flaw> {
    if issuer.contains(['?', '#']) {
        return Err(Flaw::invalid(
            "an issuer has no query (?) and no fragment (#); write it as its tokens have it in iss",
        ));
    }
    if issuer.trim_end_matches('/').ends_with(WELL_KNOWN) {
        let advice = "is the address of the metadata; write the issuer, which its tokens have in iss: usually the part \
                      before /.well-known";
        return Err(Flaw::invalid(advice));
    }
    if is_at_microsoft(issuer) {
        let host = HttpsUrl::parse(issuer).map(|address| address.host).unwrap_or_default();
        let advice = address::better_kind(&host).unwrap_or("is at a Microsoft host, whose issuers belong to Entra");
        return Err(Flaw::new(Unsafe, advice));
    }
    placeholder::check(issuer)?;
    let is_https = issuer.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    if is_https || needs_metadata {
        HttpsUrl::parse(issuer).map_err(|error| {
            Flaw::invalid(format!(
                "{error}; if tokens have it in iss, configure the https issuer of the metadata, and list this one under Issuers"
            ))
        })?;
    } else if !listed_issuers::is_plain(issuer) || issuer.contains(['{', '}']) {
        return Err(Flaw::invalid("must be exactly the token's iss"));
    }
    Ok(())
}

//! Metadata documents (`docs/entra.md`, "Metadata documents"): issuer, address of the keys, cloud. What a document says
//! is held against what is known before any of it is used.

use std::{fmt, sync::Arc};

use serde::Deserialize;

use crate::{
    authority::{DocumentOwner, DocumentSpec, ForeignIssuer, IssuerForm, Issuers, Ownership, is_listed, origin_of},
    claims::TokenVersion,
    error::{DocumentFault, InvalidDocument},
    jwk::without_bom,
    tenant::{Cloud, HttpsUrl, IssuerTemplate, MicrosoftHost, TenantId, split_origin},
};

/// What a metadata document says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) issuer: Arc<str>,
    /// The same, where it has a place for a tenant.
    pub(crate) template: Option<IssuerTemplate>,
    pub(crate) jwks_uri: String,
    /// `None` if missing or blank.
    pub(crate) cloud: Option<String>,
}

/// Why a metadata document is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetadataError {
    /// It names an issuer that its authority does not own.
    Foreign(ForeignIssuer),
    Invalid(InvalidDocument),
}

impl From<String> for MetadataError {
    fn from(reason: String) -> Self {
        Self::Invalid(InvalidDocument::new(reason))
    }
}

impl From<InvalidDocument> for MetadataError {
    fn from(document: InvalidDocument) -> Self {
        Self::Invalid(document)
    }
}

impl From<ForeignIssuer> for MetadataError {
    fn from(issuer: ForeignIssuer) -> Self {
        Self::Foreign(issuer)
    }
}

impl From<&MetadataError> for InvalidDocument {
    fn from(error: &MetadataError) -> Self {
        match error {
            MetadataError::Foreign(issuer) => Self::with_fault(DocumentFault::ForeignIssuer, issuer.to_string()),
            MetadataError::Invalid(document) => document.clone(),
        }
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(issuer) => issuer.fmt(f),
            Self::Invalid(document) => document.fmt(f),
        }
    }
}

impl Metadata {
    /// Reads a document and holds it to `spec`; at Entra it is that of `version`.
    ///
    /// # Errors
    ///
    /// Says what is wrong, with the value found and the one expected.
    pub(crate) fn parse(
        document: &[u8],
        spec: &DocumentSpec,
        version: TokenVersion,
        ownership: &Ownership,
    ) -> Result<Self, MetadataError> {
        #[derive(Deserialize)]
        struct Raw {
            issuer: String,
            jwks_uri: String,
            cloud_instance_name: Option<String>,
            access_token_issuer: Option<serde_json::Value>,
        }

        let raw: Raw = serde_json::from_slice(without_bom(document))
            .map_err(|_| "it is no metadata document: a JSON object with texts issuer and jwks_uri".to_owned())?;
        // First: what a document says of issuers that are not its own is nothing to hold against a form.
        ownership.check_place(spec, &raw.issuer)?;
        let template = check_issuer(&raw.issuer, spec, version)?;
        check_access_token_issuer(raw.access_token_issuer.as_ref(), &raw.issuer, spec)?;
        check_jwks_uri(&raw.jwks_uri, spec)?;
        let cloud = raw.cloud_instance_name.filter(|name| !name.trim().is_empty());
        if let (Some(expected), Some(found)) = (spec.cloud().and_then(Cloud::instance_name), &cloud)
            && expected != found
        {
            return Err(format!("its cloud_instance_name is {found:?}, not {expected:?}").into());
        }
        let metadata = Self { issuer: raw.issuer.into(), template, jwks_uri: raw.jwks_uri, cloud };
        let (v1, v2) = match version {
            TokenVersion::V1 => (Some(&metadata), None),
            TokenVersion::V2 => (None, Some(&metadata)),
        };
        ownership.check_others(&metadata.issuer, &issuers(spec, v1, v2))?;
        Ok(metadata)
    }

    /// The tenant whose own document it is.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.template.as_ref().and_then(IssuerTemplate::tenant)
    }

    fn exact(&self, version: TokenVersion, issuer: &str) -> (TokenVersion, IssuerForm) {
        (version, IssuerForm::Exact { text: issuer.into(), tenant: self.tenant() })
    }
}

/// The issuers of `spec` after these documents.
pub(crate) fn issuers(spec: &DocumentSpec, v1: Option<&Metadata>, v2: Option<&Metadata>) -> Issuers {
    match spec {
        DocumentSpec::Entra { instance, version, .. } if instance.cloud().is_none() => {
            // As at Microsoft's clouds, for every tenant: another one's token is then told as that.
            let learnt = |version, metadata: Option<&Metadata>| {
                let template = metadata?.template.as_ref()?.for_any_tenant();
                Some((version, IssuerForm::Template(template)))
            };
            let both = [learnt(TokenVersion::V2, v2), learnt(TokenVersion::V1, v1)];
            Issuers::new(both.into_iter().flatten(), *version)
        }
        DocumentSpec::B2c { .. } => Issuers::new(v2.map(|v2| v2.exact(TokenVersion::V2, &v2.issuer)), None),
        DocumentSpec::ExternalId { version, .. } => {
            // V1 tokens have the same issuer without the version (`docs/entra.md`, "External ID"). Where issuers are listed, only
            // exactly those are accepted.
            let is_to_be_had =
                |v1: &&str| !is_listed(spec.listed(), &format!("{v1}v2.0")) || is_listed(spec.listed(), v1);
            let v1 = v2.and_then(|v2| {
                let v1 = v2.issuer.strip_suffix("v2.0").filter(is_to_be_had)?;
                Some(v2.exact(TokenVersion::V1, v1))
            });
            let v2 = v2.map(|v2| v2.exact(TokenVersion::V2, &v2.issuer));
            Issuers::new(v2.into_iter().chain(v1), *version)
        }
        DocumentSpec::OpenIdConnect { listed, .. } => match v2 {
            Some(v2) => {
                let listed = listed.iter().map(|issuer| (TokenVersion::V2, IssuerForm::exact(issuer)));
                Issuers::new(std::iter::once((TokenVersion::V2, IssuerForm::exact(&v2.issuer))).chain(listed), None)
            }
            None => spec.issuers(),
        },
        DocumentSpec::Entra { .. } | DocumentSpec::Static { .. } => spec.issuers(),
    }
}

/// Gives back the issuer as a template, where it has a place for a tenant or names one.
fn check_issuer(
    found: &str,
    spec: &DocumentSpec,
    version: TokenVersion,
) -> Result<Option<IssuerTemplate>, InvalidDocument> {
    let template = || {
        IssuerTemplate::parse(found).ok_or_else(|| {
            format!("its issuer {found:?} names no tenant and has no {{tenantid}} in a segment of its path")
        })
    };
    match spec {
        DocumentSpec::Entra { owner, .. } => Ok(Some(check_entra(found, template()?, spec.cloud(), owner, version)?)),
        DocumentSpec::B2c { base, tenant, policy, accept_tfp, listed } => {
            let at = base_of(base, found, is_listed(listed, found));
            let issuer = check_b2c(found, template()?, at, policy, *accept_tfp)?;
            Ok(Some(own_tenant(found, issuer, tenant)?))
        }
        DocumentSpec::ExternalId { base, tenant, listed, .. } => {
            let at = base_of(base, found, is_listed(listed, found));
            let issuer = check_external_id(found, template()?, at)?;
            Ok(Some(own_tenant(found, issuer, tenant)?))
        }
        DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. }
            if **issuer == *found || spec.other_spelling().is_some_and(|other| *other == *found) =>
        {
            Ok(None)
        }
        DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. } => {
            Err(InvalidDocument::new(format!(
                "its issuer is {found:?}, not the configured {:?}; configure the issuer exactly as it is there",
                &**issuer
            )))
        }
    }
}

/// Where metadata names an issuer of access tokens (AD FS: `access_token_issuer`), it must be one that is accepted: otherwise
/// every token would be rejected, and nobody would know why.
fn check_access_token_issuer(
    found: Option<&serde_json::Value>,
    issuer: &str,
    spec: &DocumentSpec,
) -> Result<(), InvalidDocument> {
    let (Some(found), DocumentSpec::OpenIdConnect { listed, .. }) = (found, spec) else { return Ok(()) };
    match found.as_str() {
        Some(found) if found == issuer || listed.iter().any(|listed| **listed == *found) => Ok(()),
        Some(found) => Err(InvalidDocument::new(format!(
            "its access_token_issuer is {found:?}, which its access tokens have in iss: if that is right, list it under Issuers \
             in a file, or by issuers([{found:?}]) in code"
        ))),
        None => Err(InvalidDocument::new("its access_token_issuer is not a string")),
    }
}

/// A shared document has the placeholder, a tenant's own that tenant; at a Microsoft cloud the rest is known.
fn check_entra(
    found: &str,
    issuer: IssuerTemplate,
    cloud: Option<Cloud>,
    owner: &DocumentOwner,
    version: TokenVersion,
) -> Result<IssuerTemplate, String> {
    let known = cloud.and_then(|cloud| match version {
        TokenVersion::V1 => cloud.v1_issuer(),
        TokenVersion::V2 => Some(cloud.v2_issuer()),
    });
    if let Some(known) = known
        && !issuer.same_form(&known)
    {
        return Err(format!(
            "its issuer is {found:?}, not {:?}; name the instance whose issuer that is, and look for a proxy that answers in \
             its place",
            known.to_string()
        ));
    }
    let expected: Option<TenantId> = match owner {
        DocumentOwner::Tenant(tenant) => Some(*tenant),
        DocumentOwner::Shared(_) => None,
        DocumentOwner::Domain(domain) => {
            let tenant = issuer.tenant();
            if tenant == Some(TenantId::PERSONAL_ACCOUNTS) {
                return Err(format!("{domain} stands for all personal accounts: those are let in by name alone"));
            }
            return tenant
                .map(|_| issuer)
                .ok_or_else(|| format!("its issuer {found:?} does not say which tenant {domain} is"));
        }
    };
    if issuer.tenant() != expected {
        let expected = expected.map_or("{tenantid}".to_owned(), |tenant| tenant.to_string());
        return Err(format!(
            "its issuer is {found:?}, which is not one with {expected}; name the tenant that it is of"
        ));
    }
    Ok(issuer)
}

/// The address that an issuer has: that of its authority, or where it is listed, its own.
fn base_of<'a>(base: &'a str, found: &'a str, is_listed: bool) -> &'a str {
    split_origin(found).filter(|_| is_listed).map_or(base, |(origin, _)| origin)
}

/// What to do about an issuer with the policy in it, in code and in a file.
pub(crate) const ACCEPT_TFP: &str = "accept_tfp_issuers() (AcceptTfpIssuers in a file)";

/// `https://{host}/{tenant}/v2.0/`, or with `/tfp/` and the policy where that was asked for (`docs/entra.md`, "Azure AD
/// B2C").
fn check_b2c(
    found: &str,
    issuer: IssuerTemplate,
    base: &str,
    policy: &str,
    accept_tfp: bool,
) -> Result<IssuerTemplate, InvalidDocument> {
    let expected = IssuerTemplate::new(&format!("{base}/"), "/v2.0/");
    if issuer.same_form(&expected) {
        return Ok(issuer);
    }
    // With or without the slash at the end: tokens must then have it, or not, as the document has.
    let end = if found.ends_with('/') { "/v2.0/" } else { "/v2.0" };
    let named = found.strip_suffix(end).and_then(|start| start.rsplit('/').next()).unwrap_or_default();
    let with_policy = IssuerTemplate::new(&format!("{base}/tfp/"), &format!("/{named}{end}"));
    if !named.eq_ignore_ascii_case(policy) || !issuer.same_form(&with_policy) {
        return Err(InvalidDocument::new(format!(
            "its issuer is {found:?}, not {:?}; configure the URL of the issuer by b2c_at() or Instance",
            expected.to_string()
        )));
    }
    if !accept_tfp {
        let reason = format!(
            "its issuer contains the policy: {ACCEPT_TFP} accepts it, or set that of the user flow to {expected}; it is {found}"
        );
        return Err(InvalidDocument::with_fault(DocumentFault::PolicyInIssuer, reason));
    }
    Ok(issuer)
}

/// `https://{tenant}.ciamlogin.com/{tenant}/v2.0`, or at the authority's own address (`docs/entra.md`, "External ID").
fn check_external_id(found: &str, issuer: IssuerTemplate, base: &str) -> Result<IssuerTemplate, String> {
    let tenant = issuer.tenant().ok_or_else(|| format!("its issuer {found:?} does not say which tenant it is"))?;
    let usual = IssuerTemplate::new(&format!("https://{tenant}.ciamlogin.com/"), "/v2.0");
    let own = IssuerTemplate::new(&format!("{base}/"), "/v2.0");
    if issuer.same_form(&usual) || issuer.same_form(&own) {
        Ok(issuer)
    } else {
        Err(format!(
            "its issuer is {found:?}, not {:?}; configure the URL of the issuer by external_id_at() or Instance",
            usual.for_tenant(tenant).to_string()
        ))
    }
}

/// A tenant that was configured by its id must be the one of the document.
fn own_tenant(found: &str, issuer: IssuerTemplate, configured: &str) -> Result<IssuerTemplate, String> {
    match configured.parse::<TenantId>() {
        Ok(expected) if issuer.tenant() != Some(expected) => {
            Err(format!("its issuer is {found:?}, which is not one with {expected}; name the tenant that it is of"))
        }
        _ if issuer.tenant().is_none() => Err(format!("its issuer {found:?} does not say which tenant it is")),
        _ => Ok(issuer),
    }
}

/// Keys are fetched from the origin of the document, or from a host of the same cloud: never from where else a document
/// points to.
fn check_jwks_uri(found: &str, spec: &DocumentSpec) -> Result<(), String> {
    let address =
        HttpsUrl::parse(found).map_err(|problem| format!("its jwks_uri {found:?} may not be fetched: {problem}"))?;
    let base = HttpsUrl::parse(&spec.address()).map_err(|problem| problem.to_string())?;
    let is_plain = |address: &HttpsUrl| address.origin == format!("https://{}", address.host);
    let is_of_same_owner = match spec {
        DocumentSpec::Entra { .. } => {
            spec.cloud().is_some_and(|cloud| Cloud::from_host(&address.host) == Some(cloud)) && is_plain(&address)
        }
        // Every host of it is Microsoft's, and a domain of one's own may point there.
        DocumentSpec::ExternalId { .. } => {
            MicrosoftHost::of(&address.host) == Some(MicrosoftHost::ExternalId) && is_plain(&address)
        }
        _ => false,
    };
    // Whoever lists an issuer trusts its own address too: that of a mirrored document, or of a mock under another name.
    let is_listed = !matches!(spec, DocumentSpec::OpenIdConnect { .. })
        && spec.listed().iter().any(|issuer| origin_of(issuer).is_some_and(|origin| origin == address.origin));
    if address.origin == base.origin || is_of_same_owner || is_listed {
        return Ok(());
    }
    let advice = match spec {
        DocumentSpec::OpenIdConnect { .. } => "; if that is right, name it by jwks_uri()",
        _ => "",
    };
    Err(format!("its jwks_uri {found:?} is at another origin than {}{advice}", base.origin))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        authority::{Authority, Entra, EntraSpec, IssuerOwners, ListedIssuers, ResolvedAuthority},
        tenant::Instance,
    };

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    const OTHER: &str = "22222222-3333-4444-5555-666666666666";

    fn read(spec: &DocumentSpec, issuer: &str, jwks_uri: &str) -> Result<Metadata, String> {
        let document = json!({"issuer": issuer, "jwks_uri": jwks_uri, "extra": [1]}).to_string();
        let read = Metadata::parse(document.as_bytes(), spec, TokenVersion::V2, &Ownership::default());
        read.map_err(|refused| refused.to_string())
    }

    fn document(authority: Entra) -> DocumentSpec {
        authority.spec.main_document()
    }

    fn own() -> DocumentSpec {
        document(Authority::tenant(TENANT.parse().unwrap()))
    }

    #[test]
    fn keys_of_external_id_come_from_its_own_hosts() {
        let spec = DocumentSpec::ExternalId {
            base: "https://login.contoso.example".into(),
            tenant: TENANT.into(),
            version: None,
            listed: ListedIssuers::default(),
        };
        let issuer = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
        for (jwks_uri, is_good) in [
            ("https://login.contoso.example/keys", true),
            ("https://contoso.ciamlogin.com/keys", true),
            ("https://contoso.ciamlogin.com:8443/keys", false),
            ("https://ciamlogin.com/keys", false),
            ("https://contoso.ciamlogin.com.evil.example/keys", false),
            ("https://co(ntoso.ciamlogin.com/keys", false),
            ("https://login.microsoftonline.com/keys", false),
        ] {
            assert_eq!(read(&spec, &issuer, jwks_uri).is_ok(), is_good, "{jwks_uri}");
        }
    }

    #[test]
    fn an_issuer_of_b2c_names_its_own_policy() {
        let spec = |policy: &str| DocumentSpec::B2c {
            base: "https://contoso.b2clogin.com".into(),
            tenant: "contoso.onmicrosoft.com".into(),
            policy: policy.into(),
            accept_tfp: true,
            listed: ListedIssuers::default(),
        };
        let keys = "https://contoso.b2clogin.com/keys";
        for (issuer, is_good) in [
            (format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0/"), true),
            (format!("https://contoso.b2clogin.com/tfp/{TENANT}/B2C_1_edit/v2.0/"), false),
            (format!("https://contoso.b2clogin.com/tfp/{TENANT}/v2.0/"), false),
            (format!("https://contoso.b2clogin.com/x/{TENANT}/B2C_1_susi/v2.0/"), false),
            (format!("https://fabrikam.b2clogin.com/tfp/{TENANT}/B2C_1_susi/v2.0/"), false),
        ] {
            assert_eq!(read(&spec("B2C_1_susi"), &issuer, keys).is_ok(), is_good, "{issuer}");
        }
    }

    #[test]
    fn addresses_of_documents() {
        let host = "https://login.microsoftonline.com";
        assert_eq!(own().address(), format!("{host}/{TENANT}/v2.0/.well-known/openid-configuration"));
        assert_eq!(own().v1_address(), None, "its issuers are known");
        let loopback = "http://127.0.0.1:4000";
        let emulator = Authority::tenant(TENANT.parse().unwrap()).in_instance(Instance::parse(loopback).unwrap());
        let v1 = format!("{loopback}/{TENANT}/.well-known/openid-configuration");
        assert_eq!(document(emulator).v1_address(), Some(v1));
        let with_app = document(Authority::tenant(TENANT.parse().unwrap()).app_specific_keys("a"));
        let query = "?appid=a";
        assert_eq!(with_app.address(), format!("{host}/{TENANT}/v2.0/.well-known/openid-configuration{query}"));
        let shared = document(Authority::danger_any_organization().app_specific_keys("a"));
        assert_eq!(shared.address(), format!("{host}/organizations/v2.0/.well-known/openid-configuration"));
        let with_personal = document(Authority::tenants([TENANT.parse().unwrap(), TenantId::PERSONAL_ACCOUNTS], []));
        assert_eq!(with_personal.address(), format!("{host}/common/v2.0/.well-known/openid-configuration"));
    }

    #[test]
    fn the_issuer_must_be_the_one_that_is_known() {
        let keys = format!("https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys");
        let v2 = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        assert!(read(&own(), &v2(TENANT), &keys).is_ok());
        for issuer in [
            v2(OTHER),
            v2("{tenantid}"),
            format!("{}/", v2(TENANT)),
            format!("https://sts.windows.net/{TENANT}/"),
            format!("https://login.microsoftonline.us/{TENANT}/v2.0"),
            format!("https://evil.example/{TENANT}/v2.0"),
            String::new(),
        ] {
            assert!(read(&own(), &issuer, &keys).is_err(), "{issuer}");
        }
        let shared = document(Authority::danger_any_organization());
        assert!(read(&shared, &v2("{tenantid}"), &keys).is_ok());
        assert!(read(&shared, &v2(TENANT), &keys).is_err());
        let domain = document(Authority::domain("Contoso.example"));
        assert_eq!(read(&domain, &v2(TENANT), &keys).unwrap().tenant(), TENANT.parse().ok());
        assert!(read(&domain, &v2("{tenantid}"), &keys).is_err());
        assert!(read(&domain, &v2(&TenantId::PERSONAL_ACCOUNTS.to_string()), &keys).is_err());
    }

    #[test]
    fn keys_come_from_the_same_cloud() {
        let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
        for (jwks_uri, is_good) in [
            ("https://login.microsoftonline.com/x/keys?appid=a", true),
            ("https://login.windows.net/x/keys", true),
            ("https://login.microsoftonline.us/x/keys", false),
            ("https://login.microsoftonline.com:8443/x/keys", false),
            ("http://login.microsoftonline.com/x/keys", false),
            ("https://evil.example/keys", false),
            ("https://login.microsoftonline.com@evil.example/keys", false),
            ("http://127.0.0.1/keys", false),
            ("file:///etc/passwd", false),
            ("/keys", false),
        ] {
            assert_eq!(read(&own(), &issuer, jwks_uri).is_ok(), is_good, "{jwks_uri}");
        }
    }

    fn listed<const N: usize>(issuers: [&str; N]) -> ListedIssuers {
        issuers.map(Arc::from).into()
    }

    #[test]
    fn an_instance_has_issuers_at_its_own_origin_or_as_listed() {
        let instance = Instance::parse("http://127.0.0.1:4000").unwrap();
        let authority = |listed| {
            let entra = Authority::tenant(TENANT.parse().unwrap()).in_instance(instance.clone()).spec;
            EntraSpec { listed, ..entra }.main_document()
        };
        let keys = "http://127.0.0.1:4000/keys";
        let elsewhere = format!("http://entra:4000/{TENANT}/v2.0");
        let template = ["http://entra:4000/{tenantid}/v2.0"];
        for (listed, issuer, is_good) in [
            (listed([]), format!("http://127.0.0.1:4000/{TENANT}/v2.0"), true),
            (listed([]), format!("http://127.0.0.1:4000/any/{TENANT}/form"), true),
            (listed([]), format!("http://127.0.0.1:4000/{OTHER}/v2.0"), false),
            (listed([]), elsewhere.clone(), false),
            (listed([]), format!("http://127.0.0.1:4001/{TENANT}/v2.0"), false),
            (listed([]), format!("https://127.0.0.1:4000/{TENANT}/v2.0"), false),
            (listed([]), format!("http://127.0.0.1:4000@entra.example/{TENANT}/v2.0"), false),
            (listed([]), format!("http://127.0.0.1:4000.entra.example/{TENANT}/v2.0"), false),
            (listed([]), format!("HTTP://127.0.0.1:4000/{TENANT}/v2.0"), false),
            (listed([&elsewhere]), elsewhere.clone(), true),
            (listed([&elsewhere]), format!("http://127.0.0.1:4000/{TENANT}/v2.0"), true),
            (listed([&elsewhere]), format!("{elsewhere}/"), false),
            (listed(template), elsewhere.clone(), true),
            (listed(template), format!("http://entra:4000/{OTHER}/v2.0"), false),
            (listed(template), format!("http://entra:4000/{TENANT}/"), false),
            (listed(template), format!("http://entra:4001/{TENANT}/v2.0"), false),
        ] {
            let found = read(&authority(listed.clone()), &issuer, keys);
            assert_eq!(found.is_ok(), is_good, "{listed:?} {issuer}: {found:?}");
        }
        let refused = read(&authority(listed([])), &elsewhere, keys).unwrap_err();
        let advice = r#"issuers(["http://entra:4000/{tenantid}/v2.0"]) in code, Issuers in a file"#;
        assert!(refused.contains(advice), "{refused}");
        for host in [
            "login.microsoftonline.com",
            "LOGIN.microsoftonline.com",
            "login.microsoftonline.com.",
            "login.microsoftonline.com:443",
            "x@login.microsoftonline.us",
            "sts.windows.net",
            "sts.chinacloudapi.cn",
            "contoso.b2clogin.com",
            "contoso.ciamlogin.com",
        ] {
            let issuer = format!("https://{host}/{TENANT}/v2.0");
            // Also where a list would allow it: such a list is a mistake of the configuration.
            for listed in [listed([]), listed([&issuer])] {
                let refused = read(&authority(listed), &issuer, keys).unwrap_err();
                assert!(refused.contains("a Microsoft issuer"), "{host}: {refused}");
            }
        }
        let own = format!("http://127.0.0.1:4000/{TENANT}/v2.0");
        assert!(read(&authority(listed([])), &own, "http://127.0.0.1:4001/keys").is_err());
    }

    #[test]
    fn custom_domains_of_b2c_and_external_id_have_issuers_at_their_own_origin() {
        let base = "https://login.contoso.example";
        let b2c = |tenant: &str, listed: ListedIssuers| DocumentSpec::B2c {
            base: base.into(),
            tenant: tenant.into(),
            policy: "B2C_1_susi".into(),
            accept_tfp: false,
            listed,
        };
        let external = |tenant: &str, listed: ListedIssuers| DocumentSpec::ExternalId {
            base: base.into(),
            tenant: tenant.into(),
            version: None,
            listed,
        };
        let domain = "contoso.onmicrosoft.com";
        let mirror = format!("https://id.contoso.example/{TENANT}/v2.0/");
        let other_mirror = format!("https://id.contoso.example/{TENANT}/v2.0");
        let ciam = |tenant: &str| format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
        for (spec, issuer, said) in [
            (b2c(domain, listed([])), format!("{base}/{TENANT}/v2.0/"), None),
            (b2c(domain, listed([])), mirror.clone(), Some("list it exactly")),
            (b2c(domain, listed([&mirror])), mirror.clone(), None),
            (
                b2c(domain, listed([&mirror])),
                format!("https://id.contoso.example/{OTHER}/v2.0/"),
                Some("list it exactly"),
            ),
            (b2c(OTHER, listed([&mirror])), mirror.clone(), Some("is not one with")),
            (
                b2c(TENANT, listed([])),
                format!("https://contoso.b2clogin.com/{TENANT}/v2.0/"),
                Some("a Microsoft issuer"),
            ),
            (external(domain, listed([])), format!("{base}/{TENANT}/v2.0"), None),
            (external(domain, listed([])), ciam(TENANT), Some("configure the tenant's GUID")),
            (external(TENANT, listed([])), ciam(TENANT), None),
            (external(TENANT, listed([])), ciam(OTHER), Some("a Microsoft issuer")),
            (
                external(TENANT, listed([])),
                format!("https://contoso.ciamlogin.com/{TENANT}/v2.0"),
                Some("a Microsoft issuer"),
            ),
            (external(TENANT, listed([])), format!("{base}/{TENANT}/v2.0"), None),
            (
                external(TENANT, listed([])),
                format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                Some("a Microsoft issuer"),
            ),
            (external(TENANT, listed([&other_mirror])), other_mirror.clone(), None),
            (external(TENANT, listed([])), other_mirror.clone(), Some("list it exactly")),
        ] {
            let found = read(&spec, &issuer, &format!("{base}/keys")).err();
            assert_eq!(found.is_some(), said.is_some(), "{spec:?} {issuer}: {found:?}");
            assert!(said.is_none_or(|said| found.as_ref().unwrap().contains(said)), "{issuer}: {found:?}");
        }
        // The v1 issuer follows from that of v2, but for one that is listed.
        for (spec, issuer, versions) in [
            (external(TENANT, listed([])), ciam(TENANT), 2),
            (external(TENANT, listed([&other_mirror])), other_mirror.clone(), 1),
            (external(TENANT, listed([&other_mirror, other_mirror.trim_end_matches("v2.0")])), other_mirror, 2),
        ] {
            let metadata = read(&spec, &issuer, &format!("{base}/keys")).unwrap();
            assert_eq!(issuers(&spec, None, Some(&metadata)).accepted().count(), versions, "{issuer}");
        }
    }

    /// What each of these authorities may name beside the others, which have no document yet.
    #[test]
    fn an_issuer_that_another_authority_could_have_is_refused() {
        fn trusted(authorities: Vec<Authority>) -> Vec<ResolvedAuthority> {
            let config = crate::config::ConfigSettings::default();
            let config = authorities.into_iter().fold(config, |config, mut authority| {
                authority.settings.audiences.push("api://a".to_owned());
                config.authority(authority)
            });
            config.resolve().unwrap().authorities
        }
        let origin = "http://127.0.0.1:4000";
        let at = |base: &str| Instance::parse(base).unwrap();
        let id = |tenant: &str| tenant.parse::<TenantId>().unwrap();
        let entra = |base: &str, tenant: &str| Authority::tenant(id(tenant)).in_instance(at(base));
        let instance = |base: &str, tenant: &str| Authority::from(entra(base, tenant));
        let any = || Authority::from(Authority::danger_any_organization().in_instance(at(origin)));
        let domain = "contoso.onmicrosoft.com";
        let v2 = |tenant: &str| format!("{origin}/{tenant}/v2.0");
        let openid = |issuer: String| Authority::from(Authority::openid_connect(issuer));
        let b2c = |tenant: &str, policy: &str| Authority::from(Authority::b2c_at(origin, tenant, policy));
        let external_at = |base: &str, tenant: &str| Authority::external_id_at(base, tenant);
        for (name, mine, other, issuer, is_good) in [
            ("its own", instance(origin, TENANT), openid(format!("{origin}/realm")), v2(TENANT), true),
            ("an issuer's", instance(origin, TENANT), openid(v2(TENANT)), v2(TENANT), false),
            ("an issuer's among all", any(), openid(v2(TENANT)), v2("{tenantid}"), false),
            ("another tenant's", instance(origin, TENANT), openid(v2(OTHER)), v2(TENANT), true),
            ("in capitals", instance(origin, TENANT), openid(v2(TENANT).replace("v2", "V2")), v2(TENANT), false),
            ("the same instance", instance(origin, TENANT), instance(origin, OTHER), v2(TENANT), true),
            (
                "an instance below it",
                instance(origin, TENANT),
                instance(&format!("{origin}/b"), TENANT),
                format!("{origin}/b/{TENANT}/v2.0"),
                false,
            ),
            (
                "an instance above it",
                instance(&format!("{origin}/b"), TENANT),
                instance(origin, TENANT),
                v2(TENANT),
                false,
            ),
            (
                "listed by another",
                instance(origin, TENANT),
                entra("http://localhost:4000", TENANT).issuers([v2("{tenantid}")]).into(),
                v2(TENANT),
                false,
            ),
            ("B2C's", instance(origin, TENANT), b2c(TENANT, "a"), format!("{}/", v2(TENANT)), false),
            ("B2C's, not known yet", instance(origin, TENANT), b2c(domain, "a"), format!("{}/", v2(TENANT)), false),
            ("beside B2C", instance(origin, TENANT), b2c(domain, "a"), v2(TENANT), true),
            ("External ID's", any(), external_at(origin, TENANT).into(), v2("{tenantid}"), false),
            (
                "External ID's, not known yet",
                instance(origin, TENANT),
                external_at(origin, domain).into(),
                v2(TENANT),
                false,
            ),
            ("another policy", b2c(domain, "b"), b2c(TENANT, "a"), format!("{}/", v2(TENANT)), true),
            ("the same policy", b2c(domain, "a"), b2c(TENANT, "a"), format!("{}/", v2(TENANT)), false),
            (
                "an issuer's, by B2C",
                b2c(domain, "a"),
                openid(format!("{}/", v2(TENANT))),
                format!("{}/", v2(TENANT)),
                false,
            ),
            (
                "an instance's, by External ID",
                external_at(origin, domain).into(),
                instance(origin, TENANT),
                v2(TENANT),
                false,
            ),
            ("beside an instance", external_at(origin, domain).into(), instance(origin, OTHER), v2(TENANT), true),
            (
                "External ID's by its GUID, at Microsoft",
                Authority::external_id("contoso").into(),
                external_at("https://login.contoso.example", TENANT).into(),
                format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
                true,
            ),
            (
                "External ID's at Microsoft, by its GUID",
                external_at("https://login.contoso.example", TENANT).into(),
                Authority::external_id("contoso").into(),
                format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
                false,
            ),
            (
                "two of External ID",
                Authority::external_id("contoso").into(),
                Authority::external_id("fabrikam").into(),
                format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
                true,
            ),
            (
                "two versions of External ID",
                external_at(origin, TENANT).version(TokenVersion::V1).into(),
                external_at(origin, TENANT).version(TokenVersion::V2).into(),
                v2(TENANT),
                true,
            ),
        ] {
            for (number, pair) in [(0, vec![mine.clone(), other.clone()]), (1, vec![other, mine])] {
                let all = trusted(pair);
                let ownership = Ownership::new(&Arc::new(IssuerOwners::new(&all)), number);
                let spec = all[number].source.main_document();
                let keys = format!("{}/keys", spec.origin());
                let document = json!({"issuer": issuer, "jwks_uri": keys}).to_string();
                let found = Metadata::parse(document.as_bytes(), &spec, TokenVersion::V2, &ownership);
                assert_eq!(found.is_ok(), is_good, "{name}, number {number}: {found:?}");
                if let Err(refused) = found {
                    let MetadataError::Foreign(foreign) = &refused else { panic!("{name}: {refused}") };
                    assert_eq!(foreign.owner.as_deref(), Some(&*all[1 - number].name), "{name}: {refused}");
                }
            }
        }
    }

    #[test]
    fn an_issuer_with_the_policy_in_it_stands_as_its_document_has_it() {
        let base = "https://contoso.b2clogin.com";
        let keys = format!("{base}/keys");
        for (issuer, without, with) in [
            (format!("{base}/{TENANT}/v2.0/"), true, true),
            (format!("{base}/{TENANT}/v2.0"), false, false),
            (format!("{base}/tfp/{TENANT}/b2c_1_SUSI/v2.0/"), false, true),
            (format!("{base}/tfp/{TENANT}/B2C_1_susi/v2.0"), false, true),
            (format!("{base}/tfp/{TENANT}/B2C_1_susi/v2.0/v2.0/"), false, false),
            (format!("{base}/tfp/{TENANT}/B2C_1_susi/"), false, false),
            (format!("{base}/tfp/{TENANT}/B2C_1_edit/v2.0/"), false, false),
            (format!("{base}/tfp/{OTHER}/B2C_1_susi/v2.0/"), false, false),
            (format!("https://fabrikam.b2clogin.com/tfp/{TENANT}/B2C_1_susi/v2.0"), false, false),
        ] {
            for (accept_tfp, is_good) in [(false, without), (true, with)] {
                let (base, tenant, policy) = (base.to_owned(), TENANT.to_owned(), "B2C_1_susi".to_owned());
                let spec = DocumentSpec::B2c { base, tenant, policy, accept_tfp, listed: ListedIssuers::default() };
                assert_eq!(read(&spec, &issuer, &keys).is_ok(), is_good, "{issuer}, {accept_tfp}");
            }
        }
    }

    #[test]
    fn documents_that_are_no_metadata() {
        for document in
            ["", "[]", "{}", "<html>", r#"{"issuer":1,"jwks_uri":"x"}"#, r#"{"issuer":null,"jwks_uri":null}"#]
        {
            assert!(Metadata::parse(document.as_bytes(), &own(), TokenVersion::V2, &Ownership::default()).is_err());
        }
    }
}

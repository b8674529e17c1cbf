//! Metadata documents (§1.4, §1.5): issuer, address of the keys, cloud. What a document says is held against what is
//! known before any of it is used.

use serde::Deserialize;

use crate::{
    authority::{DocumentOwner, DocumentSpec},
    tenant::{Cloud, IssuerTemplate, TenantId, check_address},
};

/// What a metadata document says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) issuer: IssuerTemplate,
    pub(crate) jwks_uri: String,
    /// `None` if missing or blank.
    pub(crate) cloud: Option<String>,
}

/// Which of an instance's two kinds of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Metadata {
    /// Reads a document and holds it to `spec`.
    ///
    /// # Errors
    ///
    /// Says what is wrong, with the value found and the one expected.
    pub(crate) fn parse(document: &[u8], spec: &DocumentSpec, version: Version) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Raw {
            issuer: String,
            jwks_uri: String,
            cloud_instance_name: Option<String>,
        }

        let raw: Raw = serde_json::from_slice(document)
            .map_err(|_| "it is no metadata document: a JSON object with texts issuer and jwks_uri".to_owned())?;
        let issuer = check_issuer(&raw.issuer, spec, version)?;
        check_jwks_uri(&raw.jwks_uri, spec)?;
        let cloud = raw.cloud_instance_name.filter(|name| !name.trim().is_empty());
        if let (Some(expected), Some(found)) = (spec.instance.cloud().and_then(Cloud::instance_name), &cloud)
            && expected != found
        {
            return Err(format!("its cloud_instance_name is {found:?}, not {expected:?}"));
        }
        Ok(Self { issuer, jwks_uri: raw.jwks_uri, cloud })
    }
}

/// A shared document has the placeholder, a tenant's own that tenant; at a Microsoft cloud the rest is known.
fn check_issuer(found: &str, spec: &DocumentSpec, version: Version) -> Result<IssuerTemplate, String> {
    let issuer = IssuerTemplate::parse(found).ok_or_else(|| {
        format!("its issuer {found:?} names no tenant and has no {{tenantid}} in a segment of its path")
    })?;
    let known = spec.instance.cloud().and_then(|cloud| match version {
        Version::V1 => cloud.v1_issuer(),
        Version::V2 => Some(cloud.v2_issuer()),
    });
    if let Some(known) = known
        && !issuer.same_form(&known)
    {
        return Err(format!("its issuer is {found:?}, not {:?}", known.to_string()));
    }
    let expected: Option<TenantId> = match &spec.owner {
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
        return Err(format!("its issuer is {found:?}, which is not one with {expected}"));
    }
    Ok(issuer)
}

/// Keys are fetched from the origin of the document, or from a host of the same cloud: never from where else a document
/// points to.
fn check_jwks_uri(found: &str, spec: &DocumentSpec) -> Result<(), String> {
    let address =
        check_address(found).map_err(|problem| format!("its jwks_uri {found:?} may not be fetched: {problem}"))?;
    let base = check_address(spec.instance.base()).map_err(|problem| problem.to_string())?;
    let is_same_cloud = spec.instance.cloud().is_some_and(|cloud| {
        Cloud::from_host(&address.host) == Some(cloud) && address.origin == format!("https://{}", address.host)
    });
    if address.origin == base.origin || is_same_cloud {
        Ok(())
    } else {
        Err(format!("its jwks_uri {found:?} is at another origin than {}", base.origin))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{authority::Authority, tenant::Instance};

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    const OTHER: &str = "22222222-3333-4444-5555-666666666666";

    fn read(spec: &DocumentSpec, issuer: &str, jwks_uri: &str) -> Result<Metadata, String> {
        let document = json!({"issuer": issuer, "jwks_uri": jwks_uri, "extra": [1]}).to_string();
        Metadata::parse(document.as_bytes(), spec, Version::V2)
    }

    fn own() -> DocumentSpec {
        Authority::tenant(TENANT.parse().unwrap()).main_document()
    }

    #[test]
    fn addresses_of_documents() {
        let host = "https://login.microsoftonline.com";
        assert_eq!(own().v2_metadata(), format!("{host}/{TENANT}/v2.0/.well-known/openid-configuration"));
        assert_eq!(own().v1_metadata(), format!("{host}/{TENANT}/.well-known/openid-configuration"));
        let with_app = Authority::tenant(TENANT.parse().unwrap()).app_specific_keys("a").main_document();
        let query = "?appid=a";
        assert_eq!(with_app.v2_metadata(), format!("{host}/{TENANT}/v2.0/.well-known/openid-configuration{query}"));
        let shared = Authority::danger_any_organization().app_specific_keys("a").main_document();
        assert_eq!(shared.v2_metadata(), format!("{host}/organizations/v2.0/.well-known/openid-configuration"));
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
        let shared = Authority::danger_any_organization().main_document();
        assert!(read(&shared, &v2("{tenantid}"), &keys).is_ok());
        assert!(read(&shared, &v2(TENANT), &keys).is_err());
        let domain = Authority::domain("Contoso.example").main_document();
        assert_eq!(read(&domain, &v2(TENANT), &keys).unwrap().issuer.tenant(), TENANT.parse().ok());
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

    #[test]
    fn an_emulator_says_who_it_is() {
        let instance = Instance::parse("http://127.0.0.1:4000").unwrap();
        let spec = Authority::tenant(TENANT.parse().unwrap()).in_instance(instance).main_document();
        let keys = "http://127.0.0.1:4000/keys";
        assert!(read(&spec, &format!("http://127.0.0.1:4000/{TENANT}/v2.0"), keys).is_ok());
        assert!(read(&spec, &format!("http://127.0.0.1:4000/{OTHER}/v2.0"), keys).is_err());
        assert!(read(&spec, &format!("http://127.0.0.1:4000/{TENANT}/v2.0"), "http://127.0.0.1:4001/keys").is_err());
    }

    #[test]
    fn documents_that_are_no_metadata() {
        for document in
            ["", "[]", "{}", "<html>", r#"{"issuer":1,"jwks_uri":"x"}"#, r#"{"issuer":null,"jwks_uri":null}"#]
        {
            assert!(Metadata::parse(document.as_bytes(), &own(), Version::V2).is_err());
        }
    }
}

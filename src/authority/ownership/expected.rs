use super::{forms, rule::is_listed};
use crate::{
    authority::{DocumentSpec, ListedIssuers},
    tenant::{HttpsUrl, MicrosoftHost, TenantId},
};

/// The issuers that an authority may have whose metadata is not loaded. Only tokens of these cause a fetch.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedIssuer {
    form: ExpectedForm,
    /// Issuers that are listed in the configuration.
    listed: ListedIssuers,
}

#[derive(Clone, Debug)]
enum ExpectedForm {
    /// At this origin.
    Origin(String),
    /// Of Azure AD B2C at this base URL, of this tenant if it is known (`docs/entra.md`, "Azure AD B2C").
    B2c { base: String, tenant: Option<TenantId> },
    /// At this origin, or the usual one of a tenant of External ID, of this tenant if it is known (`docs/entra.md`,
    /// "External ID").
    ExternalId { origin: String, tenant: Option<TenantId> },
}

impl ExpectedIssuer {
    /// `None` if the issuers are known without metadata.
    pub(crate) fn of(spec: &DocumentSpec) -> Option<Self> {
        let origin = |base: &str| HttpsUrl::parse(base).map(|address| address.origin).unwrap_or_default();
        let form = match spec {
            DocumentSpec::Entra { instance, .. } if instance.cloud().is_none() => {
                ExpectedForm::Origin(origin(instance.base()))
            }
            DocumentSpec::B2c { base, .. } => ExpectedForm::B2c { base: origin(base), tenant: spec.tenant() },
            DocumentSpec::ExternalId { base, .. } => {
                ExpectedForm::ExternalId { origin: origin(base), tenant: spec.tenant() }
            }
            DocumentSpec::Entra { .. } | DocumentSpec::OpenIdConnect { .. } | DocumentSpec::Static { .. } => {
                return None;
            }
        };
        Some(Self { form, listed: spec.listed().into() })
    }

    /// Whether `issuer`, of a token that is not verified, may be one of the authority.
    pub(crate) fn may_be(&self, issuer: &str) -> bool {
        let is_at = |origin: &str| issuer.strip_prefix(origin).is_some_and(|path| path.starts_with('/'));
        let is_expected = match &self.form {
            ExpectedForm::Origin(origin) => is_at(origin),
            ExpectedForm::B2c { base, tenant } => forms::b2c_parts(issuer)
                .is_some_and(|(at, named, _)| at == base && tenant.is_none_or(|tenant| tenant == named)),
            ExpectedForm::ExternalId { origin, tenant } => {
                let named = MicrosoftHost::external_id_tenant(issuer);
                is_at(origin) || named.is_some_and(|named| tenant.is_none_or(|tenant| tenant == named))
            }
        };
        is_expected || is_listed(&self.listed, issuer)
    }

    /// The base URL, for Azure AD B2C.
    pub(crate) fn b2c_base(&self) -> Option<&str> {
        match &self.form {
            ExpectedForm::B2c { base, .. } => Some(base),
            ExpectedForm::Origin(_) | ExpectedForm::ExternalId { .. } => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{authority::DocumentOwner, tenant::Instance};

    const A: &str = "11111111-2222-3333-4444-555555555555";
    const B: &str = "22222222-3333-4444-5555-666666666666";

    #[test]
    fn issuer_is_expected_at_the_configured_origin_or_listed() {
        let ciam = |tenant: &str| {
            ExpectedIssuer::of(&DocumentSpec::ExternalId {
                base: "https://contoso.ciamlogin.com".into(),
                tenant: tenant.into(),
                version: None,
                listed: ListedIssuers::default(),
            })
            .unwrap()
        };
        let b2c = |tenant: &str| {
            ExpectedIssuer::of(&DocumentSpec::B2c {
                base: "https://contoso.b2clogin.com".into(),
                tenant: tenant.into(),
                policy: "B2C_1_susi".into(),
                accept_tfp: false,
                listed: ListedIssuers::default(),
            })
            .unwrap()
        };
        let instance = ExpectedIssuer::of(&DocumentSpec::Entra {
            instance: Instance::parse("http://localhost:4000").unwrap(),
            owner: DocumentOwner::Shared("organizations"),
            app_id: None,
            version: None,
            listed: ["http://127.0.0.1:4000/{tenantid}/v2.0".into()].into(),
        })
        .unwrap();
        for (expected, issuer, fits) in [
            (&b2c("contoso.onmicrosoft.com"), format!("https://contoso.b2clogin.com/{A}/v2.0/"), true),
            (&b2c(A), format!("https://contoso.b2clogin.com/{A}/v2.0/"), true),
            (&b2c(A), format!("https://contoso.b2clogin.com/{B}/v2.0/"), false),
            (&b2c(A), format!("https://contoso.b2clogin.com/tfp/{A}/any/v2.0/"), true),
            (&b2c(A), format!("https://contoso.b2clogin.com/tfp/{A}/any/v2.0"), true),
            (&b2c(A), format!("https://contoso.b2clogin.com/{A}/v2.0"), false),
            (&b2c(A), format!("https://contoso.b2clogin.com/{A}/v2.0//"), false),
            (&b2c(A), "https://contoso.b2clogin.com/x/v2.0/".into(), false),
            (&b2c(A), format!("https://contoso.b2clogin.com.evil.example/{A}/v2.0/"), false),
            (&b2c(A), format!("https://fabrikam.b2clogin.com/{A}/v2.0/"), false),
            (&instance, format!("http://localhost:4000/{A}/v2.0"), true),
            (&instance, "http://localhost:4000/any".into(), true),
            (&instance, format!("http://127.0.0.1:4000/{A}/v2.0"), true),
            (&instance, format!("http://127.0.0.1:4000/{A}/"), false),
            (&instance, format!("http://localhost:40001/{A}/v2.0"), false),
            (&instance, format!("https://login.microsoftonline.com/{A}/v2.0"), false),
            (&ciam("contoso.onmicrosoft.com"), format!("https://{A}.ciamlogin.com/{A}/v2.0"), true),
            (&ciam(A), format!("https://{A}.ciamlogin.com/{A}/v2.0"), true),
            (&ciam(A), format!("https://{B}.ciamlogin.com/{B}/v2.0"), false),
            (&ciam(A), format!("https://contoso.ciamlogin.com/{A}/v2.0"), true),
            (&ciam(A), "https://fabrikam.ciamlogin.com/x/v2.0".into(), false),
            (&ciam(A), format!("https://login.microsoftonline.com/{A}/v2.0"), false),
        ] {
            assert_eq!(expected.may_be(&issuer), fits, "{expected:?} {issuer}");
        }
    }
}

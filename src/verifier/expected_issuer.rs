//! What the issuer of a token tells without metadata: whether it may belong to an authority whose metadata is not loaded, so
//! that only such tokens cause a fetch, and the policy of a token of Azure AD B2C.

use crate::{
    authority::{DocumentSpec, ListedIssuers, is_listed},
    claims::{json, payload::Payload},
    tenant::{HttpsUrl, MicrosoftHost, TenantId, split_origin},
};

/// What the configuration says of the issuers of an authority.
#[derive(Clone, Debug)]
pub(super) struct ExpectedIssuer {
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
    /// At this origin, or of External ID, of this tenant if it is known (`docs/entra.md`,
    /// "External ID").
    ExternalId { origin: String, tenant: Option<TenantId> },
}

impl ExpectedIssuer {
    /// `None` if the issuers are known without metadata.
    pub(super) fn of(spec: &DocumentSpec) -> Option<Self> {
        let origin = |base: &str| HttpsUrl::parse(base).map(|address| address.origin).unwrap_or_default();
        let (form, listed) = match spec {
            DocumentSpec::Entra { instance, listed, .. } if instance.cloud().is_none() => {
                (ExpectedForm::Origin(origin(instance.base())), listed)
            }
            DocumentSpec::B2c { base, listed, .. } => {
                (ExpectedForm::B2c { base: origin(base), tenant: spec.tenant() }, listed)
            }
            DocumentSpec::ExternalId { base, listed, .. } => {
                (ExpectedForm::ExternalId { origin: origin(base), tenant: spec.tenant() }, listed)
            }
            _ => return None,
        };
        Some(Self { form, listed: listed.clone() })
    }

    pub(super) fn fits(&self, issuer: &str) -> bool {
        let is_at = |origin: &str| issuer.strip_prefix(origin).is_some_and(|path| path.starts_with('/'));
        let fits = match &self.form {
            ExpectedForm::Origin(origin) => is_at(origin),
            ExpectedForm::B2c { base, tenant } => {
                b2c_form(issuer).is_some_and(|(at, named, _)| at == base && tenant.is_none_or(|tenant| tenant == named))
            }
            ExpectedForm::ExternalId { origin, tenant } => {
                let named = MicrosoftHost::external_id_tenant(issuer);
                is_at(origin) || named.is_some_and(|named| tenant.is_none_or(|tenant| tenant == named))
            }
        };
        fits || is_listed(&self.listed, issuer)
    }

    /// The base URL, for Azure AD B2C.
    pub(super) fn b2c_base(&self) -> Option<&str> {
        match &self.form {
            ExpectedForm::B2c { base, .. } => Some(base),
            ExpectedForm::Origin(_) | ExpectedForm::ExternalId { .. } => None,
        }
    }
}

/// Base, tenant and policy of an issuer of Azure AD B2C: `{base}/{tenant}/v2.0/`, or with the policy in it
/// `{base}/tfp/{tenant}/{policy}/v2.0/`, with or without the trailing slash (`docs/entra.md`, "Azure AD B2C").
pub(super) fn b2c_form(issuer: &str) -> Option<(&str, TenantId, Option<&str>)> {
    let (base, path) = split_origin(issuer)?;
    let segments: Vec<&str> = path[1..].split('/').take(6).collect();
    let (tenant, policy) = match segments.as_slice() {
        [tenant, "v2.0", ""] => (tenant, None),
        ["tfp", tenant, policy, "v2.0"] | ["tfp", tenant, policy, "v2.0", ""] => (tenant, Some(*policy)),
        _ => return None,
    };
    Some((base, TenantId::from_canonical(tenant)?, policy))
}

/// The policy of a token, in lower case (`docs/entra.md`, "Azure AD B2C").
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PolicyName {
    /// By `tfp`, else `acr`.
    Claimed(String),
    /// Only in the issuer.
    OfIssuer(String),
    None,
}

impl PolicyName {
    pub(super) fn of(payload: &Payload, issuer: &str) -> Self {
        // A claim that is not a string names no policy, and the next one is not tried.
        let text = |raw| json::string(raw).unwrap_or_default().to_ascii_lowercase();
        if let Some(claimed) = payload.raw("tfp").or_else(|| payload.raw("acr")) {
            return Self::Claimed(text(claimed));
        }
        match b2c_form(issuer) {
            Some((_, _, Some(policy))) => Self::OfIssuer(policy.to_ascii_lowercase()),
            _ => Self::None,
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
    fn issuers_that_may_be_meant() {
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
            assert_eq!(expected.fits(&issuer), fits, "{expected:?} {issuer}");
        }
    }
}

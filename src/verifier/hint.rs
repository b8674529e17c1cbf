//! What an issuer must look like before its metadata has told it, so that not every token asks every authority.

use crate::{
    authority::DocumentSpec,
    tenant::{TenantId, check_address},
};

/// What is known of an issuer beforehand.
#[derive(Clone, Debug)]
pub(super) enum Hint {
    /// It is at this origin (§1.8).
    Origin(String),
    /// It is at this origin, or one of External ID's own, of this tenant if that is known (§1.9).
    ExternalId { origin: String, tenant: Option<TenantId> },
}

impl Hint {
    /// `None` where it may be anything.
    pub(super) fn of(spec: &DocumentSpec) -> Option<Self> {
        let origin = |base: &str| check_address(base).map(|address| address.origin).unwrap_or_default();
        match spec {
            DocumentSpec::B2c { base, .. } => Some(Self::Origin(origin(base))),
            DocumentSpec::ExternalId { base, .. } => {
                Some(Self::ExternalId { origin: origin(base), tenant: spec.tenant() })
            }
            _ => None,
        }
    }

    pub(super) fn fits(&self, issuer: &str) -> bool {
        let is_at = |origin: &str| issuer.strip_prefix(origin).is_some_and(|path| path.starts_with('/'));
        match self {
            Self::Origin(origin) => is_at(origin),
            Self::ExternalId { origin, tenant } => {
                let name = issuer.strip_prefix("https://").and_then(|rest| rest.split_once(".ciamlogin.com/"));
                let named = name.and_then(|(name, _)| TenantId::from_canonical(name));
                is_at(origin) || named.is_some_and(|named| tenant.is_none_or(|tenant| tenant == named))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const A: &str = "11111111-2222-3333-4444-555555555555";
    const B: &str = "22222222-3333-4444-5555-666666666666";

    #[test]
    fn issuers_that_may_be_meant() {
        let ciam = |tenant: &str| {
            Hint::of(&DocumentSpec::ExternalId {
                base: "https://contoso.ciamlogin.com".into(),
                tenant: tenant.into(),
                version: None,
            })
            .unwrap()
        };
        let b2c = Hint::Origin("https://contoso.b2clogin.com".into());
        for (hint, issuer, fits) in [
            (&b2c, format!("https://contoso.b2clogin.com/{A}/v2.0/"), true),
            (&b2c, format!("https://contoso.b2clogin.com.evil.example/{A}/v2.0/"), false),
            (&b2c, format!("https://fabrikam.b2clogin.com/{A}/v2.0/"), false),
            (&ciam("contoso.onmicrosoft.com"), format!("https://{A}.ciamlogin.com/{A}/v2.0"), true),
            (&ciam(A), format!("https://{A}.ciamlogin.com/{A}/v2.0"), true),
            (&ciam(A), format!("https://{B}.ciamlogin.com/{B}/v2.0"), false),
            (&ciam(A), format!("https://contoso.ciamlogin.com/{A}/v2.0"), true),
            (&ciam(A), "https://fabrikam.ciamlogin.com/x/v2.0".into(), false),
            (&ciam(A), format!("https://login.microsoftonline.com/{A}/v2.0"), false),
        ] {
            assert_eq!(hint.fits(&issuer), fits, "{hint:?} {issuer}");
        }
    }
}

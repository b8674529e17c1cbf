use std::{fmt, sync::Arc};

use crate::{
    claims::TokenVersion,
    tenant::{IssuerTemplate, TenantId},
};

/// Issuers that a configuration lists exactly, some with the placeholder `{tenantid}`.
pub(crate) type ListedIssuers = Arc<[Arc<str>]>;

/// The issuer with its trailing slash added or removed.
pub(crate) fn other_spelling(issuer: &str) -> String {
    issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned)
}

/// The issuers of an authority's tokens, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Issuers(Vec<Issuer>);

/// An issuer of an authority's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    pub(crate) version: TokenVersion,
    pub(crate) form: IssuerForm,
    /// Its tokens are accepted. The form of one that is not accepted still decides which keys are authorized.
    pub(crate) accepted: bool,
}

/// The form of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IssuerForm {
    /// One issuer per tenant.
    Template(IssuerTemplate),
    /// This string alone, and the tenant that it belongs to.
    Exact { text: Arc<str>, tenant: Option<TenantId> },
}

impl IssuerForm {
    /// This string alone, without a tenant.
    pub(crate) fn exact(text: &Arc<str>) -> Self {
        Self::Exact { text: Arc::clone(text), tenant: None }
    }
}

impl Issuers {
    /// The issuers of the version `accepted` are accepted, or of both versions if that is `None`.
    pub(crate) fn new(
        issuers: impl IntoIterator<Item = (TokenVersion, IssuerForm)>,
        accepted: Option<TokenVersion>,
    ) -> Self {
        let issuer = |(version, form)| Issuer { version, form, accepted: accepted.is_none_or(|only| only == version) };
        Self(issuers.into_iter().map(issuer).collect())
    }

    /// All issuers, including those whose tokens are not accepted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Issuer> {
        self.0.iter()
    }

    /// The issuers whose tokens are accepted.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &Issuer> {
        self.0.iter().filter(|issuer| issuer.accepted)
    }

    /// Whether a key with the issuer `text` (JWKS member `issuer`), parsed as `template`, is authorized for `tenant`
    /// (`docs/entra.md`, "Signing key issuer"): it has the form of the v2 issuer where that is known, for v1 tokens too.
    pub(crate) fn is_of_key(&self, text: &str, template: Option<&IssuerTemplate>, tenant: Option<TenantId>) -> bool {
        let newest = |issuer: &&Issuer| issuer.version == TokenVersion::V2;
        let Some(own) = self.0.iter().find(newest).or(self.0.first()) else { return false };
        match (&own.form, template, tenant) {
            (IssuerForm::Template(own), Some(template), Some(tenant)) => {
                template.same_form(own) && template.is_for_tenant(tenant)
            }
            (IssuerForm::Template(_), ..) => false,
            (IssuerForm::Exact { text: own, .. }, Some(template), Some(tenant)) => template.matches(own, tenant),
            (IssuerForm::Exact { text: own, .. }, ..) => **own == *text,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The accepted issuers, for a message; `None` if there are none.
    pub(crate) fn to_text(&self) -> Option<Arc<str>> {
        let mut known: Vec<String> = Vec::new();
        for issuer in self.accepted().map(ToString::to_string) {
            // Of two spellings only the first is shown, which is the configured one.
            if !known.contains(&other_spelling(&issuer)) {
                known.push(issuer);
            }
        }
        (!known.is_empty()).then(|| known.join(" or ").into())
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            IssuerForm::Template(template) => template.fmt(f),
            IssuerForm::Exact { text, .. } => f.write_str(text),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const A: &str = "11111111-2222-3333-4444-555555555555";
    const B: &str = "22222222-3333-4444-5555-666666666666";

    fn entra(accepted: Option<TokenVersion>) -> Issuers {
        let template = |text| IssuerForm::Template(IssuerTemplate::parse(text).unwrap());
        Issuers::new(
            [
                (TokenVersion::V2, template("https://login.microsoftonline.com/{tenantid}/v2.0")),
                (TokenVersion::V1, template("https://sts.windows.net/{tenantid}/")),
            ],
            accepted,
        )
    }

    fn exact(text: &str, tenant: Option<&str>) -> Issuers {
        let tenant = tenant.map(|tenant| tenant.parse().unwrap());
        Issuers::new([(TokenVersion::V2, IssuerForm::Exact { text: text.into(), tenant })], None)
    }

    #[test]
    fn issuers_of_versions_that_are_not_accepted_are_omitted() {
        use TokenVersion::{V1, V2};
        for (only, versions) in [(None, vec![V2, V1]), (Some(V1), vec![V1]), (Some(V2), vec![V2])] {
            let issuers = entra(only);
            assert_eq!(issuers.accepted().map(|issuer| issuer.version).collect::<Vec<_>>(), versions, "{only:?}");
        }
    }

    #[test]
    fn key_is_authorized_only_for_its_own_issuer() {
        let holds = |issuers: &Issuers, key: &str, tenant: Option<&str>| {
            let tenant = tenant.map(|tenant| tenant.parse().unwrap());
            issuers.is_of_key(key, IssuerTemplate::parse(key).as_ref(), tenant)
        };
        let v2 = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        for only in [None, Some(TokenVersion::V1), Some(TokenVersion::V2)] {
            assert!(holds(&entra(only), &v2("{tenantid}"), Some(A)));
            assert!(holds(&entra(only), &v2(A), Some(A)));
            assert!(!holds(&entra(only), &v2(B), Some(A)));
            assert!(!holds(&entra(only), &v2(A), None));
            assert!(!holds(&entra(only), "https://sts.windows.net/{tenantid}/", Some(A)));
        }
        let ciam = exact(&format!("https://{A}.ciamlogin.com/{A}/v2.0"), Some(A));
        assert!(holds(&ciam, &format!("https://{A}.ciamlogin.com/{A}/v2.0"), Some(A)));
        assert!(holds(&ciam, &format!("https://{A}.ciamlogin.com/{{tenantid}}/v2.0"), Some(A)));
        assert!(!holds(&ciam, &format!("https://{B}.ciamlogin.com/{B}/v2.0"), Some(A)));
        let okta = exact("https://id.example/oauth2/default", None);
        assert!(holds(&okta, "https://id.example/oauth2/default", None));
        assert!(!holds(&okta, "https://id.example/oauth2/other", None));
        assert!(!holds(&Issuers::default(), "https://id.example", None));
    }
}

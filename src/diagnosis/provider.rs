use serde::Serialize;

use crate::tenant::MicrosoftHost;

/// The product that issues tokens, as far as the advice for it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Provider {
    /// Microsoft Entra ID.
    Entra,
    /// Azure AD B2C.
    B2c,
    /// Microsoft Entra External ID.
    ExternalId,
    /// Active Directory Federation Services.
    AdFs,
    /// Keycloak.
    Keycloak,
    /// Auth0.
    Auth0,
    /// Okta.
    Okta,
    /// Amazon Cognito.
    Cognito,
    /// GitHub Actions.
    GithubActions,
    /// Any other OpenID Connect provider.
    Other,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 10] = [
        Self::Entra,
        Self::B2c,
        Self::ExternalId,
        Self::AdFs,
        Self::Keycloak,
        Self::Auth0,
        Self::Okta,
        Self::Cognito,
        Self::GithubActions,
        Self::Other,
    ];

    /// Recognises a provider by the address of its issuer; `None` for a text that is not an address.
    pub(super) fn of_issuer(issuer: &str) -> Option<Self> {
        let (host, path) = host_and_path(issuer)?;
        let name = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
        let has_label = |label: &str| name.split('.').any(|part| part == label);
        Some(match MicrosoftHost::of(&name) {
            Some(MicrosoftHost::Login(_) | MicrosoftHost::Issuer) => Self::Entra,
            Some(MicrosoftHost::B2c) => Self::B2c,
            Some(MicrosoftHost::ExternalId) => Self::ExternalId,
            None if name == "token.actions.githubusercontent.com" => Self::GithubActions,
            None if name.starts_with("cognito-idp.") => Self::Cognito,
            None if has_label("auth0") => Self::Auth0,
            None if ["okta", "oktapreview", "okta-emea"].into_iter().any(has_label) => Self::Okta,
            None if path.contains("/realms/") => Self::Keycloak,
            None if path.starts_with("/adfs") => Self::AdFs,
            None if path.starts_with("/oauth2/") => Self::Okta,
            None => Self::Other,
        })
    }

    /// Whether an app registration of Microsoft's describes the API: with App ID URI, scopes, app roles and `.default`.
    pub(super) const fn has_registrations(self) -> bool {
        matches!(self, Self::Entra | Self::ExternalId)
    }
}

/// The host, with its port, and the path of an `https` or `http` address.
pub(super) fn host_and_path(address: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let at = rest.find('/').unwrap_or(rest.len());
    Some(rest.split_at(at)).filter(|(host, _)| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_recognised_by_their_issuers() {
        for (issuer, provider) in [
            ("https://login.microsoftonline.us/x/v2.0", Some(Provider::Entra)),
            ("https://sts.windows.net/x/", Some(Provider::Entra)),
            ("https://sts.chinacloudapi.cn/x/", Some(Provider::Entra)),
            ("https://contoso.b2clogin.com/x/v2.0/", Some(Provider::B2c)),
            ("https://x.ciamlogin.com/x/v2.0", Some(Provider::ExternalId)),
            ("http://adfs.contoso.example/adfs/services/trust", Some(Provider::AdFs)),
            ("http://localhost:8080/realms/main", Some(Provider::Keycloak)),
            ("https://contoso.eu.auth0.com/", Some(Provider::Auth0)),
            ("https://contoso.okta.com", Some(Provider::Okta)),
            ("https://login.contoso.example/oauth2/default", Some(Provider::Okta)),
            ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x", Some(Provider::Cognito)),
            ("https://token.actions.githubusercontent.com", Some(Provider::GithubActions)),
            ("https://notokta.example/", Some(Provider::Other)),
            ("https://login.microsoftonline.com.evil.example/", Some(Provider::Other)),
            ("urn:contoso", None),
            ("https://", None),
        ] {
            assert_eq!(Provider::of_issuer(issuer), provider, "{issuer}");
        }
    }
}

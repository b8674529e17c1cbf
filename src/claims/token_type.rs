use super::{Claims, TokenVersion, json, payload::StringClaim};
use crate::tenant::{CHINA_V1_HOST, Cloud, TenantId, after_https, split_origin};

/// How the application that requested a token authenticated ([`azpacr`, in v1 tokens
/// `appidacr`](crate::guide::entra#client-application-claims)). A stronger proof is greater.
///
/// ```
/// use tower_entra::claims::ClientProof;
///
/// assert!(ClientProof::None < ClientProof::Secret && ClientProof::Secret < ClientProof::Certificate);
/// ```
///
/// Required of one application:
///
/// ```
/// use tower_entra::{Requirement, claims::ClientProof};
///
/// let batch = Requirement::client_with("77777777-8888-9999-0000-111111111111", ClientProof::Certificate);
/// assert_eq!(batch.to_string(), "client 77777777-8888-9999-0000-111111111111 with a certificate");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientProof {
    /// Not at all: a public client, whose ID anybody can use.
    None,
    /// With a secret.
    Secret,
    /// With a certificate, or a federated credential.
    Certificate,
}

/// The claim [`idtyp`](crate::guide::entra#the-idtyp-claim). It is optional: use [`is_app_only`](Claims::is_app_only) to tell
/// applications from users, which works without it.
///
/// ```
/// use tower_entra::{Claims, claims::TokenType};
///
/// fn is_a_device(claims: &Claims) -> bool {
///     claims.token_type() == Some(TokenType::Device)
/// }
/// ```
///
/// For a log:
///
/// ```
/// use tower_entra::{Claims, claims::TokenType};
///
/// fn caller(claims: &Claims) -> &'static str {
///     match claims.token_type() {
///         Some(TokenType::User) => "a user",
///         Some(TokenType::App) => "an application",
///         Some(_) => "something else",
///         None => if claims.is_app_only() { "an application" } else { "a user" },
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// `app`: an application without a user.
    App,
    /// `user`.
    User,
    /// `device`.
    Device,
    /// Any other value.
    Other,
}

impl Claims {
    /// The claim `idtyp`, if the token has it.
    #[must_use]
    pub fn token_type(&self) -> Option<TokenType> {
        Some(match self.payload().string(StringClaim::TokenType)? {
            "app" => TokenType::App,
            "user" => TokenType::User,
            "device" => TokenType::Device,
            _ => TokenType::Other,
        })
    }

    /// How the application that requested the token authenticated. `None` if the token has no such claim, or one with an
    /// unknown value.
    #[must_use]
    pub fn client_proof(&self) -> Option<ClientProof> {
        match self.client_authentication()? {
            "0" => Some(ClientProof::None),
            "1" => Some(ClientProof::Secret),
            "2" => Some(ClientProof::Certificate),
            _ => None,
        }
    }

    /// Whether the client declares that it understands [claims challenges](crate::guide::entra#claims-challenges): `cp1`
    /// among its [`client_capabilities`](Self::client_capabilities), ignoring case.
    #[must_use]
    pub fn understands_claims_challenges(&self) -> bool {
        self.client_capabilities().any(|capability| capability.eq_ignore_ascii_case("cp1"))
    }

    /// Whether the user is a guest in the tenant that issued the token ([token and
    /// subject](crate::guide::entra#token-and-subject)). `None` if the token does not tell.
    ///
    /// - `acct` is stated by the directory and takes precedence: 0 is a member, 1 a guest, as a number or a string. With any
    ///   other value the result is `None`. It is an optional claim: switch it on, since it alone tells guests who sign in at
    ///   this tenant, and members who sign in elsewhere.
    /// - Without it, `idp` is the identity provider that authenticated the user. Entra leaves it out, or repeats the issuer,
    ///   unless the account's home is elsewhere. So if it is absent, or an address of the same tenant, the user is a member; if
    ///   it is anything else (another tenant, `live.com`, `mail`, `google.com`), a guest. It is a v1 address
    ///   (`https://sts.windows.net/{tid}/`) in v2 tokens too, so it is compared with the issuer by host and tenant.
    /// - `None` for a token without a user, and for one of the tenant of all personal accounts, which has no guests.
    /// - Only Entra and External ID have guests: at one of Microsoft's hosts, or at another that is configured with the GUIDs
    ///   of its tenants. `None` for all tokens of Azure AD B2C and of other OpenID Connect issuers.
    #[must_use]
    pub fn is_guest(&self) -> Option<bool> {
        let tenant = self.tenant_id().filter(|tenant| *tenant != TenantId::PERSONAL_ACCOUNTS)?;
        if self.is_app_only() || !self.directory().membership {
            return None;
        }
        match self.payload().raw("acct") {
            Some("0" | "\"0\"") => Some(false),
            Some("1" | "\"1\"") => Some(true),
            Some(_) => None,
            None => match self.payload().raw("idp").map(json::string) {
                None => Some(false),
                Some(Some(provider)) => Some(!is_same_home(&provider, self.issuer(), tenant)),
                Some(None) => None,
            },
        }
    }

    /// Where to sign in for this token's cloud (`authorization_uri`; `docs/entra.md`, "Claims challenges"), if it is
    /// one of Microsoft's.
    pub(crate) fn authorization_uri(&self) -> Option<String> {
        let cloud = self.facts().authority.cloud?;
        Some(format!("https://{}/common/oauth2/authorize", cloud.login_host()))
    }

    /// The application ID of this API, if `aud` is that: in v2 tokens (`docs/entra.md`, "Audiences").
    pub(crate) fn audience_id(&self) -> Option<&str> {
        let mut audiences = self.audiences();
        let first = audiences.next().filter(|audience| audience.parse::<TenantId>().is_ok())?;
        (self.version() == TokenVersion::V2 && audiences.next().is_none()).then_some(first)
    }
}

/// Whether an issuer is one of Entra's.
fn is_microsoft_issuer(issuer: &str) -> bool {
    let host = split_origin(issuer).and_then(|(origin, _)| after_https(origin));
    host.is_some_and(|host| host == CHINA_V1_HOST || Cloud::from_host(host).is_some())
}

/// Whether an identity provider is the issuer's tenant, under any of its addresses.
fn is_same_home(provider: &str, issuer: &str, tenant: TenantId) -> bool {
    if provider == issuer {
        return true;
    }
    let (Some((origin, path)), Some((own, _))) = (split_origin(provider), split_origin(issuer)) else { return false };
    let mut segments = path[1..].split('/');
    let named = segments.next().and_then(|segment| segment.parse::<TenantId>().ok());
    let is_whole = matches!(
        (segments.next(), segments.next(), segments.next()),
        (Some("") | None, None, None) | (Some("v2.0"), Some("") | None, None)
    );
    named == Some(tenant) && is_whole && (origin == own || is_microsoft_issuer(provider))
}

#[cfg(test)]
mod tests;

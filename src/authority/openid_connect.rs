use std::fmt;

use super::settings::{Settings, common_methods, user_methods};
use crate::policy::{Mapping, Path};

/// An OpenID Connect issuer other than Microsoft: Okta, Auth0, Keycloak, AWS Cognito. Made by
/// [`Authority::openid_connect`](super::Authority::openid_connect).
///
/// Its keys have one source: the metadata behind the issuer, or what [`metadata`](Self::metadata),
/// [`jwks_uri`](Self::jwks_uri), [`static_keys`](Self::static_keys) or [`pem_key`](Self::pem_key) sets. A second source is
/// an error when the verifier is built; further calls of `pem_key` add keys.
///
/// ```
/// use tower_entra::{Authority, Requirement, Verifier};
///
/// let partner = Authority::openid_connect("https://partner.okta.example/oauth2/default")
///     .audience("api://orders")
///     .subject_claim("uid")
///     .require(Requirement::scope("orders.read"));
/// let verifier = Verifier::builder().authority(partner).build()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
///
/// What does not apply to an OpenID Connect issuer does not compile:
///
/// ```compile_fail,E0599
/// # use tower_entra::Authority;
/// let authority = Authority::openid_connect("https://issuer.example").policy("B2C_1_susi");
/// ```
///
/// ```compile_fail,E0599
/// # use tower_entra::{Authority, claims::TokenVersion};
/// let authority = Authority::openid_connect("https://issuer.example").version(TokenVersion::V2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIdConnect {
    pub(crate) spec: OpenIdConnectSpec,
    pub(crate) settings: Settings,
}

/// An issuer. Strings are as they were written, and checked when the verifier is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenIdConnectSpec {
    pub(crate) issuer: String,
    pub(crate) keys: Keys,
    /// A method that was to set another source of keys. It is an error: the last call must not replace pinned keys.
    pub(crate) second_source: Option<&'static str>,
    pub(crate) names: ClaimNames,
}

/// Where its keys come from.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// From the metadata behind the issuer.
    #[default]
    Discovered,
    /// From the metadata at this URL.
    Metadata(String),
    /// From the key set at this URL.
    JwksUri(String),
    /// Static, as a key set document.
    Static(String),
    /// Static, as public keys in PEM.
    Pem(Vec<String>),
}

/// The configured names of its claims, as in [`Mapping`], not parsed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClaimNames {
    pub(crate) scopes: Option<String>,
    pub(crate) roles: Option<String>,
    pub(crate) groups: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) audience: Option<String>,
}

/// A claim whose name can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MappedClaim {
    Scopes,
    Roles,
    Groups,
    Subject,
    Client,
    Audience,
}

/// The methods that set the source of an issuer's keys. `openid` gives the field of its [`OpenIdConnectSpec`].
macro_rules! key_methods {
    ($builder:ty, $($openid:ident).+) => {
        impl $builder {
            /// Fetches the OpenID Connect metadata from this URL instead of the one behind the issuer. The issuer in it must
            /// still be the configured one.
            #[must_use]
            pub fn metadata(mut self, url: impl Into<String>) -> Self {
                self.$($openid).+.set_keys("metadata()", $crate::authority::Keys::Metadata(url.into()));
                self
            }

            /// Fetches the keys from this URL, without metadata: for example where the metadata would point to another host.
            #[must_use]
            pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
                self.$($openid).+.set_keys("jwks_uri()", $crate::authority::Keys::JwksUri(url.into()));
                self
            }

            /// Static keys, as a key set document (RFC 7517, section 5): nothing is ever fetched. If it has exactly one usable
            /// signing key and that has no `kid`, the key is used whatever `kid` a token has, or none.
            #[must_use]
            pub fn static_keys(mut self, jwks: impl Into<String>) -> Self {
                self.$($openid).+.set_keys("static_keys()", $crate::authority::Keys::Static(jwks.into()));
                self
            }

            /// A static public key in PEM (`-----BEGIN PUBLIC KEY-----`): nothing is ever fetched. It is used whatever `kid` a
            /// token has, or none; of several, each is tried.
            #[must_use]
            pub fn pem_key(mut self, pem: impl Into<String>) -> Self {
                self.$($openid).+.add_pem(pem.into());
                self
            }
        }
    };
}
pub(super) use key_methods;

common_methods!(OpenIdConnect);
user_methods!(OpenIdConnect);
key_methods!(OpenIdConnect, spec);

impl OpenIdConnect {
    pub(super) fn new(issuer: String) -> Self {
        Self { spec: OpenIdConnectSpec { issuer, ..OpenIdConnectSpec::default() }, settings: Settings::default() }
    }

    /// The claim with the scopes, as a space-separated string or a list. Default: `scp` or `scope`. A name, or a JSON Pointer
    /// (RFC 6901) such as `/resource_access/api/scopes`. The last call counts.
    #[must_use]
    pub fn scope_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.names.scopes = Some(name.into());
        self
    }

    /// The claim with the roles, as a string or a list. Default: `roles`. A name, or a JSON Pointer such as
    /// `/realm_access/roles` for Keycloak. The last call counts.
    #[must_use]
    pub fn role_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.names.roles = Some(name.into());
        self
    }

    /// The claim with the groups, as a string or a list. They belong to the issuer, and meet
    /// [`Requirement::group`](crate::Requirement::group): an id is compared ignoring case, a name exactly. Without it, and
    /// without [`trust_directory_claims`](Self::trust_directory_claims), a group is unknown. A name, or a JSON Pointer such as
    /// `/realm_access/groups`. The last call counts.
    ///
    /// The operator of the issuer decides what is in it. Where several authorities have groups of the same name, combine the
    /// requirement with [`Requirement::authority`](crate::Requirement::authority).
    #[must_use]
    pub fn group_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.names.groups = Some(name.into());
        self
    }

    /// The claim that [`Claims::subject`](crate::Claims::subject) returns, such as `uid` for Okta's stable id. Default:
    /// `sub`. The last call counts.
    #[must_use]
    pub fn subject_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.names.subject = Some(name.into());
        self
    }

    /// The claim with the client. Default: `client_id`, `azp` or `cid`. The last call counts.
    #[must_use]
    pub fn client_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.names.client = Some(name.into());
        self
    }

    /// The claim that is compared with the audiences instead of `aud`: `client_id` for access tokens of AWS Cognito, which have
    /// no `aud`. The audiences are then the client ids that may call. The last call counts.
    #[must_use]
    pub fn audience_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.names.audience = Some(name.into());
        self
    }
}

impl OpenIdConnectSpec {
    /// Whether its keys are found by metadata, so that something is fetched from its issuer's URL.
    pub(crate) fn needs_metadata(&self) -> bool {
        matches!(self.keys, Keys::Discovered | Keys::Metadata(_))
    }

    /// Sets the source of the keys. It can be set once.
    pub(super) fn set_keys(&mut self, method: &'static str, keys: Keys) {
        match self.keys {
            Keys::Discovered => self.keys = keys,
            _ => self.second_source = self.second_source.or(Some(method)),
        }
    }

    /// Adds a PEM key to others, or as the source of the keys.
    pub(super) fn add_pem(&mut self, pem: String) {
        match &mut self.keys {
            Keys::Pem(all) => all.push(pem),
            _ => self.set_keys("pem_key()", Keys::Pem(vec![pem])),
        }
    }
}

impl fmt::Display for OpenIdConnectSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.issuer)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered => f.write_str("Discovered"),
            Self::Metadata(url) => write!(f, "Metadata({url:?})"),
            Self::JwksUri(url) => write!(f, "JwksUri({url:?})"),
            // Not the keys: one may be a private key by mistake.
            Self::Static(_) => f.write_str("Static(…)"),
            Self::Pem(_) => f.write_str("Pem(…)"),
        }
    }
}

impl ClaimNames {
    /// Parses the names; otherwise the first claim whose name is invalid, and that name.
    pub(crate) fn parse(&self) -> Result<Mapping, (MappedClaim, String)> {
        let path = |claim, name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => Path::parse(name).map(Some).ok_or_else(|| (claim, name.clone())),
        };
        Ok(Mapping {
            scopes: path(MappedClaim::Scopes, &self.scopes)?,
            roles: path(MappedClaim::Roles, &self.roles)?,
            groups: path(MappedClaim::Groups, &self.groups)?,
            subject: path(MappedClaim::Subject, &self.subject)?,
            client: path(MappedClaim::Client, &self.client)?,
            audience: path(MappedClaim::Audience, &self.audience)?,
        })
    }
}

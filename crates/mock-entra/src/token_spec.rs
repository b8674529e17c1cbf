use super::{MockKey, SigningAlgorithm, claims::deterministic_guid, ids, overrides::Overrides};

/// The description of a token. `None` selects the default of the provider.
#[derive(Clone, Debug)]
pub(super) struct TokenSpec {
    pub(super) version: Version,
    pub(super) kind: Kind,
    /// Whether it is for Microsoft Graph.
    pub(super) graph: bool,
    pub(super) idtyp: bool,
    pub(super) tenant: String,
    pub(super) audience: Option<String>,
    pub(super) client: String,
    /// The `azpacr` claim.
    pub(super) client_proof: &'static str,
    pub(super) object_id: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) roles: Option<Vec<String>>,
    pub(super) policy: Option<String>,
    /// Whether the policy is in `acr` instead of `tfp`.
    pub(super) policy_in_acr: bool,
    /// The token id derives from it.
    pub(super) number: u64,
    /// When the token was described, in Unix seconds. The other times are relative to it by default.
    pub(super) now: i64,
    pub(super) issued_at: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) expires_at: Option<i64>,
    pub(super) header: Part,
    pub(super) payload: Part,
    pub(super) signer: Signer,
    pub(super) algorithm: Option<SigningAlgorithm>,
    /// The `kid` parameter, by default that of the signer.
    pub(super) kid: Option<String>,
}

/// Changes to the header or to the payload.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) overrides: Overrides,
    /// Replaces the whole part.
    pub(super) raw: Option<Vec<u8>>,
}

/// The key that signs a token.
#[derive(Clone, Debug, Default)]
pub(super) enum Signer {
    #[default]
    Current,
    /// An unpublished key, with the `kid` of the current key.
    Wrong,
    Key(MockKey),
}

/// The type of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    App,
    IdToken,
}

/// The version of Entra's tokens and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

impl Default for TokenSpec {
    fn default() -> Self {
        Self {
            version: Version::V2,
            kind: Kind::User,
            graph: false,
            idtyp: false,
            tenant: ids::TENANT.to_owned(),
            audience: None,
            client: ids::CALLER.to_owned(),
            client_proof: "1",
            object_id: None,
            scopes: None,
            roles: None,
            policy: None,
            policy_in_acr: false,
            number: 0,
            now: 0,
            issued_at: None,
            not_before: None,
            expires_at: None,
            header: Part::default(),
            payload: Part::default(),
            signer: Signer::default(),
            algorithm: None,
            kid: None,
        }
    }
}

impl TokenSpec {
    /// The object id of the user.
    pub(super) fn user(&self) -> &str {
        self.object_id.as_deref().unwrap_or(ids::USER)
    }

    /// The audience of an ID token.
    pub(super) fn client_audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(&self.client)
    }

    /// The scopes. The default applies to user tokens only.
    pub(super) fn scopes(&self, default: &str) -> Option<String> {
        self.scopes.clone().or_else(|| (self.kind == Kind::User).then(|| default.to_owned()))
    }

    /// An id that no other token of the mock has.
    pub(super) fn token_id(&self) -> String {
        deterministic_guid(&format!("token {}", self.number))
    }
}

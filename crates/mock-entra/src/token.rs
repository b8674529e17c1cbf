use std::{fmt::Display, time::Duration};

use serde_json::{Map, Value};

use super::{
    MockEntra, MockKey, SigningAlgorithm,
    clock::unix_seconds,
    compact::{self, encoded},
    token_spec::{Kind, Signer, TokenSpec, Version},
};

/// Describes one token, valid or invalid. [`build`](Self::build) signs it.
///
/// The order of the calls does not matter, except that [`claim`](Self::claim), [`header`](Self::header) and their variants
/// override everything else, and the last of them wins. Each builder has its own token id (`uti` or `jti`, except with B2C), so
/// no two tokens are equal.
///
/// The claims below are those of Entra and External ID. For other providers, see the [overview of
/// claims](crate#token-claims).
///
/// ```
/// use mock_entra::MockEntra;
///
/// let entra = MockEntra::new();
/// let user = entra.token().scopes("Files.Read Files.Write").build();
/// let app = entra.token().app().roles(["Files.Read.All"]).build();
/// let other_tenant = entra.token().tenant(MockEntra::OTHER_TENANT).build();
/// let malformed = entra.token().claim("exp", "tomorrow").header("typ", "at+jwt").build();
/// # assert_eq!([user, app, other_tenant, malformed].map(|token| token.split('.').count()), [3; 4]);
/// ```
#[derive(Clone, Debug)]
pub struct TokenBuilder {
    mock: MockEntra,
    // Apart from the mock, so that a provider can read it while the state is locked.
    spec: TokenSpec,
}

impl MockEntra {
    /// Describes a token. The default is a valid access token of a user; with Entra a v2 token for
    /// [`CLIENT_ID`](Self::CLIENT_ID) in [`TENANT`](Self::TENANT).
    #[must_use]
    pub fn token(&self) -> TokenBuilder {
        let mut state = self.lock();
        let (now, number) = (unix_seconds(state.clock.now()), state.next_token_number());
        TokenBuilder { mock: self.clone(), spec: TokenSpec { now, number, ..TokenSpec::default() } }
    }
}

/// The type of token.
impl TokenBuilder {
    /// A v1 token, with the issuer, claim names and audience (`api://{client id}`) of that version. Only Entra and External
    /// ID have v1 tokens.
    #[must_use]
    pub fn v1(mut self) -> Self {
        self.spec.version = Version::V1;
        self
    }

    /// A v2 token, the default.
    #[must_use]
    pub fn v2(mut self) -> Self {
        self.spec.version = Version::V2;
        self
    }

    /// A token of a user, the default. Its default scope is `Files.Read`, or an equivalent in the provider's format.
    #[must_use]
    pub fn user(mut self) -> Self {
        self.spec.kind = Kind::User;
        self
    }

    /// An app-only token: without scopes, with `oid` equal to `sub`, and by default with the app role `Files.Read.All`.
    ///
    /// [`idtyp`](Self::idtyp) adds the
    /// [optional claim](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#the-idtyp-claim) of that
    /// name. Providers other than Entra and External ID issue scopes to applications too.
    #[must_use]
    pub fn app(mut self) -> Self {
        self.spec.kind = Kind::App;
        self
    }

    /// An [ID token](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#id-tokens), which is not valid
    /// as an access token: for the client ([`CALLER`](MockEntra::CALLER)), with a `nonce`, without scopes, and with the
    /// other claims of the provider's ID tokens.
    #[must_use]
    pub fn id_token(mut self) -> Self {
        self.spec.kind = Kind::IdToken;
        self
    }

    /// A v1 token for Microsoft Graph. The `nonce` in its header [prevents verification of its
    /// signature](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#nonce-in-the-token-header). Only
    /// Entra has such tokens.
    #[must_use]
    pub fn graph(mut self) -> Self {
        self.spec.graph = true;
        self.spec.version = Version::V1;
        self
    }

    /// Adds the optional claim
    /// [`idtyp`](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#the-idtyp-claim): `app` or `user`.
    /// Only Entra and External ID have it.
    #[must_use]
    pub fn idtyp(mut self) -> Self {
        self.spec.idtyp = true;
        self
    }
}

/// Claims.
impl TokenBuilder {
    /// The scopes, separated by spaces (`scp`). Okta's format is a list.
    #[must_use]
    pub fn scopes(mut self, scopes: impl Into<String>) -> Self {
        self.spec.scopes = Some(scopes.into());
        self
    }

    /// The app roles (`roles`), or the provider's equivalent. An empty list omits the claim.
    #[must_use]
    pub fn roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.spec.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// The tenant, in `tid` and in the issuer; with B2C only in the issuer. It does not have to be registered, nor a GUID.
    /// Ignored by providers without tenants.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Display) -> Self {
        self.spec.tenant = tenant.to_string();
        self
    }

    /// The audience (`aud`), or the API's entry in a list of audiences. Cognito's access tokens have no audience by
    /// default.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.spec.audience = Some(audience.into());
        self
    }

    /// The client application (`azp`, in v1 tokens `appid`, with Okta `cid`, with Cognito `client_id`), and the claims
    /// derived from it.
    #[must_use]
    pub fn client(mut self, client_id: impl Into<String>) -> Self {
        self.spec.client = client_id.into();
        self
    }

    /// The client authentication (`azpacr`, `appidacr`): `0` for none, `1` for a secret, `2` for a certificate.
    pub(super) fn client_proof(mut self, proof: &'static str) -> Self {
        self.spec.client_proof = proof;
        self
    }

    /// The policy of B2C, in `tfp` and in issuers [that contain it](MockEntra::tfp_issuer). The default is the first
    /// policy. It does not have to be registered. Ignored by other providers.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.spec.policy = Some(policy.into());
        self
    }

    /// Puts the policy of B2C in the older claim `acr` instead of `tfp`. Ignored by other providers.
    #[must_use]
    pub fn policy_in_acr(mut self) -> Self {
        self.spec.policy_in_acr = true;
        self
    }

    /// The object id of the user or of the application (`oid`). With other providers the id of the user, which is `sub` or
    /// a part of it, and with Okta `uid`.
    #[must_use]
    pub fn object_id(mut self, object_id: impl Into<String>) -> Self {
        self.spec.object_id = Some(object_id.into());
        self
    }

    /// A token that expired an hour ago.
    #[must_use]
    pub fn expired(mut self) -> Self {
        let expiry = self.spec.now - 3600;
        self.spec.expires_at = Some(expiry);
        self.spec.issued_at = Some(expiry - self.mock.provider().validity().lifetime);
        self
    }

    /// The remaining lifetime, in whole seconds. The default is 3599 seconds with Entra, otherwise that of the provider.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        self.spec.expires_at = Some(self.spec.now.saturating_add(seconds));
        self
    }

    /// `exp`, in Unix seconds.
    #[must_use]
    pub fn expires_at(mut self, seconds: i64) -> Self {
        self.spec.expires_at = Some(seconds);
        self
    }

    /// `nbf`, in Unix seconds. The default is the value of `iat` with Entra, External ID and B2C, and no claim with other
    /// providers.
    #[must_use]
    pub fn not_before(mut self, seconds: i64) -> Self {
        self.spec.not_before = Some(seconds);
        self
    }

    /// `iat`, in Unix seconds. The default is five minutes ago with Entra and External ID, and now with other providers.
    #[must_use]
    pub fn issued_at(mut self, seconds: i64) -> Self {
        self.spec.issued_at = Some(seconds);
        self
    }

    /// Sets a claim, replacing any existing value.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.spec.payload.overrides.set(name, value);
        self
    }

    /// Omits a claim.
    #[must_use]
    pub fn without_claim(mut self, name: impl Into<String>) -> Self {
        self.spec.payload.overrides.remove(name);
        self
    }

    /// Uses these bytes as the payload, whether they are JSON or not. The signature covers them unchanged.
    #[must_use]
    pub fn raw_payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.spec.payload.raw = Some(bytes.into());
        self
    }
}

/// Header and signature.
impl TokenBuilder {
    /// Signs with an unpublished key, but with the `kid` of the published key.
    #[must_use]
    pub fn wrong_key(mut self) -> Self {
        self.spec.signer = Signer::Wrong;
        self
    }

    /// Signs with `key`, with its `kid`.
    #[must_use]
    pub fn signed_with(mut self, key: &MockKey) -> Self {
        self.spec.signer = Signer::Key(key.clone());
        self
    }

    /// The `kid` header parameter, and in v1 tokens `x5t`. The key stays the same.
    #[must_use]
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.spec.kid = Some(kid.into());
        self
    }

    /// The signing algorithm, also in the `alg` header parameter. The default is that of the key, which is RS256 unless
    /// [`rotate_to`](MockEntra::rotate_to) selected another.
    ///
    /// If the key does not fit the algorithm, an unpublished key signs and the `kid` stays the same.
    #[must_use]
    pub fn algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.spec.algorithm = Some(algorithm);
        self
    }

    /// Sets a header parameter, replacing any existing value. An `alg` set here does not change the signature; for that,
    /// use [`algorithm`](Self::algorithm).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.spec.header.overrides.set(name, value);
        self
    }

    /// Omits a header parameter.
    #[must_use]
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.spec.header.overrides.remove(name);
        self
    }

    /// Uses these bytes as the header, whether they are JSON or not. The signature covers them unchanged.
    #[must_use]
    pub fn raw_header(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.spec.header.raw = Some(bytes.into());
        self
    }
}

/// The result.
impl TokenBuilder {
    /// The claims, for example to change them and pass them to [`raw_payload`](Self::raw_payload).
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        let (provider, state, spec) = (self.mock.provider(), self.mock.lock(), &self.spec);
        let validity = provider.validity();
        let issued_at = spec.issued_at.unwrap_or(spec.now - validity.backdated);
        let mut claims = provider.claims(&state, spec);
        claims.put("iss", provider.issuer(&state, spec));
        claims.put("iat", issued_at);
        claims.put_some("nbf", spec.not_before.or(validity.has_not_before.then_some(issued_at)));
        claims.put("exp", spec.expires_at.unwrap_or(spec.now + validity.lifetime));
        spec.payload.overrides.apply(&mut claims.0);
        claims.0
    }

    /// The token in compact serialization: header, payload and signature.
    #[must_use]
    pub fn build(&self) -> String {
        let typ = self.mock.provider().typ();
        let (key, algorithm, signing_key) = {
            let keys = &mut self.mock.lock().keys;
            let key = if let Signer::Key(key) = &self.spec.signer { key.clone() } else { keys.current.clone() };
            let algorithm = self.spec.algorithm.as_ref().unwrap_or(key.algorithm()).clone();
            let is_wrong = matches!(self.spec.signer, Signer::Wrong) || !key.fits(&algorithm);
            let signing_key = if is_wrong { keys.wrong_key(&algorithm) } else { key.clone() };
            (key, algorithm, signing_key)
        };
        let payload = match &self.spec.payload.raw {
            Some(bytes) => encoded(bytes),
            None => encoded(Value::from(self.claims()).to_string()),
        };
        let header = compact::header(&self.spec, key.kid(), &algorithm, typ);
        let signature = algorithm.sign(signing_key.private(), &format!("{}.{payload}", header.signed));
        format!("{}.{payload}.{signature}", header.sent)
    }
}

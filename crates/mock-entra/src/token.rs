use std::{fmt::Display, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    MockEntra, MockKey, SigningAlgorithm,
    clock::unix_seconds,
    provider::Dates,
    signing::with_hashed_nonce,
    token_spec::{Kind, TokenSpec, Version},
};

/// Describes one token, good or bad; [`build`](Self::build) signs it.
///
/// Whatever the order of the calls, single claims and headers are written over the rest last. Each description has a token id
/// (`uti`, `jti`) of its own, so no two tokens are the same; B2C's have none.
///
/// The names of claims below are Entra's, which External ID shares. What becomes of them elsewhere is in the tables of the
/// [module](crate::testing#what-its-tokens-say).
///
/// ```
/// use mock_entra::MockEntra;
///
/// let entra = MockEntra::new();
/// let good = entra.token().scopes("Files.Read Files.Write").build();
/// let application = entra.token().app().roles(["Files.Read.All"]).build();
/// let foreign = entra.token().tenant(MockEntra::OTHER_TENANT).build();
/// let odd = entra.token().claim("exp", "tomorrow").header("typ", "at+jwt").build();
/// # assert_eq!([good, application, foreign, odd].map(|token| token.split('.').count()), [3; 4]);
/// ```
#[derive(Clone, Debug)]
pub struct TokenBuilder {
    mock: MockEntra,
    spec: TokenSpec,
    now: i64,
    dates: Dates,
    expires: Option<i64>,
    issued: Option<i64>,
    not_before: Option<i64>,
    claims: Vec<(String, Option<Value>)>,
    headers: Vec<(String, Option<Value>)>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
    nonce: Option<String>,
    algorithm: Option<SigningAlgorithm>,
    signer: Signer,
    kid: Option<String>,
}

#[derive(Clone, Debug)]
enum Signer {
    Current,
    Wrong,
    Key(MockKey),
}

impl MockEntra {
    /// A token to be described further: by default a good access token of a user, with Entra a v2 one for
    /// [`CLIENT_ID`](Self::CLIENT_ID) in [`TENANT`](Self::TENANT).
    #[must_use]
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::new(self.clone())
    }
}

impl TokenBuilder {
    fn new(mock: MockEntra) -> Self {
        let dates = mock.provider().dates();
        let (now, number) = {
            let mut state = mock.lock();
            (unix_seconds(state.clock.now()), state.next_token())
        };
        Self {
            mock,
            spec: TokenSpec { number, ..TokenSpec::default() },
            now,
            dates,
            expires: None,
            issued: None,
            not_before: None,
            claims: Vec::new(),
            headers: Vec::new(),
            raw_header: None,
            raw_payload: None,
            nonce: None,
            algorithm: None,
            signer: Signer::Current,
            kid: None,
        }
    }

    /// A v1 token: issuer, claim names and audience (`api://` and the client id) of that version. Only Entra and External ID
    /// have them.
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

    /// A token of a user, the default: with the scope `Files.Read` if no other is said; where scopes are written otherwise,
    /// with such a one.
    #[must_use]
    pub fn user(mut self) -> Self {
        self.spec.kind = Kind::User;
        self
    }

    /// A token of an application alone: no scope, `oid` equal to `sub`, and the app role `Files.Read.All` if no other is
    /// said. It has no `idtyp`, as that is [optional](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#the-idtyp-claim); [`idtyp`](Self::idtyp) adds
    /// it. All but Entra and External ID give scopes to applications too.
    #[must_use]
    pub fn app(mut self) -> Self {
        self.spec.kind = Kind::App;
        self
    }

    /// An [id token](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#id-tokens), which is no access token: for the client
    /// ([`CALLER`](MockEntra::CALLER)), with a `nonce`, without scopes, and with the marks that the provider gives its
    /// id tokens.
    #[must_use]
    pub fn id_token(mut self) -> Self {
        self.spec.kind = Kind::IdToken;
        self
    }

    /// A v1 token for Microsoft Graph, with a `nonce` in its header: as it is sent, its signature [cannot
    /// verify](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#nonce-in-the-token-header). Of use with Entra alone.
    #[must_use]
    pub fn graph(mut self) -> Self {
        self.spec.graph = true;
        self.spec.version = Version::V1;
        self.nonce = Some("bWFkZS11cC1ub25jZS1mb3ItdGVzdHMtb25seQ".to_owned());
        self
    }

    /// The optional claim [`idtyp`](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#the-idtyp-claim): `app` or `user`, as the token is. Entra and
    /// External ID alone.
    #[must_use]
    pub fn idtyp(mut self) -> Self {
        self.spec.idtyp = true;
        self
    }

    /// The scopes, separated by spaces (`scp`). With Okta they become a list.
    #[must_use]
    pub fn scopes(mut self, scopes: impl Into<String>) -> Self {
        self.spec.scopes = Some(scopes.into());
        self
    }

    /// The app roles (`roles`), or whatever the provider has that is most like them; none at all leaves the claim out.
    #[must_use]
    pub fn roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.spec.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// The tenant, in `tid` and in the issuer, with B2C in the issuer alone. It need not be known, nor a GUID. Where there
    /// are no tenants, it changes nothing.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Display) -> Self {
        self.spec.tenant = tenant.to_string();
        self
    }

    /// The audience (`aud`), or the one of a list that is the API. An access token of Cognito has it only if it is said.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.spec.audience = Some(audience.into());
        self
    }

    /// The client application that asked for the token (`azp`, in v1 tokens `appid`, with Okta `cid`, with Cognito
    /// `client_id`), and what else follows from it.
    #[must_use]
    pub fn client(mut self, client_id: impl Into<String>) -> Self {
        self.spec.client = client_id.into();
        self
    }

    /// How the client proved who it is (`azpacr`, `appidacr`): `0` not at all, `1` by secret, `2` by certificate.
    pub(super) fn client_proof(mut self, proof: &'static str) -> Self {
        self.spec.client_proof = proof;
        self
    }

    /// The policy of B2C, known or not; by default the first one. It is in the claim `tfp`, and in the issuer where
    /// [that has one](MockEntra::tfp_issuer). Elsewhere it changes nothing.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.spec.policy = Some(policy.into());
        self
    }

    /// B2C's policy in the older claim `acr` instead of `tfp`. Elsewhere it changes nothing.
    #[must_use]
    pub fn policy_in_acr(mut self) -> Self {
        self.spec.acr = true;
        self
    }

    /// The object id of the user or of the application (`oid`). Elsewhere than with Entra the user's id, which is `sub` or a
    /// part of it; with Okta it is `uid`.
    #[must_use]
    pub fn object_id(mut self, object_id: impl Into<String>) -> Self {
        self.spec.object_id = Some(object_id.into());
        self
    }

    /// Expired an hour ago.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.expires = Some(self.now - 3600);
        self.issued = Some(self.now - 3600 - self.dates.lifetime);
        self
    }

    /// Valid for this long from now, instead of 3599 seconds, or what is usual with the provider.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires = Some(self.now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)));
        self
    }

    /// `exp`, in seconds since 1970.
    #[must_use]
    pub fn expires_at(mut self, seconds: i64) -> Self {
        self.expires = Some(seconds);
        self
    }

    /// `nbf`, in seconds since 1970; if it is not said, the same as `iat` with Entra, External ID and B2C, and none elsewhere.
    #[must_use]
    pub fn not_before(mut self, seconds: i64) -> Self {
        self.not_before = Some(seconds);
        self
    }

    /// `iat`, in seconds since 1970; if it is not said, five minutes ago with Entra and External ID, and now elsewhere.
    #[must_use]
    pub fn issued_at(mut self, seconds: i64) -> Self {
        self.issued = Some(seconds);
        self
    }

    /// Signed with a key that is not published, but named as the one that is.
    #[must_use]
    pub fn wrong_key(mut self) -> Self {
        self.signer = Signer::Wrong;
        self
    }

    /// Signed with this key, and named after it.
    #[must_use]
    pub fn signed_with(mut self, key: &MockKey) -> Self {
        self.signer = Signer::Key(key.clone());
        self
    }

    /// The `kid` of the header (with v1 the `x5t` too), whatever the key.
    #[must_use]
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// How it is signed; `alg` in the header follows. By default as the key says, which is RS256 unless
    /// [`rotate_to`](MockEntra::rotate_to) chose another. A key that does not fit it stays the one that is named, but one
    /// that is published nowhere signs.
    #[must_use]
    pub fn algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// This claim with this value, whatever would be there.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.push((name.into(), Some(value.into())));
        self
    }

    /// Without this claim.
    #[must_use]
    pub fn without_claim(mut self, name: impl Into<String>) -> Self {
        self.claims.push((name.into(), None));
        self
    }

    /// This header parameter with this value, whatever would be there. `alg` changes the text only; how it is signed is
    /// [`algorithm`](Self::algorithm).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Without this header parameter.
    #[must_use]
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// These bytes as the header, JSON or not; signed as they are.
    #[must_use]
    pub fn raw_header(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(bytes.into());
        self
    }

    /// These bytes as the payload, JSON or not; signed as they are.
    #[must_use]
    pub fn raw_payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(bytes.into());
        self
    }

    /// The claims as they will be, to be changed and given to [`raw_payload`](Self::raw_payload).
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        let issued = self.issued.unwrap_or(self.now - self.dates.back_dated);
        let mut claims = {
            let (provider, state) = (self.mock.provider(), self.mock.lock());
            let mut claims = provider.claims(&state, &self.spec);
            claims.put("iss", provider.issuer(&state, &self.spec));
            claims
        };
        claims.put("iat", issued);
        claims.put_some("nbf", self.not_before.or(self.dates.not_before.then_some(issued)));
        claims.put("exp", self.expires.unwrap_or(self.now + self.dates.lifetime));
        overwrite(&mut claims.0, &self.claims);
        claims.0
    }

    /// The token in its compact form: header, payload and signature.
    #[must_use]
    pub fn build(&self) -> String {
        let typ = self.mock.provider().typ();
        let (named, algorithm, key) = {
            let mut state = self.mock.lock();
            let named = if let Signer::Key(key) = &self.signer { key.clone() } else { state.current.clone() };
            let algorithm = self.algorithm.as_ref().unwrap_or(named.algorithm()).clone();
            let is_wrong = matches!(self.signer, Signer::Wrong) || !named.fits(&algorithm);
            let key = if is_wrong { state.wrong_key(&algorithm) } else { named.clone() };
            (named, algorithm, key)
        };
        let payload = match &self.raw_payload {
            Some(bytes) => bytes.clone(),
            None => Value::from(self.claims()).to_string().into_bytes(),
        };
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let (sent, signed) = self.headers(self.kid.as_deref().unwrap_or(named.kid()), &algorithm, typ);
        let signature = algorithm.sign(key.private(), &format!("{signed}.{payload}"));
        format!("{sent}.{payload}.{signature}")
    }

    /// The header as it is sent, and as it is signed (`docs/entra.md`, "Nonce in the token header"), both encoded.
    fn headers(&self, kid: &str, algorithm: &SigningAlgorithm, typ: Option<&str>) -> (String, String) {
        if let Some(bytes) = &self.raw_header {
            let header = URL_SAFE_NO_PAD.encode(bytes);
            return (header.clone(), header);
        }
        let mut header = Map::new();
        header.extend(typ.map(|typ| ("typ".into(), typ.into())));
        header.insert("alg".into(), algorithm.name().into());
        header.insert("kid".into(), kid.into());
        if self.spec.version == Version::V1 {
            header.insert("x5t".into(), kid.into());
        }
        if let Some(nonce) = &self.nonce {
            header.insert("nonce".into(), json!(nonce));
        }
        overwrite(&mut header, &self.headers);
        let sent = encoded(&header);
        let signed = if self.nonce.is_some() { encoded(&with_hashed_nonce(header)) } else { sent.clone() };
        (sent, signed)
    }
}

fn encoded(header: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(header).unwrap_or_default())
}

fn overwrite(members: &mut Map<String, Value>, changes: &[(String, Option<Value>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => members.insert(name.clone(), value.clone()),
            None => members.remove(name),
        };
    }
}

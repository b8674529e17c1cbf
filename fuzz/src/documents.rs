use std::sync::LazyLock;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_entra::{Authority, Rejection, Verifier, cache::CacheSettings};
use url::Url;

use crate::fixtures::{
    AUDIENCE, CLIENT, Documents, FixedClock, ISSUER, TENANT, ec_jwk, ed_jwk, ed25519, edwards_point, entra_claims,
    es256, good_header, modulus, oidc_claims, point, rs256, rsa_jwk, run, signed, with_exponent_one,
    with_neutral_element,
};

static TOKENS: LazyLock<[(&str, String); 3]> = LazyLock::new(|| {
    let token = |alg: &str, kid: &str, sign: fn(&[u8]) -> Vec<u8>| {
        signed(&json!({"alg": alg, "kid": kid}).to_string(), &oidc_claims().to_string(), sign)
    };
    [
        ("RSA", token("RS256", "good", rs256)),
        ("EC", token("ES256", "ec", es256)),
        ("Ed25519", token("EdDSA", "ed", ed25519)),
    ]
});

/// Made without any private key.
static FORGED: LazyLock<[String; 2]> = LazyLock::new(|| {
    let token = |alg: &str, kid: &str, sign: fn(&[u8]) -> Vec<u8>| {
        signed(&json!({"alg": alg, "kid": kid}).to_string(), &oidc_claims().to_string(), sign)
    };
    [token("RS256", "one", with_exponent_one), token("EdDSA", "low", with_neutral_element)]
});

fn code(verdict: Result<tower_entra::Claims, Rejection>) -> &'static str {
    verdict.map_or_else(|rejection| rejection.code(), |_| "accepted")
}

/// The key set of an issuer.
pub fn key_set(data: &[u8]) -> String {
    let issuer = Authority::openid_connect(ISSUER)
        .jwks_uri("https://id.contoso.example/keys")
        .algorithms(["RS256", "ES256", "EdDSA"].map(|name| name.parse().unwrap()))
        .audience(AUDIENCE);
    let documents = Documents { others: Some(data.to_vec()), ..Documents::default() };
    let verifier = Verifier::builder().authority(issuer).fetch(documents).clock(FixedClock).cache(CacheSettings::off());
    let verifier = verifier.build().unwrap();
    let mut label = String::new();
    for (name, token) in TOKENS.iter() {
        let verdict = code(run(verifier.verify(token)));
        if verdict == "accepted" {
            assert!(has_key(data, name), "a token of {name} was accepted by a key set without its key");
        } else {
            assert!(
                ["unknown_key", "keys_unavailable", "bad_signature", "unsupported_algorithm", "wrong_issuer"]
                    .contains(&verdict),
                "{verdict}"
            );
        }
        label += &format!("{name} {verdict}, ");
    }
    for (at, token) in FORGED.iter().enumerate() {
        let verdict = code(run(verifier.verify(token)));
        assert_ne!(verdict, "accepted", "forged token {at}");
        label += &format!("forged {verdict}, ");
    }
    label
}

/// Whether the document has the public key anywhere, in whatever form of Base64.
fn has_key(document: &[u8], name: &str) -> bool {
    let Ok(document) =
        serde_json::from_slice::<Value>(document.strip_prefix("\u{feff}".as_bytes()).unwrap_or(document))
    else {
        return false;
    };
    let Some(keys) = document["keys"].as_array() else { return false };
    keys.iter().any(|key| {
        let has = |member: &str, bytes: &[u8]| {
            key[member].as_str().is_some_and(|text| decoded(text) == Some(stripped(bytes)))
        };
        match name {
            "RSA" => has("n", &modulus()) && has("e", &[1, 0, 1]),
            "EC" => has("x", &point().0) && has("y", &point().1),
            _ => has("x", &edwards_point()),
        }
    })
}

fn stripped(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engines = [GeneralPurpose::new(&URL_SAFE, lenient), GeneralPurpose::new(&STANDARD, lenient)];
    engines.iter().find_map(|engine| engine.decode(text.trim_end_matches('=')).ok()).map(|bytes| stripped(&bytes))
}

/// An issuer whose metadata document is fuzzed.
struct Provider {
    claims: Value,
    token: String,
    keys: Vec<u8>,
    /// Hosts that may be asked for documents; `*.` stands for any subdomain.
    hosts: &'static [&'static str],
}

impl Provider {
    fn entra(issuer: String, hosts: &'static [&'static str]) -> Self {
        let mut claims = entra_claims();
        claims["iss"] = issuer.into();
        let mut key = rsa_jwk();
        key["issuer"] = claims["iss"].clone();
        let token = signed(&good_header("good"), &claims.to_string(), rs256);
        Self { claims, token, keys: json!({"keys": [key]}).to_string().into_bytes(), hosts }
    }

    fn oidc() -> Self {
        let claims = oidc_claims();
        let token = signed(&json!({"alg": "EdDSA", "kid": "ed"}).to_string(), &claims.to_string(), ed25519);
        let keys = json!({"keys": [ed_jwk(), ec_jwk()]}).to_string().into_bytes();
        Self { claims, token, keys, hosts: &["id.contoso.example"] }
    }

    fn b2c() -> Self {
        let mut claims = entra_claims();
        claims["iss"] = format!("https://contoso.b2clogin.com/{TENANT}/v2.0/").into();
        claims["tfp"] = "B2C_1_susi".into();
        let token = signed(&good_header("good"), &claims.to_string(), rs256);
        let keys = json!({"keys": [rsa_jwk()]}).to_string().into_bytes();
        Self { claims, token, keys, hosts: &["contoso.b2clogin.com"] }
    }
}

static ENTRA: LazyLock<Provider> = LazyLock::new(|| {
    Provider::entra(
        format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        &["login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"],
    )
});
static EXTERNAL_ID: LazyLock<Provider> =
    LazyLock::new(|| Provider::entra(format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), &["*.ciamlogin.com"]));
static B2C: LazyLock<Provider> = LazyLock::new(Provider::b2c);
static OIDC: LazyLock<Provider> = LazyLock::new(Provider::oidc);

/// A metadata document: after `E` of an Entra tenant, after `B` of a B2C policy, after `X` of External ID, else of an
/// OpenID Connect issuer.
pub fn metadata(data: &[u8]) -> String {
    let (kind, document) = data.split_first().unwrap_or((&b'O', b""));
    let builder = Verifier::builder().clock(FixedClock).cache(CacheSettings::off());
    let (builder, provider) = match kind {
        b'E' => (builder.tenant(TENANT).client_id(CLIENT), &*ENTRA),
        b'B' => (builder.client_id(CLIENT).authority(Authority::b2c("contoso", "B2C_1_susi")), &*B2C),
        b'X' => (builder.client_id(CLIENT).authority(Authority::external_id("contoso")), &*EXTERNAL_ID),
        _ => (builder.authority(Authority::openid_connect(ISSUER).audience(AUDIENCE)), &*OIDC),
    };
    let documents =
        FuzzedMetadata { metadata: document.to_vec(), keys: provider.keys.clone(), documents: Documents::default() };
    let fetched = documents.documents.fetched.clone();
    let verifier = builder.fetch(documents).build().unwrap();
    let verdict = code(run(verifier.verify(&provider.token)));
    for address in fetched.lock().unwrap().iter() {
        // The parser that reqwest uses.
        let url = Url::parse(address).unwrap_or_else(|error| panic!("{address} was fetched: {error}"));
        let is_expected = url.scheme() == "https"
            && url.port_or_known_default() == Some(443)
            && url.host_str().is_some_and(|host| provider.hosts.iter().any(|pattern| matches_host(pattern, host)));
        assert!(is_expected, "{address} was fetched");
    }
    if verdict == "accepted" && !matches!(kind, b'E') {
        let document: Issuer =
            serde_json::from_slice(document.strip_prefix("\u{feff}".as_bytes()).unwrap_or(document)).unwrap();
        assert_eq!(document.issuer, provider.claims["iss"], "accepted though the metadata names another issuer");
    }
    format!("{} {verdict}", char::from(if b"EBX".contains(kind) { *kind } else { b'O' }))
}

/// Other members are not read, and may have strings that are not Unicode.
#[derive(Deserialize)]
struct Issuer {
    issuer: String,
}

fn matches_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => host == pattern,
    }
}

/// Metadata at each address that looks like it, keys elsewhere.
#[derive(Debug)]
struct FuzzedMetadata {
    metadata: Vec<u8>,
    keys: Vec<u8>,
    documents: Documents,
}

impl tower_entra::fetch::Fetch for FuzzedMetadata {
    fn fetch(&self, request: tower_entra::fetch::FetchRequest) -> tower_entra::fetch::FetchFuture {
        let is_metadata = request.url.contains("/.well-known/openid-configuration");
        let body = if is_metadata { &self.metadata } else { &self.keys };
        let documents = Documents { others: Some(body.clone()), ..self.documents.clone() };
        documents.fetch(request)
    }
}

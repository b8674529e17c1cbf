use std::sync::LazyLock;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_entra::{
    Authority, Rejection, TenantId, Verifier, VerifierBuilder, cache::CacheSettings, jwt::Algorithm, tenant::Instance,
};
use url::Url;

use crate::fixtures::{
    AUDIENCE, CLIENT, Documents, FixedClock, ISSUER, TENANT, ec_jwk, ed_jwk, ed25519, edwards_point, entra_claims,
    es256, es384, good_header, modulus, oidc_claims, p384_jwk, point, point_on_p384, reason, rs256, rsa_jwk, run,
    signed, with_exponent_one, with_neutral_element,
};

static TOKENS: LazyLock<[(&str, String); 5]> = LazyLock::new(|| {
    let token =
        |header: Value, sign: fn(&[u8]) -> Vec<u8>| signed(&header.to_string(), &oidc_claims().to_string(), sign);
    [
        ("RSA", token(json!({"alg": "RS256", "kid": "good"}), rs256)),
        ("EC", token(json!({"alg": "ES256", "kid": "ec"}), es256)),
        ("P384", token(json!({"alg": "ES384", "kid": "p384"}), es384)),
        ("Ed25519", token(json!({"alg": "EdDSA", "kid": "ed"}), ed25519)),
        ("RSA without kid", token(json!({"alg": "RS256"}), rs256)),
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

/// Verifies a token and reports the verdict with the rejection's detail.
fn verdict(verifier: &Verifier, name: &str, token: &str) -> &'static str {
    let verdict = run(verifier.verify(token));
    match &verdict {
        Ok(_) => report!("{name}: accepted"),
        Err(rejection) => report!("{name}: {} {}", rejection.code(), reason(rejection)),
    }
    code(verdict)
}

/// The key set of an issuer; after `S`, the one that all tenants of Entra share.
pub fn key_set(data: &[u8]) -> String {
    if let Some(document) = data.strip_prefix(b"S") {
        return shared_key_set(document);
    }
    let issuer = Authority::openid_connect(ISSUER)
        .jwks_uri("https://id.contoso.example/keys")
        .algorithms(["RS256", "ES256", "ES384", "EdDSA"].map(|name| name.parse().unwrap()))
        .audience(AUDIENCE);
    let documents = Documents { others: Some(data.to_vec()), ..Documents::default() };
    let verifier = Verifier::builder().authority(issuer).fetch(documents).clock(FixedClock).cache(CacheSettings::off());
    let verifier = verifier.build().unwrap();
    let mut label = String::new();
    for (name, token) in TOKENS.iter() {
        let verdict = verdict(&verifier, name, token);
        if verdict == "accepted" {
            assert!(has_key(data, name), "a token of {name} was accepted by a key set without its key");
        } else {
            let is_expected = ["unknown_key", "keys_unavailable", "bad_signature", "unsupported_algorithm", "wrong_issuer"]
                    .contains(&verdict)
                    // Where every key has a `kid`, every token needs one.
                    || (*name == "RSA without kid" && verdict == "malformed_token");
            assert!(is_expected, "{name}: {verdict}");
        }
        label += &format!("{name} {verdict}, ");
    }
    for (at, token) in FORGED.iter().enumerate() {
        let verdict = verdict(&verifier, "forged", token);
        assert_ne!(verdict, "accepted", "forged token {at}");
        label += &format!("forged {verdict}, ");
    }
    label
}

/// A shared key is valid only for the tenants that its `issuer` names.
fn shared_key_set(document: &[u8]) -> String {
    static METADATA: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let base = "https://login.microsoftonline.com";
        let metadata = json!({"issuer": format!("{base}/{{tenantid}}/v2.0"),
            "jwks_uri": format!("{base}/common/discovery/v2.0/keys"), "cloud_instance_name": "microsoftonline.com"});
        metadata.to_string().into_bytes()
    });
    let url = "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration";
    let documents = Documents {
        by_url: [(url.to_owned(), METADATA.clone())].into(),
        others: Some(document.to_vec()),
        ..Documents::default()
    };
    let builder = Verifier::builder().danger_any_organization().client_id(CLIENT);
    let verifier = builder.fetch(documents).clock(FixedClock).cache(CacheSettings::off()).build().unwrap();
    let verdict = verdict(&verifier, "shared", &ENTRA.token);
    if verdict == "accepted" {
        let is_authorized = |key: &Value| {
            let issuer = key["issuer"].as_str().unwrap_or_default();
            issuer.replace("{tenantid}", TENANT) == ENTRA.claims["iss"]
        };
        assert!(has_key(document, "RSA"), "accepted by a key set without the key");
        assert!(keys(document).iter().any(is_authorized), "accepted by keys that are not for the tenant");
    }
    format!("shared {verdict}")
}

/// The entries of a key set.
fn keys(document: &[u8]) -> Vec<Value> {
    let document = document.strip_prefix("\u{feff}".as_bytes()).unwrap_or(document);
    let document = serde_json::from_slice::<Value>(document).unwrap_or_default();
    document["keys"].as_array().cloned().unwrap_or_default()
}

/// Whether the document has the public key anywhere, in whatever form of Base64.
fn has_key(document: &[u8], name: &str) -> bool {
    keys(document).iter().any(|key| {
        let has = |member: &str, bytes: &[u8]| {
            key[member].as_str().is_some_and(|text| decoded(text) == Some(stripped(bytes)))
        };
        match name {
            "RSA" | "RSA without kid" => has("n", &modulus()) && has("e", &[1, 0, 1]),
            "EC" => has("x", &point().0) && has("y", &point().1),
            "P384" => has("x", &point_on_p384().0) && has("y", &point_on_p384().1),
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
    /// Signed with the RSA key, which is for its `issuer`.
    fn new(claims: Value, key: Value, hosts: &'static [&'static str]) -> Self {
        let token = signed(&good_header("good"), &claims.to_string(), rs256);
        Self { claims, token, keys: json!({"keys": [key]}).to_string().into_bytes(), hosts }
    }

    fn entra(issuer: String, hosts: &'static [&'static str]) -> Self {
        let mut claims = entra_claims();
        claims["iss"] = issuer.into();
        let mut key = rsa_jwk();
        key["issuer"] = claims["iss"].clone();
        Self::new(claims, key, hosts)
    }

    /// Of an instance that is not one of Microsoft's clouds; its key names a cloud.
    fn instance(suffix: &str, hosts: &'static [&'static str]) -> Self {
        let mut claims = entra_claims();
        claims["iss"] = format!("https://login.contoso.example/{TENANT}{suffix}").into();
        let mut key = rsa_jwk();
        key["cloud_instance_name"] = "contoso.example".into();
        Self::new(claims, key, hosts)
    }

    fn b2c(issuer: String, hosts: &'static [&'static str]) -> Self {
        let mut claims = entra_claims();
        claims["iss"] = issuer.into();
        claims["tfp"] = "B2C_1_susi".into();
        Self::new(claims, rsa_jwk(), hosts)
    }

    fn oidc() -> Self {
        let claims = oidc_claims();
        let token = signed(&json!({"alg": "EdDSA", "kid": "ed"}).to_string(), &claims.to_string(), ed25519);
        let keys = json!({"keys": [ed_jwk(), ec_jwk(), p384_jwk()]}).to_string().into_bytes();
        Self { claims, token, keys, hosts: &["id.contoso.example"] }
    }
}

const PUBLIC_CLOUD: &[&str] =
    &["login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"];
static ENTRA: LazyLock<Provider> =
    LazyLock::new(|| Provider::entra(format!("https://login.microsoftonline.com/{TENANT}/v2.0"), PUBLIC_CLOUD));
static EXTERNAL_ID: LazyLock<Provider> =
    LazyLock::new(|| Provider::entra(format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), &["*.ciamlogin.com"]));
static EXTERNAL_ID_AT_DOMAIN: LazyLock<Provider> = LazyLock::new(|| {
    let hosts = &["login.contoso.example", "*.ciamlogin.com"];
    Provider::entra(format!("https://login.contoso.example/{TENANT}/v2.0"), hosts)
});
static B2C: LazyLock<Provider> =
    LazyLock::new(|| Provider::b2c(format!("https://contoso.b2clogin.com/{TENANT}/v2.0/"), &["contoso.b2clogin.com"]));
static B2C_WITH_TFP: LazyLock<Provider> = LazyLock::new(|| {
    let issuer = format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0/");
    Provider::b2c(issuer, &["contoso.b2clogin.com"])
});
static B2C_LISTED: LazyLock<Provider> = LazyLock::new(|| {
    let hosts = &["login.contoso.example", "listed.contoso.example"];
    Provider::b2c(format!("https://listed.contoso.example/{TENANT}/v2.0/"), hosts)
});
static INSTANCE: LazyLock<Provider> = LazyLock::new(|| Provider::instance("/v2.0", &["login.contoso.example"]));
static CONTESTED: LazyLock<Provider> = LazyLock::new(|| {
    let hosts = &["login.contoso.example", "id.contoso.example", "*.ciamlogin.com"];
    Provider::instance("/tokens/", hosts)
});
static OIDC: LazyLock<Provider> = LazyLock::new(Provider::oidc);

/// The letters before metadata.
const KINDS: &[u8] = b"EDSIBTLXYZC";

/// The authorities whose metadata is fuzzed, and their provider.
fn authorities(builder: VerifierBuilder, kind: u8) -> (VerifierBuilder, &'static Provider) {
    let tenant: TenantId = TENANT.parse().unwrap();
    let has_client_id = KINDS.contains(&kind);
    let builder = if has_client_id { builder.client_id(CLIENT) } else { builder };
    let b2c_at = |address: &str| Authority::b2c_at(address, TENANT, "B2C_1_susi");
    let external_id_at = |tenant: &str| Authority::external_id_at("https://login.contoso.example", tenant);
    let instance = || Authority::tenant(tenant).in_instance(Instance::parse("https://login.contoso.example").unwrap());
    match kind {
        b'E' => (builder.tenant(TENANT), &*ENTRA),
        b'D' => (builder.tenant("contoso.example"), &*ENTRA),
        b'S' => (builder.danger_any_organization(), &*ENTRA),
        b'I' => (builder.authority(instance()), &*INSTANCE),
        b'B' => (builder.authority(Authority::b2c("contoso", "B2C_1_susi")), &*B2C),
        b'T' => (builder.authority(b2c_at("https://contoso.b2clogin.com").accept_tfp_issuers()), &*B2C_WITH_TFP),
        b'L' => {
            let listed = format!("https://listed.contoso.example/{TENANT}/v2.0/");
            (builder.authority(b2c_at("https://login.contoso.example").issuers([listed])), &*B2C_LISTED)
        }
        b'X' => (builder.authority(Authority::external_id("contoso")), &*EXTERNAL_ID),
        b'Y' => (builder.authority(external_id_at(TENANT)), &*EXTERNAL_ID_AT_DOMAIN),
        b'Z' => (builder.authority(external_id_at("contoso.onmicrosoft.com")), &*EXTERNAL_ID_AT_DOMAIN),
        b'C' => {
            let v1 = format!("https://login.contoso.example/{TENANT}/");
            let own = |issuer: &str| Authority::openid_connect(issuer).audience(AUDIENCE);
            let builder = builder.authority(instance()).authority(own(&v1));
            (builder.authority(external_id_at("contoso.onmicrosoft.com")).authority(own(ISSUER)), &*CONTESTED)
        }
        _ => {
            let issuer = Authority::openid_connect(ISSUER).audience(AUDIENCE).algorithms([Algorithm::EdDSA]);
            (builder.authority(issuer), &*OIDC)
        }
    }
}

/// A metadata document, after a letter for the authority that it is of:
///
/// | letter | authority |
/// |---|---|
/// | `E`, `D`, `S` | Entra: a tenant by its GUID, a tenant by its domain, every organization |
/// | `I` | an instance that is not one of Microsoft's clouds |
/// | `B`, `T`, `L` | Azure AD B2C: a tenant by its domain, one with `/tfp/` issuers, one at a custom domain with a listed issuer |
/// | `X`, `Y`, `Z` | External ID: a tenant by its domain; at a custom domain by its GUID, and by its domain |
/// | `C` | an instance at the address of another authority, beside issuers that could be its own |
/// | any other | an OpenID Connect issuer |
pub fn metadata(data: &[u8]) -> String {
    let (kind, document) = data.split_first().unwrap_or((&b'O', b""));
    let (builder, provider) = authorities(Verifier::builder().clock(FixedClock).cache(CacheSettings::off()), *kind);
    let documents =
        FuzzedMetadata { metadata: document.to_vec(), keys: provider.keys.clone(), documents: Documents::default() };
    let fetched = documents.documents.fetched.clone();
    let verifier = builder.fetch(documents).build().unwrap();
    let kind = char::from(if KINDS.contains(kind) { *kind } else { b'O' });
    let verdict = verdict(&verifier, &kind.to_string(), &provider.token);
    for address in fetched.lock().unwrap().iter() {
        // The parser that reqwest uses.
        let url = Url::parse(address).unwrap_or_else(|error| panic!("{address} was fetched: {error}"));
        let is_expected = url.scheme() == "https"
            && url.port_or_known_default() == Some(443)
            && url.host_str().is_some_and(|host| provider.hosts.iter().any(|pattern| matches_host(pattern, host)));
        assert!(is_expected, "{address} was fetched");
    }
    if verdict == "accepted" && kind != 'E' {
        let document: Issuer =
            serde_json::from_slice(document.strip_prefix("\u{feff}".as_bytes()).unwrap_or(document)).unwrap();
        let is_its = match kind {
            'S' => document.issuer == "https://login.microsoftonline.com/{tenantid}/v2.0",
            _ => document.issuer == provider.claims["iss"],
        };
        assert!(is_its, "accepted though the metadata names another issuer");
    }
    format!("{kind} {verdict}")
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

//! Fixed keys, a fixed time, documents in memory. Nothing may differ from one run to the next, or a corpus loses its meaning.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, SystemTime},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower_entra::{
    Rejection,
    clock::Clock,
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
};

/// 2026-01-01T00:00:00Z.
pub const NOW: u64 = 1_767_225_600;
pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
pub const CALLER: &str = "77777777-8888-9999-0000-111111111111";
/// An OpenID Connect issuer beside Entra.
pub const ISSUER: &str = "https://id.contoso.example/main";
/// An issuer whose tokens must meet a [`tower_entra::Requirement`].
pub const STRICT_ISSUER: &str = "https://strict.contoso.example";
/// An issuer whose documents cannot be fetched.
pub const UNREACHABLE_ISSUER: &str = "https://unreachable.contoso.example";
pub const AUDIENCE: &str = "api://orders";

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

/// Runs to the end. A hang is libFuzzer's to find (`-timeout`).
pub fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

#[derive(Debug)]
pub struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Serves documents by their address; those without one by `others`. It keeps what was asked for.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    pub by_url: HashMap<String, Vec<u8>>,
    pub others: Option<Vec<u8>>,
    pub fetched: Arc<Mutex<Vec<String>>>,
}

impl Fetch for Documents {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let body = self.by_url.get(&request.url).or(self.others.as_ref());
        let response = match body {
            Some(body) => FetchResponse::new(200, body.clone()),
            None => FetchResponse::new(404, ""),
        };
        self.fetched.lock().unwrap().push(request.url);
        Box::pin(async { Ok(response) })
    }
}

fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::from_pkcs8(&der(include_str!("../keys/rsa2048.pem"))).unwrap());
static P256: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(include_str!("../keys/p256.pem"))).unwrap()
});
static P384: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &der(include_str!("../keys/p384.pem"))).unwrap()
});
static ED25519: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_pkcs8(&der(include_str!("../keys/ed25519.pem"))).unwrap());

pub fn modulus() -> Vec<u8> {
    RSA.public_key().modulus().big_endian_without_leading_zero().to_vec()
}

/// The coordinates of the key on P-256.
pub fn point() -> (Vec<u8>, Vec<u8>) {
    let point = P256.public_key().as_ref();
    (point[1..33].to_vec(), point[33..65].to_vec())
}

/// The coordinates of the key on P-384.
pub fn point_on_p384() -> (Vec<u8>, Vec<u8>) {
    let point = P384.public_key().as_ref();
    (point[1..49].to_vec(), point[49..97].to_vec())
}

pub fn edwards_point() -> Vec<u8> {
    ED25519.public_key().as_ref().to_vec()
}

pub fn rsa_jwk() -> Value {
    json!({"kty": "RSA", "use": "sig", "kid": "good", "n": encode(modulus()), "e": "AQAB"})
}

pub fn ec_jwk() -> Value {
    let (x, y) = point();
    json!({"kty": "EC", "crv": "P-256", "kid": "ec", "x": encode(x), "y": encode(y)})
}

pub fn p384_jwk() -> Value {
    let (x, y) = point_on_p384();
    json!({"kty": "EC", "crv": "P-384", "kid": "p384", "x": encode(x), "y": encode(y)})
}

pub fn ed_jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(edwards_point())})
}

/// 1024 bits.
pub fn weak_jwk() -> Value {
    json!({"kty": "RSA", "kid": "weak", "n": encode(&modulus()[..128]), "e": "AQAB"})
}

pub fn signed(header: &str, payload: &str, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = signature(message.as_bytes());
    format!("{message}.{}", encode(signature))
}

pub fn rs256(message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; 256];
    RSA.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

pub fn es256(message: &[u8]) -> Vec<u8> {
    P256.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

pub fn es384(message: &[u8]) -> Vec<u8> {
    P384.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

pub fn ed25519(message: &[u8]) -> Vec<u8> {
    ED25519.sign(message).as_ref().to_vec()
}

/// With an exponent of 1, the padded digest is its own signature, whatever the modulus (RFC 8017, section 9.2).
pub fn with_exponent_one(message: &[u8]) -> Vec<u8> {
    const SHA256_PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20,
    ];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
    let mut padded = vec![0xff; 256];
    padded[0] = 0;
    padded[1] = 1;
    let start = 256 - SHA256_PREFIX.len() - 32;
    padded[start - 1] = 0;
    padded[start..start + SHA256_PREFIX.len()].copy_from_slice(&SHA256_PREFIX);
    padded[256 - 32..].copy_from_slice(digest.as_ref());
    padded
}

/// For the neutral element as public key: R is the neutral element, S is 0.
pub fn with_neutral_element(_: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; 64];
    signature[0] = 1;
    signature
}

/// What a token of the OpenID Connect issuer holds.
pub fn oidc_claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "user", "scope": "Orders.Read", "client_id": "shop",
        "department": "sales", "iat": NOW - 60, "exp": NOW + 3600})
}

/// What a v2 token of Entra's holds.
pub fn entra_claims() -> Value {
    json!({"iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": CLIENT, "tid": TENANT, "ver": "2.0",
        "oid": "aaaaaaaa-1111-2222-3333-444444444444", "sub": "user", "scp": "Files.Read", "azp": CALLER, "azpacr": "1",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 3600})
}

/// The issuer of a tenant of Azure AD B2C.
pub fn b2c_issuer(name: &str) -> String {
    format!("https://{name}.b2clogin.com/{TENANT}/v2.0/")
}

pub fn good_header(kid: &str) -> String {
    json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string()
}

/// The particular reason of a rejection.
pub fn reason(rejection: &Rejection) -> String {
    match (rejection.detail_text(), rejection.fetch_error()) {
        (Some(detail), _) => detail.into_owned(),
        (None, Some(error)) => error.to_string(),
        (None, None) => String::new(),
    }
}

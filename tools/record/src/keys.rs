//! Fixed keys, their JWKs, and signatures, each of which is made once.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    pkcs8::DecodePrivateKey,
};

use crate::object::{Object, string};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Rsa,
    /// Also published: under another `kid`, for another issuer, and as the key of one application.
    Second,
    /// In no document.
    Unpublished,
    /// The first key, with SHA-512.
    Rs512,
    P256,
    Ed25519,
}

struct Pairs {
    rsa: RsaKeyPair,
    second: RsaKeyPair,
    unpublished: RsaKeyPair,
    p256: SigningKey,
    ed25519: Ed25519KeyPair,
}

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| {
    let rsa = |pem: &str| RsaKeyPair::from_pkcs8(&der(pem)).expect("the file is a key");
    let p256 = der(include_str!("../keys/p256.pem"));
    Pairs {
        rsa: rsa(include_str!("../keys/rsa.pem")),
        second: rsa(include_str!("../keys/rsa_second.pem")),
        unpublished: rsa(include_str!("../keys/rsa_unpublished.pem")),
        p256: SigningKey::from_pkcs8_der(&p256).expect("the file is a key"),
        ed25519: Ed25519KeyPair::from_pkcs8(&der(include_str!("../keys/ed25519.pem"))).expect("the file is a key"),
    }
});

fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).expect("the file is base64")
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

type Signatures = Mutex<HashMap<(Key, [u8; 32]), Arc<str>>>;

/// The signature in base64url.
pub fn sign(key: Key, message: &str) -> Arc<str> {
    static SIGNATURES: LazyLock<Signatures> = LazyLock::new(Signatures::default);
    let hash: [u8; 32] = digest(&SHA256, message.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
    let known = SIGNATURES.lock().expect("no thread has panicked").get(&(key, hash)).cloned();
    known.unwrap_or_else(|| {
        let signature: Arc<str> = encode(signature(key, message.as_bytes())).into();
        SIGNATURES.lock().expect("no thread has panicked").insert((key, hash), Arc::clone(&signature));
        signature
    })
}

fn signature(key: Key, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let rsa = |pair: &RsaKeyPair, padding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &random, message, &mut signature).expect("an RSA key signs");
        signature
    };
    match key {
        Key::Rsa => rsa(&PAIRS.rsa, &RSA_PKCS1_SHA256),
        Key::Second => rsa(&PAIRS.second, &RSA_PKCS1_SHA256),
        Key::Unpublished => rsa(&PAIRS.unpublished, &RSA_PKCS1_SHA256),
        Key::Rs512 => rsa(&PAIRS.rsa, &RSA_PKCS1_SHA512),
        Key::P256 => Signer::<Signature>::sign(&PAIRS.p256, message).to_bytes().to_vec(),
        Key::Ed25519 => PAIRS.ed25519.sign(message).as_ref().to_vec(),
    }
}

/// The public key as a JWK, without a `kid`.
pub fn jwk(key: Key) -> Object {
    let rsa = |pair: &RsaKeyPair| {
        let modulus = pair.public_key().modulus();
        rsa_jwk(modulus.big_endian_without_leading_zero())
    };
    let texts = |members: &[(&str, String)]| {
        members.iter().fold(Object::default(), |jwk, (name, value)| jwk.with(name, string(value)))
    };
    match key {
        Key::Rsa | Key::Rs512 => rsa(&PAIRS.rsa),
        Key::Second => rsa(&PAIRS.second),
        Key::Unpublished => rsa(&PAIRS.unpublished),
        Key::P256 => {
            let point = PAIRS.p256.verifying_key().to_encoded_point(false);
            let point = point.as_bytes();
            let (x, y) = (encode(&point[1..33]), encode(&point[33..65]));
            texts(&[("kty", "EC".into()), ("crv", "P-256".into()), ("x", x), ("y", y)])
        }
        Key::Ed25519 => {
            let x = encode(PAIRS.ed25519.public_key().as_ref());
            texts(&[("kty", "OKP".into()), ("crv", "Ed25519".into()), ("x", x)])
        }
    }
}

fn rsa_jwk(modulus: &[u8]) -> Object {
    let jwk = Object::default().with("kty", string("RSA")).with("use", string("sig"));
    jwk.with("n", string(&encode(modulus))).with("e", string("AQAB"))
}

/// 1024 bits: too few.
pub fn weak_jwk() -> Object {
    let modulus = PAIRS.rsa.public_key().modulus();
    rsa_jwk(&modulus.big_endian_without_leading_zero()[..128]).with("kid", string("rsa"))
}

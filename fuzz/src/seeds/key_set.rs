//! Key sets.

use serde_json::{Value, json};

use super::{Seeds, bytes, with};
use crate::fixtures::{ISSUER, TENANT, ec_jwk, ed_jwk, encode, modulus, p384_jwk, rsa_jwk, weak_jwk};

pub fn all() -> Seeds {
    let set = |keys: &[Value]| json!({ "keys": keys }).to_string();
    let rsa = |changes: Value| set(&[with(rsa_jwk(), changes)]);
    let ec = |changes: Value| set(&[with(ec_jwk(), changes)]);
    let ed = |changes: Value| set(&[with(ed_jwk(), changes)]);
    let low = |x: Vec<u8>| set(&[json!({"kty": "OKP", "crv": "Ed25519", "kid": "low", "x": encode(x)})]);
    let mut neutral = vec![0; 32];
    neutral[0] = 1;
    let mut padded = modulus();
    padded.insert(0, 0);
    let standard = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, modulus());
    let mut all = vec![
        set(&[rsa_jwk(), ec_jwk(), ed_jwk()]),
        set(&[rsa_jwk()]),
        set(&[ec_jwk()]),
        set(&[ed_jwk()]),
        set(&[]),
        set(&[weak_jwk()]),
        set(&[rsa_jwk(), weak_jwk(), json!(1)]),
        set(&[rsa_jwk(), rsa_jwk()]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"n": encode([0xab; 256])}))]),
        set(&[rsa_jwk(), with(ec_jwk(), json!({"kid": "good"}))]),
        set(&[with(rsa_jwk(), json!({"alg": "RS256"})), with(rsa_jwk(), json!({"alg": "PS256"}))]),
        format!("\u{feff}{}", set(&[rsa_jwk()])),
        format!("{} x", set(&[rsa_jwk()])),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"keys":{}}"#.to_owned(),
        r#"{"keys":null}"#.to_owned(),
        r#"{"keys":[],"keys":[]}"#.to_owned(),
        String::new(),
        "[".repeat(200),
        "<html>".to_owned(),
        low(neutral.clone()),
        low(vec![0; 32]),
        low(vec![0xff; 32]),
        low(vec![1; 31]),
    ];
    for changes in [
        json!({"alg": "RS256"}),
        json!({"alg": "PS256"}),
        json!({"alg": "RSA-OAEP"}),
        json!({"alg": "HS256"}),
        json!({"use": "enc"}),
        json!({"use": null}),
        json!({"use": 1}),
        json!({"key_ops": ["verify"]}),
        json!({"key_ops": ["encrypt"]}),
        json!({"key_ops": []}),
        json!({"kid": null}),
        json!({"kid": ""}),
        json!({"kid": 1}),
        json!({"n": null}),
        json!({"e": null}),
        json!({"e": "AQ"}),
        json!({"e": "Ag"}),
        json!({"e": "Aw"}),
        json!({"e": "AAEAAQ"}),
        json!({"e": "/w=="}),
        json!({"n": "!"}),
        json!({"n": encode(&padded)}),
        json!({"n": standard}),
        json!({"n": encode([0xff; 256])}),
        json!({"n": encode([0xff; 2000])}),
        json!({"kty": "oct"}),
        json!({"kty": null}),
        json!({"kty": 7}),
        json!({"d": "x"}),
        json!({"issuer": ISSUER}),
        json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        json!({"issuer": " "}),
        json!({"cloud_instance_name": "microsoftonline.com"}),
        json!({"x5c": ["x"]}),
    ] {
        all.push(rsa(changes));
    }
    all.push(set(&[with(rsa_jwk(), json!({"kid": "one", "e": "AQ"}))]));
    for changes in [
        json!({"crv": "P-384"}),
        json!({"crv": "P-521"}),
        json!({"crv": "secp256k1"}),
        json!({"crv": null}),
        json!({"x": null}),
        json!({"y": "AA"}),
        json!({"y": null}),
        json!({"alg": "ES256"}),
        json!({"alg": "ES384"}),
        json!({"y": encode([0; 32])}),
        json!({"d": "x"}),
    ] {
        all.push(ec(changes));
    }
    for changes in [
        json!({"alg": "EdDSA"}),
        json!({"alg": "Ed25519"}),
        json!({"alg": "RS256"}),
        json!({"crv": "Ed448"}),
        json!({"crv": "X25519"}),
        json!({"x": null}),
        json!({"x": "AA"}),
        json!({"use": "enc"}),
    ] {
        all.push(ed(changes));
    }
    let p384 = |changes: Value| set(&[with(p384_jwk(), changes)]);
    all.extend([
        p384(json!({})),
        p384(json!({"alg": "ES384"})),
        p384(json!({"crv": "P-256"})),
        ec(json!({"x": encode([1; 31])})),
        ec(json!({"use": "enc"})),
        ec(json!({"key_ops": ["sign"]})),
    ]);
    // Keys that anybody can forge with, or that are not valid.
    let ed_point = |y: [u8; 32]| ed(json!({"x": encode(y)}));
    let at = |low: u8, middle: u8, high: u8| {
        let mut y = [middle; 32];
        (y[0], y[31]) = (low, high);
        y
    };
    all.extend([
        // Orders 1, 2 and 4, with and without the sign; an encoding that is not reduced; a y without a point.
        ed_point(at(1, 0, 0)),
        ed_point(at(1, 0, 0x80)),
        ed_point(at(0xec, 0xff, 0x7f)),
        ed_point(at(0, 0, 0)),
        ed_point(at(0xed, 0xff, 0x7f)),
        ed_point(at(2, 0, 0)),
        ed(json!({"x": encode([1; 31])})),
        ed_point(at(3, 0, 0)),
        ed_point(at(4, 0, 0)),
        ed_point(at(5, 0, 0)),
        // More of them than are warned of.
        set(&vec![json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}); 12]
            .into_iter()
            .enumerate()
            .map(|(at, key)| with(key, json!({"kid": at.to_string()})))
            .collect::<Vec<_>>()),
        ed(json!({"d": "x"})),
        ed(json!({"alg": "ES256"})),
    ]);
    let mut even = modulus();
    even[255] &= 0xfe;
    all.extend([
        rsa(json!({"n": encode(even)})),
        rsa(json!({"n": encode(roca_modulus())})),
        rsa(json!({"e": encode([1, 0, 0, 0, 1])})),
        rsa(json!({"e": encode([1, 0, 0])})),
        rsa(json!({"e": "AAAB"})),
        rsa(json!({"n": encode([0xab; 1025])})),
        rsa(json!({"n": ""})),
        rsa(json!({"e": ""})),
        rsa(json!({"n": format!("{}==", encode(modulus()))})),
        rsa(json!({"e": "AQAB===="})),
        rsa(json!({"e": "+_8"})),
        rsa(json!({"alg": "ES256"})),
        rsa(json!({"use": "enc", "d": "x"})),
        rsa(json!({"n": null, "d": "x"})),
        rsa(json!({"p": 1})),
        rsa(json!({"qi": {}})),
        rsa(json!({"kid": null, "alg": "RS256"})),
        rsa(json!({"x5t": "x", "x5u": "https://id.contoso.example", "x5c": ["MIIB"], "nbf": 1, "y": "", "crv": ""})),
    ]);
    // Several entries.
    let named = |kid: &str, key: Value| with(key, json!({ "kid": kid }));
    let other = with(rsa_jwk(), json!({"kid": "other", "n": encode(other_modulus())}));
    all.extend([
        set(&[rsa_jwk(), named("good", other.clone())]),
        set(&[named("", rsa_jwk()), named("ec", ec_jwk())]),
        set(&[with(rsa_jwk(), json!({"kid": null})), with(ec_jwk(), json!({"use": "enc"}))]),
        set(&[with(rsa_jwk(), json!({"kid": null})), other]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"use": "enc"}))]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"d": "x"}))]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"kid": "copy"}))]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"kid": "copy", "d": "x"}))]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"issuer": ISSUER}))]),
        set(&[
            with(rsa_jwk(), json!({"cloud_instance_name": "a"})),
            with(rsa_jwk(), json!({"cloud_instance_name": "b"})),
        ]),
        set(&[rsa_jwk(), with(ec_jwk(), json!({"cloud_instance_name": "microsoftonline.com"}))]),
        set(&[with(rsa_jwk(), json!({"alg": "RS256"})), with(rsa_jwk(), json!({"alg": "RS512"})), rsa_jwk()]),
        set(&[with(rsa_jwk(), json!({"kid": "x".repeat(300), "alg": "none"}))]),
        set(&[json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "shared"}), rsa_jwk()]),
        set(&[json!(null), json!([]), json!("x"), json!({}), rsa_jwk()]),
        format!("{{\"keys\":[{{\"kty\":\"RSA\",\"kty\":\"RSA\"}},{}]}}", rsa_jwk()),
        json!({"keys": [rsa_jwk()], "issuer": 1, "x": [[[]]]}).to_string(),
    ]);
    // Another key under each name; one for another issuer; one without a cloud beside one with.
    let generator = |points: [&str; 2]| points.map(|number| encode(from_hex(number)));
    let [x, y] = generator(P256_GENERATOR);
    let [x384, y384] = generator(P384_GENERATOR);
    let own = [rsa_jwk(), ec_jwk(), p384_jwk(), ed_jwk(), with(rsa_jwk(), json!({"kid": null}))];
    let others = [
        json!({"n": encode(other_modulus())}),
        json!({"x": x, "y": y}),
        json!({"x": x384, "y": y384}),
        json!({"x": encode(from_hex(ANOTHER_ED25519))}),
        json!({"n": encode(other_modulus())}),
    ];
    let with_cloud = with(ec_jwk(), json!({"kid": "cloud", "x": x, "y": y, "cloud_instance_name": "a"}));
    for (key, other) in own.into_iter().zip(others) {
        all.push(set(&[with(key.clone(), other)]));
        all.push(set(&[with(key.clone(), json!({"issuer": "https://evil.example"}))]));
        all.push(set(&[key, with_cloud.clone()]));
    }
    all.push(set(&[with(rsa_jwk(), json!({"kid": null, "cloud_instance_name": "a"}))]));
    all.extend(["one", "low"].map(|kid| {
        let key = if kid == "one" { rsa_jwk() } else { ed_jwk() };
        set(&[with(key, json!({ "kid": kid }))])
    }));
    // Those that the tenants of Entra share.
    let of = |issuer: &str| with(rsa_jwk(), json!({ "issuer": issuer }));
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let exact = template.replace("{tenantid}", TENANT);
    let cloud = |name: &str| with(of(template), json!({ "cloud_instance_name": name }));
    all.extend(
        [
            set(&[of(template)]),
            set(&[of(&exact)]),
            set(&[of(&format!("https://sts.windows.net/{TENANT}/"))]),
            set(&[of("https://sts.windows.net/{tenantid}/")]),
            set(&[of("https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0")]),
            set(&[of("https://evil.example/{tenantid}/v2.0")]),
            set(&[of("x")]),
            set(&[of(" ")]),
            set(&[rsa_jwk()]),
            set(&[cloud("microsoftonline.com")]),
            set(&[cloud("microsoftonline.us")]),
            set(&[
                of(template),
                with(cloud("microsoftonline.com"), json!({"kid": "other", "n": encode(other_modulus())})),
            ]),
            set(&[with(of(template), json!({"kid": null}))]),
            set(&[of(template), of(&exact)]),
            set(&[with(of(template), json!({"kid": "other"}))]),
            set(&[with(of(template), json!({"n": encode(other_modulus())}))]),
            set(&[]),
            "{}".to_owned(),
        ]
        .map(|document| format!("S{document}")),
    );
    bytes(all)
}

/// The generators of the curves (SEC 2, sections 2.4.2 and 2.5.1), as keys of nobody.
const P256_GENERATOR: [&str; 2] = [
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
];
const P384_GENERATOR: [&str; 2] = [
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
];
/// The base point of Ed25519 (RFC 8032, section 5.1).
const ANOTHER_ED25519: &str = "5866666666666666666666666666666666666666666666666666666666666666";

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Of the form that the faulty generator of CVE-2017-15361 made: 65537^a modulo the product of the first primes, and a multiple
/// of that product.
pub fn roca_modulus() -> Vec<u8> {
    // 65537 itself plus a multiple of the product of the primes to 167, in 2048 bits.
    let primes = [
        2_u32, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
        107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    // Big-endian digits of 8 bits.
    let mut product = vec![1_u8];
    for prime in primes {
        let mut carry = 0;
        for digit in product.iter_mut().rev() {
            let sum = u32::from(*digit) * prime + carry;
            *digit = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        if carry > 0 {
            product.insert(0, carry as u8);
        }
    }
    // Times a power of 256 and something that fills the first digit, so that it has 2048 bits.
    let factor = 255 / (u32::from(product[0]) + 1);
    let mut carry = 0;
    for digit in product.iter_mut().rev() {
        let sum = u32::from(*digit) * factor + carry;
        *digit = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    product.resize(256, 0);
    let [.., third, second, first] = product.as_mut_slice() else { unreachable!("256 digits") };
    (*third, *second, *first) = (1, 0, 1);
    product
}

/// Of nobody's key: no prime below 2^16 divides it.
fn other_modulus() -> Vec<u8> {
    let mut other = modulus();
    loop {
        // Odd numbers, the next after ours.
        for digit in other.iter_mut().rev() {
            let (sum, is_over) = digit.overflowing_add(2);
            *digit = sum;
            if !is_over {
                break;
            }
        }
        let is_divided = |prime: u32| other.iter().fold(0, |rest, digit| (rest * 256 + u32::from(*digit)) % prime) == 0;
        if !(3..65_536).step_by(2).any(is_divided) {
            return other;
        }
    }
}

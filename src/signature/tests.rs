use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};

use super::{weak::*, *};

const ED: &[Algorithm] = &[Algorithm::EdDSA];
const EXPONENT: &[u8] = &[1, 0, 1];

/// A modulus of this many bits without small factors.
fn modulus(bits: usize) -> Vec<u8> {
    let mut modulus: Vec<u8> = (0..bits / 8).map(|at| (at * 37 + 11) as u8 | 1).collect();
    modulus[0] = 0xc3;
    next_without_small_factor(&mut modulus);
    modulus
}

fn refusal(modulus: &[u8], exponent: &[u8]) -> Option<NoKey> {
    PublicKey::rsa(modulus, exponent, &[Algorithm::RS256]).err()
}

/// `modulus` times a small number.
fn times(modulus: &[u8], factor: u64) -> Vec<u8> {
    let mut product = Vec::new();
    let mut carry = 0;
    for &byte in modulus.iter().rev() {
        let sum = u64::from(byte) * factor + carry;
        product.insert(0, sum as u8);
        carry = sum >> 8;
    }
    while carry > 0 {
        product.insert(0, carry as u8);
        carry >>= 8;
    }
    product
}

#[test]
fn rsa_keys_with_a_small_factor_are_refused() {
    assert_eq!(refusal(&modulus(2048), EXPONENT), None);
    assert_eq!(refusal(&modulus(8192), EXPONENT), None);
    let factored = Some(NoKey::Weak("has a modulus that can be factored (a prime below 65536 divides it)"));
    assert_eq!(refusal(&[0xff; 256], EXPONENT), factored, "divisible by 3");
    let cofactor = modulus(2048);
    for prime in [3, 5, 7, 251, 257, 32_749, 65_519, 65_521] {
        assert_eq!(refusal(&times(&cofactor, prime), EXPONENT), factored, "{prime}");
    }
    assert_eq!(refusal(&times(&cofactor, 65_537), EXPONENT), None, "the smallest prime that is not looked for");
}

/// All primes below 2^16 by the plain definition, each as a factor of a number of several lengths.
#[test]
fn every_odd_prime_below_65536_is_found() {
    let is_prime =
        |number: &u64| (2..).take_while(|divisor| divisor * divisor <= *number).all(|by| !number.is_multiple_of(by));
    let primes: Vec<u64> = (3..1 << 16).filter(is_prime).collect();
    assert_eq!(primes.len(), 6_541);
    for length in [1, 8, 9, 32] {
        // 65537 to the power of a few is a number of that length without small factors.
        let cofactor = (0..length).fold(vec![1], |number, _| times(&number, 65_537));
        assert!(!has_small_factor(&cofactor));
        for prime in primes.iter().step_by(if length == 8 { 1 } else { 97 }) {
            assert!(has_small_factor(&times(&cofactor, *prime)), "{prime} times a number of {length} parts");
        }
    }
}

#[test]
fn other_weak_rsa_keys_are_refused() {
    let good = modulus(2048);
    let even = [&good[..255], &[0xfe]].concat();
    for (what, modulus, exponent) in [
        ("short", &modulus(1024)[..], EXPONENT),
        ("empty", &[], EXPONENT),
        ("long", &modulus(8200)[..], EXPONENT),
        ("even", &even[..], EXPONENT),
        ("no exponent", &good[..], &[]),
        ("exponent 1", &good[..], &[1]),
        ("exponent 3", &good[..], &[3]),
        ("even exponent", &good[..], &[1, 0, 2]),
        ("long exponent", &good[..], &[1, 0, 0, 0, 1]),
    ] {
        assert!(matches!(refusal(modulus, exponent), Some(NoKey::Weak(_))), "{what}");
    }
    assert_eq!(PublicKey::rsa(&good, EXPONENT, ED).err(), Some(NoKey::OtherAlgorithm));
}

/// Every encoding of a point whose order divides 8, and whether RFC 8032 allows it: y and p + y as far as 255 bits reach, and
/// each with the sign bit, which a point with x = 0 must not have.
fn small_order_encodings() -> Vec<([u8; 32], bool)> {
    let hex = |text: &str| -> [u8; 32] {
        let bytes: Vec<u8> =
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
        bytes.try_into().unwrap()
    };
    let canonical = [
        hex("0100000000000000000000000000000000000000000000000000000000000000"),
        hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("0000000000000000000000000000000000000000000000000000000000000000"),
        hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ];
    let beyond = [
        hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];
    let positive: Vec<_> =
        canonical.into_iter().map(|y| (y, true)).chain(beyond.into_iter().map(|y| (y, false))).collect();
    let negative = positive.iter().enumerate().map(|(at, (y, is_canonical))| {
        let mut negative = *y;
        negative[31] |= 0x80;
        (negative, *is_canonical && at > 1)
    });
    positive.iter().copied().chain(negative).collect()
}

/// Row 26: each of these keys verifies a signature that was made without a private key, and none is accepted.
#[test]
fn ed25519_keys_of_small_order_are_refused() {
    let points = small_order_encodings();
    for (key, is_canonical) in &points {
        // With s = 0, the equation R = s·B − h·A holds for one R of small order, whatever h is.
        let verifies = |message: &str, point: &[u8; 32]| {
            let signature = [&point[..], &[0; 32]].concat();
            ParsedPublicKey::new(&ED25519, key).is_ok_and(|key| key.verify_sig(message.as_bytes(), &signature).is_ok())
        };
        let forged =
            (0..64).any(|number| points.iter().any(|(point, _)| verifies(&format!("message {number}"), point)));
        // In another encoding, the library refuses some of them by itself.
        assert!(forged || !is_canonical, "{key:x?} is not a point of small order");
        assert!(matches!(PublicKey::ed25519(key, ED), Err(NoKey::Weak(_))), "{key:x?}");
    }
}

#[test]
fn ed25519_keys_have_one_encoding() {
    // p + 3 to p + 18, of whatever order.
    for low in 0xed..=0xff_u8 {
        for sign in [0x7f, 0xff] {
            let mut key = [0xff; 32];
            (key[0], key[31]) = (low, sign);
            assert!(matches!(PublicKey::ed25519(&key, ED), Err(NoKey::Weak(_))), "{key:x?}");
        }
    }
    for key in [&[][..], &[9; 31], &[9; 33]] {
        assert!(PublicKey::ed25519(key, ED).is_err());
    }
    for _ in 0..20 {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let key = PublicKey::ed25519(pair.public_key().as_ref(), ED).unwrap();
        assert!(key.verify(Algorithm::EdDSA, b"message", pair.sign(b"message").as_ref()));
        assert!(!key.verify(Algorithm::EdDSA, b"another", pair.sign(b"message").as_ref()));
    }
}

#[test]
fn ecdsa_keys_off_their_curve_are_refused() {
    for (algorithm, length) in [(Algorithm::ES256, 32), (Algorithm::ES384, 48)] {
        let key = |x: &[u8], y: &[u8]| PublicKey::elliptic(algorithm, x, y, &[algorithm]).err();
        let off = Some(NoKey::Invalid("is not a point on its curve"));
        let (zero, one, most) = (vec![0; length], [vec![0; length - 1], vec![1]].concat(), vec![0xff; length]);
        for (x, y) in [(&zero, &zero), (&zero, &one), (&one, &zero), (&one, &one), (&most, &most), (&most, &zero)] {
            assert_eq!(key(x, y), off, "{algorithm} {x:x?} {y:x?}");
        }
        assert!(matches!(key(&[], &[]), Some(NoKey::Invalid(_))), "the point at infinity has no coordinates");
        assert!(matches!(key(&zero[1..], &zero), Some(NoKey::Invalid(_))));
        assert_eq!(PublicKey::elliptic(algorithm, &zero, &zero, ED).err(), Some(NoKey::OtherAlgorithm));
    }
}

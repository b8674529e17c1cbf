//! Base64url without padding (RFC 4648 §5, RFC 7515 §2) in its one canonical form.

use base64::{Engine, engine::general_purpose};

/// The bytes that `text` stands for; `None` if it has padding or any other character, an impossible length, or bits at its
/// end that no byte takes up.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    engine().decode(text).ok()
}

/// Decodes many characters at a time, where the processor can: callers without any right make us do it.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")))]
fn engine() -> &'static impl Engine {
    use std::sync::LazyLock;

    use base64::engine::Simd;

    static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(general_purpose::NO_PAD));
    &*ENGINE
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")
)))]
fn engine() -> &'static impl Engine {
    &general_purpose::URL_SAFE_NO_PAD
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::decode;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// What the library's plain engine says, which has no code for certain processors.
    fn plain(text: &[u8]) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }

    #[test]
    fn there_is_one_form() {
        assert_eq!(decode(b""), Some(vec![]));
        assert_eq!(decode(b"AQ"), Some(vec![1]));
        for end in ["AQ==", "AR", "A", "AAAAA", "AQ\n", "A+", "A/", " AQ", "AQ ", "AAAAAAAAA", "AAAAAAAA=", "AAA\u{e9}"]
        {
            for before in ["", &"-_09".repeat(40)] {
                let text = format!("{before}{end}");
                assert_eq!(decode(text.as_bytes()), None, "{text:?}");
            }
        }
    }

    /// Every end of up to three characters, behind nothing and behind all lengths of full groups.
    #[test]
    fn every_end_is_judged_as_by_the_plain_engine() {
        let characters: Vec<u8> = ALPHABET.iter().chain(b"=+/ \0").copied().collect();
        for before in ["", "abcd", "abcd_-09", &"abcd_-09".repeat(8), &"_-09".repeat(33)] {
            for &one in &characters {
                for &two in &characters {
                    for end in [&[one, two][..], &[b'w', one, two]] {
                        let text = [before.as_bytes(), end].concat();
                        assert_eq!(decode(&text), plain(&text), "{}", text.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn every_byte_is_read_or_refused_wherever_it_stands() {
        let value = |byte: u8| ALPHABET.iter().position(|&known| known == byte);
        for length in [2, 3, 4, 7, 8, 31, 32, 63, 64, 68, 96, 99, 128, 132] {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'A'; length];
                    text[at] = byte;
                    let decoded = decode(&text);
                    assert_eq!(decoded, plain(&text), "{}", text.escape_ascii());
                    assert!(decoded.is_none() || value(byte).is_some(), "{}", text.escape_ascii());
                    if length % 4 == 0 {
                        // Six bits at their place, all others zero.
                        let expected = value(byte).map(|value| {
                            let mut bits = vec![0_u8; length / 4 * 3];
                            let three = (value as u32) << (18 - 6 * (at % 4));
                            bits[at / 4 * 3..at / 4 * 3 + 3].copy_from_slice(&three.to_be_bytes()[1..]);
                            bits
                        });
                        assert_eq!(decoded, expected, "{}", text.escape_ascii());
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(decode(URL_SAFE_NO_PAD.encode(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn any_text_is_judged_as_by_the_plain_engine(text in prop_oneof!["[A-Za-z0-9_-]{0,300}", "[A-Za-z0-9_=+/-]{0,80}", any::<String>()]) {
            prop_assert_eq!(decode(text.as_bytes()), plain(text.as_bytes()));
        }

        #[test]
        fn any_bytes_are_judged_as_by_the_plain_engine(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&bytes), plain(&bytes));
        }
    }
}

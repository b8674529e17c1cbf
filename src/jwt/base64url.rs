//! Base64url without padding (RFC 4648 §5, RFC 7515 §2) in its one canonical form.
//!
//! Decoding is the largest part of what a request costs beside its signature, and callers without any right make us do it.
//! So it is done here: eight characters at a time, of which nothing is asked until the end.

/// The bytes that `text` stands for; `None` if it has padding or any other character, an impossible length, or bits at its
/// end that no byte takes up.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (eights, rest) = text.as_chunks::<8>();
    // Of eight characters come six bytes; of one more, which is six bits, no byte.
    let left = match rest.len() {
        1 | 5 => return None,
        characters => characters * 6 / 8,
    };
    let mut bytes = vec![0; eights.len() * 6 + left];
    let (sixes, end) = bytes.as_chunks_mut::<6>();
    let mut seen = 0;
    for (eight, six) in eights.iter().zip(sixes) {
        *six = decode_eight(eight, &mut seen);
    }
    if !rest.is_empty() {
        let mut eight = [ZERO; 8];
        eight[..rest.len()].copy_from_slice(rest);
        let six = decode_eight(&eight, &mut seen);
        let (taken, over) = six.split_at(left);
        end.copy_from_slice(taken);
        if over.iter().any(|&byte| byte != 0) {
            return None;
        }
    }
    (seen & WRONG == 0).then_some(bytes)
}

/// The six bytes of eight characters. Notes in `seen` if one of these was none of the alphabet.
#[inline(always)]
fn decode_eight(&[a, b, c, d, e, f, g, h]: &[u8; 8], seen: &mut u32) -> [u8; 6] {
    let value = |place: usize, character: u8| VALUES[place][usize::from(character)];
    let high = value(0, a) | value(1, b) | value(2, c) | value(3, d);
    let low = value(0, e) | value(1, f) | value(2, g) | value(3, h);
    *seen |= high | low;
    // A bit that stands for a wrong character may fall among the others: then nothing comes of them.
    let [_, _, six @ ..] = (u64::from(high) << 24 | u64::from(low)).to_be_bytes();
    six
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Stands for six bits that are 0.
const ZERO: u8 = ALPHABET[0];
/// Above the 24 bits of four characters.
const WRONG: u32 = 1 << 24;

/// What each byte stands for as the first to the fourth of four characters.
static VALUES: [[u32; 256]; 4] = [values(18), values(12), values(6), values(0)];

const fn values(shift: u32) -> [u32; 256] {
    let mut values = [WRONG; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = (value as u32) << shift;
        value += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::ALPHABET;

    fn decode(text: &str) -> Option<Vec<u8>> {
        super::decode(text.as_bytes())
    }

    fn theirs(text: &str) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }

    #[test]
    fn there_is_one_form() {
        assert_eq!(decode(""), Some(vec![]));
        assert_eq!(decode("AQ"), Some(vec![1]));
        for text in
            ["AQ==", "AR", "A", "AAAAA", "AQ\n", "A+", "A/", " AQ", "AQ ", "AAAAAAAAA", "AAAAAAAA=", "AAA\u{e9}"]
        {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    /// Every end of up to three characters, behind nothing and behind all lengths of full groups.
    #[test]
    fn every_end_is_judged_as_the_library_does() {
        let characters: Vec<char> =
            ALPHABET.iter().map(|&byte| char::from(byte)).chain(['=', '+', '/', ' ', '\0']).collect();
        for before in ["", "abcd", "abcd_-09"] {
            for &one in &characters {
                for &two in &characters {
                    let text = format!("{before}{one}{two}");
                    assert_eq!(decode(&text), theirs(&text), "{text}");
                    let text = format!("{before}w{one}{two}");
                    assert_eq!(decode(&text), theirs(&text), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_wrong_character_is_seen_wherever_it_stands() {
        for length in [2, 3, 4, 6, 7, 8, 10, 11, 16, 24, 31] {
            for at in 0..length {
                for byte in 0..=127_u8 {
                    let mut text = "A".repeat(length).into_bytes();
                    text[at] = byte;
                    let text = String::from_utf8(text).unwrap();
                    assert_eq!(decode(&text), theirs(&text), "{text}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_judged_as_the_library_does(text in prop_oneof!["[A-Za-z0-9_-]{0,40}", "[A-Za-z0-9_=+/-]{0,20}", any::<String>()]) {
            prop_assert_eq!(decode(&text), theirs(&text));
        }

        #[test]
        fn any_bytes_are_judged_as_the_library_does(bytes: Vec<u8>) {
            prop_assert_eq!(super::decode(&bytes), URL_SAFE_NO_PAD.decode(&bytes).ok());
        }
    }
}

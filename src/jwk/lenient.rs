//! Forms of base64 in key sets that RFC 7518 does not allow.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Decodes base64url or standard base64 (RFC 4648), padded or not. `None` if the text mixes the two alphabets, or has padding
/// of the wrong length, another character, or unused bits at its end that are not zero.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    const GROUP: usize = 4;
    let unpadded = text.trim_end_matches('=');
    let padding = text.len() - unpadded.len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(GROUP)) {
        return None;
    }
    let bytes = match (unpadded.contains(['+', '/']), unpadded.contains(['-', '_'])) {
        (true, true) => return None,
        (true, false) => STANDARD_NO_PAD.decode(unpadded),
        (false, _) => URL_SAFE_NO_PAD.decode(unpadded),
    };
    bytes.ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn base64_is_decoded_in_either_alphabet_padded_or_not() {
        for (text, bytes) in [
            ("-_8", Some(vec![0xfb, 0xff])),
            ("+/8", Some(vec![0xfb, 0xff])),
            ("-_8=", Some(vec![0xfb, 0xff])),
            ("+/8=", Some(vec![0xfb, 0xff])),
            ("AQAB", Some(vec![1, 0, 1])),
            ("AQ==", Some(vec![1])),
            ("AQ=", None),
            ("AQ===", None),
            ("AQAB=", None),
            ("AQAB====", None),
            ("+_8", None),
            ("-/8=", None),
            ("+_8A", None),
            ("+/9", None),
            ("A", None),
            ("A===", None),
            ("A=Q=", None),
            ("AQ ==", None),
            ("AQ\n", None),
            ("", None),
            ("=", None),
            ("====", None),
        ] {
            assert_eq!(decode(text), bytes, "{text:?}");
        }
    }
}

use std::{error::Error, fmt, str::FromStr};

/// The id of a tenant: a GUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId([u8; 16]);

/// A string is not a GUID of the form `11111111-2222-3333-4444-555555555555`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTenantId;

impl fmt::Display for InvalidTenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a GUID of the form 11111111-2222-3333-4444-555555555555")
    }
}

impl Error for InvalidTenantId {}

const TEXT_LENGTH: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// Where the two digits of each byte begin.
const DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/// Has a bit that no digit has, for bytes that are not digits.
const NO_DIGIT: u8 = 0x80;

/// The value of a hexadecimal digit. Without branches, so that the compiler can vectorize the loop over all digits: this runs
/// several times for each token.
fn value(byte: u8) -> u8 {
    let (digit, letter) = (byte.wrapping_sub(b'0'), (byte | 0x20).wrapping_sub(b'a'));
    if digit < 10 {
        digit
    } else if letter < 6 {
        letter + 10
    } else {
        NO_DIGIT
    }
}

impl TenantId {
    /// The tenant of all personal Microsoft accounts ([discovery URLs](crate::guide::entra#discovery-urls)).
    pub const PERSONAL_ACCOUNTS: Self =
        Self([0x91, 0x88, 0x04, 0x0d, 0x6c, 0x67, 0x4c, 0x5b, 0xb1, 0x12, 0x36, 0xa3, 0x04, 0xb6, 0x6d, 0xad]);

    /// Parses a GUID in the form that Entra writes: lower case, with hyphens.
    pub(crate) fn from_canonical(text: &str) -> Option<Self> {
        if text.len() != TEXT_LENGTH || text.bytes().fold(false, |any, byte| any | byte.is_ascii_uppercase()) {
            None
        } else {
            text.parse().ok()
        }
    }

    /// The text form, without an allocation.
    pub(crate) fn encode(self) -> [u8; TEXT_LENGTH] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; TEXT_LENGTH];
        let mut at = 0;
        for byte in self.0 {
            if HYPHENS.contains(&at) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        text
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    /// Parses a GUID with hyphens, ignoring case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: &[u8; TEXT_LENGTH] = text.as_bytes().try_into().map_err(|_| InvalidTenantId)?;
        if HYPHENS.iter().any(|&at| bytes[at] != b'-') {
            return Err(InvalidTenantId);
        }
        let mut values = [0; TEXT_LENGTH];
        for (value_of, &byte) in values.iter_mut().zip(bytes) {
            *value_of = value(byte);
        }
        let mut id = [0; 16];
        let mut seen = 0;
        for (byte, &at) in id.iter_mut().zip(&DIGITS) {
            let (high, low) = (values[at], values[at + 1]);
            seen |= high | low;
            *byte = high << 4 | low & 15;
        }
        if seen & NO_DIGIT != 0 {
            return Err(InvalidTenantId);
        }
        Ok(Self(id))
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.encode()).unwrap_or_default())
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guid_is_parsed_in_either_case_and_written_in_lower_case() {
        let id: TenantId = "ABCDEF01-2345-6789-abcd-EF0123456789".parse().unwrap();
        assert_eq!(id.to_string(), "abcdef01-2345-6789-abcd-ef0123456789");
        assert_eq!(TenantId::PERSONAL_ACCOUNTS.to_string(), "9188040d-6c67-4c5b-b112-36a304b66dad");
    }

    #[test]
    fn other_text_than_a_guid_is_refused() {
        for text in [
            "",
            "common",
            "11111111222233334444555555555555",
            "{11111111-2222-3333-4444-555555555555}",
            "11111111-2222-3333-4444-55555555555g",
            "11111111-2222-3333-4444-5555555555555",
            "11111111-2222-3333-44445-55555555555",
            " 1111111-2222-3333-4444-555555555555",
            "1111111é-2222-3333-4444-55555555555",
        ] {
            assert_eq!(text.parse::<TenantId>(), Err(InvalidTenantId), "{text}");
        }
    }

    #[test]
    fn canonical_form_is_lower_case() {
        assert!(TenantId::from_canonical("abcdef01-2345-6789-abcd-ef0123456789").is_some());
        assert!(TenantId::from_canonical("ABCDEF01-2345-6789-abcd-ef0123456789").is_none());
    }
}

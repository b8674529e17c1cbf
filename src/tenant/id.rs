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
/// The position of the two digits of each byte.
const DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

impl TenantId {
    /// The tenant of all personal Microsoft accounts ([discovery URLs](crate::guide::entra#discovery-urls)).
    pub const PERSONAL_ACCOUNTS: Self =
        Self([0x91, 0x88, 0x04, 0x0d, 0x6c, 0x67, 0x4c, 0x5b, 0xb1, 0x12, 0x36, 0xa3, 0x04, 0xb6, 0x6d, 0xad]);

    /// The id in the one form that Entra writes: lower case, with hyphens.
    pub(crate) fn from_canonical(text: &str) -> Option<Self> {
        if text.len() != TEXT_LENGTH || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        text.parse().ok()
    }

    /// The canonical text without an allocation.
    pub(crate) fn encode(self) -> [u8; TEXT_LENGTH] {
        const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; TEXT_LENGTH];
        for (byte, &at) in self.0.iter().zip(&DIGITS) {
            text[at] = HEXADECIMAL[usize::from(byte >> 4)];
            text[at + 1] = HEXADECIMAL[usize::from(byte & 15)];
        }
        text
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    /// Reads a GUID with hyphens, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: &[u8; TEXT_LENGTH] = text.as_bytes().try_into().map_err(|_| InvalidTenantId)?;
        if HYPHENS.iter().any(|&at| bytes[at] != b'-') {
            return Err(InvalidTenantId);
        }
        let mut id = [0; 16];
        for (byte, &at) in id.iter_mut().zip(&DIGITS) {
            let (Some(high), Some(low)) = (digit(bytes[at]), digit(bytes[at + 1])) else {
                return Err(InvalidTenantId);
            };
            *byte = high << 4 | low;
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
    fn reads_either_case_and_writes_lower_case() {
        let id: TenantId = "ABCDEF01-2345-6789-abcd-EF0123456789".parse().unwrap();
        assert_eq!(id.to_string(), "abcdef01-2345-6789-abcd-ef0123456789");
        assert_eq!(TenantId::PERSONAL_ACCOUNTS.to_string(), "9188040d-6c67-4c5b-b112-36a304b66dad");
    }

    #[test]
    fn other_strings_are_rejected() {
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
    fn canonical_is_lower_case_only() {
        assert!(TenantId::from_canonical("abcdef01-2345-6789-abcd-ef0123456789").is_some());
        assert!(TenantId::from_canonical("ABCDEF01-2345-6789-abcd-ef0123456789").is_none());
    }
}

//! `google.rpc.Status` with one `google.rpc.ErrorInfo`, in the encoding of Protocol Buffers.
//!
//! The messages, from `google/rpc/status.proto` and `google/rpc/error_details.proto`; every field that is used is
//! length-delimited but for the code:
//!
//! ```text
//! Status    { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
//! Any       { string type_url = 1; bytes value = 2; }
//! ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
//! ```

const DOMAIN: &str = "tower-entra";
const TYPE_URL: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// A `Status` with this code and message. `reason` is in upper snake case, `metadata` from lower-case names to texts.
pub(super) fn status(code: u16, message: &str, reason: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut info = Vec::new();
    field(&mut info, 1, reason.as_bytes());
    field(&mut info, 2, DOMAIN.as_bytes());
    for (name, value) in metadata {
        // A map is a repeated message of key and value.
        let mut entry = Vec::new();
        field(&mut entry, 1, name.as_bytes());
        field(&mut entry, 2, value.as_bytes());
        field(&mut info, 3, &entry);
    }
    let mut any = Vec::new();
    field(&mut any, 1, TYPE_URL.as_bytes());
    field(&mut any, 2, &info);

    let mut status = Vec::new();
    status.push(1 << 3); // field 1, a varint
    varint(&mut status, code.into());
    field(&mut status, 2, message.as_bytes());
    field(&mut status, 3, &any);
    status
}

/// A length-delimited field. Its number is below 16, so that the tag is one byte.
fn field(message: &mut Vec<u8>, number: u8, value: &[u8]) {
    const LENGTH_DELIMITED: u8 = 2;
    message.push(number << 3 | LENGTH_DELIMITED);
    varint(message, value.len() as u64);
    message.extend_from_slice(value);
}

/// Seven bits in each byte, the lowest first; the eighth says that more follow.
fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

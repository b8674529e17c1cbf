//! The token from an argument, a pipe or the terminal, never more than can be one.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Read},
};

/// The most bytes that are read; no token is nearly as long.
const MAX_BYTES: usize = 1 << 20;

/// Reads what was given or pasted. The message says why there is nothing.
pub(crate) fn read(argument: Option<OsString>) -> Result<String, String> {
    match argument {
        Some(argument) if argument != "-" => read_all(argument.to_string_lossy().as_bytes(), "the argument"),
        None if io::stdin().is_terminal() => ask(),
        _ => read_all(io::stdin().lock(), "standard input"),
    }
}

fn read_all(from: impl Read, name: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = from.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("{name} has more than {MAX_BYTES} bytes: that is not a token"));
    }
    let text = text(&bytes);
    if text.trim().is_empty() {
        return Err(format!("{name} is empty: the command or variable that should have given the token gave none"));
    }
    Ok(text)
}

/// UTF-8, or UTF-16 with its mark, as some shells write files.
fn text(bytes: &[u8]) -> String {
    let wide = |number: fn([u8; 2]) -> u16| {
        let numbers: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| number([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&numbers)
    };
    match bytes {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Asks on the terminal, without showing what is typed, until an empty line: what is pasted may have several.
fn ask() -> Result<String, String> {
    let failed = |error: io::Error| format!("the terminal: {error}");
    let mut text = String::new();
    let mut prompt = "Paste the token; it is not shown. Then press Enter twice: ";
    while text.len() <= MAX_BYTES {
        match rpassword::prompt_password(prompt) {
            Ok(line) if line.trim().is_empty() => break,
            Ok(line) => text.push_str(&line),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(failed(error)),
        }
        text.push('\n');
        prompt = "";
    }
    eprintln!();
    read_all(text.as_bytes(), "what was pasted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_shells_write_them() {
        for bytes in [&b"abc"[..], b"\xEF\xBB\xBFabc", b"\xFF\xFEa\0b\0c\0", b"\xFE\xFF\0a\0b\0c"] {
            assert_eq!(text(bytes), "abc", "{bytes:?}");
        }
        assert_eq!(text(b"\xFF"), "\u{FFFD}");
    }

    #[test]
    fn no_more_is_read_than_can_be_a_token() {
        let mut endless = io::repeat(b'a').take(10 << 20);
        assert!(read_all(&mut endless, "it").is_err());
        assert_eq!((10 << 20) - endless.limit(), MAX_BYTES as u64 + 1);
    }
}

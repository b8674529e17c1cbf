//! Reads `application/x-www-form-urlencoded`.

/// The value of `name` in a query or a form (`application/x-www-form-urlencoded`).
pub(super) fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find_map(|(key, value)| {
        let found = form_decoded(key).is_some_and(|key| key == name);
        if found { form_decoded(value) } else { None }
    })
}

/// Decodes `+` and percent-encoding; `None` if the encoding is invalid.
pub(super) fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

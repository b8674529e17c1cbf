//! Decodes `application/x-www-form-urlencoded`.

use percent_encoding::percent_decode_str;

/// The first value of `name` in a query or a form. `None` if it is absent or is not UTF-8.
pub(super) fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| form_decoded(key).is_some_and(|key| key == name))
        .and_then(|(_, value)| form_decoded(value))
}

/// Decodes `+` and percent-encoding. `None` if the result is not UTF-8.
pub(super) fn form_decoded(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_parameter_of_a_name_is_decoded() {
        let form = "a=1+2%2B3&%61=second&b&c=%ff";
        assert_eq!(parameter(form, "a").as_deref(), Some("1 2+3"));
        assert_eq!(parameter(form, "b").as_deref(), Some(""));
        assert_eq!(parameter(form, "c"), None, "not UTF-8");
        assert_eq!(parameter(form, "d"), None);
    }
}

//! Causes in how the token was given: what is around it, and what was given instead of it.

use super::{
    Cause, CauseKind, Remedy,
    pasted::Pasted,
    remedy::{change_client, send},
};

const SEND: &str =
    "Send the value of access_token exactly as the token response has it, after \"Authorization: Bearer \".";

/// The cause that is in how the token was given.
pub(super) fn cause(kind: CauseKind, pasted: &Pasted) -> Cause {
    if kind == CauseKind::ErrorResponse {
        return Cause::new(
            kind,
            format!(
                "The token endpoint did not issue a token, and says why: {}.",
                pasted.refusal.as_deref().unwrap_or("no reason")
            ),
            vec![change_client(
                "Fix the token request first; the API was never called. If the error has a number AADSTS…, search for it.",
            )],
        );
    }
    if kind == CauseKind::OtherScheme {
        return other_scheme(pasted.other_scheme.as_deref().unwrap_or_default());
    }
    let name = pasted.field_name.as_deref();
    // `Token` is that of PowerShell, with its own remedy.
    if let (CauseKind::TokenResponse, Some(name)) = (kind, name.filter(|name| *name != "Token")) {
        return Cause::new(
            kind,
            format!(
                "It is a whole response as JSON, of the token endpoint or of a tool. The token is its field {name}."
            ),
            vec![send(format!("Send the value of {name} alone: jq -r .{name}."))],
        );
    }
    Cause::new(kind, explanation(kind, pasted), vec![remedy(kind)])
}

/// The cause that is in the scheme of an `Authorization` header.
pub(super) fn other_scheme(value: &str) -> Cause {
    // The scheme alone: what follows it may be a secret, and so may a single word.
    let (first, is_alone) = value.split_once(' ').map_or((value, true), |(first, _)| (first, false));
    let is_name = first.len() <= 20 && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let scheme = if is_name || first.starts_with("eyJ") { first } else { "" };
    let what = match scheme.to_ascii_lowercase().as_str() {
        "basic" => " (a name and a password)",
        "dpop" | "pop" | "mtls_pop" => " (a token that is bound to a key)",
        "negotiate" | "ntlm" => " (Windows sign-in)",
        _ if scheme.starts_with("eyJ") => " (it is the token itself, without the word Bearer)",
        _ => "",
    };
    let explanation = if is_alone || scheme.is_empty() || scheme.starts_with("eyJ") {
        format!("The Authorization header does not begin with a scheme{what}; Bearer is needed.")
    } else {
        format!("The Authorization header has the scheme {scheme}{what}, not Bearer.")
    };
    let remedy = change_client("Send Authorization: Bearer, a space, and the access token.");
    Cause::new(CauseKind::OtherScheme, explanation, vec![remedy])
}

fn explanation(kind: CauseKind, pasted: &Pasted) -> &'static str {
    match kind {
        CauseKind::NoToken => "There is no token.",
        CauseKind::BearerInToken => {
            "The word Bearer is part of what was given as the token: it is there twice in the header, or in a place that \
             expects the token alone."
        }
        CauseKind::Quoted => "The token is in quotes.",
        CauseKind::WhitespaceInToken => {
            "There is a line break, a space or an invisible character in the token: it was copied from a terminal, a page or \
             an e-mail."
        }
        CauseKind::UrlEncoded => "The token is URL-encoded (%2E instead of a dot, %20 instead of a space).",
        CauseKind::TwoTokens => "Two tokens were given at once.",
        CauseKind::TwoHeaders => "The request has two Authorization headers, so it is ambiguous which one counts.",
        CauseKind::Surrounded => "Other text is around the token: an address, a form or a sentence was copied with it.",
        CauseKind::PastedRequest => "The token was taken out of the header, request or command that was given.",
        CauseKind::TokenResponse => {
            "It is a whole JSON object, as Get-AzAccessToken gives it. The token is its field Token."
        }
        CauseKind::NoAccessToken => match pasted.field {
            Some("id_token") => {
                "It is a response of the token endpoint that has no access_token, only an id_token: no access token was \
                 requested."
            }
            _ => "It is a response of the token endpoint that has no access_token.",
        },
        CauseKind::DecodedContent => {
            "It is the decoded content of a token as JSON, as a decoder shows it, not the token. Its signature cannot be \
             checked."
        }
        CauseKind::WebPage => {
            "It is a web page (HTML), not a token: a sign-in page or an error page was returned where a token was expected."
        }
        CauseKind::TokenInCookie => {
            "It is a cookie, not a token: it belongs to the session of a browser with a web page, and no API accepts it."
        }
        CauseKind::Malformed => "It is binary data, not text: a token has only letters, digits, dots, - and _.",
        CauseKind::Placeholder => "There is a placeholder where the token should be.",
        CauseKind::Opaque => {
            "It is an opaque token, not a JWT: a refresh token, an authorization code, or an access token that only its \
             issuer can read."
        }
        _ => "A piece of the token is missing: it does not have all of its three parts, or one of them is cut.",
    }
}

fn remedy(kind: CauseKind) -> Remedy {
    let how = match kind {
        CauseKind::BearerInToken => {
            "Leave \"Bearer \" out where the token alone is expected: in token_from(), in a header of the application, in a \
             variable that a script puts after Bearer."
        }
        CauseKind::Quoted => "Remove the quotes: with jq, use -r; in a shell, put quotes around the whole header only.",
        CauseKind::WhitespaceInToken => "Send it in one piece, without line breaks and spaces.",
        CauseKind::UrlEncoded => "Decode it once before it goes into the header.",
        CauseKind::TwoTokens => "Send one: the access token for this API.",
        CauseKind::TwoHeaders => "Send one; a proxy and a client library may each add theirs.",
        CauseKind::Surrounded => {
            "Send the token alone: it begins with eyJ, and has three parts with two dots between them."
        }
        CauseKind::PastedRequest => "Nothing is to be changed here.",
        CauseKind::TokenResponse => "Send the value of that field alone: (Get-AzAccessToken …).Token.",
        CauseKind::NoAccessToken => {
            "Request a scope of this API, so that the response has an access_token; no API accepts an id_token or \
             refresh_token."
        }
        CauseKind::DecodedContent => {
            "Paste the token itself: it begins with eyJ, and has three parts with two dots between them."
        }
        CauseKind::WebPage => {
            "Request the token at the token endpoint, with POST; do not follow redirects to a sign-in page, and check the \
             status of the response."
        }
        CauseKind::TokenInCookie => {
            "Let the page get an access token for this API, with MSAL.js for example, and send it as Authorization: Bearer."
        }
        CauseKind::Malformed => {
            "Send the token as text. If a file or a column holds it compressed, encrypted or in UTF-16, decode that first."
        }
        CauseKind::Placeholder => {
            "Put the access token in its place; a variable must be set in this shell before the command runs."
        }
        CauseKind::Opaque => {
            "Send access_token, not refresh_token or code; and request a scope of this API, so that its access token is a \
             JWT."
        }
        CauseKind::Truncated => "Copy it whole: a selection, a column of a database or a log has cut it.",
        _ => SEND,
    };
    match kind {
        CauseKind::NoAccessToken | CauseKind::WebPage | CauseKind::TokenInCookie => change_client(how),
        _ => send(how),
    }
}

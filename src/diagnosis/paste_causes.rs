//! Causes that lie in how the token was given.

use super::{Cause, CauseKind, pasted::Pasted};

/// The cause that lies in how the token was given.
pub(super) fn of_paste(kind: CauseKind, pasted: &Pasted) -> Cause {
    let send = "Send the value of access_token exactly as the token response had it, after \"Authorization: Bearer \".";
    let (explanation, remedy): (&str, &str) = match kind {
        CauseKind::NoToken => ("There is no token.", send),
        CauseKind::BearerInToken => (
            "The word Bearer is part of what was given as the token: it stands there twice in the header, or in a place that \
             wants the bare token.",
            "Leave \"Bearer \" out where the token alone is wanted: in token_from(), in a header of one's own, in a \
             variable that a script puts behind Bearer.",
        ),
        CauseKind::Quoted => (
            "The token is in quotes.",
            "Take the quotes away: with jq, use -r; in a shell, put quotes around the whole header alone.",
        ),
        CauseKind::BrokenByBlanks => (
            "There is a line break or a blank in the token, or a letter that nobody sees: it was copied from a terminal, a page or \
             an e-mail.",
            "Send it in one piece, without line breaks and blanks.",
        ),
        CauseKind::UrlEncoded => (
            "The token is encoded for an address (%2E instead of a dot).",
            "Decode it once before it goes into the header.",
        ),
        CauseKind::TwoTokens => ("Two tokens were given at once.", "Send one: the access token for this API."),
        CauseKind::Surrounded => (
            "Other text stands around the token: a command, an address, a form or a sentence was copied with it.",
            "Send the token alone: it begins with eyJ, and has three parts with two dots between them.",
        ),
        CauseKind::ErrorResponse => {
            return Cause::new(
                kind,
                format!(
                    "The token endpoint gave no token, and says why: {}.",
                    pasted.refusal.as_deref().unwrap_or("nothing")
                ),
                "Mend the token request first; the API is never asked in this case. Search for the number AADSTS… if there is \
                 one.",
            );
        }
        CauseKind::TokenResponse => match pasted.field {
            Some("access_token") => (
                "It is the whole answer of the token endpoint, as JSON. The token is its field access_token.",
                "Send the value of access_token alone: jq -r .access_token.",
            ),
            Some("token") => (
                "It is a whole JSON object, as Get-AzAccessToken gives it. The token is its field Token.",
                "Send the value of that field alone: (Get-AzAccessToken …).Token.",
            ),
            _ => (
                "It is an answer of the token endpoint that has no access_token.",
                "Ask for a scope of this API, so that the answer has one; an id_token or refresh_token opens no API.",
            ),
        },
        CauseKind::Placeholder => (
            "A placeholder stands where the token should be.",
            "Put the access token in its place; a variable must be set in this shell before the command runs.",
        ),
        CauseKind::Opaque => (
            "It is an opaque token, not a JWT: a refresh token, an authorization code, or an access token that \
             only its issuer can read, as personal accounts get for Microsoft Graph.",
            "Send access_token, not refresh_token or code; and ask for a scope of this API, so that its access token is a JWT.",
        ),
        _ => (
            "A piece of the token is missing: it has not all of its three parts, or one of them is cut.",
            "Copy it whole: a selection, a field of a database or a log has cut it.",
        ),
    };
    Cause::new(kind, explanation, remedy)
}

pub(super) fn two_headers() -> Cause {
    Cause::new(
        CauseKind::TwoHeaders,
        "The request has two Authorization headers: which of them counts would be a guess.",
        "Send one; a proxy and a client library may each add theirs.",
    )
}

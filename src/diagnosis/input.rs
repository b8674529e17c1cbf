//! Causes in how the token was given: what is around it, and what was given instead of it.

use super::{Cause, CauseKind, Remedy, pasted::Pasted, remedy::send};

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
            vec![super::remedy::change_client(
                "Fix the token request first; the API was never called. If the error has a number AADSTS…, search for it.",
            )],
        );
    }
    Cause::new(kind, explanation(kind, pasted), vec![remedy(kind, pasted)])
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
        CauseKind::UrlEncoded => "The token is URL-encoded (%2E instead of a dot).",
        CauseKind::TwoTokens => "Two tokens were given at once.",
        CauseKind::TwoHeaders => "The request has two Authorization headers, so it is ambiguous which one counts.",
        CauseKind::Surrounded => "Other text is around the token: an address, a form or a sentence was copied with it.",
        CauseKind::PastedRequest => "The token was taken out of the header, request or command that was given.",
        CauseKind::TokenResponse => match pasted.field {
            Some("access_token") => {
                "It is the whole response of the token endpoint, as JSON. The token is its field access_token."
            }
            Some("token") => "It is a whole JSON object, as Get-AzAccessToken gives it. The token is its field Token.",
            _ => "It is a response of the token endpoint that has no access_token.",
        },
        CauseKind::Placeholder => "There is a placeholder where the token should be.",
        CauseKind::Opaque => {
            "It is an opaque token, not a JWT: a refresh token, an authorization code, or an access token that only its \
             issuer can read."
        }
        _ => "A piece of the token is missing: it does not have all of its three parts, or one of them is cut.",
    }
}

fn remedy(kind: CauseKind, pasted: &Pasted) -> Remedy {
    send(match kind {
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
        CauseKind::TokenResponse => match pasted.field {
            Some("access_token") => "Send the value of access_token alone: jq -r .access_token.",
            Some("token") => "Send the value of that field alone: (Get-AzAccessToken …).Token.",
            _ => {
                "Request a scope of this API, so that the response has an access_token; no API accepts an id_token or \
                 refresh_token."
            }
        },
        CauseKind::Placeholder => {
            "Put the access token in its place; a variable must be set in this shell before the command runs."
        }
        CauseKind::Opaque => {
            "Send access_token, not refresh_token or code; and request a scope of this API, so that its access token is a \
             JWT."
        }
        CauseKind::Truncated => "Copy it whole: a selection, a column of a database or a log has cut it.",
        _ => SEND,
    })
}

//! Causes in the form of the token: length, parts, header, algorithm.

use serde_json::json;

use super::request::request_ours;
use crate::{
    diagnosis::{
        Action, CauseKind, Provider, Remedy,
        facts::Facts,
        input,
        pasted::is_jwt_in_any_base64,
        remedy::{change_client, grant, investigate, renew, send},
        row::Row,
    },
    jwt::Algorithm,
    rejection::{Malformed, RejectionKind},
};

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: CauseKind::TwoHeaders,
        when: |f| f.is(RejectionKind::MalformedHeader),
        explanation: |f| input::cause(CauseKind::TwoHeaders, f.pasted).explanation().to_owned(),
        remedies: |f| of_input(CauseKind::TwoHeaders, f),
    },
    Row {
        kind: CauseKind::NoToken,
        when: |f| f.is(RejectionKind::MissingToken),
        explanation: |f| input::cause(CauseKind::NoToken, f.pasted).explanation().to_owned(),
        remedies: |f| of_input(CauseKind::NoToken, f),
    },
    Row {
        kind: CauseKind::TooLarge,
        when: |f| f.is(RejectionKind::TokenTooLarge),
        explanation: |f| {
            let groups = f.token.list("groups").len();
            let listed = if groups > 0 { format!(" It lists {groups} groups.") } else { String::new() };
            format!("The token has {}, and the limit is {}.{listed}", f.got(), f.expected())
        },
        remedies: |f| {
            let limit = Remedy::new(Action::ChangeCode { how: "Raise max_token_bytes().".to_owned() })
                .on_condition("If tokens of this length are expected");
            let fewer = grant(
                "groups",
                None,
                "In the API's app registration, under Token configuration, limit the groups claim to groups assigned to the \
                 application, or use app roles.",
            );
            match f.provider().has_registrations() {
                true => vec![fewer.on_condition("If the token lists too many groups"), limit],
                false => vec![
                    change_client("Let the provider put fewer claims into the token, lists of groups and roles first.")
                        .on_condition("If the token has claims that this API does not need"),
                    limit,
                ],
            }
        },
    },
    Row {
        kind: CauseKind::Placeholder,
        when: |f| {
            let is_null = ["null", "undefined", "[object Object]", "None"].contains(&f.pasted.token.as_str());
            f.is(RejectionKind::MalformedToken) && (is_null || f.is_malformed(Malformed::Placeholder))
        },
        explanation: |f| input::cause(CauseKind::Placeholder, f.pasted).explanation().to_owned(),
        remedies: |f| of_input(CauseKind::Placeholder, f),
    },
    Row {
        kind: CauseKind::Opaque,
        // Refresh tokens and authorization codes have dots too, but no JSON between them.
        when: |f| {
            let dots = dots(f);
            let is_opaque = dots == 0 || (dots <= 2 && !is_readable(f) && !f.pasted.token.starts_with("eyJ"));
            (f.is(RejectionKind::MalformedToken) && is_opaque)
                || (f.is(RejectionKind::EncryptedToken) && f.token.header().is_none())
        },
        explanation: |f| match f.provider() {
            Provider::Auth0 => {
                "It is an opaque token, not a JWT: Auth0 issues those where no audience was requested, and they \
                are for Auth0 alone."
                    .to_owned()
            }
            Provider::Okta => {
                "It is an opaque token, not a JWT: a refresh token or a code, or one that only Okta can read, as \
                its org authorization server issues."
                    .to_owned()
            }
            _ => input::cause(CauseKind::Opaque, f.pasted).explanation().to_owned(),
        },
        remedies: |f| match f.provider() {
            Provider::Auth0 | Provider::Okta => vec![request_ours(f)],
            _ => of_input(CauseKind::Opaque, f),
        },
    },
    Row {
        kind: CauseKind::EncryptedForIssuer,
        when: |f| f.is(RejectionKind::EncryptedToken) && f.token.header_text("alg") == Some("dir"),
        explanation: |_| {
            "The token has five parts: it is encrypted with a key that only its issuer has (alg dir). Providers such as Auth0 \
             issue such a token where no API was requested."
                .to_owned()
        },
        remedies: |f| vec![request_ours(f)],
    },
    Row {
        kind: CauseKind::Encrypted,
        when: |f| f.is(RejectionKind::EncryptedToken),
        explanation: |_| {
            "The token has five parts: it is encrypted (JWE), and this API has no key to decrypt it.".to_owned()
        },
        remedies: |f| match f.provider().has_registrations() {
            true => {
                vec![Remedy::new(Action::StopEncryption).noting(format!("The registration is that of {}.", f.api()))]
            }
            false => vec![change_client("Switch the encryption of access tokens off at the provider.")],
        },
    },
    Row {
        kind: CauseKind::Malformed,
        when: |f| {
            let token = &f.pasted.token;
            f.is(RejectionKind::MalformedToken) && token.contains(['+', '/', '=']) && is_jwt_in_any_base64(token)
        },
        explanation: |_| {
            "The token is in another alphabet of base64 (with +, / or =) than a JWT: something on its way has decoded it and \
             encoded it again."
                .to_owned()
        },
        remedies: |_| vec![send("Send the value of access_token exactly as the token response has it.")],
    },
    Row {
        kind: CauseKind::Truncated,
        when: |f| match f.kind() {
            RejectionKind::MalformedToken => is_cut(f),
            RejectionKind::BadSignature => f.is_signature_cut() && !f.recording.is_genuine_for_microsoft,
            _ => false,
        },
        explanation: |f| match f.signature_bytes() {
            Some((found, whole)) if found < whole && is_readable(f) && dots(f) == 2 => format!(
                "The end of the token is missing: its signature has {found} bytes, and {} makes at least {whole} bytes.",
                f.token.header_text("alg").unwrap_or("its algorithm")
            ),
            _ => input::cause(CauseKind::Truncated, f.pasted).explanation().to_owned(),
        },
        remedies: |f| of_input(CauseKind::Truncated, f),
    },
    Row {
        kind: CauseKind::OtherKindOfJwt,
        when: |f| f.is_malformed(Malformed::OtherType) || f.is_malformed(Malformed::CriticalExtension),
        explanation: |f| match f.token.header_text("typ") {
            Some(kind) if f.is_malformed(Malformed::OtherType) => {
                format!("It is another kind of JWT: the typ of its header is {kind}, not JWT or at+jwt.")
            }
            _ => "The header requires an extension (crit), which no access token does.".to_owned(),
        },
        remedies: |_| {
            vec![send(
                "Send the access token of the token response; no API accepts a proof (DPoP, PoP) or a logout token instead.",
            )]
        },
    },
    Row {
        kind: CauseKind::Malformed,
        when: |f| f.is(RejectionKind::MalformedToken),
        explanation: |f| {
            let detail = f.detail();
            format!(
                "It is not a well-formed access token: {}.",
                if detail.is_empty() { "it does not have the form of one" } else { &detail }
            )
        },
        remedies: |_| {
            vec![renew(
                "Get a new access token from the issuer's token endpoint. If a test or a script made this one, correct it there.",
            )]
        },
    },
    Row {
        kind: CauseKind::Unsigned,
        when: |f| f.is(RejectionKind::UnsupportedAlgorithm) && f.got().eq_ignore_ascii_case("none"),
        explanation: |_| "The token has no signature (alg none): anybody can write such a token.".to_owned(),
        remedies: |_| vec![renew("Get the token from the issuer's token endpoint. If a test makes it, sign it there.")],
    },
    Row {
        kind: CauseKind::OtherAlgorithm,
        when: |f| f.is(RejectionKind::UnsupportedAlgorithm),
        explanation: |f| {
            format!(
                "The token is signed with {}, and accepted is {}. Its issuer is {} (not verified).",
                f.got(),
                f.algorithms().join(" or "),
                f.issuer()
            )
        },
        remedies: |f| {
            let algorithm = f.got();
            if algorithm.parse::<Algorithm>().is_err() {
                return vec![renew(format!(
                    "Let the issuer sign with {}: {algorithm} cannot be accepted by any setting.",
                    f.algorithms().first().unwrap_or(&"RS256")
                ))];
            }
            if f.provider().has_registrations() {
                return vec![investigate("Entra signs with RS256 only: find out who made this token.")];
            }
            let mut algorithms = f.algorithms();
            algorithms
                .extend((!f.accepts_algorithm(algorithm)).then(|| f.failure.got_value().and_then(known)).flatten());
            vec![
                f.configure(vec![("Algorithms", json!(algorithms))], &[])
                    .on_condition(format!("If {} signs with {algorithm}, as its metadata says", f.authority_name())),
                renew("Let the provider sign with an accepted algorithm.").on_condition("Otherwise"),
            ]
        },
    },
];

/// The name of an algorithm as the library has it.
fn known(name: &str) -> Option<&'static str> {
    name.parse::<Algorithm>().ok().map(Algorithm::as_str)
}

fn of_input(kind: CauseKind, facts: &Facts<'_>) -> Vec<Remedy> {
    input::cause(kind, facts.pasted).remedies().to_vec()
}

fn dots(facts: &Facts<'_>) -> usize {
    facts.pasted.token.matches('.').count()
}

fn is_readable(facts: &Facts<'_>) -> bool {
    facts.token.header().is_some() || facts.token.claims().is_some()
}

fn is_cut(facts: &Facts<'_>) -> bool {
    let token = &facts.pasted.token;
    let lacks_part = facts.token.header().is_none() || facts.token.claims().is_none();
    let is_cut = dots(facts) == 1
        || facts.is_malformed(Malformed::SignatureEncoding)
        || (dots(facts) == 2 && (token.ends_with('.') || lacks_part));
    is_cut && (is_readable(facts) || token.starts_with("eyJ")) && facts.token.header_text("alg") != Some("none")
}

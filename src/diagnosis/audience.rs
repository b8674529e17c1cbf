//! Causes that lie with for whom the token is.

use super::{Cause, CauseKind, causes::Analysis};
use crate::tenant::TenantId;

impl Analysis<'_> {
    pub(super) fn wrong_audience(&self) -> Cause {
        let audiences = self.token.list("aud");
        let Some(got) = audiences.first().map(|audience| (*audience).to_owned()) else {
            return Cause::new(
                CauseKind::NoAudience,
                "The token has no aud: it does not say for whom it is.",
                "Access tokens of AWS Cognito have none, and their client_id is held against the audiences by \
                 audience_claim(\"client_id\") (AudienceClaim in JSON); tokens of Entra always have one.",
            );
        };
        let ours = self.audiences();
        let expected = ours.join(" or ");
        let is_form = |known: &&String| {
            !known.eq_ignore_ascii_case(&got) && guid_of(known).is_some() && guid_of(known) == guid_of(&got)
        };
        if let Some(known) = ours.iter().find(is_form) {
            return Cause::new(
                CauseKind::AudienceForm,
                format!(
                    "aud is {got}, another form of the configured {known}: v2 tokens have the client id, v1 tokens the App ID URI."
                ),
                format!(
                    "Configure the client id by client_id() (ClientId in JSON): all of its forms are accepted then; or add {got} to the audiences."
                ),
            );
        }
        if let Some((known, difference)) = ours.iter().find_map(|known| Some((known, difference(known, &got)?))) {
            return Cause::new(
                CauseKind::AudienceNearMiss,
                format!(
                    "aud is {got}, the configured audience is {known}: they differ {difference}, and audiences are compared exactly but for one slash at the end."
                ),
                format!(
                    "Add {got} to the audiences (Audiences in JSON), or make the App ID URI of the registration, and what clients ask for, exactly {known}."
                ),
            );
        }
        let client = self.token.text("azp").or(self.token.text("appid")).unwrap_or("the client");
        if self.token.has("xms_mirid") {
            return Cause::new(
                CauseKind::ManagedIdentity,
                format!("The token was got by a managed identity for {got}, not for {}.", self.api()),
                format!(
                    "Name this API as the resource of its token request: {}. If a gateway stands in front: API Management's \
                     authentication-managed-identity overwrites the Authorization header of the caller; put it behind \
                     validate-jwt, or give it another header.",
                    self.scope_to_ask()
                ),
            );
        }
        if self.token.has("scp") || self.token.has("scope") {
            return Cause::new(
                CauseKind::ForwardedToken,
                format!(
                    "The application {client} got the token for {got}, with the scopes {}; expected is {expected}. A token for one API opens no other.",
                    self.token.text("scp").unwrap_or("?")
                ),
                format!(
                    "If {got} is an API that calls this one, let it exchange the token (on-behalf-of) instead of passing it \
                     on; else let the client ask for {}. If {got} is another name of this API, add it to the audiences (Audiences in JSON).",
                    self.scope_to_ask()
                ),
            );
        }
        Cause::new(
            CauseKind::OtherAudience,
            format!("The token is for {got}; expected is {expected}."),
            format!(
                "Let the client ask for {}; or add {got} to the audiences (Audiences in JSON), if it is another name of this API.",
                self.scope_to_ask()
            ),
        )
    }
}

/// The client id in an audience: alone, or behind `api://`, perhaps with a tenant.
fn guid_of(audience: &str) -> Option<TenantId> {
    let bare = audience.strip_prefix("api://").unwrap_or(audience);
    bare.trim_end_matches('/').rsplit('/').next()?.parse().ok()
}

/// In what two audiences differ, if it is little.
fn difference(one: &str, other: &str) -> Option<&'static str> {
    let without_scheme = |text: &str| text.split_once("://").map(|(_, rest)| rest.to_owned());
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    if one.eq_ignore_ascii_case(other) {
        return Some("in upper and lower case");
    }
    if bare(one) == bare(other) {
        return Some("by slashes at the end");
    }
    if without_scheme(&bare(one)).is_some() && without_scheme(&bare(one)) == without_scheme(&bare(other)) {
        return Some("in what stands before :// (http, https, api)");
    }
    let is_path = |long: &str, short: &str| long.strip_prefix(&*bare(short)).is_some_and(|path| path.starts_with('/'));
    if is_path(one, other) || is_path(other, one) {
        return Some("by a path");
    }
    let folded = |text: &str| without_scheme(&bare(text)).unwrap_or_else(|| bare(text)).to_ascii_lowercase();
    (folded(one) == folded(other)).then_some("in what stands before :// and in upper and lower case")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_told() {
        for (one, other, said) in [
            ("api://orders", "API://Orders", Some("in upper and lower case")),
            ("api://orders", "api://orders//", Some("by slashes at the end")),
            ("https://orders.example", "http://orders.example", Some("in what stands before :// (http, https, api)")),
            ("https://orders.example", "https://orders.example/v1", Some("by a path")),
            ("https://orders.example/v1", "https://orders.example/", Some("by a path")),
            (
                "https://orders.example",
                "http://Orders.example",
                Some("in what stands before :// and in upper and lower case"),
            ),
            ("api://orders", "api://orders2", None),
            ("a", "b", None),
            ("", "", Some("in upper and lower case")),
        ] {
            assert_eq!(difference(one, other), said, "{one} {other}");
        }
    }
}

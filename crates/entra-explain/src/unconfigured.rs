//! What is certain of a token without the configuration of an API.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tower_entra::diagnosis::{Date, Decoded};

/// How to configure it.
pub(crate) const HOW: &str = "\
To have it checked, say which API it is for:
  entra-explain --config appsettings.json     a JSON file with AzureAd: TenantId, ClientId
  entra-explain --config policy.xml           a policy of API Management
  ENTRA_TENANT_ID=... ENTRA_CLIENT_ID=... entra-explain";

/// What is certain.
#[derive(Debug, Default)]
pub(crate) struct Certain {
    /// The first reason in a few words.
    pub(crate) title: Option<&'static str>,
    /// Reasons for which every API rejects it.
    pub(crate) faults: Vec<String>,
    /// Everything else.
    pub(crate) facts: Vec<String>,
}

impl Certain {
    pub(crate) fn of(token: &Decoded, now: SystemTime) -> Self {
        let mut certain = Self::default();
        let Some(claims) = token.claims() else { return certain };
        let audience = claims.get("aud").map(|audience| match audience {
            Value::String(audience) => audience.clone(),
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" and "),
            other => other.to_string(),
        });
        match (token.audience(), audience) {
            // The name of an API of Microsoft, where that is not the audience itself.
            (Some(name), Some(audience)) if !audience.contains(name) => certain.reject("it is for an API of Microsoft's", format!(
                "It is for {name} ({audience}), an API of Microsoft's: no other API accepts it. Request a scope of your own API \
                 instead, such as api://<client id of the API>/.default, and scopes of one API only."
            )),
            (_, Some(audience)) => {
                certain.facts.push(format!("It is for {audience}: the API must have that as its client id or audience."));
            }
            (_, None) => certain.facts.push("It does not say which API it is for (no aud).".to_owned()),
        }
        if ["nonce", "c_hash", "at_hash"].iter().any(|mark| claims.contains_key(*mark)) {
            certain.reject(
                "it is an ID token",
                "It is an ID token, which tells a client who signed in: send the access token of the same response instead."
                    .to_owned(),
            );
        }
        certain.add_dates(token, now);
        if let Some(issuer) = token.issuer() {
            certain.facts.push(format!("Its issuer is {issuer}."));
        }
        certain
    }

    fn reject(&mut self, title: &'static str, text: String) {
        self.title.get_or_insert(title);
        self.faults.push(text);
    }

    fn add_dates(&mut self, token: &Decoded, now: SystemTime) {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let date = |claim: &str| token.dates().iter().find(|date| date.claim == claim);
        let text = |date: &Date| format!("{}, {}", date.date, date.relative);
        match date("exp") {
            Some(end) if end.seconds < now => {
                self.reject("it has expired", format!("It has expired: {}. Get a new one.", text(end)));
            }
            Some(end) => self.facts.push(format!("It expires {}.", text(end))),
            None => self.reject("it has no expiry", "It has no expiry (exp).".to_owned()),
        }
        // Nobody tolerates a larger difference of clocks.
        const LARGEST_SKEW: u64 = 300;
        if let Some(start) = date("nbf").filter(|start| start.seconds > now + LARGEST_SKEW) {
            self.reject(
                "it is not valid yet",
                format!("It is not valid yet (nbf): {}. Compare the clocks.", text(start)),
            );
        }
    }
}

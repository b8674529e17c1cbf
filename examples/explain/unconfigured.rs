//! What is certain of a token without knowing for which API it should be.

use tower_entra::diagnosis::Decoded;

/// How to configure it.
pub(crate) const HOW: &str = "\
To have it checked, say which API it is for:
  explain appsettings.json            a JSON file with AzureAd: TenantId, ClientId
  ENTRA_TENANT_ID=… ENTRA_CLIENT_ID=… explain
  explain --policy policy.xml         a policy of API Management";

/// Sentences, the weightiest first.
pub(crate) fn sentences(token: &Decoded) -> Vec<String> {
    let mut said = vec![format!("It is {}.", token.kind())];
    said.extend(token.faults().iter().map(|fault| format!("{} {}", fault.explanation(), fault.remedy())));
    let Some(claims) = token.claims() else { return said };
    let audience = claims.get("aud").map(|audience| match audience.as_str() {
        Some(audience) => audience.to_owned(),
        None => audience.to_string(),
    });
    said.push(match (token.audience(), audience) {
        (Some(name), Some(audience)) if !audience.contains(name) => format!(
            "It is for {name} ({audience}), an API of Microsoft's: no other API can accept it. Ask for a scope of your own \
             API instead, such as api://<client id of the API>/.default, and for scopes of one API only."
        ),
        (_, Some(audience)) => format!("It is for {audience}: the API must have that as its client id or audience."),
        (_, None) => "It does not say for whom it is.".to_owned(),
    });
    if let Some(issuer) = token.issuer() {
        said.push(format!("It says that it is from {issuer}. Nothing of that is verified."));
    }
    if ["nonce", "c_hash", "at_hash"].iter().any(|mark| claims.contains_key(*mark)) {
        said.push("It is an id token: send the access token of the same answer instead.".to_owned());
    }
    said.extend(dates(token));
    said
}

fn dates(token: &Decoded) -> Vec<String> {
    let date = |claim: &str| token.dates().iter().find(|date| date.claim == claim);
    let is_past = |relative: &str| relative.ends_with(" ago");
    let mut said = Vec::new();
    match date("exp") {
        Some(end) if is_past(&end.relative) => {
            said.push(format!("It has expired: {}, {}. Get a new one.", end.relative, end.date));
        }
        Some(end) => said.push(format!("It expires {}, {}.", end.relative, end.date)),
        None => said.push("It has no end (exp), and is accepted nowhere.".to_owned()),
    }
    if let Some(start) = date("nbf").filter(|start| !is_past(&start.relative)) {
        said.push(format!("It counts only from {} on, {}: compare the clocks.", start.date, start.relative));
    }
    said
}

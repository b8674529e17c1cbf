//! The common parts of both policies: where the token is, audiences, claims, and the response to a refusal.

use std::collections::HashSet;

use roxmltree::Node as Element;

use super::{
    document::{children, no_attributes, no_elements, text},
    expressions::unsupported_expression,
    import::PolicyImport,
    placeholder::is_placeholder_value,
    value::{Imported, shortened},
};
use crate::error::ConfigProblemKind::{Conflict, Invalid, Missing, Unknown};

/// Reads an attribute that both policies have. True if it is one of them.
pub(super) fn attribute(name: &str, place: &str, value: &str, import: &mut PolicyImport) -> bool {
    const DEFAULT_MESSAGE: &str = "Unauthorized. Access token is missing or invalid.";
    let is_expression = unsupported_expression(value).is_some();
    match name {
        "header-name" if value.trim().eq_ignore_ascii_case("Authorization") => {}
        "header-name" => {
            if let Some(header) = import.evaluated(place, value) {
                let advice = format!(
                    "the token is in the header {}: read it with AuthenticateLayer::token_from",
                    shortened(&header)
                );
                import.note(place, advice);
            }
        }
        "query-parameter-name" => {
            if let Some(parameter) = import.evaluated(place, value) {
                let advice = format!(
                    "the token is in the query parameter {}: read it with AuthenticateLayer::token_from. Addresses end up in \
                     logs, so a header is better",
                    shortened(&parameter)
                );
                import.note(place, advice);
            }
        }
        "token-value" => {
            import.note(
                place,
                "the token is the value of an expression: read it with AuthenticateLayer::token_from, unless \
                                it is the Bearer token of the Authorization header",
            );
        }
        "failed-validation-httpcode" if value.trim() == "401" => {}
        "failed-validation-httpcode" => {
            let status = if is_expression { "…" } else { value.trim() };
            let advice = format!("the responder sets the status: ApiManagement::new().status({})", shortened(status));
            import.note(place, advice);
        }
        "failed-validation-error-message" if value.trim() == DEFAULT_MESSAGE => {}
        "failed-validation-error-message" => {
            import.note(place, "the responder sets the message: ApiManagement::new().message(…)");
        }
        "output-token-variable-name" => {
            import.note(place, "the claims of the token are in the request's extensions, as tower_entra::Claims");
        }
        // Any element of a policy may have it, for `context.LastError.PolicyId`.
        "id" => {}
        _ => return false,
    }
    true
}

/// The audiences of a policy.
#[derive(Default)]
pub(super) struct Audiences {
    /// In `audiences`.
    listed: Vec<Imported>,
    /// In `required-claims`, as values of `aud`.
    required: Vec<Imported>,
    /// Some could not be read, and that is a problem already.
    is_invalid: bool,
}

impl Audiences {
    /// Reads `audiences`.
    pub(super) fn read_listed(&mut self, element: Element<'_, '_>, place: &str, import: &mut PolicyImport) {
        let problems = import.problems.len();
        self.listed.extend(identifiers(element, "audience", place, "the API's client ID or App ID URI", import));
        if self.listed.is_empty() && import.problems.len() == problems {
            import.problem(
                Missing,
                place,
                None,
                "is empty; name the API's client ID or App ID URI in an element audience",
            );
        }
        self.is_invalid |= import.problems.len() > problems;
    }

    /// Adds those that are listed as applications.
    pub(super) fn extend(&mut self, audiences: Vec<Imported>) {
        self.listed.extend(audiences);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    pub(super) fn mark_invalid(&mut self) {
        self.is_invalid = true;
    }

    /// Puts the setting: the values that both lists allow. Returns it.
    pub(super) fn put(self, import: &mut PolicyImport) -> Vec<String> {
        let place = format!("{}/audiences", import.policy);
        let audiences = match (self.listed.is_empty(), self.required.is_empty()) {
            (false, true) => self.listed,
            (true, false) => {
                let at = format!("{}/required-claims/claim[aud]", import.policy);
                import.note(at, "becomes the audiences");
                self.required
            }
            // API Management requires both.
            (false, false) => {
                let required: HashSet<&str> = self.required.iter().filter_map(Imported::as_str).collect();
                let is_required = |audience: &Imported| audience.as_str().is_some_and(|text| required.contains(text));
                let both: Vec<Imported> = self.listed.into_iter().filter(is_required).collect();
                if both.is_empty() && !self.is_invalid {
                    let advice =
                        "has none of the values that required-claims requires for aud, so no token is accepted";
                    import.problem(Conflict, &place, None, advice);
                }
                both
            }
            (true, true) => {
                if !self.is_invalid {
                    let advice = "is missing, so that API Management accepts tokens for any API; name the API's client ID or \
                                  App ID URI";
                    import.problem(Missing, &place, None, advice);
                }
                Vec::new()
            }
        };
        let texts = audiences.iter().filter_map(Imported::as_str).map(str::to_owned).collect();
        import.put_list("Audiences", &place, audiences);
        texts
    }
}

/// The texts of the elements called `name`, which are identifiers. Those that cannot be read are problems.
pub(super) fn identifiers(
    element: Element<'_, '_>,
    name: &str,
    place: &str,
    expected: &str,
    import: &mut PolicyImport,
) -> Vec<Imported> {
    let mut found = Vec::new();
    for (at, text) in texts(element, name, place, import) {
        if let Some(value) = import.identifier(&at, &text, expected) {
            found.push(Imported::new(at, value));
        }
    }
    found
}

/// The texts of the elements called `name`, and their places.
pub(super) fn texts(
    element: Element<'_, '_>,
    name: &str,
    place: &str,
    import: &mut PolicyImport,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for child in children(element, name, place, import) {
        let at = format!("{place}/{name}");
        no_attributes(child, &at, import);
        if no_elements(child, &at, import) {
            found.push((at, text(child)));
        }
    }
    found
}

/// Reads `required-claims`. The audiences that are required there are added to `audiences`.
pub(super) fn required_claims(
    element: Element<'_, '_>,
    place: &str,
    audiences: &mut Audiences,
    import: &mut PolicyImport,
) {
    let claims = children(element, "claim", place, import);
    let is_aud = |claim: &&Element<'_, '_>| claim.attribute("name").is_some_and(|name| name.trim() == "aud");
    let names_one_audience = claims.iter().filter(is_aud).count() == 1;
    let mut rules = Vec::new();
    for claim in claims {
        let problems = import.problems.len();
        let Some(rule) = Claim::read(claim, place, import).filter(|_| import.problems.len() == problems) else {
            if is_aud(&&claim) {
                audiences.mark_invalid();
            }
            continue;
        };
        if rule.name == "aud" {
            audiences.required.extend(rule.values.iter().cloned());
            // Where the audiences say the same, the rule is not needed.
            if names_one_audience && (!rule.is_all || rule.values.len() == 1) {
                continue;
            }
        }
        rule.note(import);
        rules.push(rule.into_value());
    }
    import.put_list("RequiredClaims", place, rules);
}

/// One `claim` of `required-claims`.
struct Claim {
    place: String,
    name: String,
    is_all: bool,
    separator: Option<String>,
    values: Vec<Imported>,
}

impl Claim {
    fn read(claim: Element<'_, '_>, place: &str, import: &mut PolicyImport) -> Option<Self> {
        let (mut name, mut is_all, mut separator) = (None, true, None);
        let shown = claim.attribute("name").map_or("", str::trim);
        for attribute in claim.attributes() {
            let at = match attribute.name() {
                "name" => format!("{place}/claim/@name"),
                other => format!("{place}/claim[{}]/@{}", shortened(shown), shortened(other)),
            };
            let value = import.evaluated(&at, attribute.value())?;
            match attribute.name() {
                "name" => name = Some(value),
                "match" if value.eq_ignore_ascii_case("all") => is_all = true,
                "match" if value.eq_ignore_ascii_case("any") => is_all = false,
                "match" => import.problem(Invalid, at, Some(&value), "must be \"all\" or \"any\""),
                // Whitespace counts in it.
                "separator" => separator = Some(attribute.value().to_owned()),
                _ => {
                    import.problem(Unknown, at, None, "is not an attribute of claim; supported: name, match, separator")
                }
            }
        }
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let at = format!("{place}/claim/@name");
            import.problem(Missing, at, None, "is missing; name the claim that a token must have");
            return None;
        };
        let place = format!("{place}/claim[{}]", shortened(&name));
        let mut values = Vec::new();
        for (at, text) in texts(claim, "value", &place, import) {
            match import.evaluated(&at, &text) {
                Some(value) if value.is_empty() => import.problem(Invalid, at, Some(""), missing_value(&name)),
                Some(value) if is_placeholder_value(&value) => {
                    import.problem(
                        Invalid,
                        at,
                        Some(&value),
                        "is a placeholder; replace it with the value of the claim",
                    );
                }
                Some(value) => values.push(Imported::new(at, value)),
                None => {}
            }
        }
        if name == "aud" && values.is_empty() && !claim.children().any(|child| child.is_element()) {
            import.problem(Missing, &place, None, missing_value(&name));
        }
        Some(Self { place, name, is_all, separator, values })
    }

    fn note(&self, import: &mut PolicyImport) {
        if !matches!(self.name.as_str(), "scp" | "roles") {
            return;
        }
        let is_never_split = self.name == "scp" && self.separator.is_none() && !self.values.is_empty();
        let separator = match is_never_split {
            true => "without a separator, a token with several scopes never matches (separator=\" \" is usual); ",
            false => "",
        };
        let advice = format!(
            "{separator}a RequireLayer is more precise: it responds with 403, and tells users from applications"
        );
        import.note(&self.place, advice);
    }

    fn into_value(self) -> Imported {
        let at = |part: &str| format!("{}/{part}", self.place);
        let mut members = vec![("Name", Imported::new(at("@name"), literal_name(&self.name)))];
        // Without values the claim must only be present.
        if !self.values.is_empty() {
            if let Some(separator) = &self.separator {
                members.push(("Separator", Imported::new(at("@separator"), separator.clone())));
            }
            let match_ = if self.is_all { "all" } else { "any" };
            members.push(("Match", Imported::new(at("@match"), match_)));
            members.push(("Values", Imported::list(at("value"), self.values)));
        }
        Imported::object(self.place, members)
    }
}

/// The name for a rule. A slash at its start would make it a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)),
/// but for API Management it is part of the name.
fn literal_name(name: &str) -> String {
    match name.starts_with('/') {
        true => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        false => name.to_owned(),
    }
}

fn missing_value(claim: &str) -> &'static str {
    if claim == "aud" {
        "has no value; name the API's client ID or App ID URI, in audiences or here"
    } else {
        "is empty, and no token has such a value"
    }
}

/// Notes `decryption-keys`.
pub(super) fn decryption_keys(place: &str, import: &mut PolicyImport) {
    let advice = "encrypted tokens are rejected here (encrypted_token): remove the encryption key from the app registration \
                  (tokenEncryptionKeyId)";
    import.note(place, advice);
}

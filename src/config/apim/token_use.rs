//! Which expressions of a document read the caller's token, directly or through variables.

use std::collections::HashSet;

use roxmltree::{Document, Node as Element};

use super::elements::is_container;

/// The names by which expressions reach the token and what was made of it.
pub(super) struct TokenUse {
    /// Variables, headers and parameters, in lower case.
    names: HashSet<String>,
    header: Option<String>,
    parameter: Option<String>,
}

impl TokenUse {
    /// Collects the names of the document.
    pub(super) fn of(document: &Document<'_>, policy: Element<'_, '_>) -> Self {
        let attribute = |name: &str| policy.attribute(name).map(|value| value.trim().to_ascii_lowercase());
        let parameter = attribute("query-parameter-name");
        let value = attribute("token-value");
        let header = attribute("header-name").or_else(|| {
            let is_elsewhere =
                parameter.is_some() || value.as_ref().is_some_and(|value| !value.contains("\"authorization\""));
            (!is_elsewhere).then(|| "authorization".to_owned())
        });
        let literals = value.iter().flat_map(|value| value.split('"').skip(1).step_by(2)).map(str::to_owned);
        let output = attribute("output-token-variable-name");
        let names = [&header, &parameter, &output].into_iter().flatten().cloned().chain(literals);
        let names = names.filter(|name| !name.is_empty()).collect();
        let mut token_use = Self { names, header, parameter };
        // A variable may depend on one that is set below it, in a loop.
        for _ in 0..2 {
            token_use.collect(document.root_element(), policy, false);
        }
        token_use
    }

    /// Whether an expression reads the token.
    pub(super) fn reads_token(&self, expression: &str) -> bool {
        const MARKS: [&str; 3] = ["jwt", ".claims", "authorization"];
        if !expression.contains('@') || is_absence_check(expression) {
            return false;
        }
        let mut text = expression.to_ascii_lowercase();
        // The names of the policies (`context.LastError.Source`), and the type of a credential for the backend.
        for other in ["validate-jwt", "validate-azure-ad-token", "(authorization)", "<authorization>"] {
            text = text.replace(other, " ");
        }
        MARKS.iter().any(|mark| text.contains(mark)) || text.split('"').any(|piece| self.names.contains(piece.trim()))
    }

    /// Whether an attribute or a text in the element reads the token.
    pub(super) fn is_in(&self, element: Element<'_, '_>) -> bool {
        element.descendants().any(|node| {
            node.attributes().any(|attribute| self.reads_token(attribute.value()))
                || node.is_text() && node.text().is_some_and(|text| self.reads_token(text))
                // It sends the headers of the request.
                || node.has_tag_name("send-request") && node.attribute("mode") == Some("copy")
        })
    }

    /// Whether the policy takes the token from this header.
    pub(super) fn is_token_header(&self, name: &str) -> bool {
        self.header.as_ref().is_some_and(|header| header.eq_ignore_ascii_case(name.trim()))
    }

    /// Whether the policy takes the token from this query parameter.
    pub(super) fn is_token_parameter(&self, name: &str) -> bool {
        self.parameter.as_ref().is_some_and(|parameter| parameter.eq_ignore_ascii_case(name.trim()))
    }

    /// Adds the names that are set from the token, or only if the token has something.
    fn collect(&mut self, element: Element<'_, '_>, policy: Element<'_, '_>, mut is_conditional: bool) {
        let name = element.tag_name().name();
        if element == policy {
            return;
        }
        if !is_container(name) {
            // What another service responds can be about the token, even if the request does not show that (introspection).
            if is_conditional || name == "send-request" || self.is_in(element) {
                self.add_names_of(element);
            }
            return;
        }
        // Of an element that is not known, nothing else can be told.
        self.add_names_of(element);
        for child in element.children().filter(Element::is_element) {
            if let Some(condition) = child.attribute("condition").filter(|_| name == "choose") {
                is_conditional |= self.reads_token(condition);
            }
            self.collect(child, policy, is_conditional);
        }
    }

    fn add_names_of(&mut self, element: Element<'_, '_>) {
        let sets_by_name = matches!(element.tag_name().name(), "set-variable" | "set-header" | "set-query-parameter");
        for attribute in element.attributes() {
            if attribute.name().ends_with("variable-name") || sets_by_name && attribute.name() == "name" {
                let name = attribute.value().trim().to_ascii_lowercase();
                if !name.is_empty() {
                    self.names.insert(name);
                }
            }
        }
    }
}

/// Whether an expression only tests that the token is missing: then the request is rejected here too.
fn is_absence_check(expression: &str) -> bool {
    let plain: String = expression.chars().filter(|letter| !letter.is_whitespace()).collect();
    let plain = plain.to_ascii_lowercase();
    let Some(plain) = plain.strip_prefix("@(").and_then(|plain| plain.strip_suffix(')')) else { return false };
    const HEADERS: &str = "context.request.headers.";
    let contains = format!("{HEADERS}containskey(\"authorization\")");
    let values = [
        format!("{HEADERS}getvalueordefault(\"authorization\")"),
        format!("{HEADERS}getvalueordefault(\"authorization\",\"\")"),
        format!("{HEADERS}getvalueordefault(\"authorization\",null)"),
    ];
    plain == format!("!{contains}")
        || plain == format!("{contains}==false")
        || values.iter().any(|value| {
            let is_compared = plain
                .strip_prefix(value.as_str())
                .is_some_and(|rest| matches!(rest, "==\"\"" | "==null" | "==string.empty"));
            let is_called = ["string.isnullorempty", "string.isnullorwhitespace"]
                .iter()
                .any(|function| plain == format!("{function}({value})"));
            is_compared || is_called
        })
}

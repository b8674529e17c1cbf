//! Everything in the document beside the policy.
//!
//! Where API Management decides by the token who gets in, and that is not imported, tokens would be accepted here that it
//! refuses: that is a problem. A restriction by something else is a note that names it.

use std::collections::HashSet;

use roxmltree::{Document, Node as Element};

use super::{
    elements::{Effect, effect, is_container},
    import::PolicyImport,
    token_use::TokenUse,
    value::shortened,
};
use crate::error::ConfigProblemKind::{Invalid, Unsupported};

/// Reads all elements of the document but the policy itself.
pub(super) fn read(document: &Document<'_>, policy: Element<'_, '_>, import: &mut PolicyImport) {
    around(policy, import);
    let token_use = TokenUse::of(document, policy);
    let mut surroundings = Surroundings { policy, token_use, groups: Default::default(), import };
    surroundings.element(document.root_element(), &ElementContext::default());
    surroundings.note_groups();
}

/// The elements that contain the policy.
fn around(policy: Element<'_, '_>, import: &mut PolicyImport) {
    let mut is_noted = false;
    for ancestor in policy.ancestors().skip(1).filter(Element::is_element) {
        match ancestor.tag_name().name() {
            // Once is enough, however deep it is.
            name @ ("when" | "otherwise" | "choose" | "retry" | "wait") if !is_noted => {
                is_noted = true;
                let advice = format!(
                    "is inside {name}, so that API Management applies it to some requests only; here every request needs a \
                     valid token"
                );
                import.note(import.policy, advice);
            }
            name @ ("outbound" | "backend" | "on-error") => {
                let advice = format!("is in {name}, but API Management supports it in inbound only; move it there");
                import.problem(Invalid, import.policy, None, advice);
            }
            _ => {}
        }
    }
}

/// The place of an element among the others.
#[derive(Clone, Default)]
struct ElementContext<'a> {
    /// The names of the elements around it.
    path: String,
    section: &'a str,
    /// The condition under which it runs, if any.
    condition: Option<&'a str>,
    /// The condition that reads the token, if one does.
    token_condition: Option<&'a str>,
}

/// Elements that share a note.
#[derive(Clone, Copy)]
enum NoteGroup {
    Harmless,
    ReadsToken,
    RoutesByToken,
    Unknown,
}

/// The names of the elements of a group.
#[derive(Default)]
struct ElementNames<'a> {
    shown: Vec<&'a str>,
    seen: HashSet<&'a str>,
}

struct Surroundings<'a, 'i, 'p> {
    policy: Element<'a, 'i>,
    token_use: TokenUse,
    groups: [ElementNames<'a>; 4],
    import: &'p mut PolicyImport,
}

impl<'a, 'i> Surroundings<'a, 'i, '_> {
    fn element(&mut self, element: Element<'a, 'i>, context: &ElementContext<'a>) {
        let name = element.tag_name().name();
        if element == self.policy {
            return;
        }
        let path = match context.path.as_str() {
            "" | "policies" => shortened(name),
            path => format!("{path}/{}", shortened(name)),
        };
        let context = ElementContext { path, ..context.clone() };
        match effect(name) {
            Effect::Container => self.container(element, &context),
            Effect::Restricts(restriction) => self.restricts(element, &context, restriction),
            Effect::Limits(limit) => {
                self.not_imported(name, limit);
                if is_container(name) {
                    self.container(element, &context);
                }
            }
            Effect::Responds if context.section == "on-error" => self.responds_to_error(element, &context),
            Effect::Responds => self.responds(element, &context),
            Effect::Fragment => self.fragment(element, &context),
            Effect::Sets | Effect::Authenticates if self.replaces_token(element, &context) => {
                let action = match (name, element.attribute("exists-action")) {
                    ("set-header" | "set-query-parameter", Some("delete")) => "removes",
                    ("set-header" | "set-query-parameter", Some("append")) => "adds to",
                    ("set-header" | "set-query-parameter", Some("skip")) => "supplies, where the caller has none,",
                    _ => "replaces",
                };
                let carrier = if name == "set-query-parameter" { "query parameter" } else { "Authorization header" };
                let advice = format!(
                    "{action} the {carrier} before {} runs, so that API Management does not check the caller's own token; \
                     here the caller's own token is checked",
                    self.import.policy
                );
                self.import.note(name, advice);
            }
            Effect::Noted(advice) => self.import.note(name, advice),
            Effect::Harmless if name == "set-status" && context.section == "on-error" => {
                self.error_status(element.attribute("code"), &context);
            }
            Effect::Harmless if name == "set-status" && self.refuses_by_token(element, &context) => {
                let reads = element.attribute("code").filter(|_| context.token_condition.is_none());
                self.decides_by_token(&context, context.token_condition.or(reads));
            }
            Effect::Routes | Effect::Harmless | Effect::Sets | Effect::Authenticates => {
                let is_reader = context.token_condition.is_some() || self.token_use.is_in(element);
                let group = match effect(name) {
                    _ if !is_reader => NoteGroup::Harmless,
                    Effect::Routes => NoteGroup::RoutesByToken,
                    _ => NoteGroup::ReadsToken,
                };
                self.group(name, group);
            }
            Effect::UnknownCheck => {
                let advice = "is not a policy that this import knows, but by its name restricts callers; enforce it in front \
                              of the API, and remove it from the policy";
                self.import.problem(Unsupported, context.path, None, advice);
            }
            Effect::Unknown => {
                if !element.range().contains(&self.policy.range().start) {
                    self.group(name, NoteGroup::Unknown);
                }
                self.container(element, &context);
            }
        }
    }

    fn container(&mut self, element: Element<'a, 'i>, context: &ElementContext<'a>) {
        let mut context = context.clone();
        if let name @ ("inbound" | "backend" | "outbound" | "on-error") = element.tag_name().name() {
            context.section = name;
        }
        let is_choose = element.tag_name().name() == "choose";
        for child in element.children().filter(Element::is_element) {
            let is_branch = is_choose && matches!(child.tag_name().name(), "when" | "otherwise");
            if !is_branch {
                self.element(child, &context);
                continue;
            }
            // A branch runs because the conditions before it do not hold, too.
            if let Some(condition) = child.attribute("condition") {
                context.condition = Some(condition);
                if self.token_use.reads_token(condition) {
                    context.token_condition = Some(condition);
                }
            }
            self.element(child, &context);
        }
    }

    fn is_before_policy(&self, element: Element<'_, '_>, context: &ElementContext<'_>) -> bool {
        matches!(context.section, "" | "inbound") && element.range().start < self.policy.range().start
    }

    /// Whether the policy checks another token than the caller's because of this element.
    fn replaces_token(&self, element: Element<'_, '_>, context: &ElementContext<'_>) -> bool {
        let name = element.attribute("name").unwrap_or_default();
        let replaces = match element.tag_name().name() {
            "set-header" => self.token_use.is_token_header(name),
            "set-query-parameter" => self.token_use.is_token_parameter(name),
            // With a variable, the token is put there.
            _ => {
                element.attribute("output-token-variable-name").is_none()
                    && self.token_use.is_token_header("Authorization")
            }
        };
        replaces && self.is_before_policy(element, context)
    }

    fn decides_by_token(&mut self, context: &ElementContext<'_>, condition: Option<&str>) {
        let advice = "decides by the token who gets in, which is not imported; express it as required-claims, or check it in \
                      the API (RequireLayer), and remove it from the policy";
        self.import.problem(Unsupported, &context.path, condition, advice);
    }

    /// Whether a `set-status` outside of `on-error` turns responses into refusals because of the token. A code that is not a
    /// plain number may be any.
    fn refuses_by_token(&self, element: Element<'_, '_>, context: &ElementContext<'_>) -> bool {
        let code = element.attribute("code").unwrap_or_default().trim();
        let is_success = code.len() == 3 && code.starts_with('2') && code.bytes().all(|byte| byte.is_ascii_digit());
        !is_success && (context.token_condition.is_some() || self.token_use.is_in(element))
    }

    fn restricts(&mut self, element: Element<'a, 'i>, context: &ElementContext<'a>, restriction: &str) {
        let name = element.tag_name().name();
        let header = element.attribute("name").filter(|_| name == "check-header");
        if header.is_some_and(|header| self.token_use.is_token_header(header)) {
            if element.children().any(|child| child.is_element()) {
                return self.decides_by_token(context, header);
            }
            let advice = "requires the header of the token, as the token check does; nothing else is lost";
            return self.import.note(name, advice);
        }
        if context.token_condition.is_some() || self.token_use.is_in(element) {
            return self.decides_by_token(context, context.token_condition);
        }
        let header = header.map(|header| format!(" ({})", shortened(header))).unwrap_or_default();
        self.not_imported(name, &format!("{restriction}{header}"));
    }

    fn not_imported(&mut self, name: &str, restriction: &str) {
        let advice = format!(
            "API Management {restriction} here; this is not imported: keep it in front of the API, or enforce it there"
        );
        self.import.note(name, advice);
    }

    /// A response other than that of the backend, outside of `on-error`.
    fn responds(&mut self, element: Element<'a, 'i>, context: &ElementContext<'a>) {
        if context.token_condition.is_some() {
            return self.decides_by_token(context, context.token_condition);
        }
        let advice = match context.condition {
            None => "API Management responds to every request here itself; this is not imported".to_owned(),
            Some(condition) if self.is_before_policy(element, context) => format!(
                "API Management responds to some requests itself, before it checks a token; this is not imported: every \
                 request needs a token here (condition {})",
                shortened(condition)
            ),
            Some(condition) => format!(
                "API Management responds to some requests itself; this is not imported: if it restricts callers, keep it in \
                 front of the API, or enforce it there (condition {})",
                shortened(condition)
            ),
        };
        self.import.note(&context.path, advice);
    }

    fn responds_to_error(&mut self, element: Element<'a, 'i>, context: &ElementContext<'a>) {
        if context.token_condition.is_some() {
            return self.decides_by_token(context, context.token_condition);
        }
        let status = match element.tag_name().name() {
            "mock-response" => element.attribute("status-code"),
            _ => {
                let status = element.children().find(|child| child.has_tag_name("set-status"));
                status.and_then(|status| status.attribute("code"))
            }
        };
        // Both respond with 200 if nothing else is given.
        self.error_status(Some(status.unwrap_or("200")), context);
    }

    /// The status that `on-error` sets.
    fn error_status(&mut self, status: Option<&str>, context: &ElementContext<'_>) {
        if status.is_some_and(|status| status.trim().starts_with('2')) {
            let advice = "turns a failed request, also one whose token was refused, into a success; this is not imported: \
                          remove it, or set a status from 400";
            return self.import.problem(Unsupported, &context.path, status, advice);
        }
        let advice =
            "changes the response to failed requests; here the responder does (ApiManagement::new().status(…))";
        self.import.note(&context.path, advice);
    }

    fn fragment(&mut self, element: Element<'a, 'i>, context: &ElementContext<'a>) {
        if context.section == "outbound" {
            return self.import.note("include-fragment", "cannot be resolved; it runs after the response of the API");
        }
        let advice = "cannot be resolved, and may restrict callers; inline the fragment";
        self.import.problem(Unsupported, &context.path, element.attribute("fragment-id"), advice);
    }

    fn group(&mut self, name: &'a str, group: NoteGroup) {
        const SHOWN: usize = 20;
        let names = &mut self.groups[group as usize];
        if names.seen.insert(name) && names.shown.len() <= SHOWN {
            names.shown.push(name);
        }
    }

    fn note_groups(&mut self) {
        const SHOWN: usize = 20;
        const ADVICE: [(NoteGroup, &str); 4] = [
            (
                NoteGroup::ReadsToken,
                "not imported; uses the token or its claims without refusing it: do that in the API, with tower_entra::Claims",
            ),
            (
                NoteGroup::RoutesByToken,
                "not imported; API Management routes by the token here, so that a backend gets the requests of some callers \
                 only: check in each API, with a RequireLayer, that the caller may use it",
            ),
            (NoteGroup::Harmless, "not imported; does not decide who gets in"),
            (
                NoteGroup::Unknown,
                "not imported, and not known here: if it restricts callers, keep it in front of the API",
            ),
        ];
        for (group, advice) in ADVICE {
            let names = std::mem::take(&mut self.groups[group as usize]).shown;
            if names.is_empty() {
                continue;
            }
            let more = if names.len() > SHOWN { ", …" } else { "" };
            let shown: Vec<String> = names.into_iter().take(SHOWN).map(shortened).collect();
            self.import.note(shown.join(", ") + more, advice);
        }
    }
}

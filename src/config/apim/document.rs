//! The XML, and the one policy in it.

use std::collections::HashSet;

use roxmltree::{Document, Node as Element, ParsingOptions};

use super::{draft::Draft, shape};
use crate::{
    config::{flaw::Flaw, value::shortened},
    error::{
        ConfigError, ConfigProblem,
        ConfigProblemKind::{Conflict, Missing, Syntax, TooLarge, Unknown, Unsupported},
        ConfigSource,
    },
};

pub(super) const JWT: &str = "validate-jwt";
pub(super) const AZURE: &str = "validate-azure-ad-token";

/// Finds the policy and has it read.
///
/// # Errors
///
/// If there is none, or several, or no XML that is read.
pub(super) fn with_policy(xml: &str, read: impl FnOnce(Element<'_, '_>, &mut Draft)) -> Result<Draft, ConfigError> {
    const LONGEST: usize = 1 << 20;
    // API Management takes policies of up to 256 KiB.
    const MOST_NODES: u32 = 15_000;
    let whole = |flaw: Flaw| {
        let problem = ConfigProblem::new(flaw.kind, "the policy", None, flaw.advice);
        ConfigError::from_problem(problem.in_source(ConfigSource::ApimPolicy))
    };
    if xml.len() > LONGEST {
        return Err(whole(Flaw::new(TooLarge, "is longer than 1 MiB; give the element validate-jwt alone")));
    }
    shape::check(xml).map_err(whole)?;
    // A DTD is refused, so that no entity is ever expanded.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml.trim(), options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => {
            let advice = format!("has more than {MOST_NODES} elements and texts; give the element {JWT} or {AZURE} alone");
            whole(Flaw::new(TooLarge, advice))
        }
        roxmltree::Error::DtdDetected => whole(Flaw::new(Unsupported, "has a DTD, which is not read; remove it")),
        error => {
            let advice = format!(
                "is not XML: {error}; give the element {JWT} or {AZURE} alone, with quotes in expressions written as &quot;"
            );
            whole(Flaw::new(Syntax, advice))
        }
    })?;
    let mut policies = document.descendants().filter(|element| element.is_element() && is_policy(*element));
    let (Some(element), second) = (policies.next(), policies.next()) else {
        return Err(whole(Flaw::new(Missing, format!("has neither {JWT} nor {AZURE}"))));
    };
    if let Some(second) = second {
        let line = document.text_pos_at(second.range().start).row;
        let advice = format!("has several policies, another one in line {line}; give the one that is meant alone");
        return Err(whole(Flaw::new(Conflict, advice)));
    }
    let policy = if element.tag_name().name() == JWT { JWT } else { AZURE };
    let mut draft = Draft::new(policy);
    surroundings(element, &mut draft);
    read(element, &mut draft);
    Ok(draft)
}

fn is_policy(element: Element<'_, '_>) -> bool {
    matches!(element.tag_name().name(), JWT | AZURE)
}

/// Says what the rest of the document does to the policy.
fn surroundings(element: Element<'_, '_>, draft: &mut Draft) {
    let policy = draft.policy;
    for ancestor in element.ancestors().skip(1).filter(Element::is_element) {
        match ancestor.tag_name().name() {
            // Once is enough, however deep it stands.
            name @ ("when" | "otherwise" | "choose" | "retry" | "wait" | "limit-concurrency")
                if draft.notes.is_empty() =>
            {
                draft.note(policy, format!("stands within {name}, so it holds at times only; here it always does"));
            }
            name @ ("outbound" | "backend" | "on-error") => {
                draft.note(policy, format!("stands within {name}, where API Management does not read it"));
            }
            _ => {}
        }
    }
    let (mut others, mut seen): (Vec<&str>, HashSet<&str>) = Default::default();
    for sibling in element.prev_siblings().skip(1).filter(Element::is_element) {
        if sibling.tag_name().name() == "authentication-managed-identity" {
            let advice = "stands before the policy and replaces the Authorization header, so that API Management looks at its \
                          own token and not at the caller's; here it is always the caller's";
            draft.note("authentication-managed-identity", advice);
        }
    }
    let siblings = element.parent().into_iter().flat_map(|parent| parent.children());
    for sibling in siblings.filter(|sibling| sibling.is_element() && *sibling != element) {
        match sibling.tag_name().name() {
            "base" => draft.note("base", "policies of outer scopes hold too in API Management, and are not known here"),
            "include-fragment" => {
                draft.note("include-fragment", "what it includes is not known here; put it in its place");
            }
            "authentication-managed-identity" => {}
            name if seen.insert(name) => others.push(name),
            _ => {}
        }
    }
    if !others.is_empty() {
        const SHOWN: usize = 20;
        let more = if others.len() > SHOWN { ", …" } else { "" };
        let shown: Vec<_> = others.into_iter().take(SHOWN).map(|name| shortened(name, 60)).collect();
        draft.note(shown.join(", ") + more, "is not about tokens, and is ignored");
    }
}

/// The text of an element, comments left out.
pub(super) fn text(element: Element<'_, '_>) -> String {
    let texts = element.children().filter(|child| child.is_text()).filter_map(|child| child.text());
    texts.collect::<String>().trim().to_owned()
}

/// The elements within, of which all must be called `name`.
pub(super) fn children<'a, 'i>(
    element: Element<'a, 'i>,
    name: &str,
    place: &str,
    draft: &mut Draft,
) -> Vec<Element<'a, 'i>> {
    let (known, others): (Vec<_>, Vec<_>) =
        element.children().filter(Element::is_element).partition(|child| child.tag_name().name() == name);
    for other in others {
        let name_of_other = other.tag_name().name();
        draft.wrong(
            Unknown,
            format!("{place}/{name_of_other}"),
            None,
            format!("is no element of {place}; there is {name}"),
        );
    }
    known
}

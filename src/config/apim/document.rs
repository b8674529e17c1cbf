//! The XML, and the policy in it.

use roxmltree::{Document, Node as Element, ParsingOptions};

use super::{expressions, import::PolicyImport, shape, surroundings, value::shortened};
use crate::error::{
    ConfigError, ConfigProblem,
    ConfigProblemKind::{self, Conflict, Invalid, Missing, Syntax, TooLarge, Unknown, Unsupported},
    ConfigSource,
};

pub(super) const JWT: &str = "validate-jwt";
pub(super) const AZURE: &str = "validate-azure-ad-token";

/// Finds the policy and reads it, then everything around it.
///
/// # Errors
///
/// If the text is not XML that can be read, or does not contain exactly one policy.
pub(super) fn with_policy(
    xml: &str,
    read: impl FnOnce(Element<'_, '_>, &mut PolicyImport),
) -> Result<PolicyImport, ConfigError> {
    const LONGEST: usize = 1 << 20;
    // API Management accepts policies of up to 256 KiB.
    const MOST_NODES: u32 = 15_000;
    let whole = |kind: ConfigProblemKind, advice: String| {
        let problem = ConfigProblem::new(kind, "the policy", None, advice);
        ConfigError::from_problem(problem.in_source(ConfigSource::ApimPolicy))
    };
    let too_long = || whole(TooLarge, format!("is longer than 1 MiB; give only the element {JWT} or {AZURE}"));
    if xml.len() > LONGEST {
        return Err(too_long());
    }
    // A declaration must be the very first; otherwise lines are counted from the start.
    let xml = xml.trim_start_matches('\u{feff}');
    let xml = if xml.trim_start().starts_with("<?xml") { xml.trim() } else { xml.trim_end() };
    let xml = expressions::escape(xml).map_err(|unbalanced| {
        let line = unbalanced.line;
        whole(
            Syntax,
            format!("has an expression in line {line} that does not end: its brackets or quotes do not match"),
        )
    })?;
    if xml.len() > LONGEST {
        return Err(too_long());
    }
    shape::check(&xml).map_err(|advice| whole(TooLarge, advice))?;
    // A DTD is refused, so that no entity is ever expanded.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&xml, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => {
            let advice =
                format!("has more than {MOST_NODES} elements and texts; give only the element {JWT} or {AZURE}");
            whole(TooLarge, advice)
        }
        roxmltree::Error::DtdDetected => whole(Unsupported, "has a DTD, which is not supported; remove it".to_owned()),
        error => whole(Syntax, format!("is not XML: {error}; correct it, or give only the element {JWT} or {AZURE}")),
    })?;
    let mut policies = document.descendants().filter(|element| is_policy(*element));
    let (Some(element), second) = (policies.next(), policies.next()) else {
        let fragment = document.descendants().any(|element| element.has_tag_name("include-fragment"));
        let fragment = if fragment { "; inline the fragment that contains it" } else { "" };
        return Err(whole(Missing, format!("has neither {JWT} nor {AZURE}{fragment}")));
    };
    if let Some(second) = second {
        let line = document.text_pos_at(second.range().start).row;
        let advice = format!(
            "has several policies that validate tokens, another one in line {line}; give only one of them. Requirements of \
             single operations become a RequireLayer"
        );
        return Err(whole(Conflict, advice));
    }
    let policy = if element.tag_name().name() == JWT { JWT } else { AZURE };
    let mut import = PolicyImport::new(policy);
    surroundings::read(&document, element, &mut import);
    read(element, &mut import);
    Ok(import)
}

fn is_policy(element: Element<'_, '_>) -> bool {
    element.is_element() && matches!(element.tag_name().name(), JWT | AZURE)
}

/// The text of an element, without comments.
pub(super) fn text(element: Element<'_, '_>) -> String {
    let texts = element.children().filter(|child| child.is_text()).filter_map(|child| child.text());
    texts.collect::<String>().trim().to_owned()
}

/// The elements in a list, which must all be called `name`.
pub(super) fn children<'a, 'i>(
    element: Element<'a, 'i>,
    name: &str,
    place: &str,
    import: &mut PolicyImport,
) -> Vec<Element<'a, 'i>> {
    let (known, others): (Vec<_>, Vec<_>) =
        element.children().filter(Element::is_element).partition(|child| child.tag_name().name() == name);
    for other in others {
        let other = format!("{place}/{}", shortened(other.tag_name().name()));
        import.problem(Unknown, other, None, format!("is not supported in {place}; supported: {name}"));
    }
    known
}

/// Reports attributes of an element that has none.
pub(super) fn no_attributes(element: Element<'_, '_>, place: &str, import: &mut PolicyImport) {
    for attribute in element.attributes() {
        let at = format!("{place}/@{}", shortened(attribute.name()));
        import.problem(Unknown, at, Some(attribute.value()), "is not supported; remove it");
    }
}

/// Reports elements in an element that has none.
pub(super) fn no_elements(element: Element<'_, '_>, place: &str, import: &mut PolicyImport) -> bool {
    let has_elements = element.children().any(|child| child.is_element());
    if has_elements {
        import.problem(Invalid, place, None, "has elements in it; only text is supported");
    }
    !has_elements
}

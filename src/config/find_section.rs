//! Finds the section in a document, and sections elsewhere that look like settings.

use std::collections::HashSet;

use super::{
    flattened::nest,
    flaw::Flaw,
    key::{self, Type},
    reader::{duplicate, visible},
    value::{ConfigValue, Data, ObjectMembers, fold},
    warning::Warning,
};
use crate::error::{
    ConfigProblem,
    ConfigProblemKind::{Invalid, Missing, NotApplicable},
};

/// The section without a name.
pub(super) const DEFAULT_SECTION: &str = "AzureAd";
/// Names at the top of a document that belong to .NET.
const OF_DOTNET: [&str; 6] = ["$schema", "AllowedHosts", "ConnectionStrings", "Kestrel", "Logging", "Serilog"];

/// The section of a document.
#[derive(Default)]
pub(super) struct FoundSection {
    /// Its name as it is written; `None` if the settings are at the top.
    pub(super) name: Option<String>,
    pub(super) members: ObjectMembers,
    pub(super) problems: Vec<ConfigProblem>,
    pub(super) warnings: Vec<Warning>,
    /// The problem that there is no section.
    pub(super) absent: Option<ConfigProblem>,
    /// The section is not an object: no setting of it is missing.
    pub(super) is_unreadable: bool,
}

/// The members of the section, or those at the top if none is named and there is no default one. An error if a named section
/// is missing.
pub(super) fn find(root: ObjectMembers, path: Option<&[String]>) -> Result<FoundSection, Flaw> {
    let mut found = FoundSection::default();
    let default = [DEFAULT_SECTION.to_owned()];
    let segments = path.unwrap_or(&default);
    let root = nest("", root, &mut found.problems);
    // What concerns other sections is not a mistake here.
    let is_ours =
        |name: &str| segments.first().is_some_and(|first| fold(first) == fold(name)) || key::is_distinctive(name);
    found.problems.retain(|problem| is_ours(problem.setting()));
    let before = found.problems.len();
    let (section, mut others) = take_section(root, segments, &mut found.problems);
    if let Some((name, members)) = section {
        found.problems.extend(all_beside(&others, segments));
        found.warnings.extend(unread(&elsewhere(others, true)));
        return Ok(FoundSection { name: Some(name), members, ..found });
    }
    if found.problems.len() > before {
        return Ok(FoundSection { name: Some(segments.join(":")), is_unreadable: true, ..found });
    }
    let is_ours = |members: &ObjectMembers| members.iter().any(|(name, _)| key::is_distinctive(name));
    if path.is_none() && is_ours(&others) {
        others.retain(|(name, _)| !OF_DOTNET.iter().any(|known| known.eq_ignore_ascii_case(name)));
        let (sections, settings): (ObjectMembers, ObjectMembers) = others
            .into_iter()
            .partition(|(name, value)| key::setting(name).is_none() && looks_like_settings(value, true));
        found.warnings.extend(unread(&elsewhere(sections, true)));
        return Ok(FoundSection { members: settings, ..found });
    }
    let strict = elsewhere(others.clone(), true);
    let is_likely = !strict.is_empty() || others.iter().any(|(_, value)| has_restriction(value));
    let candidates = if strict.is_empty() { elsewhere(others, false) } else { strict };
    let name = segments.join(":");
    let advice = match candidates.as_slice() {
        [] => format!("is missing: there is no section {name}"),
        [one] => format!(
            "is missing, but the settings are in the section \"{one}\": read it with Config::section(\"{one}\"), or rename it"
        ),
        [first, ..] => format!(
            "is missing, but there are settings in the sections {}: read one with Config::section(\"{first}\"), or rename it",
            candidates.join(", ")
        ),
    };
    if path.is_some() {
        return Err(Flaw::new(Missing, format!("the section {name} {advice}")));
    }
    let problem = ConfigProblem::new(Missing, name.clone(), None, advice);
    if !is_likely {
        found.absent = Some(problem);
        return Ok(found);
    }
    // Another source may have a tenant and a client id, but not the restrictions of the section that was meant.
    found.problems.push(problem);
    Ok(FoundSection { name: Some(name), is_unreadable: true, ..found })
}

/// The section at the path, with its name as written, and all that is beside it. A section that is not an object is a problem.
fn take_section(
    members: ObjectMembers,
    path: &[String],
    problems: &mut Vec<ConfigProblem>,
) -> (Option<(String, ObjectMembers)>, ObjectMembers) {
    let Some((segment, rest)) = path.split_first() else { return (None, members) };
    let (matching, mut others): (ObjectMembers, ObjectMembers) =
        members.into_iter().partition(|(name, _)| fold(name) == fold(segment));
    let mut section: Option<(String, ObjectMembers)> = None;
    for (_, value) in matching {
        let ConfigValue { name, data } = value;
        match data {
            Data::Object(mut members) => match &mut section {
                None => section = Some((name, members)),
                Some((other, known)) => {
                    problems.push(duplicate(&name, other));
                    // That it is given twice is one problem; the settings of both are read.
                    let names: HashSet<String> = known.iter().map(|(name, _)| fold(name)).collect();
                    members.retain(|(name, _)| !names.contains(&fold(name)));
                    known.append(&mut members);
                }
            },
            Data::Other(text) if text == "null" => {}
            data => {
                let value = ConfigValue::new(name, data);
                let advice = "must be an object with the settings";
                // Not the value: it may be a secret.
                problems.push(ConfigProblem::new(Invalid, visible(&value.name), None, advice));
            }
        }
    }
    match section {
        None => (None, others),
        Some(section) if rest.is_empty() => (Some(section), others),
        Some((name, members)) => {
            let members = nest(&name, members, problems);
            let (found, beside) = take_section(members, rest, problems);
            others.push((segment.clone(), ConfigValue::new(name, Data::Object(beside))));
            (found, others)
        }
    }
}

/// The settings beside the section, at the top and at each level of its path.
fn all_beside(others: &ObjectMembers, path: &[String]) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut level = Some(others);
    for segment in path {
        let Some(members) = level else { break };
        problems.extend(members.iter().filter_map(|(name, value)| beside(name, value, path)));
        level = members.iter().rev().find_map(|(name, value)| match &value.data {
            Data::Object(inner) if fold(name) == fold(segment) => Some(inner),
            _ => None,
        });
    }
    problems
}

/// A setting beside the section, where .NET would not read it either.
fn beside(name: &str, value: &ConfigValue, path: &[String]) -> Option<ConfigProblem> {
    let key = key::setting(name).filter(|_| key::is_distinctive(name))?;
    let is_scalar = matches!(key.setting().value_type, Type::Text | Type::Boolean | Type::Seconds | Type::File);
    if is_scalar && matches!(value.data, Data::Object(_)) {
        return None;
    }
    let advice = format!("is not read beside the section {}; move it into the section", path.join(":"));
    Some(ConfigProblem::new(NotApplicable, visible(&value.name), None, advice))
}

/// Whether an object may be a section of settings; by a strict measure, whether it can hardly be anything else.
fn looks_like_settings(value: &ConfigValue, is_strict: bool) -> bool {
    let Data::Object(members) = &value.data else { return false };
    let has = |names: &[&str]| {
        let is_one = |key: &str| names.iter().any(|name| fold(name) == fold(key));
        members.iter().any(|(key, _)| is_one(key.split(':').next().unwrap_or_default()))
    };
    if is_strict {
        has(&["TenantId", "TenantIds", "Authority", "Instance", "SignUpSignInPolicyId"])
            && has(&["ClientId", "Audience", "Audiences", "TokenValidationParameters"])
    } else {
        members.iter().any(|(key, _)| key::is_distinctive(key.split(':').next().unwrap_or_default()))
    }
}

/// Whether an object, or one in it, has a setting that restricts who gets in.
fn has_restriction(value: &ConfigValue) -> bool {
    let Data::Object(members) = &value.data else { return false };
    let restricts = |name: &str| {
        let name = name.split(':').next().unwrap_or_default();
        key::is_distinctive(name) && key::setting(name).is_some_and(|key| key.setting().restricts)
    };
    members.iter().any(|(name, value)| {
        restricts(name) || matches!(&value.data, Data::Object(inner) if inner.iter().any(|(name, _)| restricts(name)))
    })
}

/// The paths of sections that look like settings, at the top and one level down.
fn elsewhere(members: ObjectMembers, is_strict: bool) -> Vec<String> {
    const MOST: usize = 5;
    let mut paths = Vec::new();
    for (_, value) in members {
        if paths.len() == MOST {
            break;
        }
        if looks_like_settings(&value, is_strict) {
            paths.push(value.name);
        } else if let Data::Object(inner) = value.data {
            let inner = nest(&value.name, inner, &mut Vec::new());
            let inner = inner.into_iter().filter(|(_, value)| looks_like_settings(value, is_strict));
            paths.extend(inner.map(|(_, value)| value.name).take(MOST - paths.len()));
        }
    }
    paths
}

/// The warnings about sections that look like settings and are not read.
fn unread(paths: &[String]) -> Vec<Warning> {
    let warning = |path: &String| {
        let text = format!(
            "the section {path} looks like settings, but is not read: list further authorities under Authorities, or read it \
             with Config::section(\"{path}\")"
        );
        Warning::new(path, text)
    };
    paths.iter().map(warning).collect()
}

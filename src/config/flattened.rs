//! Keys as .NET flattens them: `A:B:0` is the first element of `B` in `A`, and an object with numeric keys is a list.

use std::collections::HashMap;

use super::{
    reader::duplicate,
    value::{ConfigValue, Data, ObjectMembers, fold, member_name},
};
use crate::error::{ConfigProblem, ConfigProblemKind::Conflict};

/// One member, and the flattened keys that belong to it.
struct FlattenedMember {
    key: String,
    value: Option<ConfigValue>,
    parts: ObjectMembers,
}

/// The members of an object, where flattened keys are put into the members that they belong to. ObjectMembers that are duplicates
/// stay duplicates. `parent` is the name of the object.
pub(super) fn nest(parent: &str, members: ObjectMembers, problems: &mut Vec<ConfigProblem>) -> ObjectMembers {
    if !members.iter().any(|(key, _)| split(key).is_some()) {
        return members;
    }
    let mut entries: Vec<FlattenedMember> = Vec::new();
    let mut first: HashMap<String, usize> = HashMap::new();
    for (key, value) in members {
        match split(&key) {
            Some((head, rest)) => {
                let at = *first.entry(fold(head)).or_insert_with(|| {
                    entries.push(FlattenedMember { key: head.to_owned(), value: None, parts: Vec::new() });
                    entries.len() - 1
                });
                entries[at].parts.push((rest.to_owned(), value));
            }
            None => match first.get(&fold(&key)) {
                Some(at) if entries[*at].value.is_none() => entries[*at].value = Some(value),
                known => {
                    if known.is_none() {
                        first.insert(fold(&key), entries.len());
                    }
                    entries.push(FlattenedMember { key, value: Some(value), parts: Vec::new() });
                }
            },
        }
    }
    entries.into_iter().map(|entry| entry.into_member(parent, problems)).collect()
}

impl FlattenedMember {
    fn into_member(self, parent: &str, problems: &mut Vec<ConfigProblem>) -> (String, ConfigValue) {
        let Self { key, value, mut parts } = self;
        let Some(mut value) = value else {
            let name = parts.first().and_then(|(rest, part)| prefix(&part.name, rest));
            let name = name.unwrap_or_else(|| member_name(parent, &key));
            return (key, ConfigValue::new(name, Data::Object(parts)));
        };
        if parts.is_empty() {
            return (key, value);
        }
        value.data = match value.data {
            Data::Object(mut members) => {
                members.append(&mut parts);
                Data::Object(members)
            }
            Data::List(elements) => {
                let indexed = elements.into_iter().enumerate().map(|(index, element)| (index.to_string(), element));
                Data::Object(indexed.chain(parts).collect())
            }
            Data::Other(text) if text == "null" => Data::Object(parts),
            data @ (Data::Text(_) | Data::Other(_)) => {
                let advice = "has a value and further levels below it; remove one of them";
                problems.push(ConfigProblem::new(Conflict, &value.name, None, advice));
                data
            }
        };
        (key, value)
    }
}

/// The value with all flattened keys in it put into their places, and objects with numeric keys as lists.
pub(super) fn normalized(mut value: ConfigValue, problems: &mut Vec<ConfigProblem>) -> ConfigValue {
    value.data = match value.data {
        Data::List(elements) => Data::List(elements.into_iter().map(|each| normalized(each, problems)).collect()),
        Data::Object(members) => {
            let members = nest(&value.name, members, problems);
            let numbers: Option<Vec<u32>> = members.iter().map(|(key, _)| key.parse().ok()).collect();
            let mut members: ObjectMembers =
                members.into_iter().map(|(key, member)| (key, normalized(member, problems))).collect();
            match numbers {
                Some(numbers) if !members.is_empty() => {
                    let mut elements: Vec<(u32, ConfigValue)> =
                        numbers.into_iter().zip(members.drain(..).map(|(_, element)| element)).collect();
                    // Stable: of two with one number, the first is the original.
                    elements.sort_by_key(|(number, _)| *number);
                    elements.dedup_by(|(number, element), (other_number, other)| {
                        let is_same = number == other_number;
                        if is_same {
                            problems.push(duplicate(&element.name, &other.name));
                        }
                        is_same
                    });
                    Data::List(elements.into_iter().map(|(_, element)| element).collect())
                }
                _ => Data::Object(members),
            }
        }
        data => data,
    };
    value
}

/// The first segment of a flattened key, and the rest.
fn split(key: &str) -> Option<(&str, &str)> {
    // More levels than any setting has: such a key is not taken apart, and is an unknown name as a whole.
    const MOST_LEVELS: usize = 16;
    if key.bytes().filter(|byte| *byte == b':').take(MOST_LEVELS).count() == MOST_LEVELS {
        return None;
    }
    key.split_once(':')
}

/// The name of the value that a flattened one belongs to, in the spelling of its source.
fn prefix(name: &str, rest: &str) -> Option<String> {
    let prefix = name.strip_suffix(rest).and_then(|prefix| prefix.strip_suffix(':'));
    let of_variable = || name.strip_suffix(&rest.replace(':', "__"))?.strip_suffix("__");
    prefix.or_else(of_variable).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(json: &str) -> (String, Vec<String>) {
        let mut problems = Vec::new();
        let value = normalized(ConfigValue::from_json(json).unwrap(), &mut problems);
        (value.to_json(), problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn flattened_keys_are_read_as_dotnet_flattens_them() {
        for (json, expected, problem) in [
            (r#"{"A:B":1,"A:C":2}"#, r#"{"A":{"B":1,"C":2}}"#, ""),
            (r#"{"A":{"B":1},"a:C":2}"#, r#"{"A":{"B":1,"C":2}}"#, ""),
            (r#"{"A:L:1":"y","A:L:0":"x"}"#, r#"{"A":{"L":["x","y"]}}"#, ""),
            (r#"{"L":["x"],"L:1":"y"}"#, r#"{"L":["x","y"]}"#, ""),
            (r#"{"L":{"10":"b","9":"a"}}"#, r#"{"L":["a","b"]}"#, ""),
            (r#"{"L":{"0":"a","x":"b"}}"#, r#"{"L":{"0":"a","x":"b"}}"#, ""),
            (r#"{"L":["x"],"L:0":"y"}"#, r#"{"L":["x"]}"#, "L:0: is given twice; remove one of them"),
            (r#"{"A":null,"A:B":1}"#, r#"{"A":{"B":1}}"#, ""),
            (r#"{"A":1,"A:B":1}"#, r#"{"A":1}"#, "A: has a value and further levels below it; remove one of them"),
            (r#"{"A":{},"A":{},"A:B":1}"#, r#"{"A":{"B":1},"A":{}}"#, ""),
            (r#"{"A:":1}"#, r#"{"A":{"":1}}"#, ""),
            ("{}", "{}", ""),
        ] {
            let problems: Vec<String> =
                Some(problem).filter(|text| !text.is_empty()).map(str::to_owned).into_iter().collect();
            assert_eq!(read(json), (expected.to_owned(), problems), "{json}");
        }
    }

    #[test]
    fn names_stay_as_written() {
        let members = vec![("A:B:0".to_owned(), ConfigValue::new("X__A__B__0", Data::Text("x".to_owned())))];
        let value = normalized(ConfigValue::new("X", Data::Object(members)), &mut Vec::new());
        let Data::Object(members) = &value.data else { unreachable!() };
        assert_eq!(members[0].1.name, "X__A");
        let Data::Object(members) = &members[0].1.data else { unreachable!() };
        assert_eq!(members[0].1.name, "X__A__B");
    }

    #[test]
    fn very_many_levels_are_not_taken_apart() {
        let key = "A:".repeat(10_000);
        assert_eq!(read(&format!("{{\"{key}\":1}}")).0, format!("{{\"{key}\":1}}"));
    }
}

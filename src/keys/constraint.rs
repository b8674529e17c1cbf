//! What documents say about a key: its issuer, or its cloud. A document cannot take it back at once.

use std::time::Duration;

/// The most different constraints that are kept of one key; one more, and it is authorized for nobody.
const MAX_CONSTRAINTS: usize = 4;

/// What documents have said about one member of a key. All of it must hold, until documents that have the key have omitted
/// it for the whole grace period.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraints(Vec<Constraint>);

#[derive(Clone, Debug)]
struct Constraint {
    text: Box<str>,
    /// How long documents have not said it any more; `None` if the newest that has the key does.
    omitted_for: Option<Duration>,
}

/// What a document changes about one member of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// It says this no more, which holds on for the grace period.
    pub(crate) omitted: Vec<Box<str>>,
    /// It says this for the first time.
    pub(crate) added: Option<Box<str>>,
    /// This has been omitted for the whole grace period, and holds no more.
    pub(crate) lapsed: Vec<Box<str>>,
}

impl Constraints {
    /// Those of a key that several entries had.
    pub(super) fn union<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut union = Self::default();
        for constraint in all.flat_map(|constraints| &constraints.0) {
            match union.0.iter_mut().find(|known| known.text == constraint.text) {
                // `None`, said by the newest document, is the smallest.
                Some(known) => known.omitted_for = known.omitted_for.min(constraint.omitted_for),
                None => union.0.push(constraint.clone()),
            }
        }
        union
    }

    /// Those after a document that says `now`. `omitted_for` adds the time since the last document.
    pub(super) fn next(
        &self,
        now: Option<&str>,
        grace: Duration,
        omitted_for: impl Fn(Option<Duration>) -> Duration,
    ) -> (Self, Change) {
        let mut change = Change::default();
        let mut next = Self::default();
        for constraint in &self.0 {
            if now == Some(&*constraint.text) {
                next.0.push(Constraint { omitted_for: None, ..constraint.clone() });
                continue;
            }
            let time = omitted_for(constraint.omitted_for);
            if time >= grace {
                change.lapsed.push(constraint.text.clone());
                continue;
            }
            if constraint.omitted_for.is_none() {
                change.omitted.push(constraint.text.clone());
            }
            next.0.push(Constraint { omitted_for: Some(time), ..constraint.clone() });
        }
        if let Some(now) = now.filter(|now| next.texts().all(|text| text != *now)) {
            change.added = Some(now.into());
            if next.are_too_many() {
                // There is no room for it, so that it could lapse unseen: the time of all the others starts anew.
                for constraint in &mut next.0 {
                    constraint.omitted_for = Some(Duration::ZERO);
                }
            } else {
                next.0.push(Constraint { text: now.into(), omitted_for: None });
            }
        }
        (next, change)
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|constraint| &*constraint.text)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.0.len() > MAX_CONSTRAINTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const GRACE: Duration = Duration::from_secs(3 * 3600);

    /// The constraints after documents that come every hour, and the last change.
    fn after(documents: &[Option<&str>]) -> (Vec<String>, Change) {
        let hour = |before: Option<Duration>| before.unwrap_or_default() + HOUR;
        let mut last = (Constraints::default(), Change::default());
        for document in documents {
            last = last.0.next(*document, GRACE, hour);
        }
        (last.0.texts().map(str::to_owned).collect(), last.1)
    }

    #[test]
    fn a_constraint_lapses_after_the_grace_period() {
        let (a, b) = (Some("a"), Some("b"));
        for (documents, held, omitted, added, lapsed) in [
            (vec![a], vec!["a"], vec![], a, vec![]),
            (vec![a, a], vec!["a"], vec![], None, vec![]),
            (vec![a, b], vec!["a", "b"], vec!["a"], b, vec![]),
            (vec![a, None], vec!["a"], vec!["a"], None, vec![]),
            (vec![a, None, None], vec!["a"], vec![], None, vec![]),
            (vec![a, None, None, None], vec![], vec![], None, vec!["a"]),
            (vec![a, b, b, b], vec!["b"], vec![], None, vec!["a"]),
            (vec![a, b, b, a], vec!["a", "b"], vec!["b"], None, vec![]),
            (vec![a, b, a, b, a, b], vec!["a", "b"], vec!["a"], None, vec![]),
            (vec![a, b, a, a, a], vec!["a"], vec![], None, vec!["b"]),
            (vec![None, None, None, a], vec!["a"], vec![], a, vec![]),
        ] {
            let (texts, change) = after(&documents);
            let as_texts = |all: &[Box<str>]| all.iter().map(|text| text.to_string()).collect::<Vec<_>>();
            assert_eq!(texts, held, "{documents:?}");
            assert_eq!(as_texts(&change.omitted), omitted, "{documents:?}");
            assert_eq!(change.added.as_deref(), added, "{documents:?}");
            assert_eq!(as_texts(&change.lapsed), lapsed, "{documents:?}");
        }
    }

    /// Whoever changes a key's issuer with each document must not make room for one by which it was disabled.
    #[test]
    fn too_many_constraints_disable_the_key_until_one_grace_period_after_the_last() {
        let texts = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let short = |before: Option<Duration>| before.unwrap_or_default() + HOUR / 10;
        let mut constraints = Constraints::default();
        for text in texts {
            constraints = constraints.next(Some(text), GRACE, short).0;
        }
        assert!(constraints.are_too_many());
        let mut documents = 0;
        while constraints.texts().count() > 1 {
            assert!(constraints.are_too_many() || documents >= 29, "after {documents} documents");
            constraints = constraints.next(Some("a"), GRACE, short).0;
            documents += 1;
        }
        assert!((29..=31).contains(&documents), "three hours, not {documents} documents");
        assert_eq!(constraints.texts().collect::<Vec<_>>(), ["a"]);
    }
}

//! The constraints of a key: the issuers and clouds that documents have named for it. A document cannot lift one at once.

use std::time::Duration;

use super::KeySettings;

/// The maximum number of different constraints of one member of a key. With one more, the key is not authorized for any tenant.
const MAX_CONSTRAINTS: usize = 4;

/// The grace period when a document arrives: keys and constraints that documents omit for the whole of it lapse.
#[derive(Clone, Copy)]
pub(super) struct GracePeriod {
    /// The time since the last document, as far as it counts.
    pub(super) passed: Duration,
    /// The most that counts of the time before the first document that omits something.
    pub(super) max_first: Duration,
    pub(super) length: Duration,
}

impl GracePeriod {
    pub(super) fn new(passed: Duration, settings: &KeySettings) -> Self {
        Self { passed, max_first: settings.refresh_interval.saturating_mul(2), length: settings.grace }
    }

    /// How long something has been omitted that the new document omits too; `before` is the time at the last document, `None`
    /// if that had it.
    pub(super) fn omitted_for(self, before: Option<Duration>) -> Duration {
        match before {
            Some(before) => before.saturating_add(self.passed),
            // There may have been a long gap without traffic.
            None => self.passed.min(self.max_first),
        }
    }

    /// Whether something that has been omitted for this time lapses.
    pub(super) fn is_over(self, omitted_for: Duration) -> bool {
        omitted_for >= self.length
    }
}

/// The values that documents have had for one member of a key. All of them apply, until documents that have the key have
/// omitted one for the whole grace period.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraints(Vec<Constraint>);

#[derive(Clone, Debug)]
struct Constraint {
    text: Box<str>,
    /// How long documents have omitted it; `None` if the newest document that has the key has it.
    omitted_for: Option<Duration>,
}

/// The change of one member of a key by a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Omitted for the first time. They apply until the grace period is over.
    pub(crate) omitted: Vec<Box<str>>,
    /// New in this document.
    pub(crate) added: Option<Box<str>>,
    /// Omitted for the whole grace period. They do not apply any more.
    pub(crate) lapsed: Vec<Box<str>>,
}

impl Constraints {
    /// The constraints of all entries of one key.
    pub(super) fn union<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut union = Self::default();
        for constraint in all.flat_map(|constraints| &constraints.0) {
            match union.0.iter_mut().find(|known| known.text == constraint.text) {
                // `None`, for the newest document, is the smallest.
                Some(known) => known.omitted_for = known.omitted_for.min(constraint.omitted_for),
                None => union.0.push(constraint.clone()),
            }
        }
        union
    }

    /// The constraints after a document in which the member is `now`.
    pub(super) fn next(&self, now: Option<&str>, grace: GracePeriod) -> (Self, Change) {
        let mut change = Change::default();
        let mut next = Self::default();
        for constraint in &self.0 {
            if now == Some(&*constraint.text) {
                next.0.push(Constraint { omitted_for: None, ..constraint.clone() });
                continue;
            }
            let time = grace.omitted_for(constraint.omitted_for);
            if grace.is_over(time) {
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
                // It is not kept, so it could lapse unnoticed: the grace period of all the others starts anew.
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

    /// A grace period of three hours, of documents that arrive at this interval.
    fn every(interval: Duration) -> GracePeriod {
        GracePeriod { passed: interval, max_first: interval, length: 3 * HOUR }
    }

    /// The constraints after documents that come every hour, and the last change.
    fn after(documents: &[Option<&str>]) -> (Vec<String>, Change) {
        let mut last = (Constraints::default(), Change::default());
        for document in documents {
            last = last.0.next(*document, every(HOUR));
        }
        (last.0.texts().map(str::to_owned).collect(), last.1)
    }

    #[test]
    fn constraint_lapses_after_the_grace_period() {
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

    /// A provider that changes a key's issuer with each document must not enable the key again.
    #[test]
    fn too_many_constraints_disable_the_key_until_one_grace_period_after_the_last() {
        let texts = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut constraints = Constraints::default();
        for text in texts {
            constraints = constraints.next(Some(text), every(HOUR / 10)).0;
        }
        assert!(constraints.are_too_many());
        let mut documents = 0;
        while constraints.texts().count() > 1 {
            assert!(constraints.are_too_many() || documents >= 29, "after {documents} documents");
            constraints = constraints.next(Some("a"), every(HOUR / 10)).0;
            documents += 1;
        }
        assert!((29..=31).contains(&documents), "three hours, not {documents} documents");
        assert_eq!(constraints.texts().collect::<Vec<_>>(), ["a"]);
    }
}

use super::{Cause, CauseKind, Remedy, facts::Facts};

/// One cause of the table: the condition, and the texts in the values of the token and the configuration.
pub(super) struct Row {
    pub(super) kind: CauseKind,
    pub(super) when: fn(&Facts<'_>) -> bool,
    pub(super) explanation: fn(&Facts<'_>) -> String,
    pub(super) remedies: fn(&Facts<'_>) -> Vec<Remedy>,
}

impl Row {
    pub(super) fn cause(&self, facts: &Facts<'_>) -> Cause {
        Cause::new(self.kind, (self.explanation)(facts), (self.remedies)(facts))
    }
}

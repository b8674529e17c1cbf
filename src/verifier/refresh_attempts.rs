use crate::keys::store::AuthorityAttempts;

/// The refreshes that a request has waited for, by authority, so that it waits for each once.
#[derive(Debug, Default)]
pub(crate) struct RefreshAttempts {
    /// Most requests have no other.
    first: Option<(usize, AuthorityAttempts)>,
    others: Vec<AuthorityAttempts>,
}

impl RefreshAttempts {
    pub(super) fn of(&mut self, authority: usize) -> &mut AuthorityAttempts {
        let (first, attempts) = self.first.get_or_insert_with(|| (authority, AuthorityAttempts::default()));
        if *first == authority {
            return attempts;
        }
        if self.others.len() <= authority {
            self.others.resize(authority + 1, AuthorityAttempts::default());
        }
        &mut self.others[authority]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_separate_attempts() {
        let mut attempts = RefreshAttempts::default();
        let mut of = |authority| std::ptr::from_mut(attempts.of(authority));
        let (third, first, second) = (of(2), of(0), of(1));
        assert_eq!(of(2), third);
        assert!(third != first && first != second);
        assert_eq!(of(1), second);
    }
}

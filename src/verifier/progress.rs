use crate::keys::store::Asked;

/// For which keys a request has waited, by authority.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Nearly always there is no other.
    first: Option<(usize, Asked)>,
    others: Vec<Asked>,
}

impl Progress {
    pub(super) fn of(&mut self, authority: usize) -> &mut Asked {
        let (first, asked) = self.first.get_or_insert_with(|| (authority, Asked::default()));
        if *first == authority {
            return asked;
        }
        if self.others.len() <= authority {
            self.others.resize(authority + 1, Asked::default());
        }
        &mut self.others[authority]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_its_own() {
        let mut progress = Progress::default();
        let mut of = |authority| std::ptr::from_mut(progress.of(authority));
        let (third, first, second) = (of(2), of(0), of(1));
        assert_eq!(of(2), third);
        assert!(third != first && first != second);
        assert_eq!(of(1), second);
    }
}

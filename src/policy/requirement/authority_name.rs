use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    claims::{Claims, authority::Holders},
    policy::truth::Truth,
};

/// An authority by its configured name.
#[derive(Clone)]
pub(super) struct AuthorityName {
    pub(super) name: String,
    /// Clones of a requirement warn once together.
    has_warned: Arc<AtomicBool>,
}

impl PartialEq for AuthorityName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for AuthorityName {}

impl AuthorityName {
    pub(super) fn new(name: String) -> Self {
        Self { name, has_warned: Arc::default() }
    }

    /// A name that no authority of the verifier has is unknown: were it false, a misspelled name would let everybody in by
    /// its opposite.
    pub(super) fn truth(&self, claims: &Claims) -> Truth {
        match self.holders(claims) {
            Some(Holders::One) => (claims.authority() == self.name).into(),
            None | Some(Holders::Several) => {
                self.warn(claims);
                Truth::Unknown
            }
        }
    }

    /// How many authorities of the verifier that accepted the token have this name.
    pub(super) fn holders(&self, claims: &Claims) -> Option<Holders> {
        claims.facts().authority.names.holders(&self.name)
    }

    #[cold]
    fn warn(&self, claims: &Claims) {
        const SHOWN: usize = 10;
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return;
        }
        let names: Vec<&str> = claims.facts().authority.names.iter().take(SHOWN).collect();
        tracing::warn!(target: "tower_entra", event = "unknown_authority", authority = ?self.name, configured = ?names,
            "a requirement names an authority that the verifier does not have, or has twice: neither it nor its negation is \
             ever met");
    }
}

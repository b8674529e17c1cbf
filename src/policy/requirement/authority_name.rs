use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{claims::Claims, policy::truth::Truth};

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
        if self.is_ambiguous(claims) {
            // Two authorities without a configured name may have the same address.
            self.warn(claims);
            Truth::Unknown
        } else if claims.authority() == self.name {
            Truth::True
        } else if self.is_configured(claims) {
            Truth::False
        } else {
            self.warn(claims);
            Truth::Unknown
        }
    }

    /// Whether several authorities have this name. The policies of one B2C authority share theirs.
    fn is_ambiguous(&self, claims: &Claims) -> bool {
        let mut named = claims.facts().authority.names.iter().filter(|known| ***known == *self.name);
        named.next().is_some_and(|first| named.any(|other| !Arc::ptr_eq(first, other)))
    }

    /// Whether an authority of the verifier that accepted the token has this name.
    pub(super) fn is_configured(&self, claims: &Claims) -> bool {
        claims.facts().authority.names.iter().any(|known| **known == *self.name)
    }

    #[cold]
    fn warn(&self, claims: &Claims) {
        const SHOWN: usize = 10;
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return;
        }
        let names: Vec<&str> = claims.facts().authority.names.iter().take(SHOWN).map(|name| &**name).collect();
        tracing::warn!(target: "tower_entra", event = "unknown_authority", authority = ?self.name, configured = ?names,
            "a requirement names an authority that the verifier does not have, or has twice: neither it nor its negation is \
             ever met");
    }
}

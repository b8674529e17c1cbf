//! One function per target. Each asserts what must hold for any input, and returns a label for what came of it.

/// Reports an outcome in more detail than the target's label, as an event that the replay of the corpora collects. Without a
/// subscriber, as while fuzzing, nothing is formatted.
macro_rules! report {
    ($($text:tt)+) => {
        tracing::trace!(target: "tower_entra_fuzz", $($text)+)
    };
}

pub mod configuration;
pub mod documents;
pub mod fixtures;
pub mod seeds;
pub mod tokens;

pub use configuration::{configuration, policy};
pub use documents::{key_set, metadata};
pub use tokens::{header, token};

/// Runs one input and returns a label for its outcome.
pub type Target = fn(&[u8]) -> String;

/// The targets by name.
pub const TARGETS: [(&str, Target); 6] = [
    ("token", token),
    ("header", header),
    ("key_set", key_set),
    ("metadata", metadata),
    ("configuration", configuration),
    ("policy", policy),
];

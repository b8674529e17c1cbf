//! Why a token is refused: every check to its end, one root cause, and what to do about it.
//!
//! A refusal names the first rule that a token breaks. A [`Diagnosis`] goes on: it runs all checks by the functions that the
//! verifier itself decides by, says of each what was expected and found, and whether that rests on verified data, and
//! names the cause that is nearest to the root.
//!
//! ```
//! use mock_entra::MockEntra;
//! use tower_entra::Verifier;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let entra = MockEntra::new();
//! let verifier = Verifier::builder()
//!     .tenant(MockEntra::TENANT)
//!     .client_id(MockEntra::CLIENT_ID)
//!     .fetch(entra.clone())
//!     .build()?;
//! let diagnosis = verifier.diagnose(&entra.token().graph().build()).await;
//! let cause = diagnosis.cause().ok_or("refused")?;
//! assert_eq!(cause.kind().code(), "graph_token");
//! assert!(cause.explanation().contains("its signature was checked with the nonce hashed"));
//! assert!(cause.remedy().contains(&format!("{}/.default", MockEntra::CLIENT_ID)));
//! # Ok(())
//! # }
//! ```
//!
//! A token that is good, and how it looks in print:
//!
//! ```
//! use mock_entra::MockEntra;
//! use tower_entra::Verifier;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let entra = MockEntra::new();
//! # let verifier = Verifier::builder()
//! #     .tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).fetch(entra.clone()).build()?;
//! let diagnosis = verifier.diagnose(&entra.token().build()).await;
//! assert!(diagnosis.is_accepted());
//! assert!(diagnosis.to_string().starts_with("accepted"));
//! # Ok(())
//! # }
//! ```
//!
//! What it found by each check, for a page or a tool of one's own:
//!
//! ```
//! use mock_entra::MockEntra;
//! use tower_entra::{Verifier, diagnosis::Outcome};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let entra = MockEntra::new();
//! # let verifier = Verifier::builder()
//! #     .tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).fetch(entra.clone()).build()?;
//! let diagnosis = verifier.diagnose(&entra.token().audience("api://orders").build()).await;
//! let failed: Vec<_> = diagnosis.checks().iter().filter(|check| check.outcome == Outcome::Failed).collect();
//! assert_eq!((failed.len(), failed[0].name, failed[0].found.as_deref()), (1, "audience", Some("api://orders")));
//! assert!(failed[0].verified, "the signature makes it true");
//! assert_eq!(serde_json::to_value(&diagnosis)?["cause"]["kind"], "forwarded_token");
//! # Ok(())
//! # }
//! ```
//!
//! It is for the API's owner: it shows what is configured, and what the token says. Never send it to a caller.

mod audience;
mod cause;
mod check;
mod dates;
mod decoded;
mod paste_causes;
mod issuer;
mod keys;
mod kind;
mod pasted;
mod report;
mod request;
mod causes;
mod format;

pub use cause::Cause;
pub use check::{Check, Outcome};
pub use decoded::{Date, Decoded};
pub use kind::CauseKind;
pub use report::Diagnosis;
pub(crate) use request::instead;

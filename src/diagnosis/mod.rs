//! Why a token is rejected: every check to its end, the root cause, and how to fix it.
//!
//! A rejection names the first rule that a token violates. A [`Diagnosis`] runs all checks, by the functions that the verifier
//! itself uses, and records of each what was expected and found, and whether that is verified. Of what was recorded, a table of
//! causes finds the one nearest to the root, and says how to fix it in the values of the token and the configuration.
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
//! let cause = diagnosis.cause().ok_or("accepted")?;
//! assert_eq!(cause.kind().code(), "graph_token");
//! assert!(cause.explanation().contains("its signature was verified with the nonce hashed"));
//! assert!(cause.remedy().contains(&format!("{}/.default", MockEntra::CLIENT_ID)));
//! # Ok(())
//! # }
//! ```
//!
//! A good token, and its text form:
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
//! The outcome of each check, for a page or a tool:
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
//! assert!(failed[0].verified, "the signature is valid");
//! assert_eq!(serde_json::to_value(&diagnosis)?["cause"]["kind"], "forwarded_token");
//! # Ok(())
//! # }
//! ```
//!
//! It is for the operator of the API: it shows the configuration, and the claims of the token. Never send it to a caller.

mod cause;
mod check;
mod compare;
mod content;
mod credentials;
mod decoded;
mod explain;
mod facts;
mod format;
mod input;
mod kind;
mod pasted;
mod provider;
mod remedy;
mod report;
mod request;
mod row;
mod rows;
mod wording;

pub use cause::Cause;
pub use check::{Check, Outcome};
pub use decoded::{Date, Decoded};
pub(crate) use explain::{Explanation, Presented};
pub use kind::CauseKind;
pub use provider::Provider;
pub use remedy::{Action, Remedy};
pub use report::Diagnosis;
pub(crate) use request::instead;

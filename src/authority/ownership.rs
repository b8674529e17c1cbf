//! Issuer ownership: which issuers an authority may have, and which ones it owns against the other authorities of a verifier,
//! so that no metadata can claim the issuer of another authority, whether or not that one's metadata has been loaded.
//!
//! | kind | metadata at | its metadata may name | `Issuers` may list | it owns |
//! |---|---|---|---|---|
//! | Entra, a Microsoft cloud | that cloud | the known issuers | nothing | the known issuers |
//! | Entra, another instance | a Microsoft host | those of known form | with a tenant | usual ones: reserved; listed |
//! | Entra, another instance | any other host | at its own origin, or listed | with a tenant | usual ones: reserved; listed |
//! | B2C, External ID | a Microsoft host | those of known form | nothing | usual ones, by its tenant |
//! | B2C, External ID | another port of one | none | nothing | usual ones, by its tenant |
//! | B2C, External ID | any other host | at its own origin, or listed | of one tenant | usual ones, by its tenant; listed |
//! | OpenID Connect, static keys | anywhere | the configured one, or listed | any | the configured one; listed |
//!
//! - Nothing but Microsoft's metadata may name an issuer at a Microsoft host, and it cannot be listed. The exception is
//!   External ID at a custom domain, configured with its tenant's GUID: that tenant's usual issuer,
//!   `https://{GUID}.ciamlogin.com/{GUID}/v2.0` (`docs/entra.md`, "External ID").
//! - "By its tenant": owned if the tenant is configured by its GUID, reserved if by a domain.
//! - An owned issuer is known from the configuration, and belongs to nobody else. A reserved one could turn out to belong to
//!   the authority when its metadata is loaded: until then, no other metadata may claim it, unless that authority owns it, is at
//!   a Microsoft host, or is of the same kind at the same address.
//!
//! [`rule`] has the table, [`forms`] the usual issuers of each kind. The configuration is checked against it by
//! `config::listed_issuers`, metadata by `keys::discovery`, and a token whose authority has not been loaded by
//! [`ExpectedIssuer`].

mod expected;
pub(crate) mod forms;
mod issuer_set;
mod owners;
mod rule;

use std::{fmt, sync::Arc};

pub(crate) use expected::ExpectedIssuer;
pub(crate) use owners::IssuerOwners;
use owners::OtherOwner;
pub(crate) use rule::{UnlistableIssuer, is_at_microsoft, is_listed};

use super::{DocumentSpec, Issuers};

/// What the documents of one authority may name, beside the authorities of the same verifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ownership {
    owners: Arc<IssuerOwners>,
    authority: usize,
}

/// An issuer that a document names although its authority does not own it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignIssuer {
    pub(crate) issuer: String,
    /// The authority that owns it, or could; `None` if none of those that are configured.
    pub(crate) owner: Option<Arc<str>>,
    reason: String,
}

impl ForeignIssuer {
    /// The issuer, if the configuration may list it: none that another authority owns, and none at a Microsoft host.
    pub(crate) fn may_be_listed(&self) -> Option<String> {
        (self.owner.is_none() && !is_at_microsoft(&self.issuer)).then(|| self.issuer.clone())
    }
}

impl fmt::Display for ForeignIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its issuer is {:?}, {}; this authority does not own it", self.issuer, self.reason)
    }
}

impl Ownership {
    pub(crate) fn new(owners: &Arc<IssuerOwners>, authority: usize) -> Self {
        Self { owners: Arc::clone(owners), authority }
    }

    /// The name of the authority.
    pub(crate) fn name(&self) -> &str {
        self.owners.name(self.authority)
    }

    /// Whether a document of `spec` may name `issuer`, by the location of the document and the configuration.
    ///
    /// # Errors
    ///
    /// The issuer, its owner if that is configured, and why it may not be named.
    pub(crate) fn check_location(&self, spec: &DocumentSpec, issuer: &str) -> Result<(), ForeignIssuer> {
        spec.may_name(issuer).map_err(|reason| {
            let owner = self.owners.owner_of(self.authority, issuer);
            // The advice to list the issuer would be a mistake then.
            let reason = match &owner {
                Some(owner) => {
                    let origin = spec.origin();
                    format!("which is an issuer of another configured authority ({owner}), and not at {origin}")
                }
                None => reason,
            };
            ForeignIssuer { issuer: issuer.to_owned(), owner, reason }
        })
    }

    /// Whether no other authority owns or reserves one of the issuers that follow from a document. `named` is the issuer as the
    /// document has it.
    ///
    /// # Errors
    ///
    /// The issuer and its owner.
    pub(crate) fn check_other_owners(&self, named: &str, issuers: &Issuers) -> Result<(), ForeignIssuer> {
        let Some(OtherOwner { name, is_certain }) = self.owners.other_owner(self.authority, issuers) else {
            return Ok(());
        };
        let reason = match is_certain {
            true => format!("which is an issuer of another configured authority ({name})"),
            false => format!(
                "which may be an issuer of another configured authority ({name}); configure the tenants of both by their \
                 GUIDs, so that their issuers are known"
            ),
        };
        Err(ForeignIssuer { issuer: named.to_owned(), owner: Some(name), reason })
    }
}

#[cfg(test)]
mod tests;

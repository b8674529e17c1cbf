//! Issuer ownership: which issuers the documents of one authority may name, so that no document can claim the issuer of
//! another authority, whether or not the documents of that one have been loaded.
//!
//! | metadata | issuer | may be named | decided by |
//! |---|---|---|---|
//! | at a Microsoft host | of the known form | yes | `DocumentSpec::may_name`, `discovery` |
//! | External ID at another host, its tenant given as a GUID | `https://{GUID}.ciamlogin.com/{GUID}/v2.0` | yes | `may_name` |
//! | at any other host | at a Microsoft host | never, not even if listed | `may_name`, `config/owned.rs` |
//! | at any other host | at its own origin | yes | `may_name` |
//! | at any other host | listed exactly (`Issuers`) | yes | `may_name` |
//! | at any other host | any other | no | `may_name` |
//! | OpenID Connect, static keys | the configured one, or listed | yes | `discovery` |
//! | any | owned or reserved by another authority | no | `IssuerOwners::conflict` |

use std::{fmt, sync::Arc};

use super::{DocumentSpec, IssuerOwners, Issuers, owners::Conflict};
use crate::tenant::{HttpsUrl, IssuerTemplate, MicrosoftHost, TenantId};

/// Whether `issuer`, of a document or of a token, is one of `listed`.
pub(crate) fn is_listed(listed: &[Arc<str>], issuer: &str) -> bool {
    listed.iter().any(|one| {
        **one == *issuer
            || IssuerTemplate::parse(one).zip(IssuerTemplate::parse(issuer)).is_some_and(|(one, issuer)| {
                let same_tenant = match (one.tenant(), issuer.tenant()) {
                    (None, _) => true,
                    (one, issuer) => one == issuer,
                };
                same_tenant && one.same_form(&issuer)
            })
    })
}

/// Whether an issuer is at a Microsoft host: the login hosts of its clouds, Azure AD B2C and External ID. The text is
/// not trusted, so that a user name, a port, capitals or a dot at the end do not hide the host. Not a [`HttpsUrl`]: what that
/// rejects must be recognized here.
pub(crate) fn is_at_microsoft(issuer: &str) -> bool {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    MicrosoftHost::of(host.trim_end_matches('.')).is_some()
}

/// The issuer of a tenant of External ID, wherever its metadata is.
pub(crate) fn external_id_issuer(tenant: TenantId) -> String {
    format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0")
}

/// The origin of an issuer, which may have a placeholder in its path; `None` if nothing may be fetched from there.
pub(crate) fn origin_of(issuer: &str) -> Option<String> {
    HttpsUrl::parse(issuer.split('{').next()?).ok().map(|address| address.origin)
}

impl DocumentSpec {
    /// Whether the document itself is at a Microsoft host, on the standard port.
    pub(super) fn is_at_microsoft(&self) -> bool {
        HttpsUrl::parse(&self.address())
            .is_ok_and(|url| url.is_https_at_standard_port() && MicrosoftHost::of(&url.host).is_some())
    }

    /// The origin of the document.
    pub(crate) fn origin(&self) -> String {
        HttpsUrl::parse(&self.address()).map(|address| address.origin).unwrap_or_default()
    }

    /// The issuers that its configuration lists.
    pub(crate) fn listed(&self) -> &[Arc<str>] {
        match self {
            Self::Entra { listed, .. }
            | Self::B2c { listed, .. }
            | Self::ExternalId { listed, .. }
            | Self::OpenIdConnect { listed, .. }
            | Self::Static { listed, .. } => listed,
        }
    }

    /// Whether the document may name `issuer`, as far as its own address and configuration decide: what another authority
    /// owns is not known here.
    ///
    /// # Errors
    ///
    /// Says why not, and which setting would allow it.
    pub(crate) fn may_name(&self, issuer: &str) -> Result<(), String> {
        if self.is_at_microsoft() || matches!(self, Self::OpenIdConnect { .. } | Self::Static { .. }) {
            // Held to the known forms, or to the very issuer that is configured.
            return Ok(());
        }
        if is_at_microsoft(issuer) {
            let advice = match self {
                Self::ExternalId { .. } if self.tenant().is_some_and(|own| external_id_issuer(own) == issuer) => {
                    return Ok(());
                }
                Self::ExternalId { .. } if self.tenant().is_none() => {
                    "configure the tenant's GUID, by external_id_at() or TenantId, instead of its domain"
                }
                _ => "for Microsoft's tokens configure the cloud, Authority::b2c or Authority::external_id instead",
            };
            let origin = self.origin();
            return Err(format!("a Microsoft issuer, but the metadata is at {origin}; {advice}"));
        }
        let origin = self.origin();
        // The text itself too: `https://a.example\@b.example/` may be read in two ways.
        let is_own = issuer.strip_prefix(&*origin).is_some_and(|path| path.starts_with('/'))
            && origin_of(issuer).is_some_and(|found| found == origin);
        if is_own || is_listed(self.listed(), issuer) {
            return Ok(());
        }
        Err(format!(
            "which is not at {origin}, where its metadata is; if that is its issuer all the same, list it exactly: \
             issuers([{:?}]) in code, Issuers in a file",
            listing(issuer)
        ))
    }
}

/// The text to be listed for an issuer: with the placeholder where it names a tenant.
fn listing(issuer: &str) -> String {
    IssuerTemplate::parse(issuer).map_or_else(|| issuer.to_owned(), |issuer| issuer.for_any_tenant().to_string())
}

/// What the documents of one authority may name, beside the authorities of the same verifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ownership {
    owners: Arc<IssuerOwners>,
    authority: usize,
}

/// An issuer that a document named and may not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignIssuer {
    pub(crate) issuer: String,
    /// The authority that owns it, or could; `None` if none of those that are configured.
    pub(crate) owner: Option<Arc<str>>,
    why: String,
}

impl ForeignIssuer {
    /// The issuer, if the configuration may list it: none that another authority owns, and none at a Microsoft host.
    pub(crate) fn may_be_listed(&self) -> Option<String> {
        (self.owner.is_none() && !is_at_microsoft(&self.issuer)).then(|| self.issuer.clone())
    }
}

impl fmt::Display for ForeignIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its issuer is {:?}, {}; this authority does not own it", self.issuer, self.why)
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

    /// Whether a document of `spec` may name `issuer`, by where the document is and what is configured.
    ///
    /// # Errors
    ///
    /// The issuer, its owner if that is configured, and why it may not be named.
    pub(crate) fn check_place(&self, spec: &DocumentSpec, issuer: &str) -> Result<(), ForeignIssuer> {
        spec.may_name(issuer).map_err(|why| {
            let owner = self.owners.owner_of(self.authority, issuer);
            // To list it would be a mistake then.
            let why = match &owner {
                Some(owner) => {
                    let origin = spec.origin();
                    format!("which is an issuer of another configured authority ({owner}), and not at {origin}")
                }
                None => why,
            };
            ForeignIssuer { issuer: issuer.to_owned(), owner, why }
        })
    }

    /// Whether another authority owns one of the issuers that a document stands for, or could own it. `named` is the issuer as
    /// the document has it.
    ///
    /// # Errors
    ///
    /// The issuer and its owner.
    pub(crate) fn check_others(&self, named: &str, issuers: &Issuers) -> Result<(), ForeignIssuer> {
        let Some(Conflict { owner, is_known }) = self.owners.conflict(self.authority, issuers) else { return Ok(()) };
        let why = match is_known {
            true => format!("which is an issuer of another configured authority ({owner})"),
            false => format!(
                "which may be an issuer of another configured authority ({owner}); configure the tenants of both by their \
                 GUIDs, so that their issuers are known"
            ),
        };
        Err(ForeignIssuer { issuer: named.to_owned(), owner: Some(owner), why })
    }
}

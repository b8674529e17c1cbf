//! The table of issuer ownership, and what a document may name by it.

use std::sync::Arc;

use super::forms;
use crate::{
    authority::{AuthoritySpec, DocumentSpec},
    tenant::{HttpsUrl, IssuerTemplate, MicrosoftHost, lenient_host},
};

/// The kinds of authorities that differ in their issuers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IssuerKind {
    /// Tenants of Entra in a Microsoft cloud, whose issuers are known (`docs/entra.md`, "Issuers").
    Cloud,
    /// Tenants of Entra at any other address, such as a mirror or a mock.
    Instance,
    /// Azure AD B2C (`docs/entra.md`, "Azure AD B2C").
    B2c,
    /// External ID (`docs/entra.md`, "External ID").
    ExternalId,
    /// An OpenID Connect issuer, with fetched or static keys.
    OpenIdConnect,
}

/// The host of an authority's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MetadataHost {
    /// A Microsoft host, on the standard port (`docs/entra.md`, "Clouds and login hosts").
    Microsoft,
    /// The name of a Microsoft host, where Microsoft serves nothing.
    MicrosoftOtherPort,
    Other,
}

/// The issuers that a document may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedIssuers {
    /// Those of the form of its kind, which `keys::discovery` checks: Microsoft wrote the document.
    OfKnownForm,
    /// Those at its own origin, and listed ones.
    AtOwnOrigin,
    /// The configured one, which `keys::discovery` checks.
    Configured,
}

/// The issuers that a configuration may list for an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListableIssuers {
    None,
    /// With `{tenantid}`, or the GUID of one tenant.
    WithTenant,
    /// With the GUID of one tenant.
    OfOneTenant,
    /// Exact strings.
    Exact,
}

/// What an authority owns before its metadata is loaded, beside the issuers that are listed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnedIssuers {
    /// Its issuers are configured or known, and its metadata cannot add one.
    All,
    /// The usual ones: owned if its tenant is configured by its GUID, else reserved.
    UsualByTenant,
    /// The usual ones are reserved.
    UsualReserved,
}

/// A row of the table: the issuers of an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IssuerRule {
    pub(super) may_name: NamedIssuers,
    pub(super) may_list: ListableIssuers,
    pub(super) owns: OwnedIssuers,
}

/// Why an issuer cannot be listed for an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnlistableIssuer {
    /// It is at a Microsoft host.
    AtMicrosoft,
    /// It has no `{tenantid}` and no tenant's GUID as a path segment.
    WithoutTenant,
    /// It has no tenant's GUID as a path segment.
    WithoutGuid,
    /// It has a placeholder, which does not apply to this kind.
    Placeholder,
}

impl IssuerRule {
    #[rustfmt::skip]
    pub(super) fn of(kind: IssuerKind, host: MetadataHost) -> Self {
        use IssuerKind::{B2c, Cloud, ExternalId, Instance, OpenIdConnect};
        use ListableIssuers as List;
        use MetadataHost::{Microsoft, MicrosoftOtherPort, Other};
        use NamedIssuers::{AtOwnOrigin, Configured, OfKnownForm};
        use OwnedIssuers::{All, UsualByTenant, UsualReserved};
        let (may_name, may_list, owns) = match (kind, host) {
            (Cloud,            _)                          => (OfKnownForm, List::None,        All),
            (Instance,         Microsoft)                  => (OfKnownForm, List::WithTenant,  UsualReserved),
            (Instance,         MicrosoftOtherPort | Other) => (AtOwnOrigin, List::WithTenant,  UsualReserved),
            (B2c | ExternalId, Microsoft)                  => (OfKnownForm, List::None,        UsualByTenant),
            (B2c | ExternalId, MicrosoftOtherPort)         => (AtOwnOrigin, List::None,        UsualByTenant),
            (B2c | ExternalId, Other)                      => (AtOwnOrigin, List::OfOneTenant, UsualByTenant),
            (OpenIdConnect,    _)                          => (Configured,  List::Exact,       All),
        };
        Self { may_name, may_list, owns }
    }

    /// Whether issuers can be listed at all.
    pub(crate) fn has_listed_issuers(self) -> bool {
        self.may_list != ListableIssuers::None
    }

    /// Whether `issuer` may be listed; it has been checked to be an address or a name.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn check_listed(self, issuer: &str) -> Result<(), UnlistableIssuer> {
        if is_at_microsoft(issuer) {
            return Err(UnlistableIssuer::AtMicrosoft);
        }
        let template = IssuerTemplate::parse(issuer);
        match self.may_list {
            ListableIssuers::Exact if issuer.contains(['{', '}']) => Err(UnlistableIssuer::Placeholder),
            ListableIssuers::WithTenant if template.is_none() => Err(UnlistableIssuer::WithoutTenant),
            ListableIssuers::OfOneTenant if template.is_none_or(|template| template.tenant().is_none()) => {
                Err(UnlistableIssuer::WithoutGuid)
            }
            _ => Ok(()),
        }
    }
}

impl MetadataHost {
    /// The host of a URL. One that may not be fetched is nobody's.
    fn of(url: &str) -> Self {
        match HttpsUrl::parse(url) {
            Ok(url) if MicrosoftHost::of(&url.host).is_none() => Self::Other,
            Ok(url) if url.is_https_at_standard_port() => Self::Microsoft,
            Ok(_) => Self::MicrosoftOtherPort,
            Err(_) => Self::Other,
        }
    }
}

impl AuthoritySpec {
    /// The rule for its issuers, by what is configured.
    pub(crate) fn issuer_rule(&self) -> IssuerRule {
        let (kind, address) = match self {
            Self::Entra(entra) if entra.instance.cloud().is_some() => (IssuerKind::Cloud, entra.instance.base()),
            Self::Entra(entra) => (IssuerKind::Instance, entra.instance.base()),
            Self::B2c(b2c) => (IssuerKind::B2c, b2c.address.as_str()),
            Self::ExternalId(external) => (IssuerKind::ExternalId, external.address.as_str()),
            Self::OpenIdConnect(_) | Self::Workload(_) => (IssuerKind::OpenIdConnect, ""),
        };
        IssuerRule::of(kind, MetadataHost::of(address))
    }
}

impl DocumentSpec {
    /// The rule for its issuers.
    pub(super) fn issuer_rule(&self) -> IssuerRule {
        let kind = match self {
            Self::Entra { instance, .. } if instance.cloud().is_some() => IssuerKind::Cloud,
            Self::Entra { .. } => IssuerKind::Instance,
            Self::B2c { .. } => IssuerKind::B2c,
            Self::ExternalId { .. } => IssuerKind::ExternalId,
            Self::OpenIdConnect { .. } | Self::Static { .. } => IssuerKind::OpenIdConnect,
        };
        IssuerRule::of(kind, MetadataHost::of(&self.address()))
    }

    /// Whether the document itself is at a Microsoft host, on the standard port.
    pub(super) fn is_at_microsoft(&self) -> bool {
        MetadataHost::of(&self.address()) == MetadataHost::Microsoft
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

    /// Whether the document may name `issuer`, by its own location and configuration. The other authorities are not considered.
    ///
    /// # Errors
    ///
    /// Says why not, and which setting would allow it.
    pub(crate) fn may_name(&self, issuer: &str) -> Result<(), String> {
        match self.issuer_rule().may_name {
            NamedIssuers::OfKnownForm | NamedIssuers::Configured => return Ok(()),
            NamedIssuers::AtOwnOrigin => {}
        }
        let origin = self.origin();
        if is_at_microsoft(issuer) {
            let advice = match (self, self.tenant()) {
                (Self::ExternalId { .. }, Some(tenant)) if forms::external_id(tenant).to_string() == issuer => {
                    return Ok(());
                }
                (Self::ExternalId { .. }, None) => {
                    "configure the tenant's GUID, by external_id_at() or TenantId, instead of its domain"
                }
                _ => "for Microsoft's tokens configure the cloud, Authority::b2c or Authority::external_id instead",
            };
            return Err(format!("a Microsoft issuer, but the metadata is at {origin}; {advice}"));
        }
        // The text itself too: `https://a.example\@b.example/` may be read in two ways.
        let is_own = issuer.strip_prefix(&*origin).is_some_and(|path| path.starts_with('/'))
            && forms::origin(issuer).is_some_and(|found| found == origin);
        if is_own || is_listed(self.listed(), issuer) {
            return Ok(());
        }
        let listing = IssuerTemplate::parse(issuer)
            .map_or_else(|| issuer.to_owned(), |issuer| issuer.for_any_tenant().to_string());
        Err(format!(
            "which is not at {origin}, where its metadata is; if that is its issuer all the same, list it exactly: \
             issuers([{listing:?}]) in code, Issuers in a file"
        ))
    }
}

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
/// not trusted, so that a user name, a port, capitals or a dot at the end do not hide the host.
pub(crate) fn is_at_microsoft(issuer: &str) -> bool {
    MicrosoftHost::of(lenient_host(issuer)).is_some()
}

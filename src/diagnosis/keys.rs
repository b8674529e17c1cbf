//! Causes in keys and signatures.

use super::{Cause, CauseKind, causes::Analysis};
use crate::{
    authority::{EntraSpec, KeySource, Tenants},
    error::{DocumentFault, FetchFailure},
    keys::discovery::ACCEPT_TFP,
    rejection::{Detail, Rejection},
};

impl Analysis<'_> {
    pub(super) fn unknown_key(&self) -> Cause {
        let kid = self.token.header_text("kid").unwrap_or("none");
        if let Some(failure) = self.authority.and_then(|authority| authority.failure.as_ref()) {
            return Cause::new(
                CauseKind::StaleKeys,
                format!("The key {kid:?} is unknown, and the keys cannot be refreshed: {failure}."),
                "Let this machine reach that address (DNS, proxy, TLS); the keys are refreshed by themselves then.",
            );
        }
        let has_own_tenant = self.authority.is_some_and(|authority| {
            let KeySource::Entra(EntraSpec { tenants, app_id: None, .. }) = &authority.resolved.source else {
                return false;
            };
            matches!(tenants, Tenants::One(_) | Tenants::Domain(_) | Tenants::List { .. })
        });
        if has_own_tenant {
            return Cause::new(
                CauseKind::OwnSigningKey,
                format!(
                    "The issuer's key set, as it was fetched last, has no key {kid:?}. The usual reason is that {} has a \
                     signing key of its own, by SAML single sign-on or claims mapping.",
                    self.api()
                ),
                "Switch app_specific_keys(true) on (AppSpecificKeys in JSON): its keys are asked for with ?appid= and the client \
                 id then. If the application has no such key, get a new token; if that one has the same kid, it is not from \
                 this tenant.",
            );
        }
        Cause::new(
            CauseKind::UnknownKey,
            format!("The issuer's key set, as it was fetched last, has no key {kid:?}."),
            "Get a new token; if that one has the same kid, it is not from this issuer: compare its metadata with the \
             configured address.",
        )
    }

    pub(super) fn no_keys(&self, rejection: &Rejection) -> Cause {
        let name = self.authority.map_or("the issuer", |authority| &authority.resolved.name);
        // That of the rejection first: it may be about the metadata of one tenant.
        let failed = match rejection.reason() {
            Some(Detail::Fetch(error)) => Some(error),
            Some(_) => None,
            None => self.authority.and_then(|authority| authority.failure.as_ref()),
        };
        let Some(error) = failed else {
            let detail = rejection.detail_text().unwrap_or("nothing has been fetched yet".into());
            return unreachable(name, &detail);
        };
        match error.failure() {
            FetchFailure::InvalidDocument(document) => match document.fault() {
                DocumentFault::ForeignIssuer => Cause::new(
                    CauseKind::ForeignIssuer,
                    format!("The metadata of {name} names an issuer it does not own: {error}."),
                    "If the issuer is right, list it by issuers() (Issuers in a file), or configure the tenant's GUID where the \
                     text says so; otherwise check which server answers there.",
                ),
                DocumentFault::PolicyInIssuer => Cause::new(
                    CauseKind::PolicyInIssuer,
                    format!("The issuer of {name} has the policy in it, and such issuers are not accepted: {error}."),
                    format!("Switch {ACCEPT_TFP} on; or change the issuer of the user flow to the one without /tfp/."),
                ),
                DocumentFault::Other => Cause::new(
                    CauseKind::WrongMetadata,
                    format!("The documents of {name} are not as the configuration says: {error}."),
                    "Configure what they say, if it is right; otherwise check which server answers there (a proxy, a login \
                     page).",
                ),
            },
            FetchFailure::NotFound { .. } | FetchFailure::Status(400 | 404) => Cause::new(
                CauseKind::NoSuchTenant,
                format!("{name} has no metadata: {error}."),
                "Compare the tenant (its GUID or a verified domain), the policy and the cloud with those of the \
                 registration.",
            ),
            FetchFailure::Status(status) => {
                let redirect = if (300..400).contains(status) { " Redirects are not followed." } else { "" };
                Cause::new(
                    CauseKind::NoMetadata,
                    format!("The keys of {name} cannot be fetched: {error}.{redirect}"),
                    "A server responds at that URL, but not with metadata: a proxy or its sign-in page in between, or an \
                     issuer that is out of order. Try it with curl from the same machine.",
                )
            }
            _ => unreachable(name, &error.to_string()),
        }
    }

    pub(super) fn bad_signature(&self) -> Cause {
        if self.recording.is_genuine_for_microsoft {
            return self.for_microsoft();
        }
        let kid = self.token.header_text("kid").unwrap_or("none");
        let nonce = if self.token.header_text("nonce").is_some() {
            " Its header has a nonce, as tokens for APIs of Microsoft's have, which nobody else can verify."
        } else {
            ""
        };
        Cause::new(
            CauseKind::BadSignature,
            format!(
                "The issuer has the key {kid:?}, and the signature does not fit it: the token was changed or cut after it was signed, or made by somebody else.{nonce}"
            ),
            "Get a new token and send it unchanged: no line breaks, no cut at the end, no change by a proxy or a script.",
        )
    }
}

fn unreachable(name: &str, failure: &str) -> Cause {
    Cause::new(
        CauseKind::NoMetadata,
        format!("The keys of {name} cannot be fetched: {failure}."),
        "Let this machine reach that URL: DNS, the proxy (HTTPS_PROXY), the firewall, TLS inspection with a company's own \
         certificate. Try it with curl from the same machine.",
    )
}

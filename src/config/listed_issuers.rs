//! The rules of listed issuers, and of authorities that share an issuer.

use std::sync::Arc;

use super::{flaw::Flaw, key::Key, placeholder, provenance::Provenance, rules::Rules};
use crate::{
    authority::{
        AuthoritySpec, DocumentSpec, IssuerOwners, KeySource, ListedIssuers, ResolvedAuthority, UnlistableIssuer,
    },
    error::ConfigProblemKind::{Conflict, NotApplicable, Unsafe},
    tenant::split_scheme,
};

impl Rules<'_> {
    /// Validates the listed issuers of an authority.
    pub(super) fn listed(
        &mut self,
        provenance: &Provenance<'_>,
        spec: &AuthoritySpec,
        issuers: &[String],
    ) -> ListedIssuers {
        let mut listed = Vec::new();
        for issuer in issuers {
            match wrong_issuer(spec, issuer) {
                Some(flaw) => {
                    let advice = format!("{}{}", provenance.prefix_if_code("issuers(): "), flaw.advice);
                    self.wrong(flaw.kind, &provenance.at(&[Key::Issuers], issuer), issuer, advice);
                }
                None => listed.push(Arc::from(issuer.as_str())),
            }
        }
        listed.into_iter().collect()
    }

    /// Refuses two authorities with the same issuer, and two that accept the same tokens without a policy.
    pub(super) fn check_owners(&mut self, all: &[(Provenance<'_>, ResolvedAuthority)]) {
        let mut pairs: Vec<(usize, usize, String)> = Vec::new();
        for (one, other) in IssuerOwners::new(all.iter().map(|(_, trusted)| trusted)).pairs_with_same_issuer() {
            pairs.push((one, other, "shares an issuer with {}, so its tokens would be ambiguous".into()));
        }
        for (other, (provenance, trusted)) in all.iter().enumerate() {
            let same = |(_, one): &(Provenance<'_>, ResolvedAuthority)| {
                one.name != trusted.name && accept_same_app_tokens(one, trusted)
            };
            if let Some(one) = all[..other].iter().position(same) {
                let says = provenance.setting_name(Key::AcceptAppTokens);
                pairs.push((
                    one,
                    other,
                    format!("has {says}, as {{}} at the same address: it would be ambiguous which rules apply"),
                ));
            }
        }
        for (one, other, advice) in pairs {
            let ((first_provenance, first), (provenance, second)) = (&all[one], &all[other]);
            if !self.is_reported(provenance) {
                let named = format!("{} ({})", first.name, first_provenance.name);
                let advice = advice.replacen("{}", &named, 1) + "; leave one out";
                self.wrong_authority(Conflict, provenance, &second.name, advice);
            }
        }
    }
}

/// Whether an issuer is an unambiguous string, without characters of a pattern.
pub(super) fn is_plain(issuer: &str) -> bool {
    !issuer.is_empty()
        && issuer.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@' | b'\\' | b'*'))
}

/// The mistake in an issuer that is listed for an authority of this kind.
fn wrong_issuer(spec: &AuthoritySpec, issuer: &str) -> Option<Flaw> {
    let rule = spec.issuer_rule();
    if !rule.has_listed_issuers() {
        return Some(Flaw::new(
            NotApplicable,
            "the issuers of this authority are known, or named by Microsoft's metadata; leave it out",
        ));
    }
    let is_place = split_scheme(issuer).is_some_and(|(scheme, rest)| {
        ["https", "http"].contains(&scheme) && !rest.is_empty() && !rest.starts_with(['/', ':'])
    });
    // A name such as a URN is only compared. With metadata, any other name is probably a URL without its scheme.
    let is_urn = issuer.starts_with("urn:");
    let is_name =
        spec.openid().is_some_and(|openid| is_urn || !openid.needs_metadata()) && split_scheme(issuer).is_none();
    if let Err(flaw) = placeholder::check(&issuer.replace("{tenantid}", "")) {
        return Some(flaw);
    }
    if !is_plain(issuer) || !(is_place || is_name) {
        return Some(Flaw::invalid("must be exactly the token's iss, such as https://id.contoso.example"));
    }
    rule.check_listed(issuer).err().map(|problem| match problem {
        UnlistableIssuer::AtMicrosoft => {
            let advice = "is at a Microsoft host, whose issuers belong to authorities there; name the tenant's GUID, or \
                          configure the cloud, Authority::b2c or Authority::external_id";
            Flaw::new(Unsafe, advice)
        }
        UnlistableIssuer::Placeholder => Flaw::invalid("an issuer has no placeholder here"),
        UnlistableIssuer::WithoutTenant => {
            Flaw::invalid("needs {tenantid}, or a tenant's GUID, as a segment of its path, and a slash behind it")
        }
        UnlistableIssuer::WithoutGuid => {
            Flaw::invalid("needs the tenant's GUID as a segment of its path, and a slash behind it")
        }
    })
}

/// Whether both authorities could accept the same application token without a policy.
fn accept_same_app_tokens(one: &ResolvedAuthority, other: &ResolvedAuthority) -> bool {
    let place = |trusted: &ResolvedAuthority| match &trusted.source {
        KeySource::Document(spec @ DocumentSpec::B2c { base, .. }) if trusted.policy.app_tokens_without_policy => {
            Some((base.clone(), spec.tenant()))
        }
        _ => None,
    };
    match (place(one), place(other)) {
        (Some((base, tenant)), Some((other_base, other))) => {
            base == other_base && (tenant.is_none() || other.is_none() || tenant == other)
        }
        _ => false,
    }
}

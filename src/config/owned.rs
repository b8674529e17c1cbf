//! The rules of issuers that a configuration lists, and of those that two authorities name.

use std::sync::Arc;

use super::{key::Key, origin::Origin, plan::Rules};
use crate::{
    authority::{DocumentSpec, IssuerOwners, Kind, Listed, Source, Trusted, is_at_microsoft},
    tenant::{IssuerTemplate, MicrosoftHost, check_address},
};

impl Rules<'_> {
    /// The issuers that an authority may have beside those at its own origin.
    pub(super) fn listed(&mut self, origin: &Origin<'_>, kind: &Kind, issuers: &[String]) -> Listed {
        for issuer in issuers {
            if let Some(advice) = wrong_issuer(kind, issuer) {
                let advice = format!("{}{advice}", origin.prefix("issuers(): "));
                self.wrong(&origin.at(&[Key::Issuers], issuer), issuer, advice);
            }
        }
        issuers.iter().map(|issuer| Arc::from(issuer.as_str())).collect()
    }

    /// No two authorities may name the same issuer, and of no two may it be unclear which takes a token without a policy.
    pub(super) fn check_owners(&mut self, all: &[(Origin<'_>, Trusted)]) {
        let mut pairs: Vec<(usize, usize, String)> = Vec::new();
        for (one, other) in IssuerOwners::new(all.iter().map(|(_, trusted)| trusted)).named_twice() {
            pairs.push((one, other, "shares an issuer with {}, so its tokens would be ambiguous".into()));
        }
        for (other, (origin, trusted)) in all.iter().enumerate() {
            let same = |(_, one): &(Origin<'_>, Trusted)| one.name != trusted.name && takes_same(one, trusted);
            if let Some(one) = all[..other].iter().position(same) {
                let says = origin.says(Key::AcceptAppTokens);
                pairs.push((
                    one,
                    other,
                    format!("has {says}, as {{}} at the same address: it would be ambiguous which rules apply"),
                ));
            }
        }
        for (one, other, advice) in pairs {
            let ((first_origin, first), (origin, second)) = (&all[one], &all[other]);
            let is_told = |problem: &crate::error::ConfigProblem| {
                problem.setting() == origin.name && problem.value() == Some(&*second.name)
            };
            if !self.problems.iter().any(is_told) {
                let named = format!("{} ({})", first.name, first_origin.name);
                self.wrong(&origin.name, &second.name, advice.replacen("{}", &named, 1) + "; leave one out");
            }
        }
    }
}

/// What is wrong with an issuer that is listed for an authority of this kind.
fn wrong_issuer(kind: &Kind, issuer: &str) -> Option<String> {
    let is_served_at = |address: &str, own: MicrosoftHost| {
        let host = check_address(address).ok().and_then(|address| MicrosoftHost::of(&address.host));
        host.is_some_and(|host| host == own || matches!(host, MicrosoftHost::Login(_)))
    };
    let is_known = match kind {
        Kind::Entra(entra) => entra.instance.cloud().is_some(),
        Kind::B2c(b2c) => is_served_at(&b2c.address, MicrosoftHost::B2c),
        Kind::ExternalId(external) => is_served_at(&external.address, MicrosoftHost::ExternalId),
        Kind::OpenIdConnect(_) => false,
    };
    if is_known {
        return Some(
            "the issuers of this authority are known, or named by Microsoft's metadata; leave it out".to_owned(),
        );
    }
    let host = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or_default();
    let is_plain = !host.is_empty()
        && !host.starts_with('/')
        && issuer.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@' | b'\\' | b'*'));
    if !is_plain {
        return Some("must be exactly the token's iss, such as https://id.contoso.example".to_owned());
    }
    if is_at_microsoft(issuer) {
        let advice = "is at a Microsoft host, whose issuers belong to authorities there; name the tenant's GUID, or \
                      configure the cloud, Authority::b2c or Authority::external_id";
        return Some(advice.to_owned());
    }
    let template = IssuerTemplate::parse(issuer);
    match kind {
        Kind::OpenIdConnect(_) if issuer.contains(['{', '}']) => Some("an issuer has no placeholder here".to_owned()),
        Kind::OpenIdConnect(_) => None,
        Kind::Entra(_) if template.is_none() => {
            Some("needs {tenantid}, or a tenant's GUID, as a segment of its path, and a slash behind it".to_owned())
        }
        Kind::Entra(_) => None,
        _ if template.is_none_or(|template| template.tenant().is_none()) => {
            Some("needs the tenant's GUID as a segment of its path, and a slash behind it".to_owned())
        }
        _ => None,
    }
}

/// Whether a token of an application without a policy could be for both, which are not of one authority.
fn takes_same(one: &Trusted, other: &Trusted) -> bool {
    let place = |trusted: &Trusted| match &trusted.source {
        Source::One(spec @ DocumentSpec::B2c { base, .. }) if trusted.policy.app_tokens_without_policy => {
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

//! Authorities must not overlap: no two may accept the same token.

use std::collections::{HashMap, HashSet};

use super::{key::Key, location::Location, provenance::Provenance, rules::Rules, warning::Warning};
use crate::{
    authority::{DocumentSpec, EntraSpec, KeySource, ResolvedAuthority, Tenants},
    claims::TokenVersion,
    error::ConfigProblemKind::{Conflict, Duplicate},
    tenant::TenantId,
};

impl Rules<'_> {
    /// Refuses two authorities with one name, by which operators distinguish them.
    pub(super) fn check_names(&mut self, names: &[(Location, String)]) {
        let mut first: HashMap<&str, &Location> = HashMap::new();
        for (at, name) in names {
            if let Some(other) = first.insert(name, at) {
                self.wrong(
                    Duplicate,
                    at,
                    name,
                    format!("is the name of another authority too ({other}); give each its own"),
                );
            }
        }
    }

    /// Warns of a claim that is required of all authorities although one of them can write any value into it. With one
    /// authority, it is clear whose claim is meant.
    pub(super) fn warn_of_unstated_claims(&mut self, all: &[(Provenance<'_>, ResolvedAuthority)]) {
        let mut names: Vec<&str> = all.iter().map(|(_, trusted)| &*trusted.name).collect();
        names.dedup();
        if names.len() < 2 {
            return;
        }
        for rule in &self.config.required_claims {
            let claim = rule.value.claim_name();
            let mut unsure: Vec<&str> = all
                .iter()
                .filter(|(_, trusted)| !trusted.directory.claim(claim))
                .map(|(_, trusted)| &*trusted.name)
                .collect();
            unsure.dedup();
            if !unsure.is_empty() {
                let text = format!(
                    "{}: the claim {claim} is read from the token, and {} can write any value into it; give each authority \
                     its own RequiredClaims",
                    rule.name,
                    unsure.join(", ")
                );
                self.warnings.push(Warning::new(rule.name.as_str(), text));
            }
        }
    }

    /// Refuses two authorities that accept the same token, since it would be ambiguous which rules apply.
    pub(super) fn check_overlap(&mut self, all: &[(Provenance<'_>, ResolvedAuthority)]) {
        let mut claims: HashMap<String, Vec<(usize, AcceptedTenants)>> = HashMap::new();
        for (at, (_, trusted)) in all.iter().enumerate() {
            for form in forms(trusted) {
                let claimed = claims.entry(form).or_default();
                claimed.push((at, AcceptedTenants::of(trusted)));
            }
        }
        let mut reported = HashSet::new();
        let mut pairs: Vec<(usize, usize)> = claims.values().flat_map(|claimed| overlaps(claimed)).collect();
        pairs.sort_unstable();
        for (one, other) in pairs.into_iter().filter(|pair| reported.insert(*pair)) {
            let ((first_provenance, first), (provenance, second)) = (&all[one], &all[other]);
            let advice = format!(
                "accepts tokens that {} ({}) accepts too, so that it would be ambiguous which rules apply; leave one out, or \
                 separate them by {}",
                first.name,
                first_provenance.name,
                provenance.setting_name(Key::Version)
            );
            self.wrong_authority(Conflict, provenance, &second.name, advice);
        }
    }
}

/// The tenants that an authority accepts of one form of issuers.
enum AcceptedTenants {
    /// Every tenant.
    Whole,
    /// Every tenant except that of personal accounts.
    Organizations,
    Listed(Tenants),
}

impl AcceptedTenants {
    fn of(trusted: &ResolvedAuthority) -> Self {
        match &trusted.source {
            KeySource::Entra(EntraSpec { tenants: Tenants::AnyOrganization, .. }) => Self::Organizations,
            KeySource::Entra(EntraSpec { tenants: Tenants::AnyAccount, .. }) | KeySource::Document(_) => Self::Whole,
            KeySource::Entra(EntraSpec { tenants, .. }) => Self::Listed(tenants.clone()),
        }
    }

    /// The tenants that are accepted by GUID or domain.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Listed(tenants) => {
                let domains = match tenants {
                    Tenants::Domain(domain) => std::slice::from_ref(domain),
                    Tenants::List { domains, .. } => domains,
                    _ => &[],
                };
                tenants.ids().map(|id| id.to_string()).chain(domains.iter().cloned()).collect()
            }
            Self::Whole | Self::Organizations => Vec::new(),
        }
    }

    /// Whether it accepts none of the `listed` tenants.
    fn accepts_none_of(&self, listed: &Self) -> bool {
        match (self, listed) {
            (Self::Organizations, Self::Listed(tenants)) => {
                tenants.ids().all(|id| id == TenantId::PERSONAL_ACCOUNTS)
                    && listed.names().len() == tenants.ids().count()
            }
            _ => false,
        }
    }
}

/// The pairs of authorities that accept the same tenants of one form of issuers.
fn overlaps(claimed: &[(usize, AcceptedTenants)]) -> Vec<(usize, usize)> {
    /// More than are reported: n authorities can have n² pairs.
    const MOST_PAIRS: usize = 1_000;
    let mut pairs = Vec::new();
    let mut named: HashMap<String, usize> = HashMap::new();
    let is_open = |claim: &AcceptedTenants| !matches!(claim, AcceptedTenants::Listed(_));
    let open: Vec<&(usize, AcceptedTenants)> = claimed.iter().filter(|(_, claim)| is_open(claim)).collect();
    for (at, claim) in claimed {
        if pairs.len() > MOST_PAIRS {
            break;
        }
        for name in claim.names() {
            if let Some(other) = named.insert(name, *at)
                && other != *at
            {
                pairs.push((other.min(*at), other.max(*at)));
            }
        }
        for (other, whole) in open.iter().filter(|(other, _)| other != at) {
            if (is_open(claim) && other < at) || (!is_open(claim) && !whole.accepts_none_of(claim)) {
                pairs.push((*other.min(at), *other.max(at)));
            }
        }
    }
    pairs
}

/// The forms of issuers that an authority accepts. If they are not known yet, the URL of its metadata.
fn forms(trusted: &ResolvedAuthority) -> Vec<String> {
    let spec = trusted.source.main_document();
    let known: Vec<String> = spec.issuers().accepted().map(ToString::to_string).collect();
    match &spec {
        _ if !known.is_empty() => known,
        DocumentSpec::Entra { instance, version, .. } => of_versions(instance.base(), *version),
        DocumentSpec::ExternalId { version, .. } => of_versions(&spec.address().to_ascii_lowercase(), *version),
        _ => vec![spec.address().to_ascii_lowercase()],
    }
}

/// One form for each accepted version, if only the base URL is known.
fn of_versions(place: &str, only: Option<TokenVersion>) -> Vec<String> {
    let versions = [TokenVersion::V1, TokenVersion::V2].into_iter();
    versions
        .filter(|version| only.is_none_or(|only| only == *version))
        .map(|version| format!("{place} {version}"))
        .collect()
}

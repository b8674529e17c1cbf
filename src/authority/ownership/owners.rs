//! The issuers that each authority of a verifier owns or reserves, by the configuration alone.

use std::{collections::HashMap, sync::Arc};

use super::{
    forms,
    issuer_set::{IssuerSet, TenantSet},
    rule::OwnedIssuers,
};
use crate::{
    authority::{DocumentSpec, Issuers, KeySource, ResolvedAuthority},
    tenant::IssuerTemplate,
};

/// The issuers that each authority of one verifier owns or reserves. It never changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct IssuerOwners(Vec<AuthorityIssuers>);

/// Another authority that owns or reserves an issuer.
#[derive(Debug)]
pub(super) struct OtherOwner {
    pub(super) name: Arc<str>,
    /// It owns the issuer; else it reserves it.
    pub(super) is_certain: bool,
}

/// One authority.
#[derive(Debug, PartialEq, Eq)]
struct AuthorityIssuers {
    name: Arc<str>,
    family: Family,
    /// Its documents cannot add an issuer.
    has_all_issuers: bool,
    is_at_microsoft: bool,
    tenants: TenantSet,
    /// Known from the configuration.
    owned: Vec<IssuerSet>,
    /// Possible: its documents tell.
    reserved: Vec<IssuerSet>,
}

/// Authorities that share issuers, and are told apart by something else.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    /// One instance of Entra: told apart by tenants.
    Instance(String),
    /// One address of Azure AD B2C: told apart by policies.
    B2c {
        base: String,
        policy: String,
    },
    /// One address of External ID: told apart by versions.
    ExternalId(String),
    Other,
}

impl AuthorityIssuers {
    fn new(authority: &ResolvedAuthority) -> Self {
        let spec = authority.source.main_document();
        let tenants = match &authority.source {
            KeySource::Entra(entra) => TenantSet::of(&entra.tenants),
            KeySource::Document(spec) => TenantSet::one(spec.tenant()),
        };
        let is_at_microsoft = spec.is_at_microsoft();
        let mut owned: Vec<IssuerSet> =
            spec.listed().iter().map(|issuer| IssuerSet::of_text(issuer, &tenants)).collect();
        let mut reserved = Vec::new();
        let owns = spec.issuer_rule().owns;
        let usual = usual_issuers(&spec, &tenants);
        match owns {
            OwnedIssuers::All => owned.extend(usual),
            OwnedIssuers::UsualByTenant if spec.tenant().is_some() => owned.extend(usual),
            OwnedIssuers::UsualByTenant | OwnedIssuers::UsualReserved => reserved.extend(usual),
        }
        Self {
            name: Arc::clone(&authority.name),
            family: Family::of(&spec),
            has_all_issuers: owns == OwnedIssuers::All,
            is_at_microsoft,
            tenants,
            owned,
            reserved,
        }
    }

    fn is_openid(&self) -> bool {
        self.has_all_issuers && self.family == Family::Other
    }

    /// Whether both have the same issuers by right.
    fn shares_with(&self, other: &Self) -> bool {
        match (&self.family, &other.family) {
            (Family::Instance(one), Family::Instance(other)) => one == other,
            (Family::B2c { base, policy }, Family::B2c { base: other_base, policy: other_policy }) => {
                base == other_base && policy != other_policy
            }
            _ => false,
        }
    }

    /// Whether both are of one kind at one address, where neither can reserve issuers against the other.
    fn has_same_address(&self, other: &Self) -> bool {
        match (&self.family, &other.family) {
            (Family::ExternalId(one), Family::ExternalId(other)) => one == other,
            (Family::B2c { base, .. }, Family::B2c { base: other, .. }) => base == other,
            _ => false,
        }
    }

    /// Whether it owns (`Some(true)`) or reserves (`Some(false)`) an issuer that the documents of `naming` name. `is_accepted`
    /// says whether `naming` accepts tokens of that issuer.
    fn claims_against(&self, naming: &Self, issuer: &IssuerSet, is_accepted: bool) -> Option<bool> {
        // What metadata at a Microsoft host names is its own, whatever follows from a GUID at a custom domain.
        if naming.shares_with(self) || (naming.is_at_microsoft && !self.is_at_microsoft) {
            return None;
        }
        let has_same_address = naming.has_same_address(self);
        if (is_accepted || !has_same_address) && self.owned.iter().any(|owned| owned.overlaps(issuer)) {
            return Some(true);
        }
        // A configured GUID may be wrong: what follows from it does not take an issuer from metadata at a Microsoft host.
        let is_owned_by_naming = !self.is_at_microsoft && naming.owned.iter().any(|owned| owned.covers(issuer));
        let can_reserve = !has_same_address && !is_owned_by_naming && !naming.is_at_microsoft;
        (can_reserve && self.reserved.iter().any(|reserved| reserved.overlaps(issuer))).then_some(false)
    }
}

impl Family {
    fn of(spec: &DocumentSpec) -> Self {
        match spec {
            DocumentSpec::Entra { instance, .. } => Self::Instance(instance.base().to_owned()),
            DocumentSpec::B2c { base, policy, .. } => {
                Self::B2c { base: base.clone(), policy: policy.to_ascii_lowercase() }
            }
            DocumentSpec::ExternalId { base, .. } => Self::ExternalId(base.clone()),
            DocumentSpec::OpenIdConnect { .. } | DocumentSpec::Static { .. } => Self::Other,
        }
    }
}

/// The issuers that tokens of an authority usually have (`docs/entra.md`, "Issuers"), of the accepted versions. Other issuers at its origin belong to the
/// authority that is configured with them.
fn usual_issuers(spec: &DocumentSpec, tenants: &TenantSet) -> Vec<IssuerSet> {
    let set = |template: IssuerTemplate| IssuerSet::of_template(&template, tenants);
    match spec {
        DocumentSpec::Entra { instance, version, .. } if instance.cloud().is_none() => {
            forms::of_versions(instance.base(), *version).map(set).collect()
        }
        DocumentSpec::B2c { base, policy, .. } => {
            let with_policy = [true, false].map(|has_slash| forms::b2c_with_policy(base, policy, has_slash));
            with_policy.into_iter().chain([forms::b2c(base)]).map(set).collect()
        }
        DocumentSpec::ExternalId { base, version, .. } => {
            let mut issuers: Vec<IssuerSet> = forms::of_versions(base, *version).map(set).collect();
            match spec.tenant() {
                Some(tenant) => {
                    issuers.extend(forms::of_versions(&forms::external_id_base(tenant), *version).map(set));
                }
                None if spec.is_at_microsoft() => issuers.push(IssuerSet::AnyExternalId),
                None => {}
            }
            issuers
        }
        // Known from the configuration. Of an OpenID Connect issuer also the other spelling, with or without a slash at its
        // end: metadata chooses one of the two, and no other authority may have the other.
        DocumentSpec::Entra { .. } | DocumentSpec::OpenIdConnect { .. } | DocumentSpec::Static { .. } => {
            spec.issuers().accepted().map(|issuer| IssuerSet::of_form(&issuer.form, tenants)).collect()
        }
    }
}

impl IssuerOwners {
    pub(crate) fn new<'a>(authorities: impl IntoIterator<Item = &'a ResolvedAuthority>) -> Self {
        Self(authorities.into_iter().map(AuthorityIssuers::new).collect())
    }

    /// The name of an authority.
    pub(super) fn name(&self, authority: usize) -> &str {
        self.0.get(authority).map_or("", |authority| &authority.name)
    }

    /// The first authority other than `authority` that owns or reserves `issuer`.
    pub(super) fn owner_of(&self, authority: usize, issuer: &str) -> Option<Arc<str>> {
        let set = IssuerSet::of_text(issuer, &TenantSet::Any);
        let has = |authority: &&AuthorityIssuers| {
            authority.owned.iter().chain(&authority.reserved).any(|own| own.overlaps(&set))
        };
        self.others(authority).find(has).map(|authority| Arc::clone(&authority.name))
    }

    /// The first other authority that owns or reserves one of `issuers`, which the documents of `authority` name.
    pub(super) fn other_owner(&self, authority: usize, issuers: &Issuers) -> Option<OtherOwner> {
        let naming = self.0.get(authority).filter(|naming| !naming.has_all_issuers)?;
        issuers.iter().find_map(|issuer| {
            let set = IssuerSet::of_form(&issuer.form, &naming.tenants);
            self.others(authority).find_map(|other| {
                let is_certain = other.claims_against(naming, &set, issuer.accepted)?;
                Some(OtherOwner { name: Arc::clone(&other.name), is_certain })
            })
        })
    }

    fn others(&self, authority: usize) -> impl Iterator<Item = &AuthorityIssuers> {
        self.0.iter().enumerate().filter(move |(number, _)| *number != authority).map(|(_, authority)| authority)
    }

    /// Pairs of authorities whose configurations name the same issuer. Two OpenID Connect issuers are not among them: those
    /// may differ in letter case alone.
    pub(crate) fn pairs_with_same_issuer(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, authority) in self.0.iter().enumerate() {
            for set in &authority.owned {
                if let IssuerSet::Exact(issuer) = set {
                    exact.entry(issuer).or_default().push(at);
                }
            }
        }
        let mut add = |one: usize, other: usize| {
            let (first, second) = (&self.0[one.min(other)], &self.0[one.max(other)]);
            if one != other && !first.shares_with(second) && !(first.is_openid() && second.is_openid()) {
                pairs.push((one.min(other), one.max(other)));
            }
        };
        for owners in exact.values() {
            for (at, one) in owners.iter().enumerate() {
                owners[..at].iter().for_each(|other| add(*one, *other));
            }
        }
        // Those with a place for a tenant are few: clouds are told apart by their tenants elsewhere.
        let is_template = |set: &&IssuerSet| matches!(set, IssuerSet::Template { .. });
        for (at, authority) in self.0.iter().enumerate().filter(|(_, authority)| !authority.has_all_issuers) {
            for template in authority.owned.iter().filter(is_template) {
                let overlaps = |other: &AuthorityIssuers| other.owned.iter().any(|owned| owned.overlaps(template));
                self.0.iter().enumerate().filter(|(_, other)| overlaps(other)).for_each(|(other, _)| add(at, other));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

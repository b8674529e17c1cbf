//! Which issuers each authority of a verifier owns or could own, by the configuration alone.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{DocumentSpec, IssuerForm, Issuers, KeySource, ResolvedAuthority, Tenants};
use crate::{
    claims::TokenVersion,
    tenant::{IssuerTemplate, MicrosoftHost, TenantId},
};

/// The issuers that each authority of one verifier owns, by the configuration. It never changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct IssuerOwners(Vec<Owner>);

/// An authority that has an issuer, or could have it.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) owner: Arc<str>,
    /// By the configuration; else only its documents could tell.
    pub(super) is_known: bool,
}

/// What one authority owns, or could own.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    name: Arc<str>,
    family: Family,
    /// Its documents cannot add an issuer, or are Microsoft's.
    is_fixed: bool,
    is_at_microsoft: bool,
    tenants: TenantSet,
    /// Exactly known by the configuration.
    named: Vec<Claim>,
    /// Known only from its documents: until they are loaded, no other authority may have them either.
    reserved: Vec<Claim>,
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

/// One issuer, or those of one form, in lower case: two spellings of one address are taken for the same.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Exact(String),
    Template {
        prefix: String,
        suffix: String,
        tenants: TenantSet,
    },
    /// Of any tenant of External ID.
    AnyExternalId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TenantSet {
    Any,
    /// Shared by the claims of one authority: a list may be long.
    These(Arc<HashSet<TenantId>>),
}

impl TenantSet {
    /// Domains may turn out to be any tenant.
    fn of(tenants: &Tenants) -> Self {
        let has_domains = matches!(tenants, Tenants::List { domains, .. } if !domains.is_empty());
        // A domain alone has no id.
        let ids: HashSet<TenantId> = tenants.ids().collect();
        if has_domains || ids.is_empty() { Self::Any } else { Self::These(Arc::new(ids)) }
    }

    fn one(tenant: Option<TenantId>) -> Self {
        tenant.map_or(Self::Any, |tenant| Self::These(Arc::new(HashSet::from([tenant]))))
    }

    fn has(&self, tenant: TenantId) -> bool {
        match self {
            Self::Any => true,
            Self::These(ids) => ids.contains(&tenant),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::These(ids), other) | (other, Self::These(ids)) => ids.iter().any(|id| other.has(*id)),
            (Self::Any, Self::Any) => true,
        }
    }
}

impl Claim {
    fn exact(text: &str) -> Self {
        Self::Exact(text.to_ascii_lowercase())
    }

    fn template(prefix: &str, suffix: &str, tenants: &TenantSet) -> Self {
        if let TenantSet::These(ids) = tenants
            && let (1, Some(only)) = (ids.len(), ids.iter().next())
        {
            return Self::exact(&format!("{prefix}{only}{suffix}"));
        }
        let (prefix, suffix) = (prefix.to_ascii_lowercase(), suffix.to_ascii_lowercase());
        Self::Template { prefix, suffix, tenants: tenants.clone() }
    }

    /// What a document or a configuration names; `tenants` are those of the authority.
    fn of_text(text: &str, tenants: &TenantSet) -> Self {
        match IssuerTemplate::parse(text) {
            Some(template) => Self::of_template(&template, tenants),
            None => Self::exact(text),
        }
    }

    fn of_template(template: &IssuerTemplate, tenants: &TenantSet) -> Self {
        let (prefix, suffix) = template.ends();
        match template.tenant() {
            Some(_) => Self::exact(&template.to_string()),
            None => Self::template(prefix, suffix, tenants),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        let tenant_in = |text: &str, prefix: &str, suffix: &str| {
            text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)).and_then(TenantId::from_canonical)
        };
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) => one == other,
            (Self::Exact(text), Self::Template { prefix, suffix, tenants })
            | (Self::Template { prefix, suffix, tenants }, Self::Exact(text)) => {
                tenant_in(text, prefix, suffix).is_some_and(|tenant| tenants.has(tenant))
            }
            (
                Self::Template { prefix, suffix, tenants },
                Self::Template { prefix: other_prefix, suffix: other_suffix, tenants: others },
            ) => prefix == other_prefix && suffix == other_suffix && tenants.meets(others),
            (Self::AnyExternalId, Self::Exact(text) | Self::Template { prefix: text, .. })
            | (Self::Exact(text) | Self::Template { prefix: text, .. }, Self::AnyExternalId) => {
                MicrosoftHost::external_id_tenant(text).is_some()
            }
            (Self::AnyExternalId, Self::AnyExternalId) => true,
        }
    }

    /// Whether it has every issuer of `other`.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Template { prefix, suffix, .. },
                Self::Template { prefix: other_prefix, suffix: other_suffix, .. },
            ) => prefix == other_prefix && suffix == other_suffix,
            (_, Self::Exact(_)) => self.meets(other),
            _ => false,
        }
    }
}

impl Owner {
    fn new(trusted: &ResolvedAuthority) -> Self {
        let spec = trusted.source.main_document();
        let tenants = match &trusted.source {
            KeySource::Entra(entra) => TenantSet::of(&entra.tenants),
            KeySource::Document(spec) => TenantSet::one(spec.tenant()),
        };
        let mut owner = Self {
            name: Arc::clone(&trusted.name),
            family: Family::Other,
            is_fixed: false,
            is_at_microsoft: spec.is_at_microsoft(),
            named: spec.listed().iter().map(|issuer| Claim::of_text(issuer, &tenants)).collect(),
            reserved: Vec::new(),
            tenants,
        };
        owner.add(&spec);
        owner
    }

    fn add(&mut self, spec: &DocumentSpec) {
        let tenants = &self.tenants;
        let accepts = |only: Option<TokenVersion>, version| only.is_none_or(|only| only == version);
        match spec {
            DocumentSpec::Entra { instance, version, .. } => {
                let base = instance.base();
                self.family = Family::Instance(base.to_owned());
                if instance.cloud().is_some() {
                    self.is_fixed = true;
                    let known = spec.issuers();
                    self.named.extend(known.accepted().map(|issuer| Claim::of_form(&issuer.form, tenants)));
                    return;
                }
                // The usual forms only: other issuers at its origin belong to the authority that is configured with them.
                let forms = [(TokenVersion::V2, "/v2.0"), (TokenVersion::V1, "/")];
                let forms = forms.into_iter().filter(|(of, _)| accepts(*version, *of));
                let prefix = format!("{base}/");
                self.reserved.extend(forms.map(|(_, suffix)| Claim::template(&prefix, suffix, tenants)));
            }
            DocumentSpec::B2c { base, policy, .. } => {
                self.family = Family::B2c { base: base.clone(), policy: policy.to_ascii_lowercase() };
                let plain = format!("{base}/");
                let with_policy = format!("{base}/tfp/");
                let claims = [
                    Claim::template(&plain, "/v2.0/", tenants),
                    Claim::template(&with_policy, &format!("/{policy}/v2.0/"), tenants),
                    Claim::template(&with_policy, &format!("/{policy}/v2.0"), tenants),
                ];
                if spec.tenant().is_some() { &mut self.named } else { &mut self.reserved }.extend(claims);
            }
            DocumentSpec::ExternalId { base, version, .. } => {
                self.family = Family::ExternalId(base.clone());
                let forms = [(TokenVersion::V2, "/v2.0"), (TokenVersion::V1, "/")];
                for (_, suffix) in forms.into_iter().filter(|(of, _)| accepts(*version, *of)) {
                    let own = Claim::template(&format!("{base}/"), suffix, tenants);
                    match spec.tenant() {
                        Some(tenant) => {
                            let usual = format!("https://{tenant}.ciamlogin.com/{tenant}{suffix}");
                            self.named.extend([own, Claim::exact(&usual)]);
                        }
                        None => self.reserved.push(own),
                    }
                }
                if spec.tenant().is_none() && self.is_at_microsoft {
                    self.reserved.push(Claim::AnyExternalId);
                }
            }
            DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. } => {
                self.is_fixed = true;
                self.named.push(Claim::exact(issuer));
                // Metadata chooses one of the two: nobody else may have the other.
                self.named.extend(spec.other_spelling().map(|other| Claim::exact(&other)));
            }
        }
    }

    fn is_openid(&self) -> bool {
        self.is_fixed && self.family == Family::Other
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
    fn is_at_same_place(&self, other: &Self) -> bool {
        match (&self.family, &other.family) {
            (Family::ExternalId(one), Family::ExternalId(other)) => one == other,
            (Family::B2c { base, .. }, Family::B2c { base: other, .. }) => base == other,
            _ => false,
        }
    }
}

impl Claim {
    fn of_form(form: &IssuerForm, tenants: &TenantSet) -> Self {
        match form {
            IssuerForm::Template(template) => Self::of_template(template, tenants),
            IssuerForm::Exact { text, .. } => Self::exact(text),
        }
    }
}

impl IssuerOwners {
    pub(crate) fn new<'a>(authorities: impl IntoIterator<Item = &'a ResolvedAuthority>) -> Self {
        Self(authorities.into_iter().map(Owner::new).collect())
    }

    /// The first of the other authorities that owns `issuer` or could own it.
    pub(super) fn owner_of(&self, at: usize, issuer: &str) -> Option<Arc<str>> {
        let claim = Claim::of_text(issuer, &TenantSet::Any);
        let has = |owner: &Owner| owner.named.iter().chain(&owner.reserved).any(|own| own.meets(&claim));
        let mut others = self.0.iter().enumerate().filter(|(number, _)| *number != at);
        others.find(|(_, owner)| has(owner)).map(|(_, owner)| Arc::clone(&owner.name))
    }

    /// The first of `issuers`, which the documents of the authority `at` name, that another authority owns or could own.
    pub(super) fn conflict(&self, at: usize, issuers: &Issuers) -> Option<Conflict> {
        let own = self.0.get(at).filter(|own| !own.is_fixed)?;
        for issuer in issuers.iter() {
            let claim = Claim::of_form(&issuer.form, &own.tenants);
            let is_named_here = own.named.iter().any(|named| named.covers(&claim));
            for (_, other) in self.0.iter().enumerate().filter(|(number, _)| *number != at) {
                // What metadata at a Microsoft host names is its own, whatever follows from a GUID at a custom domain.
                if own.shares_with(other) || (own.is_at_microsoft && !other.is_at_microsoft) {
                    continue;
                }
                let same_place = own.is_at_same_place(other);
                let is_owned = (issuer.accepted || !same_place) && other.named.iter().any(|named| named.meets(&claim));
                // What follows from a configured GUID does not take an issuer from metadata at a Microsoft host: the GUID
                // may be wrong.
                let is_named_before = is_named_here && !other.is_at_microsoft;
                let is_reserved = !same_place
                    && !is_named_before
                    && !own.is_at_microsoft
                    && other.reserved.iter().any(|reserved| reserved.meets(&claim));
                if is_owned || is_reserved {
                    return Some(Conflict { owner: Arc::clone(&other.name), is_known: is_owned });
                }
            }
        }
        None
    }

    /// The name of an authority.
    pub(super) fn name(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |owner| &owner.name)
    }

    /// Pairs of authorities whose configurations name the same issuer. Two OpenID Connect issuers are not among them: those
    /// may differ in letter case alone.
    pub(crate) fn named_twice(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, owner) in self.0.iter().enumerate() {
            for claim in &owner.named {
                if let Claim::Exact(text) = claim {
                    exact.entry(text).or_default().push(at);
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
        let is_open = |claim: &&Claim| matches!(claim, Claim::Template { .. });
        for (at, owner) in self.0.iter().enumerate().filter(|(_, owner)| !owner.is_fixed) {
            for claim in owner.named.iter().filter(is_open) {
                for (other, theirs) in self.0.iter().enumerate() {
                    if theirs.named.iter().any(|named| named.meets(claim)) {
                        add(at, other);
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

#[cfg(test)]
mod tests;

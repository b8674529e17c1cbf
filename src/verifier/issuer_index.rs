//! Finds the authority of a token by its issuer and tenant, in a time that does not depend on the number of authorities.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use super::{configured_authority::ConfiguredAuthority, policy_name::PolicyName};
use crate::{
    authority::{ExpectedIssuer, IssuerForm, Tenants, forms},
    claims::{
        TokenVersion,
        payload::{Payload, StringClaim},
    },
    keys::{derived::Derived, revision::Revision, store::TenantMatch},
    tenant::TenantId,
};

/// The authority that a token names, which is not verified yet.
#[derive(Debug)]
pub(super) enum IssuerMatch {
    /// Issuer and tenant are accepted.
    Authority { authority: usize, version: TokenVersion, tenant: Option<TenantId> },
    /// It names no policy of Azure AD B2C, and each of these accepts it: the one that has its key applies.
    OneOf { authorities: Vec<usize>, version: TokenVersion, tenant: Option<TenantId> },
    /// A domain of these is not resolved yet, and may be the tenant.
    Unresolved { authorities: Vec<usize>, tenant: TenantId },
    /// The issuers of these are not known until their metadata is loaded.
    NotLoaded { authorities: Vec<usize> },
    /// The issuer is known, but the tenant is not accepted.
    OtherTenant { authority: usize, tenant: TenantId },
    /// The issuer is known, but the policy (`docs/entra.md`, "Azure AD B2C") is not accepted.
    OtherPolicy { authority: usize },
    /// Two authorities accept it, by what their metadata says.
    Ambiguous { authorities: [usize; 2] },
    /// No authority has the issuer.
    Unknown,
}

/// The issuers of one verifier. The index is rebuilt when metadata changes issuers or tenants.
pub(super) struct IssuerIndex {
    table: Derived<Table>,
}

/// Operators and providers control the contents of its maps; callers can only look up.
#[derive(Default)]
struct Table {
    exact: HashMap<Arc<str>, Exact, RandomState>,
    /// By the part before the tenant.
    forms: HashMap<Arc<str>, Vec<Template>, RandomState>,
    /// Those whose issuers are not known yet.
    pending: Vec<usize>,
    /// Those of Azure AD B2C, by the base of their URL.
    b2c: HashMap<Arc<str>, Vec<usize>, RandomState>,
    /// Some of the issuers, for messages.
    issuers: Arc<str>,
}

/// Which authority accepts an issuer.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Unique(usize),
    Ambiguous([usize; 2]),
}

/// The authorities that accept one issuer.
struct Exact {
    version: TokenVersion,
    tenant: Option<TenantId>,
    /// By policy, in lower case; `None` for an authority without policies.
    policies: HashMap<Option<String>, Owner, RandomState>,
}

/// The authorities that share one issuer template.
struct Template {
    suffix: Arc<str>,
    version: TokenVersion,
    listed: HashMap<TenantId, Owner, RandomState>,
    open: Option<Owner>,
    unresolved: Vec<usize>,
    /// Reported where the tenant is not accepted.
    first: usize,
}

impl IssuerIndex {
    pub(super) fn new(all: &[ConfiguredAuthority], revision: Arc<Revision>) -> Self {
        Self { table: Derived::new(revision, || issuer_version(all), || Table::new(all)) }
    }

    /// The authority of a token.
    pub(super) fn find(&self, all: &[ConfiguredAuthority], payload: &Payload) -> IssuerMatch {
        let Some(issuer) = payload.string(StringClaim::Issuer) else { return IssuerMatch::Unknown };
        self.table.get(|| issuer_version(all), || Table::new(all)).value.find(all, payload, issuer)
    }

    /// The issuers that are accepted, for messages.
    pub(super) fn accepted(&self) -> Arc<str> {
        Arc::clone(&self.table.last().value.issuers)
    }
}

fn issuer_version(all: &[ConfiguredAuthority]) -> u64 {
    all.iter().map(|configured| configured.keys.issuer_version()).sum()
}

impl Table {
    fn new(all: &[ConfiguredAuthority]) -> Self {
        const SHOWN: usize = 4;
        let mut table = Self::default();
        let mut texts = Vec::new();
        for (authority, configured) in all.iter().enumerate() {
            if let Some(base) = configured.expected_issuer.as_ref().and_then(ExpectedIssuer::b2c_base) {
                table.b2c.entry(base.into()).or_default().push(authority);
            }
            let snapshot = configured.keys.snapshot();
            if snapshot.issuers.is_empty() {
                table.pending.push(authority);
            }
            if texts.len() <= SHOWN {
                texts.extend(snapshot.issuers_text.clone().filter(|text| !texts.contains(text)));
            }
            for issuer in snapshot.issuers.accepted() {
                match &issuer.form {
                    IssuerForm::Exact { text, tenant } => {
                        table.exact(authority, configured, Arc::clone(text), issuer.version, *tenant);
                    }
                    IssuerForm::Template(form) => {
                        let (prefix, suffix) = form.ends();
                        table.template(authority, configured, (Arc::clone(prefix), Arc::clone(suffix)), issuer.version);
                    }
                }
            }
        }
        let more = if texts.len() > SHOWN { " or …" } else { "" };
        texts.truncate(SHOWN);
        table.issuers = match texts.join(" or ") {
            text if text.is_empty() => {
                all.iter().map(|configured| &**configured.name()).take(SHOWN).collect::<Vec<_>>().join(" or ").into()
            }
            text => (text + more).into(),
        };
        table
    }

    fn exact(
        &mut self,
        authority: usize,
        configured: &ConfiguredAuthority,
        issuer: Arc<str>,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) {
        let exact = self.exact.entry(issuer).or_insert_with(|| Exact { version, tenant, policies: HashMap::default() });
        Owner::claim(exact.policies.entry(configured.resolved.b2c_policy.clone()), authority);
    }

    fn template(
        &mut self,
        authority: usize,
        configured: &ConfiguredAuthority,
        form: (Arc<str>, Arc<str>),
        version: TokenVersion,
    ) {
        let (prefix, suffix) = form;
        let same = self.forms.entry(prefix).or_default();
        let at = same.iter().position(|template| template.suffix == suffix).unwrap_or(same.len());
        if at == same.len() {
            let (listed, open, unresolved) = (HashMap::default(), None, Vec::new());
            same.push(Template { suffix, version, listed, open, unresolved, first: authority });
        }
        let template = &mut same[at];
        match configured.keys.tenants() {
            Some(Tenants::AnyOrganization | Tenants::AnyAccount) => {
                template.open = Some(match template.open {
                    None => Owner::Unique(authority),
                    Some(owned) => owned.and(authority),
                });
            }
            Some(tenants) => {
                for id in tenants.ids() {
                    Owner::claim(template.listed.entry(id), authority);
                }
                let mut is_unresolved = false;
                for resolved in configured.keys.resolved_domains() {
                    match resolved {
                        Some(id) => Owner::claim(template.listed.entry(id), authority),
                        None => is_unresolved = true,
                    }
                }
                if is_unresolved {
                    template.unresolved.push(authority);
                }
            }
            None => {}
        }
    }

    fn find(&self, all: &[ConfiguredAuthority], payload: &Payload, issuer: &str) -> IssuerMatch {
        let known = match self.exact.get(issuer) {
            Some(exact) => exact.find(all, payload, issuer),
            None => match self.template_of(issuer) {
                Some((template, tenant)) => template.find(all, tenant),
                None => IssuerMatch::Unknown,
            },
        };
        // Of two authorities at one instance or B2C host, the metadata of one may be loaded, and that of the other not.
        let may_accept = |authority: usize| match known {
            IssuerMatch::Unknown | IssuerMatch::OtherPolicy { .. } | IssuerMatch::OneOf { .. } => true,
            IssuerMatch::OtherTenant { tenant, .. } => all[authority].keys.accepts(Some(tenant)) != TenantMatch::No,
            _ => false,
        };
        let may_issue = |authority: &usize| may_accept(*authority) && all[*authority].may_issue(issuer, payload);
        let not_loaded: Vec<usize> = match known {
            IssuerMatch::Authority { .. } => return known,
            _ => self.pending.iter().copied().filter(may_issue).collect(),
        };
        match known {
            // The key may belong to a policy whose metadata is not loaded yet.
            IssuerMatch::OneOf { mut authorities, version, tenant } => {
                authorities.extend(not_loaded.into_iter().filter(|&at| all[at].resolved.b2c_policy.is_some()));
                IssuerMatch::OneOf { authorities, version, tenant }
            }
            _ if !not_loaded.is_empty() => IssuerMatch::NotLoaded { authorities: not_loaded },
            IssuerMatch::Unknown => self.other_policy(all, payload, issuer).unwrap_or(IssuerMatch::Unknown),
            known => known,
        }
    }

    /// A token of Azure AD B2C with a policy that is not accepted gets one code, whether or not metadata has been loaded: its
    /// issuer has the form of those of a configured host.
    fn other_policy(&self, all: &[ConfiguredAuthority], payload: &Payload, issuer: &str) -> Option<IssuerMatch> {
        let (base, ..) = forms::b2c_parts(issuer)?;
        let mut fitting = self.b2c.get(base)?.iter().copied().filter(|at| all[*at].may_have_issuer(issuer)).peekable();
        let authority = *fitting.peek()?;
        (!fitting.any(|at| all[at].accepts_policy(payload, issuer))).then_some(IssuerMatch::OtherPolicy { authority })
    }

    /// The template of an issuer, and the tenant in it: a GUID as a path segment.
    fn template_of(&self, issuer: &str) -> Option<(&Template, TenantId)> {
        /// More than any issuer of Entra has.
        const SEGMENTS: usize = 16;
        // Not `split_origin`: the origin is not needed here, and this runs for every token.
        const HTTPS: &str = "https://";
        let mut start = if issuer.starts_with(HTTPS) { HTTPS.len() } else { issuer.find("://")? + 3 };
        for segment in issuer.as_bytes().get(start..)?.split(|&byte| byte == b'/').take(SEGMENTS) {
            let end = start + segment.len();
            if let Some(tenant) = issuer.get(start..end).and_then(TenantId::from_canonical)
                && let Some(same) = self.forms.get(&issuer[..start])
                && let Some(template) = same.iter().find(|template| *template.suffix == issuer[end..])
            {
                return Some((template, tenant));
            }
            start = end + 1;
        }
        None
    }
}

impl Owner {
    fn claim<K>(entry: std::collections::hash_map::Entry<'_, K, Self>, authority: usize) {
        entry.and_modify(|owned| *owned = owned.and(authority)).or_insert(Self::Unique(authority));
    }

    fn first(self) -> usize {
        match self {
            Self::Unique(one) | Self::Ambiguous([one, _]) => one,
        }
    }

    fn and(self, other: usize) -> Self {
        match self {
            Self::Unique(one) if one != other => Self::Ambiguous([one, other]),
            owned => owned,
        }
    }
}

impl Exact {
    fn find(&self, all: &[ConfiguredAuthority], payload: &Payload, issuer: &str) -> IssuerMatch {
        let (version, tenant) = (self.version, self.tenant);
        let of_policy = || match PolicyName::of(payload, issuer) {
            PolicyName::Claimed(policy) => self.policies.get(&Some(policy)).copied(),
            PolicyName::OfIssuer(policy) => {
                let accepts = |owned: &Owner| all[owned.first()].accepts_app_tokens_without_policy();
                self.policies.get(&Some(policy)).copied().filter(accepts)
            }
            PolicyName::None => None,
        };
        let found = match self.policies.get(&None).copied() {
            // An authority without policies accepts every policy.
            Some(Owner::Unique(all)) if self.policies.len() > 1 => {
                of_policy().map(|one| one.and(all)).or(Some(Owner::Unique(all)))
            }
            Some(all) => Some(all),
            None => of_policy(),
        };
        match (found, self.policies.values().map(|owned| owned.first()).min()) {
            (Some(Owner::Unique(authority)), _) => IssuerMatch::Authority { authority, version, tenant },
            (Some(Owner::Ambiguous(authorities)), _) => IssuerMatch::Ambiguous { authorities },
            (None, Some(first)) => match self.without_policy(all, payload, issuer) {
                authorities if authorities.is_empty() => IssuerMatch::OtherPolicy { authority: first },
                authorities => IssuerMatch::OneOf { authorities, version, tenant },
            },
            (None, None) => IssuerMatch::Unknown,
        }
    }

    /// The policies that accept a token that names none. They belong to one configured authority.
    fn without_policy(&self, all: &[ConfiguredAuthority], payload: &Payload, issuer: &str) -> Vec<usize> {
        if PolicyName::of(payload, issuer) != PolicyName::None {
            return Vec::new();
        }
        let owned = self.policies.values().filter_map(|owned| match owned {
            Owner::Unique(authority) => Some(*authority),
            Owner::Ambiguous(_) => None,
        });
        let mut authorities: Vec<usize> =
            owned.filter(|authority| all[*authority].accepts_app_tokens_without_policy()).collect();
        authorities.sort_unstable();
        authorities
    }
}

impl Template {
    fn find(&self, all: &[ConfiguredAuthority], tenant: TenantId) -> IssuerMatch {
        let accepts = |authority: usize| all[authority].keys.accepts(Some(tenant)) == TenantMatch::Yes;
        // Configurations whose tenants overlap are rejected, but domains may resolve to a tenant that is listed elsewhere.
        let owned = match (self.listed.get(&tenant).copied(), self.open) {
            (Some(listed), Some(Owner::Unique(open))) if accepts(open) => Some(listed.and(open)),
            (Some(listed), _) => Some(listed),
            (None, open) => open,
        };
        match owned {
            Some(Owner::Ambiguous(authorities)) => IssuerMatch::Ambiguous { authorities },
            Some(Owner::Unique(authority)) if accepts(authority) => {
                IssuerMatch::Authority { authority, version: self.version, tenant: Some(tenant) }
            }
            Some(Owner::Unique(authority)) => IssuerMatch::OtherTenant { authority, tenant },
            None if self.unresolved.is_empty() => IssuerMatch::OtherTenant { authority: self.first, tenant },
            None => IssuerMatch::Unresolved { authorities: self.unresolved.clone(), tenant },
        }
    }
}

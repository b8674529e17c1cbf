//! Which authority a token names, by its issuer and then its tenant. What it costs does not depend on how many there are.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use super::{
    Trust,
    b2c::{PolicyName, b2c_form},
    hint::Hint,
};
use crate::{
    authority::{Form, Tenants},
    claims::{
        TokenVersion,
        payload::{Payload, StringClaim},
    },
    keys::{epoch::Epoch, renewed::Renewed, store::Accepted},
    tenant::TenantId,
};

/// Which authority a token names, before anything of it is believed.
#[derive(Debug)]
pub(super) enum Route {
    /// Its issuer and its tenant are accepted.
    To {
        authority: usize,
        version: TokenVersion,
        tenant: Option<TenantId>,
    },
    /// It names no policy of Azure AD B2C, and each of these accepts it: the one that has its key.
    OneOf {
        authorities: Vec<usize>,
        version: TokenVersion,
        tenant: Option<TenantId>,
    },
    /// A domain of these may turn out to be its tenant.
    Unresolved {
        authorities: Vec<usize>,
        tenant: TenantId,
    },
    /// The issuers of these are not known before their first document.
    NotYet {
        authorities: Vec<usize>,
    },
    /// Its issuer is known, its tenant not accepted.
    OtherTenant {
        authority: usize,
        tenant: TenantId,
    },
    /// Its issuer is known, its policy (`docs/entra.md`, "Azure AD B2C") not accepted.
    OtherPolicy {
        authority: usize,
    },
    /// Two authorities turned out to claim it.
    Disputed {
        authorities: [usize; 2],
    },
    Nowhere,
}

/// The routes of one verifier. They are made anew when documents have said something new of issuers and tenants.
pub(super) struct Routes {
    table: Renewed<Table>,
}

/// Owners and providers choose what is in its maps; whoever sends a token only looks it up.
#[derive(Default)]
struct Table {
    exact: HashMap<Arc<str>, Exact, RandomState>,
    /// By what stands before the tenant.
    forms: HashMap<Arc<str>, Vec<Template>, RandomState>,
    /// Those whose issuers are not known yet.
    pending: Vec<usize>,
    /// Those of Azure AD B2C, by their address.
    b2c: HashMap<Arc<str>, Vec<usize>, RandomState>,
    /// The issuers that are known, a few of them, for a message.
    issuers: Arc<str>,
}

/// Who claims a token.
#[derive(Clone, Copy, Debug)]
enum Claimed {
    By(usize),
    Twice([usize; 2]),
}

/// Who accepts one issuer.
struct Exact {
    version: TokenVersion,
    tenant: Option<TenantId>,
    /// By their policy in lower case; one authority without any.
    policies: HashMap<Option<String>, Claimed, RandomState>,
}

/// Who accepts issuers of one form.
struct Template {
    suffix: Arc<str>,
    version: TokenVersion,
    listed: HashMap<TenantId, Claimed, RandomState>,
    open: Option<Claimed>,
    unresolved: Vec<usize>,
    /// To be named where the tenant is not accepted.
    first: usize,
}

impl Routes {
    pub(super) fn new(trusts: &[Trust], learnt: Arc<Epoch>) -> Self {
        Self { table: Renewed::new(learnt, || Table::new(trusts)) }
    }

    /// The route of a token.
    pub(super) fn find(&self, trusts: &[Trust], payload: &Payload) -> Route {
        let Some(issuer) = payload.string(StringClaim::Issuer) else { return Route::Nowhere };
        self.table.read(|| Table::new(trusts), |table| table.find(trusts, payload, issuer))
    }

    /// The issuers that are accepted, for a message.
    pub(super) fn issuers(&self) -> Arc<str> {
        self.table.read_last(|table| Arc::clone(&table.issuers))
    }
}

impl Table {
    fn new(trusts: &[Trust]) -> Self {
        const SHOWN: usize = 4;
        let mut table = Self::default();
        let mut texts = Vec::new();
        for (authority, trust) in trusts.iter().enumerate() {
            if let Some(base) = trust.hint.as_ref().and_then(Hint::b2c_base) {
                table.b2c.entry(base.into()).or_default().push(authority);
            }
            // Not under the snapshot's lock: `template` reads it again, and a second read by one thread hangs behind a writer.
            let snapshot = trust.keys.snapshot();
            if snapshot.issuers.is_empty() {
                table.pending.push(authority);
            }
            if texts.len() <= SHOWN {
                texts.extend(snapshot.issuers_text.clone().filter(|text| !texts.contains(text)));
            }
            for issuer in snapshot.issuers.accepted() {
                match &issuer.form {
                    Form::Exact { text, tenant } => {
                        table.exact(authority, trust, Arc::clone(text), issuer.version, *tenant);
                    }
                    Form::Template(form) => {
                        let (prefix, suffix) = form.ends();
                        table.template(authority, trust, (Arc::clone(prefix), Arc::clone(suffix)), issuer.version);
                    }
                }
            }
        }
        let more = if texts.len() > SHOWN { " or …" } else { "" };
        texts.truncate(SHOWN);
        table.issuers = match texts.join(" or ") {
            text if text.is_empty() => {
                trusts.iter().map(|trust| &*trust.name).take(SHOWN).collect::<Vec<_>>().join(" or ").into()
            }
            text => (text + more).into(),
        };
        table
    }

    fn exact(
        &mut self,
        authority: usize,
        trust: &Trust,
        issuer: Arc<str>,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) {
        let exact = self.exact.entry(issuer).or_insert_with(|| Exact { version, tenant, policies: HashMap::default() });
        Claimed::claim(exact.policies.entry(trust.b2c_policy.clone()), authority);
    }

    fn template(&mut self, authority: usize, trust: &Trust, form: (Arc<str>, Arc<str>), version: TokenVersion) {
        let (prefix, suffix) = form;
        let same = self.forms.entry(prefix).or_default();
        let at = same.iter().position(|template| template.suffix == suffix).unwrap_or(same.len());
        if at == same.len() {
            let (listed, open, unresolved) = (HashMap::default(), None, Vec::new());
            same.push(Template { suffix, version, listed, open, unresolved, first: authority });
        }
        let template = &mut same[at];
        match trust.keys.tenants() {
            Some(Tenants::AnyOrganization | Tenants::AnyAccount) => {
                template.open = Some(match template.open {
                    None => Claimed::By(authority),
                    Some(claimed) => claimed.and(authority),
                });
            }
            Some(tenants) => {
                for id in tenants.ids() {
                    Claimed::claim(template.listed.entry(id), authority);
                }
                let mut is_unresolved = false;
                for resolved in trust.keys.resolved() {
                    match resolved {
                        Some(id) => Claimed::claim(template.listed.entry(id), authority),
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

    fn find(&self, trusts: &[Trust], payload: &Payload, issuer: &str) -> Route {
        let known = match self.exact.get(issuer) {
            Some(exact) => exact.route(trusts, payload, issuer),
            None => match self.template_of(issuer) {
                Some((template, tenant)) => template.route(trusts, tenant),
                None => Route::Nowhere,
            },
        };
        // Of one instance, or of one address of B2C, one authority may be known, and another one not yet.
        let may_accept = |authority: usize| match known {
            Route::Nowhere | Route::OtherPolicy { .. } | Route::OneOf { .. } => true,
            Route::OtherTenant { tenant, .. } => trusts[authority].keys.accepts(Some(tenant)) != Accepted::No,
            _ => false,
        };
        let may_issue = |authority: &usize| may_accept(*authority) && trusts[*authority].may_issue(issuer, payload);
        let not_yet: Vec<usize> = match known {
            Route::To { .. } => return known,
            _ => self.pending.iter().copied().filter(may_issue).collect(),
        };
        match known {
            // The key may be that of a policy whose metadata has not come yet.
            Route::OneOf { mut authorities, version, tenant } => {
                authorities.extend(not_yet.into_iter().filter(|&at| trusts[at].b2c_policy.is_some()));
                Route::OneOf { authorities, version, tenant }
            }
            _ if !not_yet.is_empty() => Route::NotYet { authorities: not_yet },
            Route::Nowhere => self.other_policy(trusts, payload, issuer).unwrap_or(Route::Nowhere),
            known => known,
        }
    }

    /// A token of Azure AD B2C with a policy that is not accepted has one code, whether or not the tenant's id is known by
    /// now: its issuer has the form of those of a configured address.
    fn other_policy(&self, trusts: &[Trust], payload: &Payload, issuer: &str) -> Option<Route> {
        let (base, ..) = b2c_form(issuer)?;
        let mut fitting = self.b2c.get(base)?.iter().copied().filter(|at| trusts[*at].may_have(issuer)).peekable();
        let authority = *fitting.peek()?;
        (!fitting.any(|at| trusts[at].accepts_policy(payload, issuer))).then_some(Route::OtherPolicy { authority })
    }

    /// The form of an issuer and the tenant in it: a GUID as a segment of its path.
    fn template_of(&self, issuer: &str) -> Option<(&Template, TenantId)> {
        /// More than any issuer of Entra's has.
        const SEGMENTS: usize = 16;
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

impl Claimed {
    fn claim<K>(entry: std::collections::hash_map::Entry<'_, K, Self>, authority: usize) {
        entry.and_modify(|claimed| *claimed = claimed.and(authority)).or_insert(Self::By(authority));
    }

    fn first(self) -> usize {
        match self {
            Self::By(one) | Self::Twice([one, _]) => one,
        }
    }

    fn and(self, other: usize) -> Self {
        match self {
            Self::By(one) if one != other => Self::Twice([one, other]),
            claimed => claimed,
        }
    }
}

impl Exact {
    fn route(&self, trusts: &[Trust], payload: &Payload, issuer: &str) -> Route {
        let (version, tenant) = (self.version, self.tenant);
        let of_policy = || match PolicyName::of(payload, issuer) {
            PolicyName::Claimed(policy) => self.policies.get(&Some(policy)).copied(),
            PolicyName::OfIssuer(policy) => {
                let accepts = |claimed: &Claimed| trusts[claimed.first()].policy.app_tokens_without_policy;
                self.policies.get(&Some(policy)).copied().filter(accepts)
            }
            PolicyName::None => None,
        };
        let found = match self.policies.get(&None).copied() {
            // Whoever takes all policies takes this one too.
            Some(Claimed::By(all)) if self.policies.len() > 1 => {
                of_policy().map(|one| one.and(all)).or(Some(Claimed::By(all)))
            }
            Some(all) => Some(all),
            None => of_policy(),
        };
        match (found, self.policies.values().map(|claimed| claimed.first()).min()) {
            (Some(Claimed::By(authority)), _) => Route::To { authority, version, tenant },
            (Some(Claimed::Twice(authorities)), _) => Route::Disputed { authorities },
            (None, Some(first)) => match self.without_policy(trusts, payload, issuer) {
                authorities if authorities.is_empty() => Route::OtherPolicy { authority: first },
                authorities => Route::OneOf { authorities, version, tenant },
            },
            (None, None) => Route::Nowhere,
        }
    }

    /// Those that accept a token that names no policy at all. They are of one configured authority.
    fn without_policy(&self, trusts: &[Trust], payload: &Payload, issuer: &str) -> Vec<usize> {
        if PolicyName::of(payload, issuer) != PolicyName::None {
            return Vec::new();
        }
        let claimed = self.policies.values().filter_map(|claimed| match claimed {
            Claimed::By(authority) => Some(*authority),
            Claimed::Twice(_) => None,
        });
        let mut authorities: Vec<usize> =
            claimed.filter(|authority| trusts[*authority].policy.app_tokens_without_policy).collect();
        authorities.sort_unstable();
        authorities
    }
}

impl Template {
    fn route(&self, trusts: &[Trust], tenant: TenantId) -> Route {
        let accepts = |authority: usize| trusts[authority].keys.accepts(Some(tenant)) == Accepted::Yes;
        // Configurations whose lists overlap are refused; what documents told may overlap all the same.
        let claimed = match (self.listed.get(&tenant).copied(), self.open) {
            (Some(listed), Some(Claimed::By(open))) if accepts(open) => Some(listed.and(open)),
            (Some(listed), _) => Some(listed),
            (None, open) => open,
        };
        match claimed {
            Some(Claimed::Twice(authorities)) => Route::Disputed { authorities },
            Some(Claimed::By(authority)) if accepts(authority) => {
                Route::To { authority, version: self.version, tenant: Some(tenant) }
            }
            Some(Claimed::By(authority)) => Route::OtherTenant { authority, tenant },
            None if self.unresolved.is_empty() => Route::OtherTenant { authority: self.first, tenant },
            None => Route::Unresolved { authorities: self.unresolved.clone(), tenant },
        }
    }
}

//! Which authority a token names, by its issuer and then its tenant. What it costs does not depend on how many there are.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use super::Trust;
use crate::{
    authority::{Form, Tenants},
    claims::{
        TokenVersion, json,
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
    /// Its issuer is known, its policy (§1.8) not accepted.
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
    /// By their policy in lower case (§1.8); one authority without any.
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
            trust.keys.read(|snapshot| {
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
            });
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
            Some(exact) => exact.route(payload, issuer),
            None => match self.template_of(issuer) {
                Some((template, tenant)) => template.route(trusts, tenant),
                None => Route::Nowhere,
            },
        };
        if !matches!(known, Route::Nowhere | Route::OtherPolicy { .. }) {
            return known;
        }
        // Policies of one tenant of B2C have one issuer, and a document each.
        let may_issue = |authority: &usize| trusts[*authority].may_issue(issuer, payload);
        let authorities: Vec<usize> = self.pending.iter().copied().filter(may_issue).collect();
        if authorities.is_empty() { known } else { Route::NotYet { authorities } }
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

    fn and(self, other: usize) -> Self {
        match self {
            Self::By(one) if one != other => Self::Twice([one, other]),
            claimed => claimed,
        }
    }
}

impl Exact {
    fn route(&self, payload: &Payload, issuer: &str) -> Route {
        let (version, tenant) = (self.version, self.tenant);
        let of_policy = || self.policies.get(&policy_of(payload, issuer)).copied();
        let found = match self.policies.get(&None).copied() {
            // Whoever takes all policies takes this one too.
            Some(Claimed::By(all)) if self.policies.len() > 1 => {
                of_policy().map(|one| one.and(all)).or(Some(Claimed::By(all)))
            }
            Some(all) => Some(all),
            None => of_policy(),
        };
        match (found, self.policies.values().next()) {
            (Some(Claimed::By(authority)), _) => Route::To { authority, version, tenant },
            (Some(Claimed::Twice(authorities)), _) => Route::Disputed { authorities },
            (None, Some(Claimed::By(authority) | Claimed::Twice([authority, _]))) => {
                Route::OtherPolicy { authority: *authority }
            }
            (None, None) => Route::Nowhere,
        }
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

/// The policy of a token of Azure AD B2C, in lower case: `tfp`, else `acr`, else as its issuer names it (§1.8).
pub(super) fn policy_of(payload: &Payload, issuer: &str) -> Option<String> {
    // What is no text names no policy, and nothing else in its place.
    let text = |raw| json::string(raw).unwrap_or_default().to_ascii_lowercase();
    let claim = |name| payload.raw(name).map(text);
    let of_issuer = || {
        let (_, path) = issuer.split_once("/tfp/")?;
        path.split('/').nth(1).map(str::to_ascii_lowercase)
    };
    claim("tfp").or_else(|| claim("acr")).or_else(of_issuer)
}

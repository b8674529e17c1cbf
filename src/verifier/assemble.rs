//! From a validated configuration to the state of a verifier.

use std::sync::Arc;

use super::{
    configured_authority::ConfiguredAuthority, header_cache::HeaderCache, issuer_index::IssuerIndex,
    permanent::Permanent, state::VerifierState, tenant_lookup::TenantLookups,
};
use crate::{
    authority::{ExpectedIssuer, IssuerOwners, Ownership, ResolvedAuthority, subject_space},
    cache::Cache,
    claims::authority::{AuthorityFacts, AuthorityNames},
    config::ResolvedConfig,
    error::ConfigError,
    jwt::Algorithm,
    keys::{document::RefreshContext, previous::PreviousDocuments, revoked::Revoked, store::KeyStore},
    policy::Audiences,
};

/// What the authorities of one configuration share.
struct Shared<'a> {
    permanent: &'a Permanent,
    owners: Arc<IssuerOwners>,
    names: Arc<AuthorityNames>,
    revoked: Arc<Revoked>,
}

impl VerifierState {
    /// Nothing is fetched: documents of `previous` that are still configured are taken over with their keys.
    ///
    /// # Errors
    ///
    /// If keys are to be fetched, and nothing can fetch them.
    pub(super) fn new(
        permanent: &Permanent,
        plan: ResolvedConfig,
        mut previous: PreviousDocuments,
    ) -> Result<Self, ConfigError> {
        let ResolvedConfig { authorities, keys, detailed_errors, max_token_bytes, .. } = plan;
        let mut revoked = keys.revoked;
        revoked.extend(permanent.revoked.iter().cloned());
        let shared = Shared {
            permanent,
            owners: Arc::new(IssuerOwners::new(&authorities)),
            names: Arc::new(AuthorityNames::new(authorities.iter().map(|resolved| &resolved.name))),
            revoked: Arc::new(Revoked::new(revoked, Arc::clone(&permanent.revoked_at_run_time))),
        };
        let mut algorithms: Vec<Algorithm> = Vec::new();
        let mut audiences = Audiences::default();
        let mut accepts_keys_without_id = false;
        for resolved in &authorities {
            algorithms.extend(&*resolved.algorithms);
            accepts_keys_without_id |= resolved.source.main_document().accepts_nameless_keys();
            audiences.extend(&resolved.policy.audiences);
        }
        algorithms.sort_unstable();
        algorithms.dedup();
        let numbered = authorities.into_iter().enumerate();
        let authorities = numbered.map(|(number, resolved)| shared.authority(number, resolved, &mut previous));
        let authorities: Vec<ConfiguredAuthority> = authorities.collect::<Result<_, _>>()?;
        Ok(Self {
            issuers: IssuerIndex::new(&authorities, Arc::clone(&permanent.revision)),
            authorities,
            algorithms,
            accepts_keys_without_id,
            audiences,
            lookups: TenantLookups::new(Arc::clone(&permanent.clock)),
            cache: Cache::new(permanent.cache),
            headers: HeaderCache::default(),
            clock: Arc::clone(&permanent.clock),
            counters: Arc::clone(&permanent.counters),
            revision: Arc::clone(&permanent.revision),
            checks: permanent.checks.clone(),
            max_token_bytes,
            max_wait: permanent.max_wait(),
            warm_up_timeout: permanent.settings.warm_up_timeout,
            detailed_errors,
            #[cfg(test)]
            stub: None,
        })
    }
}

impl Shared<'_> {
    fn authority(
        &self,
        number: usize,
        resolved: ResolvedAuthority,
        previous: &mut PreviousDocuments,
    ) -> Result<ConfiguredAuthority, ConfigError> {
        let context = self.refresh_context(number, &resolved)?;
        let main_document = resolved.source.main_document();
        let facts = AuthorityFacts {
            name: Arc::clone(&resolved.name),
            names: Arc::clone(&self.names),
            cloud: main_document.cloud(),
            directory: resolved.directory,
            subjects: subject_space(&resolved.source, &resolved.policy.profile),
        };
        let resolved = Arc::new(resolved);
        let (queue, revoked) = (Arc::clone(&self.permanent.queue), Arc::clone(&self.revoked));
        Ok(ConfiguredAuthority {
            facts: Arc::new(facts),
            expected_issuer: ExpectedIssuer::of(&main_document),
            keys: KeyStore::new(Arc::clone(&resolved), context, queue, revoked, previous),
            audiences: resolved.policy.audiences.to_text().into(),
            resolved,
        })
    }

    fn refresh_context(&self, number: usize, resolved: &ResolvedAuthority) -> Result<RefreshContext, ConfigError> {
        let fetch = match &resolved.ca_certificates {
            _ if !resolved.fetches() => Ok(Arc::clone(&self.permanent.no_fetch)),
            Some(pem) => self.permanent.fetch_trusting(pem),
            None => self.permanent.fetch(),
        };
        let fetch = fetch.map_err(ConfigError::from_problem)?;
        let Permanent { clock, settings, counters, revision, .. } = self.permanent;
        Ok(RefreshContext {
            fetch,
            clock: Arc::clone(clock),
            settings: Arc::clone(settings),
            counters: Arc::clone(counters),
            revision: Arc::clone(revision),
            ownership: Ownership::new(&self.owners, number),
        })
    }
}

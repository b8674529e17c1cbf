//! Replacing the configuration of a running verifier.

use std::sync::Arc;

use super::{
    permanent::Permanent,
    state::{Current, Verifier, VerifierState},
};
use crate::{
    config::{Config, ResolvedConfig},
    error::{ConfigError, ConfigProblem, ConfigProblemKind},
    keys::previous::PreviousDocuments,
    sync::{ArcSwap, Mutex, lock},
};

impl Verifier {
    pub(super) fn new(permanent: Permanent, config: &Config) -> Result<Self, ConfigError> {
        let plan = permanent.resolve(config)?;
        log_warnings(&plan);
        permanent.log_sources(config);
        let resource = plan.resource.clone();
        let state = VerifierState::new(&permanent, plan, PreviousDocuments::default())?;
        Ok(Self::from_state(state, permanent, resource))
    }

    pub(super) fn from_state(state: VerifierState, permanent: Permanent, resource: Option<String>) -> Self {
        let state = ArcSwap::from_pointee(state);
        Self(Arc::new(Current { state, permanent, resource, reloading: Mutex::default() }))
    }

    /// Replaces the configuration, for all clones of this verifier and all layers with one of them. Settings made in code, by
    /// the methods of the [builder](crate::VerifierBuilder), stay in force, as do keys, caches and checks given to it.
    ///
    /// It takes effect at once and as a whole: a request is judged by the old configuration or by the new one. Cached verdicts
    /// are dropped, also those on tenants. Keys that were fetched are kept for what is configured as before; an authority or
    /// tenant that is new starts without keys, which are fetched for its first token or by [`warm_up`](Self::warm_up). Keys
    /// revoked by [`revoke_key`](Self::revoke_key) stay
    /// revoked; those that only the old configuration revoked do not.
    ///
    /// Nothing is fetched, and nothing waits. When to call it is the application's decision: see
    /// [operations](crate::guide::operations#reloading-the-configuration).
    ///
    /// ```
    /// use tower_entra::{Config, Verifier, VerifierBuilder};
    ///
    /// # let read = || Config::from_json(r#"{"AzureAd": {
    /// #     "TenantId": "11111111-2222-3333-4444-555555555555",
    /// #     "ClientId": "66666666-7777-8888-9999-000000000000"}}"#);
    /// let verifier = VerifierBuilder::from(read()?).build()?;
    /// // Later, after the file has changed:
    /// if let Err(error) = read().and_then(|config| verifier.reload(&config)) {
    ///     eprintln!("the configuration is unchanged: {error}");
    /// }
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with every mistake; the configuration is unchanged then. `Resource` cannot be changed: clients have
    /// been told it already.
    pub fn reload(&self, config: &Config) -> Result<(), ConfigError> {
        let Current { state, permanent, resource, reloading } = &*self.0;
        // One after the other: the last to be called wins.
        let _reloading = lock(reloading);
        let plan = permanent.resolve(config)?;
        if plan.resource != *resource {
            let advice =
                "differs from the value at the start, which metadata and challenges contain; restart to change it";
            let value = plan.resource.as_deref();
            let problem = ConfigProblem::new(ConfigProblemKind::Conflict, "Resource", value, advice);
            return Err(ConfigError::from_problem(problem));
        }
        log_warnings(&plan);
        permanent.log_sources(config);
        let old = state.load_full();
        let kept = PreviousDocuments::new(old.authorities.iter().flat_map(|authority| authority.keys.documents()));
        let new = VerifierState::new(permanent, plan, kept)?;
        let authorities = new.authorities.len();
        if new.detailed_errors && !old.detailed_errors {
            log_detailed_errors();
        }
        state.store(Arc::new(new));
        tracing::info!(target: "tower_entra", event = "configuration_reloaded", authorities);
        Ok(())
    }
}

fn log_warnings(plan: &ResolvedConfig) {
    for warning in &plan.warnings {
        let setting = warning.settings();
        tracing::warn!(target: "tower_entra", event = "configuration", setting, "{warning}");
    }
}

/// A warning for an API that shows details to callers.
pub(crate) fn log_detailed_errors() {
    tracing::warn!(
        target: "tower_entra",
        event = "detailed_errors",
        "detailed errors are on: whoever is refused reads code and hint, and of a genuine token what was expected and \
         found; switch detailed_errors off outside of development",
    );
}

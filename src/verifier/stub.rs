//! A verifier with fixed verdicts for a few tokens, for the tests of the layers.

use std::{sync::Arc, time::Duration};

use super::{
    Verdict,
    header_cache::HeaderCache,
    issuer_index::IssuerIndex,
    permanent::Permanent,
    state::{Verifier, VerifierState},
    tenant_lookup::TenantLookups,
};
use crate::{
    cache::CacheSettings,
    claims::{Claims, Facts, TokenVersion, authority::AuthorityFacts, payload::Payload},
    clock::{Clock, SystemClock},
    config::ConfigSettings,
    keys::KeySettings,
    policy::Audiences,
    rejection::{Rejection, RejectionKind},
};

/// Claims with these scopes.
pub(crate) fn claims(scopes: &str) -> Claims {
    let json = format!(r#"{{"iss":"i","aud":"a","exp":17,"oid":"object","name":"Ada Lovelace","scp":"{scopes}"}}"#);
    let facts = Facts {
        authority: AuthorityFacts::of_entra("main").into(),
        tenant: None,
        version: TokenVersion::V2,
        app_only: false,
        number: 0,
        mapped: None,
    };
    Claims::new(Payload::parse(json).unwrap(), facts)
}

/// A verifier with fixed verdicts.
pub(crate) fn verifier() -> Verifier {
    Verifier::stub(|token| match token {
        "slow" => wait(Ok(claims("Files.Read"))),
        "slow-bad" => wait(Err(Rejection::new(RejectionKind::UnknownKey).with_key_id("k\n1"))),
        "never" => Verdict::Pending(Box::pin(std::future::pending())),
        other => immediate_result(other).map_or_else(Verdict::Rejected, Verdict::Accepted),
    })
}

fn immediate_result(token: &str) -> Result<Claims, Rejection> {
    match token {
        "good" => Ok(claims("Files.Read")),
        "poor" => Ok(claims("Mail.Read")),
        "expired" => {
            Err(Rejection::new(RejectionKind::Expired).verified().at_authority(&"main".into()).with_key_id("k1"))
        }
        "other-api" => {
            Err(Rejection::new(RejectionKind::WrongAudience).verified().expected("api://me").got("api://\"x\""))
        }
        "down" => Err(Rejection::new(RejectionKind::KeysUnavailable).retry_after(Duration::from_millis(1200))),
        _ => Err(Rejection::new(RejectionKind::BadSignature).expected("our key").got("eyJsecret")),
    }
}

fn wait(result: Result<Claims, Rejection>) -> Verdict {
    Verdict::Pending(Box::pin(async {
        tokio::task::yield_now().await;
        result
    }))
}

/// Replaces the verification.
pub(super) type Start = Box<dyn Fn(&str) -> Verdict + Send + Sync>;

impl Verifier {
    /// A verifier whose verdicts are those of `start`.
    pub(crate) fn stub(start: impl Fn(&str) -> Verdict + Send + Sync + 'static) -> Self {
        Self::with_start(Box::new(start), false)
    }

    fn with_start(start: Start, detailed_errors: bool) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let code = ConfigSettings::default();
        let (keys, cache) = (KeySettings::default(), CacheSettings::off());
        let permanent = Permanent::new(code, keys, cache, None, Arc::clone(&clock), Vec::new());
        let state = VerifierState {
            authorities: Vec::new(),
            issuers: IssuerIndex::new(&[], Arc::default()),
            algorithms: Vec::new(),
            accepts_keys_without_id: false,
            audiences: Audiences::default(),
            lookups: TenantLookups::new(Arc::clone(&clock)),
            headers: HeaderCache::default(),
            cache: None,
            clock,
            counters: Arc::default(),
            revision: Arc::default(),
            checks: Vec::new(),
            max_token_bytes: 16 * 1024,
            max_wait: Duration::from_secs(10),
            warm_up_timeout: Duration::ZERO,
            detailed_errors,
            stub: Some(start),
        };
        Self::from_state(state, permanent, None)
    }

    /// The same with detailed errors.
    pub(crate) fn detailed(self) -> Self {
        let current = Arc::into_inner(self.0).expect("a verifier that was just made");
        let state = Arc::into_inner(current.state.into_inner()).expect("a state that was just made");
        Self::with_start(state.stub.expect("a stub"), true)
    }
}

//! A verifier with fixed verdicts for a few tokens, for the tests of the layers.

use std::{sync::Arc, time::Duration};

use super::{
    Verdict,
    header_cache::HeaderCache,
    issuer_index::IssuerIndex,
    state::{Verifier, VerifierState},
    tenant_lookup::TenantLookups,
};
use crate::{
    claims::{Claims, Facts, TokenVersion, authority::AuthorityFacts, payload::Payload},
    clock::SystemClock,
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
        Self(Arc::new(VerifierState {
            authorities: Vec::new(),
            issuers: IssuerIndex::new(&[], Arc::default()),
            algorithms: Vec::new(),
            accepts_keys_without_id: false,
            audiences: Audiences::default(),
            lookups: TenantLookups::new(Arc::new(SystemClock::default())),
            headers: HeaderCache::default(),
            cache: None,
            clock: Arc::new(SystemClock::default()),
            counters: Arc::default(),
            revoked: Arc::default(),
            epoch: Arc::default(),
            checks: Vec::new(),
            max_token_bytes: 16 * 1024,
            max_wait: Duration::from_secs(10),
            warm_up_timeout: Duration::ZERO,
            detailed_errors: false,
            resource: None,
            stub: Some(Box::new(start)),
        }))
    }

    /// The same with detailed errors.
    pub(crate) fn detailed(self) -> Self {
        let inner = Arc::into_inner(self.0).expect("a verifier that was just made");
        Self(Arc::new(VerifierState { detailed_errors: true, ..inner }))
    }
}

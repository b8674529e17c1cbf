//! A verifier that knows a few tokens by name, for the tests of the layers.

use std::{sync::Arc, time::Duration};

use super::{Inner, Verdict, Verifier, gate::Memory, headers::Headers, route::Routes};
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

/// Knows a few tokens by name.
pub(crate) fn verifier() -> Verifier {
    Verifier::stub(|token| match token {
        "slow" => wait(Ok(claims("Files.Read"))),
        "slow-bad" => wait(Err(Rejection::new(RejectionKind::UnknownKey).with_key_id("k\n1"))),
        "never" => Verdict::Wait(Box::pin(std::future::pending())),
        other => Verdict::Ready(at_once(other)),
    })
}

fn at_once(token: &str) -> Result<Claims, Rejection> {
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

fn wait(verdict: Result<Claims, Rejection>) -> Verdict {
    Verdict::Wait(Box::pin(async {
        tokio::task::yield_now().await;
        verdict
    }))
}

/// What decides in its place.
pub(super) type Start = Box<dyn Fn(&str) -> Verdict + Send + Sync>;

impl Verifier {
    /// Decides by `start` alone.
    pub(crate) fn stub(start: impl Fn(&str) -> Verdict + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            authorities: Vec::new(),
            routes: Routes::new(&[], Arc::default()),
            algorithms: Vec::new(),
            accepts_nameless_keys: false,
            audiences: Audiences::default(),
            memory: Memory::new(Arc::new(SystemClock::default())),
            headers: Headers::default(),
            cache: None,
            clock: Arc::new(SystemClock::default()),
            counters: Arc::default(),
            revoked: Arc::default(),
            epoch: Arc::default(),
            checks: Vec::new(),
            max_token_bytes: 16 * 1024,
            patience: Duration::from_secs(10),
            warm_up_timeout: Duration::ZERO,
            detailed_errors: false,
            resource: None,
            stub: Some(Box::new(start)),
        }))
    }

    /// The same with detailed errors.
    pub(crate) fn detailed(self) -> Self {
        let inner = Arc::into_inner(self.0).expect("a verifier that was just made");
        Self(Arc::new(Inner { detailed_errors: true, ..inner }))
    }
}

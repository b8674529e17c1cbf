#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{
    issuer_index::IssuerMatch,
    permanent::Permanent,
    policy_name::PolicyName,
    recorder::{Recorder, Recording, Step},
    state::VerifierState,
};
use crate::{
    cache::CacheSettings,
    claims::payload::Payload,
    clock::SystemClock,
    config::{Config, ConfigSettings},
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest},
    keys::{KeySettings, previous::PreviousDocuments},
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

const T: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "99999999-8888-7777-6666-555555555555";

fn permanent() -> Permanent {
    let (settings, keys, cache) = (ConfigSettings::default(), KeySettings::default(), CacheSettings::default());
    Permanent::new(settings, keys, cache, None, Arc::new(SystemClock::default()), Vec::new())
}

/// A state with one authority for each of these tenants. Each is validated alone: two that overlap are not rejected.
fn state_of(tenants: [&str; 2]) -> VerifierState {
    let permanent = permanent();
    let [mut one, other] = tenants.map(|tenant| {
        let document = json!({"AzureAd": {"TenantId": tenant, "ClientId": "66666666-7777-8888-9999-000000000000"}});
        permanent.resolve(&Config::from_json(&document.to_string()).unwrap()).unwrap()
    });
    one.authorities.extend(other.authorities);
    VerifierState::new(&permanent, one, PreviousDocuments::default()).unwrap()
}

/// Configurations whose tenants overlap are rejected when a verifier is built. Were one accepted by mistake, no authority
/// would take the other's tokens.
#[test]
fn overlapping_tenants_are_ambiguous() {
    let personal = TenantId::PERSONAL_ACCOUNTS.to_string();
    for (tenants, token, expected) in [
        ([T, OTHER], T, Some(0)),
        ([T, OTHER], OTHER, Some(1)),
        ([T, T], T, None),
        (["organizations", T], OTHER, Some(0)),
        (["organizations", T], T, None),
        ([T, "organizations"], T, None),
        (["organizations", "organizations"], T, None),
        (["common", T], T, None),
        // Personal accounts are no organization's.
        (["organizations", "consumers"], &personal, Some(1)),
        (["consumers", "organizations"], &personal, Some(0)),
        (["organizations", "consumers"], T, Some(0)),
        (["common", "consumers"], &personal, None),
    ] {
        let state = state_of(tenants);
        for issuer in
            [format!("https://login.microsoftonline.com/{token}/v2.0"), format!("https://sts.windows.net/{token}/")]
        {
            let payload = Payload::parse(json!({"exp": 1, "iss": issuer}).to_string()).unwrap();
            let found = match state.issuers.find(&state.authorities, &payload) {
                IssuerMatch::Authority { authority, .. } => Some(authority),
                IssuerMatch::Ambiguous { .. } => None,
                other => panic!("{tenants:?}: {issuer}: {other:?}"),
            };
            assert_eq!(found, expected, "{tenants:?}: {issuer}");
        }
    }
}

/// A check in two parts that fails in the second one.
#[test]
fn second_part_of_a_check_fails() {
    use Step::{Algorithm, Header, KeyId};
    let rejection = |step| {
        Rejection::new(match step {
            Algorithm => RejectionKind::UnsupportedAlgorithm,
            _ => RejectionKind::MalformedToken,
        })
    };
    for (name, passed, failed, is_recorded, is_first) in [
        ("alone", &[Algorithm][..], &[][..], true, true),
        ("after a later check passed", &[Algorithm, KeyId], &[], true, true),
        ("after an earlier check failed", &[Algorithm], &[Header], true, false),
        ("after a later check failed", &[Algorithm], &[KeyId], false, false),
        ("after the first part failed", &[], &[Algorithm], true, true),
    ] {
        let mut recording = Recording::default();
        passed.iter().for_each(|step| recording.passed(*step));
        failed.iter().for_each(|step| recording.failed(*step, rejection(*step)).unwrap());
        recording.failed(Algorithm, rejection(Algorithm)).unwrap();
        assert_eq!(recording.failure(Algorithm).is_some(), is_recorded, "{name}");
        let first = recording.rejection().unwrap().kind();
        assert_eq!(first == RejectionKind::UnsupportedAlgorithm, is_first, "{name}");
        assert!(recording.has_failed(), "{name}");
    }
}

/// Clients for certificates that no authority has any more are dropped, with their connections.
#[cfg(feature = "reqwest")]
#[test]
fn clients_of_replaced_certificates_are_dropped() {
    let certificate = || -> Arc<str> {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::default().self_signed(&key).unwrap().pem().into()
    };
    let (used, unused, next) = (certificate(), certificate(), certificate());
    let permanent = permanent();
    let client = permanent.fetch_trusting(&used).unwrap();
    let dropped = Arc::downgrade(&permanent.fetch_trusting(&unused).unwrap());
    assert!(dropped.upgrade().is_some(), "until another one is needed");
    drop(permanent.fetch_trusting(&next).unwrap());
    assert!(dropped.upgrade().is_none());
    assert!(Arc::ptr_eq(&client, &permanent.fetch_trusting(&used).unwrap()), "the same as long as it is used");
}

/// A policy in a token comes before one in its issuer.
#[test]
fn policy_of_a_token() {
    let plain = format!("https://contoso.b2clogin.com/{T}/v2.0/");
    let with_policy = format!("https://contoso.b2clogin.com/tfp/{T}/B2C_1_Susi/v2.0/");
    let claimed = |policy: &str| PolicyName::Claimed(policy.to_owned());
    let susi = || PolicyName::OfIssuer("b2c_1_susi".to_owned());
    for (claims, issuer, expected) in [
        (json!({}), &plain, PolicyName::None),
        (json!({}), &with_policy, susi()),
        (json!({"tfp": "B2C_1_Edit"}), &with_policy, claimed("b2c_1_edit")),
        (json!({"acr": "B2C_1_Edit"}), &plain, claimed("b2c_1_edit")),
        (json!({"tfp": 7, "acr": "B2C_1_Edit"}), &with_policy, claimed("")),
    ] {
        let mut payload = claims.clone();
        payload["exp"] = json!(1);
        let payload = Payload::parse(payload.to_string()).unwrap();
        assert_eq!(PolicyName::of(&payload, issuer), expected, "{claims}, {issuer}");
    }
}

/// The form of an issuer is expected only where metadata decides about it.
#[test]
fn issuers_of_a_cloud_are_known() {
    assert!(state_of([T, OTHER]).authorities.iter().all(|authority| authority.expected_issuer.is_none()));
}

/// A diagnosis of a token that reaches no authority is about the only one there is.
#[test]
fn report_of_a_token_without_an_authority() {
    let mut state = state_of([T, OTHER]);
    assert!(state.report(&Recording::default()).is_none(), "one of two");
    state.authorities.truncate(1);
    assert!(state.report(&Recording::default()).is_some_and(|report| report.resolved.name.contains(T)));
    state.authorities.clear();
    assert!(state.report(&Recording::default()).is_none(), "none");
}

/// Counts requests, and answers none.
#[derive(Debug, Default)]
struct Unreachable(AtomicUsize);

impl Fetch for Unreachable {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        self.0.fetch_add(1, Ordering::SeqCst);
        let failure = FetchFailure::Connection { cause: "unreachable".to_owned() };
        Box::pin(async move { Err(FetchError::new(request.url, failure)) })
    }
}

/// What explains a rejection has no effects.
#[tokio::test]
async fn recording_of_a_rejected_token_fetches_nothing() {
    let fetch = Arc::new(Unreachable::default());
    let builder = crate::Verifier::builder().tenant(T).client_id("66666666-7777-8888-9999-000000000000");
    let verifier = builder.fetch(Arc::clone(&fetch)).build().unwrap();
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let issuer = format!("https://login.microsoftonline.com/{T}/v2.0");
    let payload = json!({ "iss": issuer, "tid": T, "exp": 4_000_000_000_u64 });
    let token = format!("{}.{}.c2ln", part(json!({ "alg": "RS256", "kid": "k" })), part(payload));
    let rejection = Rejection::new(RejectionKind::UnknownKey);
    let recording = verifier.snapshot().record_rejected(&token, &rejection);
    settle().await;
    assert!(matches!(recording.outcome(Step::Issuer), Some(Ok(()))));
    assert_eq!(fetch.0.load(Ordering::SeqCst), 0);
    assert_eq!(verifier.verify(&token).await.unwrap_err().code(), "keys_unavailable");
    assert!(fetch.0.load(Ordering::SeqCst) > 0, "a verification would fetch");
}

/// Lets tasks run that a recording may have started.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

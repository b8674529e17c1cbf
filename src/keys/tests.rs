#![allow(clippy::unwrap_used)]

mod cloud;

use std::sync::{Arc, LazyLock, OnceLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    discovery::ProviderMetadata,
    notice::Notice,
    snapshot::{Fetched, Snapshot, Update},
    *,
};
use crate::{
    authority::{Authority, DocumentSpec, Entra, Issuers},
    error::InvalidDocument,
    jwk::KeySet,
    jwt::Algorithm,
    signature::weak,
    tenant::{Instance, IssuerTemplate, TenantId},
};

const HOUR: Duration = Duration::from_secs(3600);
const RS256: &[Algorithm] = &[Algorithm::RS256];
const A: &str = "11111111-2222-3333-4444-555555555555";
const B: &str = "22222222-3333-4444-5555-666666666666";
const PUBLIC: &str = "https://login.microsoftonline.com";

fn tenant(text: &str) -> TenantId {
    text.parse().unwrap()
}

/// A key whose material depends on `seed`.
fn jwk(kid: &str, seed: u8, more: &Value) -> Value {
    static MODULI: LazyLock<Vec<OnceLock<String>>> = LazyLock::new(|| vec![OnceLock::new(); 256]);
    let modulus = MODULI[usize::from(seed)].get_or_init(|| {
        let mut modulus = vec![seed | 0x80; 256];
        modulus[255] |= 1;
        modulus[7] = seed.wrapping_mul(7);
        weak::next_without_small_factor(&mut modulus);
        URL_SAFE_NO_PAD.encode(modulus)
    });
    let mut key = json!({"kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": "AQAB"});
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

fn template() -> Value {
    json!({"issuer": format!("{PUBLIC}/{{tenantid}}/v2.0")})
}

fn fetched(issuer: &str, cloud: Option<&str>, keys: &[Value]) -> Fetched {
    let metadata = ProviderMetadata {
        issuer: issuer.into(),
        template: Some(IssuerTemplate::parse(issuer).unwrap()),
        jwks_uri: format!("{PUBLIC}/keys"),
        cloud: cloud.map(str::to_owned),
    };
    let keys = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    Fetched { v1: None, v2: Some(metadata), keys: Arc::new(keys) }
}

fn shared(keys: &[Value]) -> Fetched {
    fetched(&format!("{PUBLIC}/{{tenantid}}/v2.0"), Some("microsoftonline.com"), keys)
}

fn own(of: &str, keys: &[Value]) -> Fetched {
    fetched(&format!("{PUBLIC}/{of}/v2.0"), None, keys)
}

fn document(authority: Entra) -> Arc<DocumentSpec> {
    Arc::new(authority.spec.main_document())
}

fn shared_spec() -> Arc<DocumentSpec> {
    document(Authority::danger_any_organization())
}

fn own_spec() -> Arc<DocumentSpec> {
    document(Authority::tenant(tenant(A)))
}

fn next(before: &Snapshot, fetched: &Fetched, hours: u32, outage: bool) -> Result<Snapshot, InvalidDocument> {
    next_with_notices(before, fetched, hours, outage).0
}

fn next_with_notices(
    before: &Snapshot,
    fetched: &Fetched,
    hours: u32,
    outage: bool,
) -> (Result<Snapshot, InvalidDocument>, Vec<Notice>) {
    let settings = KeySettings::default();
    let update = Update { fetched, algorithms: RS256, settings: &settings, at: HOUR * hours, outage };
    let mut notices = Vec::new();
    let next = before.next(&update, &mut notices);
    (next, notices)
}

fn has(snapshot: &Snapshot, kid: &str, hours: u32, failing: bool) -> bool {
    snapshot.find(kid, HOUR * hours, failing, &KeySettings::default()).next().is_some()
}

/// Whether a key is authorized for each of the two tenants.
fn authorized_for(snapshot: &Snapshot, kid: &str) -> (bool, bool) {
    let key = snapshot.find(kid, snapshot.loaded_at.unwrap(), false, &KeySettings::default()).next().unwrap();
    (snapshot.check_authorized(key, Some(tenant(A))).is_ok(), snapshot.check_authorized(key, Some(tenant(B))).is_ok())
}

/// The grace period ends when it is reached, also while refreshes fail, when no more time is counted.
#[test]
fn key_that_is_missing_for_exactly_the_grace_period_is_gone() {
    let both = shared(&[jwk("a", 1, &template()), jwk("b", 2, &template())]);
    let only_b = shared(&[jwk("b", 2, &template())]);
    let mut snapshot = next(&Snapshot::empty(&shared_spec()), &both, 0, false).unwrap();
    for hours in [1, 23] {
        snapshot = next(&snapshot, &only_b, hours, false).unwrap();
        assert!(has(&snapshot, "a", hours, true), "after {hours} h");
    }
    let gone = next(&snapshot, &only_b, 24, false).unwrap();
    assert!(!has(&gone, "a", 24, true) && has(&gone, "b", 24, true));
}

#[test]
fn missing_key_stays_usable_for_the_grace_period() {
    let both = shared(&[jwk("a", 1, &template()), jwk("b", 2, &template())]);
    let one = shared(&[jwk("a", 1, &template())]);
    let mut snapshot = next(&Snapshot::empty(&shared_spec()), &both, 0, false).unwrap();
    for hours in 1..24 {
        snapshot = next(&snapshot, &one, hours, false).unwrap();
        assert!(has(&snapshot, "a", hours, false) && has(&snapshot, "b", hours, false), "after {hours} h");
    }
    let gone = next(&snapshot, &one, 24, false).unwrap();
    assert!(has(&gone, "a", 24, false) && !has(&gone, "b", 24, false));
    assert!(!has(&snapshot, "b", 24, false), "also if no document has come since");
    assert!(has(&snapshot, "b", 24, true), "but not while none can be had");
    let back = next(&snapshot, &both, 24, false).unwrap();
    let again = next(&back, &one, 47, false).unwrap();
    assert!(has(&again, "b", 47, false), "a key that came back starts anew");
}

#[test]
fn grace_period_does_not_run_during_an_outage() {
    let both = shared(&[jwk("a", 1, &template()), jwk("b", 2, &template())]);
    let one = shared(&[jwk("a", 1, &template())]);
    let first = next(&Snapshot::empty(&shared_spec()), &both, 0, false).unwrap();
    let missing = next(&first, &one, 1, false).unwrap();
    let after_outage = next(&missing, &one, 49, true).unwrap();
    assert!(has(&after_outage, "b", 49, false));
    let after_quiet = next(&missing, &one, 49, false).unwrap();
    assert!(!has(&after_quiet, "b", 49, false));
    let late = next(&first, &one, 100, false).unwrap();
    assert!(has(&late, "b", 100, false), "it was there in the last document, whenever that was");
}

#[test]
fn document_without_a_usable_key_is_rejected() {
    let first = next(&Snapshot::empty(&shared_spec()), &shared(&[jwk("a", 1, &template())]), 0, false).unwrap();
    for keys in [vec![], vec![json!({"kty": "AKP", "kid": "x"})], vec![jwk("x", 3, &json!({"e": "AQ"}))]] {
        assert!(next(&first, &shared(&keys), 1, false).is_err());
    }
}

#[test]
fn keys_are_stale_without_a_document_for_a_week() {
    let snapshot = next(&Snapshot::empty(&shared_spec()), &shared(&[jwk("a", 1, &template())]), 0, false).unwrap();
    assert!(has(&snapshot, "a", 7 * 24, true));
    assert!(!has(&snapshot, "a", 7 * 24 + 1, true));
    assert!(!snapshot.is_usable(HOUR * (7 * 24 + 1), &KeySettings::default()));
}

#[test]
fn key_of_a_shared_document_is_authorized_by_its_issuer() {
    let cloud = |issuer: &str, cloud: &str| json!({"issuer": issuer, "cloud_instance_name": cloud});
    let public = format!("{PUBLIC}/{{tenantid}}/v2.0");
    let snapshot = next(
        &Snapshot::empty(&shared_spec()),
        &shared(&[
            jwk("all", 1, &cloud(&public, "microsoftonline.com")),
            jwk("only-a", 2, &cloud(&format!("{PUBLIC}/{A}/v2.0"), "microsoftonline.com")),
            jwk("no-issuer", 3, &json!({"cloud_instance_name": "microsoftonline.com"})),
            jwk("government", 4, &cloud(&public, "microsoftonline.us")),
            jwk("no-cloud", 5, &template()),
            jwk("elsewhere", 6, &cloud("https://login.microsoftonline.us/{tenantid}/v2.0", "microsoftonline.com")),
            jwk("v1-form", 7, &cloud("https://sts.windows.net/{tenantid}/", "microsoftonline.com")),
            jwk("nonsense", 8, &cloud("x", "microsoftonline.com")),
        ]),
        0,
        false,
    )
    .unwrap();
    for (kid, expected) in [
        ("all", (true, true)),
        ("only-a", (true, false)),
        ("no-issuer", (false, false)),
        ("government", (false, false)),
        ("no-cloud", (false, false)),
        ("elsewhere", (false, false)),
        ("v1-form", (false, false)),
        ("nonsense", (false, false)),
    ] {
        assert_eq!(authorized_for(&snapshot, kid), expected, "{kid}");
    }
    let without = next(&Snapshot::empty(&shared_spec()), &shared(&[jwk("a", 1, &template())]), 0, false).unwrap();
    assert_eq!(authorized_for(&without, "a"), (true, true), "no key of the document has a cloud");
}

#[test]
fn key_of_a_tenant_document_is_authorized_for_that_tenant_alone() {
    let snapshot = next(
        &Snapshot::empty(&own_spec()),
        &own(
            A,
            &[
                jwk("plain", 1, &json!({})),
                jwk("template", 2, &template()),
                jwk("of-b", 3, &json!({"issuer": format!("{PUBLIC}/{B}/v2.0")})),
            ],
        ),
        0,
        false,
    )
    .unwrap();
    assert_eq!(authorized_for(&snapshot, "plain"), (true, false));
    assert_eq!(authorized_for(&snapshot, "template"), (true, false));
    assert_eq!(authorized_for(&snapshot, "of-b"), (false, false));
}

#[test]
fn changed_constraints_apply_for_the_grace_period() {
    let only_a = json!({"issuer": format!("{PUBLIC}/{A}/v2.0"), "cloud_instance_name": "microsoftonline.com"});
    let mut snapshot =
        next(&Snapshot::empty(&shared_spec()), &shared(&[jwk("a", 1, &only_a), jwk("k", 9, &only_a)]), 0, false)
            .unwrap();
    for (hours, later) in [(1, template()), (2, json!({})), (3, json!({"issuer": " "}))] {
        snapshot = next(&snapshot, &shared(&[jwk("a", 1, &later)]), hours, false).unwrap();
        assert_eq!(authorized_for(&snapshot, "a"), (true, false), "{later}");
    }
    let mut with_algorithm = template();
    with_algorithm["alg"] = json!("RS256");
    snapshot = next(&snapshot, &shared(&[jwk("a", 1, &with_algorithm)]), 4, false).unwrap();
    for key in snapshot.find("a", HOUR * 4, false, &KeySettings::default()) {
        assert!(snapshot.check_authorized(key, Some(tenant(B))).is_err(), "a new alg makes no new key of it");
    }
    snapshot = next(&snapshot, &shared(&[jwk("a", 1, &json!({}))]), 4, false).unwrap();
    let other = json!({"issuer": format!("{PUBLIC}/{B}/v2.0"), "cloud_instance_name": "microsoftonline.com"});
    snapshot = next(&snapshot, &shared(&[jwk("a", 1, &other)]), 4, false).unwrap();
    assert_eq!(authorized_for(&snapshot, "a"), (false, false), "both must hold, and they cannot");
    snapshot = next(&snapshot, &shared(&[jwk("new", 2, &template())]), 5, false).unwrap();
    assert_eq!(authorized_for(&snapshot, "new"), (true, true), "no key of the newest document has a cloud's name");
    assert_eq!(authorized_for(&snapshot, "a"), (false, false), "its own constraints hold also while it is missing");
}

#[test]
fn new_key_with_a_known_kid_does_not_replace_it() {
    let first = next(&Snapshot::empty(&shared_spec()), &shared(&[jwk("k", 1, &template())]), 0, false).unwrap();
    let second = next(&first, &shared(&[jwk("k", 2, &template())]), 1, false).unwrap();
    let settings = KeySettings::default();
    assert_eq!(second.find("k", HOUR, false, &settings).count(), 2);
    let third = next(&second, &shared(&[jwk("k", 2, &template())]), 26, false).unwrap();
    assert_eq!(third.find("k", HOUR * 26, false, &settings).count(), 1);
    let kept = second.find("k", HOUR, false, &settings).next().unwrap();
    let same = third.find("k", HOUR * 26, false, &settings).next().unwrap();
    assert!(Arc::ptr_eq(&kept.public, &same.public), "a key that stays is not prepared anew");
}

#[test]
fn domain_is_pinned_to_its_first_tenant() {
    let spec = document(Authority::domain("contoso.example"));
    let first = next(&Snapshot::empty(&spec), &own(A, &[jwk("a", 1, &json!({}))]), 0, false).unwrap();
    assert_eq!(first.tenant, Some(tenant(A)));
    assert!(next(&first, &own(B, &[jwk("b", 2, &json!({}))]), 1, false).is_err());
    assert!(next(&first, &own(A, &[jwk("b", 2, &json!({}))]), 1, false).is_ok());
}

#[test]
fn issuers_of_an_emulator_follow_from_its_metadata() {
    let instance = Instance::parse("http://127.0.0.1:4000").unwrap();
    let spec = document(Authority::tenant(tenant(A)).in_instance(instance));
    let empty = Snapshot::empty(&spec);
    assert_eq!(empty.issuers, Issuers::default());
    let issuer = |path: &str| format!("http://127.0.0.1:4000/{A}{path}");
    let metadata = |path: &str| ProviderMetadata {
        issuer: issuer(path).into(),
        template: IssuerTemplate::parse(&issuer(path)),
        jwks_uri: "http://127.0.0.1:4000/keys".to_owned(),
        cloud: None,
    };
    let keys = KeySet::parse(json!({"keys": [jwk("a", 1, &json!({}))]}).to_string().as_bytes()).unwrap();
    let fetched = Fetched { v1: Some(metadata("/")), v2: Some(metadata("/v2.0")), keys: Arc::new(keys) };
    let discovered = next(&empty, &fetched, 0, false).unwrap();
    let names = |snapshot: &Snapshot, path: &str| {
        let form = format!("http://127.0.0.1:4000/{{tenantid}}{path}");
        snapshot.issuers.accepted().any(|issuer| issuer.to_string() == form)
    };
    assert!(names(&discovered, "/") && names(&discovered, "/v2.0"));
    let without_v1 = next(&discovered, &Fetched { v1: None, ..fetched }, 1, false).unwrap();
    assert!(
        !names(&without_v1, "/") && names(&without_v1, "/v2.0"),
        "an instance that stops having v1 documents knows v2 tokens only"
    );
}

#[test]
fn number_of_keys_of_one_document_is_limited() {
    let many = |first: u32| -> Vec<Value> {
        (first..first + 1_200).map(|n| jwk(&n.to_string(), (n % 100) as u8, &template())).collect()
    };
    let first = next(&Snapshot::empty(&shared_spec()), &shared(&many(0)), 0, false).unwrap();
    let second = next(&first, &shared(&many(10_000)), 1, false).unwrap();
    let held = (0..20_000).filter(|n| has(&second, &n.to_string(), 1, false)).count();
    assert_eq!(held, 1_000);
}

//! `cloud_instance_name` in metadata and in keys.

use super::*;
use crate::{keys::notice::Notice, rejection::KeyMismatch};

const OURS: &str = "cloud.example";
const OTHER: &str = "other.example";

fn elsewhere() -> Arc<DocumentSpec> {
    let instance = Instance::parse("https://login.contoso.example").unwrap();
    document(Authority::danger_any_organization().in_instance(instance))
}

fn of_cloud(kid: &str, seed: u8, cloud: &str) -> Value {
    jwk(kid, seed, &json!({"issuer": format!("{PUBLIC}/{{tenantid}}/v2.0"), "cloud_instance_name": cloud}))
}

/// A document whose metadata has this cloud, with one key of each cloud.
fn with_cloud(cloud: Option<&str>) -> Fetched {
    let keys = [of_cloud("ours", 1, OURS), of_cloud("other", 2, OTHER)];
    fetched(&format!("{PUBLIC}/{{tenantid}}/v2.0"), cloud, &keys)
}

/// Whether the keys of the own cloud and of the other one are authorized.
fn authorized(snapshot: &Snapshot) -> (bool, bool) {
    (authorized_for(snapshot, "ours").0, authorized_for(snapshot, "other").0)
}

#[test]
fn cloud_name_omitted_by_metadata_applies_for_the_grace_period() {
    let first = next(&Snapshot::empty(&elsewhere()), &with_cloud(Some(OURS)), 0, false).unwrap();
    assert_eq!(authorized(&first), (true, false));
    let mut snapshot = first;
    for hours in 1..24 {
        snapshot = next(&snapshot, &with_cloud(None), hours, false).unwrap();
        assert_eq!(authorized(&snapshot), (true, false), "after {hours} h");
    }
    let again = next(&snapshot, &with_cloud(Some(OURS)), 24, false).unwrap();
    let omitted = next(&again, &with_cloud(None), 47, false).unwrap();
    assert_eq!(authorized(&omitted), (true, false), "the time starts anew");
    let without = next(&snapshot, &with_cloud(None), 24, false).unwrap();
    assert_eq!(authorized(&without), (true, true), "no cloud is named");
    let found = next(&without, &with_cloud(Some(OTHER)), 25, false).unwrap();
    assert_eq!(authorized(&found), (false, true));
}

#[test]
fn another_cloud_name_in_metadata_takes_effect_at_once() {
    let first = next(&Snapshot::empty(&elsewhere()), &with_cloud(Some(OURS)), 0, false).unwrap();
    let second = next(&first, &with_cloud(Some(OTHER)), 1, false).unwrap();
    assert_eq!(authorized(&second), (false, true));
}

#[test]
fn name_of_a_known_cloud_applies_without_metadata() {
    let keys = [of_cloud("ours", 1, "microsoftonline.com"), of_cloud("other", 2, OTHER)];
    let document = fetched(&format!("{PUBLIC}/{{tenantid}}/v2.0"), None, &keys);
    let mut snapshot = Snapshot::empty(&shared_spec());
    for hours in [0, 1, 25, 50, 75] {
        snapshot = next(&snapshot, &document, hours, false).unwrap();
        assert_eq!(authorized(&snapshot), (true, false), "after {hours} h");
    }
}

/// The notice is given if keys without a cloud exist, but not for the first document.
#[test]
fn notice_of_keys_without_a_cloud() {
    let (plain, named) = (jwk("plain", 1, &template()), of_cloud("named", 2, "microsoftonline.com"));
    let both = [plain.clone(), named.clone()];
    let other = jwk("third", 3, &template());
    for (name, before, after, expected) in [
        ("the first document", &[][..], &both[..], None),
        ("no change", &both[..1], &[plain.clone(), other][..], None),
        ("no change with a cloud", &both[..], &both[..], None),
        ("no key without", &both[1..], &both[1..], None),
        ("a cloud is named", &both[..1], &both[..], Some(("named", true, 1))),
        ("no cloud is named", &both[..], &both[..1], Some(("named", false, 1))),
    ] {
        let mut snapshot = Snapshot::empty(&shared_spec());
        if !before.is_empty() {
            snapshot = next(&snapshot, &shared(before), 0, false).unwrap();
        }
        let (_, notices) = next_with_notices(&snapshot, &shared(after), 1, false);
        let found = notices.iter().find_map(|notice| match notice {
            Notice::CloudRule { key_id, is_required, without } => Some((&**key_id, *is_required, *without)),
            _ => None,
        });
        assert_eq!(found, expected, "{name}");
    }
}

/// The notice is given only for a known key.
#[test]
fn notice_of_a_changed_key() {
    let changes = |before: &Snapshot, keys: &[Value]| {
        let (_, notices) = next_with_notices(before, &shared(keys), 1, false);
        notices.iter().filter(|notice| matches!(notice, Notice::Changed { .. })).count()
    };
    let first = next(&Snapshot::empty(&shared_spec()), &shared(&[jwk("a", 1, &template())]), 0, false).unwrap();
    assert_eq!(changes(&first, &[jwk("a", 1, &template())]), 0, "the same");
    assert_eq!(changes(&first, &[jwk("a", 1, &template()), jwk("b", 2, &template())]), 0, "a new key");
    assert_eq!(changes(&first, &[of_cloud("a", 1, "microsoftonline.com")]), 1, "a cloud is added");
}

/// Either the issuers or the clouds of a key may have changed too often.
#[test]
fn key_that_changes_too_often_is_disabled() {
    let issuers = |number: usize| json!({"issuer": format!("{PUBLIC}/{number:08}-0000-4000-8000-000000000000/v2.0")});
    let clouds = |number: usize| {
        let mut key = template();
        key["cloud_instance_name"] = json!(format!("cloud-{number}"));
        key
    };
    let members: [&dyn Fn(usize) -> Value; 2] = [&issuers, &clouds];
    for (member, of) in ["issuer", "cloud"].into_iter().zip(members) {
        let mut snapshot = Snapshot::empty(&shared_spec());
        for number in 0..6 {
            snapshot = next(&snapshot, &shared(&[jwk("a", 1, &of(number))]), 0, false).unwrap();
            let key = snapshot.find("a", Duration::ZERO, false, &KeySettings::default()).next().unwrap();
            let found = snapshot.check_authorized(key, Some(tenant(A)));
            let is_disabled = found == Err(KeyMismatch::TooManyChanges);
            // Four are kept.
            assert_eq!(is_disabled, number >= 4, "{member}, number {number}: {found:?}");
        }
    }
}

/// A key whose private half was published is removed at once.
#[test]
fn key_whose_private_half_was_published_is_removed() {
    let both = shared(&[jwk("a", 1, &template()), jwk("b", 2, &template())]);
    let first = next(&Snapshot::empty(&shared_spec()), &both, 0, false).unwrap();
    let second = next(&first, &both, 1, false).unwrap();
    let published =
        KeySet::parse(json!({"keys": [jwk("a", 1, &json!({"d": "AQAB"}))]}).to_string().as_bytes()).unwrap();
    let third = second.without_leaked(&published.leaked).unwrap();
    assert!(!has(&third, "a", 1, false) && has(&third, "b", 1, false));
    assert!(third.without_leaked(&published.leaked).is_none(), "it is known");
    assert!(next(&third, &both, 2, false).is_ok_and(|next| !has(&next, "a", 2, false)), "also if it comes back");
}

/// The limit is 1,000 keys, whether they are new or in their grace period.
#[test]
fn keys_in_their_grace_period_count_towards_the_limit() {
    let keys = |range: std::ops::Range<usize>| -> Vec<Value> {
        range.map(|number| jwk(&number.to_string(), (number % 100) as u8, &template())).collect()
    };
    for (new, old, held) in [(998, 1, 999), (999, 2, 1_000)] {
        let first = next(&Snapshot::empty(&shared_spec()), &shared(&keys(2_000..2_000 + old)), 0, false).unwrap();
        let second = next(&first, &shared(&keys(0..new)), 1, false).unwrap();
        let found = (0..2_000 + old).filter(|number| has(&second, &number.to_string(), 1, false)).count();
        assert_eq!(found, held, "{new} new and {old} old");
    }
}

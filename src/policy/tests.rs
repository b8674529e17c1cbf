#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::claims::{Claims, Facts, authority::AuthorityFacts};

const NOW: u64 = 1_800_000_000;

fn policy() -> Policy {
    let mut audiences = Audiences::default();
    audiences.insert("66666666-7777-8888-9999-000000000000");
    audiences.insert("api://contoso.example/");
    Policy {
        profile: Profile::default(),
        leeway: Duration::from_secs(60),
        audiences,
        allowed_clients: HashSet::new(),
        required_claims: Vec::new(),
        allow_without_role: false,
        accept_bound: false,
        app_tokens_without_policy: false,
    }
}

/// A delegated payload with these members put in (or, where null, taken out).
fn payload(changes: &Value) -> Box<Payload> {
    let mut claims = json!({
        "exp": NOW + 600, "nbf": NOW - 300, "aud": "66666666-7777-8888-9999-000000000000", "scp": "Files.Read",
        "oid": "o", "sub": "s", "azp": "77777777-8888-9999-0000-111111111111",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    Payload::parse(claims.to_string()).unwrap()
}

/// Every rule. The tests violate one at a time, so that the order does not matter.
fn outcome(policy: &Policy, changes: &Value) -> Result<bool, RejectionKind> {
    let (payload, version) = (payload(changes), TokenVersion::V2);
    let check = || {
        policy.check_types(&payload)?;
        policy.check_dates(&payload, Duration::from_secs(NOW))?;
        policy.check_audience(&payload)?;
        let token = policy.classify(&payload, version, false)?;
        policy.check_binding(&payload)?;
        policy.check_client(&payload, version, &token)?;
        policy.check_required_claims(&payload)?;
        Ok(token.app_only)
    };
    check().map_err(|rejection: Rejection| rejection.kind())
}

#[test]
fn dates_are_exact_to_the_second() {
    for (changes, expected) in [
        (json!({"exp": NOW - 59}), Ok(false)),
        (json!({"exp": NOW - 60}), Err(RejectionKind::Expired)),
        (json!({"exp": (NOW as f64) - 59.5}), Ok(false)),
        (json!({"exp": 0}), Err(RejectionKind::Expired)),
        (json!({"exp": 253_402_300_799_u64}), Ok(false)),
        (json!({"nbf": NOW + 60}), Ok(false)),
        (json!({"nbf": NOW + 61}), Err(RejectionKind::NotYetValid)),
        (json!({"nbf": null}), Ok(false)),
        (json!({"nbf": NOW + 61, "exp": NOW - 60}), Err(RejectionKind::Expired)),
    ] {
        assert_eq!(outcome(&policy(), &changes), expected, "{changes}");
    }
    let strict = Policy { leeway: Duration::ZERO, ..policy() };
    assert_eq!(outcome(&strict, &json!({"exp": NOW})), Err(RejectionKind::Expired));
    assert_eq!(outcome(&strict, &json!({"exp": NOW + 1, "nbf": NOW})), Ok(false));
    assert_eq!(outcome(&strict, &json!({"nbf": NOW + 1})), Err(RejectionKind::NotYetValid));
}

#[test]
fn audiences_are_exact_but_for_one_slash() {
    for (audience, holds) in [
        (json!("66666666-7777-8888-9999-000000000000"), true),
        (json!("66666666-7777-8888-9999-000000000000/"), true),
        (json!("api://contoso.example"), true),
        (json!("api://contoso.example/"), true),
        (json!(["other", "api://contoso.example"]), true),
        (json!("api://contoso.example//"), false),
        (json!("api://contoso.example/x"), false),
        (json!("API://contoso.example"), false),
        (json!("http://contoso.example"), false),
        (json!("api://contoso.exampl"), false),
        (json!(""), false),
        (json!("/"), false),
        (json!([]), false),
        (json!(["66666666-7777-8888-9999-000000000000 "]), false),
        (json!(null), false),
    ] {
        let expected = if holds { Ok(false) } else { Err(RejectionKind::WrongAudience) };
        assert_eq!(outcome(&policy(), &json!({"aud": audience})), expected, "{audience}");
    }
}

#[test]
fn kinds_of_tokens() {
    let not = Err(RejectionKind::NotAnAccessToken);
    let app = json!({"scp": null, "sub": "o", "roles": ["R"]});
    let with = |base: &Value, changes: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        all
    };
    for (changes, expected) in [
        (json!({}), Ok(false)),
        (json!({"roles": ["R"], "idtyp": "user"}), Ok(false)),
        (json!({"scp": "/"}), not),
        (json!({"scp": ""}), not),
        (json!({"scp": " "}), not),
        (json!({"scp": null}), not),
        // A user's role is no app permission.
        (json!({"scp": null, "roles": ["R"]}), not),
        (json!({"scp": null, "roles": ["R"], "idtyp": "user", "sub": "o"}), not),
        (json!({"scp": null, "roles": ["R"], "idtyp": "device", "sub": "o"}), not),
        (app.clone(), Ok(true)),
        (with(&app, json!({"sub": "s", "idtyp": "app"})), Ok(true)),
        (with(&app, json!({"scp": "/", "idtyp": "app", "sub": "s"})), Ok(true)),
        (with(&app, json!({"scp": "Files.Read", "idtyp": "app"})), Ok(true)),
        (with(&app, json!({"roles": "R"})), Ok(true)),
        (with(&app, json!({"azp": null, "appid": "a"})), Ok(true)),
        (with(&app, json!({"azp": null})), not),
        (with(&app, json!({"oid": null})), not),
        (with(&app, json!({"oid": null, "sub": null})), not),
        (with(&app, json!({"roles": []})), not),
        (with(&app, json!({"roles": [""]})), not),
        (with(&app, json!({"roles": null, "idtyp": "app"})), not),
        // Id tokens, with roles too.
        (with(&app, json!({"nonce": "n"})), not),
        (with(&app, json!({"c_hash": "n"})), not),
        (with(&app, json!({"at_hash": "n"})), not),
        (json!({"scp": null, "nonce": "n"}), not),
    ] {
        assert_eq!(outcome(&policy(), &changes), expected, "{changes}");
    }
    let by_acl = Policy { allow_without_role: true, ..policy() };
    assert_eq!(outcome(&by_acl, &with(&app, json!({"roles": null}))), Ok(true));
    assert_eq!(outcome(&by_acl, &json!({"scp": null})), not, "the marks are never waived");
    assert_eq!(outcome(&by_acl, &with(&app, json!({"roles": null, "nonce": "n"}))), not);
}

#[test]
fn bound_tokens_need_a_proof() {
    for cnf in [json!({"jkt": "x"}), json!("x"), json!([])] {
        let changes = json!({"cnf": cnf});
        assert_eq!(outcome(&policy(), &changes), Err(RejectionKind::ProofRequired));
        assert_eq!(outcome(&Policy { accept_bound: true, ..policy() }, &changes), Ok(false));
    }
}

#[test]
fn clients_and_claims() {
    let client = "77777777-8888-9999-0000-111111111111";
    let listed = Policy { allowed_clients: [client.to_owned()].into(), ..policy() };
    let refused = Err(RejectionKind::ClientNotAllowed);
    for (changes, expected) in [
        (json!({}), Ok(false)),
        (json!({"azp": null, "appid": client}), Ok(false)),
        (json!({"azp": "other", "appid": client}), refused),
        (json!({"azp": "other"}), refused),
        (json!({"azp": null}), refused),
    ] {
        assert_eq!(outcome(&listed, &changes), expected, "{changes}");
    }
    let rule = ClaimRule::any("department", ["engineering"]);
    let ruled = Policy { required_claims: vec![rule], ..policy() };
    assert_eq!(outcome(&ruled, &json!({})), Err(RejectionKind::ClaimMissing));
    assert_eq!(outcome(&ruled, &json!({"department": "sales"})), Err(RejectionKind::ClaimNotAllowed));
    assert_eq!(outcome(&ruled, &json!({"department": ["engineering"]})), Ok(false));
}

#[test]
fn requirements_by_kind_of_token() {
    let tenant: crate::TenantId = "11111111-2222-3333-4444-555555555555".parse().unwrap();
    let claims = |changes: &Value, app_only| {
        let facts = Facts {
            authority: AuthorityFacts::of_entra("a").into(),
            tenant: Some(tenant),
            version: TokenVersion::V2,
            app_only,
            number: 0,
            mapped: None,
        };
        Claims::new(payload(changes), facts)
    };
    let user = claims(&json!({"scp": "Files.Read Files.Write", "roles": ["Admin"]}), false);
    let app = claims(&json!({"scp": "/", "roles": ["Files.Read.All"]}), true);
    let odd = claims(&json!({"scp": "Files.Read", "roles": ["X"]}), true);
    let scope = || Requirement::scope("Files.Read");
    let app_permission = || Requirement::app_permission("Files.Read.All");
    let no_scope = Some(RejectionKind::InsufficientScope);
    let no_role = Some(RejectionKind::InsufficientRole);
    for (requirement, of_user, of_app) in [
        (scope(), None, no_scope),
        (Requirement::scope("files.read"), no_scope, no_scope),
        (Requirement::scope("Files"), no_scope, no_scope),
        (Requirement::scope("/"), no_scope, no_scope),
        (Requirement::scope(""), no_scope, no_scope),
        (app_permission(), no_role, None),
        (Requirement::app_permission("Admin"), no_role, no_role),
        (Requirement::user_role("Admin"), None, no_role),
        (Requirement::user_role("Files.Read.All"), no_role, no_role),
        (Requirement::any_role("Admin"), None, no_role),
        (Requirement::any_role("Files.Read.All"), no_role, None),
        (scope().or(app_permission()), None, None),
        (app_permission().or(Requirement::scope("Other")), no_scope, None),
        (Requirement::scope("Other").or(Requirement::app_permission("Other")), no_scope, no_role),
        (scope().and(Requirement::scope("Files.Write")), None, no_scope),
        (scope().and(Requirement::user_role("Other")), no_role, no_scope),
        (Requirement::tenant(tenant), None, None),
        (
            Requirement::tenant(crate::TenantId::PERSONAL_ACCOUNTS),
            Some(RejectionKind::WrongTenant),
            Some(RejectionKind::WrongTenant),
        ),
        (Requirement::client("77777777-8888-9999-0000-111111111111"), None, None),
        (Requirement::client("x"), Some(RejectionKind::ClientNotAllowed), Some(RejectionKind::ClientNotAllowed)),
        (
            Requirement::claim(ClaimRule::present("x")),
            Some(RejectionKind::ClaimMissing),
            Some(RejectionKind::ClaimMissing),
        ),
    ] {
        for (claims, expected) in [(&user, of_user), (&app, of_app)] {
            let refusal = requirement.check(claims).err();
            assert_eq!(refusal.as_ref().map(Rejection::kind), expected, "{requirement} of {claims:?}");
            assert!(refusal.is_none_or(|refusal| refusal.status() == 403 && refusal.is_verified()));
        }
    }
    assert!(scope().check(&odd).is_err(), "a scope needs a delegated token");
    let refusal = scope().or(Requirement::scope("B")).and(app_permission()).check(&app).unwrap_err();
    assert_eq!(refusal.required_scopes(), Some("Files.Read B"));
    assert_eq!(refusal.expected_value(), Some("(scope Files.Read or scope B) and app permission Files.Read.All"));
}

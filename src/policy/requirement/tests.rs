#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    claims::{Facts, TokenVersion, authority::AuthorityFacts, payload::Payload},
    rejection::RejectionKind::{self, *},
};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "77777777-8888-9999-0000-aaaaaaaaaaaa";
const GROUP: &str = "22222222-3333-4444-5555-aaaaaaaaaaaa";
const OTHER: &str = "33333333-4444-5555-6666-bbbbbbbbbbbb";

/// The claims of a user's token, or an application's, with these changes: what is null is taken out.
fn claims(changes: &Value, app_only: bool) -> Claims {
    let mut all = json!({
        "exp": 17, "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "tid": TENANT,
        "aud": "66666666-7777-8888-9999-000000000000", "azp": CLIENT, "azpacr": "1", "scp": "Files.Read", "roles": ["Admin"],
    });
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let tenant = all.get("tid").map(|_| TENANT.parse().unwrap());
    let facts = Facts {
        authority: AuthorityFacts::of_entra("a").into(),
        tenant,
        version: TokenVersion::V2,
        app_only,
        number: 0,
        mapped: None,
    };
    Claims::new(Payload::parse(all.to_string()).unwrap(), facts)
}

fn user(changes: &Value) -> Claims {
    claims(changes, false)
}

fn not(requirement: Requirement) -> Requirement {
    Requirement::not(requirement)
}

fn kind(requirement: &Requirement, claims: &Claims) -> Option<RejectionKind> {
    let refusal = requirement.check(claims).err()?;
    assert_eq!(refusal.status(), 403, "{requirement}");
    assert!(refusal.is_verified(), "{requirement}");
    assert_eq!(refusal.expected_value(), Some(&*requirement.to_string()));
    Some(refusal.kind())
}

/// What a rule says of a token, and how it and its opposite refuse.
enum Says {
    /// It holds; its opposite refuses so.
    Yes(RejectionKind),
    /// It refuses so; its opposite holds.
    No(RejectionKind),
    /// Both refuse: the rule so, its opposite so.
    Unknown(RejectionKind, RejectionKind),
}

#[test]
#[rustfmt::skip]
fn each_rule_by_its_outcomes() {
    use Says::*;
    let (in_tenant, elsewhere) = (Requirement::tenant(TENANT.parse().unwrap()), Requirement::tenant(OTHER.parse().unwrap()));
    let (group, role) = (|| Requirement::group(GROUP), || Requirement::directory_role(GROUP));
    let (client, proved) = (|| Requirement::client(CLIENT), || Requirement::confidential_client(CLIENT));
    let certified = || Requirement::client_with(CLIENT, ClientProof::Certificate);
    let context = || Requirement::auth_context("c1");
    let claim = |rule| Requirement::claim(rule);
    let in_group = |groups: Value| json!({"groups": groups});
    for (requirement, changes, app_only, says) in [
        (Requirement::scope("Files.Read"), json!({}), false, Yes(ClaimNotAllowed)),
        (Requirement::scope("Other"), json!({}), false, No(InsufficientScope)),
        (Requirement::scope("Other"), json!({"scp": null}), true, No(InsufficientScope)),
        (Requirement::scope("Files.Read"), json!({}), true, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope(""), json!({}), false, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope(" "), json!({"scp": "a  b"}), false, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope("\t"), json!({"scp": "a \t b"}), false, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope("a\tb"), json!({"scp": "a\tb"}), false, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope("a b"), json!({"scp": "a b"}), false, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope("a\u{200b}"), json!({"scp": "a\u{200b}"}), false, Unknown(InsufficientScope, ClaimNotAllowed)),
        (Requirement::scope("a"), json!({"scp": "a\u{200b} b\ta"}), false, No(InsufficientScope)),
        (Requirement::any_role(" "), json!({"roles": [" "]}), false, Unknown(InsufficientRole, ClaimNotAllowed)),
        (Requirement::any_role("\u{200b}"), json!({"roles": ["\u{200b}"]}), false, Unknown(InsufficientRole, ClaimNotAllowed)),
        (Requirement::group("\u{a0}"), json!({"groups": ["\u{a0}"]}), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (Requirement::user_role("Admin"), json!({}), false, Yes(ClaimNotAllowed)),
        (Requirement::user_role("Admin"), json!({}), true, Unknown(InsufficientRole, ClaimNotAllowed)),
        (Requirement::user_role("Admin"), json!({"roles": null}), false, No(InsufficientRole)),
        (Requirement::app_permission("Admin"), json!({}), true, Yes(ClaimNotAllowed)),
        (Requirement::app_permission("Admin"), json!({}), false, Unknown(InsufficientRole, ClaimNotAllowed)),
        (Requirement::app_permission("Other"), json!({}), true, No(InsufficientRole)),
        (Requirement::any_role("Admin"), json!({}), true, Yes(ClaimNotAllowed)),
        (Requirement::any_role("Other"), json!({}), false, No(InsufficientRole)),
        (Requirement::any_role(""), json!({"roles": [""]}), false, Unknown(InsufficientRole, ClaimNotAllowed)),

        (in_tenant.clone(), json!({}), true, Yes(WrongTenant)),
        (elsewhere, json!({}), false, No(WrongTenant)),
        (in_tenant, json!({"tid": null}), false, Unknown(WrongTenant, WrongTenant)),

        (client(), json!({}), false, Yes(ClientNotAllowed)),
        (client(), json!({"azp": CLIENT.to_uppercase(), "azpacr": "0"}), true, Yes(ClientNotAllowed)),
        (client(), json!({"azp": OTHER}), false, No(ClientNotAllowed)),
        (client(), json!({"azp": null}), false, Unknown(ClientNotAllowed, ClientNotAllowed)),
        (Requirement::client(""), json!({"azp": ""}), false, Unknown(ClientNotAllowed, ClientNotAllowed)),
        (Requirement::client("0oa2"), json!({"azp": "0OA2"}), false, No(ClientNotAllowed)),
        (
            Requirement::client("AAAAAAAA-2222-3333-4444-555555555555"),
            json!({"azp": "aaaaaaaa-2222-3333-4444-555555555555"}),
            false,
            Yes(ClientNotAllowed),
        ),
        (proved(), json!({}), false, Yes(ClientNotAllowed)),
        (proved(), json!({"azpacr": "2"}), false, Yes(ClientNotAllowed)),
        (proved(), json!({"azpacr": "0"}), false, No(ClientNotAllowed)),
        (proved(), json!({"azpacr": "3"}), false, Unknown(ClientNotAllowed, ClientNotAllowed)),
        (proved(), json!({"azpacr": null}), false, Unknown(ClientNotAllowed, ClientNotAllowed)),
        (proved(), json!({"azpacr": null, "azp": OTHER}), false, No(ClientNotAllowed)),
        (certified(), json!({"azpacr": "2"}), false, Yes(ClientNotAllowed)),
        (certified(), json!({}), false, No(ClientNotAllowed)),

        (group(), in_group(json!([OTHER, GROUP])), false, Yes(ClaimNotAllowed)),
        (group(), in_group(json!([GROUP.to_uppercase()])), true, Yes(ClaimNotAllowed)),
        (group(), in_group(json!(GROUP)), false, Yes(ClaimNotAllowed)),
        (group(), in_group(json!([OTHER])), false, No(ClaimNotAllowed)),
        (group(), in_group(json!([])), false, No(ClaimNotAllowed)),
        (group(), in_group(json!([OTHER, "Staff"])), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (group(), json!({}), false, Unknown(ClaimMissing, ClaimMissing)),
        (group(), in_group(json!(7)), false, Unknown(ClaimMissing, ClaimMissing)),
        (group(), in_group(json!([7])), false, Unknown(ClaimMissing, ClaimMissing)),
        (group(), in_group(json!("src1")), false, Unknown(GroupsOverage, GroupsOverage)),
        (group(), json!({"hasgroups": true}), false, Unknown(GroupsOverage, GroupsOverage)),
        (group(), json!({"hasgroups": "true"}), false, Unknown(GroupsOverage, GroupsOverage)),
        (group(), json!({"hasgroups": false, "groups": []}), false, No(ClaimNotAllowed)),
        (group(), json!({"_claim_names": {"groups": "src1"}}), false, Unknown(GroupsOverage, GroupsOverage)),
        (group(), json!({"_claim_names": {"groups": "src1"}, "groups": [GROUP]}), false, Unknown(GroupsOverage, GroupsOverage)),
        (group(), json!({"_claim_names": {"x": "src1"}, "groups": [GROUP]}), false, Yes(ClaimNotAllowed)),
        (group(), json!({"_claim_names": "?", "groups": []}), false, Unknown(GroupsOverage, GroupsOverage)),
        (Requirement::group("Staff"), in_group(json!(["Staff"])), false, Yes(ClaimNotAllowed)),
        (Requirement::group("Staff"), in_group(json!(["staff"])), false, No(ClaimNotAllowed)),
        (Requirement::group("Staff"), in_group(json!(["Others", GROUP])), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (Requirement::group("src"), in_group(json!("src")), false, Yes(ClaimNotAllowed)),
        (Requirement::group(""), in_group(json!([""])), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),

        (role(), json!({"wids": [GROUP.to_uppercase()]}), false, Yes(ClaimNotAllowed)),
        (role(), json!({"wids": [OTHER]}), false, No(ClaimNotAllowed)),
        (role(), json!({}), false, Unknown(ClaimMissing, ClaimMissing)),
        (role(), json!({"wids": [GROUP], "_claim_names": {"wids": "src1"}}), false, Unknown(ClaimMissing, ClaimMissing)),

        (Requirement::member(), json!({"acct": 0}), false, Yes(ClaimNotAllowed)),
        (Requirement::member(), json!({"acct": 1}), false, No(ClaimNotAllowed)),
        (Requirement::member(), json!({"acct": 2}), false, Unknown(ClaimMissing, ClaimMissing)),
        (Requirement::member(), json!({"acct": 0}), true, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (Requirement::guest(), json!({"acct": "1"}), false, Yes(ClaimNotAllowed)),
        (Requirement::guest(), json!({}), false, No(ClaimNotAllowed)),
        (Requirement::guest(), json!({"idp": 7}), false, Unknown(ClaimMissing, ClaimMissing)),
        (Requirement::guest(), json!({}), true, Unknown(ClaimNotAllowed, ClaimNotAllowed)),

        (context(), json!({"acrs": ["c1"]}), false, Yes(ClaimNotAllowed)),
        (context(), json!({"acrs": "C1"}), false, Yes(ClaimNotAllowed)),
        (context(), json!({"acrs": ["c10", "c2"]}), false, No(InsufficientClaims)),
        (context(), json!({}), false, Unknown(InsufficientClaims, InsufficientClaims)),
        (context(), json!({"acrs": ["c1"], "xms_cc": ["cp1"]}), true, Unknown(InsufficientClaims, InsufficientClaims)),
        (Requirement::auth_context("c100"), json!({"acrs": ["c100"], "xms_cc": "cp1"}), false, Unknown(InsufficientClaims, InsufficientClaims)),
        (Requirement::auth_context("c0"), json!({"acrs": ["c0"]}), false, Unknown(InsufficientClaims, InsufficientClaims)),
        (Requirement::auth_context("c01"), json!({"acrs": ["c1"]}), false, Unknown(InsufficientClaims, InsufficientClaims)),
        (Requirement::auth_context("C+1"), json!({"acrs": ["c1"]}), false, Unknown(InsufficientClaims, InsufficientClaims)),

        (claim(ClaimRule::any("x", ["a"])), json!({"x": "a"}), false, Yes(ClaimNotAllowed)),
        (claim(ClaimRule::any("x", ["a"])), json!({"x": "b"}), false, No(ClaimNotAllowed)),
        (claim(ClaimRule::any("x", ["a"])), json!({"x": {"a": 1}}), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (claim(ClaimRule::any("x", ["a"])), json!({"x": ["b", ["a"]]}), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (claim(ClaimRule::any("x", ["a"])), json!({}), false, Unknown(ClaimMissing, ClaimMissing)),
        (claim(ClaimRule::present("x")), json!({}), false, Unknown(ClaimMissing, ClaimMissing)),
        (claim(ClaimRule::present("x")), json!({"x": {}}), false, Yes(ClaimNotAllowed)),
        (claim(ClaimRule::any("x", Vec::<String>::new())), json!({"x": "a"}), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
        (claim(ClaimRule::all("x", ["a", "b"])), json!({"x": ["b", "a"]}), false, Yes(ClaimNotAllowed)),
        (claim(ClaimRule::all("x", ["a", "c"])), json!({"x": ["b", "a", {}]}), false, Unknown(ClaimNotAllowed, ClaimNotAllowed)),
    ] {
        let claims = claims(&changes, app_only);
        let found = (kind(&requirement, &claims), kind(&not(requirement.clone()), &claims));
        let expected = match says {
            Yes(opposite) => (None, Some(opposite)),
            No(refusal) => (Some(refusal), None),
            Unknown(refusal, opposite) => (Some(refusal), Some(opposite)),
        };
        assert_eq!(found, expected, "{requirement} of {}, app-only {app_only}", claims.as_json());
    }
}

/// What is met is met without a single allocation, whatever it asks about.
#[test]
fn what_is_met_allocates_nothing() {
    let mut groups: Vec<String> = (0..150).map(|number| format!("{number:08}-2222-3333-4444-555555555555")).collect();
    groups.push(GROUP.to_owned());
    let app = claims(&json!({"scp": null}), true);
    let claims = user(&json!({
        "groups": groups, "wids": [OTHER, GROUP], "acct": 0, "acrs": ["c1", "c2"],
        "idp": format!("https://sts.windows.net/{TENANT}/"), "xms_cc": ["cp1"], "dept": "a b", "list": ["x", 3, true],
        "_claim_names": {"other": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}},
    }));
    let (any, all) = (|values| ClaimRule::any("dept", values).separated_by(" "), ClaimRule::all("list", ["x", "3"]));
    let each = [
        Requirement::scope("Files.Read"),
        Requirement::user_role("Admin"),
        Requirement::any_role("Admin"),
        Requirement::tenant(TENANT.parse().unwrap()),
        Requirement::client(CLIENT.to_uppercase()),
        Requirement::confidential_client(CLIENT),
        Requirement::group(GROUP.to_uppercase()),
        Requirement::directory_role(GROUP),
        Requirement::member(),
        not(Requirement::guest()),
        Requirement::auth_context("c2"),
        Requirement::claim(ClaimRule::present("dept")),
        Requirement::claim(any(["b", "c"])),
        Requirement::claim(all),
        not(Requirement::group(OTHER)),
        not(Requirement::scope("Files.Write")),
    ];
    let apart = each.iter().cloned().reduce(|one, other| Requirement::scope("None").or(one).and(other)).unwrap();
    let together = each.iter().cloned().reduce(Requirement::and).unwrap();
    let for_apps = Requirement::app_permission("Admin");
    let cases = each.iter().chain([&apart, &together]).map(|requirement| (requirement, &claims));
    for (requirement, claims) in cases.chain([(&for_apps, &app)]) {
        let mut outcome = Ok(());
        let made = allocation_counter::measure(|| outcome = requirement.check(claims));
        assert!(outcome.is_ok(), "{requirement}: {outcome:?}");
        assert_eq!(made.count_total, 0, "{requirement}");
    }
    assert!(allocation_counter::measure(|| drop(for_apps.check(&claims))).count_total > 0, "what is made is counted");
}

#[test]
fn a_refusal_says_what_to_do() {
    for (requirement, changes, app_only, detail) in [
        (Requirement::group(GROUP), json!({}), false, "groups: add the groups claim to access tokens"),
        (
            Requirement::directory_role(GROUP),
            json!({}),
            false,
            "wids: add the groups claim with directory roles to access tokens",
        ),
        (Requirement::member(), json!({"acct": 7}), false, "acct: add this optional claim to access tokens"),
        (Requirement::member(), json!({}), true, "the token has no user"),
        (Requirement::member(), json!({"acct": 1}), false, "the user is a guest"),
        (Requirement::guest(), json!({"acct": 0}), false, "the user is a member"),
        (Requirement::group(""), json!({}), false, "the requirement has an empty name"),
        (not(Requirement::scope("")), json!({}), false, "the requirement has an empty name"),
        (Requirement::any_role("\t"), json!({}), false, "the requirement has an empty name"),
        (
            not(Requirement::scope("a b")),
            json!({}),
            false,
            "the requirement names a scope that no token can have: one word of printable ASCII is needed",
        ),
        (
            Requirement::confidential_client(CLIENT),
            json!({"azpacr": "0"}),
            false,
            "the application has not proved who it is as strongly as this operation needs",
        ),
        (
            Requirement::auth_context("1"),
            json!({}),
            false,
            "the requirement names an authentication context that is none of c1 to c99",
        ),
        (Requirement::auth_context("c1"), json!({}), true, "the token has no user who could sign in again"),
        (
            Requirement::auth_context("c1"),
            json!({}),
            false,
            "the client does not say that it understands claims challenges (cp1 in xms_cc)",
        ),
        (not(Requirement::user_role("Admin")), json!({}), false, "the token has what this operation excludes"),
        (Requirement::user_role("Admin"), json!({}), true, APPLICATIONS_ROLE),
        (Requirement::app_permission("Admin"), json!({}), false, USERS_ROLE),
        // Also where the rejection is about an alternative.
        (Requirement::scope("Other").or(Requirement::app_permission("Admin")), json!({}), false, USERS_ROLE),
        (Requirement::scope("api://orders/Files.Read"), json!({}), false, LONG_SCOPE),
    ] {
        let refusal = requirement.check(&claims(&changes, app_only)).unwrap_err();
        assert_eq!(refusal.detail_text().as_deref(), Some(detail), "{requirement}");
    }
}

const USERS_ROLE: &str = "the signed-in user has the role, and it counts here only as an application permission \
    (app_permission): any_role accepts both";
const APPLICATIONS_ROLE: &str = "the application has the role as a permission, and it counts here only for a signed-in user \
    (user_role): any_role accepts both";
const LONG_SCOPE: &str = "the requirement names a scope with the API in front of it, and tokens have the short name";

#[test]
fn a_role_that_is_missing_in_both_kinds_of_token_has_no_detail() {
    for (requirement, app_only) in [
        (Requirement::user_role("Other"), true),
        (Requirement::app_permission("Other"), false),
        (Requirement::any_role("Other"), false),
        (Requirement::scope("Other"), false),
    ] {
        let rejection = requirement.check(&claims(&json!({}), app_only)).unwrap_err();
        assert_eq!(rejection.detail_text(), None, "{requirement}");
    }
}

/// A rule of each truth, with the codes by which they refuse.
fn yes() -> Requirement {
    Requirement::tenant(TENANT.parse().unwrap())
}

fn no() -> Requirement {
    Requirement::client(OTHER)
}

fn unknown() -> Requirement {
    Requirement::claim(ClaimRule::present("absent"))
}

#[test]
fn joined_by_kleene() {
    let (wrong, missing) = (Some(ClientNotAllowed), Some(ClaimMissing));
    let claims = user(&json!({}));
    for (requirement, expected) in [
        (yes().and(yes()), None),
        (yes().and(no()), wrong),
        (yes().and(unknown()), missing),
        (unknown().and(unknown()), missing),
        // What is certain comes before what nobody can tell.
        (unknown().and(no()), wrong),
        (no().and(unknown()), wrong),
        (no().or(yes()), None),
        (unknown().or(yes()), None),
        (no().or(unknown()), wrong),
        (unknown().or(no()), missing),
        (not(yes()), Some(WrongTenant)),
        (not(no()), None),
        (not(unknown()), missing),
        (not(not(unknown())), missing),
        (not(not(yes())), None),
        (not(yes().and(no())), None),
        (not(yes().and(unknown())), Some(WrongTenant)),
        (not(no().and(unknown())), None),
        (not(no().or(no())), None),
        (not(no().or(unknown())), missing),
        (not(no().or(yes())), Some(WrongTenant)),
        (not(unknown().or(yes())), Some(WrongTenant)),
        ((unknown().or(yes())).and(not(no())), None),
    ] {
        assert_eq!(kind(&requirement, &claims), expected, "{requirement}");
    }
}

#[test]
fn of_alternatives_the_root_cause_is_told() {
    let group = || Requirement::group(GROUP);
    let overage = json!({"hasgroups": true});
    for (requirement, changes, app_only, expected) in [
        (group().or(Requirement::scope("Other")), overage.clone(), false, GroupsOverage),
        (Requirement::scope("Other").or(group()), overage.clone(), false, GroupsOverage),
        (Requirement::scope("Other").or(not(group())), overage.clone(), false, GroupsOverage),
        (Requirement::scope("Other").or(group()), json!({}), false, InsufficientScope),
        (group().or(Requirement::app_permission("Other")), json!({}), true, InsufficientRole),
        (group().or(Requirement::user_role("Other")), json!({}), false, ClaimMissing),
        (group().and(Requirement::scope("Other")), overage.clone(), false, InsufficientScope),
        (group().and(Requirement::scope("Other")).or(no()), overage, false, InsufficientScope),
    ] {
        assert_eq!(kind(&requirement, &claims(&changes, app_only)), Some(expected), "{requirement}");
    }
}

/// The claims that are asked for; nothing where the refusal is no challenge.
fn asked(requirement: &Requirement, claims: &Claims) -> Option<String> {
    let refusal = requirement.check(claims).unwrap_err();
    assert_eq!(refusal.status() == 401, refusal.challenged_claims().is_some());
    refusal.challenged_claims().map(str::to_owned)
}

#[test]
fn a_challenge_only_where_it_helps() {
    let context = |number: u8| Requirement::auth_context(format!("c{number}"));
    let able = user(&json!({"xms_cc": ["CP1"], "acrs": ["c9"]}));
    for (requirement, expected) in [
        (context(1), Some(1)),
        (Requirement::auth_context("C25"), Some(25)),
        (yes().and(context(1)), Some(1)),
        (context(1).and(context(2)), Some(1)),
        (context(9).and(context(2)), Some(2)),
        (no().and(context(1)), None),
        (context(1).and(no()), None),
        (context(1).and(unknown()), None),
        (no().or(context(1)), Some(1)),
        (unknown().or(context(3)), Some(3)),
        // Not the first context there is, but the first that is enough.
        (context(1).and(no()).or(context(2)), Some(2)),
        (context(1).or(context(2)), Some(1)),
        (not(context(9)), None),
        (not(not(context(4))), Some(4)),
        (not(context(1)).and(no()), None),
        (not(not(context(5)).or(no())), Some(5)),
        (Requirement::group(GROUP).or(context(1)), Some(1)),
        (Requirement::auth_context("c0"), None),
    ] {
        let wanted =
            expected.map(|number| format!(r#"{{"access_token":{{"acrs":{{"essential":true,"value":"c{number}"}}}}}}"#));
        assert_eq!(asked(&requirement, &able), wanted, "{requirement}");
        assert_eq!(asked(&requirement, &user(&json!({"xms_cc": ["cp2"]}))), None, "{requirement}: without cp1");
    }
    let app = claims(&json!({"xms_cc": ["cp1"]}), true);
    assert_eq!(asked(&context(1), &app), None, "an application cannot sign in again");
    assert_eq!(kind(&context(1).and(no()), &able), Some(ClientNotAllowed), "a stronger sign-in would not help");
    assert_eq!(kind(&no().and(context(1)), &user(&json!({}))), Some(ClientNotAllowed));
    assert_eq!(kind(&context(1).and(unknown()), &able), Some(ClaimMissing));
    assert_eq!(kind(&context(1).and(yes()), &user(&json!({}))), Some(InsufficientClaims));
}

#[test]
fn scopes_that_are_excluded_are_not_asked_for() {
    let requirement = Requirement::scope("A").and(not(Requirement::scope("B").or(not(Requirement::scope("C")))));
    assert_eq!(requirement.check(&user(&json!({}))).unwrap_err().required_scopes(), Some("A C"));
    // What cannot be a scope is not one to ask for: between spaces it would be two.
    let requirement = Requirement::scope("D E").or(Requirement::scope("\t")).or(Requirement::scope("F"));
    assert_eq!(requirement.check(&user(&json!({}))).unwrap_err().required_scopes(), Some("F"));
}

#[test]
fn texts_have_their_parentheses() {
    let (a, b, c) = (|| Requirement::scope("a"), || Requirement::user_role("b"), || Requirement::app_permission("c"));
    for (requirement, text) in [
        (a().and(b()).and(c()), "scope a and user role b and app permission c"),
        (a().and(b().and(c())), "scope a and user role b and app permission c"),
        (a().or(b()).and(c()), "(scope a or user role b) and app permission c"),
        (a().or(b().and(c())), "scope a or (user role b and app permission c)"),
        (not(a().or(b())), "not (scope a or user role b)"),
        (not(a()).and(b()), "not scope a and user role b"),
        (not(not(a())), "scope a"),
        (Requirement::any_role("r").or(Requirement::group("g")), "role r or group g"),
        (Requirement::directory_role("d").or(Requirement::member()), "directory role d or member"),
        (Requirement::guest().and(Requirement::auth_context("c1")), "guest and authentication context c1"),
        (Requirement::client("x"), "client x"),
        (Requirement::confidential_client("x"), "client x with a secret or certificate"),
        (Requirement::client_with("x", ClientProof::Certificate), "client x with a certificate"),
        (Requirement::claim(ClaimRule::all("n", ["v", "w"])), "claim n with all of [v, w]"),
        (yes(), "tenant 11111111-2222-3333-4444-555555555555"),
    ] {
        assert_eq!(requirement.to_string(), text);
        assert_eq!(format!("{requirement:?}"), format!("Requirement({text})"));
    }
}

/// What a requirement was made from.
#[derive(Clone, Debug)]
enum Made {
    Of(Option<bool>),
    Not(Box<Made>),
    And(Box<Made>, Box<Made>),
    Or(Box<Made>, Box<Made>),
}

impl Made {
    fn any() -> impl Strategy<Value = Self> {
        let leaf = prop_oneof![Just(None), Just(Some(false)), Just(Some(true))].prop_map(Self::Of);
        leaf.prop_recursive(5, 32, 2, |inner| {
            let pair = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
            prop_oneof![
                inner.prop_map(|made| Self::Not(Box::new(made))),
                pair.clone().prop_map(|(a, b)| Self::And(a, b)),
                pair.prop_map(|(a, b)| Self::Or(a, b)),
            ]
        })
    }

    fn requirement(&self) -> Requirement {
        match self {
            Self::Of(None) => unknown(),
            Self::Of(Some(false)) => no(),
            Self::Of(Some(true)) => yes(),
            Self::Not(made) => not(made.requirement()),
            Self::And(a, b) => a.requirement().and(b.requirement()),
            Self::Or(a, b) => a.requirement().or(b.requirement()),
        }
    }

    /// Kleene's tables, written out.
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Of(truth) => *truth,
            Self::Not(made) => made.truth().map(|truth| !truth),
            Self::And(a, b) => match (a.truth(), b.truth()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.truth(), b.truth()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }

    /// Whether it holds if whatever is unknown is `assumed`, one after the other.
    fn holds_if(&self, assumed: &mut impl FnMut() -> bool) -> bool {
        match self {
            Self::Of(truth) => truth.unwrap_or_else(assumed),
            Self::Not(made) => !made.holds_if(assumed),
            Self::And(a, b) => a.holds_if(assumed) & b.holds_if(assumed),
            Self::Or(a, b) => a.holds_if(assumed) | b.holds_if(assumed),
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_let_in_that_is_not_true(made in Made::any(), mut assumed in any::<u64>()) {
        let requirement = made.requirement();
        let checked = requirement.check(&user(&json!({})));
        prop_assert_eq!(checked.is_ok(), made.truth() == Some(true), "{}", requirement);
        let opposite = not(requirement.clone()).check(&user(&json!({})));
        prop_assert_eq!(opposite.is_ok(), made.truth() == Some(false), "not {}", requirement);
        if checked.is_ok() {
            let held = made.holds_if(&mut || {
                assumed = assumed.rotate_left(1);
                assumed & 1 == 1
            });
            prop_assert!(held, "{} was let in by what is unknown", requirement);
        }
        for refusal in [checked, opposite].into_iter().filter_map(Result::err) {
            prop_assert_eq!(refusal.status(), 403);
            prop_assert!(refusal.detail_text().is_some() || refusal.kind() != ClaimNotAllowed, "{}", requirement);
        }
    }
}

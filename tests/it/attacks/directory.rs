//! Rows 28 and 29: authorities that write claims about a directory which is not theirs, and customers of B2C who pass as
//! members.

use mock_entra::{MockEntra, TokenBuilder};
use serde_json::json;
use tower_entra::{
    Authority, Claims, RejectionKind, Requirement, TenantId, Verifier,
    authority::Entra,
    fetch::{Fetch, FetchFuture, FetchRequest},
    policy::ClaimRule,
    tenant::Instance,
};

use crate::support::{Bench, clock_of, tenant};

const GROUP: &str = "99999999-2222-3333-4444-555555555555";
const ROLE: &str = "62e90394-69f5-4237-9190-012177145e10";
const NOBODYS: &str = "00000000-9999-9999-9999-999999999999";
const DOMAIN: &str = "contoso.onmicrosoft.com";
const EMULATOR: &str = "http://127.0.0.1:4000";
const ELSEWHERE: &str = "https://login.contoso.example";

/// The token with the operator's tenant and directory in it: of a member, in a group, with a directory role and an
/// authentication context.
fn with_directory(token: TokenBuilder) -> TokenBuilder {
    token
        .claim("tid", MockEntra::TENANT)
        .claim("acct", 0)
        .claim("groups", json!([GROUP]))
        .claim("wids", json!([ROLE]))
        .claim("acrs", json!(["c1"]))
        .claim("xms_cc", json!(["cp1"]))
}

/// What an authority can state: the tenant; member or guest; groups; directory roles and authentication contexts.
#[derive(Clone, Copy)]
struct Column {
    tenant: bool,
    membership: bool,
    groups: bool,
    assignments: bool,
}

const ALL: Column = Column { tenant: true, membership: true, groups: true, assignments: true };
const IDENTITY: Column = Column { tenant: true, membership: true, groups: false, assignments: false };
const TENANT_ALONE: Column = Column { tenant: true, membership: false, groups: false, assignments: false };
const NOTHING: Column = Column { tenant: false, membership: false, groups: false, assignments: false };

impl Column {
    fn trusted(self) -> Self {
        Self { groups: true, assignments: true, ..self }
    }

    fn with_groups(self) -> Self {
        Self { groups: true, ..self }
    }
}

/// An authority without and with `trust_directory_claims()`.
macro_rules! both {
    ($authority:expr) => {{
        let authority = $authority.client_id(MockEntra::CLIENT_ID);
        [Authority::from(authority.clone()), authority.trust_directory_claims().into()]
    }};
}

/// Each kind of authority without and with `trust_directory_claims()`, and what it can state without.
fn authorities() -> Vec<(&'static str, MockEntra, [Authority; 2], Column)> {
    let other: TenantId = MockEntra::OTHER_TENANT.parse().unwrap();
    let entra = |base: &str| {
        let mock = MockEntra::at(base);
        mock.add_domain(DOMAIN, tenant());
        mock
    };
    let at = |base: &str, authority: Entra| both!(authority.in_instance(Instance::parse(base).unwrap()));
    let okta = || Authority::openid_connect(MockEntra::okta().issuer());
    let plant = MockEntra::okta();
    let jwks = json!({"keys": [plant.current_key().jwk()]}).to_string();
    vec![
        ("Entra", MockEntra::new(), both!(Authority::tenant(tenant())), ALL),
        ("Entra, a list", MockEntra::new(), both!(Authority::tenants([tenant(), other], [])), ALL),
        ("Entra, any organization", MockEntra::new(), both!(Authority::danger_any_organization()), ALL),
        ("Entra, tenants_matching", MockEntra::new(), both!(Authority::tenants_matching(|_| true)), ALL),
        ("External ID", MockEntra::external_id("contoso"), both!(Authority::external_id("contoso")), ALL),
        ("an emulator", entra(EMULATOR), at(EMULATOR, Authority::tenant(tenant())), IDENTITY),
        ("another host", entra(ELSEWHERE), at(ELSEWHERE, Authority::tenant(tenant())), IDENTITY),
        ("another host, a list", entra(ELSEWHERE), at(ELSEWHERE, Authority::tenants([tenant(), other], [])), IDENTITY),
        ("another host, a domain", entra(ELSEWHERE), at(ELSEWHERE, Authority::domain(DOMAIN)), NOTHING),
        (
            "another host, a list with a domain",
            entra(ELSEWHERE),
            at(ELSEWHERE, Authority::tenants([other], [DOMAIN.to_owned()])),
            NOTHING,
        ),
        (
            "another host, any organization",
            entra(ELSEWHERE),
            at(ELSEWHERE, Authority::danger_any_organization()),
            NOTHING,
        ),
        ("another host, any account", entra(ELSEWHERE), at(ELSEWHERE, Authority::danger_any_account()), NOTHING),
        (
            "another host, tenants_matching",
            entra(ELSEWHERE),
            at(ELSEWHERE, Authority::tenants_matching(|_| true)),
            NOTHING,
        ),
        (
            "External ID at a domain of its own",
            MockEntra::external_id_at(ELSEWHERE),
            both!(Authority::external_id_at(ELSEWHERE, MockEntra::TENANT)),
            IDENTITY,
        ),
        ("B2C", MockEntra::b2c("contoso", "B2C_1_susi"), both!(Authority::b2c("contoso", "B2C_1_susi")), TENANT_ALONE),
        (
            "B2C at a domain of its own",
            MockEntra::b2c_at(ELSEWHERE, "B2C_1_susi"),
            both!(Authority::b2c_at(ELSEWHERE, MockEntra::TENANT, "B2C_1_susi")),
            TENANT_ALONE,
        ),
        (
            "B2C at a domain of its own, its tenant by a domain",
            MockEntra::b2c_at(ELSEWHERE, "B2C_1_susi"),
            both!(Authority::b2c_at(ELSEWHERE, DOMAIN, "B2C_1_susi")),
            NOTHING,
        ),
        ("OpenID Connect", MockEntra::okta(), both!(okta()), NOTHING),
        (
            "OpenID Connect with a group claim",
            MockEntra::okta(),
            both!(okta().group_claim("groups")),
            NOTHING.with_groups(),
        ),
        ("static keys", plant, both!(okta().static_keys(jwks)), NOTHING),
    ]
}

type Row = (Requirement, bool, fn(Column) -> bool);

/// The requirement, whether the claims of [`with_directory`] meet it if the authority can state them, and what it is about.
fn requirements() -> Vec<Row> {
    let tenant_of = |id: &str| Requirement::tenant(id.parse().unwrap());
    let claim = |name: &str, value: &str| Requirement::claim(ClaimRule::any(name, [value]));
    vec![
        (tenant_of(MockEntra::TENANT), true, |states| states.tenant),
        (tenant_of(NOBODYS), false, |states| states.tenant),
        (claim("tid", MockEntra::TENANT), true, |states| states.tenant),
        (Requirement::member(), true, |states| states.membership),
        (Requirement::guest(), false, |states| states.membership),
        (claim("acct", "0"), true, |states| states.membership),
        (Requirement::group(GROUP), true, |states| states.groups),
        (Requirement::group(NOBODYS), false, |states| states.groups),
        (claim("groups", GROUP), true, |states| states.assignments),
        (Requirement::directory_role(ROLE), true, |states| states.assignments),
        (Requirement::directory_role(NOBODYS), false, |states| states.assignments),
        (claim("wids", ROLE), true, |states| states.assignments),
        (Requirement::auth_context("c1"), true, |states| states.assignments),
        (claim("acrs", "c1"), true, |states| states.assignments),
        (Requirement::claim(ClaimRule::present("acrs")), true, |states| states.assignments),
    ]
}

fn bench(mock: &MockEntra, authority: impl Into<Authority>) -> Bench {
    Bench::alone(mock.clone(), authority.into().audience(format!("api://{}", MockEntra::CLIENT_ID)))
}

async fn check(name: &str, bench: &Bench, states: Column) {
    let token = with_directory(bench.token()).build();
    let first = bench.verifier.verify(&token).await.unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
    let remembered = bench.verifier.verify(&token).await.unwrap();
    assert!(bench.verifier.stats().cache_hits > 0, "{name}: the second one is of the cache");
    for claims in [first, remembered] {
        for (requirement, holds, of) in requirements() {
            let opposite = Requirement::not(requirement.clone());
            let is_known = of(states);
            for (requirement, is_met) in [(&requirement, is_known && holds), (&opposite, is_known && !holds)] {
                let checked = requirement.check(&claims);
                assert_eq!(checked.is_ok(), is_met, "{name}: {requirement}: {checked:?}");
                let Err(rejection) = checked else { continue };
                assert_eq!(rejection.status(), 403, "{name}: {requirement}");
                let names_a_way_out = rejection.detail_text().is_some_and(|detail| {
                    detail.contains("TrustDirectoryClaims (in code, trust_directory_claims())")
                        || detail.contains("Requirement::authority()")
                        || detail.contains("Microsoft's hosts")
                });
                assert_eq!(names_a_way_out, !is_known, "{name}: {requirement}: {rejection}");
            }
        }
        assert_eq!(claims.is_guest(), states.membership.then_some(false), "{name}");
        let stronger = Requirement::auth_context("c9").check(&claims).unwrap_err();
        assert_eq!(stronger.status(), if states.assignments { 401 } else { 403 }, "{name}: no challenge in vain");
    }
}

#[tokio::test]
async fn row_28_directory_claims_count_only_where_the_authority_can_state_them() {
    for (name, mock, [authority, trusting], states) in authorities() {
        check(name, &bench(&mock, authority), states).await;
        check(name, &bench(&mock, trusting), states.trusted()).await;
    }
}

/// The same where the authority itself has the requirement.
#[tokio::test]
async fn row_28_an_authority_is_held_to_a_requirement_of_its_own() {
    for (name, mock, [authority, _], states) in authorities() {
        for (requirement, holds, of) in requirements() {
            let text = requirement.to_string();
            let bench = bench(&mock, authority.clone().require(requirement));
            let token = with_directory(bench.token()).build();
            let code = bench.code(&token).await;
            assert_eq!(code == "accepted", of(states) && holds, "{name}: {text}: {code}");
        }
    }
}

/// Two providers, each at its own address.
#[derive(Clone, Debug)]
struct Two(MockEntra, MockEntra);

impl Fetch for Two {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        if request.url.starts_with(&self.0.base()) { self.0.fetch(request) } else { self.1.fetch(request) }
    }
}

/// The claims of a token of the operator's tenant and of a partner's token that names the operator's tenant and groups, both
/// of one verifier.
async fn both(authority: impl Into<Authority>) -> (Claims, Claims) {
    let (home, partner) = (MockEntra::new(), MockEntra::okta());
    let clock = clock_of(&home);
    partner.set_clock(clock.clone());
    let verifier = Verifier::builder()
        .client_id(MockEntra::CLIENT_ID)
        .authority(Authority::tenant(tenant()).named("home"))
        .authority(authority.into().named("partner").audience(format!("api://{}", MockEntra::CLIENT_ID)))
        .fetch(Two(home.clone(), partner.clone()))
        .clock(clock);
    let verifier = verifier.build().unwrap();
    let of_home = verifier.verify(&with_directory(home.token()).build()).await.unwrap();
    let of_partner = verifier.verify(&with_directory(partner.token()).build()).await.unwrap();
    (of_home, of_partner)
}

/// Two authorities without a configured name may have the same address as theirs.
#[tokio::test]
async fn row_28_a_name_that_two_authorities_have_is_unknown() {
    let id = |number: u8| format!("{number:08}-0000-4000-8000-000000000000").parse().unwrap();
    let bench = Bench::of(MockEntra::new(), |builder| {
        let two = |one, other| Authority::tenants([one, other], []);
        builder.authority(two(tenant(), id(1))).authority(two(id(2), id(3)))
    })
    .await;
    let claims = bench.verifier.verify(&bench.token().build()).await.unwrap();
    let name = claims.authority().to_owned();
    for requirement in [Requirement::authority(&name), Requirement::not(Requirement::authority(&name))] {
        let rejection = requirement.check(&claims).unwrap_err();
        assert!(rejection.to_string().contains("named()"), "{requirement}: {rejection}");
    }
}

#[tokio::test]
async fn row_28_authorities_are_told_apart_by_their_names() {
    let partners = Authority::openid_connect(MockEntra::okta().issuer());
    let (home, partner) = both(partners.clone().trust_directory_claims()).await;
    let named = Requirement::authority;
    let not = Requirement::not;
    let group = || Requirement::group(GROUP);
    for (requirement, of_home, of_partner) in [
        (named("home"), true, false),
        (named("partner"), false, true),
        (not(named("home")), false, true),
        (not(named("partner")), true, false),
        // Names are compared exactly.
        (named("Home"), false, false),
        (named("home "), false, false),
        // Nobody has the name: a mistake in it lets nobody in, whichever way round it is asked.
        (named("partnr"), false, false),
        (not(named("partnr")), false, false),
        (named(""), false, false),
        (not(named("")), false, false),
        (named("home").or(named("partner")), true, true),
        (named("home").and(group()), true, false),
        (group(), true, true),
        (Requirement::tenant(tenant()), true, false),
        (named("partner").or(Requirement::tenant(tenant())), true, true),
    ] {
        assert_eq!(requirement.check(&home).is_ok(), of_home, "{requirement} of home");
        assert_eq!(requirement.check(&partner).is_ok(), of_partner, "{requirement} of the partner");
    }
    let refused = named("home").check(&partner).unwrap_err();
    assert_eq!((refused.code(), refused.status().as_u16()), ("claim_not_allowed", 403));
    assert_eq!(
        refused.detail_text().as_deref(),
        Some("the token is from another authority than this operation is for")
    );
    let refused = not(named("partnr")).check(&partner).unwrap_err();
    assert_eq!(
        refused.detail_text().as_deref(),
        Some("the requirement names an authority that the verifier does not have")
    );

    let (home, partner) = both(partners).await;
    assert!(group().check(&home).is_ok() && group().check(&partner).is_err(), "without the switch");
}

/// Groups of an issuer's own, in the claim that is configured for them.
#[tokio::test]
async fn row_28_groups_by_a_claim_of_their_own() {
    let authority = || Authority::openid_connect(MockEntra::okta().issuer());
    let lower = "abcdefab-2222-3333-4444-555555555555";
    for (name, claim, value, group, holds) in [
        ("a list", "groups", json!(["/staff", "x"]), "/staff", Some(true)),
        ("a string", "groups", json!("/staff"), "/staff", Some(true)),
        ("a string is one group", "groups", json!("a b"), "a", Some(false)),
        ("names exactly", "groups", json!(["/Staff"]), "/staff", Some(false)),
        ("ids ignoring case", "groups", json!([lower.to_uppercase()]), lower, Some(true)),
        ("an id among names", "groups", json!(["/staff"]), lower, None),
        ("nobody's", "groups", json!([]), "/staff", Some(false)),
        ("an empty string tells nothing", "groups", json!(""), "/staff", None),
        ("by a pointer", "/realm_access/groups", json!({"groups": ["/staff"]}), "/staff", Some(true)),
        ("another claim", "roles", json!(["/staff"]), "/staff", None),
        // What means an overage at Entra means nothing here.
        ("no overage", "groups", json!("src1"), "src1", Some(true)),
    ] {
        let path = if claim == "roles" { "groups" } else { claim };
        let bench = bench(&MockEntra::okta(), authority().group_claim(path));
        let in_token = claim.trim_start_matches('/').split('/').next().unwrap();
        let token = bench.token().claim("hasgroups", true).claim("_claim_names", json!({"groups": "src1"}));
        let claims = bench.verifier.verify(&token.claim(in_token, value).build()).await.unwrap();
        let requirement = Requirement::group(group);
        assert_eq!(requirement.check(&claims).is_ok(), holds == Some(true), "{name}");
        assert_eq!(Requirement::not(requirement).check(&claims).is_ok(), holds == Some(false), "{name}, the opposite");
        assert!(!claims.has_groups_overage(), "{name}");
    }
    let bench = bench(&MockEntra::okta(), authority().group_claim("groups"));
    let token = bench.token().claim("groups", json!({"a": 1}));
    bench.verifier.warm_up().await.unwrap();
    bench.refuses("groups of the wrong type", &token.build(), RejectionKind::MalformedToken).await;
}

/// No token of B2C says who is a guest: `idp` has another meaning there, and without it everybody would be a member.
#[tokio::test]
async fn row_29_users_of_b2c_are_neither_members_nor_guests() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi");
    for trust in [false, true] {
        let authority = Authority::b2c("contoso", "B2C_1_susi").client_id(MockEntra::CLIENT_ID);
        let authority = if trust { authority.trust_directory_claims() } else { authority };
        let bench = bench(&mock, authority);
        let tenants = format!("https://sts.windows.net/{}/", MockEntra::TENANT);
        for (name, token) in [
            ("without idp", bench.token()),
            ("with a social idp", bench.token().claim("idp", "facebook.com")),
            ("with the tenant's own idp", bench.token().claim("idp", tenants)),
            ("with acct 0", bench.token().claim("acct", 0)),
            ("with acct 1", bench.token().claim("acct", 1)),
            ("with tid", bench.token().claim("tid", MockEntra::TENANT)),
            ("client credentials", bench.token().app()),
            ("client credentials with acct", bench.token().app().claim("acct", 0)),
        ] {
            let claims = bench.verifier.verify(&token.build()).await.unwrap_or_else(|told| panic!("{name}: {told}"));
            assert_eq!(claims.is_guest(), None, "{name}");
            for requirement in [Requirement::member(), Requirement::guest()] {
                assert!(requirement.check(&claims).is_err(), "{name}: {requirement}");
                assert!(Requirement::not(requirement.clone()).check(&claims).is_err(), "{name}: not {requirement}");
            }
        }
    }
}

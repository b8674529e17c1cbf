//! Rows 4, 5, 7, 8, 9: claims of the wrong type, issuers and audiences that are almost right, kinds of tokens.

use mock_entra::{MockEntra, TokenBuilder};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, RejectionKind,
    RejectionKind::{
        MalformedToken, NotAnAccessToken, ProofRequired, UnknownIssuer, WrongAudience, WrongIssuer, WrongTenant,
    },
    RequireLayer, Requirement,
};

use crate::support::{Bench, START};

#[tokio::test]
async fn row_4_wrong_types() {
    let bench = Bench::new().await;
    let not_texts = [Value::Null, json!(1), json!(1.5), json!(true), json!([]), json!(["a"]), json!({}), json!([null])];
    for claim in ["iss", "sub", "tid", "oid", "ver", "scp", "azp", "appid", "azpacr", "appidacr", "idtyp"] {
        for value in &not_texts {
            let token = bench.token().claim(claim, value.clone()).build();
            bench.refuses(&format!("{claim} {value}"), &token, MalformedToken).await;
        }
    }
    let genuine = bench.token().claims();
    for claim in ["iss", "tid"] {
        let token = bench.token().claim(claim, json!([genuine[claim]])).build();
        bench.refuses(&format!("{claim} in a list"), &token, MalformedToken).await;
    }
    for claim in ["aud", "roles"] {
        for value in [
            Value::Null,
            json!(1),
            json!(true),
            json!({}),
            json!([1]),
            json!([null]),
            json!([[MockEntra::CLIENT_ID]]),
            json!([MockEntra::CLIENT_ID, 1]),
            json!({ "0": MockEntra::CLIENT_ID }),
        ] {
            let token = bench.token().claim(claim, value.clone()).build();
            bench.refuses(&format!("{claim} {value}"), &token, MalformedToken).await;
        }
    }
}

/// The payload of a good token with this in place of a date.
fn with_date(token: &TokenBuilder, claim: &str, text: &str) -> String {
    let mut claims = token.claims();
    claims.insert(claim.to_owned(), "<date>".into());
    token.clone().raw_payload(Value::from(claims).to_string().replace("\"<date>\"", text)).build()
}

#[tokio::test]
async fn row_4_dates_that_are_none() {
    let bench = Bench::new().await;
    let soon = START + 600;
    for claim in ["exp", "nbf", "iat"] {
        for text in [
            &format!("\"{soon}\""),
            "null",
            "true",
            "[]",
            &format!("[{soon}]"),
            "{}",
            "-1",
            "-0.5",
            "-0",
            "1e300",
            "1e999",
            "253402300800",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "340282366920938463463374607431768211456",
            "1.7976931348623157e308",
        ] {
            let token = with_date(&bench.token(), claim, text);
            bench.refuses(&format!("{claim} {text}"), &token, MalformedToken).await;
        }
        for text in ["NaN", "Infinity", "+1", "0x10", "01", "1_000", ""] {
            let token = with_date(&bench.token(), claim, text);
            bench.refuses(&format!("{claim} {text}, no JSON"), &token, MalformedToken).await;
        }
    }
    bench.refuses("no exp", &bench.token().without_claim("exp").build(), MalformedToken).await;
    for claim in ["nbf", "iat", "oid"] {
        bench.accepts(claim, &bench.token().without_claim(claim).build()).await;
    }
    bench.accepts("a fraction", &with_date(&bench.token(), "exp", &format!("{soon}.5"))).await;
}

#[tokio::test]
async fn row_4_names_twice_or_in_another_case() {
    let bench = Bench::new().await;
    let token = bench.token();
    let genuine = Value::from(token.claims()).to_string();
    for claim in ["iss", "aud", "exp", "nbf", "tid", "scp", "roles", "cnf", "x-of-ours"] {
        for value in ["\"x\"", "1", "null"] {
            let first = format!("{{\"{claim}\":{value},\"{claim}\":{value},{}", &genuine[1..]);
            bench.refuses(claim, &token.clone().raw_payload(first).build(), MalformedToken).await;
        }
    }
    let escaped = genuine.replacen("{", r#"{"\u0074id":"x","#, 1);
    bench.refuses("tid with an escape", &token.clone().raw_payload(escaped).build(), MalformedToken).await;
    let nested = genuine.replacen("{", r#"{"x":[{"a":1,"a":2}],"#, 1);
    bench.refuses("twice inside", &token.clone().raw_payload(nested).build(), MalformedToken).await;
    for name in ["ISS", "Iss", "Aud", "eXp", "NBF", "TID", "Tid", "tıd", "iſs"] {
        bench.refuses(name, &bench.token().claim(name, "x").build(), MalformedToken).await;
        let moved = bench.token().without_claim(name.to_lowercase()).claim(name, "x");
        bench.refuses(name, &moved.build(), MalformedToken).await;
    }
    for raw in ["", "null", "[]", "\"\"", "1", "{}{}", "{} x", "\u{feff}{}", "{\"exp\":1", "{'exp':1}", "{\"exp\":1,}"]
    {
        bench.refuses(raw, &token.clone().raw_payload(raw).build(), MalformedToken).await;
    }
    for bytes in [b"\xff\xfe{}".as_slice(), b"{\"a\":\"\xff\"}", b"\0", b"\xef\xbb\xbf{}"] {
        bench.refuses("not UTF-8", &token.clone().raw_payload(bytes).build(), MalformedToken).await;
    }
}

#[tokio::test]
async fn row_5_issuers_that_are_almost_ours() {
    let tenant = MockEntra::TENANT;
    let (upper, other) = (tenant.replace("-4444-", "-aaaa-").to_uppercase(), MockEntra::OTHER_TENANT);
    let base = "https://login.microsoftonline.com";
    let issuers = [
        String::new(),
        " ".to_owned(),
        "null".to_owned(),
        tenant.to_owned(),
        base.to_owned(),
        format!("{base}/"),
        format!("{base}/{tenant}"),
        format!("{base}/{tenant}/"),
        format!("{base}/{tenant}/v2.0/"),
        format!("{base}/{tenant}/v2.0 "),
        format!(" {base}/{tenant}/v2.0"),
        format!("{base}/{tenant}/v2.0\n"),
        format!("{base}/{tenant}/v2.0\0"),
        format!("{base}/{tenant}/v2.0/x"),
        format!("{base}/{tenant}/v2.0?x"),
        format!("{base}/{tenant}/v2.0#x"),
        format!("{base}/{tenant}/V2.0"),
        format!("{base}/{tenant}/v2%2E0"),
        format!("{base}/{tenant}/v1.0"),
        format!("{base}/{tenant}/v1.1"),
        format!("{base}/{tenant}/v2"),
        format!("{base}//{tenant}/v2.0"),
        format!("{base}/./{tenant}/v2.0"),
        format!("{base}/{other}/../{tenant}/v2.0"),
        format!("{base}/{tenant}/{tenant}/v2.0"),
        format!("{base}/{{tenantid}}/v2.0"),
        format!("{base}/common/v2.0"),
        format!("{base}/organizations/v2.0"),
        format!("{base}/{{{tenant}}}/v2.0"),
        format!("{base}/{}/v2.0", tenant.replace('-', "")),
        format!("{base}/{upper}/v2.0"),
        format!("{base}:443/{tenant}/v2.0"),
        format!("https://x@login.microsoftonline.com/{tenant}/v2.0"),
        format!("https://login.microsoftonline.com@evil.example/{tenant}/v2.0"),
        format!("https://login.microsoftonline.com.evil.example/{tenant}/v2.0"),
        format!("https://evil.example/https://login.microsoftonline.com/{tenant}/v2.0"),
        format!("https://login-microsoftonline.com/{tenant}/v2.0"),
        format!("https://login.microsoftonline.co/{tenant}/v2.0"),
        format!("https://login.micrоsoftonline.com/{tenant}/v2.0"),
        format!("https://LOGIN.microsoftonline.com/{tenant}/v2.0"),
        format!("http://login.microsoftonline.com/{tenant}/v2.0"),
        format!("HTTPS://login.microsoftonline.com/{tenant}/v2.0"),
        format!("login.microsoftonline.com/{tenant}/v2.0"),
        format!("https://login.windows.net/{tenant}/v2.0"),
        format!("https://login.microsoftonline.us/{tenant}/v2.0"),
        format!("https://login.partner.microsoftonline.cn/{tenant}/v2.0"),
        format!("https://sts.windows.net/{tenant}"),
        format!("https://sts.windows.net/{tenant}//"),
        format!("https://sts.windows.net/{tenant}/v2.0"),
        format!("https://STS.windows.net/{tenant}/"),
        format!("http://sts.windows.net/{tenant}/"),
        format!("https://sts.windows-ppe.net/{tenant}/"),
        format!("https://sts.chinacloudapi.cn/{tenant}/"),
        format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0"),
        format!("https://contoso.b2clogin.com/{tenant}/v2.0/"),
        "https://accounts.google.com".to_owned(),
    ];
    for mode in MODES {
        let bench = Bench::of(MockEntra::new(), mode).await;
        for issuer in &issuers {
            bench.refuses(issuer, &bench.token().claim("iss", issuer.as_str()).build(), UnknownIssuer).await;
            bench.refuses(issuer, &bench.token().v1().claim("iss", issuer.as_str()).build(), UnknownIssuer).await;
        }
        bench.refuses("no iss", &bench.token().without_claim("iss").build(), UnknownIssuer).await;
        bench.accepts("v2", &bench.token().build()).await;
        bench.accepts("v1", &bench.token().v1().build()).await;
    }
}

/// How a verifier is set up.
pub(super) type Mode = fn(tower_entra::VerifierBuilder) -> tower_entra::VerifierBuilder;

/// One tenant, two, and any organisation.
pub(super) const MODES: [Mode; 3] = [
    |builder| builder.tenant(MockEntra::TENANT),
    |builder| builder.tenant(MockEntra::TENANT).tenant("33333333-4444-5555-6666-777777777777"),
    |builder| builder.danger_any_organization(),
];

/// The version is read from the issuer; what else names one must agree.
#[tokio::test]
async fn row_5_versions_that_contradict_each_other() {
    let bench = Bench::new().await;
    for ver in ["1.0", "3.0", "2", "2.0 ", "", "v2.0"] {
        bench.refuses(ver, &bench.token().claim("ver", ver).build(), WrongIssuer).await;
    }
    bench.refuses("2.0 in v1", &bench.token().v1().claim("ver", "2.0").build(), WrongIssuer).await;
    let v1_issuer = bench.mock.v1_issuer(MockEntra::TENANT);
    bench.refuses("the other's issuer", &bench.token().claim("iss", v1_issuer).build(), WrongIssuer).await;
}

#[tokio::test]
async fn row_7_audiences_that_are_almost_ours() {
    let bench = Bench::new().await;
    let (id, tenant) = (MockEntra::CLIENT_ID, MockEntra::TENANT);
    for audience in [
        json!([]),
        json!(""),
        json!([""]),
        json!("/"),
        json!("api://"),
        json!("*"),
        json!(format!("{id} ")),
        json!(format!(" {id}")),
        json!(format!("{id}\n")),
        json!(format!("{id}//")),
        json!(format!("{id}\u{0}")),
        json!(format!("{{{id}}}")),
        json!(&id[..35]),
        json!(format!("{id}0")),
        json!(format!("spn:{id}")),
        json!(format!("API://{id}")),
        json!(format!("api:/{id}")),
        json!(format!("api://{id}//")),
        json!(format!("api://{id}/Files.Read")),
        json!(format!("api://{id}?x")),
        json!(format!("api://x/{id}")),
        json!(format!("api://{}/{id}", MockEntra::OTHER_TENANT)),
        json!(format!("api://{tenant}")),
        json!(format!("https://{id}")),
        json!(format!("{id},{id}")),
        json!(format!("{id} {id}")),
        json!(MockEntra::CALLER),
        json!([MockEntra::CALLER, format!("{id}.")]),
        json!("https://api.contoso.example"),
    ] {
        let token = bench.token().claim("aud", audience.clone()).build();
        bench.refuses(&audience.to_string(), &token, WrongAudience).await;
    }
    bench.refuses("no aud", &bench.token().without_claim("aud").build(), WrongAudience).await;
    for audience in [
        json!(id),
        json!([id]),
        json!(["x", id]),
        json!(format!("{id}/")),
        json!(format!("api://{id}")),
        json!(format!("api://{id}/")),
        json!(format!("api://{tenant}/{id}")),
    ] {
        bench.accepts(&audience.to_string(), &bench.token().claim("aud", audience.clone()).build()).await;
    }
}

/// Audience is no matter of letters alone: a tenant that is accepted cannot speak for one that has a name of its own.
#[tokio::test]
async fn row_7_personal_accounts_through_organizations() {
    let personal = "9188040d-6c67-4c5b-b112-36a304b66dad";
    for mode in MODES {
        let bench = Bench::of(MockEntra::new(), mode).await;
        for token in [bench.token().tenant(personal), bench.token().v1().tenant(personal)] {
            bench.refuses("personal", &token.build(), WrongTenant).await;
        }
    }
    let bench = Bench::of(MockEntra::new(), |builder| builder.danger_personal_accounts()).await;
    bench.accepts("asked for", &bench.token().tenant(personal).build()).await;
    bench.refuses("an organisation", &bench.token().build(), WrongTenant).await;
    let bench = Bench::of(MockEntra::new(), |builder| builder.danger_any_account()).await;
    bench.accepts("anybody", &bench.token().tenant(personal).build()).await;
    bench.accepts("anybody", &bench.token().build()).await;
}

#[tokio::test]
async fn row_8_id_tokens_and_tokens_without_a_permission() {
    let bench = Bench::new().await;
    let id_token = || bench.token().id_token().audience(MockEntra::CLIENT_ID);
    let app = || bench.token().app();
    let user = || bench.token().without_claim("scp");
    let roles = json!(["Files.Read.All"]);
    let rows: Vec<(&str, TokenBuilder)> = vec![
        ("an id token", id_token()),
        ("an id token of v1", id_token().v1()),
        ("an id token with roles", id_token().claim("roles", roles.clone())),
        ("an id token with roles and a client", id_token().claim("roles", roles.clone()).claim("azp", "x")),
        (
            "an id token like an application's",
            id_token().claim("roles", roles.clone()).claim("azp", "x").claim("sub", MockEntra::USER),
        ),
        ("an id token by its c_hash", app().claim("c_hash", "x")),
        ("an id token by its at_hash", app().claim("at_hash", "x")),
        ("an id token by its nonce", app().claim("nonce", "x")),
        ("a nonce of null", app().claim("nonce", Value::Null)),
        ("neither scope nor role", user()),
        ("an empty scope", user().claim("scp", "")),
        ("a scope of spaces", user().claim("scp", "   ")),
        ("a tab", user().claim("scp", "\t")),
        ("a tab between words", user().claim("scp", "Files.Read\tFiles.Write")),
        ("a no-break space", user().claim("scp", "\u{a0}")),
        ("a zero-width space", user().claim("scp", "\u{200b}")),
        ("a byte order mark", user().claim("scp", "\u{feff}")),
        ("a line break", user().claim("scp", "\r\n")),
        ("a quote", user().claim("scp", "\"")),
        ("a backslash", user().claim("scp", "\\")),
        ("a letter beyond ASCII", user().claim("scp", "é")),
        ("a tab with a user's role", user().claim("scp", "\t").claim("roles", roles.clone())),
        ("a scope /", user().claim("scp", "/")),
        ("scopes / /", user().claim("scp", "/ /")),
        ("a scope / with a user's role", user().claim("scp", "/").claim("roles", roles.clone())),
        ("a user's role alone", user().claim("roles", roles.clone())),
        ("a user's role alone, said to be a user's", user().claim("roles", roles.clone()).claim("idtyp", "user")),
        ("an application without a role", app().without_claim("roles")),
        ("an application with no roles", app().claim("roles", json!([]))),
        ("an application with an empty role", app().claim("roles", json!([""]))),
        ("an application with an empty role as text", app().claim("roles", "")),
        ("an application, marked, without a role", app().idtyp().without_claim("roles")),
        ("an application with a role of spaces", app().claim("roles", json!([" ", "\t"]))),
        ("an application with a role that nobody sees", app().claim("roles", json!(["\u{200b}\u{a0}"]))),
        ("an application without a client", app().without_claim("azp")),
        ("an application without oid", app().without_claim("oid")),
        ("an application without sub", app().without_claim("sub")),
        ("an application without oid and sub", app().without_claim("sub").without_claim("oid")),
        ("an application whose oid is not sub", app().claim("oid", MockEntra::USER)),
        ("an application that says it is a user", app().claim("idtyp", "user")),
        ("an application that says it is a device", app().claim("idtyp", "device")),
        ("an application in capitals", app().claim("idtyp", "APP")),
        ("an application of no type", app().claim("idtyp", "")),
        ("an application with a scope /, unmarked as such", app().claim("scp", "/").claim("idtyp", "user")),
        ("a marked application with a scope and no role", app().idtyp().scopes("Files.Read").without_claim("roles")),
    ];
    for (name, token) in &rows {
        bench.refuses(name, &token.build(), NotAnAccessToken).await;
    }
    bench.accepts("an application", &app().build()).await;
    bench.accepts("an application, marked", &app().idtyp().build()).await;
    bench.accepts("an agent, marked, with a scope /", &app().idtyp().scopes("/").build()).await;
    bench.accepts("a user", &bench.token().build()).await;
    // What is not a scope is ignored, not the token.
    let mixed = bench.token().claim("scp", "\t Files.Read a\u{a0}b \u{200b}Mail.Read").build();
    bench.accepts("a scope among others that are none", &mixed).await;
    let claims = bench.verifier.verify(&mixed).await.unwrap();
    assert_eq!(claims.scopes().collect::<Vec<_>>(), ["Files.Read"]);

    // The switch that lets applications in without a role waives the role, never the marks.
    let lax = Bench::of(MockEntra::new(), |builder| {
        builder.tenant(MockEntra::TENANT).allow_web_api_to_be_authorized_by_acl(true)
    })
    .await;
    lax.accepts("without a role", &lax.token().app().without_claim("roles").build()).await;
    lax.refuses("an id token", &lax.token().id_token().audience(MockEntra::CLIENT_ID).build(), NotAnAccessToken).await;
    lax.refuses("a user", &lax.token().without_claim("scp").build(), NotAnAccessToken).await;
    lax.refuses("unmarked", &lax.token().app().claim("oid", "x").build(), NotAnAccessToken).await;
}

/// The answer of a service that wants `requirement`.
async fn asked(bench: &Bench, requirement: Requirement, token: &TokenBuilder) -> (u16, Option<RejectionKind>) {
    let inner = service_fn(|_: http::Request<()>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::new(bytes::Bytes::new())))
    });
    let service = AuthenticateLayer::new(bench.verifier.clone()).layer(RequireLayer::new(requirement).layer(inner));
    let header = format!("Bearer {}", token.build());
    let request = http::Request::builder().header("authorization", header).body(()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    let kind = response.extensions().get::<tower_entra::Rejection>().map(tower_entra::Rejection::kind);
    (response.status().as_u16(), kind)
}

#[tokio::test]
async fn row_8_permissions_of_the_other_kind() {
    use RejectionKind::{InsufficientRole, InsufficientScope};
    let bench = Bench::new().await;
    let user = || bench.token().scopes("Files.Read").roles(["Files.Read.All"]);
    let app = || bench.token().app().roles(["Files.Read.All"]);
    let (role, scope) = (Some(InsufficientRole), Some(InsufficientScope));
    for (name, requirement, token, expected) in [
        ("a user's role as an application's", Requirement::app_permission("Files.Read.All"), user(), (403, role)),
        ("an application's as a user's", Requirement::user_role("Files.Read.All"), app(), (403, role)),
        ("an application's, as it is", Requirement::app_permission("Files.Read.All"), app(), (200, None)),
        ("a user's, as it is", Requirement::user_role("Files.Read.All"), user(), (200, None)),
        (
            "a marked application's scope",
            Requirement::scope("Files.Read"),
            app().idtyp().scopes("Files.Read"),
            (403, scope),
        ),
        ("a scope that is a role", Requirement::scope("Files.Read.All"), user(), (403, scope)),
        ("a role that is a scope", Requirement::any_role("Files.Read"), user(), (403, role)),
        ("the start of a scope", Requirement::scope("Files"), user(), (403, scope)),
        ("another case", Requirement::scope("files.read"), user(), (403, scope)),
        ("a scope /", Requirement::scope("/"), user().scopes("Files.Read /"), (403, scope)),
        ("an empty scope", Requirement::scope(""), user().scopes("Files.Read  x"), (403, scope)),
        (
            "two at once",
            Requirement::scope("Files.Read Files.Write"),
            user().scopes("Files.Read Files.Write"),
            (403, scope),
        ),
    ] {
        assert_eq!(asked(&bench, requirement, &token).await, expected, "{name}");
    }
}

#[tokio::test]
async fn row_9_bound_tokens_as_plain_bearer() {
    let bench = Bench::new().await;
    let bound = [
        json!({"jwk": {"kty": "RSA"}}),
        json!({"x5t#S256": "AAAA"}),
        json!({"jkt": "AAAA"}),
        json!({"kid": "k"}),
        json!({}),
        json!([]),
        json!(""),
        json!(false),
        json!(null),
    ];
    for cnf in &bound {
        bench.refuses(&cnf.to_string(), &bench.token().claim("cnf", cnf.clone()).build(), ProofRequired).await;
        bench.refuses(&cnf.to_string(), &bench.token().app().claim("cnf", cnf.clone()).build(), ProofRequired).await;
    }
    let lax =
        Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).danger_accept_bound_tokens(true)).await;
    lax.accepts("asked for", &lax.token().claim("cnf", bound[0].clone()).build()).await;
}

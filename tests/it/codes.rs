//! Every code: told apart, explained, and reached.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use mock_entra::{Fault, MockEntra, SigningAlgorithm, TokenBuilder};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Rejection, RejectionKind, RequireLayer, Requirement,
    diagnosis::CauseKind,
    policy::ClaimRule,
    response::{Problem, Responder, ResponseContext},
};

use crate::support::{Bench, START};

const GUIDE: &str = include_str!("../../src/guide/troubleshooting.md");
const README: &str = include_str!("../../README.md");

#[test]
fn every_code_is_explained_once() {
    let mut codes = BTreeSet::new();
    for kind in RejectionKind::ALL {
        let (code, summary, remedy) = (kind.code(), kind.summary(), kind.remedy());
        assert!(codes.insert(code), "{code} is there twice");
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        for text in [summary, remedy] {
            assert!(!text.is_empty() && !text.ends_with('.') && text.trim() == text, "{code}: {text:?}");
        }
        assert_ne!(summary, remedy, "{code}");
        assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{code}");
        assert!(
            summary.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"'),
            "{code}: goes into a header"
        );
    }
    assert_eq!(codes.len(), RejectionKind::ALL.len());
}

#[test]
fn the_guide_has_a_section_for_every_code_and_for_no_other() {
    let sections: Vec<&str> = GUIDE
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|title| title.strip_prefix('`').and_then(|title| title.strip_suffix('`')).unwrap_or(title))
        .collect();
    let codes: BTreeSet<&str> = RejectionKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(sections.iter().copied().collect::<BTreeSet<_>>(), codes);
    assert_eq!(sections.len(), codes.len(), "a code has two sections");
    for kind in RejectionKind::ALL {
        let title = format!("### `{}`\n", kind.code());
        let section = GUIDE.split(&title).nth(1).unwrap().split("\n### ").next().unwrap().trim();
        let status = format!("Status {}", kind.status().as_u16());
        assert!(section.starts_with(&status), "{}: its section begins with its status", kind.code());
        assert!(section.len() > 60, "{}: its section says nothing", kind.code());
    }
}

/// The causes that lead to a code, as a table: what a section of the guide ends with.
fn causes(kind: RejectionKind) -> String {
    let mut table = String::from("| cause | | known elsewhere as |\n|---|---|---|\n");
    for cause in CauseKind::ALL.iter().filter(|cause| cause.rejection() == kind) {
        let elsewhere: Vec<String> = cause.known_as().iter().map(|name| format!("`{name}`")).collect();
        let row = format!("| `{}` | {} | {} |", cause.code(), cause.title(), elsewhere.join(", "));
        table.push_str(&row.replace("  ", " "));
        table.push('\n');
    }
    table
}

/// The guide with the tables that follow from the code. What stands before each is kept.
fn guide_with_its_tables() -> String {
    let mut sections = GUIDE.split("\n### `");
    let mut guide = sections.next().unwrap().trim_end().to_owned();
    for section in sections {
        let (code, text) = section.split_once('`').unwrap();
        let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('|')).collect();
        let known = RejectionKind::ALL.iter().find(|kind| kind.code() == code);
        let table = known.map(|kind| causes(*kind)).unwrap_or_default();
        guide = format!("{guide}\n\n### `{code}`{}\n\n{}", text.join("\n").trim_end(), table.trim_end());
    }
    guide + "\n"
}

/// After a change of the causes: `WRITE_GUIDE=1 cargo test --test it codes::`.
#[test]
fn the_guide_has_the_causes_of_every_code() {
    let expected = guide_with_its_tables();
    if std::env::var_os("WRITE_GUIDE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/troubleshooting.md");
        std::fs::write(path, &expected).unwrap();
    } else if expected != GUIDE {
        let differs = expected.lines().zip(GUIDE.lines()).find(|(one, other)| one != other);
        panic!("the tables of the guide are old: WRITE_GUIDE=1 cargo test --test it codes:: ({differs:?})");
    }
}

#[test]
fn problems_point_to_sections_of_the_guide() {
    #[expect(unused_imports, reason = "there must be such a module, whose page this is")]
    use tower_entra::guide::troubleshooting;

    for kind in RejectionKind::ALL {
        let context = ResponseContext::new(Default::default(), true);
        let answer = Problem::new().respond(&Rejection::new(*kind), &context);
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        let page = "https://docs.rs/tower-entra/latest/tower_entra/guide/troubleshooting/index.html";
        assert_eq!(body["type"], format!("{page}#{}", kind.code()));
    }
}

/// Words in code marks that look like a code, in the middle column of the table of checks.
#[test]
fn the_readme_names_existing_codes() {
    let table = README.split("## What is checked").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut named = BTreeSet::new();
    for row in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let column = row.split('|').nth(2).unwrap();
        named.extend(column.split('`').skip(1).step_by(2));
    }
    assert!(named.len() > 15, "{named:?}");
    for code in named {
        assert!(RejectionKind::ALL.iter().any(|kind| kind.code() == code), "{code} does not exist");
    }
}

/// How a request comes to its code.
enum Recipe {
    /// This token.
    Token(fn(&Bench) -> TokenBuilder),
    /// This header.
    Header(&'static str),
    /// A request to a service that wants a scope and an application's role, or has no layer around it.
    Service(fn(&Bench) -> Option<TokenBuilder>),
    /// A request to a service that wants this.
    Of(fn() -> Requirement, fn(&Bench) -> TokenBuilder),
    TwoHeaders,
    NoKeys,
}

use Recipe::{Header, NoKeys, Of, Service, Token, TwoHeaders};

#[rustfmt::skip]
const RECIPES: [(RejectionKind, Recipe); 26] = [
    (RejectionKind::MissingToken, Header("Basic dTpw")),
    (RejectionKind::MalformedHeader, TwoHeaders),
    (RejectionKind::TokenTooLarge, Token(|bench| bench.token().claim("filling", "x".repeat(20_000)))),
    (RejectionKind::MalformedToken, Token(|bench| bench.token().raw_payload("{}"))),
    (RejectionKind::EncryptedToken, Header("Bearer a.b.c.d.e")),
    (RejectionKind::UnsupportedAlgorithm, Token(|bench| bench.token().algorithm(SigningAlgorithm::Rs512))),
    (RejectionKind::UnknownIssuer, Token(|bench| bench.token().claim("iss", "https://evil.example/"))),
    (RejectionKind::UnknownKey, Token(|bench| bench.token().kid("unknown"))),
    (RejectionKind::KeysUnavailable, NoKeys),
    (RejectionKind::BadSignature, Token(|bench| bench.token().wrong_key())),
    (RejectionKind::MicrosoftApiToken, Token(|bench| bench.token().graph())),
    (RejectionKind::WrongIssuer, Token(|bench| bench.token().claim("tid", MockEntra::OTHER_TENANT))),
    (RejectionKind::WrongTenant, Token(|bench| bench.token().tenant(MockEntra::OTHER_TENANT))),
    (RejectionKind::Expired, Token(|bench| bench.token().expired())),
    (RejectionKind::NotYetValid, Token(|bench| bench.token().not_before(START + 3600))),
    (RejectionKind::WrongAudience, Token(|bench| bench.token().audience("api://another"))),
    (RejectionKind::NotAnAccessToken, Token(|bench| bench.token().id_token().audience(MockEntra::CLIENT_ID))),
    (RejectionKind::ProofRequired, Token(|bench| bench.token().claim("cnf", "x"))),
    (RejectionKind::ClientNotAllowed, Token(|bench| bench.token().client(MockEntra::OTHER_CALLER))),
    (RejectionKind::ClaimMissing, Token(|bench| bench.token().without_claim("sid"))),
    (RejectionKind::ClaimNotAllowed, Token(|bench| bench.token().claim("sid", "another"))),
    (RejectionKind::InsufficientScope, Service(|bench| Some(bench.token().scopes("Other")))),
    (RejectionKind::InsufficientRole, Service(|bench| Some(bench.token().app().roles(["Other"]).claim("sid", "a")))),
    (RejectionKind::GroupsOverage, Of(|| Requirement::group("g"), |bench| bench.token().claim("hasgroups", true))),
    (RejectionKind::InsufficientClaims, Of(|| Requirement::auth_context("c1"), |bench| bench.token().claim("xms_cc", "cp1"))),
    (RejectionKind::LayerMissing, Service(|_| None)),
];

fn read() -> Requirement {
    Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"))
}

/// The rejection in the answer of a service with `RequireLayer`, behind our layer unless there is no token.
async fn of_service(bench: &Bench, requirement: Requirement, token: Option<TokenBuilder>) -> Rejection {
    let inner =
        service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("inside")))) });
    let required = RequireLayer::new(requirement).layer(inner);
    let rejection = |extensions: &http::Extensions| extensions.get::<Rejection>().cloned();
    match token {
        None => rejection(required.oneshot(Request::new(())).await.unwrap().extensions()),
        Some(token) => {
            let header = format!("Bearer {}", token.build());
            let request = Request::builder().header("authorization", header).body(()).unwrap();
            let service = ServiceBuilder::new().layer(AuthenticateLayer::new(bench.verifier.clone())).service(required);
            rejection(service.oneshot(request).await.unwrap().extensions())
        }
    }
    .unwrap()
}

#[tokio::test]
async fn every_code_is_reached() {
    let bench = Bench::of(MockEntra::new(), |builder| {
        builder
            .tenant(MockEntra::TENANT)
            .allowed_client(MockEntra::CALLER)
            .required_claim(ClaimRule::any("sid", ["bbbbbbbb-1111-2222-3333-444444444444", "a"]))
    })
    .await;
    let kinds: Vec<RejectionKind> = RECIPES.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, RejectionKind::ALL, "each code has one recipe, in their order");
    for (kind, recipe) in RECIPES {
        let rejection = match recipe {
            Token(token) => bench.send_token(&token(&bench).build()).await.rejection,
            Header(header) => bench.send_header(header.as_bytes()).await.unwrap().rejection,
            Service(token) => Some(of_service(&bench, read(), token(&bench)).await),
            Of(requirement, token) => Some(of_service(&bench, requirement(), Some(token(&bench))).await),
            TwoHeaders => {
                let mut request = Request::new(());
                request.headers_mut().append("authorization", "Bearer a".parse().unwrap());
                request.headers_mut().append("authorization", "Bearer b".parse().unwrap());
                bench.send(request).await.rejection
            }
            NoKeys => {
                let bench = Bench::cold(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT));
                bench.mock.set_fault(Fault::Down);
                bench.send_token(&bench.token().build()).await.rejection
            }
        };
        let rejection = rejection.unwrap_or_else(|| panic!("{} is not reached", kind.code()));
        assert_eq!(rejection.kind(), kind, "{rejection}");
        assert_eq!(rejection.status(), kind.status(), "{rejection}");
        assert!(rejection.hint().contains(kind.remedy()), "{rejection}");
        assert_eq!(rejection.retry_after_time().is_some(), kind == RejectionKind::KeysUnavailable, "{rejection}");
    }
    assert_eq!(bench.calls(), 0);
    bench.clock.advance(Duration::ZERO);
    bench.accepts("a good one", &bench.token().build()).await;
}

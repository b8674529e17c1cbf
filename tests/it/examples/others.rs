//! The other examples: what they print to be pasted is pasted, and answered as they say.

use http::Method;
use mock_entra::MockEntra;

use crate::program::{Answer, Program, example};

/// The tokens in what an example printed, in their order.
fn tokens(program: &Program) -> Vec<String> {
    let stdout = program.stdout();
    stdout.split("Bearer ").skip(1).map(|behind| behind.split(['\'', '"']).next().unwrap().to_owned()).collect()
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, &answer.body)
}

#[tokio::test]
async fn hyper() {
    let server = Program::start(example("hyper")).await;
    let token = &tokens(&server)[0];
    let body = format!("path /here\ncaller {}\n", MockEntra::USER);
    assert_eq!(told(&server.get("/here", token).await), (200, body.as_str()));
    let refused = server.get("/", "").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer realm=\"lines\""));
}

#[tokio::test]
async fn tenants() {
    let server = Program::start(example("tenants")).await;
    let [customer, owner] = &tokens(&server)[..] else { panic!("two tokens") };
    let path = format!("/tenants/{}", MockEntra::OTHER_TENANT);
    let greeting = format!("hello, tenant {}", MockEntra::OTHER_TENANT);
    for _ in 0..2 {
        assert_eq!(told(&server.get("/", customer).await), (200, greeting.as_str()));
    }
    let put_out = async |token: &str| {
        let authorization = format!("Bearer {token}");
        server.ask(Method::DELETE, &path, &[("authorization", &authorization)]).await.status
    };
    assert_eq!(put_out(customer).await, 403);
    assert_eq!(server.get("/", customer).await.status, 200);
    assert_eq!(put_out(owner).await, 204);
    let refused = server.get("/", customer).await;
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains("\"code\":\"wrong_tenant\"") && refused.body.contains("its contract has ended"));
    assert_eq!(server.get("/", owner).await.status, 200);
}

#[tokio::test]
async fn authorities() {
    let server = Program::start(example("authorities")).await;
    let stdout = server.stdout();
    let promises: Vec<&str> =
        stdout.lines().filter_map(|line| line.split_once(" It answers ")).map(|(_, it)| it).collect();
    let tokens = tokens(&server);
    assert_eq!((promises.len(), tokens.len()), (7, 7), "{stdout}");
    for (promise, token) in promises.iter().zip(&tokens) {
        let (status, text) = promise.trim_end_matches('.').split_once(" and ").unwrap();
        let answer = server.get("/orders", token).await;
        assert_eq!(answer.status.to_string(), status, "{promise}: {answer:?}");
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
        assert!(answer.body.contains(text), "{promise}: {answer:?}");
    }
    let bodies = async |at: usize| server.get("/orders", &tokens[at]).await.body;
    let body = bodies(2).await;
    assert!(
        body.starts_with("the orders that are shared with your company, for oidc/http%3A%2F%2F127.0.0.1%3A"),
        "{body}"
    );
    assert!(body.ends_with(&format!("%2Foauth2%2Fdefault/{}\n", MockEntra::USER)), "{body}");
    assert_eq!(server.get("/orders", "").await.status, 401);
}

#[tokio::test]
async fn custom_claims() {
    let server = Program::start(example("custom_claims")).await;
    let [employee, guest] = &tokens(&server)[..] else { panic!("two tokens") };
    assert_eq!(told(&server.get("/", employee).await), (200, "hello, number 7 of Research"));
    assert_eq!(server.get("/", guest).await.status, 403);
    assert_eq!(server.get("/", "").await.status, 401);
}

#[tokio::test]
async fn custom_responder() {
    let server = Program::start(example("custom_responder")).await;
    let token = &tokens(&server)[0];
    for path in ["/problem", "/page"] {
        assert_eq!(server.get(path, token).await.status, 200, "{path}");
    }
    let problem = server.get("/problem", "").await;
    assert_eq!(told(&problem), (401, r#"{"type":"about:blank","title":"Unauthorized","status":401}"#));
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let page = server.get("/page", "").await;
    assert_eq!((page.status, page.header("content-type")), (401, "text/html; charset=utf-8"));
    assert!(page.body.contains("<h1>Please sign in</h1><p>the request has no bearer token"), "{page:?}");
    assert_eq!(page.header("www-authenticate"), "Bearer");
}

//! `examples/playground`, asked directly, and used in a browser.
//!
//! `tests/browser/install` installs what drives the browser and prints what `TOWER_ENTRA_BROWSER` is to be; without that
//! variable the test that needs it is skipped. `TOWER_ENTRA_SCREENSHOT` is a file for a picture of the page.

use std::{env, path::PathBuf, process::Stdio, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, process::Command, time::timeout};
use mock_entra::MockEntra;

use crate::{
    program::{Program, example},
    support::parts,
};

/// The longest time that everything in the browser may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A made-up token: its name and title, the code of its refusal and the cause, and the status that the route answers.
type Row = (&'static str, &'static str, Option<(&'static str, &'static str)>, u16);

const SAMPLES: [Row; 20] = [
    ("user", "A user, v2", None, 200),
    ("user-v1", "A user, v1", None, 200),
    ("app", "An application with a role", None, 200),
    ("graph", "For Microsoft Graph", Some(("microsoft_api_token", "graph_token")), 401),
    ("arm", "For Azure Resource Manager", Some(("microsoft_api_token", "arm_token")), 401),
    ("id-token", "An id token", Some(("wrong_audience", "id_token")), 401),
    ("expired", "Expired an hour ago", Some(("expired", "expired")), 401),
    ("not-yet-valid", "Valid from tomorrow on", Some(("not_yet_valid", "not_yet_valid")), 401),
    ("other-tenant", "Another tenant", Some(("wrong_tenant", "other_tenant")), 401),
    ("personal", "A personal account", Some(("wrong_tenant", "personal_account")), 401),
    ("other-cloud", "Another cloud", Some(("unknown_issuer", "other_cloud")), 401),
    ("wrong-key", "Signed by somebody else", Some(("bad_signature", "bad_signature")), 401),
    ("unknown-key", "Signed with an unknown key", Some(("unknown_key", "own_signing_key")), 401),
    ("near-miss", "An audience with a path", Some(("wrong_audience", "audience_near_miss")), 401),
    ("no-scope", "Without the route's scope", Some(("insufficient_scope", "no_scope")), 403),
    ("encrypted", "Encrypted", Some(("encrypted_token", "encrypted")), 401),
    ("unsigned", "Not signed at all", Some(("unsupported_algorithm", "unsigned")), 401),
    ("bound", "Bound to a key", Some(("proof_required", "bound_token")), 401),
    ("quoted", "Pasted with its quotes", Some(("malformed_token", "quoted")), 401),
    ("response", "The whole token response", Some(("malformed_token", "token_response")), 401),
];

/// An answer as text.
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Asks with exactly these headers; where `host` is not among them, with the right one.
async fn ask(playground: &Program, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let host = playground.url().strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", host);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
    let (head, body): (Response<()>, Bytes) = {
        let (head, body) = response.into_parts();
        (Response::from_parts(head, ()), body.collect().await.unwrap().to_bytes())
    };
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: head.status().as_u16(), headers: head.headers().clone(), body }
}

async fn get(playground: &Program, path: &str) -> Answer {
    ask(playground, Method::GET, path, &[], String::new()).await
}

async fn diagnose(playground: &Program, text: &str) -> Answer {
    let headers = [("content-type", "application/json")];
    ask(playground, Method::POST, "/diagnose", &headers, json!({ "token": text }).to_string()).await
}

async fn started() -> Program {
    Program::start(example("playground")).await
}

#[tokio::test]
async fn each_made_up_token_has_its_cause() {
    let playground = started().await;
    let listed = get(&playground, "/samples").await.json();
    let expected: Vec<_> = SAMPLES.iter().map(|(id, title, ..)| json!({ "id": id, "title": title })).collect();
    assert_eq!(listed, json!(expected));
    let meanings = get(&playground, "/claims.js").await.body;
    for (id, _, refused, status) in SAMPLES {
        let text = get(&playground, &format!("/samples/{id}")).await.body;
        let answer = diagnose(&playground, &text).await;
        let diagnosis = answer.json();
        assert_eq!(diagnosis["accepted"], refused.is_none(), "{id}: {diagnosis}");
        let found = diagnosis["code"].as_str().zip(diagnosis["cause"]["kind"].as_str());
        assert_eq!(found, refused, "{id}: {diagnosis}");
        assert_eq!(diagnosis["further"], json!([]), "{id}: one fault each");

        let authorization = format!("Bearer {text}");
        let route = ask(&playground, Method::GET, "/files", &[("authorization", &authorization)], String::new()).await;
        assert_eq!(route.status, status, "{id}: {}", route.body);
        let body = match status {
            200 => r#"{"files":["one.txt","two.txt"]}"#,
            401 => r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#,
            _ => r#"{"statusCode":403,"message":"Forbidden. The access token lacks a required permission."}"#,
        };
        assert_eq!(route.body, body, "{id}: the default answer");
        assert_eq!(route.header("www-authenticate").is_empty(), status == 200, "{id}");

        let signature = text.rsplit('.').next().unwrap().trim_end_matches(['"', '}']);
        assert_eq!(signature.is_empty(), id == "unsigned");
        for answer in [&answer, &route].into_iter().filter(|_| !signature.is_empty()) {
            assert!(!format!("{:?}{}", answer.headers, answer.body).contains(signature), "{id}: {}", answer.body);
        }
        for part in ["header", "claims"] {
            for name in diagnosis["token"][part].as_object().into_iter().flat_map(|members| members.keys()) {
                assert!(meanings.contains(&format!("['{name}', ")), "{id}: {name} has no meaning");
            }
        }
    }
}

#[tokio::test]
async fn no_answer_and_no_line_of_output_has_a_signature() {
    let playground = started().await;
    let token = MockEntra::new().token().build();
    let [header, payload, signature] = parts(&token);
    for text in [
        token.clone(),
        format!("Bearer {token}"),
        format!("'{token}'"),
        format!("{token} {token}"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}.{payload}.{signature}.x"),
        format!("{header}.{signature}.{payload}"),
        format!("{signature}.{payload}.{header}"),
        signature.to_owned(),
        json!({ "access_token": token }).to_string(),
        json!({ "unknown": token }).to_string(),
        token.replace('.', "%2E"),
    ] {
        let answer = diagnose(&playground, &text).await;
        assert_eq!(answer.status, 200, "{text}");
        assert_eq!(answer.json()["accepted"], false, "{text}: signed by nobody that is known");
        assert!(!answer.body.contains(signature), "{text}: {}", answer.body);
    }
    let printed = playground.stdout() + &playground.stderr();
    assert!(!printed.contains(signature) && !printed.contains(payload), "{printed}");
}

/// What it is, method, path and headers, and the status of the answer.
type Asked<'a> = (&'a str, &'a Method, &'a str, Vec<(&'a str, &'a str)>, u16);

#[tokio::test]
async fn only_its_own_page_may_ask() {
    let playground = started().await;
    let own = playground.url().to_owned();
    let host = own.strip_prefix("http://").unwrap();
    let port = host.rsplit(':').next().unwrap();
    let local = format!("localhost:{port}");
    let local_page = format!("http://{local}");
    let json = ("content-type", "application/json");
    let https = own.replace("http:", "https:");
    let rebound = format!("rebound.example:{port}");
    let rebound_page = format!("http://{rebound}");
    let (get, post) = (Method::GET, Method::POST);
    let table: Vec<Asked<'_>> = vec![
        ("the page", &get, "/", vec![], 200),
        ("by the other name of the same", &get, "/", vec![("host", &local)], 200),
        ("a link from elsewhere", &get, "/", vec![("sec-fetch-site", "cross-site")], 200),
        ("a name that was bound to 127.0.0.1", &get, "/", vec![("host", &rebound)], 421),
        (
            "the same with its script",
            &post,
            "/diagnose",
            vec![json, ("host", &rebound), ("origin", &rebound_page)],
            421,
        ),
        ("the route too", &get, "/files", vec![("host", &rebound)], 421),
        ("another port", &get, "/", vec![("host", "127.0.0.1:1")], 421),
        ("no port", &get, "/", vec![("host", "127.0.0.1")], 421),
        ("two names", &get, "/", vec![("host", host), ("host", host)], 421),
        ("its own script", &post, "/diagnose", vec![json, ("origin", &own), ("sec-fetch-site", "same-origin")], 200),
        ("by the other name", &post, "/diagnose", vec![json, ("host", &local), ("origin", &local_page)], 200),
        ("no browser", &post, "/diagnose", vec![json], 200),
        ("another page", &post, "/diagnose", vec![json, ("origin", "https://contoso.example")], 403),
        ("another page of this machine", &post, "/diagnose", vec![json, ("origin", "http://127.0.0.1:1")], 403),
        ("another scheme", &post, "/diagnose", vec![json, ("origin", &https)], 403),
        ("its other name", &post, "/diagnose", vec![json, ("origin", &local_page)], 403),
        ("a page without an origin", &post, "/diagnose", vec![json, ("origin", "null")], 403),
        ("two origins", &post, "/diagnose", vec![json, ("origin", &own), ("origin", &own)], 403),
        ("one that hides its origin", &post, "/diagnose", vec![json, ("sec-fetch-site", "cross-site")], 403),
        ("another port's page", &post, "/diagnose", vec![json, ("sec-fetch-site", "same-site")], 403),
        ("a form", &post, "/diagnose", vec![("content-type", "text/plain")], 415),
        ("a preflight", &Method::OPTIONS, "/diagnose", vec![("origin", "https://contoso.example")], 403),
        ("a preflight for the route", &Method::OPTIONS, "/files", vec![("origin", "https://contoso.example")], 403),
        ("by the address", &get, "/diagnose?token=x", vec![], 405),
        ("an unknown sample", &get, "/samples/none", vec![], 404),
        ("an unknown page", &get, "/none", vec![], 404),
    ];
    for (what, method, path, headers, status) in table {
        let answer = ask(&playground, method.clone(), path, &headers, r#"{"token":""}"#.to_owned()).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
    }
    assert_eq!(diagnose(&playground, &"x".repeat(300_000)).await.status, 413);
}

#[tokio::test]
async fn the_page_may_load_nothing_but_its_own_files() {
    let playground = started().await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let page = get(&playground, "/").await.body;
    for judged_for in [MockEntra::TENANT, MockEntra::CLIENT_ID] {
        assert!(page.contains(judged_for), "for which API it is judged: {judged_for}");
    }
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/claims.js", "text/javascript; charset=utf-8"),
        ("/samples", "application/json"),
        ("/samples/user", "text/plain; charset=utf-8"),
        ("/samples/none", ""),
        ("/none", ""),
    ] {
        let answer = get(&playground, path).await;
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let hosts: Vec<_> = answer.body.split("//").skip(1).filter(|rest| !rest.starts_with(' ')).collect();
        assert!(path.starts_with("/samples") || hosts.is_empty(), "{path} names another host: {hosts:?}");
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=", "onclick"] {
            assert!(!answer.body.contains(way), "{path}: {way}");
        }
    }
}

/// What is used as a person would; [`SAMPLES`] says what is to be seen.
#[tokio::test]
async fn in_a_browser() {
    let Some(browser) = env::var_os("TOWER_ENTRA_BROWSER").filter(|path| !path.is_empty()) else {
        println!("skipped: TOWER_ENTRA_BROWSER is not set; tests/browser/install prints what it is to be");
        return;
    };
    let node = env::var_os("TOWER_ENTRA_NODE").filter(|path| !path.is_empty()).unwrap_or_else(|| "node".into());
    let playground = started().await;
    let markup = r#"<img src=x onerror="window.hit=1">"#;
    let hostile = MockEntra::new()
        .token()
        .audience(markup)
        .header("typ", markup)
        .header("kid", "<script>window.hit=2</script>")
        .claim("name", markup)
        .claim("groups", json!([markup, { markup: markup }]))
        .claim(markup, "<svg onload=window.hit=3>")
        .claim("constructor", "javascript:window.hit=4")
        .claim("__proto__", json!({ "toString": markup }));
    let samples: Vec<_> = SAMPLES
        .iter()
        .map(|(id, title, refused, status)| {
            let (code, cause) = refused.unzip();
            json!({ "id": id, "title": title, "code": code, "cause": cause, "status": status })
        })
        .collect();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let screenshot = env::var_os("TOWER_ENTRA_SCREENSHOT").map(|path| root.join(path));
    let input = json!({
        "url": playground.url(),
        "browser": PathBuf::from(browser),
        "samples": samples,
        "hostile": hostile.build(),
        "long": MockEntra::new().token().claim("name", "x".repeat(2000)).claim("y".repeat(500), 1).build(),
        "screenshot": screenshot,
    });
    let mut command = Command::new(node);
    command.arg(root.join("tests/browser/playground.mjs")).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // If it ended before it read everything, it says why.
    let _ = child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).await;
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.trim() == "well", "{said}\n{errors}");
}

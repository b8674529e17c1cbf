//! What the Model Context Protocol asks of a server that takes tokens (its chapter on authorization, 2025-11-25), sentence
//! by sentence, over HTTP; and the whole way of a client that knows nothing but the server's address.

use std::collections::BTreeMap;

use axum::{Router, routing::post};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mock_entra::{MockEntra, MockServer, TokenBuilder};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tower_entra::{
    AuthenticateLayer, RequireLayer, Requirement, Verifier,
    metadata::{MetadataLayer, ProtectedResource},
};

use crate::program::{Program, example};

/// An MCP server and its Entra.
struct Mcp {
    entra: MockServer,
    /// Of the server, without a path.
    base: String,
}

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The parameters of the challenge. None of ours has a comma or an escape in it.
    fn challenge(&self) -> BTreeMap<&str, &str> {
        let header = self.headers["www-authenticate"].strip_prefix("Bearer").unwrap().trim();
        let pairs = header.split("\", ").filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once("=\"").unwrap()).map(|(name, value)| (name, value.trim_matches('"'))).collect()
    }
}

/// Sends a request to where `url` points.
async fn send(method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(format!("/{path}")).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let body = body.collect().await.unwrap().to_bytes();
    Reply { status: parts.status.as_u16(), headers: headers.collect(), body: String::from_utf8(body.to_vec()).unwrap() }
}

impl Mcp {
    async fn start() -> Self {
        let entra = MockEntra::serve("127.0.0.1:0").await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let verifier = Verifier::builder()
            .instance(entra.url())
            .tenant(MockEntra::TENANT)
            .client_id(MockEntra::CLIENT_ID)
            .resource(format!("{base}/mcp"))
            .build()
            .unwrap();
        verifier.warm_up().await.unwrap();
        let resource = ProtectedResource::of(&verifier)
            .authorization_server(entra.entra().v2_issuer(MockEntra::TENANT))
            .scope(format!("{base}/mcp/Tools.Call"))
            .build()
            .unwrap();
        let app = Router::new()
            .route("/mcp", post(async || "called").layer(RequireLayer::new(Requirement::scope("Tools.Call"))))
            .layer(AuthenticateLayer::new(verifier).protected_resource(&resource))
            .layer(MetadataLayer::new(resource));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { entra, base }
    }

    fn token(&self) -> TokenBuilder {
        self.entra.entra().token().scopes("Tools.Call")
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Calls the server with this header, or without one.
    async fn call(&self, authorization: Option<&str>) -> Reply {
        let headers: Vec<_> = authorization.into_iter().map(|value| ("authorization", value)).collect();
        send(Method::POST, &self.url("/mcp"), &headers, "{}").await
    }

    async fn call_with(&self, token: &TokenBuilder) -> Reply {
        self.call(Some(&format!("Bearer {}", token.build()))).await
    }
}

/// "MCP servers MUST implement OAuth 2.0 Protected Resource Metadata (RFC9728)." "The Protected Resource Metadata document
/// returned by the MCP server MUST include the `authorization_servers` field containing at least one authorization server."
#[tokio::test]
async fn metadata_with_an_authorization_server() {
    let mcp = Mcp::start().await;
    let reply = send(Method::GET, &mcp.url("/.well-known/oauth-protected-resource/mcp"), &[], "").await;
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "application/json"));
    let document = reply.json();
    assert_eq!(document["authorization_servers"], serde_json::json!([mcp.entra.entra().v2_issuer(MockEntra::TENANT)]));
    // RFC 9728 §3.3: clients compare it with what they called.
    assert_eq!(document["resource"], mcp.url("/mcp"));
    let none = ProtectedResource::builder("https://mcp.contoso.example").build().unwrap_err();
    assert_eq!(none.problems()[0].setting(), "authorization_server()");
}

/// "MCP servers MUST implement one of the following discovery mechanisms": "Include the resource metadata URL in the
/// WWW-Authenticate HTTP header under `resource_metadata` when returning 401 Unauthorized responses"; "Serve metadata at a
/// well-known URI": "At the path of the server's MCP endpoint" or "At the root". Both, and in both places.
#[tokio::test]
async fn both_ways_of_discovery() {
    let mcp = Mcp::start().await;
    let refused = mcp.call(None).await;
    let url = refused.challenge()["resource_metadata"].to_owned();
    assert_eq!(url, mcp.url("/.well-known/oauth-protected-resource/mcp"));
    let root = mcp.url("/.well-known/oauth-protected-resource");
    let documents = [
        send(Method::GET, &url, &[], "").await,
        send(Method::GET, &root, &[], "").await,
        // A client that has a bad token, and a browser's.
        send(Method::GET, &url, &[("authorization", "Bearer bad"), ("origin", "https://app.example")], "").await,
    ];
    for document in &documents {
        assert_eq!((document.status, &document.body), (200, &documents[0].body));
        assert_eq!(document.headers["access-control-allow-origin"], "*");
        assert_eq!(document.headers["content-length"], document.body.len().to_string());
    }
    let head = send(Method::HEAD, &url, &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.headers["content-length"], documents[0].body.len().to_string());
    assert_eq!(send(Method::POST, &url, &[], "{}").await.headers["allow"], "GET, HEAD, OPTIONS");
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "mcp-protocol-version"),
    ];
    let preflight = send(Method::OPTIONS, &url, &preflight, "").await;
    assert_eq!((preflight.status, preflight.headers["access-control-allow-headers"].as_str()), (204, "*"));
}

/// "MCP servers SHOULD include a `scope` parameter in the WWW-Authenticate header as defined in RFC 6750 Section 3 to
/// indicate the scopes required for accessing the resource."
#[tokio::test]
async fn scope_in_the_challenge() {
    let mcp = Mcp::start().await;
    for authorization in [None, Some("Bearer bad"), Some("Basic dTpw")] {
        let refused = mcp.call(authorization).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.challenge()["scope"], mcp.url("/mcp/Tools.Call"));
    }
}

/// "MCP servers MUST validate that access tokens were issued specifically for them as the intended audience." "MCP servers
/// MUST only accept tokens that are valid for use with their own resources." With Entra that is the client id, and the
/// resource's address is not.
#[tokio::test]
async fn tokens_for_others() {
    let mcp = Mcp::start().await;
    assert_eq!(mcp.call_with(&mcp.token()).await.status, 200);
    for audience in [MockEntra::CALLER, "api://another", &mcp.url("/mcp"), "https://graph.microsoft.com", ""] {
        assert_eq!(mcp.call_with(&mcp.token().audience(audience)).await.status, 401, "{audience}");
    }
    assert_eq!(mcp.call_with(&mcp.token().tenant(MockEntra::OTHER_TENANT)).await.status, 401);
}

/// "Invalid or expired tokens MUST receive a HTTP 401 response." And each says where the metadata are.
#[tokio::test]
async fn invalid_or_expired() {
    let mcp = Mcp::start().await;
    let tokens = [
        mcp.token().expired().build(),
        mcp.token().wrong_key().build(),
        mcp.token().claim("iss", "https://evil.example/").build(),
        mcp.token().id_token().build(),
        "not a token".to_owned(),
        "a.b.c".to_owned(),
        String::new(),
    ];
    for token in tokens {
        let refused = mcp.call(Some(&format!("Bearer {token}"))).await;
        assert_eq!(refused.status, 401, "{token}");
        let challenge = refused.challenge();
        assert_eq!(challenge.get("error").copied(), (!token.is_empty()).then_some("invalid_token"), "RFC 6750 §3.1");
        assert_eq!(challenge["resource_metadata"], mcp.url("/.well-known/oauth-protected-resource/mcp"));
    }
}

/// "When a client makes a request with an access token with insufficient scope": "HTTP 403 Forbidden",
/// `error="insufficient_scope"`, `scope` with those required, `resource_metadata`.
#[tokio::test]
async fn insufficient_scope() {
    let mcp = Mcp::start().await;
    let refused = mcp.call_with(&mcp.token().scopes("Other")).await;
    assert_eq!(refused.status, 403);
    let challenge = refused.challenge();
    assert_eq!(challenge["error"], "insufficient_scope");
    assert_eq!(challenge["scope"], mcp.url("/mcp/Tools.Call"), "in full, as Entra wants to be asked");
    assert_eq!(challenge["resource_metadata"], mcp.url("/.well-known/oauth-protected-resource/mcp"));
}

/// "Access tokens MUST NOT be included in the URI query string." "MCP client MUST use the Authorization request header
/// field"; so the server reads no other place.
#[tokio::test]
async fn no_token_in_the_query() {
    let mcp = Mcp::start().await;
    let token = mcp.token().build();
    let url = mcp.url(&format!("/mcp?access_token={token}"));
    assert_eq!(send(Method::POST, &url, &[], "").await.status, 401);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(send(Method::POST, &mcp.url("/mcp"), &form, &format!("access_token={token}")).await.status, 401);
    let document = send(Method::GET, &mcp.url("/.well-known/oauth-protected-resource"), &[], "").await.json();
    assert_eq!(document["bearer_methods_supported"], serde_json::json!(["header"]));
}

/// "MCP Servers (Protected Resources) SHOULD NOT include `offline_access` in WWW-Authenticate scope or Protected Resource
/// Metadata `scopes_supported`, as refresh tokens are not a resource requirement."
#[test]
fn offline_access_is_refused() {
    let resource = ProtectedResource::builder("https://mcp.contoso.example").authorization_server("https://a.example");
    assert_eq!(resource.scope("offline_access").build().unwrap_err().problems()[0].setting(), "scope()");
}

/// "400 Bad Request: Malformed authorization request."
#[tokio::test]
async fn malformed_authorization() {
    let mcp = Mcp::start().await;
    let bearer = format!("Bearer {}", mcp.token().build());
    let two = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    let refused = send(Method::POST, &mcp.url("/mcp"), &two, "").await;
    assert_eq!((refused.status, refused.challenge()["error"]), (400, "invalid_request"));
}

/// `examples/metadata.rs`: from its address alone to an answer.
#[tokio::test]
async fn the_whole_way_of_a_client() {
    let server = Program::start(example("metadata")).await;
    let mcp = format!("{}/mcp", server.url());

    let refused = send(Method::POST, &mcp, &[], "{}").await;
    assert_eq!(refused.status, 401);
    let metadata = send(Method::GET, refused.challenge()["resource_metadata"], &[], "").await.json();
    assert_eq!(metadata["resource"], mcp);
    assert_eq!(metadata["resource_name"], "Tools");
    assert_eq!(metadata["scopes_supported"][0], refused.challenge()["scope"]);

    // OpenID Connect discovery appends to the issuer (MCP asks clients for this form too).
    let issuer = metadata["authorization_servers"][0].as_str().unwrap();
    let discovery = send(Method::GET, &format!("{issuer}/.well-known/openid-configuration"), &[], "").await.json();
    assert_eq!(discovery["issuer"], issuer);

    // Without a user, so with client credentials; the resource is the metadata's.
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret=a+secret&scope={}%2F.default",
        MockEntra::CALLER,
        metadata["resource"].as_str().unwrap().replace(':', "%3A").replace('/', "%2F"),
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let granted = send(Method::POST, discovery["token_endpoint"].as_str().unwrap(), &headers, &form).await;
    assert_eq!(granted.status, 200, "{}", granted.body);
    let bearer = format!("Bearer {}", granted.json()["access_token"].as_str().unwrap());

    let called = send(Method::POST, &mcp, &[("authorization", &bearer)], "{}").await;
    assert_eq!((called.status, &called.json()["result"]["caller"]), (200, &Value::from(MockEntra::CALLER)));
    assert!(server.stdout().contains(&format!("curl -i -s -w '\\n' -X POST {mcp}")), "{}", server.stdout());
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    convert::Infallible,
    task::{Context, Waker},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::GlobalConcurrencyLimitLayer, service_fn};

use super::*;
use crate::{AuthenticateLayer, Cloud, ConfigError, TenantId, Verifier, verifier::stub};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

fn builder(resource: &str) -> ProtectedResourceBuilder {
    ProtectedResource::builder(resource).tenant(Cloud::Public, tenant())
}

fn mcp() -> ProtectedResource {
    builder("https://mcp.contoso.example/mcp").scope("https://mcp.contoso.example/mcp/Tools.Call").build().unwrap()
}

#[test]
fn the_document_byte_for_byte() {
    let whole = builder("https://mcp.contoso.example/mcp")
        .tenant(Cloud::China, tenant())
        .authorization_server("https://login.contoso.example")
        .scope("https://mcp.contoso.example/mcp/One")
        .scope("https://mcp.contoso.example/mcp/Two")
        .name("The \"tools\"\n")
        .documentation("https://contoso.example/docs?lang=en#tools")
        .policy("https://contoso.example/policy")
        .terms_of_service("https://contoso.example/terms")
        .build()
        .unwrap();
    assert_eq!(
        whole.json(),
        format!(
            "{}{TENANT}{}{TENANT}{}",
            r#"{"resource":"https://mcp.contoso.example/mcp","authorization_servers":["https://login.microsoftonline.com/"#,
            r#"/v2.0","https://login.partner.microsoftonline.cn/"#,
            concat!(
                r#"/v2.0","https://login.contoso.example"],"#,
                r#""scopes_supported":["https://mcp.contoso.example/mcp/One","https://mcp.contoso.example/mcp/Two"],"#,
                r#""bearer_methods_supported":["header"],"resource_name":"The \"tools\"\n","#,
                r#""resource_documentation":"https://contoso.example/docs?lang=en#tools","#,
                r#""resource_policy_uri":"https://contoso.example/policy","#,
                r#""resource_tos_uri":"https://contoso.example/terms"}"#
            )
        )
    );
    assert_eq!(whole.scopes(), "https://mcp.contoso.example/mcp/One https://mcp.contoso.example/mcp/Two");
    let document: serde_json::Value =
        serde_json::from_slice(&builder("https://a.example").build().unwrap().json()).unwrap();
    let names: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["authorization_servers", "bearer_methods_supported", "resource"], "RFC 9728 §2: none empty");
}

/// RFC 9728 §3.1: the well-known part goes between host and path.
#[test]
fn where_the_document_is() {
    for (resource, address, url) in [
        (
            "https://mcp.contoso.example/mcp",
            None,
            "https://mcp.contoso.example/.well-known/oauth-protected-resource/mcp",
        ),
        ("https://mcp.contoso.example", None, "https://mcp.contoso.example/.well-known/oauth-protected-resource"),
        (
            "https://mcp.contoso.example:8443/a/b",
            None,
            "https://mcp.contoso.example:8443/.well-known/oauth-protected-resource/a/b",
        ),
        ("http://127.0.0.1:4000/mcp", None, "http://127.0.0.1:4000/.well-known/oauth-protected-resource/mcp"),
        ("http://[::1]:4000", None, "http://[::1]:4000/.well-known/oauth-protected-resource"),
        (
            "api://orders",
            Some("https://orders.contoso.example"),
            "https://orders.contoso.example/.well-known/oauth-protected-resource",
        ),
        (
            "api://orders/sub",
            Some("https://orders.contoso.example/v1"),
            "https://orders.contoso.example/.well-known/oauth-protected-resource/v1",
        ),
        (
            "https://contoso.example/orders",
            Some("https://orders.contoso.example/v1"),
            "https://orders.contoso.example/.well-known/oauth-protected-resource/v1",
        ),
    ] {
        let mut builder = builder(resource);
        if let Some(address) = address {
            builder = builder.address(address);
        }
        let built = builder.build().unwrap();
        assert_eq!((built.resource(), built.metadata_url()), (resource, url));
    }
}

#[test]
fn every_mistake_names_its_setting_and_what_is_right() {
    let good = || builder("https://a.example/mcp");
    let none = ProtectedResource::builder("https://a.example");
    let of = |error: Result<ProtectedResource, ConfigError>| -> Vec<(String, String)> {
        let error = error.unwrap_err();
        error.problems().iter().map(|problem| (problem.setting().to_owned(), problem.advice().to_owned())).collect()
    };
    let slash = "leave the slash at its end out";
    let form = "an absolute";
    for (wrong, setting, advice) in [
        (builder(""), "resource()", form),
        (builder("orders"), "resource()", form),
        (builder("/mcp"), "resource()", form),
        (builder("//a.example/mcp"), "resource()", form),
        (builder("https://a.example/"), "resource()", slash),
        (builder("https://a.example/mcp/"), "resource()", slash),
        (builder("https://a.example/mcp#x"), "resource()", "fragment"),
        (builder("https://a.example/mcp?x=1"), "resource()", "query"),
        (builder("https://a.example/{mcp}"), "resource()", form),
        (builder("https://a.example/m\"p"), "resource()", form),
        (builder("https://user@a.example/mcp"), "resource()", "user name"),
        (builder("http://a.example/mcp"), "resource()", "loopback"),
        (builder("ftp://a.example/mcp"), "resource()", "https"),
        (builder("api://a b").address("https://a.example"), "resource()", form),
        (builder("api://").address("https://a.example"), "resource()", "https"),
        (builder("api://orders/").address("https://a.example"), "resource()", slash),
        (builder("api://orders#x").address("https://a.example"), "resource()", "fragment"),
        (builder("api://orders"), "address()", "the public address of this API"),
        (builder("api://orders").address("http://a.example"), "address()", "loopback"),
        (builder("api://orders").address("https://a.example/"), "address()", slash),
        (builder("api://orders").address("https://a.example/?x"), "address()", "query"),
        (builder("api://orders").address("a.example"), "address()", form),
        (none, "authorization_server()", "at least one is needed: name the tenant"),
        (good().authorization_server("login.example"), "authorization_server()", form),
        (good().authorization_server("http://login.example"), "authorization_server()", "loopback"),
        (good().authorization_server("https://login.example/?p=x"), "authorization_server()", "query"),
        (good().authorization_server("https://login.example/#x"), "authorization_server()", "fragment"),
        (good().authorization_server("https://login.example/{tenantid}/v2.0"), "authorization_server()", form),
        (good().scope(""), "scope()", "one scope"),
        (good().scope("a b"), "scope()", "one scope"),
        (good().scope("a\"b"), "scope()", "one scope"),
        (good().scope("a\\b"), "scope()", "one scope"),
        (good().scope("\u{e9}"), "scope()", "one scope"),
        (good().scope("offline_access"), "scope()", "no scope of this API"),
        (good().name(" "), "name()", "a name"),
        (good().documentation("docs"), "documentation()", form),
        (good().documentation("https://a.example/#a b"), "documentation()", form),
        (good().policy("http://a.example"), "policy()", "loopback"),
        (good().terms_of_service("javascript:alert(1)"), "terms_of_service()", form),
    ] {
        let shown = format!("{wrong:?}");
        let problems = of(wrong.build());
        assert_eq!(problems.len(), 1, "{shown}: {problems:?}");
        assert_eq!(problems[0].0, setting, "{shown}: {problems:?}");
        assert!(problems[0].1.contains(advice), "{shown}: {problems:?}");
    }
    let all = ProtectedResource::builder("api://orders/").scope("a b").name("").policy("x").build();
    let settings: Vec<_> = of(all).into_iter().map(|(setting, _)| setting).collect();
    assert_eq!(settings, ["resource()", "address()", "authorization_server()", "scope()", "name()", "policy()"]);
}

#[test]
fn the_verifier_may_name_the_resource() {
    let verifier = |resource: Option<&str>| {
        let builder = Verifier::builder().tenant(TENANT).client_id("66666666-7777-8888-9999-000000000000");
        resource.into_iter().fold(builder, crate::VerifierBuilder::resource).build().unwrap()
    };
    let built = |resource| ProtectedResource::of(&verifier(resource)).tenant(Cloud::Public, tenant()).build();
    assert_eq!(built(Some("https://a.example/mcp")).unwrap().resource(), "https://a.example/mcp");
    let error = built(None).unwrap_err();
    assert_eq!((error.problems()[0].setting(), error.problems()[0].value()), ("resource()", None));
}

async fn inner(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from(format!("inside: {} {}", request.method(), request.uri()))))
}

async fn ask(resource: ProtectedResource, method: Method, path: &str) -> (u16, String, String) {
    let layer = AuthenticateLayer::new(stub::verifier()).protected_resource(&resource);
    let service = ServiceBuilder::new().layer(MetadataLayer::new(resource)).layer(layer).service_fn(inner);
    let response = service.oneshot(Request::builder().method(method).uri(path).body(()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let mut headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), headers.join("\n"), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn who_answers() {
    let length = mcp().json().len();
    let found = format!(
        "access-control-allow-origin: *\ncache-control: public, max-age=3600\ncontent-length: {length}\n\
         content-type: application/json"
    );
    let document = String::from_utf8(mcp().json().to_vec()).unwrap();
    let refused = "access-control-allow-origin: *\nallow: GET, HEAD, OPTIONS".to_owned();
    let preflight = "access-control-allow-headers: *\naccess-control-allow-methods: GET, HEAD, OPTIONS\n\
                     access-control-allow-origin: *\naccess-control-max-age: 3600\nallow: GET, HEAD, OPTIONS"
        .to_owned();
    for path in [PATH.to_owned(), format!("{PATH}/mcp"), format!("{PATH}?x=1"), format!("https://a.example{PATH}/mcp")]
    {
        let ask = |method| ask(mcp(), method, &path);
        assert_eq!(ask(Method::GET).await, (200, found.clone(), document.clone()), "{path}");
        assert_eq!(ask(Method::HEAD).await, (200, found.clone(), String::new()), "{path}");
        assert_eq!(ask(Method::OPTIONS).await, (204, preflight.clone(), String::new()), "{path}");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            assert_eq!(ask(method).await, (405, refused.clone(), String::new()), "{path}");
        }
    }
    for path in [
        "/",
        "/mcp",
        "/.well-known/oauth-protected-resource/",
        "/.well-known/oauth-protected-resource/mcp/",
        "/.well-known/oauth-protected-resource/other",
        "/.well-known/oauth-protected-resource/mcp/mcp",
        "/.well-known/OAuth-protected-resource",
        "/.well-known/oauth-protected-resourcemcp",
        "//.well-known/oauth-protected-resource",
        "/mcp/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource%2Fmcp",
    ] {
        for method in [Method::GET, Method::OPTIONS, Method::POST] {
            assert_eq!(ask(mcp(), method, path).await.0, 401, "{path} is the inner service's");
        }
    }
    let root = builder("https://mcp.contoso.example").build().unwrap();
    assert_eq!(ask(root.clone(), Method::GET, PATH).await.0, 200);
    assert_eq!(ask(root, Method::GET, &format!("{PATH}/mcp")).await.0, 401);
}

#[tokio::test]
async fn refusals_point_to_the_document() {
    let layer = |resource: &ProtectedResource| AuthenticateLayer::new(stub::verifier()).protected_resource(resource);
    let challenge = async |layer: AuthenticateLayer, token: &str| {
        let request = Request::builder().header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let response = layer.layer(service_fn(inner)).oneshot(request).await.unwrap();
        response.headers()["www-authenticate"].to_str().unwrap().to_owned()
    };
    let url = r#"resource_metadata="https://mcp.contoso.example/.well-known/oauth-protected-resource/mcp""#;
    let scope = r#"scope="https://mcp.contoso.example/mcp/Tools.Call""#;
    assert_eq!(challenge(layer(&mcp()), "").await, format!("Bearer {scope}, {url}"));
    let bad = r#"error="invalid_token", error_description="the access token is not valid for this API""#;
    assert_eq!(challenge(layer(&mcp()), "bad").await, format!("Bearer {bad}, {scope}, {url}"));
    let other = layer(&mcp()).challenge_scope("other");
    assert_eq!(challenge(other, "").await, format!(r#"Bearer scope="other", {url}"#));
    let without = builder("https://mcp.contoso.example/mcp").build().unwrap();
    assert_eq!(challenge(layer(&without), "").await, format!("Bearer {url}"));
}

#[tokio::test]
async fn what_is_inside_passes_untouched() {
    let service = MetadataLayer::new(mcp()).layer(service_fn(inner));
    let response = service.oneshot(Request::builder().uri("/mcp?a=b").body(()).unwrap()).await.unwrap();
    assert!(response.headers().is_empty());
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "inside: GET /mcp?a=b");
    let failing = MetadataLayer::new(mcp())
        .layer(service_fn(async |_: Request<()>| Err::<Response<Full<Bytes>>, _>(std::io::Error::other("mine"))));
    assert_eq!(failing.oneshot(Request::new(())).await.unwrap_err().to_string(), "mine");
}

#[tokio::test]
async fn whoever_reads_the_document_holds_no_place_in_a_limit() {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let mut alice = ServiceBuilder::new().layer(MetadataLayer::new(mcp())).layer(limit).service_fn(inner);
    let mut bob = alice.clone();
    let request = Request::builder().uri(PATH).body(()).unwrap();
    assert_eq!(alice.ready().await.unwrap().call(request).await.unwrap().status(), 200);
    assert!(bob.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[test]
fn debug_tells_where_and_no_more() {
    let service = MetadataLayer::new(mcp()).layer(());
    assert!(format!("{service:?}").contains("metadata_url: \"https://mcp.contoso.example/.well-known/"));
}

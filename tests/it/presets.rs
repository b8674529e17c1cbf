//! The look-alikes of other providers: their documents, and what their tokens say.

use jsonwebtoken::{Algorithm, DecodingKey, crypto::aws_lc::DEFAULT_PROVIDER};
use mock_entra::{MockEntra, SigningAlgorithm, TokenBuilder};
use serde_json::{Value, json};
use tower_entra::{
    Cloud,
    fetch::{Fetch, FetchRequest},
};

use crate::support::{START, clock_of, decode, parts};

const T: &str = MockEntra::TENANT;
const API: &str = MockEntra::CLIENT_ID;
const CALLER: &str = MockEntra::CALLER;
const USER: &str = MockEntra::USER;

async fn get(mock: &MockEntra, url: &str) -> (u16, Value) {
    let answer = mock.fetch(FetchRequest::new(url, 100_000)).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

async fn document(mock: &MockEntra, url: &str) -> Value {
    let (status, body) = get(mock, url).await;
    assert_eq!(status, 200, "{url}: {body}");
    body
}

fn b2c() -> MockEntra {
    MockEntra::b2c("contoso", "B2C_1_susi")
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&decode(parts(token)[index])).unwrap()
}

/// Whether the key set has a key by which jsonwebtoken verifies the token, with the algorithm that its header names.
fn verifies(token: &str, keys: &Value) -> bool {
    let header = part(token, 0);
    let Some(key) = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]) else {
        return false;
    };
    let text = |name: &str| key[name].as_str().unwrap();
    let decoding = match text("kty") {
        "RSA" => DecodingKey::from_rsa_components(text("n"), text("e")),
        "EC" => DecodingKey::from_ec_components(text("x"), text("y")),
        _ => DecodingKey::from_ed_components(text("x")),
    };
    let algorithm: Algorithm = header["alg"].as_str().unwrap().parse().unwrap();
    let [head, payload, signature] = parts(token);
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &decoding.unwrap()).unwrap();
    verifier.verify(format!("{head}.{payload}").as_bytes(), &decode(signature)).is_ok()
}

/// Every look-alike: where its metadata is, the issuer and the `jwks_uri` in it, and what its keys have besides `kid`, `kty`,
/// `n`, `e` and `use`.
fn presets() -> Vec<(MockEntra, String, String, String, &'static [&'static str])> {
    const ENTRA: &[&str] = &["cloud_instance_name", "issuer", "x5t"];
    const SOVEREIGN: &[&str] = &["issuer", "x5t"];
    let mut rows = Vec::new();
    for (cloud, members) in [
        (Cloud::Public, ENTRA),
        (Cloud::UsGovernment, ENTRA),
        (Cloud::China, SOVEREIGN),
        (Cloud::Bleu, SOVEREIGN),
        (Cloud::Delos, SOVEREIGN),
        (Cloud::GovSg, SOVEREIGN),
    ] {
        let root = format!("https://{}/{T}", cloud.login_host());
        let (issuer, keys) = (format!("{root}/v2.0"), format!("{root}/discovery/v2.0/keys"));
        rows.push((MockEntra::for_cloud(cloud), issuer.clone(), issuer, keys, members));
    }
    let row = |mock, metadata: &str, issuer: &str, keys: &str, members: &'static [&'static str]| {
        (mock, metadata.replace("{T}", T), issuer.replace("{T}", T), keys.replace("{T}", T), members)
    };
    let okta = "https://contoso.okta.example/oauth2/default";
    let auth0 = "https://contoso.auth0.example";
    let keycloak = "https://id.contoso.example/realms/main";
    let cognito = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1";
    let b2c_root = "https://contoso.b2clogin.com/contoso.onmicrosoft.com";
    let custom = "https://login.contoso.example";
    let ciam = "https://{T}.ciamlogin.com/{T}/v2.0";
    rows.extend([
        row(
            b2c(),
            &format!("{b2c_root}/B2C_1_susi/v2.0"),
            "https://contoso.b2clogin.com/{T}/v2.0/",
            &format!("{b2c_root}/b2c_1_susi/discovery/v2.0/keys"),
            &[],
        ),
        row(
            b2c().tfp_issuer(),
            "https://contoso.b2clogin.com/{T}/b2c_1_SUSI/v2.0",
            "https://contoso.b2clogin.com/tfp/{T}/B2C_1_susi/v2.0/",
            "https://contoso.b2clogin.com/{T}/b2c_1_susi/discovery/v2.0/keys",
            &[],
        ),
        row(
            MockEntra::b2c_at(custom, "B2C_1_susi"),
            &format!("{custom}/{{T}}/B2C_1_susi/v2.0"),
            &format!("{custom}/{{T}}/v2.0/"),
            &format!("{custom}/{{T}}/b2c_1_susi/discovery/v2.0/keys"),
            &[],
        ),
        row(
            MockEntra::external_id("contoso"),
            "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0",
            ciam,
            "https://contoso.ciamlogin.com/{T}/discovery/v2.0/keys",
            ENTRA,
        ),
        row(
            MockEntra::external_id_at(custom),
            &format!("{custom}/{{T}}/v2.0"),
            ciam,
            &format!("{custom}/{{T}}/discovery/v2.0/keys"),
            ENTRA,
        ),
        row(MockEntra::okta(), okta, okta, &format!("{okta}/v1/keys"), &["alg"]),
        row(
            MockEntra::auth0(),
            auth0,
            &format!("{auth0}/"),
            &format!("{auth0}/.well-known/jwks.json"),
            &["alg", "x5t"],
        ),
        row(
            MockEntra::keycloak(),
            keycloak,
            keycloak,
            &format!("{keycloak}/protocol/openid-connect/certs"),
            &["alg", "x5t"],
        ),
        row(MockEntra::cognito(), cognito, cognito, &format!("{cognito}/.well-known/jwks.json"), &["alg"]),
    ]);
    rows
}

#[tokio::test]
async fn their_documents() {
    for (mock, metadata, issuer, jwks_uri, members) in presets() {
        let found = document(&mock, &format!("{metadata}/.well-known/openid-configuration")).await;
        assert_eq!(found["issuer"], issuer);
        assert_eq!(found["jwks_uri"], jwks_uri, "{issuer}");
        assert_eq!(mock.issuer(), issuer);
        assert_eq!(document(&mock, &mock.metadata_url()).await["issuer"], issuer);
        let keys = document(&mock, &jwks_uri).await;
        let key = keys["keys"][0].as_object().unwrap();
        let mut expected = [&["e", "kid", "kty", "n", "use"], members].concat();
        expected.sort_unstable();
        assert_eq!(key.keys().collect::<Vec<_>>(), expected, "{issuer}");
        assert!(key.get("alg").is_none_or(|alg| alg == "RS256"), "{issuer}");
        assert!(key.get("issuer").is_none_or(|of_key| *of_key == issuer), "{issuer}");
    }
}

#[tokio::test]
async fn their_tokens_verify_against_their_keys() {
    for (mock, _, issuer, jwks_uri, _) in presets() {
        clock_of(&mock);
        let keys = document(&mock, &jwks_uri).await;
        let of = |token: TokenBuilder| token.build();
        for token in [of(mock.token()), of(mock.token().app()), of(mock.token().id_token())] {
            assert!(verifies(&token, &keys), "{issuer}");
            let claims = part(&token, 1);
            assert_eq!(claims["iss"], issuer);
            assert!(claims["exp"].as_i64().unwrap() > START && claims["iat"].as_i64().unwrap() <= START, "{issuer}");
        }
        assert!(part(&of(mock.token().expired()), 1)["exp"].as_i64().unwrap() < START, "{issuer}");
        assert!(!verifies(&of(mock.token().wrong_key()), &keys), "{issuer}");
        assert!(verifies(&of(mock.token().claim("extra", 1)), &keys), "{issuer}");

        let old = of(mock.token());
        mock.rotate();
        let keys = document(&mock, &jwks_uri).await;
        assert!(verifies(&old, &keys) && verifies(&of(mock.token()), &keys), "{issuer}: after rotation");
    }
}

#[tokio::test]
async fn the_same_with_every_algorithm() {
    for (algorithm, name, public) in [
        (SigningAlgorithm::Rs256, "RS256", json!(["RSA", null])),
        (SigningAlgorithm::Rs384, "RS384", json!(["RSA", null])),
        (SigningAlgorithm::Rs512, "RS512", json!(["RSA", null])),
        (SigningAlgorithm::Ps256, "PS256", json!(["RSA", null])),
        (SigningAlgorithm::Ps384, "PS384", json!(["RSA", null])),
        (SigningAlgorithm::Ps512, "PS512", json!(["RSA", null])),
        (SigningAlgorithm::Es256, "ES256", json!(["EC", "P-256"])),
        (SigningAlgorithm::Es384, "ES384", json!(["EC", "P-384"])),
        (SigningAlgorithm::EdDsa, "EdDSA", json!(["OKP", "Ed25519"])),
    ] {
        let mock = MockEntra::okta();
        let key = mock.rotate_to(algorithm.clone());
        assert_eq!((key.algorithm(), mock.current_kid()), (&algorithm, key.kid().to_owned()));
        let metadata = document(&mock, &format!("{}/.well-known/openid-configuration", mock.issuer())).await;
        assert_eq!(metadata["id_token_signing_alg_values_supported"], json!([name]));
        let keys = document(&mock, metadata["jwks_uri"].as_str().unwrap()).await;
        let jwk = &keys["keys"][1];
        assert_eq!((&jwk["alg"], json!([jwk["kty"], jwk["crv"]])), (&json!(name), public));
        assert_eq!(jwk["y"].is_string(), jwk["kty"] == "EC", "{name}");
        assert!(jwk.get("d").is_none(), "{name}");

        let token = mock.token().build();
        assert_eq!(part(&token, 0)["alg"], name);
        assert!(verifies(&token, &keys), "{name}");
        let forged = mock.token().wrong_key().build();
        assert_eq!(part(&forged, 0), part(&token, 0), "{name}");
        assert!(!verifies(&forged, &keys), "{name}");
        assert_eq!(mock.rotate().algorithm(), &algorithm, "rotation keeps the algorithm");

        // Told to sign otherwise than the key can: the header says so, and a key that is nowhere signs.
        let other =
            if name == "EdDSA" { (SigningAlgorithm::Rs256, "RS256") } else { (SigningAlgorithm::EdDsa, "EdDSA") };
        let confused = mock.token().algorithm(other.0).build();
        assert_eq!(part(&confused, 0)["alg"], other.1);
        assert_eq!(part(&confused, 0)["kid"], mock.current_kid());
    }
}

/// Some claims of each kind of token; `null` stands for a claim that must not be there.
#[test]
fn what_their_tokens_say() {
    let id = |mock: &MockEntra| mock.token().id_token();
    let app = |mock: &MockEntra| mock.token().app();
    let (okta, auth0, keycloak, cognito) =
        (MockEntra::okta(), MockEntra::auth0(), MockEntra::keycloak(), MockEntra::cognito());
    let external = MockEntra::external_id("contoso");
    let v1 = format!("https://{T}.ciamlogin.com/{T}/");
    let api = "https://api.contoso.example";
    let userinfo = "https://contoso.auth0.example/userinfo";
    for (name, token, expected) in [
        (
            "B2C",
            b2c().token(),
            json!({ "ver": "1.0", "tfp": "B2C_1_susi", "acr": null, "aud": API, "azp": CALLER, "sub": USER,
                "scp": "Files.Read", "tid": null, "oid": null, "nonce": null, "roles": null }),
        ),
        ("B2C, acr", b2c().token().policy_in_acr().policy("B2C_1_edit"), json!({ "tfp": null, "acr": "B2C_1_edit" })),
        (
            "B2C, issuer of a policy",
            b2c().tfp_issuer().token().policy("B2C_1_edit"),
            json!({ "iss": format!("https://contoso.b2clogin.com/tfp/{T}/B2C_1_edit/v2.0/"), "tfp": "B2C_1_edit" }),
        ),
        ("B2C, another tenant", b2c().token().tenant("x"), json!({ "iss": "https://contoso.b2clogin.com/x/v2.0/" })),
        ("B2C, application", app(&b2c()).roles(["a", "b"]), json!({ "scp": "a b", "roles": null, "azp": CALLER })),
        ("B2C, id token", id(&b2c()), json!({ "aud": CALLER, "scp": null, "azp": null })),
        (
            "External ID",
            external.token(),
            json!({ "ver": "2.0", "tid": T, "oid": USER, "scp": "Files.Read", "aud": API, "azp": CALLER }),
        ),
        (
            "External ID, v1",
            external.token().v1(),
            json!({ "iss": v1, "ver": "1.0", "appid": CALLER, "aud": format!("api://{API}") }),
        ),
        ("External ID, application", app(&external), json!({ "roles": ["Files.Read.All"], "scp": null })),
        (
            "Okta",
            okta.token().roles(["readers"]),
            json!({ "ver": 1, "aud": format!("api://{API}"), "cid": CALLER, "uid": USER, "sub": "ada@contoso.example",
                "scp": ["files.read", "openid"], "groups": ["readers"], "azp": null, "nbf": null }),
        ),
        (
            "Okta, told otherwise",
            okta.token().audience("api://default").client("c").scopes("a b").not_before(5),
            json!({ "aud": "api://default", "cid": "c", "scp": ["a", "b"], "groups": null, "nbf": 5 }),
        ),
        ("Okta, application", app(&okta), json!({ "sub": CALLER, "uid": null, "scp": ["files.read"] })),
        (
            "Okta, id token",
            id(&okta),
            json!({ "aud": CALLER, "sub": USER, "ver": 1, "scp": null, "cid": null, "uid": null }),
        ),
        (
            "Auth0",
            auth0.token(),
            json!({ "aud": [api, userinfo], "azp": CALLER, "scope": "openid profile files:read",
                "permissions": ["files:read"], "sub": format!("auth0|{USER}"), "gty": null, "scp": null }),
        ),
        (
            "Auth0, application",
            app(&auth0).client("c").roles(["files:write"]).audience("a"),
            json!({ "aud": "a", "azp": "c", "sub": "c@clients", "gty": "client-credentials",
                "permissions": ["files:write"] }),
        ),
        ("Auth0, id token", id(&auth0), json!({ "aud": CALLER, "scope": null, "permissions": null, "azp": null })),
        (
            "Keycloak",
            keycloak.token().roles(["r"]).scopes("s"),
            json!({ "typ": "Bearer", "azp": CALLER, "aud": ["account", API], "scope": "s", "sub": USER,
                "realm_access": { "roles": ["r"] }, "resource_access": { "account": { "roles": ["view-profile"] } },
                "preferred_username": "ada@contoso.example", "client_id": null }),
        ),
        (
            "Keycloak, application",
            app(&keycloak).client("c"),
            json!({ "typ": "Bearer", "client_id": "c", "azp": "c", "preferred_username": "service-account-c" }),
        ),
        ("Keycloak, id token", id(&keycloak), json!({ "typ": "ID", "aud": CALLER, "realm_access": null })),
        (
            "Cognito",
            cognito.token(),
            json!({ "token_use": "access", "aud": null, "client_id": CALLER, "username": "ada", "sub": USER,
                "scope": "aws.cognito.signin.user.admin files/read", "cognito:groups": ["readers"] }),
        ),
        (
            "Cognito, application",
            app(&cognito).client("c").audience("a"),
            json!({ "client_id": "c", "sub": "c", "scope": "files/read", "username": null, "cognito:groups": null,
                "aud": "a" }),
        ),
        ("Cognito, id token", id(&cognito), json!({ "token_use": "id", "aud": CALLER, "client_id": null })),
    ] {
        let claims = token.claims();
        for (claim, value) in expected.as_object().unwrap() {
            assert_eq!(claims.get(claim).unwrap_or(&Value::Null), value, "{name}: {claim}");
        }
        assert_eq!(claims.contains_key("nonce"), name.ends_with("id token"), "{name}");
    }
}

#[test]
fn their_headers() {
    for (mock, has_typ) in [
        (b2c(), true),
        (MockEntra::external_id("contoso"), true),
        (MockEntra::okta(), false),
        (MockEntra::auth0(), true),
        (MockEntra::keycloak(), true),
        (MockEntra::cognito(), false),
    ] {
        let typ = part(&mock.token().build(), 0).get("typ").cloned();
        assert_eq!(typ, has_typ.then(|| json!("JWT")), "{}", mock.issuer());
        assert_eq!(part(&mock.token().header("typ", "at+jwt").build(), 0)["typ"], "at+jwt");
    }
}

#[test]
fn how_long_their_tokens_live() {
    for (mock, lifetime) in [
        (b2c(), 3600),
        (MockEntra::external_id("contoso"), 3599 + 300),
        (MockEntra::okta(), 3600),
        (MockEntra::auth0(), 86_400),
        (MockEntra::keycloak(), 300),
        (MockEntra::cognito(), 3600),
    ] {
        for token in [mock.token(), mock.token().expired()] {
            let claims = token.claims();
            let lived = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert!([lifetime, 3599].contains(&lived), "{}: {lived}", mock.issuer());
        }
    }
}

#[tokio::test]
async fn the_addresses_of_b2c() {
    let mock = b2c().add_policy("B2C_1_edit");
    let root = "https://contoso.b2clogin.com";
    let (metadata, keys) = ("v2.0/.well-known/openid-configuration", "discovery/v2.0/keys");
    let domain = "contoso.onmicrosoft.com";
    for (url, jwks_uri) in [
        (format!("{root}/{domain}/b2c_1_EDIT/{metadata}"), Some(format!("{root}/{domain}/b2c_1_edit/{keys}"))),
        (format!("{root}/{T}/B2C_1_susi/{metadata}"), Some(format!("{root}/{T}/b2c_1_susi/{keys}"))),
        (format!("{root}/tfp/{T}/B2C_1_susi/{metadata}"), Some(format!("{root}/{T}/b2c_1_susi/{keys}"))),
        (format!("{root}/{T}/{metadata}?p=B2C_1_Susi"), Some(format!("{root}/{T}/{keys}?p=b2c_1_susi"))),
        (format!("{root}/{T}/B2C_1_other/{metadata}"), None),
        (format!("{root}/{T}/{metadata}?p=B2C_1_other"), None),
        (format!("{root}/{T}/{metadata}"), None),
        (format!("{root}/other.onmicrosoft.com/B2C_1_susi/{metadata}"), None),
        (format!("{root}/{}/B2C_1_susi/{metadata}", MockEntra::OTHER_TENANT), None),
        (format!("{root}/common/discovery/instance"), None),
        (format!("{root}/{T}/B2C_1_susi/oauth2/v2.0/token"), None),
    ] {
        let (status, body) = get(&mock, &url).await;
        let found = body["jwks_uri"].as_str().map(str::to_owned);
        assert_eq!((status, &found), (if jwks_uri.is_some() { 200 } else { 404 }, &jwks_uri), "{url}");
        if let Some(jwks_uri) = jwks_uri {
            assert_eq!(document(&mock, &jwks_uri).await["keys"][0]["kid"], mock.current_kid());
            assert_eq!(body["issuer"], format!("{root}/{T}/v2.0/"));
        }
    }
}

#[tokio::test]
async fn what_else_is_and_is_not_there() {
    let external = MockEntra::external_id("contoso");
    let root = "https://contoso.ciamlogin.com";
    let v1 = document(&external, &format!("{root}/{T}/.well-known/openid-configuration")).await;
    assert_eq!(v1["issuer"], format!("https://{T}.ciamlogin.com/{T}/"));
    for other in ["common", "organizations", "consumers", MockEntra::OTHER_TENANT, "other.onmicrosoft.com"] {
        let (status, _) = get(&external, &format!("{root}/{other}/v2.0/.well-known/openid-configuration")).await;
        assert_eq!(status, 400, "{other}");
    }
    let elsewhere = format!("https://{T}.ciamlogin.com/{T}/v2.0/.well-known/openid-configuration");
    assert!(external.fetch(FetchRequest::new(elsewhere, 1000)).await.is_err());

    let keycloak = MockEntra::keycloak();
    let keys = document(&keycloak, "https://id.contoso.example/realms/main/protocol/openid-connect/certs").await;
    assert_eq!((&keys["keys"][1]["use"], &keys["keys"][1]["alg"]), (&json!("enc"), &json!("RSA-OAEP")));
    assert_ne!(keys["keys"][0]["n"], keys["keys"][1]["n"]);

    for mock in [MockEntra::okta(), MockEntra::auth0(), keycloak, MockEntra::cognito()] {
        for path in ["/.well-known/x", "/common/v2.0/.well-known/openid-configuration", "/oauth2/v2.0/token"] {
            assert_eq!(get(&mock, &format!("{}{path}", mock.base())).await.0, 404, "{}{path}", mock.base());
        }
    }
}

#[tokio::test]
async fn behind_a_socket() {
    for (mock, path, issuer) in [
        (MockEntra::okta(), "/oauth2/default", "{base}/oauth2/default"),
        (MockEntra::auth0(), "", "{base}/"),
        (b2c(), "/contoso.onmicrosoft.com/B2C_1_susi/v2.0", "{base}/{T}/v2.0/"),
        (MockEntra::external_id("contoso"), "/{T}/v2.0", "https://{T}.ciamlogin.com/{T}/v2.0"),
        (MockEntra::china(), "/{T}/v2.0", "{base}/{T}/v2.0"),
    ] {
        let server = mock.serve_at("127.0.0.1:0").await.unwrap();
        let metadata = format!("{}{}/.well-known/openid-configuration", server.url(), path.replace("{T}", T));
        let fetched = tower_entra::fetch::HttpFetch::new().fetch(FetchRequest::new(metadata, 10_000)).await;
        let found: Value = serde_json::from_slice(&fetched.unwrap().body).unwrap();
        assert_eq!(found["issuer"], issuer.replace("{base}", &server.url()).replace("{T}", T));
        assert_eq!(found["issuer"], server.entra().token().claims()["iss"]);
        assert!(found["jwks_uri"].as_str().unwrap().starts_with(&server.url()));
    }
}

#[test]
fn no_two_providers_share_keys() {
    let mut moduli: Vec<String> = presets().iter().map(|row| row.0.current_key().jwk()["n"].to_string()).collect();
    moduli.sort_unstable();
    moduli.dedup();
    // Three rows are B2C, two are External ID.
    assert_eq!(moduli.len(), presets().len() - 3);
}

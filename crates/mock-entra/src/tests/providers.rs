use super::*;

/// A provider, its issuer and the lifetime of its tokens in seconds.
fn providers() -> [(MockEntra, String, i64); 6] {
    let tenant = MockEntra::TENANT;
    [
        (MockEntra::b2c("contoso", "B2C_1_susi"), format!("https://contoso.b2clogin.com/{tenant}/v2.0/"), 3600),
        (MockEntra::external_id("contoso"), format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0"), 3599),
        (MockEntra::okta(), "https://contoso.okta.example/oauth2/default".to_owned(), 3600),
        (MockEntra::auth0(), "https://contoso.auth0.example/".to_owned(), 86_400),
        (MockEntra::keycloak(), "https://id.contoso.example/realms/main".to_owned(), 300),
        (MockEntra::cognito(), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1".to_owned(), 3600),
    ]
}

async fn fetch_json(mock: &MockEntra, url: &str) -> Value {
    let response = mock.fetch(FetchRequest::new(url, CAP)).await.unwrap();
    assert_eq!(response.status, 200, "{url}");
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test]
async fn metadata_of_each_provider_leads_to_the_key_of_its_tokens() {
    for (mock, issuer, lifetime) in providers() {
        mock.set_clock(ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_800_000_000)));
        assert_eq!(mock.issuer(), issuer);
        let metadata = fetch_json(&mock, &mock.metadata_url()).await;
        assert_eq!(metadata["issuer"], issuer);
        let keys = fetch_json(&mock, metadata["jwks_uri"].as_str().unwrap()).await;
        for token in [mock.token(), mock.token().app(), mock.token().id_token()] {
            let token = token.build();
            let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header(&token)["kid"]);
            assert!(verifies(&token, key.unwrap(), Algorithm::RS256), "{issuer}");
            let claims = claims(&token);
            assert_eq!((&claims["iss"], &claims["exp"]), (&json!(issuer), &json!(1_800_000_000 + lifetime)));
        }
    }
}

#[tokio::test]
async fn keys_have_the_members_of_each_provider() {
    let members = ["issuer", "alg", "x5t"];
    let expected =
        [&[][..], &["issuer", "x5t"], &["alg"], &["alg", "x5t"], &["alg", "x5t"], &["alg"]].map(<[&str]>::to_vec);
    for ((mock, issuer, _), expected) in providers().into_iter().zip(expected) {
        let metadata = fetch_json(&mock, &mock.metadata_url()).await;
        let keys = fetch_json(&mock, metadata["jwks_uri"].as_str().unwrap()).await;
        let present: Vec<_> = members.into_iter().filter(|name| keys["keys"][0].get(name).is_some()).collect();
        assert_eq!(present, expected, "{issuer}");
    }
}

#[test]
fn claims_have_the_names_of_each_provider() {
    // Client, scopes and roles of a user token, then a claim of app-only tokens and one of ID tokens.
    let names = [
        ["azp", "scp", "roles", "scp", "tfp"],
        ["azp", "scp", "roles", "roles", "tid"],
        ["cid", "scp", "groups", "cid", "at_hash"],
        ["azp", "scope", "permissions", "gty", "sid"],
        ["azp", "scope", "realm_access", "client_id", "at_hash"],
        ["client_id", "scope", "cognito:groups", "token_use", "at_hash"],
    ];
    for ((mock, issuer, _), [client, scopes, roles, of_app, of_id_token]) in providers().into_iter().zip(names) {
        let user = mock.token().client("a-client").scopes("one two").roles(["a-role"]).claims();
        assert_eq!(user[client], "a-client", "{issuer}");
        assert!(user[scopes] == "one two" || user[scopes] == json!(["one", "two"]), "{issuer}");
        assert!(user[roles].to_string().contains("a-role"), "{issuer}");
        assert!(mock.token().app().claims().contains_key(of_app), "{issuer}");
        let id_token = mock.token().id_token().claims();
        assert_eq!(id_token["aud"], MockEntra::CALLER, "{issuer}");
        assert!(id_token.contains_key(of_id_token) && id_token.contains_key("nonce"), "{issuer}");
        assert!(!id_token.contains_key(scopes), "{issuer}");
    }
}

#[test]
fn b2c_policy_is_in_the_configured_claim_and_issuer() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi").add_policy("B2C_1_edit").tfp_issuer();
    let claims = mock.token().policy("B2C_1_edit").policy_in_acr().claims();
    assert_eq!((&claims["acr"], claims.get("tfp")), (&json!("B2C_1_edit"), None));
    let tenant = MockEntra::TENANT;
    assert_eq!(claims["iss"], format!("https://contoso.b2clogin.com/tfp/{tenant}/B2C_1_edit/v2.0/"));
}

#[tokio::test]
async fn b2c_finds_a_policy_in_any_letter_case_and_as_a_parameter() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi");
    let document = "v2.0/.well-known/openid-configuration";
    for (path, status) in [
        (format!("/contoso.onmicrosoft.com/b2c_1_SUSI/{document}"), 200),
        (format!("/tfp/{}/B2C_1_susi/{document}", MockEntra::TENANT), 200),
        (format!("/contoso.onmicrosoft.com/{document}?p=b2c_1_susi"), 200),
        (format!("/contoso.onmicrosoft.com/B2C_1_other/{document}"), 404),
        (format!("/other.onmicrosoft.com/B2C_1_susi/{document}"), 404),
    ] {
        assert_eq!(get(&mock, &path).await.unwrap().status, status, "{path}");
    }
}

#[test]
fn base_address_moves_all_issuers_except_external_id() {
    const BASE: &str = "http://127.0.0.1:4000";
    for (mock, issuer, _) in providers() {
        let is_external_id = issuer.contains("ciamlogin");
        let moved = mock.hosted_at(BASE);
        assert!(moved.metadata_url().starts_with(BASE), "{issuer}");
        assert_eq!(moved.issuer().starts_with(BASE), !is_external_id, "{issuer}");
        assert_eq!(moved.issuer() == issuer, is_external_id, "{issuer}");
    }
    let moved = MockEntra::new().hosted_at(BASE);
    assert_eq!(moved.issuer(), format!("{BASE}/{}/v2.0", MockEntra::TENANT));
}

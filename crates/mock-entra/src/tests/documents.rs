use super::*;

#[tokio::test]
async fn metadata_of_each_tenant_segment_leads_to_its_keys() {
    let mock = MockEntra::new();
    mock.add_domain("Contoso.example", MockEntra::TENANT.parse().unwrap());
    let tenant = MockEntra::TENANT;
    let personal = TenantId::PERSONAL_ACCOUNTS.to_string();
    for (segment, canonical, in_issuer) in [
        ("common", "common", "{tenantid}"),
        ("organizations", "organizations", "{tenantid}"),
        ("consumers", &*personal, &*personal),
        (tenant, tenant, tenant),
        ("contoso.EXAMPLE", tenant, tenant),
    ] {
        let v1 = json_at(&mock, &format!("/{segment}/.well-known/openid-configuration")).await;
        assert_eq!(v1["issuer"], format!("https://sts.windows.net/{in_issuer}/"));
        assert_eq!(v1["jwks_uri"], format!("{BASE}/{canonical}/discovery/keys"));
        let v2 = json_at(&mock, &format!("/{segment}/v2.0/.well-known/openid-configuration?appid=x")).await;
        assert_eq!(v2["issuer"], format!("{BASE}/{in_issuer}/v2.0"));
        assert_eq!(v2["jwks_uri"], format!("{BASE}/{canonical}/discovery/v2.0/keys?appid=x"));
        assert_eq!(v2["token_endpoint"], format!("{BASE}/{canonical}/oauth2/v2.0/token"));
        assert_eq!(v2["cloud_instance_name"], "microsoftonline.com");

        let v1 = json_at(&mock, &format!("/{segment}/discovery/keys")).await;
        let v2 = json_at(&mock, &format!("/{segment}/discovery/v2.0/keys")).await;
        assert_eq!((kids(&v1), kids(&v2)), (vec![&*mock.current_kid()], vec![&*mock.current_kid()]));
        let names: Vec<_> = v1["keys"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["e", "kid", "kty", "n", "use", "x5t"]);
        assert_eq!(v2["keys"][0]["issuer"], format!("{BASE}/{in_issuer}/v2.0"));
        assert_eq!(v2["keys"][0]["cloud_instance_name"], "microsoftonline.com");
    }
}

#[tokio::test]
async fn documents_of_unregistered_tenants_are_errors() {
    let mock = MockEntra::new();
    let id = "99999999-aaaa-bbbb-cccc-dddddddddddd";
    let path = format!("/{id}/discovery/v2.0/keys");
    let response = get(&mock, &path).await.unwrap();
    assert_eq!(response.status, 400);
    let error: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((&error["error"], &error["error_codes"]), (&json!("invalid_tenant"), &json!([90_002])));
    assert!(error["error_description"].as_str().unwrap().starts_with("AADSTS90002: Tenant '99999999"));

    mock.add_tenant(id.parse().unwrap());
    assert_eq!(get(&mock, &path).await.unwrap().status, 200);
    mock.remove_tenant(id.parse().unwrap());
    assert_eq!(get(&mock, &path).await.unwrap().status, 400);
    for path in ["/", "", "/common", "/common/discovery/v3.0/keys"] {
        assert!(get(&mock, path).await.map_or(true, |response| response.status == 404), "{path}");
    }
}

#[tokio::test]
async fn keys_are_published_in_the_key_sets_of_their_spec() {
    let mock = MockEntra::new();
    mock.drop_all_keys();
    let other = MockEntra::OTHER_TENANT;
    let spec = |name: &str| KeySpec::new(&mock.new_key().with_kid(name));
    mock.publish(spec("own").only_in(other).issuer("https://login.example/{tenantid}/v2.0"));
    mock.publish(spec("shared").only_shared().without_issuer());
    mock.publish(spec("app").for_app("an-app").cloud_instance_name("microsoftonline.us"));
    mock.publish(KeySpec::raw(json!({ "kty": "AKP", "kid": "raw" })));
    mock.publish(spec("changed").without_cloud_instance_name().without_member("n").member("alg", "RS256"));

    let common = json_at(&mock, "/common/discovery/v2.0/keys").await;
    assert_eq!(kids(&common), ["shared", "raw", "changed"]);
    assert!(common["keys"][0].get("issuer").is_none());
    assert_eq!(common["keys"][1], json!({ "kty": "AKP", "kid": "raw" }));
    assert!(common["keys"][2].get("n").is_none() && common["keys"][2].get("cloud_instance_name").is_none());
    assert_eq!(common["keys"][2]["alg"], "RS256");

    let own = json_at(&mock, &format!("/{other}/discovery/v2.0/keys?appid=an-app")).await;
    assert_eq!(kids(&own), ["own", "app", "raw", "changed"]);
    assert_eq!(own["keys"][0]["issuer"], "https://login.example/{tenantid}/v2.0");
    assert_eq!(own["keys"][1]["cloud_instance_name"], "microsoftonline.us");
    let tenant = json_at(&mock, &format!("/{}/discovery/v2.0/keys?appid=another", MockEntra::TENANT)).await;
    assert_eq!(kids(&tenant), ["raw", "changed"]);

    assert!(mock.drop_key("raw") && !mock.drop_key("raw"));
    mock.publish(KeySpec::raw("not an object"));
    assert_eq!(json_at(&mock, "/common/discovery/v2.0/keys").await["keys"][2], "not an object");
}

#[tokio::test]
async fn rotation_keeps_the_previous_key_published() {
    let mock = MockEntra::new();
    let old = mock.current_kid();
    let new = mock.rotate();
    let set = json_at(&mock, "/common/discovery/v2.0/keys").await;
    assert_eq!(kids(&set), [&*old, new.kid()]);
    assert!(mock.drop_key(&old));
    let set = json_at(&mock, "/common/discovery/v2.0/keys").await;
    assert_eq!(kids(&set), [new.kid()]);
}

#[tokio::test]
async fn documents_can_be_changed_replaced_and_removed() {
    let mock = MockEntra::new();
    mock.set_metadata("jwks_uri", Some(json!("https://evil.example/keys")));
    mock.set_metadata("token_endpoint", None);
    mock.set_cloud_instance_name(None);
    let document = json_at(&mock, "/common/v2.0/.well-known/openid-configuration").await;
    assert_eq!(document["jwks_uri"], "https://evil.example/keys");
    assert!(document.get("token_endpoint").is_none() && document.get("cloud_instance_name").is_none());

    mock.replace_document("/common/discovery/v2.0/keys", "[[[");
    assert_eq!(get(&mock, "/common/discovery/v2.0/keys?appid=x").await.unwrap().body, "[[[");
    mock.restore_document("/common/discovery/v2.0/keys");
    assert!(json_at(&mock, "/common/discovery/v2.0/keys").await["keys"].is_array());

    mock.set_v1_documents(false);
    assert_eq!(get(&mock, "/common/discovery/keys").await.unwrap().status, 404);
    mock.set_v2_documents(false);
    assert_eq!(get(&mock, "/common/discovery/v2.0/keys").await.unwrap().status, 404);
    assert_eq!(get(&MockEntra::for_cloud(Cloud::Bleu), "/common/discovery/keys").await.unwrap().status, 404);
}

#[tokio::test]
async fn caching_headers_are_sent_when_configured() {
    let mock = MockEntra::new();
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(784_111_777));
    mock.set_clock(clock);
    let path = "/common/discovery/v2.0/keys";
    let plain = get(&mock, path).await.unwrap();
    assert_eq!((plain.etag, plain.max_age), (None, None));
    assert_eq!(plain.date.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));

    mock.set_etags(true);
    mock.set_max_age(Some(Duration::from_secs(86_400)));
    let first = get(&mock, path).await.unwrap();
    assert_eq!((first.status, first.max_age), (200, Some(Duration::from_secs(86_400))));
    let request = FetchRequest::new(format!("{BASE}{path}"), CAP).with_etag(first.etag.clone());
    let again = mock.fetch(request.clone()).await.unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
    mock.rotate();
    let changed = mock.fetch(request).await.unwrap();
    assert_eq!(changed.status, 200);
    assert_ne!(changed.etag, first.etag);
}

#[tokio::test]
async fn fetches_succeed_only_for_the_hosts_of_the_cloud() {
    let mock = MockEntra::new();
    for (base, is_served) in [
        ("https://login.windows.net", true),
        ("https://login.microsoftonline.us", false),
        ("http://login.microsoftonline.com", false),
        ("https://login.microsoftonline.com.evil.example", false),
    ] {
        let response = mock.fetch(FetchRequest::new(format!("{base}/common/discovery/keys"), CAP)).await;
        assert_eq!(response.is_ok(), is_served, "{base}");
    }
    let document = json_at(&mock, "/common/discovery/instance?authorization_endpoint=https%3A%2F%2Fh%2Ft%2Fx").await;
    assert_eq!(document["tenant_discovery_endpoint"], format!("{BASE}/t/v2.0/.well-known/openid-configuration"));
    assert_eq!(document["metadata"][0]["preferred_network"], "login.microsoftonline.com");
}

#[tokio::test(start_paused = true)]
async fn faults_apply_to_fetches() {
    let mock = MockEntra::new();
    let path = "/common/discovery/v2.0/keys";
    let good = get(&mock, path).await.unwrap().body;

    mock.set_fault(Fault::Down);
    let error = get(&mock, path).await.unwrap_err();
    assert!(matches!(error.failure(), FetchFailure::Connection { .. }));
    mock.set_fault(Fault::Status(500));
    let response = get(&mock, path).await.unwrap();
    assert_eq!((response.status, response.body), (500, good.clone()));
    mock.set_fault(Fault::Garbage);
    assert!(serde_json::from_slice::<Value>(&get(&mock, path).await.unwrap().body).is_err());
    mock.set_fault(Fault::EmptyKeySet);
    assert_eq!(get(&mock, path).await.unwrap().body, r#"{"keys":[]}"#);
    mock.set_fault(Fault::Redirect("https://evil.example".into()));
    assert_eq!(get(&mock, path).await.unwrap().status, 302);
    mock.set_fault(Fault::TooLarge);
    let error = get(&mock, path).await.unwrap_err();
    assert!(matches!(error.failure(), FetchFailure::TooLarge { max_bytes: CAP }));

    let start = tokio::time::Instant::now();
    mock.set_fault(Fault::Slow(Duration::from_secs(100)));
    assert_eq!(get(&mock, path).await.unwrap().body, good);
    assert_eq!(start.elapsed().as_secs(), 100);
    mock.set_fault(Fault::Drip(Duration::from_secs(1)));
    assert_eq!(get(&mock, path).await.unwrap().body, good);
    assert_eq!(start.elapsed().as_secs(), 100 + good.len() as u64);
    mock.set_fault(Fault::Stall);
    assert!(tokio::time::timeout(Duration::from_secs(1000), get(&mock, path)).await.is_err());

    mock.set_fault(Fault::None);
    mock.set_fault_at("/keys", Fault::Down);
    assert!(get(&mock, path).await.is_err());
    assert!(get(&mock, "/common/.well-known/openid-configuration").await.is_ok());
    mock.clear_faults();
    mock.fail_next(2);
    let outcomes = [get(&mock, path).await.is_ok(), get(&mock, path).await.is_ok(), get(&mock, path).await.is_ok()];
    assert_eq!(outcomes, [false, false, true]);
}

#[tokio::test]
async fn requests_are_logged() {
    let mock = MockEntra::new();
    let clone = mock.clone();
    let _ = get(&clone, "/common/discovery/keys").await;
    mock.fail_next(1);
    let _ = get(&clone, "/common/discovery/v2.0/keys").await;
    assert_eq!((mock.fetches(), mock.fetches_of("/v2.0/keys")), (2, 1));
    assert_eq!(mock.requested()[0], format!("{BASE}/common/discovery/keys"));
    mock.reset_fetches();
    assert_eq!(mock.fetches(), 0);
}

#[test]
fn tokens_are_dated_by_the_system_clock_by_default() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let issued = MockEntra::new().token().claims()["iat"].as_u64().unwrap();
    assert!(now.abs_diff(issued + 300) <= 2);
}

use super::*;

#[test]
fn default_token_is_a_valid_v2_user_token() {
    let mock = MockEntra::new();
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    mock.set_clock(clock);
    let token = mock.token().build();
    assert!(verifies_now(&mock, &token));
    let header = Value::from(header(&token));
    assert_eq!(header, json!({ "typ": "JWT", "alg": "RS256", "kid": mock.current_kid() }));
    let claims = claims(&token);
    let expected = json!({
        "aud": MockEntra::CLIENT_ID,
        "iss": format!("{BASE}/{}/v2.0", MockEntra::TENANT),
        "iat": 1_799_999_700,
        "nbf": 1_799_999_700,
        "exp": 1_800_003_599,
        "azp": MockEntra::CALLER,
        "azpacr": "1",
        "name": "Ada Example",
        "oid": MockEntra::USER,
        "preferred_username": "ada@contoso.example",
        "scp": "Files.Read",
        "tid": MockEntra::TENANT,
        "ver": "2.0",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name}");
    }
    for name in ["aio", "rh", "sub", "uti", "sid"] {
        assert!(claims[name].is_string(), "{name}");
    }
    assert!(claims.len() >= 19);
    assert_ne!(claims["uti"], mock.token().claims()["uti"]);
    assert!(!claims.contains_key("roles") && !claims.contains_key("idtyp"));
}

#[test]
fn v1_tokens_have_the_claim_names_of_v1() {
    let mock = MockEntra::new();
    let token = mock.token().v1().build();
    assert!(verifies_now(&mock, &token));
    let claims = claims(&token);
    assert_eq!(claims["iss"], format!("https://sts.windows.net/{}/", MockEntra::TENANT));
    assert_eq!(claims["aud"], format!("api://{}", MockEntra::CLIENT_ID));
    assert_eq!((&claims["ver"], &claims["appid"]), (&json!("1.0"), &json!(MockEntra::CALLER)));
    assert!(claims.contains_key("upn") && !claims.contains_key("azp") && !claims.contains_key("preferred_username"));
    assert_eq!(header(&token)["x5t"], mock.current_kid());
}

#[test]
fn app_only_tokens_have_roles_and_no_scopes() {
    let mock = MockEntra::new();
    for token in [mock.token().app(), mock.token().app().v1()] {
        let claims = claims(&token.build());
        assert_eq!(claims["oid"], claims["sub"]);
        assert_eq!(claims["roles"], json!(["Files.Read.All"]));
        for absent in ["scp", "name", "idtyp", "nonce"] {
            assert!(!claims.contains_key(absent), "{absent}");
        }
    }
    let none: [&str; 0] = [];
    let bare = mock.token().app().idtyp().roles(none).claims();
    assert!(!bare.contains_key("roles"));
    assert_eq!(bare["idtyp"], "app");
}

#[test]
fn id_token_audience_is_the_client() {
    let claims = MockEntra::new().token().id_token().roles(["Files.Read.All"]).claims();
    assert_eq!(claims["aud"], MockEntra::CALLER);
    assert!(claims["nonce"].is_string() && claims["roles"].is_array());
    for absent in ["scp", "azp", "azpacr"] {
        assert!(!claims.contains_key(absent), "{absent}");
    }
}

#[test]
fn graph_token_verifies_only_with_its_hashed_nonce() {
    let mock = MockEntra::new();
    let token = mock.token().graph().build();
    assert!(!verifies_now(&mock, &token), "the unchanged header");
    assert_eq!(claims(&token)["aud"], "00000003-0000-0000-c000-000000000000");
    assert_eq!(claims(&token)["ver"], "1.0");

    let mut header = header(&token);
    let nonce = header["nonce"].as_str().unwrap();
    let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, nonce.as_bytes()));
    header["nonce"] = hashed.into();
    let (_, rest) = token.split_once('.').unwrap();
    let signed = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(Value::from(header).to_string()));
    assert!(verifies_now(&mock, &signed));
    // In other tokens, a nonce is not hashed.
    assert!(verifies_now(&mock, &mock.token().header("nonce", "x").build()));
}

#[test]
fn times_follow_the_clock_and_can_be_set() {
    let mock = MockEntra::new();
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_000_000));
    mock.set_clock(clock.clone());
    clock.advance(Duration::from_secs(10));
    assert_eq!(mock.token().claims()["iat"], 999_710);
    let expired = mock.token().expired().claims();
    assert_eq!(expired["exp"], 996_410);
    assert!(expired["nbf"].as_i64() < expired["exp"].as_i64());
    let custom = mock.token().expires_at(5).not_before(3).issued_at(1).claims();
    assert_eq!((&custom["exp"], &custom["nbf"], &custom["iat"]), (&json!(5), &json!(3), &json!(1)));
    assert_eq!(mock.token().expires_in(Duration::from_secs(60)).claims()["exp"], 1_000_070);
}

#[test]
fn claims_and_header_can_be_overridden() {
    let mock = MockEntra::new();
    let token = mock
        .token()
        .claim("exp", "tomorrow")
        .claim("extra", json!({ "a": [1] }))
        .without_claim("nbf")
        .header("typ", "at+jwt")
        .header("alg", "none")
        .without_header("kid")
        .build();
    let claims = claims(&token);
    assert_eq!((&claims["exp"], &claims["extra"]), (&json!("tomorrow"), &json!({ "a": [1] })));
    assert!(!claims.contains_key("nbf"));
    assert_eq!(Value::from(header(&token)), json!({ "typ": "at+jwt", "alg": "none" }));
    assert!(verifies_now(&mock, &token));

    let raw = mock.token().raw_header(r#"{"alg":"RS256","alg":"none"}"#).raw_payload(*b"\xff").build();
    assert!(verifies_now(&mock, &raw));
    let parts: Vec<_> = raw.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    assert_eq!((&*parts[0], &*parts[1]), (&br#"{"alg":"RS256","alg":"none"}"#[..], &b"\xff"[..]));
}

#[test]
fn each_key_has_its_own_pair_and_key_id() {
    let mock = MockEntra::new();
    let forged = mock.token().wrong_key().build();
    assert_eq!(header(&forged)["kid"], mock.current_kid());
    assert!(!verifies_now(&mock, &forged));

    let (first, token) = (mock.current_key(), mock.token().build());
    let second = mock.rotate();
    let third = mock.add_key();
    let unpublished = mock.new_key();
    let mut moduli: Vec<String> =
        [&first, &second, &third, &unpublished].map(|key| key.jwk()["n"].to_string()).to_vec();
    moduli.sort();
    moduli.dedup();
    assert_eq!(moduli.len(), 4);
    assert_eq!(mock.current_kid(), second.kid());
    assert!(verifies(&token, &first.jwk(), Algorithm::RS256));
    assert!(verifies_now(&mock, &mock.token().build()));

    let named = mock.token().signed_with(&third).build();
    assert_eq!(header(&named)["kid"], third.kid());
    assert!(verifies(&named, &third.jwk(), Algorithm::RS256));
    let renamed = mock.token().signed_with(&third.with_kid("k")).build();
    assert_eq!(header(&renamed)["kid"], "k");
    assert_eq!(header(&mock.token().kid("other").build())["kid"], "other");

    assert_ne!(MockEntra::new().current_kid(), first.kid(), "mocks do not share key ids");
    assert_ne!(MockEntra::us_government().current_key().jwk()["n"], first.jwk()["n"], "clouds do not share key pairs");
}

#[test]
fn tokens_are_signed_with_the_selected_algorithm() {
    let mock = MockEntra::new();
    let key = mock.current_key().jwk();
    for (selected, algorithm) in [
        (SigningAlgorithm::Rs384, Algorithm::RS384),
        (SigningAlgorithm::Rs512, Algorithm::RS512),
        (SigningAlgorithm::Ps256, Algorithm::PS256),
        (SigningAlgorithm::Ps384, Algorithm::PS384),
        (SigningAlgorithm::Ps512, Algorithm::PS512),
    ] {
        let token = mock.token().algorithm(selected).build();
        assert_eq!(header(&token)["alg"], format!("{algorithm:?}"));
        assert!(verifies(&token, &key, algorithm));
        assert!(!verifies(&token, &key, Algorithm::RS256));
    }
    let hmac = mock.token().algorithm(SigningAlgorithm::Hs256(b"public key".to_vec())).build();
    let (message, signature) = hmac.rsplit_once('.').unwrap();
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"public key");
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(aws_lc_rs::hmac::verify(&secret, message.as_bytes(), &signature).is_ok());
    assert!(
        !mock.token().algorithm(SigningAlgorithm::Hs256(Vec::new())).build().ends_with('.'),
        "an empty secret is valid"
    );
    let none = mock.token().algorithm(SigningAlgorithm::None).build();
    assert!(none.ends_with('.') && header(&none)["alg"] == "none");
}

#[test]
fn each_cloud_has_its_own_issuers() {
    let tenant = MockEntra::TENANT;
    for (mock, v1, v2) in [
        (MockEntra::us_government(), "https://sts.windows.net/", "https://login.microsoftonline.us/"),
        (MockEntra::china(), "https://sts.chinacloudapi.cn/", "https://login.partner.microsoftonline.cn/"),
        (MockEntra::at("http://127.0.0.1:4000/"), "http://127.0.0.1:4000/", "http://127.0.0.1:4000/"),
    ] {
        assert_eq!(mock.token().v1().claims()["iss"], format!("{v1}{tenant}/"));
        assert_eq!(mock.token().claims()["iss"], format!("{v2}{tenant}/v2.0"));
    }
    let foreign = MockEntra::new().token().tenant("not-a-guid").claims();
    assert_eq!((&foreign["tid"], &foreign["iss"]), (&json!("not-a-guid"), &json!(format!("{BASE}/not-a-guid/v2.0"))));
}

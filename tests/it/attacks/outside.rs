//! What a stranger sees: before a signature has verified, an answer says nothing of our configuration or keys.

use std::time::Duration;

use mock_entra::{Fault, KeySpec, MockEntra, TokenBuilder};
use tower_entra::VerifierBuilder;

use super::claims::Mode;
use crate::support::{Answer, Bench, UNAUTHORIZED};

/// One token, and what one of several verifiers makes of it.
async fn answers(benches: &[(Bench, &'static str)], token: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (bench, code) in benches {
        let answer = bench.send_token(token).await;
        assert_eq!(answer.rejection.as_ref().map(|rejection| rejection.code()), Some(*code));
        assert_eq!(bench.calls(), 0);
        answers.push(answer);
    }
    answers
}

/// Verifiers that refuse one and the same token each for another reason of their own.
async fn strangers(mock: &MockEntra, token: &TokenBuilder) -> Vec<(Bench, &'static str)> {
    let kid = mock.current_kid();
    let imposter = |spec: fn(KeySpec, &MockEntra) -> KeySpec| {
        let other = MockEntra::new();
        let key = other.new_key().with_kid(kid.as_str());
        other.publish(spec(KeySpec::new(&key), &other));
        other
    };
    // The very key of the token, published with what forbids it.
    let forbidden = |spec: fn(KeySpec, &MockEntra) -> KeySpec| {
        let other = MockEntra::new();
        other.drop_all_keys();
        other.add_key();
        other.publish(spec(KeySpec::new(&mock.current_key()), &other));
        other
    };
    let ours: Mode = |builder| builder.tenant(MockEntra::TENANT);
    let rows: Vec<(&str, MockEntra, Mode)> = vec![
        ("bad_signature", imposter(|spec, _| spec), ours),
        ("unknown_key", MockEntra::new(), ours),
        ("wrong_tenant", MockEntra::new(), |builder| builder.tenant(MockEntra::OTHER_TENANT)),
        ("wrong_issuer", forbidden(|spec, mock| spec.issuer(mock.v2_issuer(MockEntra::OTHER_TENANT))), ours),
        ("wrong_issuer", forbidden(|spec, _| spec.cloud_instance_name("microsoftonline.us")), ours),
        ("wrong_issuer", forbidden(|spec, _| spec.without_issuer()), |builder| builder.danger_any_organization()),
    ];
    let mut benches = Vec::new();
    for (code, mock, configure) in rows {
        benches.push((Bench::of(mock, configure).await, code));
    }
    if token.claims()["iss"].as_str().is_some_and(|issuer| !issuer.contains("sts.")) {
        let government =
            |builder: VerifierBuilder| builder.tenant(MockEntra::TENANT).cloud(tower_entra::Cloud::UsGovernment);
        benches.push((Bench::of(MockEntra::us_government(), government).await, "unknown_issuer"));
    }
    benches
}

#[tokio::test]
async fn a_token_that_is_not_ours_looks_the_same_for_every_reason() {
    let mock = MockEntra::new();
    crate::support::clock_of(&mock);
    for token in
        [mock.token(), mock.token().v1(), mock.token().app(), mock.token().id_token(), mock.token().audience("x")]
    {
        let benches = strangers(&mock, &token).await;
        let text = token.build();
        let answers = answers(&benches, &text).await;
        for answer in &answers {
            assert_eq!(answer.seen(), answers[0].seen());
            assert_eq!((answer.status.as_u16(), &*answer.body), (401, UNAUTHORIZED.as_bytes()));
            let challenge =
                r#"Bearer error="invalid_token", error_description="the access token is not valid for this API""#;
            assert_eq!(answer.headers["www-authenticate"], challenge);
            assert!(!answer.rejection.as_ref().unwrap().is_verified());
        }
    }
}

/// What anybody can compute from a token is told, and told alike by everybody.
#[tokio::test]
async fn what_anybody_can_see_is_told_alike() {
    let mock = MockEntra::new();
    crate::support::clock_of(&mock);
    let token = mock.token().expired();
    let benches = strangers(&mock, &token).await;
    // Long expired tokens are not worth a fetch: where the key is not known, that is the reason.
    let expected = |code: &'static str| if code == "unknown_key" { "expired" } else { code };
    let benches: Vec<_> = benches.into_iter().map(|(bench, code)| (bench, expected(code))).collect();
    let found = answers(&benches, &token.build()).await;
    for answer in &found {
        assert_eq!(answer.seen(), found[0].seen());
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.ends_with(r#"error_description="the token has expired""#), "{challenge}");
    }
    let graph = mock.token().graph().build();
    let benches: Vec<_> = benches.into_iter().map(|(bench, _)| (bench, "microsoft_api_token")).collect();
    let found = answers(&benches, &graph).await;
    for answer in &found {
        assert_eq!(answer.seen(), found[0].seen());
    }
}

/// A part that is not base64url is seen before any key is looked up: by the answer nobody can tell which keys are here.
#[tokio::test]
async fn a_signature_that_is_none_tells_nothing_of_the_keys() {
    let mock = MockEntra::new();
    crate::support::clock_of(&mock);
    let token = mock.token();
    let mut benches = strangers(&mock, &token).await;
    benches.push((Bench::new().await, ""));
    let text = token.build();
    for broken in [format!("{text}="), format!("{}+", &text[..text.len() - 1]), format!("{}/", &text[..text.len() - 1])]
    {
        let mut found = Vec::new();
        for (bench, _) in &benches {
            let answer = bench.send_token(&broken).await;
            assert_eq!(answer.rejection.as_ref().map(|rejection| rejection.code()), Some("malformed_token"));
            found.push(answer);
        }
        for answer in &found {
            assert_eq!(answer.seen(), found[0].seen());
        }
    }
}

/// 503 is for tokens that might be good, where no keys are to be had at all; junk is refused as ever.
#[tokio::test]
async fn without_any_keys() {
    let mock = MockEntra::new();
    mock.set_fault(Fault::Down);
    let bench = Bench::cold(mock, |builder| builder.tenant(MockEntra::TENANT));
    let answer = bench.send_token(&bench.token().build()).await;
    assert_eq!((answer.status.as_u16(), answer.headers["retry-after"].to_str().unwrap()), (503, "1"));
    for (token, code) in [
        (bench.token().tenant(MockEntra::OTHER_TENANT), "wrong_tenant"),
        (bench.token().claim("iss", "x"), "unknown_issuer"),
        (bench.token().without_claim("tid"), "wrong_tenant"),
        (bench.token().header("crit", "x"), "malformed_token"),
        (bench.token().expired(), "expired"),
        (bench.token().graph(), "microsoft_api_token"),
    ] {
        assert_eq!(bench.send_token(&token.build()).await.rejection.unwrap().code(), code);
    }
    bench.clock.advance(Duration::from_secs(1));
    bench.mock.clear_faults();
    assert_eq!(bench.send_token(&bench.token().build()).await.status, 200);
}

/// With detailed errors the hint says what is expected here, and of an unverified token nothing.
#[tokio::test]
async fn hints_do_not_echo_what_is_not_verified() {
    let mock = MockEntra::new();
    let echo = "echo-of-the-attacker";
    let bench = Bench::of(mock, |builder| builder.tenant(MockEntra::TENANT).detailed_errors(true)).await;
    for token in [
        bench.token().claim("iss", echo),
        bench.token().claim("tid", echo).wrong_key(),
        bench.token().tenant(MockEntra::OTHER_TENANT).claim("tid", echo),
        bench.token().header("alg", echo),
        bench.token().header("typ", echo),
        bench.token().wrong_key().kid(echo),
        bench.token().wrong_key().audience(echo),
        bench.token().wrong_key().claim("ver", echo),
        bench.token().wrong_key().client(echo),
        bench.token().claim(echo, 1).claim("aud", 1),
    ] {
        let answer = bench.send_token(&token.build()).await;
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(body.contains("\"code\"") && !body.contains(echo), "{body}");
        assert!(answer.headers.values().all(|value| !value.to_str().unwrap().contains(echo)));
    }
}

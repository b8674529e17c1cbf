use std::{convert::Infallible, sync::LazyLock};

use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use mock_entra::{KeySpec, MockEntra};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Authority, Requirement, Verifier,
    fetch::{Fetch, FetchFuture, FetchRequest},
    policy::ClaimRule,
};

use crate::fixtures::{
    AUDIENCE, CALLER, CLIENT, Documents, FixedClock, ISSUER, NOW, RSA, STRICT_ISSUER, TENANT, UNREACHABLE_ISSUER,
    b2c_issuer, encode, entra_claims, good_header, modulus, oidc_claims, reason, rs256, rsa_jwk, run, signed,
};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let mock = MockEntra::new();
    let random = mock.current_key();
    mock.publish(KeySpec::new(&random).member("kid", "good").member("n", encode(modulus())).member("e", "AQAB"));
    mock.drop_key(random.kid());
    let issuer = Authority::openid_connect(ISSUER)
        .static_keys(serde_json::json!({"keys": [rsa_jwk()]}).to_string())
        .audience(AUDIENCE)
        .allowed_client("shop")
        .required_claim(ClaimRule::any("department", ["sales"]));
    let strict = Authority::openid_connect(STRICT_ISSUER)
        .static_keys(serde_json::json!({"keys": [rsa_jwk()]}).to_string())
        .audience(AUDIENCE)
        .trust_directory_claims()
        .require(
            Requirement::scope("Orders.Write")
                .and(Requirement::user_role("Clerk"))
                .and(Requirement::group("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"))
                .and(Requirement::auth_context("c1")),
        );
    // The clock stands still, so its metadata is fetched once.
    let unreachable = Authority::openid_connect(UNREACHABLE_ISSUER).audience(AUDIENCE).not_required_for_readiness();
    let apps = Authority::b2c("contoso", "B2C_1_susi").accept_app_tokens_without_policy().allowed_client(CALLER);
    let users = Authority::b2c("fabrikam", "B2C_1_susi");
    let by_url = ["contoso", "fabrikam"].map(|name| {
        let base = format!("https://{name}.b2clogin.com");
        let metadata = serde_json::json!({"issuer": b2c_issuer(name), "jwks_uri": format!("{base}/keys")});
        let url = format!("{base}/{name}.onmicrosoft.com/B2C_1_susi/v2.0/.well-known/openid-configuration");
        let keys = serde_json::json!({"keys": [rsa_jwk()]});
        [(url, metadata.to_string().into_bytes()), (format!("{base}/keys"), keys.to_string().into_bytes())]
    });
    let documents = Documents { by_url: by_url.into_iter().flatten().collect(), ..Documents::default() };
    let builder = Verifier::builder()
        .tenant(TENANT)
        .client_id(CLIENT)
        .authority(issuer)
        .authority(apps)
        .authority(users)
        .authority(strict)
        .authority(unreachable)
        .fetch(Served { mock, documents })
        .clock(FixedClock)
        .max_token_bytes(2048);
    let verifier = builder.build().unwrap();
    run(verifier.warm_up()).unwrap();
    verifier
});

/// Documents in memory, and for all other addresses those of the mock.
#[derive(Debug)]
struct Served {
    mock: MockEntra,
    documents: Documents,
}

impl Fetch for Served {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        match self.documents.by_url.contains_key(&request.url) {
            true => self.documents.fetch(request),
            false => self.mock.fetch(request),
        }
    }
}

/// `S`, a header, a line feed and a payload: signed with the good key, so that the claims are reached. Anything else is a
/// token as it comes.
pub fn token(data: &[u8]) -> String {
    let token = match data.strip_prefix(b"S").and_then(|data| std::str::from_utf8(data).ok()) {
        Some(data) => {
            let (header, payload) = data.split_once('\n').unwrap_or((data, ""));
            // A signature takes longer than all checks before it: only a token that reaches it is signed.
            let unsigned = signed(header, payload, |_| vec![0; 256]);
            match run(VERIFIER.verify(&unsigned)) {
                Err(rejection) if rejection.code() != "bad_signature" => unsigned,
                _ => signed(header, payload, rs256),
            }
        }
        None => String::from_utf8_lossy(data).into_owned(),
    };
    let first = run(VERIFIER.verify(&token));
    let second = run(VERIFIER.verify(&token));
    let label = |verdict: &Result<_, tower_entra::Rejection>| match verdict {
        Ok(_) => "accepted".to_owned(),
        Err(rejection) => rejection.code().to_owned(),
    };
    assert_eq!(label(&first), label(&second), "the second verdict may come from the cache");
    match first {
        Ok(accepted) => {
            assert!(is_signed_by_us(&token), "accepted without a signature by the good key");
            let payload = token.split('.').nth(1).unwrap();
            let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
            let issuer = claims["iss"].as_str().unwrap();
            let is_ours = |text: &str| {
                let text = text.strip_suffix('/').unwrap_or(text);
                if [ISSUER, STRICT_ISSUER].contains(&issuer) {
                    text == AUDIENCE
                } else {
                    [CLIENT.to_owned(), format!("api://{CLIENT}"), format!("api://{TENANT}/{CLIENT}")]
                        .contains(&text.to_owned())
                }
            };
            let audience = &claims["aud"];
            let mut audiences = audience
                .as_str()
                .into_iter()
                .chain(audience.as_array().into_iter().flatten().filter_map(Value::as_str));
            assert!(audiences.any(is_ours), "accepted for another audience");
            assert!(claims["exp"].as_f64().unwrap() > (NOW - 61) as f64, "accepted after its end");
            let v1 = format!("https://sts.windows.net/{TENANT}/");
            let v2 = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
            let (apps, users) = (b2c_issuer("contoso"), b2c_issuer("fabrikam"));
            assert!([ISSUER, STRICT_ISSUER, &v1, &v2, &apps, &users].contains(&issuer), "accepted from {issuer}");
            let policy = claims.get("tfp").or(claims.get("acr"));
            if issuer == users {
                let is_its = policy.and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case("B2C_1_susi"));
                assert!(is_its, "accepted with the policy {policy:?}");
            }
            let label = match issuer {
                ISSUER => "accepted: OpenID Connect".to_owned(),
                STRICT_ISSUER => "accepted: OpenID Connect with a requirement".to_owned(),
                _ if issuer == apps && policy.is_none() => "accepted: B2C without a policy".to_owned(),
                _ if issuer == apps || issuer == users => "accepted: B2C".to_owned(),
                _ => format!("accepted: Entra {}", claims["ver"]),
            };
            let whose = if accepted.is_app_only() { "an application's" } else { "a user's" };
            report!("{label} ({:?}), {whose}", accepted.version());
            label
        }
        Err(rejection) => {
            if rejection.is_verified() {
                assert!(is_signed_by_us(&token), "verified without a signature by the good key");
            }
            // Whatever is shown to callers is text of ours.
            let _ = (rejection.hint(), rejection.public_description(), rejection.to_string(), format!("{rejection:?}"));
            report!("{}: {}", rejection.code(), reason(&rejection));
            report!("public: {}", rejection.public_description());
            rejection.code().to_owned()
        }
    }
}

fn is_signed_by_us(token: &str) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, RSA.public_key().as_ref());
    key.verify(message.as_bytes(), &signature).is_ok()
}

/// The good tokens that [`header`] knows.
pub static GOOD: LazyLock<[String; 2]> = LazyLock::new(|| {
    [entra_claims(), oidc_claims()].map(|claims| signed(&good_header("good"), &claims.to_string(), rs256))
});

/// Each line is an `Authorization` header of one request; `E` and `O` at its end, or before
/// spaces there, stand for good tokens.
pub fn header(data: &[u8]) -> String {
    let mut request = Request::builder().uri("/");
    let mut values: Vec<Vec<u8>> = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        let spaces = line.iter().rev().take_while(|byte| **byte == b' ').count();
        let (text, spaces) = line.split_at(line.len() - spaces);
        let mut value = text.to_vec();
        for (mark, token) in [b'E', b'O'].into_iter().zip(GOOD.iter()) {
            if value.ends_with(&[b' ', mark]) {
                value.pop();
                value.extend(token.as_bytes());
            }
        }
        value.extend(spaces);
        let Ok(header) = HeaderValue::from_bytes(&value) else { return "not a header value".to_owned() };
        request = request.header(AUTHORIZATION, header);
        values.push(value);
    }
    let service = AuthenticateLayer::new(VERIFIER.clone()).layer(service_fn(async |request: Request<String>| {
        assert!(
            request.extensions().get::<tower_entra::Claims>().is_some(),
            "the inner service is called without claims"
        );
        Ok::<_, Infallible>(Response::new("inner".to_owned()))
    }));
    let response = run(service.oneshot(request.body(String::new()).unwrap())).unwrap();
    let status = response.status();
    if status == StatusCode::OK {
        let [value] = values.as_slice() else { panic!("{} headers were accepted", values.len()) };
        // A server's HTTP parser leaves no whitespace around a value; `HeaderValue` does.
        let text = std::str::from_utf8(value).unwrap().trim();
        let (scheme, rest) = text.split_at(6);
        assert!(scheme.eq_ignore_ascii_case("bearer"), "accepted with the scheme {scheme}");
        assert!(is_signed_by_us(rest.trim()), "accepted without a signature by the good key");
        report!("accepted");
        return "200".to_owned();
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        // Of the issuer whose keys cannot be fetched.
        assert!(response.headers().contains_key(RETRY_AFTER), "503 without Retry-After");
        return "503".to_owned();
    }
    assert!([StatusCode::UNAUTHORIZED, StatusCode::BAD_REQUEST].contains(&status), "{status}");
    let challenge = response.headers().get(WWW_AUTHENTICATE).expect("a challenge").to_str().expect("ASCII");
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    let parameter = |name: &str| challenge.split_once(name).and_then(|(_, rest)| rest.split('"').next());
    let error = parameter("error=\"").unwrap_or("no error");
    let description = parameter("error_description=\"").unwrap_or_default();
    report!("response: {} {error}: {description}", status.canonical_reason().unwrap_or_default());
    format!("{} {error}", status.as_u16())
}

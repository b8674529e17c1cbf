//! Rows 17 and 18: headers and tokens of odd size and form.

use std::time::{Duration, Instant};

use http::{HeaderValue, Request};
use mock_entra::MockEntra;
use tower_entra::{
    RejectionKind,
    RejectionKind::{EncryptedToken, MalformedHeader, MalformedToken, MissingToken, TokenTooLarge},
};

use crate::support::{Bench, encode, parts};

/// What is refused by its size or form takes no time, whatever it holds.
/// Far more than it takes on the slowest machine; what takes time in the square of the length takes hours.
const AT_ONCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn row_17_huge_tokens() {
    let bench = Bench::new().await;
    let token = bench.token().build();
    let huge = [
        "a".repeat(10_000_000),
        ".".repeat(1_000_000),
        format!("{token}{}", "A".repeat(10_000_000)),
        format!("{}.{}.{}", "e".repeat(3_000_000), "e".repeat(3_000_000), "A".repeat(3_000_000)),
        "eyJhbGciOiJSUzI1NiJ9.".repeat(100_000),
        "=".repeat(1_000_000),
    ];
    for token in &huge {
        let start = Instant::now();
        bench.refuses("huge", token, TokenTooLarge).await;
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    }
    bench.refuses("one too long", &format!("{token}{}", "A".repeat(16 * 1024 + 1 - token.len())), TokenTooLarge).await;
    let filled = bench.token().claim("filling", "x".repeat(10_000)).build();
    assert!(filled.len() < 16 * 1024);
    bench.accepts("almost too long", &filled).await;
}

/// With the cap raised, size alone does not decide. Time stays in proportion to it.
#[tokio::test]
async fn row_17_a_megabyte_that_is_read() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).max_token_bytes(1 << 20)).await;
    let token = bench.token();
    let payload = |json: String| token.clone().raw_payload(json).build();
    let mut many: String = (0..40_000).map(|number| format!("\"claim{number}\":0,")).collect();
    many.insert(0, '{');
    let rows = [
        ("dots", ".".repeat(1_000_000), MalformedToken),
        ("dots and letters", "a.".repeat(500_000), MalformedToken),
        ("four dots", format!("{}....", "a".repeat(1_000_000)), EncryptedToken),
        ("letters", "a".repeat(1_000_000), MalformedToken),
        ("lists in lists", payload(format!("{{\"exp\":1,\"x\":{}", "[".repeat(700_000))), MalformedToken),
        (
            "lists in lists, closed",
            payload(format!("{{\"x\":{}{}}}", "[".repeat(300_000), "]".repeat(300_000))),
            MalformedToken,
        ),
        (
            "objects in objects",
            payload(format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))),
            MalformedToken,
        ),
        ("one name many times", payload(format!("{{{}\"exp\":1}}", "\"a\":0,".repeat(90_000))), MalformedToken),
        ("many names, one twice", payload(format!("{many}\"claim7\":1}}")), MalformedToken),
        ("escapes", payload(format!("{{\"x\":\"{}\"}}", "\\u0041".repeat(100_000))), MalformedToken),
        ("a long number", payload(format!("{{\"exp\":{}}}", "9".repeat(700_000))), MalformedToken),
        ("a long header", token.clone().raw_header("[".repeat(500_000)).build(), MalformedToken),
    ];
    for (name, token, kind) in rows {
        assert!(token.len() <= 1 << 20, "{name}");
        let start = Instant::now();
        bench.refuses(name, &token, kind).await;
        assert!(start.elapsed() < AT_ONCE * 4, "{name}: {:?}", start.elapsed());
    }
    let many = bench.token().claim("roles", (0..20_000).map(|role| format!("Role{role}")).collect::<Vec<_>>()).build();
    bench.accepts("20,000 roles", &many).await;
}

#[tokio::test]
async fn row_17_nesting() {
    let bench = Bench::new().await;
    let nested = |levels: usize| {
        let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        bench.token().claim("nested", serde_json::from_str::<serde_json::Value>(&value).unwrap()).build()
    };
    bench.accepts("64 levels", &nested(63)).await;
    bench.refuses("65 levels", &nested(64), MalformedToken).await;
    bench.refuses("100 levels", &nested(100), MalformedToken).await;
    let token = bench.token();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{{\"exp\":1,\"x\":{}1{}}}", open.repeat(1_000), close.repeat(1_000));
        bench.refuses("1,000 levels", &token.clone().raw_payload(deep.clone()).build(), MalformedToken).await;
        bench.refuses("in the header", &token.clone().raw_header(deep).build(), MalformedToken).await;
    }
}

#[tokio::test]
async fn row_17_odd_bytes_in_the_header() {
    let bench = Bench::new().await;
    let token = bench.token().build();
    let [header, payload, signature] = parts(&token);
    let calls = bench.calls();
    for byte in 0..=u8::MAX {
        for value in [
            [b"Bearer ", token.as_bytes(), &[byte]].concat(),
            [b"Bearer ", &[byte][..], token.as_bytes()].concat(),
            [b"Bearer ", header.as_bytes(), b".", payload.as_bytes(), &[byte], b".", signature.as_bytes()].concat(),
        ] {
            match bench.send_header(&value).await {
                // Spaces around the token are not part of it (RFC 9110 §5.5).
                Some(answer) if byte == b' ' && answer.status == 200 => {}
                Some(answer) => assert_eq!(answer.status, 401, "{byte:#x}"),
                None => assert!(byte < b' ' || byte == 0x7f, "{byte:#x} cannot be sent"),
            }
        }
    }
    assert_eq!(bench.calls(), calls + 2, "two with a space");
    for (value, kind) in [
        (format!("Bearer\t{token}"), MalformedToken),
        (format!("Bearer \t{token}"), MalformedToken),
        (format!("Bearer {token}, Bearer {token}"), MalformedToken),
        (format!("Bearer {token} {token}"), MalformedToken),
        (format!("Bearer \"{token}\""), MalformedToken),
        (format!("Bearer access_token={token}"), MalformedToken),
        (format!("Bearer {header}.{payload}.{signature}="), MalformedToken),
        (format!("Bearer {}", token.replace('-', "+").replace('_', "/")), MalformedToken),
        (format!("Bearer Bearer {token}"), MalformedToken),
        (format!("Basic {token}"), MissingToken),
        (format!("PoP {token}"), MissingToken),
        (format!("MTLS_POP {token}"), MissingToken),
        (format!("DPoP {token}"), MissingToken),
        (format!("Bearerx {token}"), MissingToken),
        (token.clone(), MissingToken),
        ("Bearer".to_owned(), MissingToken),
        (String::new(), MissingToken),
    ] {
        let answer = bench.send_header(value.as_bytes()).await.unwrap();
        assert_eq!(answer.kind(), Some(kind), "{value}");
    }
    assert_eq!(bench.calls(), calls + 2);
    // A folded header (RFC 9112 §5.2) cannot even be written: line breaks are in no value.
    for fold in ["\r\n ", "\n ", "\r\n\t", "\0"] {
        assert!(HeaderValue::from_str(&format!("Bearer{fold}{token}")).is_err());
        assert_eq!(bench.code(&format!("{header}.{payload}{fold}.{signature}")).await, "malformed_token");
    }
}

#[tokio::test]
async fn row_17_two_headers() {
    let bench = Bench::new().await;
    let (good, bad) =
        (format!("Bearer {}", bench.token().build()), format!("Bearer {}", bench.token().wrong_key().build()));
    let fetches = bench.mock.fetches();
    for (first, second) in [
        (&*good, &*good),
        (&*good, &*bad),
        (&*bad, &*good),
        (&*good, "Basic dTpw"),
        ("Basic dTpw", &*good),
        (&*good, ""),
        ("", &*good),
        ("", ""),
    ] {
        let mut request = Request::new(());
        request.headers_mut().append("authorization", first.parse().unwrap());
        request.headers_mut().append("authorization", second.parse().unwrap());
        let answer = bench.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.kind()), (400, Some(MalformedHeader)), "{first} {second}");
    }
    assert_eq!((bench.calls(), bench.mock.fetches()), (0, fetches));
}

#[tokio::test]
async fn row_18_other_serialisations() {
    let bench = Bench::new().await;
    let token = bench.token().build();
    let [header, payload, signature] = parts(&token);
    let jwe = encode(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}"#);
    let rows: [(&str, String, RejectionKind); 14] = [
        ("a JWE", format!("{jwe}.AAAA.AAAA.AAAA.AAAA"), EncryptedToken),
        ("a JWE without a key", format!("{jwe}..AAAA.AAAA.AAAA"), EncryptedToken),
        ("a token in five parts", format!("{header}.{payload}.{signature}.AAAA.AAAA"), EncryptedToken),
        ("nothing but dots", "....".to_owned(), EncryptedToken),
        ("two parts", format!("{header}.{payload}"), MalformedToken),
        ("three parts, the last empty", format!("{header}.{payload}."), RejectionKind::BadSignature),
        ("four parts", format!("{token}.AAAA"), MalformedToken),
        ("six parts", format!("{token}.AAAA.AAAA.AAAA"), MalformedToken),
        ("detached", format!("{header}..{signature}"), MalformedToken),
        ("no header", format!(".{payload}.{signature}"), MalformedToken),
        ("only a signature", format!("..{signature}"), MalformedToken),
        ("nothing at all", "..".to_owned(), MalformedToken),
        ("opaque", "b64token".to_owned(), MalformedToken),
        ("turned round", format!("{payload}.{header}.{signature}"), MalformedToken),
    ];
    for (name, token, kind) in rows {
        bench.refuses(name, &token, kind).await;
    }
    let flat = format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#);
    let general =
        format!(r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#);
    for json in [flat, general] {
        assert_eq!(bench.code(&json).await, "malformed_token");
        assert_eq!(bench.send_token(&json).await.kind(), Some(MalformedToken));
        assert_eq!(bench.code(&encode(&json)).await, "malformed_token");
    }
    assert_eq!(bench.calls(), 0);
}

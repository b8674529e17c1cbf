//! A provider that misbehaves, over real HTTP on loopback: bounded time and memory, and the old keys stay.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mock_entra::{Fault, KeySpec, ManualClock, MockEntra};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower_entra::{Verifier, fetch::HttpFetch, keys::KeySettings};

const HOUR: Duration = Duration::from_secs(3600);
/// Of a whole refresh. What takes longer than this and a good deal more has no bound.
const TIMEOUT: Duration = Duration::from_millis(400);
const BOUND: Duration = Duration::from_secs(8);

fn verifier(instance: &str, clock: &ManualClock) -> Verifier {
    Verifier::builder()
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .instance(instance)
        .clock(clock.clone())
        .fetch(HttpFetch::builder().timeout(TIMEOUT).build().unwrap())
        .keys(KeySettings { timeout: TIMEOUT, ..KeySettings::default() })
        .build()
        .unwrap()
}

/// Makes a refresh due, waits for it, and holds that it failed, in bounded time, and cost nobody his key.
async fn refresh_fails(verifier: &Verifier, entra: &MockEntra, clock: &ManualClock, what: &str) {
    clock.advance(HOUR);
    let failures = verifier.stats().keys.failures;
    let started = Instant::now();
    let unknown = verifier.verify(&entra.token().kid("invented").build()).await.unwrap_err();
    assert_eq!(unknown.code(), "unknown_key", "{what}");
    assert!(started.elapsed() < BOUND, "{what} took {:?}", started.elapsed());
    assert_eq!(verifier.stats().keys.failures, failures + 1, "{what}");
    assert!(verifier.verify(&entra.token().build()).await.is_ok(), "{what} cost a known key");
}

#[tokio::test]
async fn faults_of_a_real_server_are_survived() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let (entra, clock) = (server.entra(), ManualClock::new());
    entra.set_clock(clock.clone());
    let verifier = verifier(&server.url(), &clock);
    verifier.warm_up().await.unwrap();
    for fault in [
        Fault::Down,
        Fault::Stall,
        Fault::Slow(Duration::from_secs(60)),
        Fault::Drip(Duration::from_millis(50)),
        Fault::Status(500),
        Fault::Status(503),
        Fault::Garbage,
        Fault::EmptyKeySet,
        Fault::Redirect(format!("{}/elsewhere", server.url())),
        Fault::Redirect("https://evil.example/".to_owned()),
        Fault::TooLarge,
    ] {
        for part in ["/.well-known/", "/discovery/"] {
            if fault == Fault::EmptyKeySet && part != "/discovery/" {
                continue;
            }
            entra.set_fault_at(part, fault.clone());
            refresh_fails(&verifier, entra, &clock, &format!("{fault:?} at {part}")).await;
            entra.clear_faults();
        }
    }
    assert_eq!(entra.fetches_of("/elsewhere"), 0, "a redirect was followed");
    clock.advance(HOUR);
    entra.rotate();
    assert!(verifier.verify(&entra.token().build()).await.is_ok(), "and when it is well again, all is well");
}

#[tokio::test]
async fn cold_and_down_is_503_and_passes_when_the_server_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (entra, clock) = (MockEntra::at(format!("http://{address}")), ManualClock::new());
    entra.set_clock(clock.clone());
    let verifier = verifier(&format!("http://{address}"), &clock);
    let rejection = verifier.verify(&entra.token().build()).await.unwrap_err();
    assert_eq!((rejection.code(), rejection.status().as_u16()), ("keys_unavailable", 503));
    let _server = entra.clone().listen(TcpListener::bind(address).await.unwrap()).unwrap();
    clock.advance(Duration::from_secs(30));
    assert!(verifier.verify(&entra.token().build()).await.is_ok());
}

/// What a raw server does with a connection that asks for the keys.
#[derive(Clone, Copy, Debug)]
enum Trick {
    /// Says that more is to come than comes, and closes.
    CutShort,
    /// Says that more is to come, and keeps the connection open.
    NeverEnding,
    /// Sends more than it said.
    LongerThanSaid,
    /// Chunks without end.
    EndlessChunks,
    /// Ten megabytes in one body.
    TenMegabytes,
    /// A little gzip that would become a lot.
    GzipBomb,
    /// A header without end.
    EndlessHeader,
    /// Not HTTP at all.
    Nonsense,
    /// A good body under status 404.
    GoodBodyBadStatus,
    /// 204 without a body.
    NoContent,
    /// A hundred thousand nested arrays where a key should be.
    Nested,
    /// Keys that nobody can use.
    UselessKeys,
}

/// Serves good metadata of `entra`, and its keys with a trick.
async fn tricky_server(
    entra: MockEntra,
    listener: TcpListener,
    trick: Arc<std::sync::Mutex<Option<Trick>>>,
    sent: Arc<AtomicUsize>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (entra, trick, sent) = (entra.clone(), *trick.lock().unwrap(), Arc::clone(&sent));
        tokio::spawn(async move {
            let _ = answer(entra, stream, trick, sent).await;
        });
    }
}

async fn answer(
    entra: MockEntra,
    mut stream: TcpStream,
    trick: Option<Trick>,
    sent: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    use tower_entra::fetch::{Fetch, FetchRequest};

    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let good = entra.fetch(FetchRequest::new(format!("{}{path}", entra.base()), 1 << 20)).await.unwrap();
    let trick = trick.filter(|_| path.contains("/discovery/"));
    let body = good.body.as_ref();
    let plain = |status: &str, length: usize| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
    };
    match trick {
        None => {
            stream.write_all(plain(&format!("{} X", good.status), body.len()).as_bytes()).await?;
            stream.write_all(body).await?;
        }
        Some(Trick::CutShort) => {
            stream.write_all(plain("200 OK", body.len()).as_bytes()).await?;
            stream.write_all(&body[..body.len() / 2]).await?;
        }
        Some(Trick::NeverEnding) => {
            stream.write_all(plain("200 OK", body.len() + 10).as_bytes()).await?;
            stream.write_all(body).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Some(Trick::LongerThanSaid) => {
            stream.write_all(plain("200 OK", body.len() / 2).as_bytes()).await?;
            stream.write_all(body).await?;
        }
        Some(Trick::EndlessChunks) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            loop {
                stream.write_all(chunk.as_bytes()).await?;
                sent.fetch_add(0x10000, Ordering::SeqCst);
            }
        }
        Some(Trick::TenMegabytes) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
            let piece = vec![b' '; 1 << 16];
            for _ in 0..160 {
                stream.write_all(&piece).await?;
                sent.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
        Some(Trick::GzipBomb) => {
            // The head of a gzip stream; nobody is to look further.
            let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xec, 0xc1, 1, 1, 0, 0, 0, 0x80];
            let head =
                plain("200 OK", bomb.len()).replace("\r\nconnection", "\r\ncontent-encoding: gzip\r\nconnection");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&bomb).await?;
        }
        Some(Trick::EndlessHeader) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ").await?;
            loop {
                stream.write_all(&[b'x'; 4096]).await?;
                sent.fetch_add(4096, Ordering::SeqCst);
            }
        }
        Some(Trick::Nonsense) => stream.write_all(b"\0\x01\x02 SSH-2.0\r\n\r\n").await?,
        Some(Trick::GoodBodyBadStatus) => {
            stream.write_all(plain("404 Not Found", body.len()).as_bytes()).await?;
            stream.write_all(body).await?;
        }
        Some(Trick::NoContent) => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?,
        Some(Trick::Nested) => {
            let nested = format!("{{\"keys\":[{}{}]}}", "[".repeat(100_000), "]".repeat(100_000));
            stream.write_all(plain("200 OK", nested.len()).as_bytes()).await?;
            stream.write_all(nested.as_bytes()).await?;
        }
        Some(Trick::UselessKeys) => {
            let keys =
                json!({"keys": [{}, {"kty": "RSA", "kid": "a"}, {"kty": "AKP", "kid": "b"}, 7, null]}).to_string();
            stream.write_all(plain("200 OK", keys.len()).as_bytes()).await?;
            stream.write_all(keys.as_bytes()).await?;
        }
    }
    stream.shutdown().await
}

#[tokio::test]
async fn tricks_of_a_hostile_server_are_survived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (entra, clock) = (MockEntra::at(format!("http://{address}")), ManualClock::new());
    entra.set_clock(clock.clone());
    let (trick, sent) = (Arc::new(std::sync::Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
    let server = tokio::spawn(tricky_server(entra.clone(), listener, Arc::clone(&trick), Arc::clone(&sent)));
    let verifier = verifier(&format!("http://{address}"), &clock);
    verifier.warm_up().await.unwrap();
    for next in [
        Trick::CutShort,
        Trick::NeverEnding,
        Trick::LongerThanSaid,
        Trick::EndlessChunks,
        Trick::TenMegabytes,
        Trick::GzipBomb,
        Trick::EndlessHeader,
        Trick::Nonsense,
        Trick::GoodBodyBadStatus,
        Trick::NoContent,
        Trick::Nested,
        Trick::UselessKeys,
    ] {
        *trick.lock().unwrap() = Some(next);
        sent.store(0, Ordering::SeqCst);
        refresh_fails(&verifier, &entra, &clock, &format!("{next:?}")).await;
        // The cap of 1 MiB, and what the buffers of two sockets hold.
        assert!(sent.load(Ordering::SeqCst) < 9 << 20, "{next:?}: {} bytes were taken", sent.load(Ordering::SeqCst));
    }
    *trick.lock().unwrap() = None;
    clock.advance(HOUR);
    entra.rotate();
    assert!(verifier.verify(&entra.token().build()).await.is_ok(), "and when it is well again, all is well");
    server.abort();
}

/// Listed tenants with keys of their own, over real HTTP: a flood of forged tokens delays a tenant's first token, and keeps
/// nobody out; a warm-up spares the wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listed_tenants_with_keys_of_their_own_wait_in_turn() {
    const TENANTS: usize = 20;
    let listed = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let entra = server.entra();
    let key = entra.new_key();
    for number in 0..TENANTS {
        entra.add_tenant(listed(number).parse().unwrap());
        entra.publish(KeySpec::new(&key).only_in(listed(number)));
    }
    let build = |app_specific: bool| {
        let builder = Verifier::builder().client_id(MockEntra::CLIENT_ID).instance(server.url());
        let settings = KeySettings {
            tenant_refresh_interval: Duration::from_millis(100),
            tenant_refresh_burst: 2,
            tenant_refresh_wait: Duration::from_millis(300),
            ..KeySettings::default()
        };
        let builder = builder.app_specific_keys(app_specific).keys(settings);
        (0..TENANTS).fold(builder, |builder, number| builder.tenant(listed(number))).build().unwrap()
    };
    let last = entra.token().tenant(listed(TENANTS - 1)).signed_with(&key).build();

    let verifier = build(false);
    verifier.warm_up().await.unwrap();
    let flood: Vec<_> = (0..10 * TENANTS)
        .map(|number| {
            let forged = entra.token().tenant(listed(number % (TENANTS - 1))).kid(format!("forged-{number}")).build();
            let verifier = verifier.clone();
            tokio::spawn(async move { verifier.verify(&forged).await.unwrap_err() })
        })
        .collect();
    for request in flood {
        let rejection = request.await.unwrap();
        assert!(matches!(rejection.code(), "unknown_key" | "keys_unavailable"), "{rejection}");
        assert_eq!(rejection.code() == "keys_unavailable", rejection.retry_after_time().is_some());
    }
    let started = Instant::now();
    let mut refused = 0;
    while let Err(rejection) = verifier.verify(&last).await {
        assert_eq!(rejection.code(), "keys_unavailable");
        assert!(started.elapsed() < BOUND, "it is kept out");
        refused += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(refused > 0, "18 tenants were in front of it, 100 ms each, and it waited 300 ms");

    let warm = build(true);
    warm.warm_up().await.unwrap();
    let fetches = entra.fetches();
    for number in 0..TENANTS {
        let token = entra.token().tenant(listed(number)).signed_with(&key).build();
        assert!(warm.verify(&token).await.is_ok(), "{number}");
    }
    assert_eq!(entra.fetches(), fetches, "all is loaded");
}

//! Issuers that are spelled in two ways, that are compared and never fetched, and those whose key servers have certificates
//! of their own.

use std::time::Duration;

use mock_entra::{MockEntra, MockServer};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tower_entra::{Authority, Config, Verifier, VerifierBuilder, authority::OpenIdConnect};

use crate::support::{Bench, START, certificate, code, settle};

const AUDIENCE: &str = "https://api.contoso.example";

/// A provider at `issuer`, whose metadata has these members over the usual ones.
fn provider(issuer: &str, members: Value) -> MockEntra {
    let end = issuer[8..].find('/').map_or(issuer.len(), |at| at + 8);
    let (origin, path) = issuer.split_at(end);
    let mock = MockEntra::okta().hosted_at(origin);
    let mut metadata = json!({"issuer": issuer, "jwks_uri": format!("{origin}/oauth2/default/v1/keys")});
    for (name, value) in members.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let path = path.trim_end_matches('/');
    mock.replace_document(format!("{path}/.well-known/openid-configuration"), metadata.to_string());
    mock
}

fn token(mock: &MockEntra, issuer: &str) -> String {
    let claims = json!({"iss": issuer, "aud": AUDIENCE, "sub": "ada", "scp": "orders.read", "exp": START + 300});
    mock.token().raw_payload(claims.to_string()).build()
}

fn openid(issuer: &str) -> OpenIdConnect {
    Authority::openid_connect(issuer).audience(AUDIENCE)
}

/// The metadata decides between two spellings that differ by one slash at the end; tokens must then have exactly that one.
#[tokio::test]
async fn trailing_slash_is_as_the_metadata_has_it() {
    let (with, without) = ("https://contoso.auth0.example/", "https://contoso.auth0.example");
    let (path_with, path_without) = ("https://id.contoso.example/realms/a/", "https://id.contoso.example/realms/a");
    for (configured, metadata, accepted) in [
        (with, with, true),
        (without, with, true),
        (with, without, true),
        (without, without, true),
        (path_with, path_without, true),
        (path_without, path_with, true),
        (without, "https://contoso.auth0.example//", false),
        ("https://contoso.auth0.example//", without, false),
        (path_without, "https://id.contoso.example/realms/A/", false),
        (path_without, "https://id.contoso.example/realms/a/b", false),
    ] {
        for is_workload in [false, true] {
            let name = format!("{configured} {metadata} {is_workload}");
            let authority: Authority = match is_workload {
                true => Authority::workload(configured).audience(AUDIENCE).subject("ada").into(),
                false => openid(configured).into(),
            };
            let bench = Bench::alone(provider(metadata, json!({})), authority);
            let other = metadata.strip_suffix('/').map_or_else(|| format!("{metadata}/"), str::to_owned);
            // The first token waits for the metadata, whatever its spelling.
            let (good, bad) = (token(&bench.mock, metadata), token(&bench.mock, &other));
            let codes = [bench.code(&bad).await, bench.code(&good).await, bench.code(&bad).await];
            if !accepted {
                assert!(codes.iter().all(|code| *code != "accepted"), "{name}: {codes:?}");
                continue;
            }
            assert_eq!(codes, ["unknown_issuer", "accepted", "unknown_issuer"], "{name}");
            let claims = bench.verifier.verify(&good).await.unwrap();
            // The key of a user's data follows from the configuration.
            let key = claims.subject_key().unwrap().to_string();
            assert_eq!(key.contains("%2F/ada"), configured.ends_with('/'), "{name}: {key}");
            assert!(bench.verifier.authority_ready(metadata).is_some_and(|ready| ready.is_ok()), "{name}");
        }
    }
}

/// Keys that come without metadata belong to exactly the configured issuer.
#[tokio::test]
async fn trailing_slash_counts_without_metadata() {
    let issuer = "https://contoso.auth0.example";
    let mock = provider(issuer, json!({}));
    let jwks = format!(r#"{{"keys":[{}]}}"#, mock.current_key().jwk());
    for authority in
        [openid(issuer).jwks_uri(format!("{issuer}/oauth2/default/v1/keys")), openid(issuer).static_keys(jwks)]
    {
        let bench = Bench::alone(mock.clone(), authority);
        assert_eq!(bench.code(&token(&mock, issuer)).await, "accepted");
        assert_eq!(bench.code(&token(&mock, &format!("{issuer}/"))).await, "unknown_issuer");
    }
}

/// No second authority can have the other spelling.
#[test]
fn both_spellings_belong_to_one_authority() {
    let issuer = "https://contoso.auth0.example";
    let other = format!("{issuer}/");
    let workload = Authority::workload(&other).audience(AUDIENCE).subject("ada");
    let tenant = MockEntra::TENANT;
    let at_tenant = format!("https://login.contoso.example/{tenant}/v2.0");
    let rows: [(OpenIdConnect, Authority); 6] = [
        (openid(issuer), openid(&other).into()),
        (openid(&other), openid(issuer).into()),
        (openid(issuer), workload.into()),
        (openid(issuer), openid(&other).jwks_uri("https://contoso.auth0.example/keys").into()),
        (openid(issuer), openid("https://id.contoso.example").issuers([other.as_str()]).into()),
        (
            openid(&at_tenant),
            Authority::b2c_at("https://login.contoso.example", tenant, "B2C_1_susi")
                .client_id(MockEntra::CLIENT_ID)
                .into(),
        ),
    ];
    for (one, second) in rows {
        let one = Authority::from(one);
        for pair in [[one.clone(), second.clone()], [second, one]] {
            let name = format!("{pair:?}");
            let [one, second] = pair;
            let error = Verifier::builder().authority(one).authority(second).build().expect_err(&name).to_string();
            assert!(error.contains("accepts too") || error.contains("shares an issuer"), "{error}");
        }
    }
}

/// An instance whose metadata names the other spelling of an issuer that belongs to an OpenID Connect authority.
#[tokio::test]
async fn metadata_cannot_claim_the_other_spelling() {
    let base = "https://login.contoso.example";
    let mock = MockEntra::at(base);
    // Entra's v1 issuer ends with a slash.
    let issuer = format!("{base}/{}", MockEntra::TENANT);
    let bench = Bench::cold(mock, |builder| {
        let instance = Authority::tenant(MockEntra::TENANT.parse().unwrap())
            .in_instance(tower_entra::tenant::Instance::parse(base).unwrap());
        builder.authority(instance).authority(openid(&issuer))
    });
    let v1 = bench.token().v1().audience(AUDIENCE).build();
    for _ in 0..2 {
        let claims = bench.verifier.verify(&v1).await.unwrap();
        assert_eq!((claims.authority(), claims.tenant_id()), (&*issuer, None));
        // The instance's documents are refused as a whole.
        assert_eq!(bench.code(&bench.token().build()).await, "keys_unavailable");
        settle().await;
    }
}

const ADFS: &str = "https://adfs.contoso.example/adfs";
const ADFS_TOKENS: &str = "http://adfs.contoso.example/adfs/services/trust";

/// AD FS: `iss` of its access tokens is the metadata's `access_token_issuer`, at `http`.
#[tokio::test]
async fn adfs_by_its_metadata() {
    let elsewhere = "http://adfs.fabrikam.example/adfs/services/trust";
    for (listed, access_token_issuer, accepted, rejected) in [
        (&[ADFS_TOKENS][..], json!(ADFS_TOKENS), &[ADFS_TOKENS, ADFS][..], &[elsewhere][..]),
        (&[ADFS_TOKENS, elsewhere], json!(ADFS_TOKENS), &[ADFS_TOKENS, ADFS, elsewhere], &[]),
        (&[], json!(ADFS), &[ADFS], &[ADFS_TOKENS]),
        (&[ADFS_TOKENS], Value::Null, &[ADFS_TOKENS, ADFS], &["http://adfs.contoso.example/adfs/services/trust/"]),
        (&[], json!(ADFS_TOKENS), &[], &[ADFS]),
        (&[elsewhere], json!(ADFS_TOKENS), &[], &[ADFS, elsewhere]),
        (&[ADFS_TOKENS], json!([ADFS_TOKENS]), &[], &[ADFS_TOKENS]),
    ] {
        let name = format!("{listed:?} {access_token_issuer}");
        let mut members = json!({});
        if !access_token_issuer.is_null() {
            members["access_token_issuer"] = access_token_issuer;
        }
        let bench = Bench::alone(provider(ADFS, members), openid(ADFS).issuers(listed.iter().copied()));
        for issuer in accepted {
            assert_eq!(bench.code(&token(&bench.mock, issuer)).await, "accepted", "{name}: {issuer}");
        }
        for issuer in rejected {
            let found = bench.code(&token(&bench.mock, issuer)).await;
            let expected = match accepted.is_empty() {
                true => "keys_unavailable",
                false => "unknown_issuer",
            };
            assert_eq!(found, expected, "{name}: {issuer}");
        }
        if accepted.is_empty() {
            let rejection = bench.verifier.verify(&token(&bench.mock, ADFS)).await.unwrap_err();
            let error = rejection.fetch_error().unwrap().to_string();
            assert!(error.contains("access_token_issuer"), "{name}: {error}");
        }
        let fetched = bench.mock.requested();
        assert!(fetched.iter().all(|url| url.starts_with("https://adfs.contoso.example/")), "{name}: {fetched:?}");
    }
}

/// What is compared and never fetched may be at `http`, or no address at all.
#[tokio::test]
async fn issuers_that_are_compared_and_never_fetched() {
    let mock = provider(ADFS, json!({}));
    let jwks = format!(r#"{{"keys":[{}]}}"#, mock.current_key().jwk());
    let keys = "https://adfs.contoso.example/oauth2/default/v1/keys";
    let with_metadata = "https://adfs.contoso.example/adfs/.well-known/openid-configuration";
    for (issuer, is_good) in [
        (ADFS_TOKENS, true),
        ("kubernetes/serviceaccount", true),
        ("plant-7", true),
        ("urn:contoso:issuer", true),
        ("https://id.contoso.example", true),
        ("", false),
        (" ", false),
        ("a b", false),
        ("plant*", false),
        ("http://adfs.contoso.example/{tenantid}", false),
        ("http://login.microsoftonline.com/x", false),
        ("login.microsoftonline.com", false),
        ("HTTP://user@sts.windows.net/x/", false),
        ("https://id.contoso.example:444(keys", false),
        ("HTTPS://", false),
    ] {
        for authority in [openid(issuer).static_keys(&jwks), openid(issuer).jwks_uri(keys)] {
            let name = format!("{authority:?}");
            let built = Verifier::builder().authority(authority.clone()).fetch(mock.clone()).build();
            assert_eq!(built.is_ok(), is_good, "{name}: {:?}", built.err());
            if is_good {
                let bench = Bench::alone(mock.clone(), authority);
                assert_eq!(bench.code(&token(&mock, issuer)).await, "accepted", "{name}");
                assert_eq!(bench.code(&token(&mock, "another")).await, "unknown_issuer", "{name}");
            }
        }
        // Where something is to be fetched, it must be https.
        let is_https = issuer == "https://id.contoso.example";
        for authority in [openid(issuer), openid(issuer).metadata(with_metadata)] {
            let built = Verifier::builder().authority(authority).build();
            assert_eq!(built.is_ok(), is_https, "{issuer}: {:?}", built.err());
        }
        // A name beside metadata is rather an address without its scheme, unless it is a URN.
        let may_be_listed = is_good || issuer == "https://id.contoso.example:444(keys";
        for (authority, names_count) in [(openid(ADFS), false), (openid(ADFS).static_keys(&jwks), true)] {
            let built = Verifier::builder().authority(authority.issuers([issuer])).build();
            let expected = may_be_listed && (names_count || issuer.contains("://") || issuer.starts_with("urn:"));
            assert_eq!(built.is_ok(), expected, "{issuer}: {:?}", built.err());
        }
    }
    let error = Verifier::builder().authority(openid(ADFS_TOKENS)).build().unwrap_err().to_string();
    assert!(error.contains("list this one under Issuers"), "{error}");
}

async fn serve((_, certificate, key): &(String, String, String)) -> MockServer {
    MockEntra::serve_https("127.0.0.1:0", certificate, key).await.unwrap()
}

fn at(server: &MockServer) -> Authority {
    Authority::tenant(MockEntra::TENANT.parse().unwrap())
        .in_instance(tower_entra::tenant::Instance::parse(&server.url()).unwrap())
        .client_id(MockEntra::CLIENT_ID)
        .named(server.url())
        .into()
}

/// The configured certificates replace the system's for this authority.
#[tokio::test]
async fn certificates_count_for_one_authority_alone() {
    let (cluster, company) = (certificate(), certificate());
    let (in_cluster, in_company) = (serve(&cluster).await, serve(&company).await);
    let outcome = async |authorities: [Authority; 2]| {
        let [one, other] = authorities;
        let verifier = Verifier::builder().authority(one).authority(other).build().unwrap();
        let _ = verifier.warm_up().await;
        let mut codes = Vec::new();
        for server in [&in_cluster, &in_company] {
            codes.push(code(verifier.verify(&server.entra().token().build()).await));
        }
        codes
    };
    let (cluster_ca, company_ca) = (cluster.0.as_str(), company.0.as_str());
    let both = format!("{cluster_ca}{company_ca}");
    let none = "keys_unavailable";
    assert_eq!(outcome([at(&in_cluster).ca_certificates(cluster_ca), at(&in_company)]).await, ["accepted", none]);
    assert_eq!(
        outcome([at(&in_cluster).ca_certificates(company_ca), at(&in_company).ca_certificates(cluster_ca)]).await,
        [none, none]
    );
    assert_eq!(
        outcome([at(&in_cluster).ca_certificates(&both), at(&in_company).ca_certificates(company_ca)]).await,
        ["accepted"; 2]
    );
    let added = at(&in_company).ca_certificates(cluster_ca).ca_certificates(company_ca);
    assert_eq!(outcome([at(&in_cluster), added]).await, [none, "accepted"]);
}

#[tokio::test]
async fn reload_with_other_certificates_fetches_again() {
    let (good, other) = (certificate(), certificate());
    let server = serve(&good).await;
    let build = |ca: &str| VerifierBuilder::from(Config::default()).authority(at(&server).ca_certificates(ca)).build();
    let verifier = build(&good.0).unwrap();
    let token = server.entra().token().expires_in(Duration::from_secs(600)).build();
    assert_eq!(code(verifier.verify(&token).await), "accepted");
    let fetches = server.entra().fetches();
    verifier.reload(&Config::default()).unwrap();
    assert_eq!(code(verifier.verify(&token).await), "accepted");
    assert_eq!(server.entra().fetches(), fetches, "the same certificates: the same keys");
    assert_eq!(code(build(&other.0).unwrap().verify(&token).await), "keys_unavailable");
}

/// The setting of a file decides as the method does.
#[tokio::test]
async fn ca_file_of_a_configuration_file_decides_which_key_server_is_trusted() {
    let (good, other) = (certificate(), certificate());
    let server = serve(&good).await;
    let token = server.entra().token().build();
    for (ca, outcome) in [(&good.0, "accepted"), (&other.0, "keys_unavailable")] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ca).unwrap();
        let section = json!({"AzureAd": {
            "Instance": server.url(),
            "Kind": "Entra",
            "TenantId": MockEntra::TENANT,
            "ClientId": MockEntra::CLIENT_ID,
            "CaFile": file.path(),
        }});
        let verifier = VerifierBuilder::from(Config::from_json(&section.to_string()).unwrap()).build().unwrap();
        assert_eq!(code(verifier.verify(&token).await), outcome);
    }
}

#[test]
fn wrong_certificates_are_problems() {
    let ca = certificate().0;
    let broken = ca.replacen("MII", "AII", 1);
    let key = KeyPair::generate().unwrap().serialize_pem();
    let authority = || openid("https://id.contoso.example");
    for (pem, problem) in [
        ("", "a certificate in PEM is needed"),
        ("no pem", "a certificate in PEM is needed"),
        (&key, "a certificate in PEM is needed"),
        (&broken, "certificate"),
    ] {
        let error = Verifier::builder().authority(authority().ca_certificates(pem)).build().unwrap_err().to_string();
        assert!(error.contains("ca_certificates()") && error.contains(problem), "{pem}: {error}");
    }
    assert!(Verifier::builder().authority(authority().ca_certificates(&ca)).build().is_ok());
    let with_fetch = Verifier::builder().authority(authority().ca_certificates(&ca)).fetch(MockEntra::new());
    let error = with_fetch.build().unwrap_err().to_string();
    assert!(error.contains("ca_certificates()") && error.contains("fetch()"), "{error}");
    let jwks = format!(r#"{{"keys":[{}]}}"#, MockEntra::new().current_key().jwk());
    let error = Verifier::builder().authority(authority().static_keys(jwks).ca_certificates(&ca)).build().unwrap_err();
    assert!(error.to_string().contains("nothing is fetched"), "{error}");
}

//! Which pairs of configuration and token are accepted: `issuer_cases.json` of the third-party vectors.
//!
//! Every case is run but those that are marked there as of no use here. Where a case has a stricter verdict than Microsoft's
//! own validators give, that one holds.

use std::{collections::BTreeSet, time::Duration};

use http::Uri;
use mock_entra::{Fault, KeySpec, MockEntra, SigningAlgorithm, TokenBuilder};
use serde_json::Value;
use tower_entra::{Authority, Cloud, TenantId, Verifier, VerifierBuilder, tenant::IssuerTemplate};

use crate::{
    support::{Bench, clock_of},
    vectors::vectors,
};

/// The codes of the cases that are refused: each for its own reason, not for any.
const CODES: [(&str, &str); 24] = [
    ("ir-02", "wrong_tenant"),
    ("ir-05", "wrong_tenant"),
    ("ir-07", "unknown_issuer"),
    ("ir-08", "unknown_issuer"),
    ("ir-13", "unknown_issuer"),
    ("ir-14", "unknown_issuer"),
    ("ir-29", "keys_unavailable"),
    ("ir-34", "wrong_tenant"),
    ("ir-37", "wrong_tenant"),
    ("ir-38", "wrong_tenant"),
    ("ir-40", "unknown_issuer"),
    ("sk-01", "unsupported_algorithm"),
    ("sk-02", "keys_unavailable"),
    ("sk-04", "unknown_key"),
    ("sk-05", "wrong_issuer"),
    ("sk-07", "wrong_issuer"),
    ("sk-10", "wrong_issuer"),
    ("sk-11", "malformed_token"),
    ("sk-13", "malformed_token"),
    ("sk-17", "wrong_issuer"),
    ("ci-02", "wrong_issuer"),
    ("au-04", "wrong_issuer"),
    ("au-07", "wrong_audience"),
    ("au-10", "microsoft_api_token"),
];

#[tokio::test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
async fn every_case_is_run_but_those_of_no_use_here() {
    let vectors = vectors("issuer_cases.json");
    let mut ids = BTreeSet::new();
    let (mut wrong, mut left_out) = (Vec::new(), Vec::new());
    for (suite, cases) in vectors["suites"].as_object().unwrap() {
        let cases = cases.as_array().unwrap();
        let (mut run, mut accepted) = (0, 0);
        for case in cases {
            let id = text(case, "id");
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            if case["applicable"] == false {
                left_out.push((id, text(case, "why")));
                continue;
            }
            run += 1;
            let found = match suite.as_str() {
                "template_match" => template_match(case),
                "issuer_resolution" => issuer_resolution(case).await,
                "authority_derivation" => authority_derivation(case).await,
                "signing_key_issuer" => signing_key_issuer(case).await,
                "signing_key_cloud_instance" => signing_key_cloud_instance(case).await,
                "audience_defaults" => audience_defaults(case).await,
                unknown => panic!("the suite {unknown} is not run"),
            };
            accepted += usize::from(found == "accepted");
            let expected = expected(case);
            if found != expected {
                wrong.push(format!("{id}: {found}, not {expected}"));
            }
        }
        println!("{suite}: {run} of {} cases run, {accepted} accepted", cases.len());
    }
    assert_eq!(wrong, Vec::<String>::new());
    for (id, reason) in left_out {
        println!("left out: {id}, {reason}");
    }
    let is_gone = |id: &&str| !ids.contains(*id);
    assert_eq!(CODES.iter().map(|(id, _)| *id).find(is_gone), None, "has a code, and is not there any more");
}

/// The code of a case that is refused, `accepted` of one that is not; suites without codes have `rejected`.
fn expected(case: &Value) -> &'static str {
    let id = text(case, "id");
    let verdict = case.get("expect_strict").or(case.get("expect")).and_then(Value::as_str);
    match verdict {
        Some("accept") | None => "accepted",
        Some("reject") if id.starts_with("tm-") => "rejected",
        Some("reject") => CODES.iter().find(|(known, _)| *known == id).unwrap_or_else(|| panic!("{id} has no code")).1,
        Some(other) => panic!("{id}: {other}"),
    }
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} of {case}"))
}

fn template_match(case: &Value) -> &'static str {
    let (template, issuer) = (IssuerTemplate::parse(text(case, "template")), text(case, "token_iss"));
    let matches = template.is_some_and(|template| {
        text(case, "tid").parse::<TenantId>().is_ok_and(|tenant| template.matches(issuer, tenant))
    });
    if matches { "accepted" } else { "rejected" }
}

/// The cloud of an authority's address, and what its first segment names.
struct Place {
    cloud: Cloud,
    segment: String,
}

impl Place {
    fn of(authority: &str) -> Self {
        let uri: Uri = authority.parse().unwrap();
        let cloud = Cloud::from_host(uri.host().unwrap()).unwrap_or_else(|| panic!("{authority} is in no cloud"));
        Self { cloud, segment: uri.path().split('/').nth(1).unwrap().to_owned() }
    }

    fn mock(&self) -> MockEntra {
        let mock = MockEntra::for_cloud(self.cloud);
        if let Ok(tenant) = self.segment.parse() {
            mock.add_tenant(tenant);
        }
        mock
    }

    fn tenants(&self, builder: VerifierBuilder) -> VerifierBuilder {
        match &*self.segment {
            "common" => builder.danger_any_account(),
            "organizations" => builder.danger_any_organization(),
            tenant => builder.tenant(tenant),
        }
    }

    fn verifier(&self, mock: MockEntra) -> Bench {
        Bench::cold(mock, |builder| self.tenants(builder).cloud(self.cloud))
    }
}

/// A token with these claims, and no `iss`, `tid` and `tfp` but theirs.
fn token_of(mock: &MockEntra, claims: &Value) -> TokenBuilder {
    let is_v1 = claims["iss"].as_str().is_some_and(|issuer| issuer.ends_with('/'));
    let token = if is_v1 { mock.token().v1() } else { mock.token() };
    // A user's token from an issuer with the policy in it names that policy in `tfp` too; the cases are about issuers alone.
    let has_policy = claims["iss"].as_str().is_some_and(|issuer| issuer.contains("/tfp/"));
    let token = if has_policy { token } else { token.without_claim("tfp") };
    let token = token.without_claim("iss").without_claim("tid");
    claims.as_object().unwrap().iter().fold(token, |token, (name, value)| token.claim(name, value.clone()))
}

/// A tenant of Azure AD B2C or of External ID: the look-alike of its host, and the authority with which it is configured.
/// `None` for one of Entra.
fn other_kind(case: &Value) -> Option<(MockEntra, Authority)> {
    let uri: Uri = text(case, "authority").parse().unwrap();
    let host = uri.host().unwrap();
    let origin = format!("https://{host}");
    let mut path = uri.path().split('/').skip(1);
    let mut segment = || path.next().unwrap();
    if let Some(name) = host.strip_suffix(".b2clogin.com") {
        let (domain, policy) = (segment(), segment());
        let issuer = case["configured_issuers"][0].as_str().unwrap();
        let tenant = issuer.split('/').find_map(|segment| segment.parse::<TenantId>().ok()).unwrap();
        let (mock, authority) = (MockEntra::b2c(name, policy), Authority::b2c_at(&origin, domain, policy));
        mock.add_domain(domain, tenant);
        if !issuer.contains("/tfp/") {
            return Some((mock, authority.into()));
        }
        let mock = mock.tfp_issuer();
        mock.set_metadata("issuer", Some(issuer.into()));
        return Some((mock, authority.accept_tfp_issuers().into()));
    }
    let name = host.strip_suffix(".ciamlogin.com")?;
    let tenant = segment();
    let mock = MockEntra::external_id(name);
    mock.add_tenant(tenant.parse().unwrap());
    assert_eq!(case["metadata_issuer_by_version"]["v2"], mock.v2_issuer(tenant));
    Some((mock, Authority::external_id_at(origin, tenant).into()))
}

/// The same verdict before the first document and after it, and no other host is asked.
async fn other_resolution(case: &Value, mock: MockEntra, authority: Authority) -> &'static str {
    let verdict = async |is_warm: bool| {
        let bench = Bench::cold(mock.clone(), |builder| builder.authority(authority.clone()));
        if is_warm {
            bench.verifier.warm_up().await.unwrap();
        }
        bench.code(&token_of(&mock, &case["token"]).build()).await
    };
    let (cold, warm) = (verdict(false).await, verdict(true).await);
    assert_eq!(cold, warm, "{case}");
    let elsewhere = |url: &String| !url.starts_with(&format!("{}/", mock.base()));
    assert_eq!(mock.requested().into_iter().find(elsewhere), None, "{case}");
    warm
}

async fn issuer_resolution(case: &Value) -> &'static str {
    if let Some((mock, authority)) = other_kind(case) {
        return other_resolution(case, mock, authority).await;
    }
    let place = Place::of(text(case, "authority"));
    let mock = place.mock();
    let bench = place.verifier(mock.clone());
    let metadata = case.get("metadata_issuer_by_version").map(|metadata| text(metadata, "v2"));
    if let Some(good) = case.get("last_known_good") {
        let usual = [mock.v1_issuer("{tenantid}"), mock.v2_issuer("{tenantid}")];
        assert!(usual.contains(&text(good, "issuer").to_owned()), "{case}");
        bench.verifier.warm_up().await.unwrap();
        mock.set_metadata("issuer", metadata.map(Value::from));
        const HOUR: u64 = 3600;
        let later = if good["expired"] == true { 8 * 24 * HOUR } else { 2 * HOUR };
        bench.clock.advance(Duration::from_secs(later));
        let fetches = mock.fetches();
        let code = bench.code(&token_of(&mock, &case["token"]).build()).await;
        assert!(mock.fetches() > fetches || code == "accepted", "the broken document was asked for");
        return code;
    }
    if let Some(issuer) = metadata.filter(|issuer| *issuer != mock.v2_issuer("{tenantid}")) {
        mock.set_metadata("issuer", Some(issuer.into()));
    }
    bench.code(&token_of(&mock, &case["token"]).build()).await
}

/// The addresses that are asked: the v2 ones at a known cloud, both at an instance whose issuers must be learnt.
async fn authority_derivation(case: &Value) -> &'static str {
    const WELL_KNOWN: &str = "/.well-known/openid-configuration";
    const ELSEWHERE: &str = "https://login.example";
    let place = Place::of(text(case, "authority"));
    let (known, elsewhere) = (place.mock(), MockEntra::at(ELSEWHERE));
    if let Ok(tenant) = place.segment.parse() {
        elsewhere.add_tenant(tenant);
    }
    let moved = |url: &str| url.replacen(&known.base(), ELSEWHERE, 1);
    let at_cloud = place.verifier(known.clone());
    let learning = || {
        let builder = Verifier::builder().client_id(MockEntra::CLIENT_ID).fetch(elsewhere.clone());
        place.tenants(builder.clock(clock_of(&elsewhere)).instance(ELSEWHERE)).build().unwrap()
    };
    if let Some(metadata) = case.get("metadata_url").and_then(Value::as_str) {
        let keys = text(case, "jwks_uri");
        if metadata.contains("/v2.0/") {
            at_cloud.verifier.warm_up().await.unwrap();
            assert_eq!(known.requested(), [metadata, keys]);
        } else {
            elsewhere.set_v2_documents(false);
            learning().warm_up().await.unwrap();
            assert_eq!(elsewhere.requested()[1..], [moved(metadata), moved(keys)]);
        }
        return "accepted";
    }
    let [v1, v2] = ["v1_authority", "v2_authority"].map(|name| format!("{}{WELL_KNOWN}", text(case, name)));
    at_cloud.verifier.warm_up().await.unwrap();
    assert_eq!(known.requested()[0], v2);
    assert!(!known.requested().contains(&v1), "{case}: the issuers of a cloud are known");
    learning().warm_up().await.unwrap();
    assert_eq!(elsewhere.requested()[..2], [moved(&v2), moved(&v1)]);
    // Version 1.1 is known to Microsoft's own code alone (`docs/entra.md`, "Issuers"): its addresses are never asked.
    assert_eq!(known.fetches_of("/v1.1") + elsewhere.fetches_of("/v1.1"), 0);
    "accepted"
}

async fn signing_key_issuer(case: &Value) -> &'static str {
    let mock = MockEntra::new();
    mock.drop_all_keys();
    let metadata = &case["metadata"];
    let signer = case["signing_key"].as_str().map(|kid| mock.new_key().with_kid(kid));
    for key in metadata["keys"].as_array().into_iter().flatten() {
        let kid = text(key, "kid");
        let published = match &signer {
            Some(signer) if signer.kid() == kid => signer.clone(),
            _ => mock.new_key().with_kid(kid),
        };
        let spec = KeySpec::new(&published);
        mock.publish(match key["issuer"].as_str() {
            Some(issuer) => spec.issuer(issuer),
            None => spec.without_issuer(),
        });
    }
    if metadata.is_null() {
        mock.set_fault(Fault::Down);
    } else {
        assert_eq!(text(metadata, "issuer"), mock.v2_issuer("{tenantid}"));
    }
    let bench = Bench::cold(mock.clone(), VerifierBuilder::danger_any_account);
    let token = token_of(&mock, &case["token"]);
    let token = match &signer {
        Some(signer) => token.signed_with(signer),
        None => token.algorithm(SigningAlgorithm::None),
    };
    bench.code(&token.build()).await
}

async fn signing_key_cloud_instance(case: &Value) -> &'static str {
    let mock = MockEntra::new();
    mock.drop_all_keys();
    let key = mock.current_key();
    mock.publish(KeySpec::new(&key).cloud_instance_name(text(case, "key_cloud_instance_name")));
    mock.set_metadata("cloud_instance_name", case["metadata_cloud_instance_name"].as_str().map(Value::from));
    let bench = Bench::cold(mock.clone(), VerifierBuilder::danger_any_organization);
    bench.code(&mock.token().build()).await
}

async fn audience_defaults(case: &Value) -> &'static str {
    assert_eq!(case["b2c"], false, "no case is of B2C");
    let mock = MockEntra::new();
    let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(text(case, "client_id"));
    let builder = builder.fetch(mock.clone()).clock(clock_of(&mock));
    let audiences = case["configured_audiences"].as_array().into_iter().flatten();
    let verifier = audiences.fold(builder, |builder, audience| builder.audience(audience.as_str().unwrap())).build();
    let claims = &case["token"];
    let token = if claims["ver"] == "1.0" { mock.token().v1() } else { mock.token() };
    let token = token.claim("ver", claims["ver"].clone()).claim("aud", claims["aud"].clone()).build();
    match verifier.unwrap().verify(&token).await {
        Ok(_) => "accepted",
        Err(rejection) => rejection.code(),
    }
}

//! Row 27: an authority whose metadata claims the issuer of another one.

use std::time::Duration;

use mock_entra::{Fault, ManualClock, MockEntra, MockNetwork, TokenBuilder};
use tower_entra::{Authority, TenantId, Verifier, VerifierBuilder, authority::Entra, tenant::Instance};

use crate::{
    everyone::{Preset, presets},
    log::Lines,
    support::{authorities, clock_of, settle},
};

/// The tenant of the US Government cloud, whose v1 issuers are those of the public one.
const GOVERNMENT: &str = MockEntra::OTHER_TENANT;
const THIRD: &str = "33333333-4444-5555-6666-777777777777";

/// An authority whose metadata claims an issuer it does not own.
#[derive(Clone, Debug)]
struct Offender {
    name: &'static str,
    mock: MockEntra,
    authority: Authority,
    /// Its documents are those of many tenants.
    is_shared: bool,
}

impl Offender {
    fn new(name: &'static str, mock: MockEntra, authority: impl Into<Authority>) -> Self {
        // Mocks of one kind begin with the same pair of keys: this one signs with one that nobody else has.
        let shared = mock.current_kid();
        (0..4).for_each(|_| drop(mock.rotate()));
        mock.drop_key(shared);
        mock.add_domain("contoso.example", MockEntra::TENANT.parse().unwrap());
        mock.add_domain("fabrikam.example", MockEntra::OTHER_TENANT.parse().unwrap());
        Self { name, mock, authority: authority.into().named(name).audience("api://offender"), is_shared: false }
    }

    /// Its metadata names this issuer from now on.
    fn claim(&self, issuer: &str) {
        let issuer = match issuer.rsplit_once(MockEntra::TENANT) {
            Some((start, end)) if self.is_shared => format!("{start}{{tenantid}}{end}"),
            _ => issuer.to_owned(),
        };
        self.mock.set_metadata("issuer", Some(issuer.into()));
    }
}

fn offenders() -> Vec<Offender> {
    let id = |tenant: &str| tenant.parse::<TenantId>().unwrap();
    let at = |host: &str| Instance::parse(host).unwrap();
    let (entra, b2c, external) =
        ("https://entra.offender.example", "https://b2c.offender.example", "https://id.offender.example");
    let instance = |name, authority: Entra| Offender::new(name, MockEntra::at(entra), authority.in_instance(at(entra)));
    let b2c = |name, tenant: &str| {
        Offender::new(name, MockEntra::b2c_at(b2c, "B2C_1_susi"), Authority::b2c_at(b2c, tenant, "B2C_1_susi"))
    };
    let external = |name, tenant: &str| {
        Offender::new(name, MockEntra::external_id_at(external), Authority::external_id_at(external, tenant))
    };
    let (domain, tenant, other) = ("contoso.onmicrosoft.com", MockEntra::TENANT, MockEntra::OTHER_TENANT);
    vec![
        instance("an instance", Authority::tenant(id(tenant))),
        instance("an instance with another tenant", Authority::tenant(id(other))),
        instance("an instance by a domain", Authority::domain("contoso.example")),
        Offender {
            is_shared: true,
            ..instance("an instance with many tenants", Authority::tenants([id(tenant), id(other)], []))
        },
        Offender { is_shared: true, ..instance("an instance with all tenants", Authority::danger_any_organization()) },
        b2c("B2C by its id", tenant),
        b2c("B2C by a domain", domain),
        external("External ID by another id", other),
        // Whose tenant it is not: the operator was given a wrong GUID.
        external("External ID by the owner's id", tenant),
        external("External ID by a domain", domain),
    ]
}

fn verifier(offender: &Offender, owner: &Preset, clock: &ManualClock, offender_first: bool) -> Verifier {
    let network = MockNetwork::new([offender.mock.clone(), owner.mock.clone()]);
    let both = match offender_first {
        true => [offender.authority.clone(), owner.authority.clone()],
        false => [owner.authority.clone(), offender.authority.clone()],
    };
    let builder = both.into_iter().fold(Verifier::builder(), VerifierBuilder::authority);
    builder.fetch(network).clock(clock.clone()).build().unwrap()
}

async fn code(verifier: &Verifier, token: &TokenBuilder) -> &'static str {
    code_of(verifier, &token.build()).await
}

async fn code_of(verifier: &Verifier, token: &str) -> &'static str {
    verifier.verify(token).await.err().map_or("accepted", |rejection| rejection.code())
}

/// Which documents are loaded, and in which order, before the tokens come.
#[derive(Clone, Copy, Debug)]
enum Order {
    Cold,
    OffenderFirst,
    OwnerFirst,
    Both,
}

#[tokio::test]
async fn row_27_no_document_takes_an_issuer_over() {
    let (owners, clock) = presets(GOVERNMENT);
    for offender in offenders() {
        offender.mock.set_clock(clock.clone());
        for owner in &owners {
            for (version, good) in owner.tokens() {
                let issuer = Preset::issuer(&good);
                offender.claim(&issuer);
                let forged = good.clone().signed_with(&offender.mock.current_key());
                let for_offender = forged.clone().audience("api://offender").build();
                let (good, forged, offenders_own) = (good.build(), forged.build(), offender.mock.token().build());
                for order in [Order::Cold, Order::OffenderFirst, Order::OwnerFirst, Order::Both] {
                    for offender_first in [true, false] {
                        let name = format!("{} as {version}, {order:?}, {offender_first}", offender.name);
                        let verifier = verifier(&offender, owner, &clock, offender_first);
                        match order {
                            Order::Cold => {}
                            Order::OffenderFirst => {
                                assert_ne!(code_of(&verifier, &offenders_own).await, "accepted", "{name}");
                            }
                            Order::OwnerFirst => {
                                assert_eq!(code_of(&verifier, &good).await, "accepted", "{name}");
                                assert_ne!(code_of(&verifier, &offenders_own).await, "accepted", "{name}");
                            }
                            Order::Both => drop(verifier.warm_up().await),
                        }
                        for forged in [&forged, &for_offender] {
                            let found = code_of(&verifier, forged).await;
                            assert!(!["accepted", "wrong_tenant"].contains(&found), "{name}: {found}");
                        }
                        for round in ["first", "again"] {
                            let claims = verifier.verify(&good).await;
                            let authority = claims.as_ref().map(|claims| claims.authority());
                            assert_eq!(authority.ok(), Some(owner.name), "{name}, {round}: {claims:?}");
                        }
                    }
                }
            }
        }
    }
}

/// At one origin, two realms or tenants do not collide either; which is known by the configuration alone.
#[tokio::test]
async fn row_27_not_even_at_the_same_origin() {
    let base = "https://login.contoso.example";
    let tenant = MockEntra::TENANT;
    let issuer = format!("{base}/{tenant}/v2.0");
    let mock = MockEntra::at(base);
    let clock = clock_of(&mock);
    let instance = Authority::tenant(tenant.parse().unwrap()).in_instance(Instance::parse(base).unwrap());
    let instance = instance.named("instance").audience("api://instance");
    let partner = Authority::openid_connect(&issuer).named("partner").audience("api://partner");
    for all in [authorities![instance.clone(), partner.clone()], authorities![partner, instance]] {
        let builder = all.into_iter().fold(Verifier::builder(), VerifierBuilder::authority);
        let verifier = builder.fetch(mock.clone()).clock(clock.clone()).build().unwrap();
        for round in ["cold", "warm"] {
            let claims = verifier.verify(&mock.token().audience("api://partner").build()).await.unwrap();
            assert_eq!(claims.authority(), "partner", "{round}");
            let refused = verifier.verify(&mock.token().audience("api://instance").build()).await.unwrap_err();
            assert_eq!(refused.code(), "wrong_audience", "{round}");
            let refused = verifier.warm_up().await.unwrap_err();
            assert_eq!(refused.authority(), Some("instance"));
            assert!(refused.to_string().contains("(partner)"), "{refused}");
        }
    }
}

/// Two authorities of one instance: the tokens of the second are not told as another tenant's because the first is loaded.
#[tokio::test]
async fn second_authority_of_one_instance_is_fetched_after_the_first_is_loaded() {
    let mock = MockEntra::at("https://entra.contoso.example");
    let clock = clock_of(&mock);
    let authority = |tenant: &str, name: &str| {
        let authority = Authority::tenant(tenant.parse().unwrap()).named(name).audience("api://a");
        authority.in_instance(Instance::parse(&mock.base()).unwrap())
    };
    let builder = Verifier::builder().authority(authority(MockEntra::TENANT, "first"));
    let builder = builder.authority(authority(MockEntra::OTHER_TENANT, "second"));
    let verifier = builder.fetch(mock.clone()).clock(clock.clone()).build().unwrap();
    mock.set_fault_at(MockEntra::OTHER_TENANT, Fault::Down);
    for (tenant, name) in [(MockEntra::TENANT, "first"), (MockEntra::OTHER_TENANT, "second")] {
        if name == "second" {
            mock.clear_faults();
            clock.advance(Duration::from_secs(60));
        }
        let claims = verifier.verify(&mock.token().tenant(tenant).audience("api://a").build()).await;
        assert_eq!(claims.as_ref().map(|claims| claims.authority()).ok(), Some(name), "{claims:?}");
    }
    assert_eq!(code(&verifier, &mock.token().tenant(THIRD).audience("api://a")).await, "wrong_tenant");
}

/// The previous keys stay in use, and the refresh counts as failed.
#[tokio::test]
async fn row_27_keys_outlive_a_document_that_claims_another_issuer() {
    let (owners, clock) = presets(GOVERNMENT);
    let owner = owners.iter().find(|preset| preset.name == "public").unwrap();
    let mock = MockEntra::at("https://entra.contoso.example");
    mock.set_clock(clock.clone());
    let instance = Instance::parse(&mock.base()).unwrap();
    let authority = Authority::tenant(MockEntra::TENANT.parse().unwrap()).in_instance(instance);
    let offender = Offender::new("instance", mock, authority);
    let verifier = verifier(&offender, owner, &clock, true);
    verifier.warm_up().await.unwrap();
    let token = |offender: &Offender| offender.mock.token().audience("api://offender");
    assert_eq!(code(&verifier, &token(&offender)).await, "accepted");
    let failures = verifier.stats().keys.failures;
    offender.claim(&Preset::issuer(&owner.token()));
    clock.advance(Duration::from_secs(3_601));
    assert_eq!(code(&verifier, &token(&offender)).await, "accepted");
    settle().await;
    assert_eq!(verifier.stats().keys.failures, failures + 1);
    assert_eq!(code(&verifier, &token(&offender)).await, "accepted", "with the previous keys");
    assert_eq!(code(&verifier, &owner.token()).await, "accepted");
}

/// One event for each refresh that fails, with both authorities and the issuer.
#[tokio::test(flavor = "current_thread")]
async fn row_27_is_one_error_event_with_both_authorities() {
    let (owners, clock) = presets(GOVERNMENT);
    for offender in offenders() {
        for owner in &owners {
            let issuer = Preset::issuer(&owner.token());
            offender.claim(&issuer);
            let verifier = verifier(&offender, owner, &clock, true);
            let lines = Lines::default();
            let guard = lines.listen();
            let refused = verifier.warm_up().await.unwrap_err();
            drop(guard);
            let name = format!("{} as {}", offender.name, owner.name);
            let text = lines.take_all();
            let errors: Vec<&str> = text.lines().filter(|line| line.contains("ERROR")).collect();
            assert_eq!(errors.len(), 1, "{name}: {text}");
            let names = [format!("authority={:?}", offender.name), format!("owner={:?}", owner.name)];
            // An issuer that has a tenant in it may have the placeholder there.
            let pieces = issuer.split(MockEntra::TENANT).map(str::to_owned);
            for part in names.into_iter().chain(pieces).chain(["issuer_refused".to_owned()]) {
                assert!(errors[0].contains(&part), "{name}: {part} is not in {}", errors[0]);
            }
            assert!(refused.to_string().contains(owner.name), "{name}: {refused}");
        }
    }
}

/// A mock that is reached under another host name than the one in its issuers, as a configuration has to say it.
#[tokio::test]
async fn issuers_elsewhere_are_listed() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let clock = clock_of(server.entra());
    let port = server.address().port();
    let (v2, v1) = (format!("{}/{{tenantid}}/v2.0", server.url()), format!("{}/{{tenantid}}/", server.url()));
    let json = |issuers: &str| {
        let text = format!(
            r#"{{"AzureAd": {{"Instance": "http://localhost:{port}", "TenantId": "{}", "ClientId": "{}"{issuers}}}}}"#,
            MockEntra::TENANT,
            MockEntra::CLIENT_ID
        );
        let config = tower_entra::Config::from_json(&text).unwrap();
        VerifierBuilder::from(config).clock(clock.clone()).build().unwrap()
    };
    let token = server.entra().token();
    let missing = json("").verify(&token.build()).await.unwrap_err();
    // Not at its origin: nothing is asked, and it is as unknown as any other.
    assert_eq!(missing.code(), "unknown_issuer");
    let refused = json("").warm_up().await.unwrap_err().hint();
    for part in [&v2, &v1, "Issuers in a file", "issuers([", &format!("http://localhost:{port}, where its metadata is")]
    {
        assert!(refused.contains(part), "{part} is not in {refused}");
    }
    let listed = json(&format!(r#", "Issuers": ["{v2}", "{v1}"]"#));
    for token in [token.clone(), token.v1()] {
        assert_eq!(code(&listed, &token).await, "accepted");
    }
}

/// AD FS: its tokens have the `access_token_issuer` of its metadata as their issuer.
#[tokio::test]
async fn further_issuers_of_an_openid_connect_issuer() {
    let mock = MockEntra::okta();
    let clock = clock_of(&mock);
    let further = "http://adfs.contoso.example/adfs/services/trust";
    let authority = || Authority::openid_connect(mock.issuer()).audience("api://a");
    for (authority, issuer, expected) in [
        (authority(), mock.issuer(), "accepted"),
        (authority(), further.to_owned(), "unknown_issuer"),
        (authority().issuers([further]), mock.issuer(), "accepted"),
        (authority().issuers([further]), further.to_owned(), "accepted"),
        (authority().issuers([further]), format!("{further}/"), "unknown_issuer"),
    ] {
        let verifier =
            Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock.clone()).build().unwrap();
        let token = mock.token().audience("api://a").claim("iss", &*issuer);
        assert_eq!(code(&verifier, &token).await, expected, "{issuer}");
    }
}

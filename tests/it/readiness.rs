//! Row 35: what `ready`, `warm_up` and `authority_ready` say while an authority is down.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mock_entra::{Fault, ManualClock, MockEntra, MockNetwork};
use tokio::time::Instant;
use tower_entra::{
    Authority, Config, Verifier, VerifierBuilder,
    fetch::{Fetch, FetchFuture, FetchRequest},
};

use crate::support::{settle, tenant};

const SECOND: Duration = Duration::from_secs(1);

/// Entra and a partner's provider.
#[derive(Clone, Debug)]
struct Both {
    entra: MockEntra,
    partner: MockEntra,
    clock: ManualClock,
}

impl Both {
    fn new() -> Self {
        let (entra, partner, clock) = (MockEntra::new(), MockEntra::okta(), ManualClock::new());
        entra.set_clock(clock.clone());
        partner.set_clock(clock.clone());
        Self { entra, partner, clock }
    }

    fn network(&self) -> MockNetwork {
        MockNetwork::new([self.entra.clone(), self.partner.clone()])
    }

    fn partner(&self) -> Authority {
        Authority::openid_connect(self.partner.issuer()).audience("api://orders").into()
    }

    fn builder(&self) -> VerifierBuilder {
        self.of(Verifier::builder()).tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID)
    }

    fn of(&self, builder: VerifierBuilder) -> VerifierBuilder {
        builder.fetch(self.network()).clock(self.clock.clone())
    }
}

#[tokio::test]
async fn row_35_the_operator_chooses_which_authorities_readiness_counts() {
    for (is_required, entra_is_down, partner_is_down, is_ready) in [
        (true, false, false, true),
        (true, false, true, false),
        (true, true, false, false),
        (false, false, true, true),
        (false, true, false, false),
        (false, true, true, false),
    ] {
        let both = Both::new();
        for (mock, is_down) in [(&both.entra, entra_is_down), (&both.partner, partner_is_down)] {
            mock.set_fault(if is_down { Fault::Down } else { Fault::None });
        }
        let partner = both.partner().named("partner");
        let partner = if is_required { partner } else { partner.not_required_for_readiness() };
        let verifier = both.builder().authority(partner).build().unwrap();
        let case = format!("required {is_required}, Entra down {entra_is_down}, partner down {partner_is_down}");
        assert!(verifier.ready().is_err(), "{case}: before any keys");
        assert_eq!(verifier.warm_up().await.is_ok(), is_ready, "{case}");
        assert_eq!(verifier.ready().is_ok(), is_ready, "{case}");
        assert_eq!(verifier.authority_ready("partner").unwrap().is_ok(), !partner_is_down, "{case}");
        let entra = format!("https://login.microsoftonline.com/{}", MockEntra::TENANT);
        assert_eq!(verifier.authority_ready(&entra).unwrap().is_ok(), !entra_is_down, "{case}");
        // Readiness changes nothing about tokens.
        let token = both.partner.token().build();
        let code = verifier.verify(&token).await.unwrap_err().code();
        assert_eq!(code, if partner_is_down { "keys_unavailable" } else { "wrong_audience" }, "{case}");
    }
}

/// Missing keys of an authority that is not counted are fetched when somebody probes, all the same.
#[tokio::test]
async fn an_authority_that_is_not_counted_comes_back() {
    let both = Both::new();
    both.partner.set_fault(Fault::Down);
    let partner = both.partner().named("partner").not_required_for_readiness();
    let verifier = both.builder().authority(partner).build().unwrap();
    verifier.warm_up().await.unwrap();
    both.partner.clear_faults();
    both.clock.advance(30 * SECOND);
    assert!(verifier.ready().is_ok());
    settle().await;
    assert!(verifier.authority_ready("partner").unwrap().is_ok());
}

/// Those required for readiness are loaded first, so that slow ones that are not do not delay them.
#[tokio::test]
async fn warm_up_begins_with_authorities_that_readiness_counts() {
    #[derive(Clone, Debug)]
    struct Recording(MockNetwork, Arc<Mutex<Vec<String>>>);
    impl Fetch for Recording {
        fn fetch(&self, request: FetchRequest) -> FetchFuture {
            self.1.lock().unwrap().push(request.url.clone());
            self.0.fetch(request)
        }
    }
    for partner_counts in [false, true] {
        let both = Both::new();
        let recording = Recording(both.network(), Arc::default());
        let (mut partner, mut entra) = (both.partner(), Authority::from(Authority::tenant(tenant())));
        if partner_counts {
            entra = entra.not_required_for_readiness();
        } else {
            partner = partner.not_required_for_readiness();
        }
        let builder = Verifier::builder().client_id(MockEntra::CLIENT_ID).authority(partner).authority(entra);
        let verifier = builder.fetch(recording.clone()).clock(both.clock.clone()).build().unwrap();
        verifier.warm_up().await.unwrap();
        let first = recording.1.lock().unwrap()[0].clone();
        assert_eq!(first.starts_with(&both.partner.base()), partner_counts, "{first}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_authority_that_is_not_counted_delays_a_warm_up_by_its_timeout_at_most() {
    let both = Both::new();
    both.partner.set_fault(Fault::Stall);
    let verifier = both.builder().authority(both.partner().not_required_for_readiness()).build().unwrap();
    let started = Instant::now();
    verifier.warm_up().await.unwrap();
    assert!(started.elapsed() <= 11 * SECOND, "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_authority_is_found_by_its_name_its_address_or_its_issuer() {
    let both = Both::new();
    let mut issuers = vec![both.partner.issuer()];
    issuers.extend([both.entra.v1_issuer(MockEntra::TENANT), both.entra.v2_issuer(MockEntra::TENANT)]);
    let verifier = both.builder().authority(both.partner()).build().unwrap();
    verifier.warm_up().await.unwrap();
    for name in &issuers {
        assert!(verifier.authority_ready(name).is_some_and(|ready| ready.is_ok()), "{name}");
    }
    for name in ["", "partner", "https://login.microsoftonline.com", &both.entra.v2_issuer(MockEntra::OTHER_TENANT)] {
        assert!(verifier.authority_ready(name).is_none(), "{name}");
    }
}

/// Of Azure AD B2C with several policies, each has keys of its own.
#[tokio::test]
async fn all_policies_of_a_tenant_must_have_keys() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi").add_policy("B2C_1_edit");
    let authority = Authority::b2c("contoso", "B2C_1_susi").policy("B2C_1_edit").named("customers");
    mock.set_fault_at("b2c_1_edit", Fault::Down);
    mock.set_fault_at("B2C_1_edit", Fault::Down);
    let builder = Verifier::builder().authority(authority).client_id(MockEntra::CLIENT_ID).fetch(mock.clone());
    let verifier = builder.build().unwrap();
    assert!(verifier.warm_up().await.is_err());
    assert!(verifier.authority_ready("customers").unwrap().is_err());
}

#[tokio::test]
async fn required_for_readiness_in_a_file() {
    let both = Both::new();
    both.partner.set_fault(Fault::Down);
    let file = |required: &str| {
        format!(
            r#"{{"AzureAd":{{"TenantId":"{}","ClientId":"{}","Authorities":[
                {{"Name":"partner","Authority":"{}","Audience":"api://orders"{required}}}]}}}}"#,
            MockEntra::TENANT,
            MockEntra::CLIENT_ID,
            both.partner.issuer(),
        )
    };
    for (required, is_ready) in [
        ("", false),
        (r#","RequiredForReadiness":true"#, false),
        (r#","RequiredForReadiness":false"#, true),
        (r#","required_for_readiness":"False""#, true),
    ] {
        let config = Config::from_json(&file(required)).unwrap();
        let verifier = both.of(VerifierBuilder::from(config)).build().unwrap();
        assert_eq!(verifier.warm_up().await.is_ok(), is_ready, "{required}");
    }
    let wrong =
        Config::from_json(&file(r#","RequiredForReadiness":"no""#)).unwrap().validate().unwrap_err().to_string();
    assert!(wrong.contains("AzureAd:Authorities:0:RequiredForReadiness"), "{wrong}");
    let environment = [
        ("AzureAd__TenantId", MockEntra::TENANT.to_owned()),
        ("AzureAd__ClientId", MockEntra::CLIENT_ID.to_owned()),
        ("AzureAd__Authorities__0__Authority", both.partner.issuer()),
        ("AzureAd__Authorities__0__Audience", "api://orders".to_owned()),
        ("AzureAd__Authorities__0__RequiredForReadiness", "false".to_owned()),
    ];
    let config = Config::from_vars(environment.map(|(name, value)| (name.to_owned(), value))).unwrap();
    assert!(both.of(VerifierBuilder::from(config)).build().unwrap().warm_up().await.is_ok());
}

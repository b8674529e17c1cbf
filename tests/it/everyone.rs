//! Every provider there is a look-alike of, each with the authority that accepts its tokens, and one network with all of them.

use mock_entra::{ManualClock, MockEntra, MockNetwork, TokenBuilder};
use tower_entra::{Authority, Cloud, TenantId, Verifier, VerifierBuilder, tenant::Instance};

use crate::support::clock_of;

/// A provider, and how an API names it.
#[derive(Clone, Debug)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) mock: MockEntra,
    /// Named as this is, with an audience that no other has.
    pub(crate) authority: Authority,
    /// The tenant of its tokens, where they have one.
    pub(crate) tenant: &'static str,
    pub(crate) audience: String,
    has_v1: bool,
    /// What holds the audience.
    audience_claim: &'static str,
}

impl Preset {
    fn new(name: &'static str, mock: MockEntra, authority: impl Into<Authority>) -> Self {
        let audience = format!("api://{}", name.to_ascii_lowercase().replace(' ', "-"));
        let authority = authority.into().named(name).audience(&audience);
        let (tenant, audience_claim) = (MockEntra::TENANT, "aud");
        Self { name, mock, authority, tenant, audience, has_v1: false, audience_claim }
    }

    fn entra(name: &'static str, mock: MockEntra, instance: Instance, tenant: &'static str) -> Self {
        let id: TenantId = tenant.parse().unwrap();
        let preset = Self::new(name, mock, Authority::tenant(id).in_instance(instance));
        Self { tenant, ..preset }
    }

    fn openid_connect(name: &'static str, mock: MockEntra) -> Self {
        let authority = Authority::openid_connect(mock.issuer());
        Self::new(name, mock, authority)
    }

    /// A good token.
    pub(crate) fn token(&self) -> TokenBuilder {
        self.addressed(self.mock.token().tenant(self.tenant), &self.audience)
    }

    /// Good tokens of each version that there is.
    pub(crate) fn tokens(&self) -> Vec<(String, TokenBuilder)> {
        let mut tokens = vec![(self.name.to_owned(), self.token())];
        if self.has_v1 {
            tokens.push((format!("{}, v1", self.name), self.token().v1()));
        }
        tokens
    }

    /// The token for another audience.
    pub(crate) fn addressed(&self, token: TokenBuilder, audience: &str) -> TokenBuilder {
        if self.audience_claim == "aud" { token.audience(audience) } else { token.claim(self.audience_claim, audience) }
    }

    /// The authority for the same provider where its documents lie at `url`.
    pub(crate) fn hosted_at(&self, url: &str) -> Authority {
        let authority: Authority = match self.name {
            "B2C" => Authority::b2c_at(url, "contoso.onmicrosoft.com", "B2C_1_susi").into(),
            "B2C tfp" => Authority::b2c_at(url, MockEntra::TENANT, "B2C_1_edit").accept_tfp_issuers().into(),
            // Its issuers are at ciamlogin.com wherever its documents are: that needs the tenant's GUID.
            "External ID" => Authority::external_id_at(url, MockEntra::TENANT).into(),
            "Okta" | "Auth0" | "Keycloak" => Authority::openid_connect(self.mock.issuer()).into(),
            "Cognito" => Authority::openid_connect(self.mock.issuer()).audience_claim(self.audience_claim).into(),
            _ => Authority::tenant(self.tenant.parse().unwrap()).in_instance(Instance::parse(url).unwrap()).into(),
        };
        authority.named(self.name).audience(&self.audience)
    }

    /// The issuer of a token.
    pub(crate) fn issuer(token: &TokenBuilder) -> String {
        token.claims()["iss"].as_str().unwrap().to_owned()
    }
}

/// All of them, by one clock. `government` is the tenant of the US Government's: the v1 tokens of its cloud have the issuers
/// of the public one (`docs/entra.md`, "Issuers").
pub(crate) fn presets(government: &'static str) -> (Vec<Preset>, ManualClock) {
    let in_cloud = |name, cloud, tenant| Preset::entra(name, MockEntra::for_cloud(cloud), cloud.into(), tenant);
    let with_v1 = |preset: Preset| Preset { has_v1: true, ..preset };
    const EMULATOR: &str = "http://127.0.0.1:4000";
    let t = MockEntra::TENANT;
    let tfp = MockEntra::b2c("fabrikam", "B2C_1_edit").tfp_issuer();
    // Look-alikes of one provider may begin with the same pair.
    let first = tfp.current_kid();
    tfp.rotate();
    tfp.drop_key(first);
    let cognito = Preset::openid_connect("Cognito", MockEntra::cognito());
    let presets = vec![
        with_v1(in_cloud("public", Cloud::Public, t)),
        with_v1(in_cloud("US Government", Cloud::UsGovernment, government)),
        with_v1(in_cloud("China", Cloud::China, t)),
        in_cloud("Bleu", Cloud::Bleu, t),
        in_cloud("Delos", Cloud::Delos, t),
        in_cloud("GovSG", Cloud::GovSg, t),
        with_v1(Preset::entra("emulator", MockEntra::at(EMULATOR), Instance::parse(EMULATOR).unwrap(), t)),
        Preset::new("B2C", MockEntra::b2c("contoso", "B2C_1_susi"), Authority::b2c("contoso", "B2C_1_susi")),
        Preset::new("B2C tfp", tfp, Authority::b2c("fabrikam", "B2C_1_edit").accept_tfp_issuers()),
        with_v1(Preset::new("External ID", MockEntra::external_id("contoso"), Authority::external_id("contoso"))),
        Preset::openid_connect("Okta", MockEntra::okta()),
        Preset::openid_connect("Auth0", MockEntra::auth0()),
        Preset::openid_connect("Keycloak", MockEntra::keycloak()),
        Preset {
            audience_claim: "client_id",
            authority: Authority::openid_connect(cognito.mock.issuer())
                .audience_claim("client_id")
                .named("Cognito")
                .audience(&cognito.audience)
                .into(),
            ..cognito
        },
    ];
    let clock = clock_of(&presets[0].mock);
    for preset in &presets {
        preset.mock.set_clock(clock.clone());
    }
    (presets, clock)
}

/// A network of the mocks of all presets.
pub(crate) fn network(presets: &[Preset]) -> MockNetwork {
    MockNetwork::new(presets.iter().map(|preset| preset.mock.clone()))
}

/// A verifier for these, in a network with all.
pub(crate) fn verifier<'a>(
    accepted: impl IntoIterator<Item = &'a Preset>,
    all: &[Preset],
    clock: &ManualClock,
) -> Verifier {
    let builder = Verifier::builder().fetch(network(all)).clock(clock.clone());
    let with = |builder: VerifierBuilder, preset: &Preset| builder.authority(preset.authority.clone());
    accepted.into_iter().fold(builder, with).build().unwrap()
}

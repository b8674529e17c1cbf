//! Configurations that stand alone: files, providers with faults, lookups, layers.

use tower_entra::{
    Authority, Cloud, Rejection, RejectionKind, Requirement, VerifierBuilder,
    claims::{ClientProof, TokenVersion},
    jwt::Algorithm,
    policy::ClaimRule,
};

use crate::{
    configurations::{Configuration, Layers, instance, openid, tenant},
    documents::{Fault, NOW, set, weak_set},
    keys::{Key, jwk},
    names::{
        AUDIENCE, B2C_DOMAIN, CALLER, CLIENT, DIRECTORY_ROLE, GROUP, KIDLESS, OPENID, OTHER_CALLER, OTHER_TENANT,
        TENANT,
    },
    object::{list, string},
    tokens::Issuer,
};

pub fn all() -> Vec<Configuration> {
    [files(), authorities(), several(), lookups_and_checks(), faults(), layers()].into_iter().flatten().collect()
}

fn of<A: Into<Authority>>(
    name: &str,
    issuer: Issuer,
    authority: impl Fn() -> A + Send + Sync + 'static,
) -> Configuration {
    Configuration::new(name, [issuer], move |builder| builder.client_id(CLIENT).authority(authority()))
}

fn usual(name: &str) -> Configuration {
    Configuration::new(name, [Issuer::PUBLIC], |builder| builder.tenant(TENANT).client_id(CLIENT))
}

fn files() -> Vec<Configuration> {
    let file = |name: &str, issuer: Issuer, section: &str| {
        let section = section.replace("TENANT", TENANT).replace("OTHER", OTHER_TENANT).replace("CLIENT", CLIENT);
        Configuration::json(name, [issuer], &section.replace("CALLER", CALLER))
    };
    vec![
        file("file: tenant", Issuer::PUBLIC, r#"{"TenantId":"TENANT","ClientId":"CLIENT"}"#),
        file(
            "file: organizations",
            Issuer::PUBLIC,
            r#"{"TenantId":"organizations","ClientId":"CLIENT","Instance":"https://login.microsoftonline.com/"}"#,
        ),
        file("file: common", Issuer::PERSONAL, r#"{"TenantId":"common","ClientId":"CLIENT"}"#),
        file("file: consumers", Issuer::PERSONAL, r#"{"TenantId":"consumers","ClientId":"CLIENT"}"#),
        file("file: two tenants", Issuer::OTHER, r#"{"TenantIds":["TENANT","OTHER"],"ClientId":"CLIENT"}"#),
        file("file: domain", Issuer::PUBLIC, r#"{"TenantId":"contoso.example","ClientId":"CLIENT"}"#),
        file(
            "file: US Government",
            Issuer::US,
            r#"{"Instance":"https://login.microsoftonline.us/","TenantId":"TENANT","ClientId":"CLIENT"}"#,
        ),
        file(
            "file: instance",
            Issuer::INSTANCE,
            r#"{"Instance":"https://entra.contoso.example","TenantId":"TENANT","ClientId":"CLIENT","Kind":"Entra"}"#,
        ),
        file("file: audiences", Issuer::PUBLIC, r#"{"TenantId":"TENANT","Audiences":["api://CLIENT","CLIENT"]}"#),
        file(
            "file: clients, claims, leeway",
            Issuer::PUBLIC,
            r#"{"TenantId":"TENANT","ClientId":"CLIENT","AllowedClients":["CALLER"],"ClockSkewSeconds":0,
                "RequiredClaims":[{"Name":"department","Values":["sales","support"],"Match":"any"}]}"#,
        ),
        file(
            "file: access-control list",
            Issuer::PUBLIC,
            r#"{"TenantId":"TENANT","ClientId":"CLIENT","AllowWebApiToBeAuthorizedByACL":true}"#,
        ),
        file(
            "file: application keys",
            Issuer::PUBLIC,
            r#"{"TenantId":"TENANT","ClientId":"CLIENT","AppSpecificKeys":true}"#,
        ),
        file(
            "file: B2C",
            Issuer::B2C,
            r#"{"Instance":"https://contoso.b2clogin.com","Domain":"contoso.onmicrosoft.com",
                "SignUpSignInPolicyId":"B2C_1_susi","ClientId":"CLIENT"}"#,
        ),
        file(
            "file: B2C, two policies",
            Issuer::B2C_EDIT,
            r#"{"Instance":"https://contoso.b2clogin.com","TenantId":"TENANT","Policies":["B2C_1_susi","B2C_1_edit"],
                "ClientId":"CLIENT","AcceptAppTokensWithoutPolicy":true,"AllowedClients":["CALLER"]}"#,
        ),
        file(
            "file: External ID",
            Issuer::ExternalId,
            r#"{"Authority":"https://contoso.ciamlogin.com/","ClientId":"CLIENT"}"#,
        ),
        file(
            "file: OpenID Connect",
            Issuer::OPENID,
            r#"{"Authority":"https://id.contoso.example/main","Audience":"api://orders"}"#,
        ),
        file(
            "file: keys by address",
            Issuer::OPENID_EDDSA,
            r#"{"Authority":"https://id.contoso.example/main","Audience":"api://orders","Algorithms":["EdDSA","RS256"],
                "JwksUri":"https://id.contoso.example/keys"}"#,
        ),
        file(
            "file: names of claims",
            Issuer::OPENID,
            r#"{"Authority":"https://id.contoso.example/main","Audience":"api://orders",
                "ScopeClaim":"/realm_access/scopes","RoleClaim":"/realm_access/roles","GroupClaim":"groups",
                "SubjectClaim":"department","ClientClaim":"client_id"}"#,
        ),
        file("file: revoked key", Issuer::PUBLIC, r#"{"TenantId":"TENANT","ClientId":"CLIENT","RevokedKeys":["rsa"]}"#),
        file(
            "file: version 2",
            Issuer::PUBLIC,
            r#"{"ClientId":"CLIENT","Authorities":[{"TenantId":"TENANT","Version":"2.0"}]}"#,
        ),
        file(
            "file: three authorities",
            Issuer::PUBLIC,
            r#"{"TenantId":"TENANT","ClientId":"CLIENT","Authorities":[
                {"Authority":"https://contoso.ciamlogin.com/"},
                {"Name":"partner","Authority":"https://id.contoso.example/main","Audience":"api://orders"}]}"#,
        ),
    ]
}

fn authorities() -> Vec<Configuration> {
    let here = || Authority::tenant(tenant(TENANT));
    let b2c = || Authority::b2c("contoso", "B2C_1_susi");
    let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
    vec![
        of("version 1 alone", Issuer::PUBLIC, move || here().version(TokenVersion::V1)),
        of("version 2 alone", Issuer::PUBLIC, move || here().version(TokenVersion::V2)),
        of("application keys", Issuer::PUBLIC, move || here().app_specific_keys(CLIENT)).adapt(|token| {
            token.key = Key::Second;
            token.header.set("kid", string("app"));
        }),
        of("an audience alone", Issuer::PUBLIC, move || here().audience(AUDIENCE))
            .adapt(|token| token.set_text("aud", AUDIENCE)),
        of("version 2 alone, older tokens of version 1", Issuer::PUBLIC, move || here().version(TokenVersion::V2))
            .adapt(|token| {
                token.set_text("iss", &format!("https://sts.windows.net/{TENANT}/"));
                token.set_text("ver", "1.0");
                token.set("iat", NOW - 3000);
            })
            .weight(6),
        of("another department", Issuer::PUBLIC, move || {
            here().required_claim(ClaimRule::any("department", ["support", "finance"]))
        })
        .weight(5),
        of("a context, capable clients", Issuer::PUBLIC, move || here().require(Requirement::auth_context("c1")))
            .adapt(|token| {
                token.payload.remove("acrs");
                token.set("xms_cc", list(&["cp1"]));
            })
            .weight(6),
        of("a group, tokens without groups", Issuer::PUBLIC, move || here().require(Requirement::group(GROUP)))
            .adapt(|token| {
                token.payload.remove("groups");
                token.set("hasgroups", "true");
            })
            .weight(6),
        of("personal accounts", Issuer::PERSONAL, Authority::danger_personal_accounts),
        of("tenants by domain", Issuer::OTHER, || {
            Authority::tenants([tenant(TENANT)], ["fabrikam.example".to_owned()])
        }),
        of("B2C, two policies", Issuer::B2C_EDIT, move || b2c().policy("B2C_1_edit")),
        of("B2C, application tokens", Issuer::B2C, move || {
            b2c().accept_app_tokens_without_policy().allowed_client(CALLER)
        })
        .weight(20),
        of("B2C, policy in the issuer", Issuer::B2C_TFP, move || b2c().accept_tfp_issuers())
            .fault(Fault::PolicyInIssuer),
        of("B2C, policy in the issuer refused", Issuer::B2C_TFP, b2c).fault(Fault::PolicyInIssuer),
        of("B2C, custom domain", Issuer::B2C_DOMAIN, || {
            Authority::b2c_at("https://login.b2c.example", B2C_DOMAIN, "B2C_1_susi")
        }),
        of("B2C, directory claims", Issuer::B2C, move || {
            b2c().trust_directory_claims().require(Requirement::group(GROUP).or(Requirement::scope("Files.Read")))
        }),
        of("External ID, custom domain", Issuer::ExternalId, || {
            Authority::external_id_at("https://login.contoso.example", TENANT)
        }),
        of("External ID, custom domain without a GUID", Issuer::ExternalId, || {
            Authority::external_id_at("https://login.contoso.example", B2C_DOMAIN)
        }),
        of("OpenID Connect, ES256", Issuer::OPENID_ES256, move || openid().algorithms(algorithms)),
        of("OpenID Connect, EdDSA", Issuer::OPENID_EDDSA, move || openid().algorithms(algorithms)),
        of("OpenID Connect, keys by address", Issuer::OPENID, || openid().jwks_uri("https://id.contoso.example/keys")),
        of("a key without kid", Issuer::KIDLESS, || Authority::openid_connect(KIDLESS).audience(AUDIENCE)),
        of("a static key without kid", Issuer::KIDLESS, || {
            let keys = set([jwk(Key::Rsa)]).to_string();
            Authority::openid_connect(KIDLESS).audience(AUDIENCE).static_keys(keys)
        }),
        of("a group, OpenID Connect", Issuer::OPENID, || openid().named("partner").require(Requirement::group(GROUP)))
            .weight(4),
        of("a tenant, OpenID Connect", Issuer::OPENID, || {
            openid().named("partner").require(Requirement::tenant(tenant(TENANT)))
        })
        .weight(7),
        of("a group, an instance", Issuer::INSTANCE, || {
            let required = Requirement::group(GROUP).or(Requirement::directory_role(DIRECTORY_ROLE));
            Authority::tenant(tenant(TENANT)).in_instance(instance()).require(required)
        })
        .weight(4),
        of("own names of claims", Issuer::OPENID, || {
            let named = openid().scope_claim("/realm_access/scopes").role_claim("/realm_access/roles");
            named.group_claim("groups").subject_claim("department").client_claim("client_id").audience_claim("aud")
        }),
        of("a group", Issuer::PUBLIC, move || here().require(Requirement::group(GROUP))).weight(6),
        of("a client", Issuer::PUBLIC, move || {
            let confidential = Requirement::confidential_client(OTHER_CALLER);
            here().require(confidential.or(Requirement::client_with(CALLER, ClientProof::Secret)))
        }),
    ]
}

fn several() -> Vec<Configuration> {
    let together = |name: &str, issuers: &[Issuer], authorities: fn() -> Vec<Authority>| {
        Configuration::new(name, issuers.to_vec(), move |builder| {
            authorities().into_iter().fold(builder.client_id(CLIENT), VerifierBuilder::authority)
        })
    };
    let here = [Issuer::PUBLIC, Issuer::ExternalId, Issuer::OPENID, Issuer::B2C];
    vec![
        together("four kinds", &here, || {
            let entra = Authority::tenant(tenant(TENANT));
            vec![
                entra.into(),
                Authority::external_id("contoso").into(),
                openid().into(),
                Authority::b2c("contoso", "B2C_1_susi").into(),
            ]
        }),
        together("two clouds", &[Issuer::PUBLIC, Issuer::CHINA], || {
            let china = Authority::tenant(tenant(TENANT)).in_instance(Cloud::China.into());
            vec![Authority::tenant(tenant(TENANT)).into(), china.into()]
        }),
        together("two tenants with their own rules", &[Issuer::PUBLIC, Issuer::OTHER], || {
            let other = Authority::tenant(tenant(OTHER_TENANT)).require(Requirement::scope("Files.Write"));
            vec![Authority::tenant(tenant(TENANT)).allowed_client(CALLER).into(), other.into()]
        }),
        together("a domain of the same tenant", &[Issuer::PUBLIC], || {
            vec![Authority::tenant(tenant(TENANT)).into(), Authority::domain("contoso.example").into()]
        })
        .weight(6),
        together("two issuers of one host", &[Issuer::OPENID, Issuer::KIDLESS], || {
            vec![
                openid().named("main").into(),
                Authority::openid_connect(KIDLESS).audience(AUDIENCE).named("second").into(),
            ]
        }),
        together("one authority is required", &[Issuer::PUBLIC, Issuer::OPENID], || {
            let required = Requirement::authority("ours").or(Requirement::not(Requirement::user_role("Admin")));
            let partner = openid().named("partner").require(required.clone());
            vec![Authority::tenant(tenant(TENANT)).named("ours").require(required).into(), partner.into()]
        }),
        together("an instance beside the cloud", &[Issuer::INSTANCE, Issuer::PUBLIC], || {
            vec![
                Authority::tenant(tenant(TENANT)).in_instance(instance()).into(),
                Authority::tenant(tenant(TENANT)).into(),
            ]
        }),
    ]
}

fn lookups_and_checks() -> Vec<Configuration> {
    let check = |name: &str, rejection: fn() -> Rejection| {
        Configuration::new(name, [Issuer::PUBLIC], move |builder| {
            builder.tenant(TENANT).client_id(CLIENT).check(move |_| async move { Err(rejection()) })
        })
        .weight(3)
    };
    vec![
        of("tenants by a condition", Issuer::PUBLIC, || Authority::tenants_matching(|id| id == tenant(TENANT))),
        of("no tenant by a condition", Issuer::OTHER, || Authority::tenants_matching(|id| id == tenant(TENANT)))
            .weight(5),
        of("tenants by a lookup", Issuer::PUBLIC, || {
            Authority::tenants_from_lookup(|id| async move { Ok::<bool, Rejection>(id == tenant(TENANT)) })
        }),
        of("a lookup that fails", Issuer::PUBLIC, || {
            Authority::tenants_from_lookup(|_| async { Err::<bool, _>(Rejection::new(RejectionKind::KeysUnavailable)) })
        })
        .weight(3),
        check("a check that rejects", || {
            Rejection::new(RejectionKind::WrongTenant).detail("the subscription has ended")
        }),
        check("a check that challenges", || {
            Rejection::claims_challenge(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#)
        }),
        check("a check that needs consent", || Rejection::consent("https://login.example/consent", ["Mail.Read"])),
        check("a check that is not available", || Rejection::new(RejectionKind::KeysUnavailable)),
    ]
}

fn faults() -> Vec<Configuration> {
    let broken = |name: &str, fault: Fault| usual(name).fault(fault).weight(3);
    let metadata = |name: &'static str, value: &str| Fault::Metadata(name, string(value));
    let issuer = "https://proxy.example/status 404/22222222-3333-4444-5555-666666666666/v2.0";
    let openid_of = |name: &str, fault: Fault| of(name, Issuer::OPENID, openid).fault(fault).weight(3);
    vec![
        broken("no connection", Fault::Connection),
        broken("a timeout", Fault::Timeout),
        broken("documents that are too large", Fault::TooLarge),
        broken("status 503", Fault::Status(503)),
        broken("status 302", Fault::Status(302)),
        broken("status 404", Fault::Status(404)),
        broken("keys with status 500", Fault::KeysStatus(500)),
        broken("a login page", Fault::Body("<html>Sign in</html>")),
        broken("an empty document", Fault::Body("")),
        broken("a wrong issuer", metadata("issuer", &format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"))),
        broken("an issuer that looks like a status", metadata("issuer", issuer)),
        broken("keys at another host", metadata("jwks_uri", "https://keys.example/keys")),
        broken("another cloud's name", metadata("cloud_instance_name", "microsoftonline.us")),
        broken("weak keys", Fault::Keys(weak_set())),
        broken("no keys", Fault::Keys(r#"{"keys":[]}"#.to_owned())),
        usual("keys without issuer").fault(Fault::Keys(set([jwk(Key::Rsa).with("kid", string("rsa"))]).to_string())),
        usual("stale keys").fault(Fault::LaterDown),
        usual("stale keys, a new key")
            .fault(Fault::LaterDown)
            .adapt(|token| token.header.set("kid", string("rotated")))
            .weight(5),
        usual("their clock is behind").fault(Fault::Date("Wed, 31 Dec 2025 22:00:00 GMT")),
        usual("their clock is behind, tokens that would count there")
            .fault(Fault::Date("Wed, 31 Dec 2025 22:00:00 GMT"))
            .adapt(|token| token.set("exp", NOW - 1800))
            .weight(6),
        usual("their clock is ahead").fault(Fault::Date("Thu, 01 Jan 2026 02:00:00 GMT")),
        usual("the same clock").fault(Fault::Date("Thu, 01 Jan 2026 00:00:00 GMT")),
        openid_of("OpenID Connect: a wrong issuer", metadata("issuer", "https://id.contoso.example/other")),
        openid_of("OpenID Connect: keys at another host", metadata("jwks_uri", "https://keys.example/keys")),
        openid_of("OpenID Connect: no connection", Fault::Connection),
        openid_of("OpenID Connect: weak keys", Fault::Keys(weak_set())),
        of("a tenant that does not exist", Issuer::PUBLIC, || Authority::domain("nowhere.example")).weight(4),
        of("an instance with an issuer elsewhere", Issuer::INSTANCE, || {
            Authority::tenant(tenant(TENANT)).in_instance(instance())
        })
        .fault(metadata("issuer", &format!("https://elsewhere.example/{TENANT}/v2.0")))
        .weight(4),
    ]
}

fn layers() -> Vec<Configuration> {
    let requires = |name: &str, requirement: Requirement| usual(name).requires(requirement);
    let openid_of = |name: &str, layers: Layers| of(name, Issuer::OPENID, openid).layers(layers);
    vec![
        requires("layer: a scope", Requirement::scope("Files.Write")).weight(5),
        requires(
            "layer: a scope or a role",
            Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All")),
        ),
        requires("layer: an app role", Requirement::app_permission("Files.Read.All")).weight(5),
        requires("layer: a role", Requirement::user_role("Admin")).weight(5),
        requires("layer: a group", Requirement::group(GROUP)).weight(5),
        requires("layer: a context", Requirement::auth_context("c1")).weight(5),
        requires("layer: members", Requirement::member()),
        requires("layer: no guests", Requirement::not(Requirement::guest())),
        requires("layer: a claim", Requirement::claim(ClaimRule::any("department", ["sales"]))),
        requires("layer: a client", Requirement::client(CALLER).and(Requirement::tenant(tenant(TENANT)))),
        of("layer: a tenant, OpenID Connect", Issuer::OPENID, openid)
            .requires(Requirement::tenant(tenant(TENANT)))
            .weight(5),
        usual("layer: everything in the challenge").layers(Layers::Challenge),
        usual("layer: optional").layers(Layers::Optional),
        openid_of("layer: token in another header", Layers::OtherHeader),
        usual("layer: a requirement alone").layers(Layers::RequirementAlone).weight(5),
        Configuration::new("refused: no audience", [Issuer::OPENID], |builder| {
            builder.client_id(CLIENT).authority(Authority::openid_connect(OPENID))
        })
        .weight(2),
    ]
}

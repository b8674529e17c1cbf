//! Row 25, with every provider in one validator: whatever a token says of its origin, by whosoever's key, it is accepted
//! only as a table of issuers and keys has it, which is written down here a second time and without any of our own code.

use std::{cell::RefCell, collections::BTreeMap};

use mock_entra::MockEntra;
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::TestRunner,
};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use crate::everyone::{Preset, presets, verifier};

const T: &str = MockEntra::TENANT;
const OTHER: &str = MockEntra::OTHER_TENANT;
const THIRD: &str = "33333333-4444-5555-6666-777777777777";

/// What tokens of an issuer must say besides.
enum Rule {
    /// `tid` is this tenant, and `ver`, where it is there, that of the issuer.
    Tenant(&'static str),
    /// The policy is this one, and `tid`, where it is there, is [`T`].
    Policy(&'static str),
    Nothing,
}

/// An issuer with its version, the authority whose tokens have it, and what else they say.
type Row = (&'static str, String, &'static str, Rule);

fn table() -> Vec<Row> {
    let row =
        |name, issuer: &str, version, rule| (name, issuer.replace("{T}", T).replace("{OTHER}", OTHER), version, rule);
    let tenant = |name, issuer, version| row(name, issuer, version, Rule::Tenant(T));
    let any = |name, issuer| row(name, issuer, "", Rule::Nothing);
    vec![
        tenant("public", "https://login.microsoftonline.com/{T}/v2.0", "2.0"),
        tenant("public", "https://sts.windows.net/{T}/", "1.0"),
        row("US Government", "https://login.microsoftonline.us/{OTHER}/v2.0", "2.0", Rule::Tenant(OTHER)),
        row("US Government", "https://sts.windows.net/{OTHER}/", "1.0", Rule::Tenant(OTHER)),
        tenant("China", "https://login.partner.microsoftonline.cn/{T}/v2.0", "2.0"),
        tenant("China", "https://sts.chinacloudapi.cn/{T}/", "1.0"),
        tenant("Bleu", "https://login.sovcloud-identity.fr/{T}/v2.0", "2.0"),
        tenant("Delos", "https://login.sovcloud-identity.de/{T}/v2.0", "2.0"),
        tenant("GovSG", "https://login.sovcloud-identity.sg/{T}/v2.0", "2.0"),
        tenant("emulator", "http://127.0.0.1:4000/{T}/v2.0", "2.0"),
        tenant("emulator", "http://127.0.0.1:4000/{T}/", "1.0"),
        row("B2C", "https://contoso.b2clogin.com/{T}/v2.0/", "", Rule::Policy("b2c_1_susi")),
        row("B2C tfp", "https://fabrikam.b2clogin.com/tfp/{T}/B2C_1_edit/v2.0/", "", Rule::Policy("b2c_1_edit")),
        tenant("External ID", "https://{T}.ciamlogin.com/{T}/v2.0", "2.0"),
        tenant("External ID", "https://{T}.ciamlogin.com/{T}/", "1.0"),
        any("Okta", "https://contoso.okta.example/oauth2/default"),
        any("Auth0", "https://contoso.auth0.example/"),
        any("Keycloak", "https://id.contoso.example/realms/main"),
        any("Cognito", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1"),
    ]
}

/// The authority for which a token is good that says this, signed by the key of `signer` and naming it.
fn model(table: &[Row], claims: &Map<String, Value>, signer: &str) -> Option<&'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let (name, _, version, rule) = table.iter().find(|row| text("iss") == Some(&row.1))?;
    let keeps_rule = match rule {
        Rule::Nothing => true,
        Rule::Tenant(tenant) => {
            text("tid") == Some(tenant) && claims.get("ver").is_none_or(|ver| ver.as_str() == Some(version))
        }
        Rule::Policy(policy) => {
            // A token without either is an application's, wherever else its policy may stand.
            let found = text("tfp").or(text("acr"));
            found.is_some_and(|found| found.to_ascii_lowercase() == *policy) && text("tid").is_none_or(|tid| tid == T)
        }
    };
    let audience = format!("api://{}", name.to_ascii_lowercase().replace(' ', "-"));
    let held = claims.get(if *name == "Cognito" { "client_id" } else { "aud" })?;
    let is_ours = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text == audience || text.strip_suffix('/') == Some(&audience)
    };
    let is_for_us = is_ours(held) || held.as_array().is_some_and(|all| all.iter().any(is_ours));
    (*name == signer && keeps_rule && is_for_us).then_some(name)
}

/// What becomes of a claim: it stays, or it has this value, or it is taken out.
fn claim(values: Vec<Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![5 => Just(None), 2 => select(values).prop_map(Some)]
}

#[derive(Clone, Debug)]
struct Case {
    /// Whose token it is at first.
    base: Index,
    claims: [(&'static str, Option<Value>); 7],
    signer: Option<Index>,
    kid: Option<Index>,
}

fn cases(table: &[Row]) -> impl Strategy<Value = Case> {
    let mut issuers: Vec<String> = table.iter().map(|row| row.1.clone()).collect();
    let odd = issuers.iter().flat_map(|issuer| {
        let turned = issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned);
        let host = issuer.replacen("://", "://x.", 1);
        [
            turned,
            host,
            issuer.to_uppercase(),
            issuer.replace(T, THIRD),
            issuer.replace(T, OTHER),
            issuer.replace(OTHER, T),
        ]
    });
    let odd: Vec<String> = odd.collect();
    let mut texts: Vec<Value> = odd.into_iter().map(Value::from).collect();
    // As often as all the odd ones.
    for issuer in issuers.drain(..) {
        texts.extend(std::iter::repeat_n(Value::from(issuer), 6));
    }
    texts.extend([Value::Null, "".into(), 7.into()]);
    let audiences: Vec<String> =
        table.iter().map(|row| format!("api://{}", row.0.to_ascii_lowercase().replace(' ', "-"))).collect();
    let mut for_whom: Vec<Value> = audiences.iter().flat_map(|one| [json!(one), json!(format!("{one}/"))]).collect();
    for_whom.extend([json!(audiences), json!(["x"]), json!([]), Value::Null, json!("api://another")]);
    let tenants = [T, OTHER, THIRD, "", "common", &T.replace('-', ""), "AAAAAAAA-1111-2222-3333-444444444444"];
    let tenants = tenants.into_iter().map(Value::from).chain([Value::Null]).collect();
    let policies = || {
        let names = ["B2C_1_susi", "b2c_1_SUSI", "B2C_1_edit", "b2c_1_edit", "B2C_1_other", ""];
        names.into_iter().map(Value::from).chain([Value::Null]).collect::<Vec<_>>()
    };
    let versions = vec![json!("1.0"), json!("2.0"), json!("3.0"), Value::Null];
    let claims = (
        claim(texts),
        claim(tenants),
        claim(policies()),
        claim(policies()),
        claim(for_whom.clone()),
        // A client is one.
        claim(for_whom.into_iter().filter(|value| !value.is_array()).collect()),
        claim(versions),
    );
    let someone = || prop_oneof![4 => Just(None), 1 => any::<Index>().prop_map(Some)];
    (any::<Index>(), claims, someone(), someone()).prop_map(
        |(base, (iss, tid, tfp, acr, aud, client_id, ver), signer, kid)| {
            let claims = [
                ("iss", iss),
                ("tid", tid),
                ("tfp", tfp),
                ("acr", acr),
                ("aud", aud),
                ("client_id", client_id),
                ("ver", ver),
            ];
            Case { base, claims, signer, kid }
        },
    )
}

#[test]
fn whatever_a_token_says_of_its_origin() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (all, clock) = presets(OTHER);
    let validator = verifier(&all, &all, &clock);
    runtime.block_on(validator.warm_up()).unwrap();
    let table = table();
    let bases: Vec<(&Preset, _)> =
        all.iter().flat_map(|preset| preset.tokens().into_iter().map(move |(_, token)| (preset, token))).collect();
    let accepted = RefCell::new(BTreeMap::<&str, usize>::new());
    let refused = RefCell::new(BTreeMap::<&str, usize>::new());

    let mut runner =
        TestRunner::new(ProptestConfig { source_file: Some(file!()), ..ProptestConfig::with_cases(4_000) });
    let outcome = runner.run(&cases(&table), |case| {
        let (own, token) = case.base.get(&bases);
        let someone = |index: &Option<Index>| index.as_ref().map_or(*own, |index| index.get(&all));
        let (signer, named) = (someone(&case.signer), someone(&case.kid));
        let token = case.claims.iter().fold(token.clone(), |token, (name, value)| match value {
            None => token,
            Some(Value::Null) => token.without_claim(*name),
            Some(value) => token.claim(*name, value.clone()),
        });
        let claims = token.claims();
        let key = signer.mock.current_key().with_kid(named.mock.current_kid());
        let token = token.signed_with(&key).build();
        // A key under another's name is nobody's.
        let by = if signer.name == named.name { signer.name } else { "nobody" };
        let expected = model(&table, &claims, by);
        let verdict = runtime.block_on(validator.verify(&token));
        match &verdict {
            Ok(found) => {
                prop_assert_eq!(Some(found.authority()), expected, "{:?}", claims);
                *accepted.borrow_mut().entry(own.name).or_default() += 1;
            }
            Err(rejection) => {
                // Of another's token it may be the kind that does not fit.
                prop_assert!(expected != Some(own.name), "{}: {:?}", rejection.code(), claims);
                *refused.borrow_mut().entry(rejection.code()).or_default() += 1;
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("accepted: {:?}\nrefused: {:?}", accepted.borrow(), refused.borrow());
    assert_eq!(accepted.borrow().len(), all.len(), "some of each: {:?}", accepted.borrow());
    for code in ["unknown_issuer", "unknown_key", "bad_signature", "wrong_issuer", "wrong_tenant", "wrong_audience"] {
        assert!(refused.borrow().contains_key(code), "some of each: {:?}", refused.borrow());
    }
}

//! A token of one provider is good for that provider alone: no other validator accepts it, nor one that knows them all.

use std::{ops::RangeInclusive, time::Duration};

use mock_entra::{KeySpec, MockEntra, SigningAlgorithm, TokenBuilder};
use tower_entra::{Authority, Cloud, Verifier, claims::TokenVersion, jwt::Algorithm};

use crate::everyone::{Preset, network, presets, verifier};

const T: &str = MockEntra::TENANT;
const OTHER: &str = MockEntra::OTHER_TENANT;

/// The name of the authority that accepts the token, or the code of the refusal.
async fn verdict(verifier: &Verifier, token: &TokenBuilder) -> Result<String, &'static str> {
    let verified = verifier.verify(&token.build()).await;
    verified.map(|claims| claims.authority().to_owned()).map_err(|rejection| rejection.code())
}

fn fetches(presets: &[Preset]) -> Vec<usize> {
    presets.iter().map(|preset| preset.mock.fetches()).collect()
}

/// How a validator meets the token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Cold,
    Warm,
}

/// What a validator says of the token of another provider, and how many requests it may make for it.
fn expected(token: &str, validator: &str, state: State) -> (&'static str, RangeInclusive<usize>) {
    /// Metadata and keys.
    const REFRESH: usize = 2;
    match (token, validator, state) {
        // One issuer, two clouds (`docs/entra.md`, "Issuers"): it is its key that is of the other, and that may be a
        // new one.
        ("public, v1", "US Government", State::Cold) | ("US Government, v1", "public", State::Cold) => {
            ("unknown_key", REFRESH..=2 * REFRESH)
        }
        ("public, v1", "US Government", _) | ("US Government, v1", "public", _) => ("unknown_key", 0..=REFRESH),
        _ => ("unknown_issuer", 0..=0),
    }
}

#[tokio::test]
async fn a_good_token_is_good_nowhere_else() {
    let (all, clock) = presets(T);
    let mut pairs = 0;
    for own in &all {
        let warm = verifier([own], &all, &clock);
        warm.warm_up().await.unwrap();
        for (name, token) in own.tokens() {
            assert_eq!(verdict(&warm, &token).await, Ok(own.name.to_owned()), "{name}");
        }
        for (at, other) in all.iter().enumerate().filter(|(_, other)| other.name != own.name) {
            for (name, token) in other.tokens() {
                for state in [State::Cold, State::Warm] {
                    let cold = verifier([own], &all, &clock);
                    let validator = if state == State::Cold { &cold } else { &warm };
                    let (code, requests) = expected(&name, own.name, state);
                    let (before, own_before) = (fetches(&all), own.mock.fetches());
                    for _ in 0..2 {
                        assert_eq!(verdict(validator, &token).await, Err(code), "{name} at {}, {state:?}", own.name);
                    }
                    let asked = own.mock.fetches() - own_before;
                    assert!(requests.contains(&asked), "{name} at {}, {state:?}: {asked} requests", own.name);
                    assert_eq!(
                        fetches(&all)[at],
                        before[at],
                        "{name} at {}, {state:?}: its issuer was asked",
                        own.name
                    );
                    let elsewhere: usize = fetches(&all).iter().sum::<usize>() - before.iter().sum::<usize>();
                    assert_eq!(elsewhere, asked, "{name} at {}, {state:?}: a third was asked", own.name);
                    pairs += 1;
                }
            }
        }
    }
    assert_eq!(pairs, 2 * 13 * 19, "every token at every validator but its own");
}

#[tokio::test]
async fn one_validator_of_all_tells_them_apart() {
    let (all, clock) = presets(OTHER);
    let warm = verifier(&all, &all, &clock);
    warm.warm_up().await.unwrap();
    let settled = fetches(&all);
    for preset in &all {
        for (name, token) in preset.tokens() {
            assert_eq!(verdict(&warm, &token).await, Ok(preset.name.to_owned()), "{name}");
        }
    }
    assert_eq!(fetches(&all), settled, "all keys were at hand");

    for preset in &all {
        for (name, token) in preset.tokens() {
            let cold = verifier(&all, &all, &clock);
            let before = fetches(&all);
            assert_eq!(verdict(&cold, &token).await, Ok(preset.name.to_owned()), "{name}, cold");
            for (at, other) in all.iter().enumerate() {
                // Also those whose issuers are not known yet: none of them can have it.
                let is_asked = fetches(&all)[at] > before[at];
                assert_eq!(is_asked, other.name == preset.name, "{name}, cold: {}", other.name);
            }
        }
    }
}

/// Everything by which a token says where it is from, with one piece of another's.
#[tokio::test]
async fn no_piece_of_a_token_can_be_swapped() {
    let (all, clock) = presets(OTHER);
    let validator = verifier(&all, &all, &clock);
    validator.warm_up().await.unwrap();
    let mut swaps = 0;
    for own in &all {
        for other in all.iter().filter(|other| other.name != own.name) {
            for (name, token) in own.tokens() {
                let what = |swapped| format!("{name} with the {swapped} of {}", other.name);
                let (key, others_key) = (own.mock.current_key(), other.mock.current_key());
                let forged = token.clone().signed_with(&others_key.with_kid(key.kid()));
                assert_eq!(
                    verdict(&validator, &forged).await,
                    Err("bad_signature"),
                    "{}",
                    what("key, under its own kid")
                );
                let forged = token.clone().signed_with(&others_key);
                assert_eq!(verdict(&validator, &forged).await, Err("unknown_key"), "{}", what("key"));
                let forged = token.clone().kid(others_key.kid());
                assert_eq!(verdict(&validator, &forged).await, Err("unknown_key"), "{}", what("kid"));
                let misled = own.addressed(token.clone(), &other.audience);
                assert_eq!(verdict(&validator, &misled).await, Err("wrong_audience"), "{}", what("audience"));
                for (others_name, others_token) in other.tokens() {
                    // What such a token lacks besides the key, it lacks before the key is looked for.
                    const CODES: [&str; 3] = ["unknown_key", "wrong_tenant", "wrong_issuer"];
                    let issuer = Preset::issuer(&others_token);
                    let forged = token.clone().claim("iss", issuer.as_str());
                    let code = verdict(&validator, &forged).await.expect_err(&what("issuer"));
                    assert!(CODES.contains(&code), "{name} with the issuer of {others_name}: {code}");
                    // All that the other writes, by one's own key.
                    let claims = serde_json::to_vec(&others_token.claims()).unwrap();
                    let forged = token.clone().raw_payload(claims.as_slice());
                    assert_eq!(verdict(&validator, &forged).await, Err("unknown_key"), "{}", what("payload"));
                    let forged = token.clone().raw_payload(claims).kid(others_key.kid());
                    assert_eq!(verdict(&validator, &forged).await, Err("bad_signature"), "{}", what("payload and kid"));
                    swaps += 1;
                }
            }
        }
    }
    // 19 tokens: each with each, but for those of one provider among themselves.
    assert_eq!(swaps, 19 * 19 - (5 * 4 + 9));
    for preset in &all {
        for (name, token) in preset.tokens() {
            assert_eq!(verdict(&validator, &token).await, Ok(preset.name.to_owned()), "{name}, after all that");
        }
    }
}

/// The public key set has the keys of the US Government under the public issuer; `cloud_instance_name` alone tells them
/// apart (`docs/entra.md`, "Signing keys (JWKS)"), and v1 issuers do not name the cloud ("Issuers" there).
#[tokio::test]
async fn keys_of_the_us_government_in_the_public_set() {
    const API: &str = MockEntra::CLIENT_ID;
    let (all, clock) = presets(OTHER);
    let (public, government) = (&all[0].mock, &all[1].mock);
    let key = government.current_key();
    let listed = KeySpec::new(&key).issuer(public.v2_issuer("{tenantid}")).cloud_instance_name("microsoftonline.us");
    public.publish(listed);

    let of = |name: &str, cloud: Cloud, tenant: &str| {
        Authority::tenant(tenant.parse().unwrap()).in_instance(cloud.into()).named(name)
    };
    let here = of("public", Cloud::Public, T);
    let there = |tenant| of("government", Cloud::UsGovernment, tenant);
    let build = |there: Authority| {
        let builder = Verifier::builder().client_id(API).fetch(network(&all)).clock(clock.clone());
        builder.authority(here.clone()).authority(there).build()
    };
    let both = build(there(T).into()).unwrap_err().to_string();
    assert!(both.contains("separate them by version()"), "one tenant, one v1 issuer, two clouds: {both}");

    let token = |mock: &MockEntra, tenant| mock.token().tenant(tenant);
    let by_government = |token: TokenBuilder| token.signed_with(&key);
    let by_public = |token: TokenBuilder| token.signed_with(&public.current_key());
    for is_warm in [false, true] {
        for (validator, tenant, v1) in [
            (build(there(OTHER).into()).unwrap(), OTHER, Ok("government")),
            (build(there(T).version(TokenVersion::V2).into()).unwrap(), T, Err("wrong_issuer")),
        ] {
            if is_warm {
                validator.warm_up().await.unwrap();
            }
            for (what, token, expected) in [
                ("public", token(public, T), Ok("public")),
                ("public, v1", token(public, T).v1(), Ok("public")),
                ("government", token(government, tenant), Ok("government")),
                ("government, v1", token(government, tenant).v1(), v1),
                ("public by the other's key", by_government(token(public, T)), Err("wrong_issuer")),
                ("public, v1, by the other's key", by_government(token(public, T).v1()), Err("wrong_issuer")),
                ("government by the other's key", by_public(token(government, tenant)), Err("unknown_key")),
            ] {
                let found = verdict(&validator, &token).await;
                assert_eq!(found, expected.map(str::to_owned), "{what}, {tenant}, {is_warm}");
            }
            let foreign = by_public(token(government, OTHER).v1());
            let code = if tenant == OTHER { "unknown_key" } else { "wrong_tenant" };
            assert_eq!(verdict(&validator, &foreign).await, Err(code), "{tenant}, {is_warm}");
        }
    }
}

/// What one provider may sign with is no leave for another, though its key would do.
#[tokio::test]
async fn an_algorithm_of_one_is_not_one_of_another() {
    let (all, clock) = presets(OTHER);
    let of = |name: &str| all.iter().find(|preset| preset.name == name).unwrap().clone();
    let (mut okta, mut auth0, public) = (of("Okta"), of("Auth0"), of("public"));
    okta.authority = okta.authority.algorithms([Algorithm::ES256]);
    auth0.authority = auth0.authority.algorithms([Algorithm::PS256]);
    let validator = verifier([&okta, &auth0, &public], &all, &clock);
    for (preset, right) in [(&okta, "ES256"), (&auth0, "PS256"), (&public, "RS256")] {
        for (algorithm, name) in
            [(SigningAlgorithm::Es256, "ES256"), (SigningAlgorithm::Ps256, "PS256"), (SigningAlgorithm::Rs256, "RS256")]
        {
            let key = preset.mock.new_key_for(algorithm);
            preset.mock.publish(KeySpec::new(&key));
            // Long enough for another refresh.
            clock.advance(Duration::from_secs(60));
            let expected = if name == right { Ok(preset.name.to_owned()) } else { Err("unsupported_algorithm") };
            let found = verdict(&validator, &preset.token().signed_with(&key)).await;
            assert_eq!(found, expected, "{}, {name}", preset.name);
        }
    }
}

//! Which code a token gets that breaks two rules: that of the earlier one.

use mock_entra::{KeySpec, MockEntra, MockKey, SigningAlgorithm, TokenBuilder};
use tower_entra::{
    RejectionKind::{self, *},
    policy::ClaimRule,
};

use crate::support::{Bench, START};

/// The part of a token in which a rule is broken: one token cannot be broken twice in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Algorithm,
    Header,
    KeyId,
    Body,
    Audience,
    Issuer,
    Key,
    Tid,
    Version,
    Expiry,
    Start,
    Kind,
    Binding,
    Client,
    Presence,
    Value,
}

type Break = Box<dyn Fn(TokenBuilder) -> TokenBuilder>;

/// Every rule, in the order in which they are checked, and how to break it.
fn rules(government: MockKey, unpublished: MockKey) -> Vec<(&'static str, RejectionKind, Place, Break)> {
    fn rule(
        name: &'static str,
        kind: RejectionKind,
        place: Place,
        change: impl Fn(TokenBuilder) -> TokenBuilder + 'static,
    ) -> (&'static str, RejectionKind, Place, Break) {
        (name, kind, place, Box::new(change))
    }
    vec![
        rule("alg", UnsupportedAlgorithm, Place::Algorithm, |token| token.algorithm(SigningAlgorithm::None)),
        rule("crit", MalformedToken, Place::Header, |token| token.header("crit", "x")),
        rule("type", MalformedToken, Place::Body, |token| token.claim("sub", 1)),
        rule("kid", MalformedToken, Place::KeyId, |token| token.without_header("kid")),
        rule("graph", MicrosoftApiToken, Place::Audience, |token| token.audience("https://graph.microsoft.com")),
        rule("iss", UnknownIssuer, Place::Issuer, |token| token.claim("iss", "https://evil.example/")),
        rule("tenant", WrongTenant, Place::Issuer, |token| token.tenant(MockEntra::OTHER_TENANT)),
        rule("key", UnknownKey, Place::Key, move |token| token.signed_with(&unpublished)),
        rule("signature", BadSignature, Place::Key, |token| token.wrong_key()),
        rule("cloud", WrongIssuer, Place::Key, move |token| token.signed_with(&government)),
        rule("no tid", WrongTenant, Place::Tid, |token| token.without_claim("tid")),
        rule("ver", WrongIssuer, Place::Version, |token| token.claim("ver", "1.0")),
        rule("exp", Expired, Place::Expiry, |token| token.expires_at(START - 100)),
        rule("nbf", NotYetValid, Place::Start, |token| token.not_before(START + 100)),
        rule("aud", WrongAudience, Place::Audience, |token| token.audience("api://another")),
        rule("scp", NotAnAccessToken, Place::Kind, |token| token.without_claim("scp")),
        rule("cnf", ProofRequired, Place::Binding, |token| token.claim("cnf", "x")),
        rule("azp", ClientNotAllowed, Place::Client, |token| token.client(MockEntra::OTHER_CALLER)),
        rule("no claim", ClaimMissing, Place::Presence, |token| token.without_claim("department")),
        rule("claim", ClaimNotAllowed, Place::Value, |token| token.claim("level", "low")),
    ]
}

/// Whether `first` is reported, as it is but where the key is not known: nothing is fetched for a token that no tenant can
/// have issued, and so its `tid` is looked at before.
fn comes_first(first: &str, second: &str) -> bool {
    !matches!((first, second), ("key" | "tenant", "no tid"))
}

#[tokio::test]
async fn the_earlier_rule_is_reported() {
    let mock = MockEntra::new();
    let government = mock.new_key();
    mock.publish(KeySpec::new(&government).cloud_instance_name("microsoftonline.us"));
    let unpublished = mock.new_key();
    let bench = Bench::of(mock, |builder| {
        builder
            .tenant(MockEntra::TENANT)
            .allowed_client(MockEntra::CALLER)
            .required_claim(ClaimRule::present("department"))
            .required_claim(ClaimRule::any("level", ["high"]))
    })
    .await;
    let good = || bench.token().claim("department", "x").claim("level", "high");
    bench.accepts("good", &good().build()).await;
    // The budget for unknown keys is used up before, so that nothing is fetched any more.
    assert_eq!(bench.code(&good().signed_with(&unpublished).build()).await, "unknown_key");
    let rules = rules(government, unpublished);
    let mut pairs = 0;
    for (at, (first, kind, place, break_first)) in rules.iter().enumerate() {
        bench.refuses(first, &break_first(good()).build(), *kind).await;
        for (second, second_kind, second_place, break_second) in &rules[at + 1..] {
            if place == second_place {
                continue;
            }
            let token = break_second(break_first(good())).build();
            let expected = if comes_first(first, second) { *kind } else { *second_kind };
            bench.refuses(&format!("{first} and {second}"), &token, expected).await;
            pairs += 1;
        }
    }
    println!("{pairs} pairs");
}

/// The one exception to the order: a token for one of Microsoft's APIs is told as that although its signature fails too.
#[tokio::test]
async fn microsofts_apis_come_before_the_signature() {
    let bench = Bench::new().await;
    for token in [
        bench.token().graph(),
        bench.token().graph().app(),
        bench.token().graph().tenant(MockEntra::OTHER_TENANT),
        bench.token().graph().wrong_key(),
        bench.token().audience("https://management.azure.com/").claim("iss", "https://evil.example/"),
        bench.token().audience("https://vault.azure.net").expired(),
        bench.token().claim("aud", serde_json::json!(["x", "https://graph.microsoft.com"])),
    ] {
        bench.refuses("Microsoft's", &token.build(), MicrosoftApiToken).await;
    }
    // Not where it is beside our own.
    let both = bench.token().claim("aud", serde_json::json!([MockEntra::CLIENT_ID, "https://graph.microsoft.com"]));
    bench.refuses("both, forged", &both.clone().wrong_key().build(), BadSignature).await;
    bench.accepts("both", &both.build()).await;
}

/// A long expired token whose key is not known is expired: it is not worth a fetch.
#[tokio::test]
async fn long_expired_comes_before_an_unknown_key() {
    let bench = Bench::new().await;
    let unpublished = bench.mock.new_key();
    bench.refuses("long", &bench.token().expired().signed_with(&unpublished).build(), Expired).await;
    bench.refuses("long, forged", &bench.token().expired().wrong_key().build(), BadSignature).await;
}

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::claims::{Facts, GroupMembership, authority::AuthorityFacts, payload::Payload};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn claims(version: TokenVersion, members: &Value) -> Claims {
    let issuer = match version {
        TokenVersion::V1 => format!("https://sts.windows.net/{TENANT}/"),
        TokenVersion::V2 => format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
    };
    let mut all = json!({"exp": 17, "iss": issuer, "aud": "66666666-7777-8888-9999-000000000000", "tid": TENANT});
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let tenant = all["tid"].as_str().unwrap().parse().ok();
    let facts = Facts {
        authority: AuthorityFacts::of_entra("a").into(),
        tenant,
        version,
        app_only: false,
        number: 0,
        mapped: None,
    };
    Claims::new(Payload::parse(all.to_string()).unwrap(), facts)
}

#[test]
fn guests_are_told_by_acct_then_idp() {
    let (member, guest) = (Some(false), Some(true));
    let own = |form: &str| json!({"idp": form.replace("{}", TENANT)});
    for (members, expected) in [
        (json!({}), member),
        (json!({"acct": 0}), member),
        (json!({"acct": "0"}), member),
        (json!({"acct": 1}), guest),
        (json!({"acct": "1"}), guest),
        (json!({"acct": 2}), None),
        (json!({"acct": true}), None),
        (json!({"acct": null}), None),
        (json!({"acct": [0]}), None),
        // What the directory says comes first.
        (json!({"acct": 0, "idp": "live.com"}), member),
        (json!({"acct": 1, "idp": format!("https://sts.windows.net/{TENANT}/")}), guest),
        (json!({"acct": 7, "idp": "live.com"}), None),
        (own("https://sts.windows.net/{}/"), member),
        (own("https://login.microsoftonline.com/{}/v2.0"), member),
        (own("https://login.microsoftonline.com/{}"), member),
        (own("https://sts.chinacloudapi.cn/{}/"), member),
        (own("https://evil.example/{}/"), guest),
        (own("http://sts.windows.net/{}/"), guest),
        (own("https://sts.windows.net.evil.example/{}/"), guest),
        (own("https://evil.example/https://sts.windows.net/{}/"), guest),
        (own("https://sts.windows.net/{}/x"), guest),
        (own("https://sts.windows.net/{}/v2.0/x"), guest),
        (own("https://sts.windows.net/x/{}/"), guest),
        (own("{}"), guest),
        (json!({"idp": "https://sts.windows.net/22222222-3333-4444-5555-666666666666/"}), guest),
        (json!({"idp": "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/"}), guest),
        (json!({"idp": "live.com"}), guest),
        (json!({"idp": "mail"}), guest),
        (json!({"idp": ""}), guest),
        (json!({"idp": null}), None),
        (json!({"idp": ["live.com"]}), None),
        (json!({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}), None),
        (json!({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad", "acct": 0}), None),
        (json!({"tid": "none", "acct": 0}), None),
    ] {
        for version in [TokenVersion::V1, TokenVersion::V2] {
            assert_eq!(claims(version, &members).is_guest(), expected, "{members} in a {version} token");
        }
    }
}

#[test]
fn token_type_client_proof_and_capabilities_are_read() {
    for (name, value, expected) in [
        ("idtyp", "app", Some(TokenType::App)),
        ("idtyp", "user", Some(TokenType::User)),
        ("idtyp", "device", Some(TokenType::Device)),
        ("idtyp", "APP", Some(TokenType::Other)),
        ("x", "app", None),
    ] {
        assert_eq!(claims(TokenVersion::V2, &json!({name: value})).token_type(), expected, "{value}");
    }
    for (value, expected) in [
        ("0", Some(ClientProof::None)),
        ("1", Some(ClientProof::Secret)),
        ("2", Some(ClientProof::Certificate)),
        ("3", None),
        ("", None),
    ] {
        assert_eq!(claims(TokenVersion::V2, &json!({"azpacr": value, "appidacr": "0"})).client_proof(), expected);
        assert_eq!(claims(TokenVersion::V1, &json!({"azpacr": "0", "appidacr": value})).client_proof(), expected);
    }
    for (members, expected) in [
        (json!({"xms_cc": ["cp1"]}), true),
        (json!({"xms_cc": "CP1"}), true),
        (json!({"xms_cc": ["protapp", "Cp1"]}), true),
        (json!({"xms_cc": ["cp10"]}), false),
        (json!({"xms_cc": "protapp"}), false),
        (json!({}), false),
    ] {
        assert_eq!(claims(TokenVersion::V2, &members).understands_claims_challenges(), expected, "{members}");
    }
}

#[test]
fn agent_identities_are_told_by_facets() {
    let of = |members: Value| claims(TokenVersion::V2, &members);
    let agent = of(json!({
        "xms_act_fct": "3 11 4000000000", "xms_sub_fct": "13 x -1 1.5 99999999999 +11", "xms_tnt_fct": "",
        "xms_par_app_azp": "b", "xms_idrel": "7 24",
    }));
    assert_eq!(agent.actor_facets().collect::<Vec<_>>(), [3, 11, 4_000_000_000]);
    assert_eq!(agent.subject_facets().collect::<Vec<_>>(), [13]);
    assert_eq!(agent.tenant_facets().count(), 0);
    assert_eq!(agent.identity_relations().collect::<Vec<_>>(), [7, 24]);
    assert_eq!((agent.is_agent(), agent.is_agent_user(), agent.agent_blueprint().as_deref()), (true, true, Some("b")));
    for (members, is_agent) in [
        (json!({"xms_act_fct": "11"}), true),
        (json!({"xms_act_fct": 11}), true),
        (json!({"xms_act_fct": ["3", "11"]}), true),
        (json!({"xms_act_fct": [11]}), true),
        (json!({"xms_act_fct": "111 1 13"}), false),
        (json!({"xms_act_fct": "1.1 11.0"}), false),
        (json!({"xms_act_fct": {"a": "11"}}), false),
        (json!({"xms_sub_fct": "11"}), false),
        (json!({}), false),
    ] {
        assert_eq!(of(members.clone()).is_agent(), is_agent, "{members}");
    }
}

#[test]
fn groups_are_known_overage_or_absent() {
    for (members, expected) in [
        (json!({"groups": ["a", "b"]}), r#"Known(["a", "b"])"#),
        (json!({"groups": []}), "Known([])"),
        (json!({"groups": "src"}), r#"Known(["src"])"#),
        (json!({"groups": "src1"}), "Overage"),
        (json!({"groups": ["a"], "hasgroups": 1}), "Overage"),
        (json!({"groups": ["a"], "hasgroups": null}), r#"Known(["a"])"#),
        (json!({"_claim_names": {"groups": null}}), "Overage"),
        (json!({"_claim_names": {"a": {"b": 1}}}), "Absent"),
        (json!({"_claim_names": null}), "Absent"),
        (json!({"_claim_names": 7}), "Overage"),
        (json!({"groups": 7}), "Absent"),
        (json!({}), "Absent"),
    ] {
        let claims = claims(TokenVersion::V2, &members);
        assert_eq!(format!("{:?}", claims.group_membership()), expected, "{members}");
        let known = matches!(claims.group_membership(), GroupMembership::Known(_));
        assert_eq!(claims.groups().next().is_some(), known && expected.contains('"'), "{members}");
        assert_eq!(claims.has_groups_overage(), expected == "Overage", "{members}");
    }
}

#[test]
fn authorization_uri_is_that_of_the_cloud() {
    let uri = |cloud: Option<Cloud>| {
        let mut facts = claims(TokenVersion::V2, &json!({})).facts().clone();
        facts.authority = AuthorityFacts { cloud, ..AuthorityFacts::of_entra("a") }.into();
        Claims::new(Payload::parse(r#"{"exp":17}"#.into()).unwrap(), facts).authorization_uri()
    };
    for (cloud, host) in [
        (Cloud::Public, "login.microsoftonline.com"),
        (Cloud::UsGovernment, "login.microsoftonline.us"),
        (Cloud::China, "login.partner.microsoftonline.cn"),
    ] {
        assert_eq!(uri(Some(cloud)), Some(format!("https://{host}/common/oauth2/authorize")));
    }
    assert_eq!(uri(None), None);
}

#[test]
fn audience_id_is_a_single_guid_in_v2_tokens() {
    let id = "66666666-7777-8888-9999-000000000000";
    assert_eq!(claims(TokenVersion::V2, &json!({})).audience_id(), Some(id));
    assert_eq!(claims(TokenVersion::V1, &json!({})).audience_id(), None);
    assert_eq!(claims(TokenVersion::V2, &json!({"aud": "api://x"})).audience_id(), None);
    assert_eq!(claims(TokenVersion::V2, &json!({"aud": [id, "x"]})).audience_id(), None);
}

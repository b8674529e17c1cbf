//! `required-claims` and `audiences`.

use super::*;

#[test]
fn required_claims_become_rules() {
    let tenant = entra(TENANT, "/v2.0");
    let claims = |claims: &str| {
        section(&jwt(&format!("{tenant}{AUDIENCE}<required-claims>{claims}</required-claims>")))["RequiredClaims"]
            .take()
    };
    for (claim, rule) in [
        (r#"<claim name="a"/>"#, json!({"Name": "a"})),
        (r#"<claim name="a"><value>x</value></claim>"#, json!({"Name": "a", "Match": "all", "Values": ["x"]})),
        (
            r#"<claim name="a" match="any"><value> x </value><value><!-- y -->z<![CDATA[<]]></value></claim>"#,
            json!({"Name": "a", "Match": "any", "Values": ["x", "z<"]}),
        ),
        (
            r#"<claim name="scp" match="all" separator=" "><value>x</value></claim>"#,
            json!({"Name": "scp", "Separator": " ", "Match": "all", "Values": ["x"]}),
        ),
        (r#"<claim name="a" separator=","/>"#, json!({"Name": "a"})),
        // No JSON Pointer: for API Management it is the whole name.
        (r#"<claim name="/a~b/c"/>"#, json!({"Name": "/~1a~0b~1c"})),
        (r#"<claim name="/"><value>x</value></claim>"#, json!({"Name": "/~1", "Match": "all", "Values": ["x"]})),
        (r#"<claim name="a/b~c"/>"#, json!({"Name": "a/b~c"})),
        (
            r#"<claim name="a"><value>&quot;&#x41;</value></claim>"#,
            json!({"Name": "a", "Match": "all", "Values": ["\"A"]}),
        ),
    ] {
        assert_eq!(claims(claim), json!([rule]), "{claim}");
    }
    // An audience that is required there is the audience.
    let aud = |audiences: &str, claims: &str| {
        let mut section = section(&jwt(&format!("{tenant}{audiences}<required-claims>{claims}</required-claims>")));
        (section["Audiences"].take(), section["RequiredClaims"].take())
    };
    let all = r#"<claim name="aud"><value>a</value><value>b</value></claim>"#;
    let any = r#"<claim name="aud" match="any"><value>a</value><value>b</value></claim>"#;
    assert_eq!(aud("", any), (json!(["a", "b"]), Value::Null));
    assert_eq!(aud("", all), (json!(["a", "b"]), json!([{"Name": "aud", "Match": "all", "Values": ["a", "b"]}])));
    // Two claims must both hold.
    let (_, rules) = aud("", &any.repeat(2));
    assert_eq!(rules.as_array().unwrap().len(), 2);
    let (_, rules) = aud("", &(any.to_owned() + &any.replace("\"aud\"", "\" aud \"")));
    assert_eq!(rules.as_array().unwrap().len(), 2);
    assert_eq!(
        problems(&jwt(&format!("{tenant}<required-claims>{}</required-claims>", any.replace("\"any\"", "\"some\"")))),
        ["validate-jwt/required-claims/claim[aud]/@match = \"some\": must be \"all\" or \"any\""]
    );
    let both = "<audiences><audience>b</audience><audience>c</audience></audiences>";
    assert_eq!(aud(both, any), (json!(["b"]), Value::Null));
    assert_eq!(
        problems(&jwt(&format!("{tenant}{AUDIENCE}<required-claims>{any}</required-claims>")))[0],
        "validate-jwt/audiences: has none of the values that required-claims requires for aud, so no token is accepted"
    );
}

#[test]
fn values_that_cannot_be_read_are_problems_where_they_restrict() {
    use ConfigProblemKind::{Invalid, Missing, Unknown, Unsupported};
    let tenant = entra(TENANT, "/v2.0");
    let claim = |claim: &str| format!("{tenant}{AUDIENCE}<required-claims>{claim}</required-claims>");
    let audience = |audience: &str| format!("{tenant}<audiences><audience>{audience}</audience></audiences>");
    for (inner, kind, place) in [
        (audience("{your-audience}"), Invalid, "validate-jwt/audiences/audience"),
        (audience("&lt;client-id&gt;"), Invalid, "validate-jwt/audiences/audience"),
        (audience("#{audience}#"), Invalid, "validate-jwt/audiences/audience"),
        (audience("00000000-0000-0000-0000-000000000000"), Invalid, "validate-jwt/audiences/audience"),
        (audience("{{audience}}"), Unsupported, "validate-jwt/audiences/audience"),
        (audience("@(context.Api.Id)"), Unsupported, "validate-jwt/audiences/audience"),
        (audience("a b"), Invalid, "validate-jwt/audiences/audience"),
        (audience("<b/>"), Invalid, "validate-jwt/audiences/audience"),
        (audience("a</audience><audience claim='x'>b"), Unknown, "validate-jwt/audiences/audience/@claim"),
        (tenant.clone() + "<audiences><aud>a</aud></audiences>", Unknown, "validate-jwt/audiences/aud"),
        (
            tenant.clone() + "<audiences match='all'><audience>a</audience></audiences>",
            Unknown,
            "validate-jwt/audiences/@match",
        ),
        (tenant.clone() + "<audiences/>", Missing, "validate-jwt/audiences"),
        (tenant.clone(), Missing, "validate-jwt/audiences"),
        (
            tenant.clone() + "<required-claims><claim name='aud'/></required-claims>",
            Missing,
            "validate-jwt/required-claims/claim[aud]",
        ),
        (
            claim("<claim name='a'><value>@{return 1;}</value></claim>"),
            Unsupported,
            "validate-jwt/required-claims/claim[a]/value",
        ),
        (
            claim("<claim name='a'><value>{{role}}</value></claim>"),
            Unsupported,
            "validate-jwt/required-claims/claim[a]/value",
        ),
        (
            claim("<claim name='{{name}}'><value>x</value></claim>"),
            Unsupported,
            "validate-jwt/required-claims/claim/@name",
        ),
        (
            claim("<claim name='a' separator='@(1)'><value>x</value></claim>"),
            Unsupported,
            "validate-jwt/required-claims/claim[a]/@separator",
        ),
        (
            claim("<claim name='a' match='{{match}}'><value>x</value></claim>"),
            Unsupported,
            "validate-jwt/required-claims/claim[a]/@match",
        ),
        (claim("<claim name='a'><value/></claim>"), Invalid, "validate-jwt/required-claims/claim[a]/value"),
        (
            claim("<claim name='a' match='some'><value>x</value></claim>"),
            Invalid,
            "validate-jwt/required-claims/claim[a]/@match",
        ),
        (claim("<claim><value>x</value></claim>"), Missing, "validate-jwt/required-claims/claim/@name"),
        (claim("<claim name=' '><value>x</value></claim>"), Missing, "validate-jwt/required-claims/claim/@name"),
        (claim("<claim name='a' type='x'/>"), Unknown, "validate-jwt/required-claims/claim[a]/@type"),
        (claim("<claims/>"), Unknown, "validate-jwt/required-claims/claims"),
    ] {
        Outcome::Error(kind, place).check(&jwt(&inner));
    }
}

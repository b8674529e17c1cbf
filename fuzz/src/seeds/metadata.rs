//! Metadata documents, after the letter of their authority.

use serde_json::{Value, json};

use super::{Seeds, bytes, with};
use crate::fixtures::{ISSUER, TENANT};

pub fn all() -> Seeds {
    let entra = |changes: Value| {
        with(
            json!({"issuer": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                "jwks_uri": format!("https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"), "cloud_instance_name": "microsoftonline.com"}),
            changes,
        )
    };
    let own = |changes: Value| with(json!({"issuer": ISSUER, "jwks_uri": "https://id.contoso.example/keys"}), changes);
    let b2c = |changes: Value| {
        with(
            json!({"issuer": format!("https://contoso.b2clogin.com/{TENANT}/v2.0/"), "jwks_uri": "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_susi/discovery/v2.0/keys"}),
            changes,
        )
    };
    let external = |changes: Value| {
        with(
            json!({"issuer": format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), "jwks_uri": format!("https://contoso.ciamlogin.com/{TENANT}/discovery/v2.0/keys")}),
            changes,
        )
    };
    let mut all: Vec<String> = Vec::new();
    for changes in [
        json!({}),
        json!({"issuer": null}),
        json!({"issuer": 1}),
        json!({"issuer": "https://evil.example"}),
        json!({"issuer": ""}),
        json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        json!({"issuer": format!("https://sts.windows.net/{TENANT}/")}),
        json!({"jwks_uri": null}),
        json!({"jwks_uri": "https://evil.example/keys"}),
        json!({"jwks_uri": "http://id.contoso.example/keys"}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"jwks_uri": "/keys"}),
        json!({"jwks_uri": ""}),
        json!({"jwks_uri": "https://id.contoso.example:444/keys"}),
        json!({"jwks_uri": "https://user@id.contoso.example/keys"}),
        json!({"cloud_instance_name": "microsoftonline.us"}),
        json!({"cloud_instance_name": " "}),
        json!({"cloud_instance_name": null}),
        json!({"cloud_instance_name": 1}),
        json!({"issuer": format!("{ISSUER}/")}),
        json!({"issuer": "https://contoso.b2clogin.com/tfp/11111111-2222-3333-4444-555555555555/b2c_1_susi/v2.0/"}),
        json!({"id_token_signing_alg_values_supported": ["RS256"], "x": [[[]]]}),
        json!({"jwks_uri": "https://login.microsoftonline.com/common/discovery/keys"}),
    ] {
        all.extend([
            format!("O{}", own(changes.clone())),
            format!("E{}", entra(changes.clone())),
            format!("B{}", b2c(changes.clone())),
            format!("X{}", external(changes)),
        ]);
    }
    for text in [
        "",
        "O",
        "E",
        "B",
        "X",
        "O{",
        "O[]",
        "Onull",
        "E[]",
        "O{\"issuer\":\"a\",\"issuer\":\"b\",\"jwks_uri\":\"c\"}",
        "O<html>",
    ] {
        all.push(text.to_owned());
    }
    all.push(format!("O\u{feff}{}", own(json!({}))));
    all.extend(
        [
            json!({"issuer": "https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0"}),
            json!({"issuer": "https://login.microsoftonline.com/common/v2.0"}),
            json!({"issuer": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"}),
            json!({"jwks_uri": "https://login.windows.net/common/discovery/keys"}),
            json!({"jwks_uri": "https://login.microsoftonline.com:443/common/discovery/keys"}),
            json!({"jwks_uri": "https://login.microsoftonline.us/common/discovery/keys"}),
            json!({"jwks_uri": "https://login.microsoftonline.com/keys#x"}),
            json!({"jwks_uri": "ftp://login.microsoftonline.com/keys"}),
            json!({"jwks_uri": "https://login.microsoftonline.com\\@evil.example/keys"}),
            json!({"jwks_uri": "https://login.%6dicrosoftonline.com/keys"}),
            json!({"jwks_uri": "https://[::1"}),
            json!({"jwks_uri": "https://login.microsoftonline.com:/keys"}),
            json!({}),
            json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        ]
        .iter()
        .flat_map(|changes| ['E', 'D', 'S'].map(|kind| format!("{kind}{}", entra(changes.clone())))),
    );
    let other = "22222222-3333-4444-5555-666666666666";
    for changes in [
        json!({}),
        json!({"issuer": format!("https://contoso.b2clogin.com/{other}/v2.0/")}),
        json!({"issuer": "https://contoso.b2clogin.com/{tenantid}/v2.0/"}),
        json!({"issuer": format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0/")}),
        json!({"issuer": format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_susi/v2.0")}),
        json!({"issuer": format!("https://contoso.b2clogin.com/tfp/{TENANT}/b2c_1_other/v2.0/")}),
        json!({"issuer": format!("https://contoso.b2clogin.com/tfp/{other}/b2c_1_susi/v2.0/")}),
        json!({"jwks_uri": "https://fabrikam.b2clogin.com/keys"}),
    ] {
        all.extend([format!("B{}", b2c(changes.clone())), format!("T{}", b2c(changes))]);
    }
    // At custom domains: the issuer must be at the same origin, or listed.
    let at_domain = |path: &str| json!({"issuer": format!("https://login.contoso.example/{path}"), "jwks_uri": "https://login.contoso.example/keys"});
    let v2 = format!("{TENANT}/v2.0");
    let custom = |kind: &str, path: &str, changes: Value| format!("{kind}{}", with(at_domain(path), changes));
    for kind in ["L", "Y", "Z", "I", "C"] {
        for changes in [
            json!({}),
            json!({"issuer": format!("https://login.microsoftonline.com/{TENANT}/v2.0")}),
            json!({"issuer": format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0")}),
            json!({"issuer": format!("https://{other}.ciamlogin.com/{other}/v2.0")}),
            json!({"issuer": format!("https://login.contoso.example/{other}/v2.0")}),
            json!({"issuer": "https://login.contoso.example/{tenantid}/v2.0"}),
            json!({"issuer": "https://login.contoso.example/main/v2.0"}),
            json!({"issuer": format!("https://login.contoso.example/{TENANT}/")}),
            json!({"issuer": format!("https://login.contoso.example/{TENANT}/tokens/")}),
            json!({"issuer": format!("https://login.contoso.example.evil.example/{TENANT}/v2.0")}),
            json!({"issuer": format!("https://other.example/{TENANT}/v2.0")}),
            json!({"issuer": ISSUER}),
            json!({"jwks_uri": "https://contoso.ciamlogin.com/keys"}),
            json!({"jwks_uri": "https://other.example/keys"}),
            json!({"cloud_instance_name": "contoso.example"}),
            json!({"cloud_instance_name": "other.example"}),
        ] {
            all.push(custom(kind, &v2, changes));
        }
    }
    all.extend([
        custom("L", &format!("{TENANT}/v2.0/"), json!({})),
        custom("L", "", json!({"issuer": format!("https://listed.contoso.example/{TENANT}/v2.0/")})),
        custom("L", "", json!({"issuer": format!("https://listed.contoso.example/{TENANT}/v2.0/"), "jwks_uri": "https://listed.contoso.example/keys"})),
        custom("L", "", json!({"issuer": format!("https://listed.contoso.example/{TENANT}/v2.0")})),
        custom("L", "", json!({"issuer": format!("https://listed.contoso.example/{other}/v2.0/")})),
    ]);
    all.extend([
        format!("X{}", external(json!({"issuer": format!("https://{other}.ciamlogin.com/{other}/v2.0")}))),
        format!("X{}", external(json!({"jwks_uri": "https://contoso.ciamlogin.com:444/keys"}))),
        format!("O{}", own(json!({"jwks_uri": "https://id!contoso.example/keys"}))),
        format!("O{}", own(json!({"jwks_uri": "https://id.contoso.example:443/keys"}))),
        format!("O{}", own(json!({"jwks_uri": "https://ID.contoso.example/keys?a=b"}))),
        // Ports that one reader takes for none.
        format!("O{}", own(json!({"jwks_uri": "https://id.contoso.example:444(keys"}))),
        format!("O{}", own(json!({"jwks_uri": "https://id.contoso.example:+444/keys"}))),
        format!("O{}", own(json!({"jwks_uri": "https://id.contoso.example:65536/keys"}))),
        // The metadata again, in place of keys.
        format!("O{}", own(json!({"jwks_uri": "https://id.contoso.example/main/.well-known/openid-configuration"}))),
        // Longer than a message.
        format!("B{}", b2c(json!({"issuer": format!("https://contoso.b2clogin.com/{}", "x".repeat(1_200))}))),
        format!("E\u{feff}{}", entra(json!({}))),
    ]);
    bytes(all)
}

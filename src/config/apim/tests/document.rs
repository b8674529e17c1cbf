//! The XML, and its limits.

use super::*;

fn policy() -> String {
    jwt(&(entra(TENANT, "/v2.0") + AUDIENCE))
}

#[test]
fn a_document_that_cannot_be_read_is_refused_with_the_reason() {
    let policy = policy();
    for (xml, problem) in [
        (String::new(), "the policy: is not XML: "),
        ("{}".to_owned(), "the policy: is not XML: "),
        ("<policies/>".to_owned(), "the policy: has neither validate-jwt nor validate-azure-ad-token"),
        ("<!-- <validate-jwt/> --><a/>".to_owned(), "the policy: has neither "),
        (
            "<inbound><include-fragment fragment-id='auth'/></inbound>".to_owned(),
            "the policy: has neither validate-jwt nor validate-azure-ad-token; inline the fragment",
        ),
        (
            format!("<inbound>\n{policy}\n{policy}</inbound>"),
            "the policy: has several policies that validate tokens, another one in line 3",
        ),
        (
            format!("\n<inbound>\n<choose>\n<when condition=\"@(a(\"x)\"))\"/></choose>{policy}</inbound>")
                .replace("@(a(\"x)\"))", "@(a(\"x)"),
            "the policy: has an expression in line 4 that does not end",
        ),
        (
            format!("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{}", policy.replace("api://orders", "&x;")),
            "the policy: has a DTD, which is not supported; remove it",
        ),
        (policy.replace("api://orders", "&x;"), "the policy: is not XML: unknown entity reference 'x'"),
        (format!("<a>{}</a>", "<b/>".repeat(100_000)), "the policy: has more than 15000 elements and texts"),
        (format!("<a>{}</a>", " ".repeat(1 << 20)), "the policy: is longer than 1 MiB"),
        (format!("<a>@({})</a>", "&".repeat(1 << 19)), "the policy: is longer than 1 MiB"),
        (
            format!("<a b=\"@(\"\")\">{}</a>", "<b>".repeat(101)),
            "the policy: has elements nested deeper than 100 levels",
        ),
    ] {
        let problems = problems(&xml);
        assert!(problems.len() == 1 && problems[0].starts_with(problem), "{problem}\n{problems:?}");
    }
    for xml in [
        format!("\u{feff}{policy}"),
        format!("\n <?xml version='1.0'?><!-- <validate-jwt/> --><policies>{policy}</policies>\n"),
        format!("<fragment>{policy}</fragment>"),
        format!("{}{policy}{}", "<a>".repeat(90), "</a>".repeat(90)),
    ] {
        assert_eq!(notes(&xml).len(), 1, "{xml}");
    }
    let when = format!("{}{policy}{}", "<when>".repeat(90), "</when>".repeat(90));
    assert_eq!(notes(&when).len(), 2);
}

#[test]
fn the_stored_format_is_read_like_xml() {
    let value = r#"@(context.Request.Headers.GetValueOrDefault("Authorization").Split(' ').Last())"#;
    let condition = r#"@(context.Variables.GetValueOrDefault<string>("a") == "x" && 1 < 2)"#;
    let document = |value: &str, condition: &str| {
        format!(
            "<policies><inbound><base /><validate-jwt token-value=\"{value}\" clock-skew=\"60\">{}{AUDIENCE}</validate-jwt>\
             <choose><when condition=\"{condition}\"><set-variable name=\"b\" value=\"@{{ return \"1\"; }}\" /></when>\
             </choose><set-header name=\"x\"><value>{condition}</value></set-header></inbound></policies>",
            entra(TENANT, "/v2.0")
        )
    };
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let stored = read(&document(value, condition));
    let xml = read(&document(&escaped(value), &escaped(condition)).replace("return \"1\"", "return &quot;1&quot;"));
    assert_eq!(stored, xml);
    assert!(stored.to_string().contains("@token-value: the token is the value of an expression"), "{stored}");
}

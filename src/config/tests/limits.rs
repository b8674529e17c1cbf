//! Hostile and generated configurations: bounded memory, bounded errors. Time follows from both.

use super::*;
use crate::error::ConfigError;

const MEGABYTE: usize = 1 << 20;

/// Memory at its highest: 24 times the input, or 10 MiB for one that is smaller than 400 KiB.
fn most_memory(length: usize) -> u64 {
    (24 * length as u64).max(10 << 20)
}

/// What comes of an input.
enum Outcome {
    Accepted,
    /// A problem with this text, among at most a hundred.
    Problem(&'static str),
    /// The same, and more that are only counted.
    Omitted(&'static str),
}
use Outcome::{Accepted, Omitted, Problem};

/// An object with the section and these members in it.
fn section(members: &str) -> String {
    format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"{members}}}}}"#)
}

/// Pieces up to `size`, with commas between them.
fn repeated(size: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(size);
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() + 200 > size {
            break;
        }
        text.push_str(if number == 0 { "" } else { "," });
        text.push_str(&piece);
    }
    text
}

fn guid(number: usize) -> String {
    format!("\"11111111-2222-3333-4444-{number:012}\"")
}

fn list(name: &str, size: usize, piece: impl Fn(usize) -> String) -> String {
    section(&format!(",\"{name}\":[{}]", repeated(size, piece)))
}

/// `levels` objects within each other, each under a key of the same length, and a list of numbers in the innermost.
fn long_keys(size: usize, levels: usize) -> String {
    let key = "k".repeat(size / 2 / levels);
    let open = format!("{{\"{key}\":").repeat(levels);
    format!("{open}[{}]{}", repeated(size / 2, |_| "1".to_owned()), "}".repeat(levels))
}

/// Reads and checks; the error, and the memory at its highest.
fn measured(read: impl FnOnce() -> Result<Config, ConfigError>) -> (Option<ConfigError>, u64) {
    let mut error = None;
    let memory = allocation_counter::measure(|| {
        error = read().and_then(|config| config.resolve(&ConfigSettings::default()).map(drop)).err()
    });
    (error, memory.bytes_max)
}

/// What is otherwise than expected.
fn check(name: &str, length: usize, outcome: &Outcome, read: impl FnOnce() -> Result<Config, ConfigError>) -> String {
    let (error, memory) = measured(read);
    let shown = error.as_ref().map(ToString::to_string).unwrap_or_default();
    let (problems, omitted) = error.as_ref().map_or((0, 0), |error| (error.problems().len(), error.omitted()));
    let more = format!("\n  … and {omitted} more");
    let is_expected = match outcome {
        Accepted => error.is_none(),
        Problem(text) => shown.contains(text) && (1..=100).contains(&problems),
        Omitted(text) => shown.contains(text) && problems == 100 && omitted > 0 && shown.ends_with(&more),
    };
    if is_expected && memory <= most_memory(length) && shown.len() < 300_000 {
        return String::new();
    }
    let start = shown.chars().take(300).collect::<String>();
    format!("\n{name}: {memory} bytes for {length}; {problems} problems, {omitted} omitted: {start}")
}

#[test]
fn a_megabyte_of_the_worst_json_stays_in_proportion() {
    let size = MEGABYTE - 1_000;
    let many = |name: &str, piece: &dyn Fn(usize) -> String| list(name, size, piece);
    let authority = |number: usize| format!(r#"{{"Authority":"https://id{number}.example/","Audience":"a"}}"#);
    let half = size / 2;
    let too_many = "has more than 50000 values";
    let mut failures = String::new();
    for (name, json, outcome) in [
        (
            "unknown settings",
            section(&format!(",{}", repeated(size, |n| format!("\"X{n:019}\":1")))),
            Problem("are not settings"),
        ),
        (
            "short unknown settings",
            section(&format!(",{}", repeated(size, |n| format!("\"{n}\":1")))),
            Problem(too_many),
        ),
        (
            "one unknown setting",
            section(&format!(",{}", repeated(size, |_| format!("\"{:020}\":1", 7)))),
            Problem("given twice"),
        ),
        (
            "unknown members of a rule",
            section(&format!(",\"RequiredClaims\":[{{{}}}]", repeated(size, |n| format!("\"X{n:019}\":1")))),
            Omitted("X000"),
        ),
        ("empty values", many("AllowedClients", &|_| "\"\"".to_owned()), Problem(too_many)),
        ("wrong values", many("AllowedClients", &|n| format!("\"{n:020}\"")), Omitted("AllowedClients:0")),
        ("mistyped values", many("AllowedClients", &|n| format!("1{n:020}")), Omitted("AllowedClients:0")),
        ("numbers", many("AllowedClients", &|_| "1".to_owned()), Problem(too_many)),
        ("lists", many("AllowedClients", &|_| "[]".to_owned()), Problem(too_many)),
        ("clients", many("AllowedClients", &guid), Accepted),
        ("audiences", many("Audiences", &|n| format!("\"api://a{n:030}\"")), Accepted),
        ("revoked keys", many("RevokedKeys", &|n| format!("\"key {n:030}\"")), Omitted("RevokedKeys:0")),
        ("tenants", format!(r#"{{"ClientId":"{CLIENT}","TenantIds":[{}]}}"#, repeated(size, guid)), Accepted),
        ("authorities", list("Authorities", 300_000, authority), Problem("at most 2000 are supported")),
        ("equal authorities", list("Authorities", 80_000, |_| authority(1)), Omitted("accepts tokens that")),
        (
            "audiences of an authority",
            section(&format!(
                r#","Authorities":[{{"Authority":"https://id.example/","Audiences":[{}]}}]"#,
                repeated(size, |n| format!("\"api://a{n:030}\""))
            )),
            Accepted,
        ),
        (
            "clients for each authority",
            section(&format!(
                r#","AllowedClients":[{}],"Authorities":[{}]"#,
                repeated(half, guid),
                repeated(60_000, authority)
            )),
            Problem("at most 200000 are supported"),
        ),
        (
            "claims for each authority",
            section(&format!(
                r#","RequiredClaims":[{{"Name":"c","Values":[{}]}}],"Authorities":[{}]"#,
                repeated(half, guid),
                repeated(60_000, authority)
            )),
            Problem("at most 200000 are supported"),
        ),
        (
            "policies",
            section(&format!(
                r#","Authorities":[{{"Instance":"https://contoso.b2clogin.com","Domain":"contoso.onmicrosoft.com","Policies":[{}]}}]"#,
                repeated(size, |n| format!("\"B2C_1_{n:020}\""))
            )),
            Problem("at most 2000 are supported"),
        ),
        (
            "audiences for each policy",
            section(&format!(
                r#","Authorities":[{{"Instance":"https://contoso.b2clogin.com","Domain":"contoso.onmicrosoft.com",
            "Policies":[{}],"Audiences":[{}]}}]"#,
                repeated(20_000, |n| format!("\"B2C_1_{n}\"")),
                repeated(half, |n| format!("\"api://a{n:030}\""))
            )),
            Problem("at most 200000 are supported"),
        ),
        (
            "long text",
            section(&format!(
                r#","Instance":"https://login.contoso.example/{}","Policies":[{}]"#,
                "x".repeat(half),
                repeated(half, |n| format!("\"B2C_1_{n:020}\""))
            )),
            Problem("longer than 2048 bytes"),
        ),
        ("claims", many("RequiredClaims", &|n| format!(r#"{{"Name":"c{n:030}"}}"#)), Accepted),
        (
            "values of a claim",
            section(&format!(r#","RequiredClaims":[{{"Name":"c","Values":[{}]}}]"#, repeated(size, guid))),
            Accepted,
        ),
        (
            "keys",
            section(&format!(
                r#","Authorities":[{{"Authority":"https://id.example/","Audience":"a","StaticKeys":{{"keys":[{}]}}}}]"#,
                repeated(size, |n| format!(r#"{{"kty":"RSA","kid":"{n:080}","n":"AQAB","e":"AQAB"}}"#))
            )),
            Problem("none of its keys can be used"),
        ),
        ("long key", format!("{{\"{}\":1}}", "k".repeat(size)), Problem("no section AzureAd")),
        ("long keys, 100 levels", long_keys(size, 100), Problem(too_many)),
        ("long keys, 100 levels, fewer values", long_keys(90_000, 100), Problem("no section AzureAd")),
        (
            "sections",
            format!("{{{}}}", repeated(size, |_| "\"AzureAd\":{}               ".to_owned())),
            Problem("given twice"),
        ),
        ("comments", format!("{}{}", "/**/".repeat(size / 4), section("")), Accepted),
        ("comment without an end", format!("{}/*{}", section(""), "/* ".repeat(size / 4)), Problem("is not JSON")),
        ("commas", format!("[{}]", ",".repeat(size)), Problem("is not JSON")),
        ("lists within lists", "[".repeat(size), Problem("recursion limit exceeded")),
        ("objects within objects", "{\"\":".repeat(size / 4), Problem("recursion limit exceeded")),
        ("quotes", "\"".repeat(size), Problem("is not JSON")),
        ("spaces", " ".repeat(size), Problem("is not JSON")),
    ] {
        failures += &check(name, json.len(), &outcome, || Config::from_json(&json));
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn documents_over_a_megabyte_are_refused_by_size() {
    let json = section("");
    let padded = |length: usize| format!("{json}{}", " ".repeat(length - json.len()));
    assert!(Config::from_json(&padded(MEGABYTE)).is_ok());
    let error = Config::from_json(&padded(MEGABYTE + 1)).unwrap_err().to_string();
    assert_eq!(error, "invalid configuration: the JSON text: is longer than 1 MiB; keep in it what this program reads");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("appsettings.json");
    std::fs::write(&path, padded(MEGABYTE)).unwrap();
    assert!(Config::from_file(&path).is_ok());
    std::fs::write(&path, padded(MEGABYTE + 1)).unwrap();
    assert!(Config::from_file(&path).unwrap_err().to_string().contains("is longer than 1 MiB"));
}

#[test]
fn any_deserializer_has_the_same_limits() {
    let read = |json: &str| serde_json::from_str::<Config>(json).map_err(|error| error.to_string());
    let long = section(&format!(",\"Scope\":\"{}\"", "x".repeat(MEGABYTE)));
    assert!(read(&long).unwrap_err().contains("longer than 1 MiB"));
    let many = list("TenantIds", 200_000, |_| "1".to_owned());
    assert!(read(&many).unwrap_err().contains("has more than 50000 values"));
    let keys = long_keys(90_000, 100);
    let memory = allocation_counter::measure(|| drop(read(&keys).unwrap().validate().unwrap_err()));
    assert!(memory.bytes_max <= most_memory(keys.len()), "{}", memory.bytes_max);
}

#[test]
fn names_in_messages_stay_short() {
    let key = "longRole".repeat(5_000);
    let json = format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}","{key}":{{"a":1}}}}}}"#);
    let error = Config::from_json(&json).unwrap().validate().unwrap_err();
    let [problem] = error.problems() else { panic!("{error}") };
    assert!(problem.setting().starts_with("AzureAd:longRole") && problem.setting().ends_with('…'), "{problem}");
    assert!(problem.setting().len() < 130, "{problem}");
    // Letters of several bytes are not cut through.
    let name = value::member_name(&"é".repeat(100), &"ü".repeat(100));
    assert!(name.len() < 130 && name.contains("é…:ü"), "{name}");
    assert_eq!(value::member_name("AzureAd:Authorities:12", "RequiredClaims"), "AzureAd:Authorities:12:RequiredClaims");
}

#[test]
fn very_many_warnings_are_counted() {
    let config = list("Audiences", 60_000, |n| {
        // An audience of Microsoft's own.
        if n % 2 == 0 { "\"https://graph.microsoft.com\"".to_owned() } else { format!("\"api://{n}\"") }
    });
    let plan = Config::from_json(&config).unwrap().resolve(&ConfigSettings::default()).unwrap();
    let warnings = warnings(&plan);
    assert_eq!(warnings.len(), 101);
    assert!(warnings[100].starts_with("there are ") && warnings[100].contains("more warnings"));
}

#[test]
fn many_variables_stay_in_proportion() {
    let owned = |name: String, value: &str| (name, value.to_owned());
    let guids: Vec<String> = (0..10_000).map(|n| guid(n).trim_matches('"').to_owned()).collect();
    let clients: Vec<(String, String)> = (guids.iter().enumerate())
        .map(|(n, guid)| (format!("AzureAd__AllowedClients__{n}"), guid.clone()))
        .chain([("ENTRA_ALLOWED_CLIENTS".to_owned(), guids.join(","))])
        .chain([owned("ENTRA_TENANT_ID".into(), TENANT), owned("ENTRA_CLIENT_ID".into(), CLIENT)])
        .collect();
    let long = "k".repeat(10_000);
    for (name, vars, outcome) in [
        ("unknown", (0..20_000).map(|n| owned(format!("ENTRA_X{n:06}"), "x")).collect(), Omitted("ENTRA_X000001")),
        (
            "of .NET",
            (0..20_000).map(|n| owned(format!("AzureAd__X{n:06}"), "x")).collect(),
            Problem("are not settings"),
        ),
        ("empty", (0..20_000).map(|n| owned(format!("ENTRA_X{n:06}"), "")).collect(), Omitted("ENTRA_X000001")),
        (
            "deep",
            (0..50).map(|n| owned(format!("AzureAd__{long}__a__b__c__d__{n}"), "x")).collect(),
            Problem("is missing"),
        ),
        ("clients in both spellings", clients, Accepted),
    ] {
        let vars: Vec<(String, String)> = vars;
        let length = vars.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        let copy = vars.clone();
        let failure = check(name, length, &outcome, || Config::from_vars(copy));
        assert!(failure.is_empty(), "{failure}");
    }
}

#[cfg(feature = "apim")]
#[test]
fn a_megabyte_of_the_worst_policy_stays_in_proportion() {
    let size = MEGABYTE - 10_000;
    let pieces = |size: usize, piece: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for number in 0.. {
            let piece = piece(number);
            if text.len() + piece.len() > size {
                break;
            }
            text.push_str(&piece);
        }
        text
    };
    let url =
        |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration");
    let policy = |inner: &str| {
        let config = format!("<openid-config url=\"{}\"/>", url(TENANT));
        format!("<validate-jwt>{config}<audiences><audience>{CLIENT}</audience></audiences>{inner}</validate-jwt>")
    };
    let within = |name: &str, inner: &str| policy(&format!("<{name}>{inner}</{name}>"));
    let too_many = "has more than 15000 elements and texts";
    let nested = |count: usize, tag: &dyn Fn(usize) -> String| {
        let open: String = (0..count).map(tag).collect();
        format!("{open}{}", "</a>".repeat(count))
    };
    let mut failures = String::new();
    for (name, xml, outcome) in [
        (
            "nested namespaces",
            nested(2_000, &|n| format!("<a xmlns:n{n}=\"u{n}\">")),
            Problem("declares more than 100 namespaces"),
        ),
        ("nested elements", nested(size / 8, &|_| "<a>".to_owned()), Problem("nested deeper than 100 levels")),
        (
            "attributes",
            format!("<a{}/>", pieces(size, &|n| format!(" a{n}=\"\""))),
            Problem("more than 100 attributes"),
        ),
        ("elements", policy(&pieces(size, &|_| "<base/>".to_owned())), Problem(too_many)),
        (
            "siblings",
            format!(
                "<inbound>{}{}</inbound>",
                policy(""),
                pieces(size, &|n| { format!("<x{n}>{}</x{n}>", "y".repeat(150)) })
            ),
            Accepted,
        ),
        (
            "equal siblings",
            format!(
                "<inbound>{}{}</inbound>",
                policy(""),
                pieces(size, &|_| { format!("<base>{}</base>", "y".repeat(150)) })
            ),
            Accepted,
        ),
        (
            "unknown elements",
            policy(&pieces(size, &|n| format!("<x{n:050} a=\"{:030}\"/>", 0))),
            Omitted("is not an element of validate-jwt"),
        ),
        (
            "audiences",
            policy(&pieces(size, &|_| format!("<audiences>{}</audiences>", "y".repeat(150)))),
            Problem("occurs twice"),
        ),
        (
            "addresses",
            policy(&pieces(size, &|n| format!("<openid-config url=\"{}\"/>", url(guid(n).trim_matches('"'))))),
            Problem("has more than 500"),
        ),
        (
            "issuers",
            within("issuers", &pieces(size, &|n| format!("<issuer>https://id{n:0150}.example</issuer>"))),
            Problem("has more than 500"),
        ),
        (
            "issuers and keys",
            policy(&format!(
                "<issuers>{}</issuers><issuer-signing-keys>{}</issuer-signing-keys>",
                pieces(10_000, &|n| format!("<issuer>https://id{n}.example</issuer>")),
                pieces(400_000, &|n| format!("<key id=\"{n}\" n=\"{}\" e=\"AQAB\"/>", "A".repeat(342)))
            )),
            Problem("too many issuers and issuer-signing-keys"),
        ),
        (
            "values of a claim with a long name",
            within(
                "required-claims",
                &format!(
                    "<claim name=\"{}\">{}</claim>",
                    "c".repeat(size / 2),
                    pieces(size / 2, &|n| format!("<value>{n:080}</value>"))
                ),
            ),
            Problem("longer than 2048 bytes"),
        ),
        (
            "claims",
            within("required-claims", &pieces(size, &|n| format!("<claim name=\"c{n:080}\" match=\"any\"/>"))),
            Accepted,
        ),
        ("comments", policy(&"<!---->".repeat(size / 7)), Problem(too_many)),
        ("entities", policy(&format!("<x>{}</x>", "&amp;".repeat(size / 5))), Problem("is not an element")),
        ("expressions", format!("<x a=\"{}\"/>", "@(&#40;)".repeat(size / 8)), Problem("is longer than 1 MiB")),
        (
            "expressions to escape",
            policy(&format!("<x a=\"{}\"/>", "@(\"\")".repeat(size / 18))),
            Problem("not an element"),
        ),
        ("expressions without an end", format!("<x a=\"{}\"/>", "@(".repeat(size / 2)), Problem("does not end")),
        (
            "variables",
            format!(
                "<inbound>{}{}</inbound>",
                policy(""),
                pieces(size, &|n| format!(
                    "<set-variable name=\"v{n}\" value=\"@(context.Variables[&quot;v{}&quot;].AsJwt())\"/>",
                    n + 1
                ))
            ),
            Accepted,
        ),
        (
            "conditions",
            format!(
                "<inbound>{}{}</inbound>",
                policy(""),
                pieces(size, &|n| {
                    format!("<choose><when condition=\"@(AsJwt().Id == {n:0150})\"><return-response/></when></choose>")
                })
            ),
            Omitted("decides by the token"),
        ),
        (
            "restrictions",
            format!(
                "<inbound>{}{}</inbound>",
                policy(""),
                pieces(size, &|n| format!("<check-header name=\"x-{n:040}\" failed-check-httpcode=\"401\"/>"))
            ),
            Accepted,
        ),
    ] {
        let xml = xml.trim();
        failures += &check(name, xml.len(), &outcome, || Config::from_apim_policy(xml).map(ApimPolicy::into_config));
    }
    assert!(failures.is_empty(), "{failures}");
}

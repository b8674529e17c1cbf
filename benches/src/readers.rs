//! Configurations and policies that take the most work for their size. Readers must be linear in it.

use tower_entra::Config;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";

/// A kind of input: makes one of about `bytes` bytes.
pub struct Input {
    pub name: &'static str,
    build: fn(usize) -> String,
    read: fn(&str),
}

fn read_json(text: &str) {
    let _ = std::hint::black_box(Config::from_json(text).and_then(|config| config.validate()));
}

fn read_policy(text: &str) {
    let _ = std::hint::black_box(Config::from_apim_policy(text));
}

/// `member(0)`, `member(1)` and so on, until there are `bytes` bytes.
fn repeated(bytes: usize, separator: &str, member: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut at = 0;
    while text.len() < bytes {
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&member(at));
        at += 1;
    }
    text
}

fn section(members: &str) -> String {
    format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}",{members}}}}}"#)
}

fn settings(bytes: usize, member: impl Fn(usize) -> String) -> String {
    section(&repeated(bytes, ",", member))
}

macro_rules! inputs {
    ($($name:literal, $read:ident, $build:expr;)+) => {
        &[$(Input { name: $name, build: $build, read: $read }),+]
    };
}

pub const INPUTS: &[Input] = inputs! {
    "unknown settings", read_json, |bytes| settings(bytes, |at| format!(r#""Colour{at}":1"#));
    "unknown settings near one", read_json, |bytes| settings(bytes, |at| format!(r#""ClientI{at}":1"#));
    "unknown settings that sound like a restriction", read_json, |bytes| settings(bytes, |at| format!(r#""DenyUser{at}":1"#));
    "flattened keys", read_json, |bytes| settings(bytes, |at| format!(r#""AllowedClients:{at}":"{CLIENT}""#));
    "nested flattened keys", read_json, |bytes| settings(bytes, |at| format!(r#""A{at}:B:C:D:E":1"#));
    "one setting many times", read_json, |bytes| settings(bytes, |_| r#""Audience":"a""#.to_owned());
    "placeholders", read_json, |bytes| settings(bytes, |at| format!(r#""Audience{at}":"{{x}}""#));
    "names with invisible characters", read_json, |bytes| settings(bytes, |at| format!("\"ClientId\u{200b}{at}\":1"));
    "flattened keys beside the section", read_json, |bytes| {
        let keys = repeated(bytes, ",", |at| format!(r#""AzureAd:AllowedClients:{at}":"{CLIENT}""#));
        format!(r#"{{"AzureAd":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}},{keys}}}"#)
    };
    "an object with numeric keys", read_json, |bytes| {
        let keys = repeated(bytes, ",", |at| format!(r#""{}":"{CLIENT}""#, 1_000_000 - at));
        section(&format!(r#""AllowedClients":{{{keys}}}"#))
    };
    "sections that look like settings", read_json, |bytes| {
        let sections = repeated(bytes, ",", |at| format!(r#""Section{at}":{{"TenantId":"{TENANT}","ClientId":"{CLIENT}"}}"#));
        format!("{{{sections}}}")
    };
    "one long key", read_json, |bytes| section(&format!(r#""{}":1"#, repeated(bytes, "", |_| "DenyUser".to_owned())));
    "a key of many levels", read_json, |bytes| section(&format!(r#""{}":1"#, repeated(bytes, "", |_| "Denied:".to_owned())));
    "a policy with namespaces", read_policy, |bytes| {
        format!("<policies>{}</policies>", repeated(bytes, "", |at| format!("<a xmlns:n{at}='urn:{at}'/>")))
    };
    "a policy with expressions", read_policy, |bytes| {
        format!("<policies><inbound>{}</inbound></policies>", repeated(bytes, "", |at| format!("<a b=\"@(x[\"{at}\"])\"/>")))
    };
};

/// Nothing but the reader, for `callgrind --toggle-collect='*profiled*'`.
#[inline(never)]
fn profiled(input: &Input, text: &str) {
    (input.read)(text);
}

/// Reads the input of this number, of about `bytes` bytes, once.
pub fn read(number: usize, bytes: usize) {
    let input = &INPUTS[number];
    profiled(input, &(input.build)(bytes));
}

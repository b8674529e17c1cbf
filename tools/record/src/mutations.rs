//! Changes of a token's claims before it is signed, each of which some rule or cause is about.

use crate::{
    documents::NOW,
    names::{
        AUDIENCE, CALLER, CLIENT, GROUP, KIDLESS, OPENID, OTHER_CALLER, OTHER_TENANT, PERSONAL, STRANGER, TENANT, USER,
    },
    object::{list, string},
    random::Random,
    tokens::Token,
};

/// A change by its name, and how often it is chosen.
pub struct Mutation {
    pub name: &'static str,
    pub weight: u64,
    pub change: fn(&mut Token, &mut Random),
}

/// Names of claims that rules read.
const CLAIMS: [&str; 26] = [
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "tid",
    "ver",
    "scp",
    "scope",
    "roles",
    "azp",
    "appid",
    "client_id",
    "oid",
    "sub",
    "idtyp",
    "cnf",
    "nonce",
    "tfp",
    "acr",
    "groups",
    "wids",
    "xms_cc",
    "acrs",
    "department",
    "at_hash",
];

/// Values of all types; strings and lists that mean something for one claim or another.
const VALUES: [&str; 26] = [
    "null",
    "true",
    "0",
    "7",
    "-1",
    "0.5",
    "1e300",
    "1767229200",
    "1767229200.9",
    "\"1767229200\"",
    "\"\"",
    "\" \"",
    "\"/\"",
    "\"x\"",
    "\"app\"",
    "\"user\"",
    "\"1.0\"",
    "\"2.0\"",
    "[]",
    "[7]",
    "[\"x\"]",
    "[null,\"Files.Read\"]",
    "{}",
    "{\"jkt\":\"x\"}",
    "\"\\u0066iles\"",
    "[\"Files.Read\",\"Files.Read\"]",
];

const MICROSOFT: [&str; 9] = [
    "https://management.azure.com/",
    "https://management.core.windows.net",
    "https://contoso.sharepoint.com",
    "https://vault.azure.net",
    "https://storage.azure.com/",
    "00000002-0000-0000-c000-000000000000",
    "https://graph.microsoft.us",
    "00000003-0000-0000-C000-000000000000",
    "https://graph.microsoft.com/",
];

fn text(token: &Token, name: &str) -> String {
    token.payload.text(name).unwrap_or_default()
}

fn shift(token: &mut Token, claim: &str, random: &mut Random, seconds: &[i64]) {
    let at = NOW.saturating_add_signed(seconds[random.below(seconds.len())]);
    token.set(claim, at);
}

fn remove(token: &mut Token, names: &[&str]) {
    for name in names {
        token.payload.remove(name);
    }
}

/// The issuer and the tenant of another tenant, together.
fn move_to(token: &mut Token, tenant: &str) {
    for name in ["iss", "tid"] {
        let moved =
            [TENANT, OTHER_TENANT, PERSONAL].iter().fold(text(token, name), |text, own| text.replace(own, tenant));
        token.set_text(name, &moved);
    }
}

fn rewrite(token: &mut Token, name: &str, random: &mut Random) {
    let own = text(token, name);
    let upper = own.to_uppercase();
    let new = match random.below(10) {
        0 => format!("{own}/"),
        1 => format!("{own}//"),
        2 => own.trim_end_matches('/').to_owned(),
        3 => upper,
        4 => format!(" {own}"),
        5 => format!("{own} "),
        6 => own.replacen("https://", "http://", 1),
        7 => format!("{own}x"),
        8 => own.replacen("/v2.0", "", 1),
        _ => format!("{own}/../x"),
    };
    token.set_text(name, &new);
}

fn id_token(token: &mut Token, random: &mut Random) {
    remove(token, &["scp", "scope", "azp", "appid", "client_id"]);
    token.set_text("nonce", "made-up-nonce");
    if random.percent(50) {
        token.set_text("at_hash", "made-up-hash");
    }
    if random.percent(50) {
        token.set_text("aud", CALLER);
    }
}

macro_rules! mutations {
    ($($name:literal $weight:literal, $change:expr;)+) => {
        &[$(Mutation { name: $name, weight: $weight, change: $change },)+]
    };
}

/// Of every issuer's tokens.
#[rustfmt::skip]
pub const CLAIM_MUTATIONS: &[Mutation] = mutations! {
    "claim removed" 8, |token, random| { let names = token.payload.names(); if !names.is_empty() { token.payload.remove(&names[random.below(names.len())]); } };
    "claim of another type or value" 10, |token, random| token.set(random.pick(&CLAIMS), random.pick(&VALUES));
    "claim twice" 4, |token, random| { let name = random.pick(&CLAIMS); let value = match token.payload.get(name) { Some(own) if random.percent(50) => own.to_owned(), _ => random.pick(&VALUES).to_owned() }; token.payload.push(name, value); };
    "claim in another case" 3, |token, random| { let name = random.pick(&CLAIMS); let other = [name.to_uppercase(), format!("{}{}", name[..1].to_uppercase(), &name[1..]), format!("{name} ")]; token.payload.rename(name, &other[random.below(3)]); };
    "claims in reverse" 1, |token, _| token.payload.reverse();
    "issuer rewritten" 5, |token, random| rewrite(token, "iss", random);
    "issuer removed" 1, |token, _| remove(token, &["iss"]);
    "issuer of another kind" 5, |token, random| token.set_text("iss", random.pick(&[
        "https://contoso.b2clogin.com/11111111-2222-3333-4444-555555555555/v2.0/", "https://fabrikam.b2clogin.com/22222222-3333-4444-5555-666666666666/v2.0/",
        "https://22222222-3333-4444-5555-666666666666.ciamlogin.com/22222222-3333-4444-5555-666666666666/v2.0",
        "https://11111111-2222-3333-4444-555555555555.ciamlogin.com/11111111-2222-3333-4444-555555555555/v2.0",
        "https://issuer.example", OPENID, KIDLESS, "https://id.contoso.example/other", "x", ""]));
    "issuer in another cloud" 3, |token, random| { let cloud = random.pick(&["https://login.microsoftonline.us/", "https://login.partner.microsoftonline.cn/", "https://login.microsoftonline.com/", "https://login.sovcloud-identity.fr/"]); token.set_text("iss", &format!("{cloud}{TENANT}/v2.0")); };
    "issuer with a placeholder" 3, |token, random| token.set_text("iss", random.pick(&["https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com/organizations/v2.0", "https://sts.windows.net/{tenantid}/"]));
    "audience of Graph" 3, |token, _| token.set_text("aud", "https://graph.microsoft.com");
    "token for Graph" 3, |token, _| { token.set_text("aud", "00000003-0000-0000-c000-000000000000"); token.header.set("nonce", string("made-up-nonce")); token.hashes_nonce = true; };
    "nonce in the header" 1, |token, _| { token.header.set("nonce", string("made-up-nonce")); token.hashes_nonce = true; };
    "audience of Microsoft" 5, |token, random| token.set_text("aud", random.pick(&MICROSOFT));
    "audience of Microsoft beside ours" 1, |token, random| { let own = text(token, "aud"); token.set("aud", list(&[&own, random.pick(&MICROSOFT)])); };
    "audience in another form" 4, |token, random| token.set_text("aud", random.pick(&[
        "66666666-7777-8888-9999-000000000000", "api://66666666-7777-8888-9999-000000000000", "api://11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000",
        "api://22222222-3333-4444-5555-666666666666/66666666-7777-8888-9999-000000000000", "spn:66666666-7777-8888-9999-000000000000", "https://contoso.example/66666666-7777-8888-9999-000000000000"]));
    "audience rewritten" 7, |token, random| rewrite(token, "aud", random);
    "audience as a list" 3, |token, random| { let own = text(token, "aud"); token.set("aud", [list(&[&own]), list(&["api://other", &own]), list(&[]), list(&["api://other"]), list(&["", &own])][random.below(5)].clone()); };
    "another audience" 2, |token, random| token.set_text("aud", random.pick(&["api://other", "88888888-9999-0000-1111-222222222222", AUDIENCE, CLIENT]));
    "an application's token for another API" 3, |token, _| { remove(token, &["scp", "scope"]); token.set_text("aud", "api://other"); token.set("roles", list(&["Files.Read.All"])); };
    "a managed identity's token for another API" 2, |token, _| { token.set_text("aud", "api://other"); token.set_text("xms_mirid", "/subscriptions/made-up"); };
    "no audience" 2, |token, _| remove(token, &["aud"]);
    "expired" 5, |token, random| shift(token, "exp", random, &[-86_400, -3601, -3599, -400, -301, -300, -299, -61, -60, -59, -31, -1, 0, 1]);
    "not yet valid" 4, |token, random| shift(token, "nbf", random, &[3600, 301, 300, 299, 61, 60, 59, 31, 1, 0]);
    "issued at another time" 2, |token, random| shift(token, "iat", random, &[-86_400, -3000, -901, -900, 60, 3600]);
    "no scope and no role" 3, |token, _| remove(token, &["scp", "scope", "roles", "realm_access"]);
    "other scopes" 3, |token, random| token.set(random.pick(&["scp", "scope"]), [string("Other"), string(""), string("/"), string("Files.Read Other"), list(&["Files.Read"]), string("files.read"), string(" Files.Read\t")][random.below(7)].clone());
    "other roles" 2, |token, random| token.set("roles", [list(&["Other"]), list(&[""]), list(&[]), string("Admin"), list(&["Admin", "Files.Read.All"])][random.below(5)].clone());
    "an id token" 4, id_token;
    "marks of an id token" 2, |token, random| token.set_text(random.pick(&["nonce", "at_hash", "c_hash", "s_hash"]), "made-up");
    "marks of a kind" 2, |token, random| token.set_text(random.pick(&["typ", "token_use", "idtyp"]), random.pick(&["Bearer", "ID", "id", "access", "app", "user", "device", "Refresh"]));
    "bound to a key" 4, |token, random| token.set("cnf", random.pick(&["{\"jkt\":\"made-up\"}", "{}", "null", "\"x\"", "{\"x5t#S256\":\"made-up\"}"]));
    "another client" 6, |token, random| { let client = random.pick(&[OTHER_CALLER, "77777777-8888-9999-0000-111111111111", "shop", "", "77777777-8888-9999-0000-11111111111A"]); for name in ["azp", "appid", "client_id"] { if token.payload.has(name) { token.set_text(name, client); } } };
    "client in upper case" 1, |token, _| for name in ["azp", "appid", "client_id"] { if token.payload.has(name) { token.set_text(name, &CALLER.to_uppercase()); } };
    "no client" 1, |token, _| remove(token, &["azp", "appid", "client_id"]);
    "department" 3, |token, random| match random.below(5) { 0 | 1 => token.payload.remove("department"), 2 => token.set_text("department", "finance"), 3 => token.set("department", list(&["finance", "sales"])), _ => token.set_text("department", "finance,sales") };
    "groups" 2, |token, random| token.set("groups", [list(&[GROUP]), list(&[OTHER_CALLER]), string(GROUP), "[]".to_owned()][random.below(4)].clone());
    "groups overage" 3, |token, random| { token.payload.remove("groups"); if random.percent(50) { token.set("hasgroups", "true"); } else { token.set("_claim_names", r#"{"groups":"src1"}"#); token.set("_claim_sources", r#"{"src1":{"endpoint":"https://graph.contoso.example/"}}"#); } };
    "many groups" 2, |token, random| { let many = vec![GROUP; [120, 450, 800][random.below(3)]]; token.set("groups", list(&many)); };
    "guest" 2, |token, random| { token.set("acct", random.pick(&["0", "1", "\"1\"", "2", "null"])); if random.percent(50) { token.set_text("idp", random.pick(&["live.com", "https://sts.windows.net/22222222-3333-4444-5555-666666666666/", "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"])); } };
    "authentication context" 2, |token, random| { token.set("acrs", [list(&["c1"]), list(&["c2"]), string("c1")][random.below(3)].clone()); if random.percent(50) { token.set("xms_cc", list(&["CP1"])); } };
    "understands claims challenges" 2, |token, _| { token.set("xms_cc", list(&["cp1"])); token.payload.remove("acrs"); };
    "subject" 1, |token, random| token.set_text("sub", random.pick(&[USER, CALLER, "", "somebody else"]));
    "deep value" 1, |token, random| { let depth = [10, 120, 200][random.below(3)]; token.set("deep", format!("{}{}", "[".repeat(depth), "]".repeat(depth))); };
    "escaped name" 1, |token, _| token.raw_payload = Some(token.payload.to_string().replacen("\"iss\"", "\"\\u0069ss\"", 1).into_bytes());
    "whitespace in the payload" 1, |token, random| { let blank = random.pick(&[" ", "\n", "\t\r\n", "\u{b}", "\u{a0}"]); token.raw_payload = Some(token.payload.to_string().replace(',', &format!("{blank},{blank}")).into_bytes()); };
    "payload is not an object" 2, |token, random| { let own = token.payload.to_string(); token.raw_payload = Some([b"".to_vec(), b"[]".to_vec(), b"null".to_vec(), b"{".to_vec(), format!("{own}x").into_bytes(), format!("\u{feff}{own}").into_bytes(), format!("[{own}]").into_bytes(), own.replacen("sub", "s\u{0}b", 1).into_bytes(), [own.as_bytes(), &[0xff]].concat(), own.replacen('}', ",}", 1).into_bytes(), b"{}".to_vec()][random.below(11)].clone()); };
};

/// Of the tokens of Entra and External ID.
#[rustfmt::skip]
pub const ENTRA_MUTATIONS: &[Mutation] = mutations! {
    "another tenant" 4, |token, random| move_to(token, random.pick(&[OTHER_TENANT, STRANGER, TENANT]));
    "personal account" 4, |token, _| move_to(token, PERSONAL);
    "tid of another tenant" 2, |token, random| token.set_text("tid", random.pick(&[OTHER_TENANT, STRANGER, PERSONAL, TENANT]));
    "tid removed" 2, |token, _| remove(token, &["tid"]);
    "tid is not canonical" 2, |token, random| token.set_text("tid", random.pick(&["11111111-2222-3333-4444-55555555555A", "{11111111-2222-3333-4444-555555555555}", "11111111222233334444555555555555", "contoso.example", "AAAAAAAA-2222-3333-4444-555555555555"]));
    "another version" 4, |token, random| token.set("ver", random.pick(&["\"1.0\"", "\"2.0\"", "\"3.0\"", "\"1\"", "2.0", "\"\""]));
    "issuer of the other version" 3, |token, _| { let issuer = text(token, "iss"); let tenant = text(token, "tid"); let new = if issuer.ends_with("/v2.0") { format!("https://sts.windows.net/{tenant}/") } else { format!("https://login.microsoftonline.com/{tenant}/v2.0") }; token.set_text("iss", &new); };
    "issued some time ago" 2, |token, _| token.set("iat", NOW - 3000);
    "key of another issuer" 5, |token, _| { token.header.set("kid", string("foreign")); token.key = crate::keys::Key::Second; };
    "key of another cloud" 3, |token, _| { token.header.set("kid", string("other-cloud")); token.key = crate::keys::Key::Second; };
    "key of the application" 2, |token, _| { token.header.set("kid", string("app")); token.key = crate::keys::Key::Second; };
    "unknown key" 4, |token, random| token.header.set("kid", string(random.pick(&["unknown", "rotated", "RSA"])));
    "an application without roles" 4, |token, random| { remove(token, &["scp", "roles"]); token.set_text("sub", USER); if random.percent(50) { token.set_text("idtyp", "app"); } };
    "an application with roles" 2, |token, random| { remove(token, &["scp"]); token.set("roles", list(&["Files.Read.All"])); token.set_text("sub", USER); if random.percent(50) { token.set_text("idtyp", "app"); } };
    "a kind of subject" 1, |token, random| token.set_text("idtyp", random.pick(&["app", "user", "device", "agent"]));
};

/// Of the tokens of Azure AD B2C.
#[rustfmt::skip]
pub const B2C_MUTATIONS: &[Mutation] = mutations! {
    "another policy" 5, |token, random| { let name = if token.payload.has("tfp") { "tfp" } else { "acr" }; token.set_text(name, random.pick(&["B2C_1_edit", "b2c_1_susi", "B2C_1_reset", "B2C_1_SUSI", ""])); };
    "both names of the policy" 2, |token, random| { token.set_text("tfp", "B2C_1_susi"); token.set_text("acr", random.pick(&["B2C_1_susi", "B2C_1_edit", "1"])); };
    "no policy" 3, |token, _| remove(token, &["tfp", "acr"]);
    "an application's token" 4, |token, random| { remove(token, &["tfp", "acr", "oid", "tid"]); token.set_text("sub", random.pick(&[CALLER, USER])); token.set_text("scp", random.pick(&["Files.Read.All", ""])); if random.percent(30) { token.set_text("name", "Ada Example"); } };
    "policy in the issuer" 2, |token, random| token.set_text("iss", random.pick(&["https://contoso.b2clogin.com/tfp/11111111-2222-3333-4444-555555555555/B2C_1_susi/v2.0/", "https://contoso.b2clogin.com/tfp/11111111-2222-3333-4444-555555555555/b2c_1_edit/v2.0/"]));
    "tenant of another" 2, |token, random| { move_to(token, OTHER_TENANT); if random.percent(50) { token.set_text("tid", OTHER_TENANT); } };
    "tid" 2, |token, random| token.set_text("tid", random.pick(&[TENANT, OTHER_TENANT, PERSONAL, "x"]));
    "unknown key" 2, |token, _| token.header.set("kid", string("unknown"));
    "key of the other policy" 2, |token, _| { token.header.set("kid", string("edit")); token.key = crate::keys::Key::Second; };
};

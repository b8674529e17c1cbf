//! The recorded outcomes of fixed requests: Microsoft's, which are in the repository, and third parties', which are read
//! from `$TOWER_ENTRA_VECTORS` if it is set.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tower_entra::{
    Authority, Config, ConfigError, Requirement, Verifier, VerifierBuilder,
    clock::Clock,
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
    jwt::Algorithm,
};

use crate::{
    outcome::{NO_VERIFIER, Outcome, STATUS, Subject, of_code},
    transport::Sent,
};

/// 2026-11-27, when Microsoft's side was measured.
const MEASURED: u64 = 1_795_737_600;

#[derive(Clone, Debug)]
struct At(u64);

impl Clock for At {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

pub fn all() -> Vec<(String, Outcome)> {
    let mut all = microsoft();
    if let Some(folder) = std::env::var_os("TOWER_ENTRA_VECTORS").map(PathBuf::from) {
        all.extend(google(&read(&folder.join("google/jwt_verify_lib.json"))));
        all.extend(encrypted(&read(&folder.join("wycheproof/json_web_encryption_test.json"))));
    }
    all
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The file `microsoft_verdicts.json.gz`, which `tests/data/README.md` describes.
#[derive(Deserialize)]
struct Verdicts {
    documents: HashMap<String, Box<RawValue>>,
    configs: BTreeMap<String, Section>,
    tokens: HashMap<String, Vec<String>>,
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Section {
    section: Value,
    ours: Option<Value>,
}

#[derive(Deserialize)]
struct Pair {
    id: String,
    config: String,
    token: String,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    app_role: Vec<String>,
}

#[derive(Clone, Debug)]
struct Documents(std::sync::Arc<HashMap<String, Bytes>>);

impl Fetch for Documents {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let response = match self.0.get(&request.url) {
            Some(body) => FetchResponse::new(200, body.clone()),
            None => FetchResponse::new(404, ""),
        };
        Box::pin(async { Ok(response) })
    }
}

fn microsoft() -> Vec<(String, Outcome)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/microsoft_verdicts.json.gz");
    let compressed = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    GzDecoder::new(&*compressed).read_to_string(&mut text).expect("the file is compressed text");
    let Verdicts { documents, configs, tokens, pairs } = serde_json::from_str(&text).expect("the file is JSON");
    let body = |document: Box<RawValue>| Bytes::from(document.get().to_owned());
    let documents = documents.into_iter().map(|(url, document)| (url, body(document))).collect();
    let documents = Documents(std::sync::Arc::new(documents));
    let verifier = |section: &Value| -> Result<Verifier, ConfigError> {
        let config = Config::from_json(&json!({ "AzureAd": section }).to_string())?;
        VerifierBuilder::from(config).fetch(documents.clone()).clock(At(MEASURED)).build()
    };
    // The section as it is, and the same in our settings: whether either is refused is an outcome.
    let mut all = Vec::new();
    for (name, Section { section, ours }) in &configs {
        let settings = [("section", Some(section)), ("ours", ours.as_ref())];
        for (form, section) in settings.into_iter().filter_map(|(form, section)| Some((form, section?))) {
            let verifier = verifier(section);
            let mut outcome = Outcome::default();
            outcome[STATUS] = if verifier.is_ok() { "configuration" } else { "configuration refused" }.to_owned();
            all.push((format!("microsoft: {name} ({form})"), outcome));
            let Ok(verifier) = verifier else { continue };
            let mut subjects = HashMap::new();
            for pair in pairs.iter().filter(|pair| pair.config == *name) {
                let required = (pair.scope.clone(), pair.app_role.clone());
                let subject = subjects.entry(required).or_insert_with(|| {
                    let scopes = pair.scope.iter().map(Requirement::scope);
                    let required = scopes.chain(pair.app_role.iter().map(Requirement::app_permission));
                    Subject::of_verifier(verifier.clone(), required.reduce(Requirement::or))
                });
                let outcome = subject.outcome_of(request(&tokens[&pair.token]));
                all.push((format!("microsoft: {} ({form})", pair.id), outcome));
            }
        }
    }
    all
}

/// The characters of the file are the octets of the field (RFC 9110, section 5.5).
fn request(headers: &[String]) -> Request<()> {
    let mut request = Request::new(());
    for header in headers {
        let octets: Vec<u8> = header.chars().map(|letter| u8::try_from(letter).expect("an octet")).collect();
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_bytes(&octets).expect("a header"));
    }
    request
}

/// Key sets and tokens of google/jwt_verify_lib.
fn google(file: &Value) -> Vec<(String, Outcome)> {
    let mut all = Vec::new();
    for case in file["verify"].as_array().expect("a list of cases") {
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        let subject = claim(text("token"), "sub").unwrap_or_else(|| "nobody".to_owned());
        let issuer = claim(text("token"), "iss").unwrap_or_else(|| "https://example.com".to_owned());
        // Most of the tokens have neither audience nor scope: their subject stands for both.
        let authority = Authority::openid_connect(issuer).audience_claim("sub").scope_claim("sub").audience(subject);
        let authority = authority.algorithms(match case["key_alg"].as_str() {
            Some(name) => vec![name.parse().unwrap_or(Algorithm::ES384)],
            None => Algorithm::ALL.to_vec(),
        });
        let keys = text("keys");
        let authority = if text("form") == "pem" { authority.pem_key(keys) } else { authority.static_keys(keys) };
        let clock = At(case["at"].as_u64().expect("a time"));
        let outcome = match Verifier::builder().authority(authority).clock(clock).build() {
            Ok(verifier) => Subject::of_verifier(verifier, None).outcome(&Sent::bearer(text("token").to_owned())),
            Err(_) => of_code(NO_VERIFIER),
        };
        all.push((format!("google: {}", text("id")), outcome));
    }
    all
}

fn claim(token: &str, name: &str) -> Option<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    Some(serde_json::from_slice::<Value>(&payload).ok()?[name].as_str()?.to_owned())
}

/// Encrypted tokens of Wycheproof.
fn encrypted(file: &Value) -> Vec<(String, Outcome)> {
    let configurations = crate::configurations::all();
    let subject = Subject::new(&configurations[0], true).expect("the first configuration is a good one");
    let groups = file["testGroups"].as_array().expect("a list of groups");
    let tests = groups.iter().flat_map(|group| group["tests"].as_array().expect("a list of tests"));
    tests
        .map(|test| {
            let token = test["jwe"].as_str().map_or_else(|| test["jwe"].to_string(), str::to_owned);
            (format!("wycheproof: {}", test["tcId"]), subject.outcome(&Sent::bearer(token)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::CODE;

    #[test]
    fn microsoft_vectors_give_accepted_and_rejected_requests() {
        let all = microsoft();
        assert!(all.len() > 4000, "{}", all.len());
        for code in ["accepted", "wrong_audience", "expired", "insufficient_scope"] {
            assert!(all.iter().any(|(_, outcome)| outcome[CODE] == code), "{code}");
        }
    }
}

//! Microsoft's own verdicts: 4,375 requests with the answers of Microsoft.Identity.Web, sent through the layers.
//!
//! Every verdict must be Microsoft's, or the pair must stand under a reason in `tests/data/microsoft_differences.json`. Each
//! reason there is a row of the guide's page `from_microsoft_identity_web`, with the number of its pairs.
//!
//! After a change of behavior, run this test with `TOWER_ENTRA_UPDATE_DIFFERENCES=1`: it rewrites the file and the counts in
//! the guide. A pair that has no reason yet is put under `unexplained`, and the test goes on failing until somebody has moved
//! it to a reason.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use mock_entra::ManualClock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use tower::{Layer, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Config, ConfigError, Rejection, RequireLayer, Requirement, Verifier, VerifierBuilder,
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
};

const GUIDE: &str = "src/guide/from_microsoft_identity_web.md";
const DIFFERENCES: &str = "tests/data/microsoft_differences.json";
const UPDATE: &str = "TOWER_ENTRA_UPDATE_DIFFERENCES";
/// The reason of pairs that nobody has looked at. The guide has no such row, so that the test fails.
const UNEXPLAINED: &str = "unexplained";
/// 2026-11-27, when Microsoft's side was measured.
const MEASURED: Duration = Duration::from_secs(1_795_737_600);

/// What was measured; `tests/data/README.md` describes it.
#[derive(Deserialize)]
struct Verdicts {
    documents: HashMap<String, Box<RawValue>>,
    configs: HashMap<String, Configuration>,
    tokens: HashMap<String, Vec<String>>,
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Configuration {
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
    /// A status, or `configuration refused`.
    microsoft: Value,
    /// Microsoft's code of the refusal.
    code: Option<String>,
}

/// Pairs by configuration: what stands behind the configuration in their ids.
type Pairs = BTreeMap<String, BTreeSet<String>>;

/// The pairs whose verdicts differ, by reason. A reason is the text in the first column of the guide.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
struct Differences {
    /// Configurations whose section we refuse, so that the same in our settings is used.
    translated: BTreeSet<String>,
    /// One side refuses the whole configuration, and the other accepts these pairs.
    configuration: BTreeMap<String, Pairs>,
    /// Microsoft refuses, we accept.
    we_accept: BTreeMap<String, Pairs>,
    /// Microsoft accepts, we refuse.
    we_refuse: BTreeMap<String, Pairs>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Configuration,
    WeAccept,
    WeRefuse,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Configuration, Self::WeAccept, Self::WeRefuse];

    /// The heading in the guide under which its reasons are listed.
    fn heading(self) -> &'static str {
        match self {
            Self::Configuration => "### Configurations that one side refuses",
            Self::WeAccept => "### Refused there, accepted here",
            Self::WeRefuse => "### Accepted there, refused here",
        }
    }
}

impl Differences {
    fn read() -> Self {
        let text = fs::read_to_string(path(DIFFERENCES)).unwrap();
        let differences: Self = serde_json::from_str(&text).unwrap();
        for kind in Kind::ALL {
            let reasons = differences.of(kind);
            assert!(reasons.values().all(|pairs| count(pairs) > 0), "a reason of {kind:?} has no pairs");
        }
        differences
    }

    fn of(&self, kind: Kind) -> &BTreeMap<String, Pairs> {
        match kind {
            Kind::Configuration => &self.configuration,
            Kind::WeAccept => &self.we_accept,
            Kind::WeRefuse => &self.we_refuse,
        }
    }

    fn of_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, Pairs> {
        match kind {
            Kind::Configuration => &mut self.configuration,
            Kind::WeAccept => &mut self.we_accept,
            Kind::WeRefuse => &mut self.we_refuse,
        }
    }

    /// The reason of a pair. There must not be two.
    fn reason(&self, kind: Kind, config: &str, rest: &str) -> Option<&str> {
        let has_it = |pairs: &Pairs| pairs.get(config).is_some_and(|pairs| pairs.contains(rest));
        let mut reasons = self.of(kind).iter().filter(|(_, pairs)| has_it(pairs)).map(|(reason, _)| &**reason);
        let first = reasons.next();
        assert_eq!(reasons.next(), None, "{config} / {rest} has two reasons");
        first
    }

    /// How many pairs each reason has, and all of them.
    fn counts(&self, kind: Kind) -> BTreeMap<&str, usize> {
        let mut counts: BTreeMap<_, _> =
            self.of(kind).iter().map(|(reason, pairs)| (&**reason, count(pairs))).collect();
        counts.insert("**total**", counts.values().sum());
        counts
    }
}

fn count(pairs: &Pairs) -> usize {
    pairs.values().map(BTreeSet::len).sum()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn verdicts() -> Verdicts {
    let compressed = fs::read(path("tests/data/microsoft_verdicts.json.gz")).unwrap();
    assert!(compressed.len() <= 300 * 1024, "{} bytes are too many for the repository", compressed.len());
    let mut text = String::new();
    GzDecoder::new(&*compressed).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Serves the documents; anything else is a 404.
#[derive(Debug)]
struct Documents(HashMap<String, Bytes>);

impl Fetch for Documents {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let response = match self.0.get(&request.url) {
            Some(body) => FetchResponse::new(200, body.clone()),
            None => FetchResponse::new(404, ""),
        };
        Box::pin(async { Ok(response) })
    }
}

fn verifier(section: &Value, documents: &Arc<Documents>) -> Result<Verifier, ConfigError> {
    let config = Config::from_json(&json!({ "Logging": {}, "AzureAd": section }).to_string())?;
    let clock = ManualClock::at(UNIX_EPOCH + MEASURED);
    VerifierBuilder::from(config).fetch(Arc::clone(documents)).clock(clock).build()
}

/// Sends the request of a pair through the layers: `None` if it is accepted, else the code.
async fn send(verifier: &Verifier, pair: &Pair, headers: &[String]) -> Option<&'static str> {
    let mut request = Request::new(());
    for header in headers {
        // The characters of the file are the octets of the field (RFC 9110, section 5.5).
        let octets: Vec<u8> = header.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_bytes(&octets).unwrap());
    }
    let inside = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let scopes = pair.scope.iter().map(Requirement::scope);
    let requirement = scopes.chain(pair.app_role.iter().map(Requirement::app_permission)).reduce(Requirement::or);
    let authenticate = AuthenticateLayer::new(verifier.clone());
    let response = match requirement {
        Some(requirement) => {
            let service = authenticate.layer(RequireLayer::new(requirement).layer(inside));
            service.oneshot(request).await.unwrap().into_parts().0
        }
        None => authenticate.layer(inside).oneshot(request).await.unwrap().into_parts().0,
    };
    let rejection = response.extensions.get::<Rejection>();
    assert_eq!(rejection.is_none(), response.status == StatusCode::OK, "{}: {}", pair.id, response.status);
    rejection.map(Rejection::code)
}

#[tokio::test]
async fn every_verdict_is_microsofts_or_has_a_reason() {
    let Verdicts { documents, configs, tokens, pairs } = verdicts();
    assert_eq!((pairs.len(), configs.len(), tokens.len()), (4375, 51, 710));
    let body = |document: Box<RawValue>| Bytes::from(document.get().to_owned());
    let documents = documents.into_iter().map(|(url, document)| (url, body(document))).collect();
    let documents = Arc::new(Documents(documents));

    let known = Differences::read();
    let mut found = Differences::default();
    let mut verifiers = HashMap::new();
    for (name, Configuration { section, ours }) in &configs {
        let verifier = match (verifier(section, &documents), ours) {
            (Err(_), Some(ours)) => {
                found.translated.insert(name.clone());
                // A translation that is refused proves nothing.
                Some(verifier(ours, &documents).unwrap())
            }
            (verifier, _) => verifier.ok(),
        };
        verifiers.insert(&**name, verifier);
    }

    // Once with nothing fetched yet, and once more in reverse: no verdict depends on what has been cached or fetched.
    let mut ours = HashMap::new();
    for (round, pair) in pairs.iter().map(|pair| ("first", pair)).chain(pairs.iter().rev().map(|pair| ("second", pair)))
    {
        let verdict = match &verifiers[&*pair.config] {
            Some(verifier) => send(verifier, pair, &tokens[&pair.token]).await,
            None => Some("configuration refused"),
        };
        if let Some(before) = ours.insert(&*pair.id, verdict) {
            assert_eq!(verdict, before, "{} in the {round} round", pair.id);
        }
    }

    let mut unexplained = Vec::new();
    for pair in &pairs {
        let verdict = ours[&*pair.id];
        let is_refused_there = pair.microsoft == "configuration refused";
        let kind = match (pair.microsoft == 200, verdict.is_none()) {
            (true, true) | (false, false) => continue,
            _ if is_refused_there || verifiers[&*pair.config].is_none() => Kind::Configuration,
            (false, true) => Kind::WeAccept,
            (true, false) => Kind::WeRefuse,
        };
        let rest = pair.id.strip_prefix(&*pair.config).and_then(|rest| rest.strip_prefix(" / ")).unwrap();
        let reason = known.reason(kind, &pair.config, rest).unwrap_or_else(|| {
            let (here, there) = (verdict.unwrap_or("accepted"), pair.code.as_deref().unwrap_or("no code"));
            unexplained.push(format!("{kind:?}: {}; here {here}, there {} ({there})", pair.id, pair.microsoft));
            UNEXPLAINED
        });
        let of_reason = found.of_mut(kind).entry(reason.to_owned()).or_default();
        of_reason.entry(pair.config.clone()).or_default().insert(rest.to_owned());
    }

    if std::env::var_os(UPDATE).is_some() {
        fs::write(path(DIFFERENCES), serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        fs::write(path(GUIDE), with_counts(&fs::read_to_string(path(GUIDE)).unwrap(), &found)).unwrap();
    }
    for line in &unexplained {
        println!("no reason: {line}");
    }
    let gone = gone(&known, &found);
    for line in &gone {
        println!("does not differ any more: {line}");
    }
    assert!(
        unexplained.is_empty() && known == found,
        "{} pairs without a reason, {} that do not differ any more, translated {:?} and expected {:?}; with {UPDATE}=1 this \
         test rewrites {DIFFERENCES}",
        unexplained.len(),
        gone.len(),
        found.translated,
        known.translated
    );
}

/// The pairs that are in the table without need.
fn gone(known: &Differences, found: &Differences) -> Vec<String> {
    let mut gone = Vec::new();
    for kind in Kind::ALL {
        for (reason, pairs) in known.of(kind) {
            for (config, pairs) in pairs {
                let is_gone = |rest: &&String| found.reason(kind, config, rest).is_none();
                gone.extend(pairs.iter().filter(is_gone).map(|rest| format!("{reason}: {config} / {rest}")));
            }
        }
    }
    gone
}

/// The rows of the table under a heading of the guide: their numbers, the text of the first cell and that of the last.
fn rows(guide: &str, heading: &str) -> Vec<(usize, String, String)> {
    let lines = guide.lines().enumerate().skip_while(|(_, line)| *line != heading).skip(1);
    let of_section = lines.take_while(|(_, line)| !line.starts_with('#'));
    let row = |(number, line): (usize, &str)| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" |").map(str::trim).collect();
        Some((number, (*cells.first()?).to_owned(), (*cells.last()?).to_owned()))
    };
    // The first row is that with the names of the columns.
    of_section.filter_map(row).skip(1).collect()
}

/// The guide with these counts in the last column of its tables.
fn with_counts(guide: &str, differences: &Differences) -> String {
    let mut lines: Vec<String> = guide.lines().map(str::to_owned).collect();
    for kind in Kind::ALL {
        let counts = differences.counts(kind);
        for (number, reason, written) in rows(guide, kind.heading()) {
            if let Some(count) = counts.get(&*reason) {
                let start = lines[number].strip_suffix(&format!("{written} |")).unwrap();
                lines[number] = format!("{start}{count} |");
            }
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_guide_lists_every_reason_with_its_count() {
    let guide = fs::read_to_string(path(GUIDE)).unwrap();
    let differences = Differences::read();
    for kind in Kind::ALL {
        let listed = rows(&guide, kind.heading());
        let listed: Vec<_> = listed.iter().map(|(_, reason, count)| (&**reason, count.parse().unwrap())).collect();
        let counts = differences.counts(kind);
        assert_eq!(listed.len(), counts.len(), "{kind:?}: {listed:?}");
        assert_eq!(listed.into_iter().collect::<BTreeMap<_, usize>>(), counts, "{kind:?}");
    }
}

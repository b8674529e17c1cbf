use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Cause, CauseKind, format, input, pasted::Pasted};
use crate::{
    claims::Claims,
    jwt,
    policy::microsoft_api,
    tenant::{Cloud, TenantId},
};

/// The content of a token, without any check, to be shown to those who may see it. It holds personal data, and never the
/// signature.
///
/// ```
/// use std::time::SystemTime;
/// use tower_entra::diagnosis::Decoded;
///
/// let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2dyYXBoLm1pY3Jvc29mdC5jb20ifQ.AA";
/// let decoded = Decoded::read(token, SystemTime::now());
/// assert_eq!(decoded.claims().unwrap()["aud"], "https://graph.microsoft.com");
/// assert_eq!(decoded.audience(), Some("Microsoft Graph"));
/// ```
///
/// Its dates:
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use tower_entra::diagnosis::Decoded;
///
/// let now = UNIX_EPOCH + Duration::from_secs(1_800_000_300);
/// let decoded = Decoded::read("eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE4MDAwMDAwMDB9.AA", now);
/// let [expires] = decoded.dates() else { panic!("one date") };
/// assert_eq!((expires.claim, &*expires.date), ("exp", "2027-01-15T08:00:00Z"));
/// assert_eq!(expires.relative, "5 min ago");
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Decoded {
    header: Option<Map<String, Value>>,
    claims: Option<Map<String, Value>>,
    kind: &'static str,
    audience: Option<String>,
    issuer: Option<String>,
    dates: Vec<Date>,
    #[serde(skip)]
    faults: Vec<Cause>,
}

/// A date of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Date {
    /// The claim: `exp`, `nbf`, `iat`, `auth_time`.
    pub claim: &'static str,
    /// In whole seconds since 1970, as in the token.
    pub seconds: u64,
    /// In RFC 3339: `2026-11-24T03:04:05Z`.
    pub date: String,
    /// `in 5 min`, `2 h 5 min ago`.
    pub relative: String,
}

impl Decoded {
    /// Reads as much as possible. Text around the token is removed.
    #[must_use]
    pub fn read(text: &str, now: SystemTime) -> Self {
        let pasted = Pasted::read(text);
        let token = &*pasted.token;
        let mut parts = token.split('.');
        let header = parts.next().and_then(object);
        let (payload, rest) = (parts.next(), parts.count());
        let claims = payload.filter(|_| rest <= 1).and_then(object);
        let (kind, form_fault) = match &claims {
            _ if rest == 3 && header.is_some() => ("an encrypted token (JWE)", None),
            Some(claims) => (kind(header.as_ref(), claims), None),
            None => unreadable(token),
        };
        Self { faults: faults(&pasted, form_fault), kind, ..Self::of(header, claims, now) }
    }

    /// The content of an accepted token.
    pub(super) fn of_claims(claims: &Claims, now: SystemTime) -> Self {
        Self::of(None, claims.deserialize().ok(), now)
    }

    fn of(header: Option<Map<String, Value>>, claims: Option<Map<String, Value>>, now: SystemTime) -> Self {
        let text = |name: &str| claims.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let audience = match claims.as_ref().and_then(|claims| claims.get("aud")) {
            Some(Value::Array(all)) => all.first().and_then(Value::as_str).map(str::to_owned),
            _ => text("aud"),
        };
        let dates = claims.iter().flat_map(|claims| dates(claims, now)).collect();
        let issuer = text("iss");
        Self { kind: "", audience, issuer, dates, faults: Vec::new(), header, claims }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> Option<&Map<String, Value>> {
        self.header.as_ref()
    }

    /// The claims.
    #[must_use]
    pub fn claims(&self) -> Option<&Map<String, Value>> {
        self.claims.as_ref()
    }

    /// What kind of token it seems to be, in a few words: `a v2 access token of a user`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The API that it is for: the name of an API of Microsoft, otherwise the audience itself.
    #[must_use]
    pub fn audience(&self) -> Option<&str> {
        let audience = self.audience.as_deref()?;
        Some(microsoft_api(audience).unwrap_or(audience))
    }

    /// Its issuer, and what is known about it.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        let issuer = self.issuer.as_deref()?;
        Some(match provider(issuer) {
            Some(name) => format!("{issuer} ({name})"),
            None => issuer.to_owned(),
        })
    }

    /// Its dates.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// What is wrong with how it was given, as far as the text alone tells: that it is in quotes, broken into lines, the whole
    /// token response, not a JWT.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tower_entra::diagnosis::{CauseKind, Decoded};
    ///
    /// let decoded = Decoded::read("\"eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE4MDAwMDAwMDB9.AA\"", SystemTime::now());
    /// let [quoted] = decoded.faults() else { panic!("one fault") };
    /// assert_eq!((quoted.kind(), quoted.explanation()), (CauseKind::Quoted, "The token is in quotes."));
    /// ```
    #[must_use]
    pub fn faults(&self) -> &[Cause] {
        &self.faults
    }

    /// The value of a string claim.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.as_ref()?.get(name)?.as_str()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.claims.as_ref().is_some_and(|claims| claims.contains_key(name))
    }

    /// The elements of a claim that is a list, or a single string.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        match self.claims.as_ref().and_then(|claims| claims.get(name)) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one],
            _ => Vec::new(),
        }
    }

    pub(super) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.get(name)?.as_str()
    }

    /// A date that is there, in seconds since 1970.
    pub(super) fn date(&self, claim: &str) -> Option<&Date> {
        self.dates.iter().find(|date| date.claim == claim)
    }

    /// The claims that only ID tokens have (`docs/entra.md`, "ID tokens"), or the marks of other issuers.
    pub(super) fn is_id_token(&self) -> bool {
        ["nonce", "c_hash", "at_hash"].iter().any(|name| self.has(name))
            || self.text("token_use") == Some("id")
            || self.text("typ").is_some_and(|kind| kind.eq_ignore_ascii_case("ID"))
    }

    /// An application's own, as far as that can be seen (`docs/entra.md`, "App-only tokens").
    pub(super) fn is_app(&self) -> bool {
        match self.text("idtyp") {
            Some(kind) => kind == "app",
            None => {
                let has_client = self.has("azp") || self.has("appid");
                // "/" is an empty list of scopes (`docs/entra.md`, "Agent identities").
                let has_scope = self.has("scp") && self.text("scp") != Some("/");
                has_client && self.has("oid") && self.text("oid") == self.text("sub") && !has_scope
            }
        }
    }
}

fn faults(pasted: &Pasted, of_form: Option<CauseKind>) -> Vec<Cause> {
    pasted.faults.iter().copied().chain(of_form).map(|fault| input::cause(fault, pasted)).collect()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = jwt::decode(part.trim_end_matches('=').as_bytes())?;
    serde_json::from_slice(&bytes).ok()
}

/// The kind of a token without readable claims, and what is wrong with its form.
fn unreadable(token: &str) -> (&'static str, Option<CauseKind>) {
    match (token.is_empty(), token.contains('.') && token.starts_with("eyJ")) {
        (true, _) => ("nothing", None),
        (false, true) => ("a JWT that cannot be read", Some(CauseKind::Truncated)),
        (false, false) => {
            let kind = "an opaque token: a refresh token, a code, or one that only its issuer can read";
            (kind, Some(CauseKind::Opaque))
        }
    }
}

fn kind(header: Option<&Map<String, Value>>, claims: &Map<String, Value>) -> &'static str {
    let decoded = Decoded {
        header: header.cloned(),
        claims: Some(claims.clone()),
        kind: "",
        audience: None,
        issuer: None,
        dates: Vec::new(),
        faults: Vec::new(),
    };
    let is_v1 = decoded.text("ver") == Some("1.0");
    let issuer = decoded.text("iss").unwrap_or_default();
    let is_entra = issuer.contains("sts.windows.net") || cloud_of(issuer).is_some();
    match () {
        () if decoded.is_id_token() => "an ID token: it tells a client who signed in, and no API accepts it",
        () if issuer.contains(".b2clogin.com/") => "an access token of Azure AD B2C",
        () if issuer.contains(".ciamlogin.com/") => "an access token of External ID",
        () if decoded.is_app() && is_v1 => "a v1 access token of an application",
        () if decoded.is_app() => "a v2 access token of an application",
        () if decoded.has("scp") && is_v1 => "a v1 access token of a user",
        () if decoded.has("scp") && is_entra => "a v2 access token of a user",
        () if decoded.has("scp") || decoded.has("scope") => "an access token",
        () => "a JWT with neither scopes nor an application's marks",
    }
}

/// Who an issuer is, by its address.
fn provider(issuer: &str) -> Option<String> {
    let host = issuer.split_once("://")?.1.split('/').next()?;
    let tenant = issuer.split('/').find_map(|segment| segment.parse::<TenantId>().ok());
    let of = |what: &str| match tenant {
        Some(TenantId::PERSONAL_ACCOUNTS) => format!("{what}, personal accounts"),
        Some(tenant) => format!("{what}, tenant {tenant}"),
        None => what.to_owned(),
    };
    if host == "sts.windows.net" {
        return Some(of("Entra ID, v1, public or US Government cloud"));
    }
    match Cloud::from_host(host) {
        Some(Cloud::Public) => Some(of("Entra ID, public cloud")),
        Some(Cloud::UsGovernment) => Some(of("Entra ID, US Government cloud")),
        Some(Cloud::China) => Some(of("Entra ID, China")),
        Some(_) => Some(of("Entra ID, a sovereign cloud")),
        None if host == "sts.chinacloudapi.cn" => Some(of("Entra ID, v1, China")),
        None if host.ends_with(".b2clogin.com") => Some(of("Azure AD B2C")),
        None if host.ends_with(".ciamlogin.com") => Some(of("External ID")),
        None => None,
    }
}

/// The cloud of an issuer; `None` too where two clouds share it (`docs/entra.md`, "Issuers").
pub(super) fn cloud_of(issuer: &str) -> Option<Cloud> {
    match issuer.strip_prefix("https://")?.split('/').next()? {
        "sts.windows.net" => None,
        "sts.chinacloudapi.cn" => Some(Cloud::China),
        host => Cloud::from_host(host),
    }
}

fn dates(claims: &Map<String, Value>, now: SystemTime) -> Vec<Date> {
    let seconds = |claim: &str| {
        let value = claims.get(claim)?;
        value.as_u64().or_else(|| value.as_f64().filter(|date| (0.0..1e12).contains(date)).map(|date| date as u64))
    };
    let named = ["iat", "nbf", "exp", "auth_time"].into_iter();
    named
        .filter_map(|claim| {
            let seconds = seconds(claim)?;
            Some(Date { claim, seconds, date: format::date(seconds), relative: format::relative(seconds, now) })
        })
        .collect()
}

//! Everything that is said about a token, for the terminal, for programs and for the page.

use std::time::SystemTime;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tower_entra::{
    RejectionKind,
    diagnosis::{Action, Cause, CauseKind, Check, Decoded, Diagnosis, Outcome, Remedy},
};

use crate::{arguments::Api, configuration::Configuration, hide::Secrets, terminal, unconfigured::Certain};

/// The verdict, and the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Accepted = 0,
    Rejected = 1,
    NotConfigured = 2,
    NoKeys = 3,
}

/// The explanation of one token.
#[derive(Serialize)]
pub(crate) struct Explanation {
    pub(crate) verdict: Verdict,
    exit_code: u8,
    pub(crate) headline: String,
    /// The code of the rejection.
    pub(crate) code: Option<&'static str>,
    /// The status of the response.
    pub(crate) status: Option<u16>,
    /// Why the API rejects the token, the root cause first.
    pub(crate) causes: Vec<Problem>,
    /// What is wrong with how it was pasted.
    pub(crate) pasted: Vec<Problem>,
    /// Whether the API accepts the token without what was pasted around it.
    pub(crate) is_accepted_alone: bool,
    pub(crate) notes: Vec<String>,
    /// Without a configuration: reasons for which every API rejects the token.
    pub(crate) faults: Vec<String>,
    /// Without a configuration: everything else that is certain.
    pub(crate) facts: Vec<String>,
    pub(crate) checks: Vec<Check>,
    /// Whether the claims are authentic.
    pub(crate) is_verified: bool,
    pub(crate) is_offline: bool,
    pub(crate) requirement: Option<String>,
    #[serde(serialize_with = "configuration_as_json")]
    pub(crate) configuration: Configuration,
    /// The API that the token is for: its name, if it is one of Microsoft's.
    audience: Option<String>,
    /// The issuer, and what is known about it.
    issuer: Option<String>,
    pub(crate) token: Decoded,
    #[serde(skip)]
    secrets: Secrets,
}

/// A cause, with what to do about it.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) explanation: String,
    /// Alternatives, the one that the facts prove first.
    pub(crate) remedies: Vec<Step>,
    /// Its names in .NET and in API Management.
    pub(crate) known_as: &'static [&'static str],
}

/// One way to fix a cause.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) condition: Option<String>,
    pub(crate) text: String,
    /// Settings to merge into the configuration.
    pub(crate) settings: Option<Value>,
    /// Settings to delete from it.
    pub(crate) delete: Vec<&'static str>,
    pub(crate) note: Option<String>,
}

impl Explanation {
    /// Explains what was pasted, with the keys of the configured issuers.
    pub(crate) async fn of(text: &str, configuration: Configuration, api: &Api) -> Self {
        let now = SystemTime::now();
        let Configuration::Ready(ready) = &configuration else {
            let token = Decoded::read(text, now);
            return Self::of_decoded(text, token, configuration, api, now);
        };
        let diagnosis = match &api.requirement {
            Some(requirement) => ready.verifier.diagnose_for(text, requirement).await,
            None => ready.verifier.diagnose(text).await,
        };
        Self::of_diagnosis(text, &diagnosis, configuration, api)
    }

    fn new(text: &str, token: Decoded, configuration: Configuration, api: &Api) -> Self {
        Self {
            verdict: Verdict::NotConfigured,
            exit_code: 0,
            headline: String::new(),
            code: None,
            status: None,
            causes: Vec::new(),
            pasted: Vec::new(),
            is_accepted_alone: false,
            notes: Vec::new(),
            faults: Vec::new(),
            facts: Vec::new(),
            checks: Vec::new(),
            is_verified: false,
            is_offline: api.is_offline,
            requirement: api.requirement.as_ref().map(ToString::to_string),
            configuration,
            secrets: Secrets::of(text, &token),
            audience: token.audience().map(str::to_owned),
            issuer: token.issuer(),
            token,
        }
    }

    fn of_decoded(text: &str, token: Decoded, configuration: Configuration, api: &Api, now: SystemTime) -> Self {
        let Certain { title, faults, facts } = Certain::of(&token, now);
        let (pasted, causes): (Vec<&Cause>, Vec<&Cause>) =
            token.faults().iter().partition(|cause| is_about_pasting(cause.kind()));
        let problems = |causes: Vec<&Cause>| causes.into_iter().map(|cause| Problem::new(cause, api)).collect();
        let (causes, pasted): (Vec<Problem>, Vec<Problem>) = (problems(causes), problems(pasted));
        let headline = match (&configuration, causes.first()) {
            (Configuration::Mistakes(_), _) => "Not checked: the configuration has mistakes".to_owned(),
            (_, Some(cause)) => format!("No API accepts it: {}", cause.title),
            (_, None) => title.map_or("Not checked: no API is configured".to_owned(), |title| {
                format!("No API of yours accepts it: {title}")
            }),
        };
        let verdict = Verdict::NotConfigured;
        let explanation = Self::new(text, token, configuration, api);
        Self { verdict, exit_code: verdict as u8, headline, causes, pasted, faults, facts, ..explanation }
    }

    fn of_diagnosis(text: &str, diagnosis: &Diagnosis, configuration: Configuration, api: &Api) -> Self {
        let all = diagnosis.cause().into_iter().chain(diagnosis.further());
        let (pasted, causes): (Vec<&Cause>, Vec<&Cause>) = all.partition(|cause| is_about_pasting(cause.kind()));
        let root = causes.first().or(pasted.first()).map(|cause| cause.kind());
        let rejection = diagnosis.rejection();
        let code = rejection.map(tower_entra::Rejection::code).or(diagnosis.code());
        let status = match rejection {
            Some(rejection) => Some(rejection.status()),
            None => root.map(|root| root.rejection().status()),
        };
        let verdict = match root {
            _ if diagnosis.is_accepted() => Verdict::Accepted,
            Some(root) if root.rejection() == RejectionKind::KeysUnavailable => Verdict::NoKeys,
            _ => Verdict::Rejected,
        };
        let is_accepted_alone =
            verdict == Verdict::Rejected && rejection.is_none() && diagnosis.token().claims().is_some();
        let title = root.map_or("", CauseKind::title);
        let headline = match verdict {
            Verdict::Accepted => format!("Accepted: {}", diagnosis.token().kind()),
            Verdict::NoKeys if api.is_offline => "Not checked: no keys were fetched".to_owned(),
            Verdict::NoKeys => format!("Not checked: {title}"),
            _ if is_accepted_alone => format!("Accepted alone, but rejected as it was pasted: {title}"),
            _ => format!("Rejected: {title}"),
        };
        let problems = |causes: &[&Cause]| causes.iter().map(|cause| Problem::new(cause, api)).collect();
        let is_verified =
            diagnosis.checks().iter().any(|check| check.name == "signature" && check.outcome == Outcome::Passed);
        let explanation = Self::new(text, diagnosis.token().clone(), configuration, api);
        Self {
            verdict,
            exit_code: verdict as u8,
            headline,
            code,
            status: status.map(|status| status.as_u16()),
            causes: problems(&causes),
            pasted: problems(&pasted),
            is_accepted_alone,
            notes: diagnosis.notes().iter().map(|note| note.explanation().to_owned()).collect(),
            checks: diagnosis.checks().to_vec(),
            is_verified,
            ..explanation
        }
    }

    /// As one JSON document, without secrets.
    pub(crate) fn to_json(&self) -> String {
        let document = serde_json::to_value(self).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        let document = self.secrets.hide_in(document, false);
        // Outside of strings JSON has none of the characters that are escaped.
        terminal::escape(&format!("{document:#}"))
    }

    /// The text without signatures and opaque tokens.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.secrets.hide(text)
    }
}

impl Problem {
    fn new(cause: &Cause, api: &Api) -> Self {
        Self {
            kind: cause.kind().code(),
            title: cause.kind().title(),
            explanation: cause.explanation().to_owned(),
            remedies: cause.remedies().iter().map(|remedy| Step::new(remedy, api.section.as_deref())).collect(),
            known_as: cause.kind().known_as(),
        }
    }
}

impl Step {
    fn new(remedy: &Remedy, section: Option<&str>) -> Self {
        let settings = remedy.setting().map(|settings| in_section(settings, section));
        let delete = match remedy.action() {
            Action::Configure { delete, .. } => delete.clone(),
            _ => Vec::new(),
        };
        let text = match (remedy.action(), &settings) {
            (Action::Configure { .. }, Some(_)) => "Change the configuration of the API:".to_owned(),
            (action, _) => terminal::escape(&action.to_string()),
        };
        let owned = |text: &str| text.to_owned();
        Self { condition: remedy.condition().map(owned), text, settings, delete, note: remedy.note().map(owned) }
    }
}

/// The settings in the section that was read, rather than in `AzureAd`.
fn in_section(settings: &Value, section: Option<&str>) -> Value {
    match (section, settings.get("AzureAd")) {
        (Some(section), Some(inner)) => {
            section.split(':').rev().fold(inner.clone(), |inner, name| json!({ name: inner }))
        }
        _ => settings.clone(),
    }
}

/// Whether it is about what is around the token, rather than about the token.
fn is_about_pasting(kind: CauseKind) -> bool {
    matches!(
        kind,
        CauseKind::BearerInToken
            | CauseKind::Quoted
            | CauseKind::WhitespaceInToken
            | CauseKind::UrlEncoded
            | CauseKind::TwoTokens
            | CauseKind::TwoHeaders
            | CauseKind::TokenResponse
            | CauseKind::Surrounded
            | CauseKind::PastedRequest
    )
}

fn configuration_as_json<S: Serializer>(configuration: &Configuration, serializer: S) -> Result<S::Ok, S::Error> {
    configuration.to_json().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_for_the_section_that_was_read() {
        let settings = json!({ "AzureAd": { "ClientId": "x" } });
        assert_eq!(in_section(&settings, None), settings);
        assert_eq!(in_section(&settings, Some("Auth:Api")), json!({ "Auth": { "Api": { "ClientId": "x" } } }));
    }
}

//! Workload identities: programs that prove their identity by a token of the platform that runs them.

use std::fmt;

use super::{
    openid_connect::{OpenIdConnectSpec, key_methods},
    settings::{Settings, common_methods},
};
use crate::{
    error::ConfigProblemKind::{self, Invalid, Missing, Unsafe},
    policy::ClaimRule,
    tenant::HttpsUrl,
};

/// The issuer of GitHub Actions, shared by all accounts on GitHub.
const GITHUB_ACTIONS: &str = "https://token.actions.githubusercontent.com";

/// The parts of a GitHub subject that identify its owner. Every organization chooses which parts its subjects have.
const GITHUB_SUBJECTS: [&str; 5] =
    ["repo:", "repository:", "repository_id:", "repository_owner:", "repository_owner_id:"];

/// Claims that identify one workload, or the workloads of one owner, among all of an issuer. Names that anyone can choose do
/// not: any repository can call a public reusable workflow (`job_workflow_ref`), and has an environment or branch of any name.
const IDENTIFYING: [&str; 11] = [
    "sub",
    // GitHub Actions.
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    // GitLab.
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
    // Kubernetes. A name alone may be in every namespace.
    "/kubernetes.io/namespace",
    "/kubernetes.io/serviceaccount/uid",
];

/// Identifying claims that have parts.
const WITH_PARTS: [&str; 4] = ["sub", "repository", "project_path", "namespace_path"];

/// The delimiters that may end a prefix, so that `repo:contoso/` does not accept `repo:contoso-evil/`.
const DELIMITERS: [char; 3] = ['/', ':', '|'];

/// A mistake in the settings of a workload authority.
pub(crate) struct WorkloadProblem {
    pub(crate) kind: ConfigProblemKind,
    pub(crate) value: String,
    pub(crate) advice: String,
}

/// An issuer of workload identities: programs that prove their identity by a token of the platform that runs them. Made by
/// [`Authority::workload`](super::Authority::workload), [`Authority::github_actions`](super::Authority::github_actions) and
/// [`Authority::kubernetes`](super::Authority::kubernetes).
///
/// Its keys have one source: the metadata behind the issuer, or what [`metadata`](Self::metadata),
/// [`jwks_uri`](Self::jwks_uri), [`static_keys`](Self::static_keys) or [`pem_key`](Self::pem_key) sets. A second source is
/// an error when the verifier is built; further calls of `pem_key` add keys.
///
/// ```
/// use tower_entra::{Authority, Verifier, policy::ClaimRule};
///
/// let deployments = Authority::github_actions()
///     .audience("https://api.contoso.example")
///     .required_claim(ClaimRule::any("repository_id", ["123456789"]))
///     .required_claim(ClaimRule::any("ref", ["refs/heads/main"]));
/// let verifier = Verifier::builder().authority(deployments).build()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
///
/// What does not apply to workload identities does not compile: they have no client id and are in no directory.
///
/// ```compile_fail,E0599
/// # use tower_entra::Authority;
/// let authority = Authority::github_actions().client_id("66666666-7777-8888-9999-000000000000");
/// ```
///
/// ```compile_fail,E0599
/// # use tower_entra::Authority;
/// let authority = Authority::github_actions().trust_directory_claims();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    pub(crate) spec: WorkloadSpec,
    pub(crate) settings: Settings,
}

/// An issuer and the workloads that are accepted. Strings are as they were written, and checked when the verifier is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkloadSpec {
    pub(crate) openid: OpenIdConnectSpec,
    /// The values of `sub`, one of which a token must have.
    pub(crate) subjects: Vec<String>,
    /// Claims and their prefixes.
    pub(crate) prefixes: Vec<(String, String)>,
}

common_methods!(Workload);
key_methods!(Workload, spec.openid);

impl Workload {
    pub(super) fn new(issuer: String) -> Self {
        let openid = OpenIdConnectSpec { issuer, ..OpenIdConnectSpec::default() };
        Self { spec: WorkloadSpec { openid, ..WorkloadSpec::default() }, settings: Settings::default() }
    }

    pub(super) fn github_actions() -> Self {
        Self::new(GITHUB_ACTIONS.to_owned())
    }

    /// Accepts a workload by its exact `sub`. May be called more than once: one of them must match.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.spec.subjects.push(subject.into());
        self
    }

    /// Accepts every workload whose claim begins with `prefix`, which must end with `/`, `:` or `|`: `repo:contoso/` for all
    /// repositories of an organization, including new ones. With several, all must match.
    ///
    /// ```
    /// use tower_entra::Authority;
    ///
    /// let organization = Authority::github_actions()
    ///     .audience("https://api.contoso.example")
    ///     .danger_claim_prefix("sub", "repo:contoso/");
    /// # let _ = organization;
    /// ```
    #[must_use]
    pub fn danger_claim_prefix(mut self, name: impl Into<String>, prefix: impl Into<String>) -> Self {
        self.spec.prefixes.push((name.into(), prefix.into()));
        self
    }
}

impl fmt::Display for WorkloadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.openid.fmt(f)
    }
}

impl WorkloadSpec {
    /// The rules of its subjects and prefixes.
    pub(crate) fn rules(&self) -> Vec<ClaimRule> {
        let subjects = (!self.subjects.is_empty()).then(|| ClaimRule::any("sub", &self.subjects));
        let prefixes = self.prefixes.iter().map(|(name, prefix)| ClaimRule::prefix(name, prefix));
        subjects.into_iter().chain(prefixes).collect()
    }

    /// The mistakes in its settings.
    pub(crate) fn problems(&self, settings: &Settings, in_code: bool) -> Vec<WorkloadProblem> {
        let name = |method, setting| if in_code { method } else { setting };
        let audience = name("audience()", "Audience");
        let mut problems = Vec::new();
        let mut wrong = |kind, value: &str, advice: String| {
            problems.push(WorkloadProblem { kind, value: value.to_owned(), advice });
        };
        let issuer = &self.openid.issuer;
        if settings.audiences.is_empty() {
            let advice = format!(
                "has no audience of its own; write the aud claim of its tokens as {audience}: those of the rest of the \
                 configuration do not apply"
            );
            wrong(Missing, issuer, advice);
        }
        let is_at_github = std::iter::once(issuer).chain(&settings.issuers).any(|issuer| is_at_github(issuer));
        let subjects = ClaimRule::any("sub", &self.subjects);
        let rules = || settings.required_claims.iter().chain(std::iter::once(&subjects));
        for rule in rules().filter(|rule| is_identifying(rule.name()) || rule.name() == "email") {
            for value in rule.values() {
                if let Some(advice) = Self::wrong_value(rule.name(), value, is_at_github) {
                    wrong(Invalid, value, advice);
                }
            }
        }
        for (name, prefix) in &self.prefixes {
            if let Some(advice) = Self::wrong_prefix(name, prefix, is_at_github) {
                wrong(Unsafe, prefix, advice);
            }
        }
        let has_prefix = self.prefixes.iter().any(|(name, _)| WITH_PARTS.contains(&name.as_str()));
        let verifies_email = rules().any(|rule| rule.name() == "email_verified" && rule.values() == ["true"]);
        let identifies = |rule: &ClaimRule| {
            rule.is_equality() && (is_identifying(rule.name()) || (rule.name() == "email" && verifies_email))
        };
        if !has_prefix && !rules().any(identifies) {
            let rule = name("subject(), or required_claim(ClaimRule::any(…)),", "RequiredClaims");
            let advice = format!(
                "has no rule that says which workloads may call, and its issuer may serve everybody; add {rule} with the values \
                 of one of {}; an email needs email_verified = true beside it",
                IDENTIFYING.join(", ")
            );
            wrong(Missing, issuer, advice);
        }
        problems
    }

    fn wrong_value(name: &str, value: &str, is_at_github: bool) -> Option<String> {
        if value.trim().is_empty() {
            return Some("the value that identifies a workload is empty".to_owned());
        }
        if value.contains(['*', '?']) {
            let advice = "is compared exactly, so that a wildcard matches nothing; in code, \
                          danger_claim_prefix() accepts all that begin alike, such as danger_claim_prefix(\"sub\", \"repo:contoso/\")";
            return Some(advice.to_owned());
        }
        if name == "sub" && is_at_github && !names_owner(value) {
            let advice = "identifies nobody: every organization on GitHub chooses the form of its subjects, so the value must \
                          name repository or owner";
            return Some(advice.to_owned());
        }
        None
    }

    fn wrong_prefix(name: &str, prefix: &str, is_at_github: bool) -> Option<String> {
        if name.trim().is_empty() {
            return Some("the claim of a prefix has no name".to_owned());
        }
        if prefix.contains(['*', '?']) || prefix.contains(char::is_whitespace) {
            return Some("a prefix is compared exactly and has no wildcard: leave it out".to_owned());
        }
        if !prefix.ends_with(DELIMITERS) {
            return Some("must end with /, : or |, or names that only begin alike are accepted too".to_owned());
        }
        let parts = prefix.split(DELIMITERS).filter(|part| !part.is_empty()).count();
        // The first part of a subject says what kind of thing follows.
        let needed = if name == "sub" { 2 } else { 1 };
        let is_kind_alone = prefix == "system:serviceaccount:";
        let is_foreign = name == "sub" && is_at_github && !GITHUB_SUBJECTS.iter().any(|kind| prefix.starts_with(kind));
        if parts < needed || is_kind_alone || is_foreign {
            return Some(
                "identifies nobody: name the owner too, as in repo:contoso/ or system:serviceaccount:prod:".into(),
            );
        }
        None
    }
}

/// Whether an issuer is that of GitHub Actions, ignoring case and port.
fn is_at_github(issuer: &str) -> bool {
    let host = |issuer: &str| HttpsUrl::parse(issuer.trim()).ok().map(|address| address.host);
    host(issuer).is_some_and(|found| Some(found) == host(GITHUB_ACTIONS))
}

/// Whether a subject of GitHub Actions has a part that identifies its owner. A name may contain what looks like one.
fn names_owner(subject: &str) -> bool {
    let is_start = |at: usize| at == 0 || subject[..at].ends_with(':');
    GITHUB_SUBJECTS.iter().any(|kind| subject.match_indices(kind).any(|(at, _)| is_start(at)))
}

fn is_identifying(name: &str) -> bool {
    IDENTIFYING.contains(&name)
}

//! Workload identities: programs that prove who they are by a token of the platform that runs them.

use super::{Authority, Kind, OpenIdConnect, Settings, Workload};
use crate::{
    error::ConfigProblemKind::{self, Invalid, Missing, NotApplicable, Unsafe},
    policy::ClaimRule,
    tenant::check_address,
};

/// The issuer of GitHub Actions, shared by everybody who has an account there.
const GITHUB_ACTIONS: &str = "https://token.actions.githubusercontent.com";

/// The parts of a subject there that say whose it is. Every organization chooses which parts its subjects have.
const GITHUB_SUBJECTS: [&str; 5] =
    ["repo:", "repository:", "repository_id:", "repository_owner:", "repository_owner_id:"];

/// Claims that tell one workload, or those of one owner, from all others of an issuer. Names that others can bring about do
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

/// Those of them that have parts.
const WITH_PARTS: [&str; 4] = ["sub", "repository", "project_path", "namespace_path"];

/// What may end a prefix: so that `repo:contoso/` does not accept `repo:contoso-evil/`.
const DELIMITERS: [char; 3] = ['/', ':', '|'];

/// A mistake in the settings of a workload authority.
pub(crate) struct WorkloadProblem {
    pub(crate) kind: ConfigProblemKind,
    pub(crate) value: String,
    pub(crate) advice: String,
}

impl Authority {
    /// An issuer of workload identities: programs that prove who they are by a token of the platform that runs them, such as
    /// GitHub Actions, GitLab, Kubernetes or Google's service accounts. Their tokens have neither scopes nor roles, and many of
    /// these issuers serve everybody. So both are required:
    ///
    /// - an [audience](Self::audience) of its own: those of the rest of the configuration do not apply;
    /// - a rule that says who may call: [`subject`](Self::subject), or a [`required_claim`](Self::required_claim) with the
    ///   values of `repository_id`, `repository_owner_id`, `project_id`, `/kubernetes.io/serviceaccount/uid` or another claim
    ///   that identifies a workload; for an `email`, together with `ClaimRule::any("email_verified", ["true"])`.
    ///
    /// Nothing that a [`Requirement`](crate::Requirement) asks of scopes, roles, tenants, groups or members is met by such a
    /// token: authorize by [`Requirement::authority`](crate::Requirement::authority) and
    /// [`Requirement::claim`](crate::Requirement::claim). The allowed clients of the rest of the configuration do not apply;
    /// its required claims do. ID tokens of signed-in users are rejected.
    ///
    /// ```
    /// use tower_entra::{Authority, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .tenant("11111111-2222-3333-4444-555555555555")
    ///     .client_id("66666666-7777-8888-9999-000000000000")
    ///     .authority(
    ///         Authority::workload("https://gitlab.example")
    ///             .audience("https://api.contoso.example")
    ///             .subject("project_path:contoso/deploy:ref_type:branch:ref:main"),
    ///     )
    ///     .build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    #[must_use]
    pub fn workload(issuer: impl Into<String>) -> Self {
        let openid = OpenIdConnect { issuer: issuer.into(), ..OpenIdConnect::default() };
        Self::new(Kind::Workload(Workload { openid, ..Workload::default() }))
    }

    /// [Workload identities](Self::workload) of GitHub Actions
    /// ([About security hardening with OpenID Connect](https://docs.github.com/actions/concepts/security/openid-connect)).
    /// The issuer serves every account on GitHub. Ids identify better than names, which can change hands:
    ///
    /// ```
    /// use tower_entra::{Authority, policy::ClaimRule};
    ///
    /// let deployments = Authority::github_actions()
    ///     .audience("https://api.contoso.example")
    ///     .required_claim(ClaimRule::any("repository_id", ["123456789"]))
    ///     .required_claim(ClaimRule::any("ref", ["refs/heads/main"]));
    /// assert_eq!(deployments.to_string(), "https://token.actions.githubusercontent.com");
    /// ```
    #[must_use]
    pub fn github_actions() -> Self {
        Self::workload(GITHUB_ACTIONS)
    }

    /// [Workload identities](Self::workload) of a Kubernetes cluster: service account tokens with an audience
    /// ([Service account token volume projection](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/)).
    /// `issuer` is what the API server has as `--service-account-issuer`.
    ///
    /// ```
    /// use tower_entra::Authority;
    ///
    /// let jobs = Authority::kubernetes("https://kubernetes.default.svc.cluster.local")
    ///     .audience("orders")
    ///     .subject("system:serviceaccount:prod:billing");
    /// # let _ = jobs;
    /// ```
    #[must_use]
    pub fn kubernetes(issuer: impl Into<String>) -> Self {
        Self::workload(issuer)
    }

    /// A workload whose tokens are accepted, by its exact `sub`. May be called more than once: one of them is enough. Only for
    /// [workload identities](Self::workload).
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        match &mut self.kind {
            Kind::Workload(workload) => workload.subjects.push(subject.into()),
            _ => self.settings.misfits.push("subject()"),
        }
        self
    }

    /// Accepts every workload whose claim begins with `prefix`, which must end with `/`, `:` or `|`: `repo:contoso/` for all
    /// repositories of an organization, including new ones. Only for [workload identities](Self::workload).
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
        match &mut self.kind {
            Kind::Workload(workload) => workload.prefixes.push((name.into(), prefix.into())),
            _ => self.settings.misfits.push("danger_claim_prefix()"),
        }
        self
    }
}

impl Workload {
    /// The rules of its subjects and prefixes.
    pub(crate) fn rules(&self) -> Vec<ClaimRule> {
        let subjects = (!self.subjects.is_empty()).then(|| ClaimRule::any("sub", &self.subjects));
        let prefixes = self.prefixes.iter().map(|(name, prefix)| ClaimRule::prefix(name, prefix));
        subjects.into_iter().chain(prefixes).collect()
    }

    /// What is wrong with its settings.
    pub(crate) fn problems(&self, settings: &Settings, in_code: bool) -> Vec<WorkloadProblem> {
        // The names that the settings have where they were written.
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
        if let Some(client_id) = &settings.client_id {
            let client = name("client_id()", "ClientId");
            let advice = format!("{client} does not apply to workload identities; write the audience as {audience}");
            wrong(NotApplicable, client_id, advice);
        }
        if settings.trust_directory_claims {
            let trust = name("trust_directory_claims()", "TrustDirectoryClaims");
            let advice = format!("{trust} does not apply to workload identities, which are in no directory");
            wrong(NotApplicable, issuer, advice);
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

/// Whether an issuer is that of GitHub Actions, however it is spelled.
fn is_at_github(issuer: &str) -> bool {
    let host = |issuer: &str| check_address(issuer.trim()).ok().map(|address| address.host);
    host(issuer).is_some_and(|found| Some(found) == host(GITHUB_ACTIONS))
}

/// Whether a subject of GitHub Actions has a part that says whose it is. A name may contain what looks like one.
fn names_owner(subject: &str) -> bool {
    let is_start = |at: usize| at == 0 || subject[..at].ends_with(':');
    GITHUB_SUBJECTS.iter().any(|kind| subject.match_indices(kind).any(|(at, _)| is_start(at)))
}

fn is_identifying(name: &str) -> bool {
    IDENTIFYING.contains(&name)
}

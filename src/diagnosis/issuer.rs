//! Causes in the issuer of the token.

use super::{Cause, CauseKind, causes::Analysis, decoded::cloud_of, format};
use crate::{
    authority::{EntraSpec, KeySource, Tenants},
    claims::TokenVersion,
    error::{DocumentFault, FetchFailure},
    policy::microsoft_api,
    rejection::{Detail, Rejection, RejectionKind},
    tenant::{Cloud, Instance, TenantId},
    verifier::Step,
};

impl Analysis<'_> {
    fn issuer(&self) -> &str {
        self.token.text("iss").unwrap_or("nobody")
    }

    /// How a token for this API is asked for.
    fn ask_for_ours(&self) -> String {
        format!(
            "Ask for scopes of one API only, at the authorize and at the token request, for instance {}; the token \
             response says under scope what its token is for",
            self.scope_to_ask()
        )
    }

    pub(super) fn for_microsoft(&self) -> Cause {
        let audience = self.token.list("aud").into_iter().find(|audience| microsoft_api(audience).is_some());
        let api = audience.and_then(microsoft_api).unwrap_or("an API of Microsoft's");
        let scopes = self.token.text("scp").map(|scopes| format!(" It was asked for: {scopes}.")).unwrap_or_default();
        let has_nonce = self.token.header_text("nonce").is_some();
        let genuine = if has_nonce && self.failed(Step::Signature).is_some() && !self.recording.is_genuine_for_microsoft
        {
            " Its signature does not fit, not even with the nonce hashed, as Microsoft's own APIs verify it: it was changed \
             after it was signed, or made by somebody else."
        } else if self.recording.is_genuine_for_microsoft {
            " It is a genuine one: its signature was checked with the nonce hashed, as only Microsoft's own APIs do. As it is \
             sent it never verifies, anywhere else."
        } else if has_nonce {
            " Its header has a nonce, so that its signature verifies nowhere else: \"signature invalid\" in other tools means \
             just this."
        } else {
            ""
        };
        let explanation =
            format!("This token is for {api} ({}), not for {}.{scopes}{genuine}", audience.unwrap_or("?"), self.api());
        match api {
            "Azure Resource Manager" => Cause::new(
                CauseKind::ArmToken,
                format!("{explanation} Managed identities and the Azure CLI ask for it if nothing else is said."),
                format!(
                    "Name this API as the resource: az account get-access-token --scope {0}, or {0} as the scope of the \
                     managed identity's token request.",
                    self.scope_to_ask()
                ),
            ),
            "Microsoft Graph" => Cause::new(CauseKind::GraphToken, explanation, format!("{}.", self.ask_for_ours())),
            _ => Cause::new(CauseKind::MicrosoftToken, explanation, format!("{}.", self.ask_for_ours())),
        }
    }

    pub(super) fn unknown_issuer(&self, rejection: &Rejection) -> Cause {
        let issuer = self.issuer().to_owned();
        let expected = match (rejection.expected_value().unwrap_or("another"), self.only_tenant()) {
            (template, Some(tenant)) => template.replace("{tenantid}", &tenant.to_string()),
            (template, None) => template.to_owned(),
        };
        if rejection.reason() == Some(&Detail::AmbiguousIssuer) {
            return Cause::new(
                CauseKind::DisputedIssuer,
                format!("Two of the configured authorities turned out to accept {issuer}: {expected}."),
                "Leave one of them out, so that it is clear which rules hold.",
            );
        }
        if ["{tenantid}", "{tid}", "/common/", "/organizations/"].iter().any(|text| issuer.contains(text)) {
            return Cause::new(
                CauseKind::PlaceholderIssuer,
                format!(
                    "The issuer {issuer:?} has a placeholder or a keyword where a tenant's GUID should be: no real token has."
                ),
                "Where a test or a library makes issuers from metadata of common, put the tenant's id (tid) in place of \
                 {tenantid}.",
            );
        }
        if let Some(cause) = self.other_version(&issuer) {
            return cause;
        }
        if issuer.contains(".b2clogin.com/") || self.token.has("tfp") {
            let host = issuer.strip_prefix("https://");
            let name = host.and_then(|host| host.split_once(".b2clogin.com/")).map(|(name, _)| name);
            return Cause::new(
                CauseKind::B2cToken,
                format!(
                    "The issuer {issuer} is a tenant of Azure AD B2C; configured is {expected}. Its keys are in the metadata of its policy alone."
                ),
                format!(
                    "Configure it: Authority::b2c({:?}, {:?}), or in JSON its Instance with SignUpSignInPolicyId.",
                    name.unwrap_or("the tenant's name"),
                    self.token.text("tfp").or(self.token.text("acr")).unwrap_or("the policy")
                ),
            );
        }
        if issuer.contains(".ciamlogin.com/") {
            return Cause::new(
                CauseKind::ExternalIdToken,
                format!(
                    "The issuer {issuer} is a tenant of External ID; configured is {expected}. Its keys are in the metadata at ciamlogin.com alone."
                ),
                "Configure it: Authority::external_id(name), or in JSON the Authority https://….ciamlogin.com/.",
            );
        }
        if let Some(cloud) = cloud_of(&issuer).filter(|cloud| self.cloud().is_some_and(|ours| ours != *cloud)) {
            return Cause::new(
                CauseKind::OtherCloud,
                format!(
                    "The issuer {issuer} is in another cloud ({}) than the configured {expected}.",
                    cloud.login_host()
                ),
                format!(
                    "Configure that cloud, Instance https://{}, if it is meant; else sign in at the configured one.",
                    cloud.login_host()
                ),
            );
        }
        Cause::new(
            CauseKind::OtherIssuer,
            if self.token.has("iss") {
                format!("The token names {issuer} as its issuer; accepted is {expected}.")
            } else {
                format!("The token has no iss: it does not say who issued it. Accepted is {expected}.")
            },
            match self.authority.and_then(|authority| authority.failure.as_deref()) {
                // Without its metadata there is nothing to compare with.
                Some(failure)
                    if matches!(failure.failure(), FetchFailure::InvalidDocument(document)
                        if document.fault() == DocumentFault::ForeignIssuer) =>
                {
                    format!("Correct the configuration first: {failure}.")
                }
                _ => "Compare them character by character (a slash at the end counts). If its tokens are to be accepted here too, \
                      add it as an authority of this same layer (Authorities in JSON): two layers one behind the other \
                      refuse each other's tokens."
                    .to_owned(),
            },
        )
    }

    fn instance(&self) -> Option<&Instance> {
        match &self.authority?.resolved.source {
            KeySource::Entra(entra) => Some(&entra.instance),
            KeySource::Document(_) => None,
        }
    }

    fn only_tenant(&self) -> Option<TenantId> {
        match &self.authority?.resolved.source {
            KeySource::Entra(EntraSpec { tenants: Tenants::One(tenant), .. }) => Some(*tenant),
            _ => None,
        }
    }

    fn cloud(&self) -> Option<Cloud> {
        self.instance()?.cloud()
    }

    /// The version that an issuer of the configured instance has (`docs/entra.md`, "Issuers").
    fn version_of(&self, issuer: &str) -> Option<TokenVersion> {
        let instance = self.instance()?;
        let is_v2 = issuer.ends_with("/v2.0");
        match instance.cloud() {
            Some(Cloud::Public | Cloud::UsGovernment) if issuer.starts_with("https://sts.windows.net/") => {
                Some(TokenVersion::V1)
            }
            Some(cloud) if cloud_of(issuer) == Some(cloud) => {
                Some(if is_v2 { TokenVersion::V2 } else { TokenVersion::V1 })
            }
            Some(_) => None,
            None => issuer.starts_with(&format!("{}/", instance.base())).then_some(if is_v2 {
                TokenVersion::V2
            } else {
                TokenVersion::V1
            }),
        }
    }

    /// A version of tokens that is not accepted, at an authority that accepts the other.
    fn other_version(&self, issuer: &str) -> Option<Cause> {
        const SETTING: &str = "version() (Version in JSON)";
        let only = self.only_version()?;
        let property = "requestedAccessTokenVersion (in older manifests accessTokenAcceptedVersion)";
        match (only, self.version_of(issuer)?) {
            (TokenVersion::V2, TokenVersion::V1) => {
                let explanation = format!(
                    "{issuer} is the issuer of v1 tokens, and only v2 tokens are accepted here. Which version an API gets is \
                     decided by its own registration, not by the endpoint that the client uses."
                );
                let remedy = format!(
                    "In the manifest of {}, set {property} to 2; or accept both versions: leave {SETTING} out.",
                    self.api()
                );
                const MINUTES: u64 = 15 * 60;
                let now = self.now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
                let age =
                    self.token.date("iat").map(|date| now.saturating_sub(date.seconds)).filter(|age| *age > MINUTES);
                Some(match age {
                    None => Cause::new(CauseKind::V1Token, explanation, remedy),
                    Some(age) => Cause::new(
                        CauseKind::CachedVersion,
                        format!(
                            "{explanation} The token was issued {} ago: if the manifest has been changed since, the client \
                             still has an old one.",
                            format::span(std::time::Duration::from_secs(age))
                        ),
                        format!(
                            "{remedy} If it is 2 already, get a new token: clients keep them for an hour, and a change takes minutes to be known everywhere."
                        ),
                    ),
                })
            }
            (TokenVersion::V1, TokenVersion::V2) => Some(Cause::new(
                CauseKind::V2Token,
                format!("{issuer} is the issuer of v2 tokens, and only v1 tokens are accepted here."),
                format!(
                    "Accept both versions: leave {SETTING} out; or set {property} to 1 in the manifest of {}.",
                    self.api()
                ),
            )),
            _ => None,
        }
    }

    pub(super) fn wrong_tenant(&self, rejection: &Rejection) -> Cause {
        let name = self.authority.map_or("the configured tenants", |authority| &authority.resolved.name);
        if rejection.reason() == Some(&Detail::TenantRejected) {
            return Cause::new(
                CauseKind::TenantPutOut,
                format!(
                    "The token is genuine, but the operator of the API does not accept its tenant {}.",
                    rejection.got_value().unwrap_or("?")
                ),
                "Add it to the list that tenants_matching() or tenants_from_lookup() uses. The result of a lookup is cached for five minutes; \
                 forget_tenant() removes it.",
            );
        }
        let tid = self.token.text("tid").and_then(|tid| tid.parse::<TenantId>().ok());
        match tid {
            None => Cause::new(
                CauseKind::NoTenant,
                format!(
                    "The claim tid is missing or no GUID in lower case, so that nobody can say from which tenant the token is; its issuer is {}.",
                    self.issuer()
                ),
                "Tokens of Entra always have it: look who made this one.",
            ),
            Some(TenantId::PERSONAL_ACCOUNTS) => Cause::new(
                CauseKind::PersonalAccount,
                format!("Somebody signed in with a personal Microsoft account; accepted is {name}."),
                "Sign in with a work or school account: the client's authority should be the tenant, or organizations, not \
                 common or consumers. To let personal accounts in: danger_any_account() (TenantId common in JSON).",
            ),
            Some(tenant) => Cause::new(
                CauseKind::OtherTenant,
                format!(
                    "The token is from tenant {tenant}; accepted is {name}. Guests have tokens of the tenant they are guests of, if they ask there."
                ),
                format!(
                    "Let the client sign in at the right tenant (its authority ends with that tenant, not with common); or add {tenant} to the tenants (TenantIds in JSON), if it is to be let in."
                ),
            ),
        }
    }

    /// A requirement on a directory claim that the operator of this authority could write into its tokens.
    pub(super) fn cannot_state(&self, rejection: &Rejection, detail: &str) -> Cause {
        let name = self.authority.map_or("the authority", |authority| &authority.resolved.name);
        let kind = match rejection.kind() {
            RejectionKind::WrongTenant => CauseKind::UnstatedTenant,
            _ => CauseKind::UnstatedClaim,
        };
        let required = rejection.expected_value().unwrap_or("what is required");
        Cause::new(
            kind,
            format!(
                "This API requires {required}, and the operator of {name} could put that into its tokens: {detail}."
            ),
            "Tell authorities apart with Requirement::authority(). If its operator may decide about your groups and directory \
             roles, add trust_directory_claims() (TrustDirectoryClaims in JSON); groups of an OpenID Connect issuer's own are \
             read with group_claim() (GroupClaim in JSON).",
        )
    }

    pub(super) fn wrong_issuer(&self, rejection: &Rejection) -> Cause {
        if rejection.reason() == Some(&Detail::PolicyMissing) {
            return Cause::new(
                CauseKind::NoPolicy,
                format!(
                    "The token names no user flow or policy: it has neither tfp nor acr. Accepted is {}.",
                    rejection.expected_value().unwrap_or("another")
                ),
                "Tokens that applications get by client credentials are like that. To accept those: \
                 accept_app_tokens_without_policy() (AcceptAppTokensWithoutPolicy in JSON), with the applications in \
                 allowed_client() (AllowedClients).",
            );
        }
        if rejection.reason() == Some(&Detail::PolicyNotAccepted) {
            let policy = self.token.text("tfp").or(self.token.text("acr")).unwrap_or("none");
            return Cause::new(
                CauseKind::OtherPolicy,
                format!(
                    "The token is from the user flow or policy {policy}; accepted is {}.",
                    rejection.expected_value().unwrap_or("another")
                ),
                format!("Sign in with that flow, or add it: policy({policy:?}) (Policies in JSON)."),
            );
        }
        let detail = rejection.detail_text().unwrap_or_default();
        if let Some(Detail::KeyNotAuthorized(_)) = rejection.reason() {
            return Cause::new(
                CauseKind::ForeignKey,
                format!("The signature is genuine, but the key is not authorized for {}: {detail}.", self.issuer()),
                "This is no fault of a client's: the token was made with a key of another tenant or cloud. Keep it, and find \
                 out who sent it.",
            );
        }
        let values = match (rejection.expected_value(), rejection.got_value()) {
            (Some(expected), Some(got)) => format!(" (expected {expected}, found {got})"),
            _ => String::new(),
        };
        Cause::new(
            CauseKind::Contradiction,
            format!(
                "The claims that say who issued the token contradict each other{}{detail}{values}. Its issuer is {}.",
                if detail.is_empty() { "" } else { ": " },
                self.issuer()
            ),
            "Entra never writes such a token: look who made or changed it, a test's own token maker perhaps.",
        )
    }
}

//! The facts about one token and its configuration, as the verifier recorded them. The causes depend on nothing else.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{Decoded, Provider, pasted::Pasted};
use crate::{
    authority::{self, DocumentSpec, EntraSpec, Tenants},
    claims::TokenVersion,
    error::{FetchError, FetchFailure},
    policy::{ClaimRule, Profile, Requirement, Wanted},
    rejection::{Detail, Malformed, Rejection, RejectionKind},
    tenant::{Cloud, TenantId},
    verifier::{AuthorityReport, Recording, Step},
};

/// One failed check, with everything that is known of the token and the configuration.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) pasted: &'a Pasted,
    pub(super) token: &'a Decoded,
    pub(super) failure: &'a Rejection,
    pub(super) now: SystemTime,
    pub(super) recording: &'a Recording,
    pub(super) authority: Option<&'a AuthorityReport>,
    /// Whether the verifier has this authority alone.
    pub(super) is_only_authority: bool,
    /// What the operation requires beyond the authority.
    pub(super) operation: Option<&'a Requirement>,
}

/// A function of the API that decides about tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    Check,
    TenantLookup,
}

/// Where the keys of the authority come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeySource<'a> {
    Metadata,
    KeySet(&'a str),
    Configuration,
}

impl<'a> Facts<'a> {
    pub(super) fn kind(&self) -> RejectionKind {
        self.failure.kind()
    }

    pub(super) fn is(&self, kind: RejectionKind) -> bool {
        self.kind() == kind
    }

    pub(super) fn reason(&self) -> Option<&'a Detail> {
        self.failure.reason()
    }

    pub(super) fn is_malformed(&self, malformed: Malformed) -> bool {
        matches!(self.reason(), Some(Detail::Malformed(found)) if *found == malformed)
    }

    /// The reason in words, for the explanation.
    pub(super) fn detail(&self) -> String {
        self.failure.detail_text().unwrap_or_default().into_owned()
    }

    pub(super) fn expected(&self) -> &'a str {
        self.failure.expected_value().unwrap_or("something else")
    }

    pub(super) fn got(&self) -> &'a str {
        self.failure.got_value().unwrap_or("none")
    }

    fn has_failed(&self, step: Step) -> bool {
        self.recording.failure(step).is_some()
    }

    pub(super) fn is_signature_wrong(&self) -> bool {
        self.has_failed(Step::Signature)
    }

    /// A requirement of the operation or the authority rejected it: the code of the API decides that, and no setting.
    pub(super) fn is_of_requirement(&self) -> bool {
        let is_failure = |step: &Step| self.recording.failure(*step).is_some_and(|failed| failed.kind() == self.kind());
        Step::ALL.into_iter().find(is_failure) == Some(Step::Requirement)
    }

    /// It is an ID token, and not also a valid access token.
    pub(super) fn is_only_id_token(&self) -> bool {
        self.token.is_id_token() && (self.has_failed(Step::Kind) || self.is(RejectionKind::NotAnAccessToken))
    }

    /// A function of the API rejected the token for a reason that only it knows.
    pub(super) fn hook(&self) -> Option<Hook> {
        use RejectionKind as Kind;
        if self
            .recording
            .failure(Step::TenantLookup)
            .is_some_and(|failed| failed.reason() != Some(&Detail::TenantRejected))
        {
            return Some(Hook::TenantLookup);
        }
        let is_explained = match self.kind() {
            Kind::InsufficientClaims => true,
            Kind::ClaimMissing | Kind::ClaimNotAllowed | Kind::InsufficientScope | Kind::InsufficientRole => {
                self.failure.expected_value().is_some()
            }
            _ => false,
        };
        (self.has_failed(Step::Application) && !is_explained).then_some(Hook::Check)
    }

    // The token.

    pub(super) fn issuer(&self) -> &'a str {
        self.token.text("iss").unwrap_or("no issuer")
    }

    pub(super) fn key_id(&self) -> &'a str {
        self.token.header_text("kid").unwrap_or("none")
    }

    /// The client that got the token.
    pub(super) fn client(&self) -> Option<&'a str> {
        ["azp", "appid", "client_id", "cid"].iter().find_map(|name| self.token.text(name))
    }

    /// The client, as the object of a sentence.
    pub(super) fn client_text(&self) -> &'a str {
        self.client().unwrap_or("the client")
    }

    /// The name of the claim with the audience.
    pub(super) fn audience_claim(&self) -> Cow<'a, str> {
        let profile = self.authority.map(|authority| &authority.resolved.policy.profile);
        match profile {
            Some(Profile::OpenIdConnect(mapping)) => mapping.audience_claim(),
            _ => Cow::Borrowed("aud"),
        }
    }

    /// The audiences of the token.
    pub(super) fn token_audiences(&self) -> Vec<&'a str> {
        self.token.list(&self.audience_claim())
    }

    /// The first audience of the token.
    pub(super) fn audience(&self) -> Option<&'a str> {
        self.token_audiences().into_iter().next()
    }

    /// The scopes of the token.
    pub(super) fn scopes(&self) -> Vec<&'a str> {
        let list = self.token.list("scp").into_iter().chain(self.token.list("scope"));
        list.flat_map(str::split_whitespace).filter(|scope| *scope != "/").collect()
    }

    /// How many bytes of the signature are there, and how many the algorithm's smallest key makes.
    pub(super) fn signature_bytes(&self) -> Option<(usize, usize)> {
        let signature = self.pasted.token.splitn(3, '.').nth(2)?;
        let whole = match self.token.header_text("alg")? {
            "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => 256,
            "ES256" | "EdDSA" | "Ed25519" => 64,
            "ES384" => 96,
            "ES512" => 132,
            _ => return None,
        };
        Some((signature.trim_end_matches('=').len() * 3 / 4, whole))
    }

    /// The signature is shorter than the algorithm's smallest key makes: the end of the token is missing.
    pub(super) fn is_signature_cut(&self) -> bool {
        self.signature_bytes().is_some_and(|(found, whole)| found < whole)
    }

    pub(super) fn seconds_now(&self) -> u64 {
        self.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// How long ago the token was issued.
    pub(super) fn age(&self) -> Option<Duration> {
        self.token.date("iat").map(|date| Duration::from_secs(self.seconds_now().saturating_sub(date.seconds)))
    }

    // The configuration.

    /// The provider of the authority whose rules were applied.
    pub(super) fn configured_provider(&self) -> Option<Provider> {
        Some(match &self.authority?.resolved.source {
            authority::KeySource::Entra(_) => Provider::Entra,
            authority::KeySource::Document(DocumentSpec::B2c { .. }) => Provider::B2c,
            authority::KeySource::Document(DocumentSpec::ExternalId { .. }) => Provider::ExternalId,
            authority::KeySource::Document(DocumentSpec::Entra { .. }) => Provider::Entra,
            authority::KeySource::Document(
                DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. },
            ) => Provider::of_issuer(issuer).unwrap_or(Provider::Other),
        })
    }

    /// The provider that the client gets its tokens from: that of the API, which a right token would have.
    pub(super) fn provider(&self) -> Provider {
        let named = self.token.text("iss").and_then(Provider::of_issuer).filter(|named| *named != Provider::Other);
        self.configured_provider().or(named).unwrap_or(Provider::Other)
    }

    /// The provider that issued the token, by its issuer.
    pub(super) fn token_provider(&self) -> Provider {
        self.token.text("iss").and_then(Provider::of_issuer).unwrap_or(Provider::Other)
    }

    pub(super) fn authority_name(&self) -> &'a str {
        self.authority.map_or("the configured authority", |authority| &authority.resolved.name)
    }

    fn entra(&self) -> Option<&'a EntraSpec> {
        match &self.authority?.resolved.source {
            authority::KeySource::Entra(entra) => Some(entra),
            authority::KeySource::Document(_) => None,
        }
    }

    fn document(&self) -> Option<&'a DocumentSpec> {
        match &self.authority?.resolved.source {
            authority::KeySource::Entra(_) => None,
            authority::KeySource::Document(document) => Some(document),
        }
    }

    /// The tenants that are configured by their GUIDs.
    pub(super) fn tenants(&self) -> Vec<String> {
        match self.entra() {
            Some(entra) => {
                let mut ids: Vec<String> = entra.tenants.ids().map(|id| id.to_string()).collect();
                ids.sort_unstable();
                ids
            }
            None => self.document().and_then(DocumentSpec::tenant).iter().map(TenantId::to_string).collect(),
        }
    }

    /// The only tenant.
    pub(super) fn only_tenant(&self) -> Option<String> {
        let tenants = self.tenants();
        <[String; 1]>::try_from(tenants).ok().map(|[one]| one)
    }

    pub(super) fn cloud(&self) -> Option<Cloud> {
        self.entra()?.instance.cloud()
    }

    pub(super) fn instance_base(&self) -> Option<&'a str> {
        Some(self.entra()?.instance.base())
    }

    /// The one version of workforce tokens that is accepted.
    pub(super) fn only_version(&self) -> Option<TokenVersion> {
        matches!(self.authority?.resolved.policy.profile, Profile::Workforce).then(|| self.entra()?.version).flatten()
    }

    /// Whether keys of the application's own may exist, and are not requested yet.
    pub(super) fn lacks_app_keys(&self) -> bool {
        self.entra().is_some_and(|entra| {
            let is_listed = matches!(entra.tenants, Tenants::One(_) | Tenants::Domain(_) | Tenants::List { .. });
            is_listed && entra.app_id.is_none()
        })
    }

    /// The issuer that is configured, of an OpenID Connect provider.
    pub(super) fn configured_issuer(&self) -> Option<&'a str> {
        match self.document()? {
            DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. } => Some(issuer),
            _ => None,
        }
    }

    pub(super) fn key_source(&self) -> KeySource<'a> {
        match self.document() {
            Some(DocumentSpec::Static { .. }) => KeySource::Configuration,
            Some(DocumentSpec::OpenIdConnect { jwks_uri: Some(address), .. }) => KeySource::KeySet(address),
            _ => KeySource::Metadata,
        }
    }

    /// The address that keys or metadata are fetched from.
    pub(super) fn document_address(&self) -> String {
        self.authority.map(|authority| authority.resolved.source.main_document().address()).unwrap_or_default()
    }

    pub(super) fn audiences(&self) -> &'a [String] {
        self.authority.map_or(&[], |authority| &authority.audiences)
    }

    /// The client id of the API whose usual audiences `StrictAudiences` leaves out.
    pub(super) fn left_out_client_id(&self) -> Option<&'a str> {
        self.authority?.resolved.policy.audiences.left_out.as_deref()
    }

    /// The names of all authorities.
    pub(super) fn authority_names(&self) -> &'a [String] {
        self.authority.map_or(&[], |authority| &authority.authority_names)
    }

    pub(super) fn allowed_clients(&self) -> &'a [String] {
        self.authority.map_or(&[], |authority| &authority.allowed_clients)
    }

    pub(super) fn accepts_algorithm(&self, name: &str) -> bool {
        self.authority.is_some_and(|authority| authority.resolved.algorithms.iter().any(|known| known.as_str() == name))
    }

    pub(super) fn algorithms(&self) -> Vec<&'static str> {
        self.authority
            .map(|authority| authority.resolved.algorithms.iter().map(|known| known.as_str()).collect())
            .unwrap_or_default()
    }

    /// The rules that the requirements want to hold.
    pub(super) fn wanted(&self) -> Vec<Wanted<'a>> {
        let own = self.authority.and_then(|authority| authority.resolved.requirement.as_ref());
        own.into_iter().chain(self.operation).flat_map(Requirement::wanted).collect()
    }

    /// The rules about claims: those of the authority, and those in requirements.
    pub(super) fn claim_rules(&self) -> Vec<&'a ClaimRule> {
        let own = self.authority.into_iter().flat_map(|authority| &authority.resolved.policy.required_claims);
        let wanted = self.wanted().into_iter().filter_map(|wanted| match wanted {
            Wanted::Claim(rule) => Some(rule),
            _ => None,
        });
        own.chain(wanted).collect()
    }

    /// Why documents could not be fetched or used: as the rejection says, which may be about one tenant, or the authority.
    pub(super) fn fetch_error(&self) -> Option<&'a FetchError> {
        match self.reason() {
            Some(Detail::Fetch(error)) => Some(error),
            Some(_) => None,
            None => self.authority?.failure.as_deref(),
        }
    }

    /// The last failure to fetch the documents of the authority, whatever was rejected.
    pub(super) fn refresh_failure(&self) -> Option<&'a Arc<FetchError>> {
        self.authority?.failure.as_ref()
    }

    pub(super) fn fetch_failure(&self) -> Option<&'a FetchFailure> {
        self.fetch_error().map(FetchError::failure)
    }

    /// The provider's time, and this machine's at that moment.
    pub(super) fn clocks(&self) -> Option<(SystemTime, SystemTime)> {
        self.authority?.clocks
    }
}

//! Every check of one token to its end, for a diagnosis. It runs the very functions by which the verifier decides, and
//! decides nothing.

use std::{sync::Arc, time::SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Inner, Trust, Verifier, decide, public_cause::is_for_microsoft, route::Route};
use crate::{
    authority::Source,
    bearer,
    claims::{
        Claims, Facts, TokenVersion,
        payload::{Payload, StringClaim},
    },
    jwt::{Compact, Header},
    keys::store::Found,
    policy::{Nature, Profile},
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// A check by its name, in the order in which the verifier makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Size,
    Form,
    Header,
    Algorithm,
    Payload,
    NotMicrosoft,
    Issuer,
    Tenant,
    Key,
    Signature,
    KeyOwner,
    Origin,
    Types,
    Dates,
    Audience,
    Kind,
    Binding,
    Client,
    Claims,
    Requirement,
    Owner,
}

impl Step {
    pub(crate) const ALL: [Self; 21] = [
        Self::Size,
        Self::Form,
        Self::Header,
        Self::Algorithm,
        Self::Payload,
        Self::NotMicrosoft,
        Self::Issuer,
        Self::Tenant,
        Self::Key,
        Self::Signature,
        Self::KeyOwner,
        Self::Origin,
        Self::Types,
        Self::Dates,
        Self::Audience,
        Self::Kind,
        Self::Binding,
        Self::Client,
        Self::Claims,
        Self::Requirement,
        Self::Owner,
    ];
}

/// What the checks have found.
pub(crate) struct Examination {
    /// Those that were reached, in the order of [`Step::ALL`].
    pub(crate) steps: Vec<(Step, Result<(), Rejection>)>,
    /// The signature has verified, by a key that may speak for the issuer: what the token says is true.
    pub(crate) is_verified: bool,
    /// The signature verifies if the nonce of the header is hashed (`docs/entra.md`, "Nonce in the token header"): a
    /// genuine token of Microsoft's for Microsoft.
    pub(crate) is_genuine_for_microsoft: bool,
    /// The authority that the token names, or the only one there is.
    pub(crate) authority: Option<Surroundings>,
    pub(crate) now: SystemTime,
}

/// What the owner has configured of an authority, and what is known of it.
pub(crate) struct Surroundings {
    pub(crate) name: Arc<str>,
    pub(crate) source: Source,
    pub(crate) profile: Profile,
    pub(crate) audiences: Vec<String>,
    /// Why there are no newer keys.
    pub(crate) failure: Option<Arc<str>>,
    /// The provider's time and ours, when it last told its own.
    pub(crate) clocks: Option<(SystemTime, SystemTime)>,
}

impl Verifier {
    /// Runs every check on `token`; `verdict` is what the verifier has said of it.
    pub(crate) fn examine(&self, token: &str, verdict: &Result<Claims, Rejection>) -> Examination {
        let inner = &*self.0;
        let mut found = Examination {
            steps: Vec::new(),
            is_verified: false,
            is_genuine_for_microsoft: false,
            authority: match inner.authorities.as_slice() {
                [only] => Some(only.surroundings()),
                _ => None,
            },
            now: inner.clock.now(),
        };
        found.read(inner, token, verdict);
        found.steps.sort_by_key(|(step, _)| Step::ALL.iter().position(|known| known == step));
        found
    }
}

impl Examination {
    fn note(&mut self, step: Step, result: Result<(), Rejection>) -> bool {
        let is_good = result.is_ok();
        self.steps.push((step, result));
        is_good
    }

    fn read(&mut self, inner: &Inner, token: &str, verdict: &Result<Claims, Rejection>) {
        let is_too_large = token.len() > inner.max_token_bytes;
        self.note(Step::Size, if is_too_large { Err(inner.too_large(token.len())) } else { Ok(()) });
        let compact = match bearer::text(token.as_bytes()).and_then(|text| Compact::split(text.as_bytes())) {
            Ok(compact) => compact,
            Err(rejection) => {
                self.note(Step::Form, Err(rejection));
                return;
            }
        };
        let signature = compact.read_signature();
        // Its signature's form is looked at after header and payload: what is wrong with those is told first.
        let is_told = |rejection: &Rejection| {
            let told = verdict.as_ref().err();
            told.is_some_and(|told| told.kind() == rejection.kind() && told.detail_text() == rejection.detail_text())
        };
        let form = signature.as_ref().err().filter(|rejection| is_told(rejection));
        self.note(Step::Form, form.cloned().map_or(Ok(()), Err));
        let is_malformed = verdict.as_ref().is_err_and(|told| told.kind() == RejectionKind::MalformedToken);
        let header = self.check_header(inner, &compact, &is_told, is_malformed);
        let payload = compact.read_payload();
        self.note(Step::Payload, payload.as_ref().map(drop).map_err(Clone::clone));
        if let Err(rejection) = &signature {
            self.note(Step::Signature, Err(rejection.clone()));
        }
        if let Ok(payload) = payload {
            self.judge(inner, &compact, signature.as_deref().ok(), header.as_ref(), &payload, verdict);
        }
    }

    fn check_header(
        &mut self,
        inner: &Inner,
        compact: &Compact<'_>,
        is_told: &impl Fn(&Rejection) -> bool,
        is_malformed: bool,
    ) -> Option<Header> {
        match compact.read_header() {
            Err(rejection) if rejection.kind() == RejectionKind::UnsupportedAlgorithm => {
                self.note(Step::Algorithm, Err(rejection));
                None
            }
            Err(rejection) => {
                self.note(Step::Header, Err(rejection));
                None
            }
            Ok(header) => {
                let without_kid =
                    Some(decide::without_kid()).filter(|rejection| header.key_id.is_none() && is_told(rejection));
                self.note(Step::Header, without_kid.map_or(Ok(()), Err));
                let unsupported = || Rejection::new(RejectionKind::UnsupportedAlgorithm).got(header.algorithm.as_str());
                if inner.algorithms.contains(&header.algorithm) {
                    self.note(Step::Algorithm, Ok(()));
                } else if !is_malformed {
                    // Whether it is accepted is looked at when all of the token has been read.
                    self.note(Step::Algorithm, Err(unsupported()));
                }
                Some(header)
            }
        }
    }

    fn judge(
        &mut self,
        inner: &Inner,
        compact: &Compact<'_>,
        signature: Option<&[u8]>,
        header: Option<&Header>,
        payload: &Payload,
        verdict: &Result<Claims, Rejection>,
    ) {
        let is_microsofts = is_for_microsoft(payload) && !inner.is_configured_audience(payload);
        self.note(Step::NotMicrosoft, if is_microsofts { Err(inner.for_microsoft(payload)) } else { Ok(()) });

        let route = inner.routes.find(&inner.authorities, payload);
        let issuer = payload.string(StringClaim::Issuer).unwrap_or_default();
        let is_of_microsoft = ["https://login.", "https://sts."].iter().any(|start| issuer.starts_with(start));
        // For what has long expired nothing is looked up.
        let is_stale = verdict.as_ref().is_err_and(|rejection| rejection.kind() == RejectionKind::Expired);
        match &route {
            Route::Nowhere => self.note(Step::Issuer, Err(inner.unknown_issuer(payload))),
            Route::NotYet { .. } if is_stale => false,
            Route::NotYet { authorities } => {
                self.note(Step::Issuer, Err(inner.authorities[authorities[0]].unavailable()))
            }
            Route::Disputed { authorities } => self.note(Step::Issuer, Err(inner.disputed(*authorities))),
            _ => self.note(Step::Issuer, Ok(())),
        };
        let (trust, named) = match &route {
            Route::To { authority, version, tenant } => (&inner.authorities[*authority], Some((*version, *tenant))),
            Route::OneOf { authorities, version, tenant } => {
                let key_id = header.and_then(|header| header.key_id.as_deref());
                let authority = inner.with_key(authorities, issuer, key_id, *tenant).unwrap_or(authorities[0]);
                (&inner.authorities[authority], Some((*version, *tenant)))
            }
            Route::OtherTenant { authority, tenant } => {
                let trust = &inner.authorities[*authority];
                self.note(Step::Tenant, Err(trust.other_tenant(payload, *tenant)));
                (trust, None)
            }
            Route::Unresolved { authorities, tenant } => {
                let trust = &inner.authorities[authorities[0]];
                if !is_stale {
                    let is_unavailable = |told: &&Rejection| told.kind() == RejectionKind::KeysUnavailable;
                    let told = verdict.as_ref().err().filter(is_unavailable).cloned();
                    self.note(Step::Tenant, Err(told.unwrap_or_else(|| trust.other_tenant(payload, *tenant))));
                }
                (trust, None)
            }
            Route::OtherPolicy { authority } => {
                let trust = &inner.authorities[*authority];
                self.note(Step::Tenant, Err(trust.other_policy(payload)));
                (trust, None)
            }
            Route::NotYet { authorities } => (&inner.authorities[authorities[0]], None),
            Route::Disputed { authorities: [first, _] } => (&inner.authorities[*first], None),
            Route::Nowhere => match inner.authorities.as_slice() {
                [only] => (only, None),
                // Of several, the one that is likely to be meant, so that the two can be compared.
                several => match several.iter().find(|trust| is_of_microsoft && trust.is_of_entra()) {
                    Some(entra) => (entra, None),
                    None => return,
                },
            },
        };
        self.authority = Some(trust.surroundings());
        if let (Some((version, tenant)), Some(header)) = (named, header) {
            self.note(Step::Tenant, Ok(()));
            let is_accepted = is_microsofts || trust.algorithms.contains(&header.algorithm);
            if !is_accepted && inner.algorithms.contains(&header.algorithm) {
                self.steps.retain(|(step, _)| *step != Step::Algorithm);
                self.note(Step::Algorithm, Err(trust.unsupported(header)));
            }
            if let Some(signature) = signature {
                self.check_signature(trust, compact, signature, header, tenant, verdict);
            }
            let is_of_issuer = trust.check_origin(payload, version, tenant);
            self.note(Step::Origin, is_of_issuer);
        }
        self.check_rules(inner, trust, compact, header, payload, named, verdict);
    }

    fn check_signature(
        &mut self,
        trust: &Trust,
        compact: &Compact<'_>,
        signature: &[u8],
        header: &Header,
        tenant: Option<TenantId>,
        verdict: &Result<Claims, Rejection>,
    ) {
        let found: Vec<Found> = match trust.keys.key_id(header.key_id.as_deref()) {
            Some(key_id) => trust.keys.find(key_id, tenant),
            None => Vec::new(),
        };
        if found.is_empty() {
            // For a token that is refused before, no key is looked for, so that nothing can be said of it.
            if let Err(told) = verdict
                && matches!(told.kind(), RejectionKind::UnknownKey | RejectionKind::KeysUnavailable)
            {
                self.note(Step::Key, Err(told.clone()));
            }
            return;
        }
        self.note(Step::Key, Ok(()));
        let verifies = |message: &[u8]| {
            let fits = |found: &&Found| found.key.verify(header.algorithm, message, signature);
            found.iter().filter(fits).map(|found| found.may_speak).collect::<Vec<_>>()
        };
        let verified = verifies(compact.signing_input);
        let is_good = !verified.is_empty();
        self.note(Step::Signature, if is_good { Ok(()) } else { Err(Rejection::new(RejectionKind::BadSignature)) });
        if is_good {
            self.is_verified = verified.iter().any(Result::is_ok);
            let why_not = verified.iter().find_map(|may_speak| may_speak.err()).unwrap_or_default();
            let not_its_key = || Rejection::new(RejectionKind::WrongIssuer).detail(why_not);
            self.note(Step::KeyOwner, if self.is_verified { Ok(()) } else { Err(not_its_key()) });
        } else if let Some(hashed) = with_hashed_nonce(compact) {
            self.is_genuine_for_microsoft = verifies(hashed.as_bytes()).iter().any(Result::is_ok);
        }
    }

    /// The rules for claims, whether or not they can be believed.
    #[expect(clippy::too_many_arguments, reason = "all of it is one token")]
    fn check_rules(
        &mut self,
        inner: &Inner,
        trust: &Trust,
        compact: &Compact<'_>,
        header: Option<&Header>,
        payload: &Payload,
        named: Option<(TokenVersion, Option<TenantId>)>,
        verdict: &Result<Claims, Rejection>,
    ) {
        let policy = &trust.policy;
        let version = named.map_or(TokenVersion::V2, |(version, _)| version);
        let nature = policy.nature(payload, version, header.is_some_and(|header| header.is_rfc9068));
        self.note(Step::Types, policy.check_types(payload));
        self.note(Step::Dates, policy.check_dates(payload, inner.since_epoch()));
        self.note(Step::Audience, policy.check_audience(payload));
        self.note(Step::Kind, nature.as_ref().map(drop).map_err(Clone::clone));
        self.note(Step::Binding, policy.check_binding(payload));
        if let Ok(nature) = &nature {
            self.note(Step::Client, policy.check_client_of(payload, version, nature));
        }
        self.note(Step::Claims, policy.required_claims.iter().try_for_each(|rule| rule.check(payload)));
        if let (Ok(Nature { app_only, mapped }), Some((version, tenant)), Ok(payload)) =
            (nature, named, compact.read_payload())
        {
            let authority = Arc::clone(&trust.facts);
            let facts = Facts { authority, tenant, version, app_only, number: 0, mapped };
            let met = trust.requirement.as_ref().map_or(Ok(()), |all| all.check(&Claims::new(payload, facts)));
            self.note(Step::Requirement, met);
        }
        if self.is_verified && self.steps.iter().all(|(_, result)| result.is_ok()) {
            // Whatever else the verifier says against it is the owner's own decision.
            self.note(Step::Owner, verdict.as_ref().map(drop).map_err(Clone::clone));
        }
    }
}

/// What Microsoft's own APIs verify instead of the token as it was sent (`docs/entra.md`, "Nonce in the token header").
fn with_hashed_nonce(compact: &Compact<'_>) -> Option<String> {
    let header = crate::jwt::decode(compact.header)?;
    let text = str::from_utf8(&header).ok()?;
    let nonce = crate::claims::json::object(text).ok()?.into_iter().find(|(name, _)| &*name.0 == "nonce")?.1;
    let value = crate::claims::json::string(nonce)?;
    let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, value.as_bytes()));
    // In its place, so that everything else of the header stays byte for byte.
    let start = nonce.as_ptr() as usize - text.as_ptr() as usize;
    let header = format!("{}\"{hashed}\"{}", &text[..start], &text[start + nonce.len()..]);
    let payload = str::from_utf8(compact.payload).ok()?;
    Some(format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header)))
}

impl Trust {
    fn is_of_entra(&self) -> bool {
        matches!(self.keys.source(), Source::Entra(_))
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            name: Arc::clone(&self.name),
            source: self.keys.source().clone(),
            profile: self.policy.profile.clone(),
            audiences: self.policy.audiences.sorted(),
            failure: self.keys.failure(),
            clocks: self.keys.clocks(),
        }
    }
}

//! The decision about one token, in the order of the codes. It reads the time and the keys once, and never waits.

use std::{sync::Arc, time::Duration};

use super::fit::{check_tenant, check_version, named_by};
use super::{Credentials, Inner, Trust};
use crate::{
    cache::Verdict,
    claims::{
        Claims, Facts, TokenVersion,
        payload::{ListClaim, Payload, StringClaim},
    },
    jwt::{Compact, Header},
    keys::{
        document::Waiter,
        epoch::Stamp,
        snapshot::Issuers,
        stats::Event,
        store::{Accepted, Asked, Found},
    },
    policy::{MAX_LEEWAY, microsoft_api},
    rejection::{PublicCause, Rejection, RejectionKind},
    tenant::TenantId,
};

/// The shortest time after which a client is asked to come again.
const SHORTEST_RETRY: Duration = Duration::from_secs(1);

/// What became of a token.
pub(crate) enum Decision {
    Done(Result<Claims, Rejection>),
    /// Keys are on their way: decide again when they have come.
    Wait(Waiter),
}

/// For which keys a request has waited, by authority.
#[derive(Debug, Default)]
pub(crate) struct Progress(Vec<Asked>);

impl Progress {
    fn of(&mut self, authority: usize) -> &mut Asked {
        if self.0.len() <= authority {
            self.0.resize(authority + 1, Asked::default());
        }
        &mut self.0[authority]
    }
}

/// Which authority a token names, before anything of it is believed.
enum Route {
    /// Its tenant is accepted.
    To {
        authority: usize,
        version: TokenVersion,
        tenant: TenantId,
    },
    /// A domain may turn out to be its tenant.
    Unresolved {
        authority: usize,
        tenant: TenantId,
    },
    /// The issuers of this one are not known before its first document.
    NotYet {
        authority: usize,
    },
    /// Its issuer is known, its tenant not accepted.
    OtherTenant {
        authority: usize,
        tenant: TenantId,
    },
    Nowhere,
}

/// One token on its way through the checks.
struct Token<'a> {
    signing_input: &'a str,
    header: Header,
    payload: Payload,
    signature: Vec<u8>,
}

impl Inner {
    /// Decides about a token.
    pub(super) fn decide(&self, token: Credentials<'_>, progress: &mut Progress) -> Decision {
        let bytes = token.bytes();
        if bytes.len() > self.max_token_bytes {
            let expected = format!("{} bytes at most", self.max_token_bytes);
            let got = format!("{} bytes", bytes.len());
            return refuse(Rejection::new(RejectionKind::TokenTooLarge).expected(expected).got(got));
        }
        let now = self.since_epoch();
        if let Some(claims) = self.remembered(bytes, now) {
            self.counters.count(Event::CacheHit);
            return Decision::Done(claims);
        }
        self.counters.count(Event::CacheMiss);
        // What is read to its end has the characters of a token: three parts in base64url. Of what is not, a fault in its
        // characters is the first to be told.
        match token.unchecked_text().and_then(|text| self.read(text)) {
            Ok(read) => self.judge(bytes, read, now, progress),
            Err(rejection) => refuse(token.text().err().unwrap_or(rejection)),
        }
    }

    /// The time since 1970; with a clock that is set before that, everything has expired.
    fn since_epoch(&self) -> Duration {
        self.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::MAX)
    }

    /// A verdict that is remembered: its dates are looked at again, and the very key must still count.
    fn remembered(&self, token: &[u8], now: Duration) -> Option<Result<Claims, Rejection>> {
        let cache = self.cache.as_ref()?;
        let verdict = cache.get(token)?;
        let trust = self.authorities.get(verdict.authority)?;
        if !verdict.stamp.holds(&self.epoch, self.clock.elapsed()) {
            // Read before the look, so that what changes in between is looked at next time.
            let epoch = self.epoch.current();
            let issuer = verdict.claims.issuer();
            let has_issuer = trust.keys.read(|snapshot| named_by(&snapshot.issuers, issuer).is_some());
            let until = trust.keys.confirm(&verdict.key_id, &verdict.key, verdict.claims.tenant_id()?);
            let Some(until) = until.filter(|_| has_issuer) else {
                cache.remove(token);
                return None;
            };
            verdict.stamp.set(epoch, until);
        }
        Some(match trust.policy.check_dates(verdict.claims.payload(), now) {
            Ok(()) => Ok(verdict.claims.clone()),
            Err(rejection) => {
                if rejection.kind() == RejectionKind::Expired {
                    cache.remove(token);
                }
                Err(trust.name_in(rejection.verified(), &verdict.key_id))
            }
        })
    }

    /// Takes a token apart: form, header, payload, signature.
    fn read<'a>(&self, token: &'a str) -> Result<Token<'a>, Rejection> {
        let compact = Compact::split(token)?;
        let header = compact.read_header()?;
        if !self.authorities.iter().any(|trust| trust.algorithms.contains(&header.algorithm)) {
            return Err(Rejection::new(RejectionKind::UnsupportedAlgorithm).got(header.algorithm.as_str()));
        }
        let payload = compact.read_payload()?;
        // Here, not when a key is at hand: else the answer would tell whether there is one.
        let signature = compact.read_signature()?;
        Ok(Token { signing_input: compact.signing_input, header, payload, signature })
    }

    fn judge(&self, bytes: &[u8], token: Token<'_>, now: Duration, progress: &mut Progress) -> Decision {
        let public = public_cause(&token.payload, now);
        let refused = |rejection: Rejection| match &token.header.key_id {
            Some(key_id) => refuse(rejection.with_key_id(key_id).with_public_cause(public)),
            None => refuse(rejection.with_public_cause(public)),
        };
        let Some(key_id) = token.header.key_id.as_deref() else {
            let detail = "its header has no kid, so that no key can be looked up";
            return refused(Rejection::new(RejectionKind::MalformedToken).detail(detail));
        };
        if let PublicCause::MicrosoftApi(_) = public
            && !self.is_configured_audience(&token.payload)
        {
            return refused(self.for_microsoft(&token.payload));
        }
        let is_stale = is_long_expired(&token.payload, now);
        let (authority, version, tenant) = match self.route(&token.payload) {
            Route::To { authority, version, tenant } => (authority, version, tenant),
            Route::NotYet { .. } | Route::Unresolved { .. } if is_stale => {
                return refused(Rejection::new(RejectionKind::Expired));
            }
            Route::Unresolved { authority, tenant } if check_tenant(&token.payload, tenant).is_err() => {
                return refused(self.authorities[authority].other_tenant(&token.payload, tenant));
            }
            route @ (Route::NotYet { authority } | Route::Unresolved { authority, .. }) => {
                let trust = &self.authorities[authority];
                let asked = progress.of(authority);
                let waiter = match route {
                    Route::NotYet { .. } => trust.keys.ask_issuers(asked),
                    _ => trust.keys.ask_domains(asked),
                };
                return match waiter {
                    Some(waiter) => Decision::Wait(waiter),
                    None => refused(match route {
                        // With keys at hand the answer is that for any other tenant: it must not tell which are listed.
                        Route::Unresolved { tenant, .. } if trust.keys.has_keys() => {
                            trust.other_tenant(&token.payload, tenant)
                        }
                        _ => trust.unavailable(),
                    }),
                };
            }
            Route::OtherTenant { authority, tenant } => {
                return refused(self.authorities[authority].other_tenant(&token.payload, tenant));
            }
            Route::Nowhere => {
                let got = token.payload.string(StringClaim::Issuer).unwrap_or("no iss").to_owned();
                let rejection = Rejection::new(RejectionKind::UnknownIssuer).got(got);
                return refused(match self.authorities.as_slice() {
                    [only] => rejection.expected_always(&only.issuers_text()),
                    all => rejection.expected(all.iter().map(Trust::issuers_text).collect::<Vec<_>>().join(" or ")),
                });
            }
        };
        let trust = &self.authorities[authority];
        if !trust.algorithms.contains(&token.header.algorithm) {
            let rejection = Rejection::new(RejectionKind::UnsupportedAlgorithm).got(token.header.algorithm.as_str());
            return refused(rejection.at_authority(&trust.name));
        }

        let found = trust.keys.find(key_id, tenant);
        if found.is_empty() {
            // Nothing is fetched for a token that no authority can have issued, or that is of no use any more.
            if let Err(rejection) = check_tenant(&token.payload, tenant) {
                return refused(rejection.at_authority(&trust.name));
            }
            if is_stale {
                return refused(Rejection::new(RejectionKind::Expired).at_authority(&trust.name));
            }
            if let Some(waiter) = trust.keys.ask(tenant, progress.of(authority)) {
                return Decision::Wait(waiter);
            }
            trust.keys.count_unknown_key();
            return refused(if trust.keys.has_keys() {
                Rejection::new(RejectionKind::UnknownKey).at_authority(&trust.name)
            } else {
                trust.unavailable()
            });
        }

        let verdict = match token.verify(&found) {
            Ok(found) => trust.believe(&token.payload, version, tenant, now, found),
            Err(rejection) => Err(rejection),
        };
        match verdict {
            Err(rejection) => refused(rejection.at_authority(&trust.name)),
            Ok((facts, found)) => {
                let claims = Claims::new(token.payload, facts);
                if let Some(cache) = &self.cache {
                    let stamp = Stamp::default();
                    cache.insert(
                        bytes,
                        Verdict { claims: claims.clone(), authority, key_id: key_id.into(), key: found.key, stamp },
                    );
                }
                Decision::Done(Ok(claims))
            }
        }
    }

    /// The first authority that accepts the tenant; of the others, the one that comes nearest.
    fn route(&self, payload: &Payload) -> Route {
        let Some(issuer) = payload.string(StringClaim::Issuer) else { return Route::Nowhere };
        let mut nearest = Route::Nowhere;
        for (authority, trust) in self.authorities.iter().enumerate() {
            let (named, is_unknown) = trust
                .keys
                .read(|snapshot| (named_by(&snapshot.issuers, issuer), snapshot.issuers == Issuers::default()));
            let Some((version, tenant)) = named else {
                if is_unknown && !matches!(nearest, Route::Unresolved { .. }) {
                    nearest = Route::NotYet { authority };
                }
                continue;
            };
            match trust.keys.accepts(tenant) {
                Accepted::Yes => return Route::To { authority, version, tenant },
                Accepted::Unresolved => nearest = Route::Unresolved { authority, tenant },
                Accepted::No if matches!(nearest, Route::Nowhere) => {
                    nearest = Route::OtherTenant { authority, tenant };
                }
                Accepted::No => {}
            }
        }
        nearest
    }

    fn is_configured_audience(&self, payload: &Payload) -> bool {
        payload
            .list(ListClaim::Audience)
            .into_iter()
            .flatten()
            .any(|audience| self.authorities.iter().any(|trust| trust.policy.audiences.contains(audience)))
    }

    fn for_microsoft(&self, payload: &Payload) -> Rejection {
        let got = payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.next().map(str::to_owned));
        let rejection = Rejection::new(RejectionKind::MicrosoftApiToken).got(got.unwrap_or_default());
        match self.authorities.first() {
            Some(trust) => rejection.expected_always(&trust.audiences),
            None => rejection,
        }
    }
}

impl Token<'_> {
    /// The key that verifies the signature and may speak for the tenant.
    fn verify(&self, found: &[Found]) -> Result<Found, Rejection> {
        let message = self.signing_input.as_bytes();
        let mut rejection = Rejection::new(RejectionKind::BadSignature);
        for candidate in found {
            if candidate.key.verify(self.header.algorithm, message, &self.signature) {
                match candidate.may_speak {
                    Ok(()) => return Ok(candidate.clone()),
                    Err(detail) => rejection = Rejection::new(RejectionKind::WrongIssuer).detail(detail),
                }
            }
        }
        Err(rejection)
    }
}

impl Trust {
    /// Every rule for the claims of a token whose signature has verified.
    fn believe(
        &self,
        payload: &Payload,
        version: TokenVersion,
        tenant: TenantId,
        now: Duration,
        found: Found,
    ) -> Result<(Facts, Found), Rejection> {
        let app_only = check_tenant(payload, tenant)
            .and_then(|()| check_version(payload, version))
            .and_then(|()| self.policy.check(payload, version, now))
            .map_err(Rejection::verified)?;
        Ok((Facts { authority: Arc::clone(&self.name), tenant: Some(tenant), version, app_only }, found))
    }

    /// There are no keys, and none can be had.
    pub(super) fn unavailable(&self) -> Rejection {
        let wait = self.keys.retry_after().max(SHORTEST_RETRY);
        Rejection::new(RejectionKind::KeysUnavailable).at_authority(&self.name).retry_after(wait)
    }

    /// The issuer is of the right form, and names a tenant that is not accepted.
    fn other_tenant(&self, payload: &Payload, tenant: TenantId) -> Rejection {
        let rejection = match check_tenant(payload, tenant) {
            Ok(()) => Rejection::new(RejectionKind::WrongTenant).expected_always(&self.name).got(tenant.to_string()),
            Err(rejection) => rejection,
        };
        rejection.at_authority(&self.name)
    }

    fn name_in(&self, rejection: Rejection, key_id: &str) -> Rejection {
        rejection.at_authority(&self.name).with_key_id(key_id)
    }

    /// The issuers that are accepted, for a message.
    fn issuers_text(&self) -> Arc<str> {
        self.keys.read(|snapshot| snapshot.issuers_text.clone()).unwrap_or_else(|| Arc::clone(&self.name))
    }
}

/// Expired for longer than any leeway: nothing is fetched for it, and anybody can see it.
fn is_long_expired(payload: &Payload, now: Duration) -> bool {
    now >= payload.expires_at.saturating_add(MAX_LEEWAY)
}

/// What anybody can see from the token alone.
fn public_cause(payload: &Payload, now: Duration) -> PublicCause {
    let name = payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.find_map(microsoft_api));
    match name {
        Some(name) => PublicCause::MicrosoftApi(name),
        None if is_long_expired(payload, now) => PublicCause::Expired,
        None => PublicCause::None,
    }
}

fn refuse(rejection: Rejection) -> Decision {
    Decision::Done(Err(rejection))
}

//! The decision about one token, in the order of the codes. It reads the time and the keys once, and never waits.

use std::{sync::Arc, time::Duration};

use super::{
    Inner, Trust,
    fit::{check_tenant, check_version},
    headers::KnownHeader,
    progress::Progress,
    public_cause::{is_long_expired, public_cause},
    route::Route,
};
use crate::{
    bearer,
    cache::Verdict,
    claims::{
        Claims, Facts, TokenVersion,
        payload::{Payload, StringClaim},
    },
    jwt::Compact,
    keys::{
        epoch::Stamp,
        stats::Event,
        store::{Found, Next},
        waiter::Waiter,
    },
    policy::{Nature, Profile},
    rejection::{PublicCause, Rejection, RejectionKind},
    tenant::TenantId,
};

/// What became of a token.
pub(crate) enum Decision {
    Done(Result<Claims, Rejection>),
    /// Keys are on their way: decide again when they have come.
    Wait(Waiter),
}

/// One token on its way through the checks.
struct Token<'a> {
    compact: Compact<'a>,
    header: KnownHeader,
    payload: Box<Payload>,
    signature: Vec<u8>,
}

impl Inner {
    /// Decides about a token.
    pub(super) fn decide(&self, token: &[u8], progress: &mut Progress) -> Decision {
        if token.len() > self.max_token_bytes {
            return refuse(self.too_large(token.len()));
        }
        let now = self.since_epoch();
        if let Some(claims) = self.remembered(token, now) {
            self.counters.count(Event::CacheHit);
            return Decision::Done(claims);
        }
        self.counters.count(Event::CacheMiss);
        // What is read to its end has the characters of a token: three parts in base64url. Of what is not, a fault in its
        // characters is the first to be told.
        match self.read(token) {
            Ok(read) => self.judge(token, read, now, progress),
            Err(rejection) => refuse(bearer::text(token).err().unwrap_or(rejection)),
        }
    }

    /// Takes a token apart: form, header, payload, signature.
    fn read<'a>(&self, token: &'a [u8]) -> Result<Token<'a>, Rejection> {
        let compact = Compact::split(token)?;
        let header = self.headers.read(&compact)?;
        let payload = compact.read_payload()?;
        // Here, not when a key is at hand: else the answer would tell whether there is one.
        let signature = compact.read_signature()?;
        Ok(Token { compact, header, payload, signature })
    }

    pub(super) fn too_large(&self, bytes: usize) -> Rejection {
        let expected = format!("{} bytes at most", self.max_token_bytes);
        Rejection::new(RejectionKind::TokenTooLarge).expected(expected).got(format!("{bytes} bytes"))
    }

    /// The time since 1970; with a clock that is set before that, everything has expired.
    pub(super) fn since_epoch(&self) -> Duration {
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
            // What documents have said since may have made the issuer another's, or disputed.
            let is_its = |version, tenant| (version, tenant) == (verdict.claims.version(), verdict.claims.tenant_id());
            let is_its_own = match self.routes.find(&self.authorities, verdict.claims.payload()) {
                Route::To { authority, version, tenant } => authority == verdict.authority && is_its(version, tenant),
                Route::OneOf { authorities, version, tenant } => {
                    authorities.contains(&verdict.authority) && is_its(version, tenant)
                }
                _ => false,
            };
            let until = trust.keys.confirm(&verdict.key_id, &verdict.key, verdict.claims.tenant_id());
            let Some(until) = until.filter(|_| is_its_own) else {
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

    fn judge(&self, bytes: &[u8], token: Token<'_>, now: Duration, progress: &mut Progress) -> Decision {
        let public = public_cause(&token.header, &token.payload, now);
        let refused = |rejection: Rejection| match &token.header.key_id {
            Some(key_id) => refuse(rejection.with_key_id(key_id).with_public_cause(public)),
            None => refuse(rejection.with_public_cause(public)),
        };
        // Here, after the public cause is known: else the answer would tell which algorithms are accepted.
        if !self.algorithms.contains(&token.header.algorithm) {
            let algorithm = token.header.algorithm.as_str();
            return refused(Rejection::new(RejectionKind::UnsupportedAlgorithm).got(algorithm));
        }
        if token.header.key_id.is_none() && !self.accepts_nameless_keys {
            return refused(without_kid());
        }
        if let PublicCause::MicrosoftApi(_) = public
            && !self.is_configured_audience(&token.payload)
        {
            return refused(self.for_microsoft(&token.payload));
        }
        let is_stale = is_long_expired(&token.payload, now);
        let (authority, version, tenant) = match self.routes.find(&self.authorities, &token.payload) {
            Route::To { authority, version, tenant } => (authority, version, tenant),
            Route::OneOf { authorities, version, tenant } => {
                let key_id = token.header.key_id.as_deref();
                match self.with_key(
                    &authorities,
                    token.payload.string(StringClaim::Issuer).unwrap_or_default(),
                    key_id,
                    tenant,
                ) {
                    Some(authority) => (authority, version, tenant),
                    None => {
                        let first = authorities[0];
                        let is_of_tenant = self.authorities[first].check_tenant(&token.payload, tenant).is_ok();
                        // Any of them may have got the key by now.
                        let ask = |&one: &usize| self.authorities[one].keys.ask_main(progress.of(one));
                        if key_id.is_some()
                            && is_of_tenant
                            && !is_stale
                            && let Some(waiter) = Waiter::all(authorities.iter().filter_map(ask).collect())
                        {
                            return Decision::Wait(waiter);
                        }
                        (first, version, tenant)
                    }
                }
            }
            // Only OpenID Connect issuers, which are known from the start, may have a key without a name.
            _ if token.header.key_id.is_none() => return refused(without_kid()),
            Route::NotYet { .. } | Route::Unresolved { .. } if is_stale => {
                return refused(Rejection::new(RejectionKind::Expired));
            }
            Route::Unresolved { authorities, tenant } => {
                let first = &self.authorities[authorities[0]];
                if check_tenant(&token.payload, tenant).is_err() {
                    return refused(first.other_tenant(&token.payload, tenant));
                }
                let ask = |&authority: &usize| self.authorities[authority].keys.ask_domains(progress.of(authority));
                return match Waiter::all(authorities.iter().filter_map(ask).collect()) {
                    Some(waiter) => Decision::Wait(waiter),
                    // With keys at hand the answer is that for any other tenant: it must not tell which are listed.
                    None => refused(
                        match authorities.iter().find(|&&authority| !self.authorities[authority].keys.has_keys()) {
                            Some(&without_keys) => self.authorities[without_keys].unavailable(),
                            None => first.other_tenant(&token.payload, tenant),
                        },
                    ),
                };
            }
            Route::NotYet { authorities } => {
                let ask = |&authority: &usize| self.authorities[authority].keys.ask_main(progress.of(authority));
                return match Waiter::all(authorities.iter().filter_map(ask).collect()) {
                    Some(waiter) => Decision::Wait(waiter),
                    None => refused(self.authorities[authorities[0]].unavailable()),
                };
            }
            Route::OtherTenant { authority, tenant } => {
                return refused(self.authorities[authority].other_tenant(&token.payload, tenant));
            }
            Route::OtherPolicy { authority } => {
                return refused(self.authorities[authority].other_policy(&token.payload));
            }
            Route::Disputed { authorities } => return refused(self.disputed(authorities)),
            Route::Nowhere => return refused(self.unknown_issuer(&token.payload)),
        };
        let trust = &self.authorities[authority];
        let Some(key_id) = trust.keys.key_id(token.header.key_id.as_deref()) else { return refused(without_kid()) };
        if !trust.algorithms.contains(&token.header.algorithm) {
            return refused(trust.unsupported(&token.header));
        }

        // Before the keys are looked at, so that a document that comes in between is noticed.
        let epoch = self.epoch.current();
        let mut found = trust.keys.find(key_id, tenant);
        if found.is_empty() {
            // Nothing is fetched for a token that no authority can have issued, or that is of no use any more.
            if let Err(rejection) = trust.check_tenant(&token.payload, tenant) {
                return refused(rejection.at_authority(&trust.name));
            }
            if is_stale {
                return refused(Rejection::new(RejectionKind::Expired).at_authority(&trust.name));
            }
            let next = trust.keys.ask(tenant, progress.of(authority));
            if let Next::Wait(waiter) = next {
                return Decision::Wait(waiter);
            }
            if self.epoch.current() != epoch {
                found = trust.keys.find(key_id, tenant);
            }
            if found.is_empty() {
                trust.keys.count_unknown_key();
                if let Next::TenantUnavailable { retry_after, cause } = next {
                    return refused(trust.tenant_unavailable(retry_after, &cause));
                }
                return refused(if trust.keys.has_keys() {
                    Rejection::new(RejectionKind::UnknownKey).at_authority(&trust.name)
                } else {
                    trust.unavailable()
                });
            }
        }

        let verdict = match token.verify(&found) {
            Ok(found) => trust.believe(authority, &token, version, tenant, now).map(|facts| (facts, found)),
            Err(rejection) => Err(rejection),
        };
        let (claims, found) = match verdict {
            Ok((facts, found)) => (Claims::new(token.payload, facts), found),
            Err(rejection) => {
                // A new key without a name is told from its predecessor by nothing but the signature.
                let may_have_changed = key_id.is_empty() && rejection.kind() == RejectionKind::BadSignature;
                if may_have_changed
                    && !is_stale
                    && let Some(waiter) = trust.keys.ask_main(progress.of(authority))
                {
                    return Decision::Wait(waiter);
                }
                return refused(rejection.at_authority(&trust.name));
            }
        };
        if let Some(requirement) = &trust.requirement
            && let Err(rejection) = requirement.check(&claims)
        {
            return refuse(trust.name_in(rejection, key_id));
        }
        if let Some(cache) = &self.cache {
            let (claims, stamp) = (claims.clone(), Stamp::default());
            cache.insert(bytes, Verdict { claims, authority, key_id: key_id.into(), key: found.key, stamp });
        }
        self.headers.remember(token.compact.header, token.header);
        Decision::Done(Ok(claims))
    }
}

impl Token<'_> {
    /// The key that verifies the signature and may speak for the tenant.
    fn verify(&self, found: &[Found]) -> Result<Found, Rejection> {
        let message = self.compact.signing_input;
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
        number: usize,
        token: &Token<'_>,
        version: TokenVersion,
        tenant: Option<TenantId>,
        now: Duration,
    ) -> Result<Facts, Rejection> {
        let nature = self
            .check_origin(&token.payload, version, tenant)
            .and_then(|()| self.policy.check(&token.payload, version, token.header.is_rfc9068, now))
            .map_err(Rejection::verified)?;
        let Nature { app_only, mapped } = nature;
        let authority = Arc::clone(&self.facts);
        Ok(Facts { authority, tenant, version, app_only, number, mapped })
    }

    /// Whether the claims that say who issued the token fit together.
    pub(super) fn check_origin(
        &self,
        payload: &Payload,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) -> Result<(), Rejection> {
        self.check_tenant(payload, tenant)?;
        match self.policy.profile {
            Profile::Workforce | Profile::ExternalId => check_version(payload, version),
            // At B2C `ver` is not the version of the issuer (`docs/entra.md`, "Azure AD B2C").
            Profile::B2c | Profile::OpenIdConnect(_) => Ok(()),
        }
    }

    fn check_tenant(&self, payload: &Payload, tenant: Option<TenantId>) -> Result<(), Rejection> {
        match (&self.policy.profile, tenant) {
            (Profile::Workforce | Profile::ExternalId, Some(tenant)) => check_tenant(payload, tenant),
            // B2C tokens have no `tid` by default (`docs/entra.md`, "Azure AD B2C").
            (Profile::B2c, Some(_)) if payload.string(StringClaim::Tenant).is_none() => Ok(()),
            (Profile::B2c, Some(tenant)) => check_tenant(payload, tenant),
            (Profile::OpenIdConnect(_), None) => Ok(()),
            (_, None) | (Profile::OpenIdConnect(_), Some(_)) => Err(Rejection::new(RejectionKind::WrongIssuer)),
        }
    }

    fn name_in(&self, rejection: Rejection, key_id: &str) -> Rejection {
        rejection.at_authority(&self.name).with_key_id(key_id)
    }
}

pub(super) fn without_kid() -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).detail("its header has no kid, so that no key can be looked up")
}

fn refuse(rejection: Rejection) -> Decision {
    Decision::Done(Err(rejection))
}

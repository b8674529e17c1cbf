use std::{fmt, sync::Arc};

use http::{Extensions, Response, StatusCode, header::WWW_AUTHENTICATE};

use super::{ApiManagement, Log, Responder, ResponseBody, ResponseContext};
use crate::{
    claims::Claims,
    keys::stats::{SHARDS, shard},
    rejection::{Rejection, RejectionKind},
};

/// How the layer answers a refusal. It leaves this in the request for what is inside: with the claims, or where there are
/// none in their place.
#[derive(Clone)]
pub(crate) struct Mark(Arc<Inner>);

/// On cache lines of its own, with the count of its owners.
#[repr(align(128))]
struct Inner {
    responder: Arc<dyn Responder>,
    context: ResponseContext,
    log: Arc<Log>,
}

/// The same mark for each of a few threads: whoever lets a request through counts its owners, and that shall be no meeting
/// point.
pub(crate) struct Marks([Mark; SHARDS]);

impl Marks {
    pub(crate) fn new(responder: &Arc<dyn Responder>, context: &ResponseContext, log: &Arc<Log>) -> Self {
        Self(std::array::from_fn(|_| Mark::new(Arc::clone(responder), context.clone(), Arc::clone(log))))
    }

    /// This thread's.
    pub(crate) fn mark(&self) -> &Mark {
        &self.0[shard()]
    }
}

/// A layer was there: without this in the request, claims count for nothing. It has no size, so that it costs nothing.
#[derive(Clone, Copy)]
struct Passed;

impl Mark {
    pub(crate) fn new(responder: Arc<dyn Responder>, context: ResponseContext, log: Arc<Log>) -> Self {
        Self(Arc::new(Inner { responder, context, log }))
    }

    /// Leaves the mark and the claims in the request, and takes away those of a layer outside.
    pub(crate) fn admit(&self, extensions: &mut Extensions, claims: Option<Claims>) {
        extensions.insert(Passed);
        match claims {
            Some(claims) => {
                let answers: Arc<Inner> = Arc::clone(&self.0);
                extensions.insert(claims.with_answers(answers));
            }
            None => {
                extensions.insert(self.clone());
                extensions.remove::<Claims>();
            }
        }
    }

    /// The whole of a refusal: the event, the answer, and the rejection in the answer's extensions.
    pub(crate) fn refuse<B>(&self, rejection: &Rejection) -> Response<ResponseBody<B>> {
        let Inner { responder, context, log } = &*self.0;
        log.report(rejection);
        let mut response = responder.respond(rejection, context);
        if !response.headers().contains_key(WWW_AUTHENTICATE) {
            // With 400 and 403 too (RFC 6750 §3), unless the responder has chosen another status.
            let is_own = response.status() == rejection.status();
            let is_unauthorized = response.status() == StatusCode::UNAUTHORIZED;
            let challenge = context.challenge();
            let header = challenge.header(rejection).filter(|_| is_own || is_unauthorized);
            if let Some(header) = header.or_else(|| is_unauthorized.then(|| challenge.bare())) {
                response.headers_mut().insert(WWW_AUTHENTICATE, header);
            }
        }
        response.extensions_mut().insert(rejection.clone());
        response.map(ResponseBody::own)
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new(Arc::new(ApiManagement::new()), ResponseContext::default(), Log::without_layer())
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mark").field("context", &self.0.context).finish_non_exhaustive()
    }
}

/// Who is calling, for what stands inside of the layer; or why that is not known, and how it is answered.
///
/// Claims without the mark count for nothing: it fails closed.
pub(crate) fn caller(extensions: &Extensions) -> Result<&Claims, (Rejection, Mark)> {
    if !has_passed(extensions) {
        return Err((Rejection::new(RejectionKind::LayerMissing), Mark::default()));
    }
    extensions.get::<Claims>().ok_or_else(|| (Rejection::new(RejectionKind::MissingToken), answers(extensions)))
}

/// Whether a layer has let this request through.
pub(crate) fn has_passed(extensions: &Extensions) -> bool {
    extensions.get::<Passed>().is_some()
}

/// How the layer outside answers refusals.
pub(crate) fn answers(extensions: &Extensions) -> Mark {
    let with_claims = extensions.get::<Claims>().and_then(Claims::answers);
    match with_claims.and_then(|answers| Arc::clone(answers).downcast().ok()) {
        Some(inner) => Mark(inner),
        None => extensions.get::<Mark>().cloned().unwrap_or_default(),
    }
}

use std::{fmt, sync::Arc};

use http::{Extensions, Response, StatusCode, header::WWW_AUTHENTICATE};

use super::{ApiManagement, Responder, ResponseBody, ResponseContext};
use crate::{
    claims::Claims,
    rejection::{Rejection, RejectionKind},
};

/// How the layer answers a refusal. It leaves this in the request for what is inside: with the claims, or where there are
/// none in their place.
#[derive(Clone)]
pub(crate) struct Mark(Arc<Inner>);

struct Inner {
    responder: Arc<dyn Responder>,
    context: ResponseContext,
}

/// A layer was there: without this in the request, claims count for nothing. It has no size, so that it costs nothing.
#[derive(Clone, Copy)]
struct Passed;

impl Mark {
    pub(crate) fn new(responder: Arc<dyn Responder>, context: ResponseContext) -> Self {
        Self(Arc::new(Inner { responder, context }))
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
        report(rejection);
        let Inner { responder, context } = &*self.0;
        let mut response = responder.respond(rejection, context);
        if response.status() == StatusCode::UNAUTHORIZED && !response.headers().contains_key(WWW_AUTHENTICATE) {
            let challenge = context.challenge();
            let header = challenge.header(rejection).unwrap_or_else(|| challenge.bare());
            response.headers_mut().insert(WWW_AUTHENTICATE, header);
        }
        response.extensions_mut().insert(rejection.clone());
        response.map(ResponseBody::refusal)
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new(Arc::new(ApiManagement::new()), ResponseContext::default())
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

/// One event for each refusal. What came from the token is a string field, which subscribers escape, never the message.
fn report(rejection: &Rejection) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "tower_entra",
                tracing::Level::$level,
                code = rejection.code(),
                status = rejection.status().as_u16(),
                authority = rejection.authority(),
                kid = rejection.key_id(),
                detail = rejection.detail_text(),
                expected = rejection.expected_value(),
                got = rejection.got_value(),
                "request refused: {}", rejection.kind().summary(),
            )
        };
    }
    match rejection.status() {
        StatusCode::INTERNAL_SERVER_ERROR => event!(ERROR),
        StatusCode::SERVICE_UNAVAILABLE => event!(WARN),
        // Every browser and every scanner comes without a token first.
        _ if rejection.kind() == RejectionKind::MissingToken => event!(DEBUG),
        _ => event!(INFO),
    }
}

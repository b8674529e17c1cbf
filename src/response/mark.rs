use std::{fmt, sync::Arc};

use http::{Extensions, Response, StatusCode, header::WWW_AUTHENTICATE};

use super::{ApiManagement, Responder, ResponseBody, ResponseContext};
use crate::{
    claims::Claims,
    rejection::{Rejection, RejectionKind},
};

/// How the layer answers a refusal. It leaves this in the request for what is inside, as a mark that it was there.
#[derive(Clone)]
pub(crate) struct Mark(Arc<Inner>);

struct Inner {
    responder: Arc<dyn Responder>,
    context: ResponseContext,
}

impl Mark {
    pub(crate) fn new(responder: Arc<dyn Responder>, context: ResponseContext) -> Self {
        Self(Arc::new(Inner { responder, context }))
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
pub(crate) fn caller(extensions: &Extensions) -> Result<(&Claims, &Mark), (Rejection, Mark)> {
    let Some(mark) = extensions.get::<Mark>() else {
        return Err((Rejection::new(RejectionKind::LayerMissing), Mark::default()));
    };
    match extensions.get::<Claims>() {
        Some(claims) => Ok((claims, mark)),
        None => Err((Rejection::new(RejectionKind::MissingToken), mark.clone())),
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

use std::{fmt, sync::Arc};

use http::{HeaderMap, Uri};
use tower_layer::Layer;

use super::{
    gate::{Gate, TokenSource},
    service::Authenticate,
};
use crate::{
    response::{ApiManagement, Challenge, LayerMarkers, Log, Responder, ResponseContext},
    verifier::{Verifier, log_detailed_errors},
};

/// Wraps services in [`Authenticate`]. See the [module](crate::authenticate) for examples.
#[derive(Clone)]
#[must_use]
pub struct AuthenticateLayer {
    verifier: Verifier,
    responder: Arc<dyn Responder>,
    challenge: Challenge,
    log: Arc<Log>,
    source: Option<Arc<TokenSource>>,
    optional: bool,
}

impl AuthenticateLayer {
    /// A layer that takes the token from the `Authorization` header alone, wants one, and answers as [`ApiManagement`]
    /// does.
    pub fn new(verifier: Verifier) -> Self {
        if verifier.state().detailed_errors() {
            log_detailed_errors();
        }
        Self {
            log: Arc::new(Log::limited(verifier.clock())),
            verifier,
            responder: Arc::new(ApiManagement::new()),
            challenge: Challenge::new(),
            source: None,
            optional: false,
        }
    }

    /// Answers refused requests with `responder`: one of [`response`](crate::response), or a closure
    /// `Fn(&Rejection) -> http::Response<impl Into<Bytes>>`.
    pub fn responder(mut self, responder: impl Responder) -> Self {
        self.responder = Arc::new(responder);
        self
    }

    /// Lets requests without a token through, without [`Claims`](crate::Claims). A bad token is still refused.
    ///
    /// Another scheme than `Bearer`, and a `Bearer` with nothing behind it, are no token.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The `realm` of the challenge, the name of what is protected (RFC 9110 §11.5).
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.challenge = self.challenge.realm(realm);
        self
    }

    /// The address of this API's protected-resource metadata, for the challenge (RFC 9728 §5.1).
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.challenge = self.challenge.resource_metadata(url);
        self
    }

    /// The scopes to ask for in full, separated by spaces, for the challenge (RFC 6750 §3). It says what to ask for and
    /// demands nothing: [`RequireLayer`](crate::RequireLayer) does.
    pub fn challenge_scope(mut self, scopes: impl Into<String>) -> Self {
        self.challenge = self.challenge.scope(scopes);
        self
    }

    /// Logs every refusal. By default one in 10 s for each code and authority is logged, with the number of the others: see
    /// [the log](crate::authenticate#the-log).
    pub fn log_every_refusal(mut self) -> Self {
        self.log = Arc::new(Log::every());
        self
    }

    /// Takes the token from where `source` finds it, **instead of** the `Authorization` header. It returns the bare token,
    /// without a scheme, or `None` if there is none; the same rules and the same cap hold for it.
    ///
    /// So there is always one place for tokens, and never a question which of two counts (RFC 6750 §2). A token in an
    /// address ends in logs and histories (RFC 6750 §2.3): only for clients that cannot set headers, such as a browser's
    /// WebSocket.
    ///
    /// ```
    /// use http::{HeaderMap, Uri};
    /// use tower_entra::{AuthenticateLayer, Verifier};
    ///
    /// fn websocket(verifier: Verifier) -> AuthenticateLayer {
    ///     AuthenticateLayer::new(verifier).token_from(|_: &HeaderMap, uri: &Uri| {
    ///         let mut pairs = uri.query()?.split('&');
    ///         pairs.find_map(|pair| pair.strip_prefix("access_token=")).map(str::to_owned)
    ///     })
    /// }
    /// ```
    pub fn token_from(mut self, source: impl Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let marks = |detailed| {
            let context = ResponseContext::new(self.challenge.clone(), detailed);
            LayerMarkers::new(&self.responder, &context, &self.log, &self.verifier)
        };
        let gate = Gate {
            verifier: self.verifier.clone(),
            source: self.source.clone(),
            optional: self.optional,
            plain: marks(false),
            detailed: marks(true),
        };
        Authenticate::new(inner, Arc::new(gate))
    }
}

impl fmt::Debug for AuthenticateLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateLayer")
            .field("verifier", &self.verifier)
            .field("challenge", &self.challenge)
            .field("log", &self.log)
            .field("own_source", &self.source.is_some())
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}

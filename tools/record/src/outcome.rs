//! What the library makes of one request.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::UNIX_EPOCH,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE, header::WWW_AUTHENTICATE};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Claims, Rejection, RequireLayer, Requirement, Verifier,
    claims::TokenVersion,
    diagnosis::{Diagnosis, Outcome as CheckOutcome},
    response::{Empty, Grpc, Problem},
};

use crate::{
    configurations::{Answer, Configuration, Layers},
    documents::{Documents, StillClock},
    transport::Sent,
};

/// The parts of an outcome, which are compared one by one.
pub const FIELDS: [&str; 8] = ["status", "code", "cause", "challenge", "body", "further causes", "checks", "claims"];
pub const STATUS: usize = 0;
pub const CODE: usize = 1;
pub const CAUSE: usize = 2;

/// The code of every input of a configuration that is refused.
pub const NO_VERIFIER: &str = "no verifier";

pub type Outcome = [String; FIELDS.len()];

type Answered = Pin<Box<dyn Future<Output = Response<Full<Bytes>>>>>;

/// A verifier with its layers, and a runtime whose time stands still.
pub struct Subject {
    runtime: Runtime,
    verifier: Verifier,
    service: Box<dyn Fn(Request<()>) -> Answered>,
    is_detailed: bool,
}

/// An outcome that is nothing but a code.
pub fn of_code(code: &str) -> Outcome {
    let mut outcome = Outcome::default();
    outcome[CODE] = code.to_owned();
    outcome
}

/// The runtime of one configuration: waiting is skipped.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime without I/O")
}

impl Subject {
    /// # Errors
    ///
    /// The outcome of every input, if the library refuses the configuration.
    pub fn new(configuration: &Configuration, is_warm: bool) -> Result<Self, Box<Outcome>> {
        let documents = Documents { fault: configuration.fault.clone(), ..Documents::default() };
        let is_known = Arc::clone(&documents.is_warm);
        let clock = StillClock::default();
        let verifier = configuration.verifier(documents, clock.clone()).map_err(|error| {
            let settings: Vec<&str> = error.problems().iter().map(|problem| problem.setting()).collect();
            let mut outcome = of_code(NO_VERIFIER);
            outcome[STATUS] = format!("configuration refused: {}", settings.join(" "));
            Box::new(outcome)
        })?;
        let runtime = runtime();
        if is_warm {
            let _ = runtime.block_on(verifier.warm_up());
        }
        is_known.store(true, Relaxed);
        // Longer than the cooldown, and shorter than the time after which keys are refreshed anyway.
        clock.advance(120);
        let layer = layer(configuration, &verifier);
        let service = match configuration.layers {
            Layers::RequirementAlone => boxed(RequireLayer::new(Requirement::scope("Files.Read")).layer(inner())),
            _ => service(layer, configuration.requirement.clone()),
        };
        Ok(Self { runtime, verifier, service, is_detailed: configuration.answer.is_detailed() })
    }

    /// With the usual layers.
    pub fn of_verifier(verifier: Verifier, requirement: Option<Requirement>) -> Self {
        let service = service(AuthenticateLayer::new(verifier.clone()), requirement);
        Self { runtime: runtime(), verifier, service, is_detailed: false }
    }

    pub fn outcome(&self, sent: &Sent) -> Outcome {
        match request(sent) {
            Some(request) => self.outcome_of(request),
            None => self.runtime.block_on(self.of_text(&sent.text)),
        }
    }

    pub fn outcome_of(&self, request: Request<()>) -> Outcome {
        self.runtime.block_on(self.of_request(request))
    }

    async fn of_request(&self, request: Request<()>) -> Outcome {
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        let (parts, body) = (self.service)(request).await.into_parts();
        let body = body.collect().await.expect("the body is in memory").to_bytes();
        // Afterwards: the verdict of a diagnosis may be in the cache that the layer looks into.
        let diagnosis = self.verifier.diagnose_request(&headers, &uri).await;
        let mut outcome = of_diagnosis(&diagnosis);
        outcome[STATUS] = parts.status.as_u16().to_string();
        let code = parts.extensions.get::<Rejection>().map(Rejection::code);
        outcome[CODE] = code.unwrap_or("accepted").to_owned();
        let challenges = parts.headers.get_all(WWW_AUTHENTICATE).iter().map(|value| text(value.as_bytes()));
        outcome[3] = challenges.collect::<Vec<_>>().join(" | ");
        outcome[4] = of_body(&parts.headers, &body, self.is_detailed);
        outcome[7] = parts.extensions.get::<Caller>().map(|caller| caller.0.clone()).unwrap_or_default();
        outcome
    }

    /// What cannot be in a header is verified and diagnosed without a request.
    async fn of_text(&self, text: &str) -> Outcome {
        let verdict = self.verifier.verify(text).await;
        let mut outcome = of_diagnosis(&self.verifier.diagnose(text).await);
        match verdict {
            Ok(claims) => {
                outcome[CODE] = "accepted".to_owned();
                outcome[7] = of_claims(&claims);
            }
            Err(rejection) => {
                outcome[STATUS] = rejection.status().as_u16().to_string();
                outcome[CODE] = rejection.code().to_owned();
            }
        }
        outcome
    }
}

fn request(sent: &Sent) -> Option<Request<()>> {
    let mut request = Request::builder().uri(&sent.uri).body(()).ok()?;
    for (name, value) in &sent.headers {
        request.headers_mut().append(*name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

/// The claims that the service behind the layers sees.
#[derive(Clone)]
struct Caller(String);

/// The service behind the layers.
fn inner()
-> impl Service<Request<()>, Response = Response<Full<Bytes>>, Error = Infallible, Future: 'static> + Clone + 'static {
    service_fn(async |request: Request<()>| {
        let caller = request.extensions().get::<Claims>().map_or_else(|| "nobody".to_owned(), of_claims);
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(Caller(caller));
        Ok::<_, Infallible>(response)
    })
}

fn service(layer: AuthenticateLayer, requirement: Option<Requirement>) -> Box<dyn Fn(Request<()>) -> Answered> {
    match requirement {
        Some(required) => boxed(layer.layer(RequireLayer::new(required).layer(inner()))),
        None => boxed(layer.layer(inner())),
    }
}

fn boxed<S, B>(service: S) -> Box<dyn Fn(Request<()>) -> Answered>
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone + 'static,
    S::Future: 'static,
    B: http_body_util::BodyExt<Data = Bytes> + 'static,
{
    Box::new(move |request| {
        let answer = service.clone().oneshot(request);
        Box::pin(async {
            let (parts, body) = answer.await.unwrap_or_else(|error| match error {}).into_parts();
            let body = body.collect().await.ok().map(|body| body.to_bytes()).unwrap_or_default();
            Response::from_parts(parts, Full::new(body))
        })
    })
}

fn layer(configuration: &Configuration, verifier: &Verifier) -> AuthenticateLayer {
    let layer = AuthenticateLayer::new(verifier.clone());
    let layer = match configuration.answer {
        Answer::Default | Answer::Detailed => layer,
        Answer::Problem | Answer::DetailedProblem => layer.responder(Problem::new()),
        Answer::Grpc => layer.responder(Grpc::new()),
        Answer::Empty => layer.responder(Empty::new()),
    };
    match configuration.layers {
        Layers::Usual | Layers::RequirementAlone => layer,
        Layers::Optional => layer.optional(),
        Layers::Challenge => {
            let metadata = "https://api.contoso.example/.well-known/oauth-protected-resource";
            layer.realm("orders").resource_metadata(metadata).challenge_scope("api://orders/Files.Read")
        }
        Layers::OtherHeader => layer.token_from(|headers, _| {
            headers.get("x-access-token").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        }),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The body exactly, but for hints; of gRPC the status and its details.
fn of_body(headers: &HeaderMap, body: &Bytes, is_detailed: bool) -> String {
    let header = |name: &str| headers.get(name).map(|value| text(value.as_bytes())).unwrap_or_default();
    let status = header("grpc-status");
    if !status.is_empty() {
        // Of "unavailable" (14) the details have a time to wait, which is random.
        let details = if status == "14" { String::new() } else { header("grpc-status-details-bin") };
        return format!("grpc {status} {} {details}", header("grpc-message"));
    }
    let kind = header(CONTENT_TYPE.as_str());
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut members)) if is_detailed => {
            members.retain(|name, _| !["hint", "detail"].contains(&name.as_str()));
            format!("{kind} {}", Value::Object(members))
        }
        _ => format!("{kind} {}", str::from_utf8(body).map_or_else(|_| STANDARD.encode(body), str::to_owned)),
    }
}

fn of_diagnosis(diagnosis: &Diagnosis) -> Outcome {
    let mut outcome = Outcome::default();
    let cause = diagnosis.cause().map_or("accepted", |cause| cause.kind().code());
    outcome[CAUSE] = cause.to_owned();
    let further: Vec<&str> = diagnosis.further().iter().map(|cause| cause.kind().code()).collect();
    outcome[5] = format!("{} {}", diagnosis.code().unwrap_or("accepted"), further.join(" "));
    let marks = diagnosis.checks().iter().map(|check| {
        let mark = match check.outcome {
            CheckOutcome::Passed => "+",
            CheckOutcome::Failed => "-",
            CheckOutcome::NotReached => "?",
        };
        format!("{mark}{}{}", check.name, if check.verified { "!" } else { "" })
    });
    outcome[6] = marks.collect::<Vec<_>>().join(" ");
    outcome
}

/// The claims by what the public interface says of them.
fn of_claims(claims: &Claims) -> String {
    fn joined<'a>(all: impl Iterator<Item = &'a str>) -> String {
        all.collect::<Vec<_>>().join(",")
    }
    let version = match claims.version() {
        TokenVersion::V1 => "v1",
        TokenVersion::V2 => "v2",
        _ => "another",
    };
    let expires = claims.expires_at().duration_since(UNIX_EPOCH).map(|time| time.as_millis()).unwrap_or_default();
    let parts = [
        ("authority", claims.authority().to_owned()),
        ("version", version.to_owned()),
        ("tenant", claims.tenant_id().map(|tenant| tenant.to_string()).unwrap_or_default()),
        ("object", claims.object_id().unwrap_or_default().to_owned()),
        ("subject", claims.subject().unwrap_or_default().to_owned()),
        ("key", claims.subject_key().map(|key| key.as_str().to_owned()).unwrap_or_default()),
        ("client", claims.client_id().unwrap_or_default().to_owned()),
        ("proof", claims.client_authentication().unwrap_or_default().to_owned()),
        ("audiences", joined(claims.audiences())),
        ("scopes", joined(claims.scopes())),
        ("roles", joined(claims.roles())),
        ("groups", joined(claims.groups())),
        ("overage", claims.has_groups_overage().to_string()),
        ("directory", joined(claims.directory_roles())),
        ("contexts", joined(claims.auth_contexts())),
        ("app", claims.is_app_only().to_string()),
        ("guest", claims.is_guest().map(|guest| guest.to_string()).unwrap_or_default()),
        ("agent", format!("{}{}", claims.is_agent(), claims.agent_blueprint().unwrap_or_default())),
        ("expires", expires.to_string()),
    ];
    let parts: Vec<String> = parts.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join(" ")
}

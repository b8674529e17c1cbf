use serde::Serialize;

use super::{PATH, ProtectedResource, resource::Inner};
use crate::{
    claims::scopes,
    error::{
        ConfigError, ConfigProblem,
        ConfigProblemKind::{self, Invalid, Missing},
    },
    tenant::{Cloud, HttpsUrl, TenantId},
    verifier::Verifier,
};

/// Builds a [`ProtectedResource`]. Every mistake is kept, and reported by [`build`](Self::build) together with the others.
///
/// ```
/// use tower_entra::metadata::ProtectedResource;
///
/// let error = ProtectedResource::builder("https://mcp.contoso.example/").scope("offline_access").build().unwrap_err();
/// assert_eq!(error.problems().len(), 3);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ProtectedResourceBuilder {
    resource: Option<String>,
    address: Option<String>,
    authorization_servers: Vec<String>,
    scopes: Vec<String>,
    name: Option<String>,
    documentation: Option<String>,
    policy: Option<String>,
    terms_of_service: Option<String>,
}

/// RFC 9728 §2; what has no elements is left out.
#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    authorization_servers: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes_supported: &'a [String],
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tos_uri: Option<&'a str>,
}

impl ProtectedResource {
    /// For this resource: the App ID URI by which clients ask Entra for tokens, `https://…` or `api://…`, without a slash at
    /// its end.
    pub fn builder(resource: impl Into<String>) -> ProtectedResourceBuilder {
        ProtectedResourceBuilder::new(Some(resource.into()))
    }

    /// For the resource that `verifier` is [configured](crate::VerifierBuilder::resource) with.
    pub fn of(verifier: &Verifier) -> ProtectedResourceBuilder {
        ProtectedResourceBuilder::new(verifier.resource().map(str::to_owned))
    }
}

impl ProtectedResourceBuilder {
    fn new(resource: Option<String>) -> Self {
        Self {
            resource,
            address: None,
            authorization_servers: Vec::new(),
            scopes: Vec::new(),
            name: None,
            documentation: None,
            policy: None,
            terms_of_service: None,
        }
    }

    /// The address at which clients call this API, such as `https://api.contoso.example/mcp`. By default the resource, if
    /// that is an address.
    pub fn address(mut self, url: impl Into<String>) -> Self {
        self.address = Some(url.into());
        self
    }

    /// An authorization server, by its issuer (RFC 8414 §2). Repeat it for more.
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// This tenant of Entra as authorization server: `https://login.microsoftonline.com/{tenant}/v2.0` in the public cloud.
    /// Repeat it for more.
    pub fn tenant(self, cloud: Cloud, tenant: TenantId) -> Self {
        self.authorization_server(cloud.v2_issuer().for_tenant(tenant).to_string())
    }

    /// A scope of this API in full, as clients have to ask for it: `api://…/Files.Read`. Repeat it for more.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// A name for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A page for developers.
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.documentation = Some(url.into());
        self
    }

    /// A page that says what clients may do with the data.
    pub fn policy(mut self, url: impl Into<String>) -> Self {
        self.policy = Some(url.into());
        self
    }

    /// The terms of service.
    pub fn terms_of_service(mut self, url: impl Into<String>) -> Self {
        self.terms_of_service = Some(url.into());
        self
    }

    /// The metadata, rendered once.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with every mistake, each with its setting, its value and what would be right.
    pub fn build(self) -> Result<ProtectedResource, ConfigError> {
        let mut problems = Vec::new();
        let address = self.check_resource(&mut problems);
        self.check_servers(&mut problems);
        self.check_scopes(&mut problems);
        self.check_texts(&mut problems);
        ConfigError::check(problems)?;
        let resource = self.resource.unwrap_or_default();
        let document = Document {
            resource: &resource,
            authorization_servers: &self.authorization_servers,
            scopes_supported: &self.scopes,
            bearer_methods_supported: ["header"],
            resource_name: self.name.as_deref(),
            resource_documentation: self.documentation.as_deref(),
            resource_policy_uri: self.policy.as_deref(),
            resource_tos_uri: self.terms_of_service.as_deref(),
        };
        // Strings and lists of them alone: it cannot fail.
        let json = serde_json::to_vec(&document).unwrap_or_default().into();
        let (origin, own) = address.map(|HttpsUrl { origin, path, .. }| (origin, path)).unwrap_or_default();
        let path = format!("{PATH}{}", own.trim_end_matches('/'));
        let url = format!("{origin}{path}");
        Ok(ProtectedResource::new(Inner { scopes: self.scopes.join(" "), resource, json, path, url }))
    }

    /// The address of the API, if that is settled.
    fn check_resource(&self, problems: &mut Vec<ConfigProblem>) -> Option<HttpsUrl> {
        let mut wrong = |kind: ConfigProblemKind, setting, value, advice: &str| {
            problems.push(ConfigProblem::new(kind, setting, value, advice));
        };
        let own = match self.resource.as_deref() {
            None => {
                wrong(
                    Missing,
                    "resource()",
                    None,
                    "what this API is called is needed: its App ID URI, https://… or api://…",
                );
                None
            }
            Some(text) if text.strip_prefix("api://").is_some_and(|rest| is_plain(rest) && !rest.contains('#')) => {
                if text.ends_with('/') {
                    wrong(Invalid, "resource()", Some(text), NO_SLASH);
                }
                if self.address.is_none() {
                    let advice = "needed with an App ID URI: the public address of this API, such as \
                                  https://api.contoso.example";
                    wrong(Missing, "address()", None, advice);
                }
                None
            }
            Some(text) => checked(text, true).map_err(|advice| wrong(Invalid, "resource()", Some(text), &advice)).ok(),
        };
        match self.address.as_deref() {
            None => own,
            Some(text) => checked(text, true).map_err(|advice| wrong(Invalid, "address()", Some(text), &advice)).ok(),
        }
    }

    fn check_servers(&self, problems: &mut Vec<ConfigProblem>) {
        const SETTING: &str = "authorization_server()";
        if self.authorization_servers.is_empty() {
            let advice =
                "at least one is needed: name the tenant with tenant(), or an issuer with authorization_server()";
            problems.push(ConfigProblem::new(Missing, SETTING, None, advice));
        }
        for text in &self.authorization_servers {
            if let Err(advice) = checked(text, false) {
                problems.push(ConfigProblem::new(Invalid, SETTING, Some(text), advice));
            }
        }
    }

    fn check_scopes(&self, problems: &mut Vec<ConfigProblem>) {
        for scope in &self.scopes {
            let advice = match scope.as_str() {
                "offline_access" => "this is a matter between client and authorization server, no scope of this API",
                _ if scopes::is_scope_token(scope) => continue,
                _ => "one scope is needed, without blanks and quotes; repeat scope() for more",
            };
            problems.push(ConfigProblem::new(Invalid, "scope()", Some(scope), advice));
        }
    }

    fn check_texts(&self, problems: &mut Vec<ConfigProblem>) {
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            problems.push(ConfigProblem::new(
                Invalid,
                "name()",
                self.name.as_deref(),
                "a name is needed; leave it out otherwise",
            ));
        }
        let pages = [
            ("documentation()", &self.documentation),
            ("policy()", &self.policy),
            ("terms_of_service()", &self.terms_of_service),
        ];
        for (setting, page) in pages {
            let Some(text) = page else { continue };
            // A page may be a section of one.
            let (page, section) = text.split_once('#').unwrap_or((text, ""));
            let found = if is_plain(section) || section.is_empty() { check_plain(page) } else { Err(FORM.to_owned()) };
            if let Err(advice) = found {
                problems.push(ConfigProblem::new(Invalid, setting, Some(text), advice));
            }
        }
    }
}

const NO_SLASH: &str = "leave the slash at its end out: Entra compares it character by character (AADSTS9010010)";
const FORM: &str = "an absolute https:// address is needed";

/// An address without query and fragment, which are not part of an identifier (RFC 9728 §1.2, RFC 8414 §2).
fn checked(text: &str, refuse_slash: bool) -> Result<HttpsUrl, String> {
    let address = check_plain(text)?;
    if text.contains('?') {
        return Err("an address with a query (?) is not allowed".to_owned());
    }
    if refuse_slash && text.ends_with('/') {
        return Err(NO_SLASH.to_owned());
    }
    Ok(address)
}

fn check_plain(text: &str) -> Result<HttpsUrl, String> {
    let address = HttpsUrl::parse(text).map_err(|error| error.to_string())?;
    if is_plain(text) { Ok(address) } else { Err(FORM.to_owned()) }
}

/// Characters that an address may have (RFC 3986 §2), at least one.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte))
}

//! The elements of API Management's policies, and what each does to access.

/// The effect of an element on who gets in.
#[derive(Clone, Copy)]
pub(super) enum Effect {
    /// The elements in it are policies.
    Container,
    /// Restricts callers, by something other than the token.
    Restricts(&'static str),
    /// Limits the number of calls.
    Limits(&'static str),
    /// Responds instead of the backend.
    Responds,
    /// Sets the header or query parameter that its attribute `name` names.
    Sets,
    /// Sets the `Authorization` header for the backend.
    Authenticates,
    Fragment,
    /// Does not affect access, but has a note of its own.
    Noted(&'static str),
    /// Decides which backend gets the request.
    Routes,
    /// Decides nothing about access.
    Harmless,
    /// Unknown. By its name it is a check.
    UnknownCheck,
    Unknown,
}

/// The effect by the name, after Microsoft's
/// [policy reference](https://learn.microsoft.com/azure/api-management/api-management-policies).
pub(super) fn effect(name: &str) -> Effect {
    const BASE: &str =
        "stands for the policies of outer scopes, which are not in this document; what they restrict is not imported";
    const CORS: &str = "API Management answers CORS preflight requests before it checks tokens; put a CORS layer outside the \
                        AuthenticateLayer";
    match name {
        "policies" | "inbound" | "backend" | "outbound" | "on-error" | "fragment" | "choose" | "when" | "otherwise"
        | "retry" | "wait" => Effect::Container,
        "ip-filter" => Effect::Restricts("restricts callers by IP address"),
        "check-header" => Effect::Restricts("requires a header"),
        "validate-client-certificate" => Effect::Restricts("requires a client certificate"),
        "validate-content"
        | "validate-parameters"
        | "validate-headers"
        | "validate-status-code"
        | "validate-odata-request"
        | "validate-graphql-request"
        | "llm-content-safety" => Effect::Restricts("rejects messages by their content"),
        "rate-limit"
        | "rate-limit-by-key"
        | "quota"
        | "quota-by-key"
        | "llm-token-limit"
        | "azure-openai-token-limit" => Effect::Limits("limits the number of calls"),
        "limit-concurrency" => Effect::Limits("limits the number of concurrent calls"),
        "return-response" | "mock-response" => Effect::Responds,
        "set-header" | "set-query-parameter" => Effect::Sets,
        "authentication-managed-identity" | "authentication-basic" => Effect::Authenticates,
        "forward-request" | "proxy" | "rewrite-uri" | "set-backend-service" => Effect::Routes,
        "include-fragment" => Effect::Fragment,
        "base" => Effect::Noted(BASE),
        "cors" => Effect::Noted(CORS),
        "authentication-certificate"
        | "cache-lookup"
        | "cache-lookup-value"
        | "cache-remove-value"
        | "cache-store"
        | "cache-store-value"
        | "cosmosdb-data-source"
        | "cross-domain"
        | "emit-metric"
        | "find-and-replace"
        | "get-authorization-context"
        | "http-data-source"
        | "invoke-dapr-binding"
        | "invoke-request"
        | "json-to-xml"
        | "jsonp"
        | "log-to-eventhub"
        | "publish-event"
        | "publish-to-dapr"
        | "redirect-content-urls"
        | "send-one-way-request"
        | "send-request"
        | "send-service-bus-message"
        | "set-body"
        | "set-method"
        | "set-status"
        | "set-variable"
        | "sql-data-source"
        | "trace"
        | "xml-to-json"
        | "xsl-transform" => Effect::Harmless,
        _ if name.starts_with("llm-") || name.starts_with("azure-openai-") => Effect::Harmless,
        _ if name.starts_with("validate-") || name.starts_with("check-") => Effect::UnknownCheck,
        _ => Effect::Unknown,
    }
}

/// Whether the elements in an element are policies. Those in a `send-request`, say, are not.
pub(super) fn is_container(name: &str) -> bool {
    matches!(effect(name), Effect::Container | Effect::Unknown) || name == "limit-concurrency"
}

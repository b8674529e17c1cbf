//! Everything beside the policy: one row for each element and position.

use super::*;
use ConfigProblemKind::{Invalid, Unsupported};
use Outcome::{Error, LoadsWithout, Note};

const NOT_A_GATE: &str = "not imported; does not decide who gets in";
const READS_TOKEN: &str = "not imported; uses the token or its claims without refusing it";

/// The policy, with an output variable.
fn policy() -> String {
    jwt(&(entra(TENANT, "/v2.0") + AUDIENCE)).replacen(
        "<validate-jwt",
        "<validate-jwt output-token-variable-name='jwt-out'",
        1,
    )
}

/// A document with these elements before and after the policy.
fn inbound(before: &str, after: &str) -> String {
    format!("<policies><inbound>{before}{}{after}</inbound></policies>", policy())
}

fn on_error(inner: &str) -> String {
    format!("<policies><inbound>{}</inbound><on-error>{inner}</on-error></policies>", policy())
}

fn choose(condition: &str, inner: &str) -> String {
    format!("<choose><when condition=\"{condition}\">{inner}</when></choose>")
}

const REFUSE: &str = "<return-response><set-status code=\"403\" reason=\"No\" /></return-response>";

#[test]
fn elements_that_restrict_without_the_token_are_notes_that_name_the_restriction() {
    for (element, note) in [
        (
            "<ip-filter action='allow'><address>10.0.0.1</address></ip-filter>",
            "ip-filter: API Management restricts callers by IP address here; this is not imported: keep it in front of the API",
        ),
        (
            "<check-header name='x-key' failed-check-httpcode='401'><value>a</value></check-header>",
            "check-header: API Management requires a header (x-key) here; this is not imported",
        ),
        ("<validate-client-certificate/>", "requires a client certificate here"),
        ("<rate-limit calls='1' renewal-period='1'/>", "rate-limit: API Management limits the number of calls here"),
        (
            "<rate-limit-by-key calls='1' renewal-period='1' counter-key='@(((Jwt)context.Variables[\"jwt-out\"]).Subject)'/>",
            "rate-limit-by-key: API Management limits the number of calls",
        ),
        ("<quota calls='1'/>", "quota: API Management limits the number of calls"),
        ("<quota-by-key calls='1'/>", "quota-by-key: API Management limits the number of calls"),
        ("<llm-token-limit/>", "llm-token-limit: API Management limits the number of calls"),
        (
            "<limit-concurrency key='a' max-count='1'><forward-request/></limit-concurrency>",
            "limits the number of concurrent calls",
        ),
        ("<validate-content/>", "validate-content: API Management rejects messages by their content"),
        ("<validate-parameters/>", "rejects messages by their content"),
        ("<validate-headers/>", "rejects messages by their content"),
        ("<validate-graphql-request/>", "rejects messages by their content"),
        ("<llm-content-safety/>", "rejects messages by their content"),
        (
            "<base/>",
            "base: stands for the policies of outer scopes, which are not in this document; what they restrict is not imported",
        ),
        ("<cors/>", "cors: API Management answers CORS preflight requests before it checks tokens"),
        ("<check-header name='authorization'/>", "requires the header of the token, as the token check does"),
        (
            "<made-up><set-body/></made-up>",
            "made-up: not imported, and not known here: if it restricts callers, keep it",
        ),
    ] {
        Note(note).check(&inbound(element, ""));
        Note(note).check(&inbound("", element));
        Note(note).check(&inbound("", &format!("<wait><choose><otherwise>{element}</otherwise></choose></wait>")));
        LoadsWithout(NOT_A_GATE)
            .check(&inbound(element, "").replace("<set-body/>", "").replace("<forward-request/>", ""));
    }
}

#[test]
fn elements_that_decide_nothing_are_one_note() {
    let harmless = "<set-variable name='a' value='b'/><rewrite-uri template='/'/><set-body>x</set-body><trace/>\
                    <set-backend-service base-url='https://a.example'/><cache-lookup/><log-to-eventhub/><send-request/>\
                    <llm-emit-token-metric/><authentication-certificate/><get-authorization-context/><set-status code='200'/>";
    let group = "set-variable, rewrite-uri, set-body, trace, set-backend-service, cache-lookup, log-to-eventhub, send-request, \
                 llm-emit-token-metric, authentication-certificate, get-authorization-context, set-status: not imported; does \
                 not decide who gets in";
    Note(group).check(&inbound(harmless, harmless));
    Note(READS_TOKEN).check(&inbound("", "<set-header name='x-sub'><value>@(context.Request.Headers[\"Authorization\"].AsJwt().Subject)</value></set-header>"));
    Note(READS_TOKEN).check(&inbound(
        "",
        &choose(
            "@(((Jwt)context.Variables[\"jwt-out\"]).Audiences.Any())",
            "<set-query-parameter name='a'><value>x</value></set-query-parameter>",
        ),
    ));
    // A backend credential after the check changes nothing.
    for after in [
        "<authentication-managed-identity resource='x'/>",
        "<authentication-basic username='a' password='b'/>",
        "<set-header name='Authorization' exists-action='override'><value>x</value></set-header>",
    ] {
        LoadsWithout("the caller's own token is checked").check(&inbound("", after));
        Note(NOT_A_GATE).check(&inbound("", after));
    }
}

#[test]
fn routing_by_the_token_is_a_note_that_says_so() {
    let condition = r#"@(((Jwt)context.Variables["jwt-out"]).Claims.ContainsKey("admin"))"#;
    let note = "not imported; API Management routes by the token here";
    for element in [
        "<set-backend-service base-url='https://a.example'/>",
        "<rewrite-uri template='/admin'/>",
        "<forward-request/>",
        "<proxy url='https://a.example'/>",
    ] {
        Note(note).check(&inbound("", &choose(condition, element)));
        Note(NOT_A_GATE).check(&inbound("", &choose("@(true)", element)));
        LoadsWithout(note).check(&inbound("", &choose("@(true)", element)));
    }
    let by_value = "<set-backend-service base-url='@(context.Variables[\"jwt-out\"].ToString())'/>";
    Note(note).check(&inbound("", by_value));
}

#[test]
fn a_status_by_the_token_is_an_error_if_it_is_a_refusal() {
    let condition = r#"@(!((Jwt)context.Variables["jwt-out"]).Claims.ContainsKey("admin"))"#;
    let document = |section: &str, inner: &str| {
        let after = format!("<{section}>{inner}</{section}>");
        format!("<policies><inbound>{}</inbound>{after}</policies>", policy())
    };
    let status = |code: &str| format!("<set-status code='{code}' reason='x'/>");
    let dynamic = status("@(1)");
    for code in ["400", "403", " 500", "302", "404.0", "@(1)", "{{refused}}", "", "2x0", "2000"] {
        let refuse = choose(condition, &status(code));
        Error(Unsupported, "outbound/choose/when/set-status").check(&document("outbound", &refuse));
        Error(Unsupported, "backend/choose/when/set-status").check(&document("backend", &refuse));
        Error(Unsupported, "inbound/choose/when/set-status").check(&inbound("", &refuse));
        // Not by the token, or nobody in particular.
        Note(NOT_A_GATE).check(&document("outbound", &choose("@(true)", &status(code))));
        Note(NOT_A_GATE).check(&document("outbound", &status(code)));
    }
    let reads = "<set-status code='@(AsJwt() == null ? 403 : 200)' reason='x'/>";
    Error(Unsupported, "outbound/set-status").check(&document("outbound", reads));
    Error(Unsupported, "outbound/choose/otherwise/set-status").check(&document(
        "outbound",
        &format!(
            "<choose><when condition=\"{}\"/><otherwise>{dynamic}</otherwise></choose>",
            condition.replace('!', "")
        ),
    ));
    Error(Unsupported, "on-error/choose/when/set-status").check(&on_error(&choose(condition, &status("200"))));
    for code in ["200", "204 "] {
        Note(READS_TOKEN).check(&document("outbound", &choose(condition, &status(code))));
    }
}

#[test]
fn a_replaced_token_is_a_note_that_the_callers_token_is_checked() {
    let header = |action: &str| format!("<set-header name='authorization' {action}><value>x</value></set-header>");
    for (before, note) in [
        (header(""), "set-header: replaces the Authorization header before validate-jwt runs"),
        (header("exists-action='override'"), "set-header: replaces the Authorization header"),
        (header("exists-action='append'"), "set-header: adds to the Authorization header"),
        (header("exists-action='delete'"), "set-header: removes the Authorization header"),
        (header("exists-action='skip'"), "set-header: supplies, where the caller has none, the Authorization header"),
        (choose("@(true)", &header("")), "here the caller's own token is checked"),
        (
            "<authentication-managed-identity resource='x'/>".to_owned(),
            "authentication-managed-identity: replaces the Authorization header",
        ),
        (
            "<authentication-basic username='a' password='b'/>".to_owned(),
            "authentication-basic: replaces the Authorization header",
        ),
    ] {
        Note(note).check(&inbound(&before, ""));
    }
    let not_replaced = "here the caller's own token is checked";
    for before in [
        "<set-header name='x'><value>x</value></set-header>",
        "<authentication-managed-identity resource='x' output-token-variable-name='t'/>",
        "<send-request><set-header name='Authorization'><value>x</value></set-header></send-request>",
    ] {
        LoadsWithout(not_replaced).check(&inbound(before, ""));
    }
    // Where the token is in another header or in the query.
    let other = inbound("<set-header name='x-token'><value>x</value></set-header>", "")
        .replace("header-name=\"Authorization\"", "header-name=\"X-Token\"");
    Note(not_replaced).check(&other);
    let query = inbound("<set-query-parameter name='t'><value>x</value></set-query-parameter>", "")
        .replace("header-name=\"Authorization\"", "query-parameter-name=\"t\"");
    Note("replaces the query parameter before").check(&query);
}

#[test]
fn decisions_by_the_token_are_errors() {
    let at = "inbound/choose/when/return-response";
    for condition in [
        r#"@(!((Jwt)context.Variables["jwt-out"]).Claims.ContainsKey("roles"))"#,
        r#"@(context.Variables.GetValueOrDefault<Jwt>("JWT-OUT") == null)"#,
        r#"@(context.Variables["jwt-out"] == null)"#,
        r#"@(context.Request.Headers.GetValueOrDefault("Authorization","").AsJwt()?.Claims["roles"] == "a")"#,
        r#"@(context.Request.Headers["authorization"].First().StartsWith("Basic"))"#,
        "@(x.Claims.Any())",
        "@(y.TryParseJwt(out t))",
        // Conditions that test more than a missing token.
        r#"@(!context.Request.Headers.ContainsKey("Authorization") || ip != "10.0.0.1" || AsJwt() == null)"#,
    ] {
        let refuse = choose(condition, REFUSE);
        Error(Unsupported, at).check(&inbound("", &refuse));
        Error(Unsupported, at).check(&inbound(&refuse, ""));
        Error(Unsupported, "inbound/choose/when/choose/when/return-response")
            .check(&inbound("", &choose(condition, &choose("@(true)", REFUSE))));
        // The other branches are reached because the condition does not hold.
        let otherwise = format!("<choose><when condition=\"{condition}\"/><otherwise>{REFUSE}</otherwise></choose>");
        Error(Unsupported, "inbound/choose/otherwise/return-response").check(&inbound("", &otherwise));
        let second = format!(
            "<choose><when condition=\"{condition}\"/><when condition=\"@(true)\"><ip-filter action='allow'/></when></choose>"
        );
        Error(Unsupported, "inbound/choose/when/ip-filter").check(&inbound("", &second));
        Error(Unsupported, "inbound/wait/made-up/choose/when/mock-response")
            .check(&inbound("", &format!("<wait><made-up>{}</made-up></wait>", choose(condition, "<mock-response/>"))));
        for section in ["backend", "outbound", "on-error"] {
            let xml = format!("<policies><inbound>{}</inbound><{section}>{refuse}</{section}></policies>", policy());
            let found = problems(&xml);
            assert!(
                found.len() == 1 && found[0].starts_with(&format!("{section}/choose/when/return-response")),
                "{found:?}"
            );
        }
        // Around the policy.
        let around = format!(
            "<inbound><choose><when condition=\"{condition}\">{}</when><otherwise>{REFUSE}</otherwise></choose></inbound>",
            policy()
        );
        Error(Unsupported, "inbound/choose/otherwise/return-response").check(&around);
        let problem = &problems(&inbound("", &refuse))[0];
        assert!(problem.contains(" = \"@(") && problem.contains("express it as required-claims"), "{problem}");
    }
    Error(Unsupported, "inbound/check-header")
        .check(&inbound("<check-header name='Authorization'><value>a</value></check-header>", ""));
    Error(Unsupported, "inbound/check-header").check(
        &inbound("", &choose("@(true)", "<check-header name='x'><value>@(AsJwt().Id)</value></check-header>"))
            .replace("choose>", "wait>")
            .replace("<when condition=\"@(true)\">", "")
            .replace("</when>", "")
            .replace("<wait>", "")
            .replace("</wait>", ""),
    );
    Error(Unsupported, "inbound/validate-odata-request")
        .check(&inbound("", "<validate-odata-request a=\"@(AsJwt().Id)\"/>"));
    Error(Unsupported, "inbound/validate-made-up").check(&inbound("", "<validate-made-up/>"));
    Error(Unsupported, "inbound/include-fragment").check(&inbound("<include-fragment fragment-id='f'/>", ""));
    Error(Unsupported, "inbound/choose/when/include-fragment")
        .check(&inbound("", &choose("@(true)", "<include-fragment fragment-id='f'/>")));
    Error(Unsupported, "on-error/include-fragment").check(&on_error("<include-fragment fragment-id='f'/>"));
    Error(Unsupported, "backend/include-fragment")
        .check(&format!("<policies><inbound>{}</inbound><backend><include-fragment/></backend></policies>", policy()));
    Note("include-fragment: cannot be resolved; it runs after the response").check(&format!(
        "<policies><inbound>{}</inbound><outbound><include-fragment/></outbound></policies>",
        policy()
    ));
}

#[test]
fn the_token_is_followed_through_variables_headers_and_requests() {
    let reads = r#"@(context.Request.Headers["Authorization"].First())"#;
    for (set, condition) in [
        (format!("<set-variable name='admin' value='{reads}'/>"), r#"@((bool)context.Variables["admin"])"#),
        (
            format!(
                "<set-variable name='a' value='{reads}'/><set-variable name='b' value='@(context.Variables[\"a\"])'/>"
            ),
            r#"@(context.Variables.GetValueOrDefault<bool>("b"))"#,
        ),
        (
            choose(r#"@(AsJwt().Claims.Any())"#, "<set-variable name='admin' value='@(true)'/>"),
            r#"@((bool)context.Variables["ADMIN"])"#,
        ),
        (
            format!("<send-request response-variable-name='active'><set-body>{reads}</set-body></send-request>"),
            r#"@(((IResponse)context.Variables["active"]).StatusCode != 200)"#,
        ),
        (
            "<send-request mode='copy' response-variable-name='active'/>".to_owned(),
            r#"@(context.Variables["active"] == null)"#,
        ),
        (
            format!("<cache-lookup-value key='{reads}' variable-name='known'/>"),
            r#"@(context.Variables.ContainsKey("known"))"#,
        ),
        (
            format!("<set-header name='x-role'><value>{reads}</value></set-header>"),
            r#"@(context.Request.Headers["X-Role"].Any())"#,
        ),
        // An introspection, whose request need not show that it is about the token.
        (
            "<send-request response-variable-name='r'><set-url>https://id.example/introspect</set-url></send-request>"
                .to_owned(),
            r#"@(((IResponse)context.Variables["r"]).StatusCode != 200)"#,
        ),
        ("<made-up response-variable-name='m'/>".to_owned(), r#"@(context.Variables["m"] == null)"#),
    ] {
        Error(Unsupported, "inbound/choose/when/return-response")
            .check(&inbound("", &(set.clone() + &choose(condition, REFUSE))));
        Error(Unsupported, "inbound/choose/when/return-response").check(&inbound(&set, &choose(condition, REFUSE)));
    }
    // Where the token is taken from another place, that is the token.
    let condition = r#"@(context.Request.Headers["X-Token"].Any())"#;
    for attributes in ["header-name='x-token'", "token-value='@(context.Request.Headers[\"x-token\"].First())'"] {
        let xml = inbound("", &choose(condition, REFUSE)).replace("header-name=\"Authorization\"", attributes);
        Error(Unsupported, "inbound/choose/when/return-response").check(&xml);
    }
}

#[test]
fn responses_for_other_reasons_are_notes() {
    let before =
        "responds to some requests itself, before it checks a token; this is not imported: every request needs a token";
    for condition in [
        r#"@(context.Request.Method == "OPTIONS")"#,
        r#"@(!context.Request.Headers.ContainsKey("Authorization"))"#,
        r#"@(context.Request.Headers.GetValueOrDefault("Authorization", "") == "")"#,
        r#"@(string.IsNullOrEmpty(context.Request.Headers.GetValueOrDefault("Authorization","")))"#,
        // The credential of the backend is not the caller's token.
        r#"@((Authorization)context.Variables["auth-context"] == null)"#,
        r#"@(context.LastError.Source == "validate-jwt")"#,
    ] {
        Note(before).check(&inbound(&choose(condition, REFUSE), ""));
        Note("if it restricts callers, keep it in front of the API").check(&inbound("", &choose(condition, REFUSE)));
    }
    Note("API Management responds to every request here itself")
        .check(&inbound("", "<mock-response status-code='200'/>"));
}

#[test]
fn responses_to_errors_must_stay_errors() {
    let status = |status: &str| format!("<return-response><set-status code='{status}' reason='x'/></return-response>");
    let is_jwt = r#"@(context.LastError.Source == "validate-jwt")"#;
    let shapes = "changes the response to failed requests; here the responder does";
    for inner in [
        status("401"),
        status("302"),
        choose(is_jwt, &status("403")),
        status("@(1)"),
        "<set-status code='401'/>".to_owned(),
    ] {
        Note(shapes).check(&on_error(&inner));
    }
    for (inner, place) in [
        (status("200"), "on-error/return-response"),
        (status(" 204"), "on-error/return-response"),
        ("<return-response/>".to_owned(), "on-error/return-response"),
        ("<mock-response/>".to_owned(), "on-error/mock-response"),
        ("<set-status code='200' reason='OK'/>".to_owned(), "on-error/set-status"),
        (choose(is_jwt, &status("200")), "on-error/choose/when/return-response"),
        (
            choose("@(context.Variables.ContainsKey(\"jwt-out\"))", &status("401")),
            "on-error/choose/when/return-response",
        ),
    ] {
        Error(Unsupported, place).check(&on_error(&inner));
    }
    Note(NOT_A_GATE).check(&on_error("<set-header name='x'><value>@(context.LastError.Message)</value></set-header>"));
}

#[test]
fn the_place_of_the_policy_is_judged() {
    for (before, after, outcome) in [
        (
            "<inbound><choose><when condition='@(a)'>",
            "</when></choose></inbound>",
            Note("is inside when, so that API Management applies it to some requests only"),
        ),
        ("<inbound><choose><otherwise>", "</otherwise></choose></inbound>", Note("is inside otherwise")),
        ("<inbound><retry>", "</retry></inbound>", Note("is inside retry")),
        (
            "<inbound><limit-concurrency>",
            "</limit-concurrency></inbound>",
            Note("limits the number of concurrent calls"),
        ),
        ("<policies><outbound>", "</outbound></policies>", Error(Invalid, "validate-jwt")),
        ("<policies><backend>", "</backend></policies>", Error(Invalid, "validate-jwt")),
        ("<policies><on-error>", "</on-error></policies>", Error(Invalid, "validate-jwt")),
    ] {
        outcome.check(&format!("{before}{}{after}", policy()));
    }
}

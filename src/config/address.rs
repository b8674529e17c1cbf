//! URLs of instances and authorities.

use super::{flaw::Flaw, placeholder};
use crate::{
    authority::{AuthoritySpec, WELL_KNOWN},
    error::ConfigProblemKind::Conflict,
    tenant::{
        CHINA_V1_HOST, Cloud, HttpsUrl, Instance, MicrosoftHost, TenantId, after_https, is_loopback, split_scheme,
        with_scheme,
    },
};

/// The hosts of v1 issuers, which serve no sign-in.
const ISSUER_HOSTS: [&str; 2] = ["sts.windows.net", CHINA_V1_HOST];

/// The kinds of authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthorityKind {
    Entra,
    B2c,
    ExternalId,
    OpenIdConnect,
    /// An issuer of workload identities, such as GitHub Actions.
    Workload,
}

impl AuthorityKind {
    /// All kinds, with their names in the setting `Kind`.
    pub(super) const ALL: [(&str, Self); 5] = [
        ("Entra", Self::Entra),
        ("B2C", Self::B2c),
        ("ExternalId", Self::ExternalId),
        ("OpenIdConnect", Self::OpenIdConnect),
        ("Workload", Self::Workload),
    ];

    pub(super) fn of(spec: &AuthoritySpec) -> Self {
        match spec {
            AuthoritySpec::Entra(_) => Self::Entra,
            AuthoritySpec::B2c(_) => Self::B2c,
            AuthoritySpec::ExternalId(_) => Self::ExternalId,
            AuthoritySpec::OpenIdConnect(_) => Self::OpenIdConnect,
            AuthoritySpec::Workload(_) => Self::Workload,
        }
    }

    /// Its description, with an article, for a message.
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Entra => "an Entra tenant",
            Self::B2c => "an Azure AD B2C tenant",
            Self::ExternalId => "an External ID tenant",
            Self::OpenIdConnect => "another OpenID Connect issuer",
            Self::Workload => "an issuer of workload identities",
        }
    }

    /// Whether applications and the API are identified by GUIDs.
    pub(super) fn has_guids(self) -> bool {
        matches!(self, Self::Entra | Self::B2c | Self::ExternalId)
    }
}

/// The parts of an authority's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParsedAuthority {
    /// An Entra instance, or a server that mimics one, and a tenant or a keyword.
    Entra {
        instance: Instance,
        tenant: String,
    },
    B2c {
        base: String,
        tenant: Option<String>,
        policy: Option<String>,
    },
    ExternalId {
        base: String,
        tenant: Option<String>,
    },
    /// Any other OpenID Connect issuer.
    OpenIdConnect,
}

/// The kind of authority that a URL implies; `None` if the text is not a URL.
pub(super) fn form(text: &str) -> Option<AuthorityKind> {
    let address = HttpsUrl::parse(text).ok()?;
    let path = address.path.split('?').next().unwrap_or_default();
    if let Some(kind) = kind_of_host(&address.host) {
        return Some(kind);
    }
    if is_b2c_path(path) {
        return Some(AuthorityKind::B2c);
    }
    let is_entra = is_microsofts(&address.host) || tenant_of(path).is_some_and(is_tenant);
    Some(if is_entra { AuthorityKind::Entra } else { AuthorityKind::OpenIdConnect })
}

/// Parses the URL of an authority of this kind.
///
/// # Errors
///
/// The mistake, and what to write instead.
pub(super) fn authority(text: &str, kind: AuthorityKind) -> Result<ParsedAuthority, Flaw> {
    placeholder::check(text)?;
    let address = HttpsUrl::parse(text)?;
    if !kind.has_guids() {
        return Ok(ParsedAuthority::OpenIdConnect);
    }
    let (path, query) = address.path.split_once('?').unwrap_or((&address.path, ""));
    if !query.is_empty() {
        return Err(query_flaw(&address, query, kind));
    }
    if let Some(start) = path.trim_end_matches('/').strip_suffix(WELL_KNOWN) {
        let advice = format!("is the address of the metadata; write {}{start}", address.origin);
        return Err(Flaw::invalid(advice));
    }
    match kind {
        AuthorityKind::B2c => b2c(&address, path),
        AuthorityKind::ExternalId => match segments_before_version(path).as_slice() {
            [] => Ok(ParsedAuthority::ExternalId { base: address.origin, tenant: None }),
            [tenant] => {
                let tenant = Some((*tenant).to_owned());
                Ok(ParsedAuthority::ExternalId { tenant, base: address.origin })
            }
            _ => Err(Flaw::invalid("only the tenant and /v2.0 may follow the host")),
        },
        AuthorityKind::Entra | AuthorityKind::OpenIdConnect | AuthorityKind::Workload => entra(&address, path),
    }
}

/// Whether an issuer is known to issue only workload identities: GitHub Actions, and the default issuer of Kubernetes.
pub(super) fn is_workload_issuer(text: &str) -> bool {
    const HOSTS: [&str; 3] =
        ["token.actions.githubusercontent.com", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
    HttpsUrl::parse(text).is_ok_and(|address| HOSTS.contains(&address.host.as_str()))
}

/// Whether a URL is at the sign-in host of a Microsoft cloud.
pub(super) fn is_at_cloud(text: &str) -> bool {
    HttpsUrl::parse(text).is_ok_and(|address| is_microsofts(&address.host))
}

/// The mistake in a query, by its parameters.
pub(super) fn query_flaw(address: &HttpsUrl, query: &str, kind: AuthorityKind) -> Flaw {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    let names: Vec<String> = query.split('&').map(name).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let advice = if has("p") && kind == AuthorityKind::B2c {
        "names the policy in its query (?p=); write it as SignUpSignInPolicyId".to_owned()
    } else if has("p") && is_microsofts(&address.host) {
        "names a policy of Azure AD B2C (?p=) at an address that is retired for B2C; write \
         https://contoso.b2clogin.com as Instance, with the name of your tenant, and the policy as SignUpSignInPolicyId"
            .to_owned()
    } else if has("appid") && kind == AuthorityKind::Entra {
        "asks for the keys of one application (?appid=); write AppSpecificKeys: true, and the address without its query"
            .to_owned()
    } else {
        format!("has a query (?{}), which is not supported here; remove it", names.join("=…&") + "=…")
    };
    Flaw::invalid(advice)
}

fn entra(address: &HttpsUrl, path: &str) -> Result<ParsedAuthority, Flaw> {
    let origin = &address.origin;
    let mut segments = path.strip_prefix('/').unwrap_or(path).trim_end_matches('/').split('/');
    let rest = match (segments.next().unwrap_or_default(), segments.next(), segments.next()) {
        ("" | "v2.0", ..) => {
            "the tenant is missing at its end; write {origin}/ and the tenant, or Instance and TenantId in its place"
        }
        (tenant, None, _) => {
            return Ok(ParsedAuthority::Entra { instance: instance(origin)?, tenant: tenant.to_owned() });
        }
        (tenant, Some(version), None) if version.eq_ignore_ascii_case("v2.0") => {
            return Ok(ParsedAuthority::Entra { instance: instance(origin)?, tenant: tenant.to_owned() });
        }
        (tenant, ..) if is_tenant(tenant) => {
            let advice = format!("only /v2.0 may follow the tenant; write {origin}/{tenant}/v2.0");
            return Err(Flaw::invalid(advice));
        }
        _ => "only the tenant and /v2.0 may follow the host; write {origin}/ and the tenant",
    };
    Err(Flaw::invalid(rest.replace("{origin}", origin)))
}

fn b2c(address: &HttpsUrl, path: &str) -> Result<ParsedAuthority, Flaw> {
    let mut segments = segments_before_version(path);
    if segments.first().is_some_and(|first| first.eq_ignore_ascii_case("tfp")) {
        segments.remove(0);
    }
    let mut segments = segments.into_iter().map(str::to_owned);
    match (segments.next(), segments.next(), segments.next()) {
        (tenant, policy, None) => Ok(ParsedAuthority::B2c { base: address.origin.clone(), tenant, policy }),
        _ => Err(Flaw::invalid(
            "only the tenant, the policy and /v2.0 may follow the host, as in \
             https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0",
        )),
    }
}

/// Parses the URL of an `Instance`. A host without a scheme is accepted if it is Microsoft's.
fn instance_address(text: &str) -> Result<HttpsUrl, Flaw> {
    placeholder::check(text)?;
    let text = text.trim();
    if split_scheme(text).is_some() {
        return Ok(HttpsUrl::parse(text)?);
    }
    let address = HttpsUrl::parse(&with_scheme(text))?;
    match MicrosoftHost::of(&address.host) {
        Some(_) => Ok(address),
        None => Err(Flaw::invalid(format!("has no scheme; write https://{text}"))),
    }
}

/// The origin of B2C or External ID in an `Instance`.
///
/// # Errors
///
/// The mistake, and what to write instead.
pub(super) fn base(text: &str) -> Result<String, Flaw> {
    let address = instance_address(text)?;
    match address.path.to_ascii_lowercase().as_str() {
        // Issuers and metadata of B2C used to have /tfp in their paths.
        "/" | "/tfp" | "/tfp/" => Ok(address.origin),
        _ => Err(Flaw::invalid(format!(
            "only the host is needed; write {}, or the full address as Authority",
            address.origin
        ))),
    }
}

/// The tenant's name in the host of B2C or External ID: `contoso` in `https://contoso.b2clogin.com`.
pub(super) fn name_in(base: &str) -> Option<&str> {
    let host = after_https(base)?;
    let name = MicrosoftHost::tenant_name(host)?;
    (!name.is_empty() && !name.contains('.')).then_some(name)
}

/// The segments of a path, without `v2.0` at its end.
fn segments_before_version(path: &str) -> Vec<&str> {
    let mut segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if segments.last().is_some_and(|last| last.eq_ignore_ascii_case("v2.0")) {
        segments.pop();
    }
    segments
}

/// The first segment of a path, if at most `v2.0` follows.
fn tenant_of(path: &str) -> Option<&str> {
    let mut segments = path.trim_start_matches('/').trim_end_matches('/').split('/');
    let tenant = segments.next()?;
    match (segments.next(), segments.next()) {
        (None, _) => Some(tenant),
        (Some(version), None) if version.eq_ignore_ascii_case("v2.0") => Some(tenant),
        _ => None,
    }
}

fn is_b2c_path(path: &str) -> bool {
    path.to_ascii_lowercase().split('/').any(|segment| segment == "tfp" || segment.starts_with("b2c_1"))
}

/// Parses an Entra instance: a base URL, or the name of a cloud.
///
/// # Errors
///
/// The mistake, and what to write instead.
pub(super) fn instance(text: &str) -> Result<Instance, Flaw> {
    let text = text.trim();
    if let Some(cloud) = Cloud::from_name(text) {
        return Ok(cloud.into());
    }
    // A word is not a host, even with a slash at its end.
    let word = text.trim_end_matches(['/', '.']);
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_word && !word.eq_ignore_ascii_case("localhost") {
        placeholder::check(text)?;
        let names: Vec<&str> = Cloud::ALL.into_iter().map(Cloud::name).collect();
        let advice = format!("is not the name of a cloud; write one of {}, or an address", names.join(", "));
        return Err(Flaw::invalid(advice));
    }
    if resembles_cloud(text) {
        let hosts: Vec<&str> = Cloud::ALL.into_iter().map(Cloud::login_host).collect();
        let advice = format!("is not the address of a Microsoft cloud; write one of {}", hosts.join(", "));
        return Err(Flaw::invalid(advice));
    }
    let address = instance_address(text)?;
    if let Some(kind) = kind_of_host(&address.host) {
        return Err(Flaw::new(Conflict, format!("is the address of {}, not of an Entra tenant", kind.described())));
    }
    if ISSUER_HOSTS.contains(&address.host.as_str()) {
        let host = if address.host == CHINA_V1_HOST { Cloud::China } else { Cloud::Public }.login_host();
        return Err(Flaw::invalid(format!("is the host of v1 issuers, not of sign-in; write https://{host}/")));
    }
    let last = address.path.trim_matches('/').split('/').next_back().unwrap_or_default();
    let is_at_cloud = is_microsofts(&address.host);
    if keyword(last).is_some() || last.parse::<TenantId>().is_ok() || (is_at_cloud && is_domain(last)) {
        let advice = format!("has a tenant in it; write {}/ here, and the tenant as TenantId", address.origin);
        return Err(Flaw::invalid(advice));
    }
    if address.path.ends_with("//") {
        return Err(Flaw::invalid(format!("ends in two slashes; write {}/", address.origin)));
    }
    Ok(Instance::parse(&format!("{}{}", address.origin, address.path))?)
}

/// Whether a host contains the name of a cloud, but is not Microsoft's.
fn resembles_cloud(text: &str) -> bool {
    HttpsUrl::parse(&with_scheme(text)).is_ok_and(|address| {
        let has = |own: &&str| address.host.contains(*own);
        MicrosoftHost::of(&address.host).is_none()
            && ["microsoftonline", "chinacloudapi", "windows.net"].iter().any(has)
    })
}

/// The kind of authority that follows from a host alone; `None` for Entra's and custom hosts.
pub(super) fn kind_of_host(host: &str) -> Option<AuthorityKind> {
    match MicrosoftHost::of(host)? {
        MicrosoftHost::B2c => Some(AuthorityKind::B2c),
        MicrosoftHost::ExternalId => Some(AuthorityKind::ExternalId),
        MicrosoftHost::Login(_) | MicrosoftHost::Issuer => None,
    }
}

/// The kind of authority that follows from an instance; `None` for a custom domain.
pub(super) fn kind_of_instance(text: &str) -> Option<AuthorityKind> {
    if Cloud::from_name(text.trim()).is_some() {
        return Some(AuthorityKind::Entra);
    }
    let host = instance_address(text).ok()?.host;
    kind_of_host(&host).or_else(|| is_microsofts(&host).then_some(AuthorityKind::Entra))
}

/// Whether a host is a login host of a Microsoft cloud.
pub(super) fn is_microsofts(host: &str) -> bool {
    Cloud::from_host(host).is_some()
}

/// The advice which kind to configure instead of an OpenID Connect issuer at a Microsoft host.
pub(super) fn better_kind(host: &str) -> Option<&'static str> {
    match MicrosoftHost::of(host)? {
        MicrosoftHost::B2c => Some("is at Azure AD B2C: configure Kind: B2C (in code, Authority::b2c)"),
        MicrosoftHost::ExternalId => {
            Some("is at External ID: configure Kind: ExternalId (in code, Authority::external_id)")
        }
        MicrosoftHost::Login(_) | MicrosoftHost::Issuer => {
            Some("is at Entra: configure TenantId (in code, tenant() or Authority::tenant)")
        }
    }
}

/// The host of an instance, if it is neither Microsoft's nor loopback.
pub(super) fn foreign_host(instance: &Instance) -> Option<String> {
    let address = HttpsUrl::parse(instance.base()).ok()?;
    let is_foreign = instance.cloud().is_none() && !is_loopback(&address.host);
    is_foreign.then_some(address.host)
}

/// Whether a text has the form of a tenant: GUID, keyword or domain.
pub(super) fn is_tenant(text: &str) -> bool {
    text.parse::<TenantId>().is_ok() || keyword(text).is_some() || is_domain(text)
}

/// The keyword for many tenants or for personal accounts, ignoring case.
pub(super) fn keyword(text: &str) -> Option<&'static str> {
    ["organizations", "common", "consumers"].into_iter().find(|keyword| keyword.eq_ignore_ascii_case(text))
}

/// Whether a text can be a verified domain: at least two labels of letters, digits and hyphens, the last of which is not a
/// number.
pub(super) fn is_domain(text: &str) -> bool {
    const LONGEST: usize = 253;
    const LONGEST_LABEL: usize = 63;
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= LONGEST
        && text.contains('.')
        && text.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_parts_follow_from_the_url() {
        const TENANT: &str = "11111111-2222-3333-4444-555555555555";
        let read = |text: &str| authority(text, form(text).unwrap());
        let entra = |text: &str, base: &str, tenant: &str| match read(text) {
            Ok(ParsedAuthority::Entra { instance, tenant: found }) => {
                assert_eq!((instance.base(), &*found), (base, tenant))
            }
            other => panic!("{text}: {other:?}"),
        };
        let public = "https://login.microsoftonline.com";
        for end in ["", "/", "/v2.0", "/v2.0/", "/V2.0"] {
            entra(&format!("{public}/{TENANT}{end}"), public, TENANT);
        }
        entra("https://login.windows.net/contoso.example", public, "contoso.example");
        entra("https://login.microsoftonline.us/common/v2.0", "https://login.microsoftonline.us", "common");
        entra("http://127.0.0.1:4000/organizations", "http://127.0.0.1:4000", "organizations");
        entra(&format!("https://entra.example:8443/{TENANT}/v2.0"), "https://entra.example:8443", TENANT);
        // The tenant is checked later, with the others.
        entra("https://login.microsoftonline.com/nonsense", public, "nonsense");

        let b2c = "https://contoso.b2clogin.com";
        let (domain, susi) = ("contoso.onmicrosoft.com", "B2C_1_susi");
        for (text, base, tenant, policy) in [
            (format!("{b2c}/{domain}/{susi}/v2.0"), b2c, Some(domain), Some(susi)),
            (format!("{b2c}/tfp/{domain}/{susi}/v2.0/"), b2c, Some(domain), Some(susi)),
            (format!("{b2c}/{TENANT}/{susi}"), b2c, Some(TENANT), Some(susi)),
            (format!("{b2c}/{domain}/v2.0"), b2c, Some(domain), None),
            (b2c.to_owned(), b2c, None, None),
            (
                format!("https://login.contoso.example/tfp/{domain}/own"),
                "https://login.contoso.example",
                Some(domain),
                Some("own"),
            ),
            (
                format!("https://login.contoso.example/{domain}/b2c_1a_own/v2.0"),
                "https://login.contoso.example",
                Some(domain),
                Some("b2c_1a_own"),
            ),
        ] {
            let (tenant, policy) = (tenant.map(str::to_owned), policy.map(str::to_owned));
            assert_eq!(read(&text), Ok(ParsedAuthority::B2c { base: base.to_owned(), tenant, policy }), "{text}");
        }
        let ciam = "https://contoso.ciamlogin.com";
        for (end, tenant) in [("", None), ("/", None), ("/v2.0", None), ("/contoso.onmicrosoft.com/v2.0", Some(domain))]
        {
            let tenant = tenant.map(str::to_owned);
            assert_eq!(
                read(&format!("{ciam}{end}")),
                Ok(ParsedAuthority::ExternalId { base: ciam.to_owned(), tenant }),
                "{end}"
            );
        }
        for text in [
            "https://accounts.google.com",
            "https://id.example/realms/main",
            "https://id.example/main",
            "https://id.example/oauth2/default/",
            "https://id.example/?p=1",
        ] {
            assert_eq!(
                (form(text), read(text)),
                (Some(AuthorityKind::OpenIdConnect), Ok(ParsedAuthority::OpenIdConnect)),
                "{text}"
            );
        }
        // Retired for B2C, which is reported when the host is checked.
        assert_eq!(
            form("https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_susi"),
            Some(AuthorityKind::B2c)
        );
        // The path does not determine the kind; the setting `Kind` does.
        let own = format!("https://login.contoso.example/{TENANT}/v2.0");
        assert_eq!(form(&own), Some(AuthorityKind::Entra));
        let base = "https://login.contoso.example".to_owned();
        let tenant = Some(TENANT.to_owned());
        assert_eq!(authority(&own, AuthorityKind::ExternalId), Ok(ParsedAuthority::ExternalId { base, tenant }));
        for text in
            ["", "login.microsoftonline.com", "http://login.microsoftonline.com/common", "http://x.example/common"]
        {
            assert_eq!(form(text), None, "{text}");
            assert!(AuthorityKind::ALL.iter().all(|(_, form)| authority(text, *form).is_err()), "{text}");
        }
        for text in [
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com/",
            "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            "https://login.microsoftonline.com/common?p=B2C_1",
            "https://login.microsoftonline.com:444/common",
            "https://login.microsoftonline.de/common",
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0?p=B2C_1_susi",
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/oauth2/v2.0",
            "https://contoso.ciamlogin.com/a/b",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn base_is_an_origin_without_a_path() {
        for (text, origin, name) in [
            ("https://contoso.b2clogin.com", "https://contoso.b2clogin.com", Some("contoso")),
            ("contoso.b2clogin.com/tfp/", "https://contoso.b2clogin.com", Some("contoso")),
            ("https://contoso.ciamlogin.com/", "https://contoso.ciamlogin.com", Some("contoso")),
            ("https://a.b.ciamlogin.com/", "https://a.b.ciamlogin.com", None),
            ("https://login.contoso.example", "https://login.contoso.example", None),
        ] {
            assert_eq!(base(text).as_deref(), Ok(origin), "{text}");
            assert_eq!(name_in(origin), name, "{text}");
        }
        assert!(base("https://contoso.b2clogin.com/contoso.onmicrosoft.com").is_err());
        assert!(base("http://contoso.b2clogin.com").is_err());
    }

    #[test]
    fn instance_is_a_login_host_or_a_custom_one() {
        for text in
            ["https://login.microsoftonline.com/", "login.microsoftonline.us", "http://[::1]:4000", "https://x.example"]
        {
            assert!(instance(text).is_ok(), "{text}");
        }
        for text in [
            "https://contoso.ciamlogin.com",
            "https://contoso.b2clogin.com/",
            "https://login.microsoftonline.de",
            "https://login.microsoftonline.com.evil.example",
            "https://login.microsoftonline.com/common",
        ] {
            assert!(instance(text).is_err(), "{text}");
        }
        assert_eq!(foreign_host(&instance("https://entra.example:8443/x").unwrap()).as_deref(), Some("entra.example"));
        assert_eq!(foreign_host(&instance("http://127.0.0.1:1").unwrap()), None);
    }

    #[test]
    fn domain_has_two_labels_at_least() {
        for text in
            ["contoso.example", "a.b", "contoso.onmicrosoft.com", "xn--bcher-kva.example", "1.example", "A.EXAMPLE"]
        {
            assert!(is_domain(text), "{text}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for text in ["", ".", "a.", ".a", "a", "a..b", "-a.b", "a-.b", "a_b.c", "a b.c", "1.2.3.4", "ä.example", &long]
        {
            assert!(!is_domain(text), "{text}");
        }
    }
}

//! Addresses of instances and authorities.

use super::flaw::Flaw;
use crate::{
    error::ConfigProblemKind::Conflict,
    tenant::{Address, CHINA_V1_HOST, Cloud, Instance, MicrosoftHost, TenantId, check_address},
};

/// The kinds of authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Entra,
    B2c,
    ExternalId,
    OpenIdConnect,
}

impl Form {
    /// By the names that `Kind` has for them.
    pub(super) const ALL: [(&str, Self); 4] = [
        ("Entra", Self::Entra),
        ("B2C", Self::B2c),
        ("ExternalId", Self::ExternalId),
        ("OpenIdConnect", Self::OpenIdConnect),
    ];

    /// Whose authorities they are, for a message.
    pub(super) fn whose(self) -> &'static str {
        match self {
            Self::Entra => "Entra's",
            Self::B2c => "Azure AD B2C's",
            Self::ExternalId => "External ID's",
            Self::OpenIdConnect => "another OpenID Connect issuer's",
        }
    }
}

/// What a full address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// An instance of Entra, or one that speaks like it, and a tenant or a keyword.
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
    /// Any other OpenID Connect issuer, as it is written.
    OpenIdConnect,
}

/// The kind of authority that a full address names; `None` if it is no address.
pub(super) fn form(text: &str) -> Option<Form> {
    let address = check_address(text).ok()?;
    let path = address.path.split('?').next().unwrap_or_default();
    if let Some(form) = form_of_host(&address.host) {
        return Some(form);
    }
    if is_b2c_path(path) {
        return Some(Form::B2c);
    }
    let is_entra = is_microsofts(&address.host) || tenant_of(path).is_some_and(is_tenant);
    Some(if is_entra { Form::Entra } else { Form::OpenIdConnect })
}

/// What a full address of this kind says, or what is wrong with it.
pub(super) fn authority(text: &str, form: Form) -> Result<Spot, Flaw> {
    let address = check_address(text)?;
    if form == Form::OpenIdConnect {
        return Ok(Spot::OpenIdConnect);
    }
    if address.path.contains('?') {
        let advice = if form == Form::B2c { "; name the policy as SignUpSignInPolicyId" } else { "" };
        return Err(Flaw::invalid(format!("an address with a query (?) is not allowed{advice}")));
    }
    match form {
        Form::B2c => {
            let mut rest = behind_host(&address);
            if rest.first().is_some_and(|first| first.eq_ignore_ascii_case("tfp")) {
                rest.remove(0);
            }
            let mut rest = rest.into_iter().map(str::to_owned);
            match (rest.next(), rest.next(), rest.next()) {
                (tenant, policy, None) => Ok(Spot::B2c { base: address.origin, tenant, policy }),
                _ => Err(Flaw::invalid(
                    "the form is https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0",
                )),
            }
        }
        Form::ExternalId => match behind_host(&address).as_slice() {
            [] => Ok(Spot::ExternalId { base: address.origin, tenant: None }),
            [tenant] => Ok(Spot::ExternalId { tenant: Some((*tenant).to_owned()), base: address.origin }),
            _ => Err(Flaw::invalid("nothing but the tenant and /v2.0 may stand behind the host")),
        },
        _ => entra(&address),
    }
}

fn entra(address: &Address) -> Result<Spot, Flaw> {
    const FORM: &str = "an address such as https://login.microsoftonline.com/ and the tenant is needed";
    match tenant_of(&address.path) {
        Some("") => Err(Flaw::invalid(format!("the tenant is missing at its end; {FORM}"))),
        None => Err(Flaw::invalid(format!("nothing but /v2.0 may stand behind the tenant; {FORM}"))),
        Some(tenant) => Ok(Spot::Entra { instance: instance(&address.origin)?, tenant: tenant.to_owned() }),
    }
}

/// The host of an authority of B2C or External ID, as `Instance` has it.
pub(super) fn base(text: &str) -> Result<String, Flaw> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let address = check_address(&with_scheme)?;
    match address.path.trim_end_matches('/').to_ascii_lowercase().as_str() {
        // As it was usual for B2C once.
        "" | "/tfp" => Ok(address.origin),
        _ => Err(Flaw::invalid("the host alone is needed; a full address is an Authority")),
    }
}

/// The name before the suffix of a host of B2C's or External ID's: `contoso` of `https://contoso.b2clogin.com`.
pub(super) fn name_in(base: &str) -> Option<&str> {
    let host = base.strip_prefix("https://")?;
    let name = MicrosoftHost::tenant_name(host)?;
    (!name.is_empty() && !name.contains('.')).then_some(name)
}

/// The segments of a path, but for `v2.0` at the end.
fn behind_host(address: &Address) -> Vec<&str> {
    let mut segments: Vec<&str> = address.path.trim_matches('/').split('/').filter(|part| !part.is_empty()).collect();
    if segments.last().is_some_and(|last| last.eq_ignore_ascii_case("v2.0")) {
        segments.pop();
    }
    segments
}

/// The first segment of a path, if nothing but `v2.0` is behind it.
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

/// The instance at a base address, or what is wrong with it.
pub(super) fn instance(text: &str) -> Result<Instance, Flaw> {
    // A slash behind it makes no host of a word.
    let word = text.trim_end_matches(['/', '.']);
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_word && Cloud::from_name(text).is_none() && !word.eq_ignore_ascii_case("localhost") {
        let names: Vec<&str> = Cloud::ALL.into_iter().map(Cloud::name).collect();
        return Err(Flaw::invalid(format!(
            "is the name of no cloud; there are {}, or an address is needed",
            names.join(", ")
        )));
    }
    let instance = Instance::parse(text)?;
    let host = host(&instance);
    if let Some(form) = form_of_host(host) {
        return Err(Flaw::new(Conflict, format!("is {}, not Entra's", form.whose())));
    }
    if instance.cloud().is_none()
        && ["microsoftonline", "chinacloudapi", "windows.net"].iter().any(|own| host.contains(own))
    {
        let hosts: Vec<&str> = Cloud::ALL.into_iter().map(Cloud::login_host).collect();
        return Err(Flaw::invalid(format!("no cloud of Microsoft's has this address; there are {}", hosts.join(", "))));
    }
    Ok(instance)
}

/// The kind of authority that a host is of, where it can be told by that alone.
pub(super) fn form_of_host(host: &str) -> Option<Form> {
    match MicrosoftHost::of(host)? {
        MicrosoftHost::B2c => Some(Form::B2c),
        MicrosoftHost::ExternalId => Some(Form::ExternalId),
        MicrosoftHost::Login(_) | MicrosoftHost::Issuer => None,
    }
}

/// The kind that an instance says by its host: of a domain of one's own it does not.
pub(super) fn form_of_instance(text: &str) -> Option<Form> {
    if Cloud::from_name(text).is_some() {
        return Some(Form::Entra);
    }
    let host = check_address(&base(text).ok()?).ok()?.host;
    form_of_host(&host).or_else(|| is_microsofts(&host).then_some(Form::Entra))
}

/// Whether a host is one of Entra's own.
pub(super) fn is_microsofts(host: &str) -> bool {
    Cloud::from_host(host).is_some()
}

/// What to say where a host is given as that of any issuer, and there is a kind of authority that knows it better.
pub(super) fn better_kind(host: &str) -> Option<&'static str> {
    match form_of_host(host) {
        Some(Form::B2c) => Some("is Azure AD B2C's: use Authority::b2c, which knows its rules"),
        Some(_) => Some("is External ID's: use Authority::external_id, which knows its rules"),
        None if is_microsofts(host) => Some("is Entra's: use tenant() or Authority::tenant, which knows its rules"),
        // Of v1 tokens in China (`docs/entra.md`, "Issuers").
        None if host == CHINA_V1_HOST => Some("is Entra's: use tenant() or Authority::tenant"),
        None => None,
    }
}

/// The host of an instance that is none of Microsoft's and does not live on this machine.
pub(super) fn foreign_host(instance: &Instance) -> Option<&str> {
    let is_foreign = instance.cloud().is_none() && instance.base().starts_with("https://");
    is_foreign.then(|| host(instance))
}

fn host(instance: &Instance) -> &str {
    let rest = instance.base().split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether a text has one of the forms that a tenant can be named by.
pub(super) fn is_tenant(text: &str) -> bool {
    text.parse::<TenantId>().is_ok() || keyword(text).is_some() || is_domain(text)
}

/// The keyword that stands for many tenants, or for personal accounts.
pub(super) fn keyword(text: &str) -> Option<&'static str> {
    ["organizations", "common", "consumers"].into_iter().find(|keyword| keyword.eq_ignore_ascii_case(text))
}

/// Whether a text can be a verified domain: labels of letters, digits and hyphens, two at least, the last not a number.
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
    fn authorities_by_their_addresses() {
        const TENANT: &str = "11111111-2222-3333-4444-555555555555";
        let read = |text: &str| authority(text, form(text).unwrap());
        let entra = |text: &str, base: &str, tenant: &str| match read(text) {
            Ok(Spot::Entra { instance, tenant: found }) => assert_eq!((instance.base(), &*found), (base, tenant)),
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
        // A Microsoft cloud's tenant is judged with the others.
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
            assert_eq!(read(&text), Ok(Spot::B2c { base: base.to_owned(), tenant, policy }), "{text}");
        }
        let ciam = "https://contoso.ciamlogin.com";
        for (end, tenant) in [("", None), ("/", None), ("/v2.0", None), ("/contoso.onmicrosoft.com/v2.0", Some(domain))]
        {
            let tenant = tenant.map(str::to_owned);
            assert_eq!(read(&format!("{ciam}{end}")), Ok(Spot::ExternalId { base: ciam.to_owned(), tenant }), "{end}");
        }
        for text in [
            "https://accounts.google.com",
            "https://id.example/realms/main",
            "https://id.example/main",
            "https://id.example/oauth2/default/",
            "https://id.example/?p=1",
        ] {
            assert_eq!((form(text), read(text)), (Some(Form::OpenIdConnect), Ok(Spot::OpenIdConnect)), "{text}");
        }
        // Entra's host does not issue B2C's tokens any more; that is said where the host is judged.
        assert_eq!(form("https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_susi"), Some(Form::B2c));
        // A path alone does not say who reads it: `Kind` does.
        let own = format!("https://login.contoso.example/{TENANT}/v2.0");
        assert_eq!(form(&own), Some(Form::Entra));
        let base = "https://login.contoso.example".to_owned();
        let tenant = Some(TENANT.to_owned());
        assert_eq!(authority(&own, Form::ExternalId), Ok(Spot::ExternalId { base, tenant }));
        for text in
            ["", "login.microsoftonline.com", "http://login.microsoftonline.com/common", "http://x.example/common"]
        {
            assert_eq!(form(text), None, "{text}");
            assert!(Form::ALL.iter().all(|(_, form)| authority(text, *form).is_err()), "{text}");
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
    fn bases() {
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
    fn instances_by_their_addresses() {
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
        assert_eq!(foreign_host(&instance("https://entra.example:8443/x").unwrap()), Some("entra.example"));
        assert_eq!(foreign_host(&instance("http://127.0.0.1:1").unwrap()), None);
    }

    #[test]
    fn domains() {
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

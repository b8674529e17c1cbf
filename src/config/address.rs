//! Addresses of instances and authorities.

use crate::tenant::{Cloud, Instance, TenantId, check_address};

/// What kind of authority an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An instance of Entra, or one that speaks like it, and a tenant or a keyword.
    Entra {
        instance: Instance,
        tenant: String,
    },
    B2c,
    ExternalId,
    /// Any other OpenID Connect issuer.
    OpenIdConnect,
}

/// The kind of authority that a full address names, or what is wrong with the address.
pub(super) fn authority(text: &str) -> Result<Form, String> {
    const FORM: &str = "an address such as https://login.microsoftonline.com/ and the tenant is needed";
    let address = check_address(text).map_err(|error| error.to_string())?;
    if address.path.contains('?') {
        return Err("an address with a query (?) is not allowed".to_owned());
    }
    let path = address.path.to_ascii_lowercase();
    if let Some(form) = other_form(&address.host) {
        return Ok(form);
    }
    if path.split('/').any(|segment| segment == "tfp" || segment.starts_with("b2c_1")) {
        return Ok(Form::B2c);
    }
    let is_microsoft = Cloud::from_host(&address.host).is_some();
    let mut segments = address.path.trim_start_matches('/').trim_end_matches('/').split('/');
    let tenant = segments.next().unwrap_or_default();
    let is_whole = match (segments.next(), segments.next()) {
        (None, _) => true,
        (Some(version), None) => version.eq_ignore_ascii_case("v2.0"),
        _ => false,
    };
    if tenant.is_empty() && is_microsoft {
        return Err(format!("the tenant is missing at its end; {FORM}"));
    }
    if !is_whole && is_microsoft {
        return Err(format!("nothing but /v2.0 may stand behind the tenant; {FORM}"));
    }
    if !is_whole || !(is_microsoft || is_tenant(tenant)) {
        return Ok(Form::OpenIdConnect);
    }
    let instance = instance(&address.origin)?;
    Ok(Form::Entra { instance, tenant: tenant.to_owned() })
}

/// The instance at a base address, or what is wrong with it.
pub(super) fn instance(text: &str) -> Result<Instance, String> {
    let instance = Instance::parse(text).map_err(|error| error.to_string())?;
    let host = host(&instance);
    if let Some(form) = other_form(host) {
        return Err(unsupported(&form).to_owned());
    }
    if instance.cloud().is_none()
        && ["microsoftonline", "chinacloudapi", "windows.net"].iter().any(|own| host.contains(own))
    {
        let hosts: Vec<&str> = Cloud::ALL.into_iter().map(Cloud::login_host).collect();
        return Err(format!("no cloud of Microsoft's has this address; there are {}", hosts.join(", ")));
    }
    Ok(instance)
}

fn other_form(host: &str) -> Option<Form> {
    if host.ends_with(".b2clogin.com") {
        Some(Form::B2c)
    } else if host.ends_with(".ciamlogin.com") {
        Some(Form::ExternalId)
    } else {
        None
    }
}

/// Whether a host is one of Entra's own.
pub(super) fn is_microsofts(host: &str) -> bool {
    Cloud::from_host(host).is_some()
}

/// What to say where a host is given as that of any issuer, and there is a kind of authority that knows it better.
pub(super) fn better_kind(host: &str) -> Option<&'static str> {
    match other_form(host) {
        Some(Form::B2c) => Some("is Azure AD B2C's: use Authority::b2c, which knows its rules"),
        Some(_) => Some("is External ID's: use Authority::external_id, which knows its rules"),
        None if is_microsofts(host) => Some("is Entra's: use tenant() or Authority::tenant, which knows its rules"),
        // Of v1 tokens in China (§1.2).
        None if host == "sts.chinacloudapi.cn" => Some("is Entra's: use tenant() or Authority::tenant"),
        None => None,
    }
}

/// What to say of a kind of authority that cannot be had.
pub(super) fn unsupported(form: &Form) -> &'static str {
    match form {
        Form::Entra { .. } => "",
        Form::B2c => "Azure AD B2C authorities are not supported yet",
        Form::ExternalId => "External ID (ciamlogin.com) authorities are not supported yet",
        Form::OpenIdConnect => {
            "OpenID Connect issuers other than Entra are not supported yet; for Entra, the address ends with the tenant \
             or with /v2.0 behind it"
        }
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
        let entra = |text: &str, base: &str, tenant: &str| match authority(text) {
            Ok(Form::Entra { instance, tenant: found }) => assert_eq!((instance.base(), &*found), (base, tenant)),
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

        for (text, form) in [
            ("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0", Form::B2c),
            ("https://login.contoso.example/tfp/contoso.onmicrosoft.com/B2C_1_susi", Form::B2c),
            ("https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_susi", Form::B2c),
            ("https://contoso.ciamlogin.com/", Form::ExternalId),
            ("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0", Form::ExternalId),
            ("https://accounts.google.com", Form::OpenIdConnect),
            ("https://id.example/realms/main", Form::OpenIdConnect),
            ("https://id.example/main", Form::OpenIdConnect),
        ] {
            assert_eq!(authority(text), Ok(form), "{text}");
        }
        for text in [
            "",
            "login.microsoftonline.com",
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com/",
            "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            "https://login.microsoftonline.com/common?p=B2C_1",
            "https://login.microsoftonline.com:444/common",
            "https://login.microsoftonline.de/common",
            "http://login.microsoftonline.com/common",
            "http://entra.example/common",
        ] {
            assert!(authority(text).is_err(), "{text}");
        }
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

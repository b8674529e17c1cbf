use std::{fmt, sync::Arc};

use super::{TenantId, split_origin};

/// An issuer with a placeholder for the tenant, compared exactly ([issuer template
/// matching](crate::guide::entra#issuer-template-matching)).
///
/// `https://login.microsoftonline.com/{tenantid}/v2.0` is the issuer of every tenant; with a GUID instead of the placeholder,
/// of that tenant alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IssuerTemplate {
    prefix: Arc<str>,
    suffix: Arc<str>,
    tenant: Option<TenantId>,
}

const PLACEHOLDER: &str = "{tenantid}";
const TENANT_LENGTH: usize = 36;

impl IssuerTemplate {
    pub(crate) fn new(prefix: &str, suffix: &str) -> Self {
        Self { prefix: prefix.into(), suffix: suffix.into(), tenant: None }
    }

    /// Parses the `issuer` of a metadata document or of a key, which has the placeholder `{tenantid}` or one tenant's GUID as a
    /// segment of its path. `None` for any other text, including a template that ends with its placeholder.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((prefix, suffix)) = text.split_once(PLACEHOLDER) {
            let whole = prefix.ends_with('/') && suffix.starts_with('/') && !suffix.contains(PLACEHOLDER);
            return whole.then(|| Self::new(prefix, suffix));
        }
        let (origin, _) = split_origin(text)?;
        let mut start = origin.len() + 1;
        for segment in text[start..].split('/') {
            if let Some(tenant) = TenantId::from_canonical(segment) {
                let end = start + segment.len();
                let suffix = &text[end..];
                return (!suffix.is_empty()).then(|| Self {
                    prefix: text[..start].into(),
                    suffix: suffix.into(),
                    tenant: Some(tenant),
                });
            }
            start += segment.len() + 1;
        }
        None
    }

    /// The issuer of this tenant alone.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..self.clone() }
    }

    /// The issuer with the placeholder, for every tenant.
    #[must_use]
    pub fn for_any_tenant(&self) -> Self {
        Self { tenant: None, ..self.clone() }
    }

    /// The parts before and after the tenant.
    pub(crate) fn ends(&self) -> (&Arc<str>, &Arc<str>) {
        (&self.prefix, &self.suffix)
    }

    /// The tenant in it; `None` if it has the placeholder.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }

    /// Whether `issuer` equals this template with `tenant` in place of the placeholder, byte for byte.
    #[must_use]
    pub fn matches(&self, issuer: &str, tenant: TenantId) -> bool {
        self.tenant_of(issuer) == Some(tenant)
    }

    /// The tenant that `issuer` names, if it is of this form.
    #[must_use]
    pub fn tenant_of(&self, issuer: &str) -> Option<TenantId> {
        let middle = issuer.strip_prefix(&*self.prefix)?.strip_suffix(&*self.suffix)?;
        if middle.len() != TENANT_LENGTH {
            return None;
        }
        let tenant = TenantId::from_canonical(middle)?;
        self.is_for_tenant(tenant).then_some(tenant)
    }

    /// Whether it has the placeholder, or is the issuer of this tenant.
    #[must_use]
    pub fn is_for_tenant(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|only| only == tenant)
    }

    /// Whether both have the same text around the tenant.
    #[must_use]
    pub fn same_form(&self, other: &Self) -> bool {
        self.prefix == other.prefix && self.suffix == other.suffix
    }
}

impl fmt::Display for IssuerTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tenant {
            Some(tenant) => write!(f, "{}{tenant}{}", self.prefix, self.suffix),
            None => write!(f, "{}{PLACEHOLDER}{}", self.prefix, self.suffix),
        }
    }
}

impl fmt::Debug for IssuerTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerTemplate({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    fn tenant() -> TenantId {
        TENANT.parse().unwrap()
    }

    #[test]
    fn template_matches_exactly() {
        let v2 = IssuerTemplate::parse("https://login.microsoftonline.com/{tenantid}/v2.0").unwrap();
        let good = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
        assert!(v2.matches(&good, tenant()));
        for bad in [
            format!("{good}/"),
            format!(" {good}"),
            good.replace("https", "http"),
            good.replace("microsoftonline", "MICROSOFTONLINE"),
            good.replace("v2.0", "V2.0"),
            good.replace(TENANT, "{tenantid}"),
            good.replace(TENANT, "common"),
            good.replace("login.microsoftonline.com", "login.microsoftonline.com.evil.example"),
            good.replace("login.microsoftonline.com", "login.microsoftonline.com@evil.example"),
            good.replace(TENANT, &format!("{TENANT}/{TENANT}")),
            String::new(),
        ] {
            assert!(!v2.matches(&bad, tenant()), "{bad}");
        }
        assert!(!v2.matches(&good, TenantId::PERSONAL_ACCOUNTS));
    }

    #[test]
    fn issuer_of_one_tenant_matches_that_tenant_alone() {
        let concrete = IssuerTemplate::parse(&format!("https://sts.windows.net/{TENANT}/")).unwrap();
        assert_eq!(concrete.tenant(), Some(tenant()));
        assert!(concrete.matches(&format!("https://sts.windows.net/{TENANT}/"), tenant()));
        assert!(!concrete.is_for_tenant(TenantId::PERSONAL_ACCOUNTS));
        assert_eq!(concrete.to_string(), format!("https://sts.windows.net/{TENANT}/"));
    }

    #[test]
    fn template_that_could_match_too_much_is_refused() {
        for text in [
            "",
            "{tenantid}",
            "https://login.microsoftonline.com/{tenantid}",
            "https://login.microsoftonline.com/{tenantid}/{tenantid}/",
            "https://{tenantid}.example/v2.0",
            "https://login.microsoftonline.com/common/v2.0",
            "https://login.microsoftonline.com",
        ] {
            assert_eq!(IssuerTemplate::parse(text), None, "{text}");
        }
    }
}

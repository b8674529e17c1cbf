//! Microsoft APIs by their audiences (`docs/entra.md`, "Audiences of Microsoft APIs"), which are the most frequent wrong
//! audiences.

const SHAREPOINT: &str = ".sharepoint.com";

/// The name of the Microsoft API that has this audience, ignoring case and one trailing slash.
pub(crate) fn microsoft_api(audience: &str) -> Option<&'static str> {
    let audience = audience.strip_suffix('/').unwrap_or(audience);
    let first = audience.as_bytes().first()?.to_ascii_lowercase();
    // This runs for every token, and `api://` is the usual audience of other APIs: only GUIDs and https URLs are compared.
    if !matches!(first, b'0'..=b'9' | b'a'..=b'f' | b'h') || audience.starts_with("api:") {
        return None;
    }
    let is_known = |known: &&str| known.as_bytes()[0] == first && known.eq_ignore_ascii_case(audience);
    if let Some((name, _)) = APIS.iter().find(|(_, known)| known.iter().any(is_known)) {
        return Some(name);
    }
    let host = audience.strip_prefix("https://")?;
    let (tenant, domain) = host.split_at_checked(host.len().checked_sub(SHAREPOINT.len())?)?;
    if !domain.eq_ignore_ascii_case(SHAREPOINT) {
        return None;
    }
    (!tenant.is_empty() && !tenant.contains('/')).then_some("SharePoint")
}

/// The names that [`microsoft_api`] returns.
pub(crate) fn microsoft_api_names() -> impl Iterator<Item = &'static str> {
    APIS.iter().map(|(name, _)| *name)
}

const APIS: [(&str, &[&str]); 14] = [
    (
        "Microsoft Graph",
        &[
            "00000003-0000-0000-c000-000000000000",
            "https://graph.microsoft.com",
            "https://graph.microsoft.us",
            "https://dod-graph.microsoft.us",
            "https://microsoftgraph.chinacloudapi.cn",
        ],
    ),
    ("Azure AD Graph (retired)", &["00000002-0000-0000-c000-000000000000", "https://graph.windows.net"]),
    (
        "Azure Resource Manager",
        &[
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://management.core.chinacloudapi.cn",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net",
        ],
    ),
    ("Exchange Online", &["00000002-0000-0ff1-ce00-000000000000", "https://outlook.office365.com"]),
    ("SharePoint", &["00000003-0000-0ff1-ce00-000000000000"]),
    ("Microsoft Teams", &["00000004-0000-0ff1-ce00-000000000000", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe"]),
    ("Power BI", &["00000009-0000-0000-c000-000000000000"]),
    ("Dataverse", &["00000007-0000-0000-c000-000000000000"]),
    ("Dynamics ERP", &["00000015-0000-0000-c000-000000000000"]),
    ("Azure Key Vault", &["cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "https://vault.azure.net"]),
    ("Azure SQL Database", &["022907d3-0f1b-48f7-badc-1ba6abab6d66"]),
    ("Azure Storage", &["e406a681-f3d4-42a8-90b6-c2b029497af1", "https://storage.azure.com"]),
    ("Azure DevOps", &["499b84ac-1321-427f-aa17-267ca6975798"]),
    ("Azure Data Lake", &["e9f49c6b-5ce5-44c8-925d-015017e9f7ad"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_audience_in_the_table_is_found_ignoring_case() {
        for (name, known) in APIS {
            for audience in known {
                assert_eq!(microsoft_api(audience), Some(name), "{audience}");
                assert_eq!(microsoft_api(&audience.to_uppercase()), Some(name), "{audience}");
            }
        }
    }

    #[test]
    fn microsoft_api_by_audience() {
        for (audience, name) in [
            ("00000003-0000-0000-c000-000000000000", Some("Microsoft Graph")),
            ("00000003-0000-0000-C000-000000000000", Some("Microsoft Graph")),
            ("https://graph.microsoft.com/", Some("Microsoft Graph")),
            ("https://management.azure.com", Some("Azure Resource Manager")),
            ("https://contoso.sharepoint.com", Some("SharePoint")),
            ("https://contoso-my.SharePoint.com/", Some("SharePoint")),
            ("HTTPS://GRAPH.MICROSOFT.COM/", Some("Microsoft Graph")),
            ("CFA8B339-82a2-471a-a3c9-0fc0be7a4093", Some("Azure Key Vault")),
            ("https://.sharepoint.com", None),
            ("https://evil.example/x.sharepoint.com", None),
            ("https://graph.microsoft.com//", None),
            ("api://66666666-7777-8888-9999-000000000000", None),
            ("", None),
        ] {
            assert_eq!(microsoft_api(audience), name, "{audience}");
        }
    }
}

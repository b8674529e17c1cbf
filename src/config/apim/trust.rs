//! What is collected of a policy about the issuers that it trusts.

use super::{import::PolicyImport, url::PolicyMetadata, value::Imported};
use crate::{error::ConfigProblemKind, tenant::Cloud};

/// The template of issuers: the issuer of any tenant.
pub(super) const TEMPLATE: &str = "{tenantid}";

/// A value and its place in the policy.
pub(super) type Placed<T> = (String, T);

/// The issuers that a policy trusts.
#[derive(Default)]
pub(super) struct Trust {
    /// The addresses as they are written, and what they name.
    pub(super) metadata: Vec<Placed<(String, PolicyMetadata)>>,
    pub(super) issuers: Vec<Placed<String>>,
    /// Keys in the policy, each as a JWK.
    pub(super) keys: Vec<Placed<Imported>>,
    pub(super) unusable: Vec<UnusableKey>,
    /// There is an `openid-config`, although it may have a problem.
    pub(super) has_openid_config: bool,
    /// There is a key, although it may have a problem.
    pub(super) has_keys: bool,
    /// Some issuers could not be read, and that is a problem already.
    pub(super) has_invalid_issuers: bool,
}

/// A key that cannot be imported.
pub(super) struct UnusableKey {
    pub(super) place: String,
    pub(super) kind: ConfigProblemKind,
    /// The reason, and the fix.
    pub(super) advice: &'static str,
}

/// The members of an authority.
pub(super) type Members = Vec<(&'static str, Imported)>;

pub(super) fn note_discovered_issuers<T>(issuers: &[Placed<T>], import: &mut PolicyImport) {
    for (place, _) in issuers {
        import.note(place, "is discovered from the metadata, and not needed");
    }
}

/// The issuer of Entra that is meant, if one is close to it.
pub(super) fn closest_issuer(issuer: &str) -> Option<String> {
    let bare = issuer.trim_end_matches('/');
    let variants = [bare.to_owned(), format!("{bare}/"), bare.replacen("http://", "https://", 1)];
    Cloud::ALL.into_iter().find_map(|cloud| {
        let forms = [Some(cloud.v2_issuer()), cloud.v1_issuer()].into_iter().flatten();
        let mut right = forms.flat_map(|form| variants.iter().filter(move |text| form.tenant_of(text).is_some()));
        right.next().filter(|right| *right != issuer).cloned()
    })
}

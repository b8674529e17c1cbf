use std::{borrow::Cow, fmt};

use super::{Claims, authority::SubjectSpace, payload::StringClaim};
use crate::tenant::TenantId;

/// A stable key for the data of a user or an application, from [`Claims::subject_key`].
///
/// Two tokens have the same key if and only if they were issued to the same user or application of the same directory. The key
/// does not depend on the token version, whose `iss` differs, nor on the host of a cloud.
///
/// # Text form
///
/// The text form is stable and may be stored. It consists of segments separated by `/`. In a segment, ASCII letters and digits
/// and `-`, `.`, `_`, `~` are written as they are; every other byte of its UTF-8 form is percent-encoded with upper-case digits
/// ([RFC 3986, section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)). So different keys have different texts.
///
/// | authority | text |
/// |---|---|
/// | Entra | `entra/{host}/{tenant}/{object id}` |
/// | External ID | `external-id/{host}/{tenant}/{object id}` |
/// | Azure AD B2C | `b2c/{host}/{tenant}/{subject}` |
/// | OpenID Connect, static keys | `oidc/{issuer}/{subject}` |
///
/// - The host of a Microsoft cloud is its sign-in host (`login.microsoftonline.com`), whichever alias is configured. The host
///   of External ID is `ciamlogin.com` for every name below it. Any other host is the configured URL without `https://` and
///   without a slash at its end, so that a change of that URL changes the keys.
/// - The tenant is its GUID, even if a domain is configured. An object id or a subject that is a GUID is in lower case.
/// - The issuer is the configured one. All policies of a B2C tenant have the same keys.
/// - The subject is `sub`, or the claim that [`subject_claim`](crate::authority::OpenIdConnect::subject_claim) names. At B2C,
///   `sub` is the object id unless a custom policy writes another value. If a user flow has no `sub`, B2C writes the same
///   placeholder into every token (`Not supported currently. Use oid claim.`); the subject is `oid` then.
///
/// ```
/// use std::collections::HashMap;
/// use mock_entra::MockEntra;
/// use tower_entra::{Verifier, claims::SubjectKey};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let entra = MockEntra::new();
/// let verifier =
///     Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).fetch(entra.clone()).build()?;
/// let mut settings: HashMap<SubjectKey, &str> = HashMap::new();
/// let claims = verifier.verify(&entra.token().v1().build()).await?;
/// settings.extend(claims.subject_key().map(|key| (key, "dark mode")));
///
/// let later = verifier.verify(&entra.token().build()).await?;
/// let key = later.subject_key().ok_or("a token without a subject")?;
/// assert_eq!(settings[&key], "dark mode");
/// let (tenant, user) = (MockEntra::TENANT, MockEntra::USER);
/// assert_eq!(key.to_string(), format!("entra/login.microsoftonline.com/{tenant}/{user}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKey(String);

impl SubjectKey {
    fn of(kind: &str, segments: &[&str]) -> Self {
        let mut text = kind.to_owned();
        for segment in segments {
            text.push('/');
            for byte in segment.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    text.push(char::from(byte));
                } else {
                    text.push_str(&format!("%{byte:02X}"));
                }
            }
        }
        Self(text)
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for SubjectKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<SubjectKey> for String {
    fn from(key: SubjectKey) -> Self {
        key.0
    }
}

/// The start of the placeholder that B2C writes into `sub` for every user, if a user flow has no `sub`.
const NO_SUBJECT: &str = "Not supported currently";

impl Claims {
    /// A stable key for the data of the user, or of the application in an app-only token: the directory, and the object id or
    /// subject in it. See [`SubjectKey`] for its parts and its text form.
    ///
    /// It does not depend on `iss`, which differs between v1 and v2 tokens of one user. Unlike a tenant id and an object id
    /// from a token, it differs between authorities, whatever their tokens contain.
    ///
    /// `None` if the token has no subject: no `oid` for Entra and External ID, no `sub` for other authorities.
    #[must_use]
    pub fn subject_key(&self) -> Option<SubjectKey> {
        // GUIDs are compared ignoring case, other subjects exactly (OpenID Connect Core 1.0, section 2).
        let object_id = || self.object_id().and_then(identifier).map(canonical);
        let subject = || self.string(StringClaim::Subject).and_then(identifier);
        let in_tenant = |kind, host: &str, subject: &str| {
            self.tenant_id().map(|tenant| SubjectKey::of(kind, &[host, &tenant.to_string(), subject]))
        };
        match &self.facts().authority.subjects {
            SubjectSpace::Entra { host } => in_tenant("entra", host, &object_id()?),
            SubjectSpace::ExternalId { host } => in_tenant("external-id", host, &object_id()?),
            SubjectSpace::B2c { host } => in_tenant("b2c", host, &subject().or_else(object_id)?),
            SubjectSpace::OpenIdConnect { issuer, has_own_claim } => {
                let subject = if *has_own_claim {
                    // Without the claim, `sub` could equal the value of that claim in another user's token.
                    self.mapped().and_then(|mapped| mapped.subject.as_deref()).and_then(identifier)
                } else {
                    subject()
                };
                Some(SubjectKey::of("oidc", &[issuer, &subject?]))
            }
        }
    }
}

/// `None` if it is empty or the placeholder of B2C.
fn identifier(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty() && !text.starts_with(NO_SUBJECT)).then_some(Cow::Borrowed(text))
}

/// A GUID in lower case, anything else as it is.
fn canonical(id: Cow<'_, str>) -> Cow<'_, str> {
    id.parse::<TenantId>().map_or(id, |guid| Cow::Owned(guid.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn different_keys_have_different_texts() {
        let parts = ["", "a", "b", "/", "a/b", "%", "%2F", "a%2Fb", " ", "é", "\u{0}", "-", "~", "A"];
        let mut texts = HashSet::new();
        for kind in ["entra", "oidc"] {
            for one in parts {
                assert!(texts.insert(SubjectKey::of(kind, &[one])), "{kind} {one}");
                for other in parts {
                    assert!(texts.insert(SubjectKey::of(kind, &[one, other])), "{kind} {one} {other}");
                    for third in parts {
                        assert!(texts.insert(SubjectKey::of(kind, &[one, other, third])), "{one} {other} {third}");
                    }
                }
            }
        }
    }

    #[test]
    fn text_form_is_stable() {
        for (segments, text) in [
            (
                ["https://id.example/oauth2/default", "00u1-._~A"],
                "oidc/https%3A%2F%2Fid.example%2Foauth2%2Fdefault/00u1-._~A",
            ),
            (["https://id.example/", "a b|ü%"], "oidc/https%3A%2F%2Fid.example%2F/a%20b%7C%C3%BC%25"),
        ] {
            let key = SubjectKey::of("oidc", &segments);
            assert_eq!(
                (key.as_str(), key.to_string(), String::from(key.clone())),
                (text, text.to_owned(), text.to_owned())
            );
        }
    }
}

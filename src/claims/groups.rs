use std::{fmt, slice};

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{
    Claims, json,
    payload::{Elements, ListClaim, Payload},
};

/// The groups in a token. Only [`Known`](Self::Known) tells that somebody is *not* in a group.
///
/// ```
/// use tower_entra::{Claims, claims::GroupMembership};
///
/// fn has_group(claims: &Claims, id: &str) -> Option<bool> {
///     match claims.group_membership() {
///         GroupMembership::Known(mut groups) => Some(groups.any(|group| group.eq_ignore_ascii_case(id))),
///         GroupMembership::Overage | GroupMembership::Absent => None, // ask Microsoft Graph
///         _ => None,
///     }
/// }
/// ```
///
/// A token with too many groups:
///
/// ```
/// use mock_entra::MockEntra;
/// use tower_entra::{Verifier, claims::GroupMembership};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let entra = MockEntra::new();
/// let verifier =
///     Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).fetch(entra.clone()).build()?;
/// let token = entra.token().claim("_claim_names", serde_json::json!({"groups": "src1"})).build();
/// let claims = verifier.verify(&token).await?;
/// assert!(matches!(claims.group_membership(), GroupMembership::Overage));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum GroupMembership<'a> {
    /// Exactly these of the groups that the app registration selects. There may be none.
    Known(GroupIds<'a>),
    /// There are more than fit into the token ([groups overage](crate::guide::entra#groups-overage)), so it has none of
    /// them.
    Overage,
    /// The token has no `groups`, or they are not a list of strings.
    Absent,
}

/// The groups of a token: IDs, or names if the app registration selects names.
///
/// ```
/// use tower_entra::claims::GroupIds;
///
/// fn shown(groups: GroupIds<'_>) -> String {
///     groups.collect::<Vec<_>>().join(", ")
/// }
/// ```
///
/// Their number is known beforehand:
///
/// ```
/// use tower_entra::claims::GroupIds;
///
/// fn is_in_some(groups: &GroupIds<'_>) -> bool {
///     groups.len() > 0
/// }
/// ```
#[derive(Clone)]
pub struct GroupIds<'a>(Source<'a>);

#[derive(Clone)]
enum Source<'a> {
    /// `groups`.
    Groups(Elements<'a>),
    /// The configured claim.
    ConfiguredClaim(slice::Iter<'a, Box<str>>),
}

impl<'a> Iterator for GroupIds<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match &mut self.0 {
            Source::Groups(groups) => groups.next(),
            Source::ConfiguredClaim(groups) => groups.next().map(|group| &**group),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::Groups(groups) => groups.size_hint(),
            Source::ConfiguredClaim(groups) => groups.size_hint(),
        }
    }
}

impl ExactSizeIterator for GroupIds<'_> {}

impl fmt::Debug for GroupIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl Claims {
    /// The groups in the token, an overage, or nothing. They are in `groups`, or in the claim that
    /// [`group_claim`](crate::authority::OpenIdConnect::group_claim) names.
    ///
    /// The token's issuer states them, and any issuer can write the group IDs of another one's directory:
    /// [`Requirement::group`](crate::Requirement::group) ignores those of issuers that cannot state them.
    #[must_use]
    pub fn group_membership(&self) -> GroupMembership<'_> {
        if self.directory().group_claim {
            return match self.mapped().and_then(|mapped| mapped.groups.as_ref()) {
                Some(groups) => GroupMembership::Known(GroupIds(Source::ConfiguredClaim(groups.iter()))),
                None => GroupMembership::Absent,
            };
        }
        if self.has_groups_overage() {
            return GroupMembership::Overage;
        }
        match self.payload().list(ListClaim::Groups) {
            Some(groups) => GroupMembership::Known(GroupIds(Source::Groups(groups))),
            None => GroupMembership::Absent,
        }
    }

    /// The groups in the token; none in an [overage](crate::guide::entra#groups-overage). Use
    /// [`group_membership`](Self::group_membership) to tell that somebody is *not* in a group.
    pub fn groups(&self) -> impl Iterator<Item = &str> + Clone {
        let known = match self.group_membership() {
            GroupMembership::Known(groups) => Some(groups),
            GroupMembership::Overage | GroupMembership::Absent => None,
        };
        known.into_iter().flatten()
    }

    /// Whether the user is in more groups than fit into the token, so that [`groups`](Self::groups) is empty ([groups
    /// overage](crate::guide::entra#groups-overage)). Always `false` if
    /// [`group_claim`](crate::authority::OpenIdConnect::group_claim) names the claim: only Entra has overages.
    #[must_use]
    pub fn has_groups_overage(&self) -> bool {
        if self.directory().group_claim {
            return false;
        }
        let payload = self.payload();
        distributed(payload).groups
            || payload.raw("hasgroups").is_some_and(|raw| !matches!(raw, "false" | "\"false\"" | "null"))
            || payload.raw("groups").and_then(json::string).is_some_and(|text| is_source(&text))
    }

    /// The directory roles, if the token has them all.
    pub(crate) fn known_directory_roles(&self) -> Option<Elements<'_>> {
        let payload = self.payload();
        payload.list(ListClaim::DirectoryRoles).filter(|_| !distributed(payload).wids)
    }

    /// The authentication contexts, if the token has the claim.
    pub(crate) fn known_auth_contexts(&self) -> Option<Elements<'_>> {
        self.payload().list(ListClaim::AuthContexts)
    }
}

/// Distributed claims, by `_claim_names` (OpenID Connect Core, section 5.6.2).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Distributed {
    #[serde(deserialize_with = "is_named")]
    groups: bool,
    #[serde(deserialize_with = "is_named")]
    wids: bool,
}

fn is_named<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

/// A `_claim_names` that cannot be read may name any claim.
fn distributed(payload: &Payload) -> Distributed {
    match payload.raw("_claim_names") {
        None | Some("null") => Distributed::default(),
        Some(raw) => serde_json::from_str(raw).unwrap_or(Distributed { groups: true, wids: true }),
    }
}

/// `src1`: the name of a source in `_claim_sources`, which an overage may leave in `groups` (`docs/entra.md`, "JSON
/// types of claims").
fn is_source(text: &str) -> bool {
    text.strip_prefix("src")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

use crate::{
    claims::{
        Claims, ClientProof, GroupMembership,
        authority::Holders,
        scopes::{is_scope_token, is_visible},
    },
    policy::{claim_rule::ClaimRule, truth::Truth},
    rejection::{Detail, Rejection, RejectionKind, Unmet, Unstated},
    tenant::TenantId,
};

use super::{auth_context::AuthContext, authority_name::AuthorityName};

/// One rule about a token.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Rule {
    Scope(String),
    AppPermission(String),
    UserRole(String),
    AnyRole(String),
    Tenant(TenantId),
    Authority(AuthorityName),
    Client { id: String, proof: ClientProof },
    Group(Group),
    DirectoryRole(String),
    Member,
    Guest,
    AuthContext(AuthContext),
    Claim(ClaimRule),
}

/// A group by its id, or by the name that the app registration selects in its place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) id: String,
    is_guid: bool,
}

impl Group {
    pub(super) fn new(id: String) -> Self {
        Self { is_guid: is_guid(&id), id }
    }

    /// A list that has groups of the other form too may have this one under its other name.
    fn truth(&self, claims: &Claims) -> Truth {
        let GroupMembership::Known(groups) = claims.group_membership() else { return Truth::Unknown };
        Truth::any(
            groups
                .map(|group| match is_guid(group) {
                    is_guid if is_guid != self.is_guid => Truth::Unknown,
                    true => group.eq_ignore_ascii_case(&self.id).into(),
                    false => (group == self.id).into(),
                })
                .chain([Truth::False]),
        )
    }
}

fn is_guid(text: &str) -> bool {
    text.parse::<TenantId>().is_ok()
}

impl Rule {
    /// Whether it holds, if these authentication contexts are taken for satisfied.
    pub(super) fn truth(&self, claims: &Claims, satisfied: &[u8]) -> Truth {
        if self.is_unnamed() || self.names_no_scope() || self.cannot_state(claims).is_some() {
            return Truth::Unknown;
        }
        match self {
            Self::Scope(scope) => of_kind(claims.has_scope(scope), claims.scopes_count()),
            Self::AppPermission(role) => of_kind(claims.has_role(role), claims.is_app_only()),
            Self::UserRole(role) => of_kind(claims.has_role(role), !claims.is_app_only()),
            Self::AnyRole(role) => claims.has_role(role).into(),
            Self::Tenant(tenant) => claims.tenant_id().map_or(Truth::Unknown, |id| (id == *tenant).into()),
            Self::Authority(authority) => authority.truth(claims),
            Self::Client { id, proof } => client(claims, id, *proof),
            Self::Group(group) => group.truth(claims),
            Self::DirectoryRole(id) => match claims.known_directory_roles() {
                Some(mut roles) => roles.any(|role| role.eq_ignore_ascii_case(id)).into(),
                None => Truth::Unknown,
            },
            Self::Member => claims.is_guest().map_or(Truth::Unknown, |is_guest| (!is_guest).into()),
            Self::Guest => claims.is_guest().map_or(Truth::Unknown, Truth::from),
            Self::AuthContext(context) => context.truth(claims, satisfied),
            Self::Claim(rule) => rule.truth(claims.payload()),
        }
    }

    /// A name without a visible character stands for nothing, and decides nothing.
    fn is_unnamed(&self) -> bool {
        match self {
            Self::Scope(name) | Self::AppPermission(name) | Self::UserRole(name) | Self::AnyRole(name) => {
                !is_visible(name)
            }
            Self::Client { id, .. } | Self::DirectoryRole(id) => !is_visible(id),
            Self::Group(group) => !is_visible(&group.id),
            Self::Authority(authority) => !is_visible(&authority.name),
            Self::Tenant(_) | Self::Member | Self::Guest | Self::AuthContext(_) | Self::Claim(_) => false,
        }
    }

    /// No token can have such a scope (RFC 6749, section 3.3). Were it false, its opposite would let everybody in.
    fn names_no_scope(&self) -> bool {
        matches!(self, Self::Scope(name) if !is_scope_token(name))
    }

    /// What it is about, if that is a claim that the token's authority cannot state, so that it is unknown whatever the
    /// token holds.
    fn cannot_state(&self, claims: &Claims) -> Option<Unstated> {
        let states = claims.directory();
        let (is_stated, unstated) = match self {
            Self::Scope(_) | Self::AppPermission(_) | Self::UserRole(_) | Self::AnyRole(_) => {
                (states.grants, Unstated::Grants)
            }
            Self::Tenant(_) => (states.tenant, Unstated::Tenant),
            Self::Member | Self::Guest => (states.membership, Unstated::Membership),
            Self::Group(_) => (states.groups(), Unstated::Groups),
            Self::DirectoryRole(_) | Self::AuthContext(_) => (states.assignments, Unstated::Assignments),
            Self::Claim(rule) => {
                let claim = rule.claim_name();
                let unstated = match claim {
                    "tid" => Unstated::Tenant,
                    "acct" => Unstated::Membership,
                    "scp" | "scope" | "roles" => Unstated::Grants,
                    _ => Unstated::Assignments,
                };
                (states.claim(claim), unstated)
            }
            _ => return None,
        };
        (!is_stated).then_some(unstated)
    }

    /// The refusal where it would have to hold (or not to, if not `wanted`), and does not, or nobody can tell.
    pub(super) fn refuse(&self, claims: &Claims, wanted: bool) -> Rejection {
        let rejection = if wanted { self.refuse_lacking(claims) } else { self.refuse_excluded(claims) };
        if self.is_unnamed() {
            rejection.detail("the requirement has an empty name")
        } else if self.names_no_scope() {
            rejection
                .detail("the requirement names a scope that no token can have: one word of printable ASCII is needed")
        } else {
            rejection
        }
    }

    /// Why a wanted scope or role is not found although the token seems to have it.
    pub(super) fn misread_grant(&self, claims: &Claims) -> Option<&'static str> {
        match self {
            Self::Scope(scope) if scope.contains("://") => Some(LONG_SCOPE),
            Self::AppPermission(role) if !claims.is_app_only() && claims.has_role(role) => Some(USERS_ROLE),
            Self::UserRole(role) if claims.is_app_only() && claims.has_role(role) => Some(APPLICATIONS_ROLE),
            _ => None,
        }
    }

    fn refuse_lacking(&self, claims: &Claims) -> Rejection {
        if let Some(unstated) = self.cannot_state(claims) {
            let kind = match self {
                Self::Tenant(_) => RejectionKind::WrongTenant,
                Self::Scope(_) => RejectionKind::InsufficientScope,
                Self::AppPermission(_) | Self::UserRole(_) | Self::AnyRole(_) => RejectionKind::InsufficientRole,
                _ => RejectionKind::ClaimNotAllowed,
            };
            return Rejection::new(kind).because(Detail::CannotState(unstated));
        }
        match self {
            Self::Scope(_) => Rejection::new(RejectionKind::InsufficientScope),
            Self::AppPermission(_) | Self::UserRole(_) | Self::AnyRole(_) => {
                Rejection::new(RejectionKind::InsufficientRole)
            }
            Self::Tenant(_) => Rejection::new(RejectionKind::WrongTenant),
            Self::Authority(authority) => unmet(match authority.holders(claims) {
                Some(Holders::One) => Unmet::OtherAuthority,
                Some(Holders::Several) => Unmet::SharedAuthorityName,
                None => Unmet::UnknownAuthority,
            }),
            Self::Client { id, .. } if claims.client_id().is_some_and(|client| is_same_client(client, id)) => {
                Rejection::new(RejectionKind::ClientNotAllowed).because(Detail::Unmet(Unmet::WeakClientProof))
            }
            Self::Client { .. } => Rejection::new(RejectionKind::ClientNotAllowed),
            Self::Group(_) => match claims.group_membership() {
                GroupMembership::Overage => Rejection::new(RejectionKind::GroupsOverage),
                GroupMembership::Absent => missing(Unmet::NoGroups),
                GroupMembership::Known(_) => unmet(Unmet::Group),
            },
            Self::DirectoryRole(_) => match claims.known_directory_roles() {
                Some(_) => unmet(Unmet::DirectoryRole),
                None => missing(Unmet::NoDirectoryRoles),
            },
            Self::Member | Self::Guest if claims.is_app_only() => unmet(Unmet::NoUser),
            Self::Member | Self::Guest => match claims.is_guest() {
                Some(true) => unmet(Unmet::IsGuest),
                Some(false) => unmet(Unmet::IsMember),
                None => missing(Unmet::NoAccountKind),
            },
            Self::AuthContext(context) => context.refuse(claims),
            Self::Claim(rule) => rule.refuse(claims.payload()),
        }
    }

    fn refuse_excluded(&self, claims: &Claims) -> Rejection {
        match self {
            Self::Tenant(_) if self.cannot_state(claims).is_none() => Rejection::new(RejectionKind::WrongTenant),
            Self::Client { .. } => Rejection::new(RejectionKind::ClientNotAllowed),
            Self::Scope(_) | Self::AppPermission(_) | Self::UserRole(_) | Self::AnyRole(_) => unmet(Unmet::Excluded),
            other if other.truth(claims, &[]) == Truth::True => unmet(Unmet::Excluded),
            other => other.refuse_lacking(claims),
        }
    }
}

const LONG_SCOPE: &str = "the requirement names a scope with the API in front of it, and tokens have the short name";
const USERS_ROLE: &str = "the signed-in user has the role, and it counts here only as an application permission (app_permission): \
    any_role accepts both";
const APPLICATIONS_ROLE: &str = "the application has the role as a permission, and it counts here only for a signed-in user \
    (user_role): any_role accepts both";

/// A name that is there in a token of the wrong kind counts neither for nor against: so that to exclude a user's role does
/// not let in the application that has it.
fn of_kind(is_there: bool, is_right_kind: bool) -> Truth {
    match (is_there, is_right_kind) {
        (false, _) => Truth::False,
        (true, true) => Truth::True,
        (true, false) => Truth::Unknown,
    }
}

fn client(claims: &Claims, id: &str, proof: ClientProof) -> Truth {
    let is_it = claims.client_id().map_or(Truth::Unknown, |client| is_same_client(client, id).into());
    if proof == ClientProof::None {
        return is_it;
    }
    let is_proved = claims.client_proof().map_or(Truth::Unknown, |given| (given >= proof).into());
    is_it.min(is_proved)
}

fn missing(unmet: Unmet) -> Rejection {
    Rejection::new(RejectionKind::ClaimMissing).because(Detail::Unmet(unmet))
}

fn unmet(unmet: Unmet) -> Rejection {
    Rejection::new(RejectionKind::ClaimNotAllowed).because(Detail::Unmet(unmet))
}

/// Client ids are compared exactly; a GUID is the same in either case.
fn is_same_client(one: &str, other: &str) -> bool {
    one == other || (one.eq_ignore_ascii_case(other) && one.parse::<TenantId>().is_ok())
}

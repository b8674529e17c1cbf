mod auth_context;
mod authority_name;
mod node;
mod rule;
mod text;

use super::{claim_rule::ClaimRule, truth::Truth};
use crate::{
    claims::{Claims, ClientProof, scopes::is_scope_token},
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};
use auth_context::AuthContext;
use authority_name::AuthorityName;
use node::Node;
use rule::{Group, Rule};

/// What an operation demands of an accepted token ([authorization
/// requirements](crate::guide::entra#authorization-requirements)). Built once, checked for each request.
///
/// ```
/// use tower_entra::Requirement;
///
/// let requirement = Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"));
/// assert_eq!(requirement.to_string(), "scope Files.Read or app permission Files.Read.All");
/// ```
///
/// A rule holds, does not hold, or is *unknown*: what it asks about is not in the token. Unknown refuses, and so does
/// `not` of it: nobody gets in because a token says too little. `and` and `or` go on with it as one would expect (Kleene's
/// logic): what is unknown does not matter where the rest decides.
///
/// ```
/// use tower_entra::Requirement;
///
/// let staff = Requirement::group("22222222-3333-4444-5555-666666666666").and(Requirement::not(Requirement::guest()));
/// let requirement = Requirement::scope("Files.Read").and(staff.or(Requirement::auth_context("c1")));
/// assert_eq!(
///     requirement.to_string(),
///     "scope Files.Read and ((group 22222222-3333-4444-5555-666666666666 and not guest) or authentication context c1)",
/// );
/// ```
///
/// A rule with an empty name is unknown whatever the token holds, so that a setting that was left empty lets nobody in.
#[derive(Clone, PartialEq, Eq)]
pub struct Requirement(Node);

impl Requirement {
    /// A delegated scope by its short name, compared exactly. An app-only token never has one.
    ///
    /// A token has `Files.Read`, not `api://…/Files.Read`: a requirement with the long name is never met, and its rejection says
    /// so.
    ///
    /// A name that cannot be a scope ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)), such as
    /// two words, is unknown for every token: neither the requirement nor its opposite is met.
    pub fn scope(scope: impl Into<String>) -> Self {
        Self::rule(Rule::Scope(scope.into()))
    }

    /// An application permission: an app role in an app-only token. A user's role of the same name does not count, and the
    /// rejection says that it is there.
    pub fn app_permission(role: impl Into<String>) -> Self {
        Self::rule(Rule::AppPermission(role.into()))
    }

    /// An app role that a signed-in user holds. An application permission of the same name does not count, and the rejection
    /// says that it is there.
    pub fn user_role(role: impl Into<String>) -> Self {
        Self::rule(Rule::UserRole(role.into()))
    }

    /// An app role in either kind of token.
    pub fn any_role(role: impl Into<String>) -> Self {
        Self::rule(Rule::AnyRole(role.into()))
    }

    /// A token of this tenant.
    ///
    /// Unknown if the authority cannot state the tenant, whatever `tid` says: other OpenID Connect issuers, and Entra,
    /// External ID or Azure AD B2C at an address of their own where the tenant is not configured by its GUID. Tell those
    /// apart with [`authority`](Self::authority).
    #[must_use]
    pub fn tenant(tenant: TenantId) -> Self {
        Self::rule(Rule::Tenant(tenant))
    }

    /// A token that this authority of the verifier accepted, by its [configured name](crate::Authority::named), or by its
    /// address if it has none: what [`Claims::authority`] shows.
    ///
    /// A client, a scope, a role or a group of the same name is somebody else's at another authority. So where a verifier has
    /// several, combine such a requirement with this one.
    ///
    /// A name that no authority of the verifier has is unknown, so that neither the requirement nor its opposite is met. At
    /// its first use it is a warning in the log (`unknown_authority`).
    ///
    /// ```
    /// use tower_entra::Requirement;
    ///
    /// let approvers = Requirement::authority("partner").and(Requirement::group("approvers"));
    /// assert_eq!(approvers.to_string(), "authority partner and group approvers");
    /// ```
    pub fn authority(name: impl Into<String>) -> Self {
        Self::rule(Rule::Authority(AuthorityName::new(name.into())))
    }

    /// A token that this application got, by its client id. Anybody may claim the id of a public client: where that matters,
    /// [`confidential_client`](Self::confidential_client). Unknown if the token names no client.
    pub fn client(client_id: impl Into<String>) -> Self {
        Self::client_with(client_id, ClientProof::None)
    }

    /// A token that this application got and proved itself for, by a secret at least. Unknown if the token does not say how.
    pub fn confidential_client(client_id: impl Into<String>) -> Self {
        Self::client_with(client_id, ClientProof::Secret)
    }

    /// A token that this application got with a proof at least as strong as `proof`.
    pub fn client_with(client_id: impl Into<String>, proof: ClientProof) -> Self {
        Self::rule(Rule::Client { id: client_id.into(), proof })
    }

    /// A group, by its id, which is compared ignoring case, or by its name, compared exactly, where the app registration
    /// puts names into tokens.
    ///
    /// Unknown if the token has no groups (Entra leaves the claim out for who is in none), or too many to list them
    /// ([`groups_overage`](crate::RejectionKind::GroupsOverage)), or if it lists groups of the other form: an id may then
    /// be there by its name.
    ///
    /// Unknown too if the authority cannot state groups: its operator could write those of your directory. Entra and
    /// External ID at Microsoft's hosts can, for the token's own tenant; combine it with [`tenant`](Self::tenant) where there
    /// are several. Any other needs [`trust_directory_claims`](crate::authority::OpenIdConnect::trust_directory_claims), or, for groups of
    /// its own, [`group_claim`](crate::authority::OpenIdConnect::group_claim).
    pub fn group(id: impl Into<String>) -> Self {
        Self::rule(Rule::Group(Group::new(id.into())))
    }

    /// A directory role, by its template id (`wids`), ignoring case. Unknown if the token has none, and if the authority
    /// cannot state it: other authorities than Entra and External ID at Microsoft's hosts need
    /// [`trust_directory_claims`](crate::authority::OpenIdConnect::trust_directory_claims). It is a role in the token's own tenant.
    pub fn directory_role(template_id: impl Into<String>) -> Self {
        Self::rule(Rule::DirectoryRole(template_id.into()))
    }

    /// A user who is a member of the tenant: not [a guest](Claims::is_guest). Unknown where the token cannot tell, for an
    /// application, which is neither, and for tokens of Azure AD B2C and other OpenID Connect issuers.
    #[must_use]
    pub fn member() -> Self {
        Self::rule(Rule::Member)
    }

    /// A user who is [a guest](Claims::is_guest) in the tenant. Unknown where the token cannot tell, for an application, which
    /// is neither, and for tokens of Azure AD B2C and other OpenID Connect issuers.
    #[must_use]
    pub fn guest() -> Self {
        Self::rule(Rule::Guest)
    }

    /// An authentication context of Conditional Access, `c1` to `c99`, that the user has satisfied
    /// ([`acrs`](crate::guide::entra#claims-challenges)).
    ///
    /// Where a token lacks it and everything else is met, the client is sent for a stronger sign-in with a claims challenge
    /// (401), if it says that it understands one (`cp1`); otherwise it is refused with 403. An application's token never
    /// meets it. Nor does any token if `context` is no such context: the refusal says so.
    ///
    /// Unknown, without a challenge, if the authority cannot state it: other authorities than Entra and External ID at
    /// Microsoft's hosts need [`trust_directory_claims`](crate::authority::OpenIdConnect::trust_directory_claims).
    pub fn auth_context(context: impl Into<String>) -> Self {
        Self::rule(Rule::AuthContext(AuthContext::new(context.into())))
    }

    /// A claim by a rule of its own. Unknown if the token does not have the claim, and for `tid`, `acct`, `idp`, `groups`,
    /// `wids` and `acrs` if the authority cannot state it, as for the requirements that have a name.
    #[must_use]
    pub fn claim(rule: ClaimRule) -> Self {
        Self::rule(Rule::Claim(rule))
    }

    fn rule(rule: Rule) -> Self {
        Self(Node::Rule(rule))
    }

    /// Both this and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let into_list = |node| match node {
            Node::And(all) => all,
            node => vec![node],
        };
        let mut all = into_list(self.0);
        all.extend(into_list(other.0));
        Self(Node::And(all))
    }

    /// This or `other`, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let into_list = |node| match node {
            Node::Or(any) => any,
            node => vec![node],
        };
        let mut any = into_list(self.0);
        any.extend(into_list(other.0));
        Self(Node::Or(any))
    }

    /// The opposite. That of what is unknown is unknown, and refuses.
    ///
    /// A scope or a role that is not in the token is certainly not there, since Entra puts all of them in: its opposite
    /// holds. Use it to tell callers apart, never to keep somebody out: a client may ask for a token with fewer scopes than
    /// it could have, and for one of a public client in another's name. A scope or a role that is there in a token of the
    /// wrong kind is unknown, so that to exclude a user's role does not let in an application that has it.
    ///
    /// What is compared exactly lets in everything that is written differently.
    #[expect(
        clippy::should_implement_trait,
        reason = "as an operator, !a.and(b) would be the opposite of both, and let in who was to be kept out"
    )]
    #[must_use]
    pub fn not(requirement: Self) -> Self {
        match requirement.0 {
            Node::Not(node) => Self(*node),
            node => Self(Node::Not(Box::new(node))),
        }
    }

    /// Holds the claims to it. Nothing is allocated where they meet it.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with status 401 and a claims challenge, if a stronger sign-in is all that is lacking and the client
    /// understands it ([`auth_context`](Self::auth_context)). Otherwise one with status 403. Of several demands it names one
    /// that is certainly not met before one that is unknown; of alternatives a groups overage first, then the one that fits
    /// the kind of the token: the scopes for a user's, the roles for an application's.
    pub fn check(&self, claims: &Claims) -> Result<(), Rejection> {
        match self.0.truth(claims, &[]) {
            Truth::True => Ok(()),
            Truth::False | Truth::Unknown => Err(self.refuse(claims)),
        }
    }

    #[cold]
    fn refuse(&self, claims: &Claims) -> Rejection {
        let contexts = self.0.contexts();
        let helping = self.0.helping(claims, &contexts).filter(|_| claims.understands_claims_challenges());
        if let Some(context) = helping {
            return auth_context::challenge(claims, context).expected(self.to_string());
        }
        let rejection = self.0.refuse(claims, true, &contexts).verified().forbidden().expected(self.to_string());
        let mut scopes: Vec<&str> = Vec::new();
        self.0.for_each_wanted(true, &mut |rule| {
            if let Rule::Scope(scope) = rule
                && is_scope_token(scope)
            {
                scopes.push(scope);
            }
        });
        let rejection = if scopes.is_empty() { rejection } else { rejection.scopes(scopes.join(" ")) };
        // Also where the rejection is about an alternative: this is the nearer cause.
        let is_about_grants =
            matches!(rejection.kind(), RejectionKind::InsufficientScope | RejectionKind::InsufficientRole);
        match self.misread_grant(claims).filter(|_| is_about_grants && rejection.reason().is_none()) {
            Some(detail) => rejection.detail(detail),
            None => rejection,
        }
    }

    /// Why a scope or role that is wanted is not found although the token seems to have it.
    fn misread_grant(&self, claims: &Claims) -> Option<&'static str> {
        let mut found = None;
        self.0.for_each_wanted(true, &mut |rule| found = found.or_else(|| rule.misread_grant(claims)));
        found
    }
}

/// A rule that a requirement wants to hold, for explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    Scope(&'a str),
    AppPermission(&'a str),
    UserRole(&'a str),
    AnyRole(&'a str),
    Group(&'a str),
    AuthContext { name: &'a str, is_valid: bool },
    Claim(&'a ClaimRule),
    Tenant(TenantId),
    Authority(&'a str),
    Client(&'a str),
}

impl Requirement {
    /// The rules that it wants to hold, in their order.
    pub(crate) fn wanted(&self) -> Vec<Wanted<'_>> {
        let mut wanted = Vec::new();
        self.0.for_each_wanted(true, &mut |rule| {
            wanted.extend(match rule {
                Rule::Scope(name) => Some(Wanted::Scope(name)),
                Rule::AppPermission(name) => Some(Wanted::AppPermission(name)),
                Rule::UserRole(name) => Some(Wanted::UserRole(name)),
                Rule::AnyRole(name) => Some(Wanted::AnyRole(name)),
                Rule::Group(group) => Some(Wanted::Group(&group.id)),
                Rule::AuthContext(context) => {
                    Some(Wanted::AuthContext { name: context.name(), is_valid: context.number().is_some() })
                }
                Rule::Claim(rule) => Some(Wanted::Claim(rule)),
                Rule::Tenant(tenant) => Some(Wanted::Tenant(*tenant)),
                Rule::Authority(authority) => Some(Wanted::Authority(&authority.name)),
                Rule::Client { id, .. } => Some(Wanted::Client(id)),
                _ => None,
            });
        });
        wanted
    }
}

#[cfg(test)]
mod tests;

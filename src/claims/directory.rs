//! Which claims about a directory an authority can state.

/// Which claims about a directory an authority can state. What it cannot state is unknown to a requirement: a partner's
/// issuer can write anything into its tokens, including the tenant and the groups of this API's operator. The authority decides
/// by one table, `directory_claims` in `src/authority/directory.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryClaims {
    /// `tid`: the tenant.
    pub(crate) tenant: bool,
    /// `acct` and `idp`: whether the user is a member or a guest.
    pub(crate) membership: bool,
    /// `groups`, `wids` and `acrs`: groups, directory roles, authentication contexts.
    pub(crate) assignments: bool,
    /// Groups in the claim that the configuration names.
    pub(crate) group_claim: bool,
    /// Scopes and roles.
    pub(crate) grants: bool,
}

impl DirectoryClaims {
    /// Whether it can state the groups of a user.
    pub(crate) fn groups(self) -> bool {
        self.assignments || self.group_claim
    }

    /// Whether it can state the claim of this name. Claims that are not about a directory are its own.
    pub(crate) fn claim(self, name: &str) -> bool {
        match name {
            "tid" => self.tenant,
            "acct" => self.membership,
            // It has other meanings in tokens of B2C and other issuers.
            "idp" => self.membership || self.assignments,
            "groups" | "hasgroups" | "wids" | "acrs" => self.assignments,
            "scp" | "scope" | "roles" => self.grants,
            _ => true,
        }
    }
}

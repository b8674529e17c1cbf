//! The claims about a directory that an authority can state.

/// The claims about a directory that an authority can state. Any other is unknown to a requirement: a partner's issuer can
/// write anything into its tokens, including the tenant and the groups of this API's operator. The table is in
/// `src/authority/directory.rs`.
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

    /// Whether it can state the claim of this name. It can always state claims that are not about a directory.
    pub(crate) fn claim(self, name: &str) -> bool {
        match name {
            "tid" => self.tenant,
            "acct" => self.membership,
            // In tokens of B2C and other issuers, `idp` has another meaning.
            "idp" => self.membership || self.assignments,
            "groups" | "hasgroups" | "wids" | "acrs" => self.assignments,
            "scp" | "scope" | "roles" => self.grants,
            _ => true,
        }
    }
}

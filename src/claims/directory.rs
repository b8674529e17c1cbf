//! Which claims about a directory an authority can state.

/// What kind of authority issued a token, as far as its claims about a directory are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DirectoryKind {
    /// Entra or External ID at one of Microsoft's hosts: Microsoft states the claims.
    Microsoft,
    /// Entra or External ID at another host, its tenants configured by their GUIDs.
    PinnedTenants,
    /// Entra or External ID at another host that says itself which tenants it has: any organization, or a tenant that is
    /// configured by a domain.
    OpenTenants,
    /// Azure AD B2C. Its custom policies write any claim, so that its host proves nothing. `has_known_tenant` says that
    /// Microsoft's host or the configuration states the tenant.
    B2c { has_known_tenant: bool },
    /// Any other OpenID Connect issuer.
    OpenIdConnect,
    /// An issuer of workload identities, which are in no directory and have no scopes and roles.
    Workload,
}

/// Which claims about a directory an authority can state. What it cannot state is unknown to a requirement: a partner's
/// issuer can write anything into its tokens, the tenant and the groups of this API's operator included.
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
    /// The table. `is_trusted` is the operator's `trust_directory_claims()`, `group_claim` that groups have a claim of
    /// their own by `group_claim(…)`.
    pub(crate) fn of(kind: DirectoryKind, is_trusted: bool, group_claim: bool) -> Self {
        let (tenant, membership, assignments) = match kind {
            DirectoryKind::Microsoft => (true, true, true),
            DirectoryKind::PinnedTenants => (true, true, is_trusted),
            DirectoryKind::OpenTenants => (false, false, is_trusted),
            DirectoryKind::B2c { has_known_tenant } => (has_known_tenant, false, is_trusted),
            DirectoryKind::OpenIdConnect => (false, false, is_trusted),
            DirectoryKind::Workload => (false, false, false),
        };
        let grants = kind != DirectoryKind::Workload;
        Self { tenant, membership, assignments, group_claim, grants }
    }

    /// Whether it can state the groups of a user.
    pub(crate) fn groups(self) -> bool {
        self.assignments || self.group_claim
    }

    /// Whether it can state the claim of this name. What is not about a directory is its own affair.
    pub(crate) fn claim(self, name: &str) -> bool {
        match name {
            "tid" => self.tenant,
            "acct" => self.membership,
            // B2C and other issuers have a meaning of their own for it.
            "idp" => self.membership || self.assignments,
            "groups" | "hasgroups" | "wids" | "acrs" => self.assignments,
            "scp" | "scope" | "roles" => self.grants,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tid`, member or guest, groups, `wids` and `acrs`.
    #[test]
    #[rustfmt::skip]
    fn directory_claims_by_kind_of_authority() {
        use DirectoryKind::*;
        const YES: bool = true;
        const NO: bool = false;
        for (kind, is_trusted, group_claim, tenant, membership, groups, assignments) in [
            (Microsoft,                         NO,  NO,  YES, YES, YES, YES),
            (Microsoft,                         YES, NO,  YES, YES, YES, YES),
            (PinnedTenants,                     NO,  NO,  YES, YES, NO,  NO),
            (PinnedTenants,                     YES, NO,  YES, YES, YES, YES),
            (OpenTenants,                       NO,  NO,  NO,  NO,  NO,  NO),
            (OpenTenants,                       YES, NO,  NO,  NO,  YES, YES),
            (B2c { has_known_tenant: true },    NO,  NO,  YES, NO,  NO,  NO),
            (B2c { has_known_tenant: true },    YES, NO,  YES, NO,  YES, YES),
            (B2c { has_known_tenant: false },   NO,  NO,  NO,  NO,  NO,  NO),
            (B2c { has_known_tenant: false },   YES, NO,  NO,  NO,  YES, YES),
            (OpenIdConnect,                     NO,  NO,  NO,  NO,  NO,  NO),
            (OpenIdConnect,                     YES, NO,  NO,  NO,  YES, YES),
            (OpenIdConnect,                     NO,  YES, NO,  NO,  YES, NO),
            (OpenIdConnect,                     YES, YES, NO,  NO,  YES, YES),
            (Workload,                          NO,  NO,  NO,  NO,  NO,  NO),
            (Workload,                          YES, NO,  NO,  NO,  NO,  NO),
        ] {
            let states = DirectoryClaims::of(kind, is_trusted, group_claim);
            let found = (states.tenant, states.membership, states.groups(), states.assignments);
            assert_eq!(found, (tenant, membership, groups, assignments), "{kind:?}, {is_trusted}, {group_claim}");
            for (name, expected) in [
                ("tid", tenant),
                ("acct", membership),
                ("idp", membership || assignments),
                ("groups", assignments),
                ("hasgroups", assignments),
                ("wids", assignments),
                ("acrs", assignments),
                ("department", true),
                ("roles", kind != Workload),
                ("scp", kind != Workload),
                ("scope", kind != Workload),
            ] {
                assert_eq!(states.claim(name), expected, "{kind:?}, {is_trusted}, {group_claim}: {name}");
            }
        }
    }
}

use super::Claims;

/// Facet of an actor that is an agent identity (`docs/entra.md`, "Agent identities").
const AGENT_IDENTITY: u32 = 11;
/// Facet of a subject that is an agent's user.
const AGENT_USER: u32 = 13;

/// [Agent identities](crate::guide::entra#agent-identities).
///
/// ```
/// use tower_entra::Claims;
///
/// fn caller(claims: &Claims) -> &'static str {
///     match (claims.is_agent(), claims.is_agent_user()) {
///         (_, true) => "the user of an agent",
///         (true, false) => "an agent, for a person or for itself",
///         (false, false) => "not an agent",
///     }
/// }
/// ```
impl Claims {
    /// The facets of the actor (the caller), `xms_act_fct`. Ignore unknown numbers.
    pub fn actor_facets(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_act_fct")
    }

    /// The facets of the subject, `xms_sub_fct`. Ignore unknown numbers.
    pub fn subject_facets(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_sub_fct")
    }

    /// The facets of the tenant, `xms_tnt_fct`. Ignore unknown numbers.
    pub fn tenant_facets(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_tnt_fct")
    }

    /// The relations of the subject to the tenant, `xms_idrel`: 1 member, 5 guest, 7 service principal, and others. For logs;
    /// [`is_guest`](Self::is_guest) does not use it.
    pub fn identity_relations(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_idrel")
    }

    /// Whether the caller is an agent identity: facet 11 of the actor.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.actor_facets().any(|facet| facet == AGENT_IDENTITY)
    }

    /// Whether the subject is an agent's user: facet 13 of the subject.
    #[must_use]
    pub fn is_agent_user(&self) -> bool {
        self.subject_facets().any(|facet| facet == AGENT_USER)
    }

    /// The application ID of the agent's blueprint, `xms_par_app_azp`. For logs: never base a decision on it.
    #[must_use]
    pub fn agent_blueprint(&self) -> Option<String> {
        self.text("xms_par_app_azp")
    }

    /// The whole numbers in a claim, which is a string with spaces between them or a list. Anything else is skipped.
    fn numbers(&self, name: &str) -> impl Iterator<Item = u32> + Clone {
        let raw = self.payload().raw(name).filter(|raw| !raw.starts_with('{')).unwrap_or_default();
        raw.split([' ', '"', ',', '[', ']'])
            .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
            .filter_map(|part| part.parse().ok())
    }
}

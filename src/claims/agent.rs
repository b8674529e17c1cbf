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
/// fn who(claims: &Claims) -> &'static str {
///     match (claims.is_agent(), claims.is_agent_user()) {
///         (_, true) => "an agent's own user",
///         (true, false) => "an agent, for a person or for itself",
///         (false, false) => "no agent",
///     }
/// }
/// ```
impl Claims {
    /// What the caller is, `xms_act_fct`. Numbers that you do not know are to be ignored.
    pub fn actor_facets(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_act_fct")
    }

    /// What the subject is, `xms_sub_fct`. Numbers that you do not know are to be ignored.
    pub fn subject_facets(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_sub_fct")
    }

    /// What the tenant is, `xms_tnt_fct`. Numbers that you do not know are to be ignored.
    pub fn tenant_facets(&self) -> impl Iterator<Item = u32> + Clone {
        self.numbers("xms_tnt_fct")
    }

    /// How the subject stands to the tenant, `xms_idrel`: 1 a member, 5 a guest, 7 a service principal, and others. For
    /// logs; [`is_guest`](Self::is_guest) does not look at it.
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

    /// The application id of the blueprint that the agent was made from, `xms_par_app_azp`. For logs: never decide by it.
    #[must_use]
    pub fn agent_blueprint(&self) -> Option<String> {
        self.text("xms_par_app_azp")
    }

    /// The whole numbers of a claim, in a text between spaces or in a list. What is none is passed over.
    fn numbers(&self, name: &str) -> impl Iterator<Item = u32> + Clone {
        let raw = self.payload().raw(name).filter(|raw| !raw.starts_with('{')).unwrap_or_default();
        raw.split([' ', '"', ',', '[', ']'])
            .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
            .filter_map(|part| part.parse().ok())
    }
}

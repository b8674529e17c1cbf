//! The definition of a setting.

/// One setting of the section that Microsoft.Identity.Web reads too, or of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Instance,
    TenantId,
    TenantIds,
    ClientId,
    Audience,
    Audiences,
    StrictAudiences,
    Authority,
    Authorities,
    Kind,
    Domain,
    Policy,
    Policies,
    AcceptTfpIssuers,
    AcceptAppTokens,
    Issuers,
    Name,
    Version,
    Algorithms,
    ScopeClaim,
    RoleClaim,
    GroupClaim,
    SubjectClaim,
    ClientClaim,
    AudienceClaim,
    RequiredForReadiness,
    MetadataAddress,
    JwksUri,
    FileOfKeys,
    StaticKeys,
    CaFile,
    TrustDirectoryClaims,
    AllowWithoutRole,
    AppSpecificKeys,
    AllowedClients,
    RequiredClaims,
    ClockSkewSeconds,
    TokenValidationParameters,
    Resource,
    RevokedKeys,
    DetailedErrors,
}

/// The type of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Texts,
    Boolean,
    Seconds,
    /// `Entra`, `B2C` and so on.
    AuthorityKind,
    Version,
    Algorithms,
    /// The name of a file.
    File,
    StaticKeys,
    ClaimRules,
    Authorities,
    TokenValidationParameters,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) key: Key,
    pub(super) name: &'static str,
    pub(super) value_type: Type,
    /// Its documentation, for the README and the JSON Schema.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test keeps both documents in step"))]
    pub(super) doc: &'static str,
    /// The environment variable, beside the .NET spelling that every setting has.
    pub(super) variable: Option<&'static str>,
    /// An empty value is an error, since ignoring it would accept more tokens than intended.
    pub(super) restricts: bool,
    /// Applies to all authorities, so that it is not allowed in an entry of `Authorities`.
    pub(super) is_global: bool,
    /// A name that many programs use for something else, so that it does not identify the section.
    pub(super) is_common_word: bool,
    /// Other names, of Microsoft or intuitive ones, for which this setting is suggested.
    pub(super) instead_of: &'static [&'static str],
}

impl Setting {
    pub(super) const fn new(key: Key, name: &'static str, value_type: Type, doc: &'static str) -> Self {
        Self {
            key,
            name,
            value_type,
            doc,
            variable: None,
            restricts: false,
            is_global: false,
            is_common_word: false,
            instead_of: &[],
        }
    }

    pub(super) const fn variable(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }

    pub(super) const fn restricts(mut self) -> Self {
        self.restricts = true;
        self
    }

    pub(super) const fn global(mut self) -> Self {
        self.is_global = true;
        self
    }

    pub(super) const fn common_word(mut self) -> Self {
        self.is_common_word = true;
        self
    }

    pub(super) const fn instead_of(mut self, names: &'static [&'static str]) -> Self {
        self.instead_of = names;
        self
    }
}

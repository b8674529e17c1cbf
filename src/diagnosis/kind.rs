use serde::Serialize;

use crate::rejection::RejectionKind;

/// Declares every cause once: variant, code, title, the code of the rejection, and its names elsewhere.
macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $kind:ident, $title:literal, [$($known:literal),*];)+) => {
        /// Why a token was rejected, nearer to the root cause than the code of the rejection.
        ///
        /// ```
        /// use tower_entra::{RejectionKind, diagnosis::CauseKind};
        ///
        /// assert_eq!(CauseKind::CachedVersion.code(), "cached_version");
        /// assert_eq!(CauseKind::CachedVersion.rejection(), RejectionKind::UnknownIssuer);
        /// ```
        ///
        /// By a name that .NET has for it:
        ///
        /// ```
        /// use tower_entra::diagnosis::CauseKind;
        ///
        /// let mut causes = CauseKind::ALL.iter().filter(|kind| kind.known_as().contains(&"IDX10511"));
        /// assert!(causes.any(|kind| *kind == CauseKind::GraphToken));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum CauseKind {
            $($(#[$doc])* $variant,)+
        }

        impl CauseKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The cause in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// The rejection that it usually leads to.
            #[must_use]
            pub const fn rejection(self) -> RejectionKind {
                match self { $(Self::$variant => RejectionKind::$kind,)+ }
            }

            /// What [.NET](crate::guide::entra#error-codes-in-net) (`IDX…`, `IDW…`) and [API
            /// Management](crate::guide::entra#api-management-failure-reasons) call it, for those who search.
            #[must_use]
            pub const fn known_as(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($known),*],)+ }
            }
        }
    };
}

causes! {
    /// There is no token at all.
    NoToken = "no_token", MissingToken, "there is no token", ["TokenNotPresent"];
    /// The request has a cookie, and no `Authorization` header.
    TokenInCookie = "token_in_cookie", MissingToken, "the request has a cookie instead of a token", ["TokenNotPresent"];
    /// The token is in the query of the address.
    TokenInQuery = "token_in_query", MissingToken, "the token is in the address instead of the header", ["TokenNotPresent"];
    /// Another scheme than `Bearer`.
    OtherScheme = "other_scheme", MissingToken, "the Authorization header has another scheme than Bearer", ["TokenNotPresent"];
    /// The token is in a header of a gateway or platform instead.
    TokenInOtherHeader = "token_in_other_header", MissingToken, "the token is in another header", ["TokenNotPresent"];
    /// A CORS preflight, which never has a token.
    CorsPreflight = "cors_preflight", MissingToken, "the request is a CORS preflight", ["TokenNotPresent"];
    /// Two `Authorization` headers.
    TwoHeaders = "two_headers", MalformedHeader, "there are two Authorization headers", [];
    /// `Bearer ` is part of what was given as the token.
    BearerInToken = "bearer_in_token", MalformedToken, "the word Bearer stands in front of the token", ["IDX12741", "IDX14100", "JwtInvalid"];
    /// It is in quotes.
    Quoted = "quoted", MalformedToken, "the token is in quotes", ["IDX12741", "IDX14100", "JwtInvalid"];
    /// A line break or a space is inside.
    WhitespaceInToken = "whitespace_in_token", MalformedToken, "the token has a line break or blanks in it", ["IDX12741", "IDX12709", "JwtInvalid"];
    /// It is encoded for an address (`%2E`).
    UrlEncoded = "url_encoded", MalformedToken, "the token is encoded for an address", ["IDX12741", "JwtInvalid"];
    /// Two tokens at once.
    TwoTokens = "two_tokens", MalformedToken, "there are two tokens", ["IDX12741", "JwtInvalid"];
    /// The whole answer of the token endpoint.
    TokenResponse = "token_response", MalformedToken, "it is the whole token response", ["IDX12741", "JwtInvalid"];
    /// A token response with an ID token or a refresh token only.
    NoAccessToken = "no_access_token", MalformedToken, "the token response has no access_token", ["IDX12741", "JwtInvalid"];
    /// An error of the token endpoint instead of a token (RFC 6749 §5.2).
    ErrorResponse = "error_response", MalformedToken, "it is an error of the token endpoint, not a token", ["IDX12741", "JwtInvalid"];
    /// The header or the claims as JSON, as a decoder shows them.
    DecodedContent = "decoded_content", MalformedToken, "it is the decoded content of a token, not the token", ["IDX12741", "JwtInvalid"];
    /// HTML, of a sign-in page in the main.
    WebPage = "web_page", MalformedToken, "it is a web page, not a token", ["IDX12741", "JwtInvalid"];
    /// It stands in a command, in an address, in a form.
    Surrounded = "surrounded", MalformedToken, "other text stands around the token", ["IDX12741", "IDX12709", "JwtInvalid"];
    /// The token was in a header, a request or a command; this is never a rejection.
    PastedRequest = "pasted_request", MalformedToken, "the token was taken out of what was given", [];
    /// A placeholder was not filled in.
    Placeholder = "placeholder", MalformedToken, "a placeholder was not filled in", ["IDX12741", "JwtInvalid"];
    /// No dots: a refresh token, a code, an opaque access token.
    Opaque = "opaque", MalformedToken, "it is an opaque token, not a JWT", ["IDX12741", "IDX14100", "JwtInvalid"];
    /// Its end, or a piece of it, is missing.
    Truncated = "truncated", MalformedToken, "a piece of the token is missing", ["IDX12741", "IDX12709", "JwtInvalid"];
    /// Anything else that is no access token's form.
    Malformed = "malformed", MalformedToken, "it is not a well-formed JWT", ["IDX12741", "JwtInvalid"];
    /// Another kind of JWT, by its `typ` or `crit`.
    OtherKindOfJwt = "other_kind_of_jwt", MalformedToken, "its header says that it is another kind of JWT", ["IDX10257", "JwtInvalid"];
    /// Too many groups, in the main.
    TooLarge = "too_large", TokenTooLarge, "the token is too long", ["IDX10209"];
    /// A JWE ([encrypted tokens](crate::guide::entra#encrypted-tokens)).
    Encrypted = "encrypted", EncryptedToken, "the token is encrypted", ["IDX10603", "IDX10609", "IDX10618"];
    /// Encrypted with a key that only the issuer has, as by Auth0 where no API was requested.
    EncryptedForIssuer = "encrypted_for_issuer", EncryptedToken, "the token is encrypted for its own issuer", ["IDX10609"];
    /// `none`.
    Unsigned = "unsigned", UnsupportedAlgorithm, "the token is not signed", ["IDX10504", "TokenSignatureInvalid"];
    /// Another algorithm than the configured ones.
    OtherAlgorithm = "other_algorithm", UnsupportedAlgorithm, "the token is signed with an algorithm that is not accepted", ["IDX10696", "IDX10634"];
    /// For Microsoft Graph ([tokens for Microsoft APIs](crate::guide::entra#tokens-for-microsoft-apis)).
    GraphToken = "graph_token", MicrosoftApiToken, "the token is for Microsoft Graph", ["IDX10511", "IDX10214", "TokenSignatureInvalid", "TokenAudienceNotAllowed"];
    /// For Azure Resource Manager: a managed identity or the CLI asked for it.
    ArmToken = "arm_token", MicrosoftApiToken, "the token is for Azure Resource Manager", ["IDX10214", "TokenAudienceNotAllowed"];
    /// For another API of Microsoft.
    MicrosoftToken = "microsoft_token", MicrosoftApiToken, "the token is for an API of Microsoft", ["IDX10214", "TokenAudienceNotAllowed"];
    /// A v1 token where only v2 is accepted.
    V1Token = "v1_token", UnknownIssuer, "it is a v1 token, and only v2 tokens are accepted", ["IDX10205", "IDX40001", "TokenIssuerNotAllowed"];
    /// The same, and the token is some time old: it may be from before a change of the manifest.
    CachedVersion = "cached_version", UnknownIssuer, "it is a v1 token, perhaps from before a change of the manifest", ["IDX10205", "IDX40001", "TokenIssuerNotAllowed"];
    /// A v2 token where only v1 is accepted.
    V2Token = "v2_token", UnknownIssuer, "it is a v2 token, and only v1 tokens are accepted", ["IDX10205", "IDX40001", "TokenIssuerNotAllowed"];
    /// Azure AD B2C issued it, and Entra is configured.
    B2cToken = "b2c_token", UnknownIssuer, "the token is from Azure AD B2C, which is not configured", ["IDX10501", "IDX10205", "TokenIssuerNotAllowed"];
    /// External ID issued it, and Entra is configured.
    ExternalIdToken = "external_id_token", UnknownIssuer, "the token is from External ID, which is not configured", ["IDX10501", "IDX10205", "TokenIssuerNotAllowed"];
    /// Another cloud of Microsoft.
    OtherCloud = "other_cloud", UnknownIssuer, "the token is from another cloud", ["IDX10205", "IDX40001", "TokenIssuerNotAllowed"];
    /// `{tenantid}` or `common` stands where a tenant should.
    PlaceholderIssuer = "placeholder_issuer", UnknownIssuer, "the issuer has a placeholder where the tenant should be", ["IDX10205", "IDX40001"];
    /// A slash, the scheme, the host or a path differs from the configured issuer.
    IssuerNearMiss = "issuer_near_miss", UnknownIssuer, "the issuer differs only a little from the configured one", ["IDX10205"];
    /// Some other issuer.
    OtherIssuer = "other_issuer", UnknownIssuer, "the token is from an issuer that is not configured", ["IDX10205", "IDX40001", "TokenIssuerNotAllowed"];
    /// Two of the configured authorities accept it.
    DisputedIssuer = "disputed_issuer", UnknownIssuer, "two configured authorities accept the issuer", [];
    /// Another policy of [Azure AD B2C](crate::guide::entra#azure-ad-b2c).
    OtherPolicy = "other_policy", WrongIssuer, "the token is from another user flow or policy", ["IDX10501"];
    /// Azure AD B2C, neither `tfp` nor `acr`: a token of client credentials, most likely.
    NoPolicy = "no_policy", WrongIssuer, "the token names no user flow or policy", [];
    /// The value configured as the tenant is another identifier of the token: the client id, for example.
    MisplacedTenant = "misplaced_tenant", WrongTenant, "another identifier is configured as the tenant", ["IDX10205", "IDX40001"];
    /// Personal accounts.
    PersonalAccount = "personal_account", WrongTenant, "it is the token of a personal account", ["IDX40001", "TokenIssuerNotAllowed"];
    /// Another tenant.
    OtherTenant = "other_tenant", WrongTenant, "the token is from another tenant", ["IDX10205", "IDX40001", "TokenIssuerNotAllowed"];
    /// A tenant is required that the authority cannot state.
    UnstatedTenant = "unstated_tenant", WrongTenant, "the authority cannot state the tenant that is required", [];
    /// No `tid`, or not a GUID.
    NoTenant = "no_tenant", WrongTenant, "the token has no valid tenant id", ["IDX40003", "IDX40009"];
    /// The operator's tenant list or lookup.
    TenantRejected = "tenant_rejected", WrongTenant, "the operator of the API does not accept the tenant", [];
    /// An application with [a signing key of its own](crate::guide::entra#application-specific-signing-keys).
    OwnSigningKey = "own_signing_key", UnknownKey, "the application may have its own signing key", ["IDX10501", "IDX10503", "TokenSignatureKeyNotFound"];
    /// Keys could not be refreshed.
    StaleKeys = "stale_keys", UnknownKey, "the keys are old, and cannot be refreshed", ["IDX10501", "IDX20806", "TokenSignatureKeyNotFound"];
    /// No key with this `kid`.
    UnknownKey = "unknown_key", UnknownKey, "the issuer has no key with this kid", ["IDX10501", "IDX10503", "TokenSignatureKeyNotFound"];
    /// The address of a metadata document is configured as that of a key set.
    MetadataAsKeySet = "metadata_as_key_set", KeysUnavailable, "the address of the metadata is configured as the key set", [];
    /// The configured tenant does not exist.
    NoSuchTenant = "no_such_tenant", KeysUnavailable, "the configured tenant does not exist there", ["IDX20803", "IDX20807"];
    /// The metadata is not what the configuration says.
    WrongMetadata = "wrong_metadata", KeysUnavailable, "the issuer's metadata does not fit the configuration", ["IDX20810"];
    /// The metadata of [Azure AD B2C](crate::guide::entra#azure-ad-b2c) has an issuer with the policy in it, which is
    /// not accepted.
    PolicyInIssuer = "policy_in_issuer", KeysUnavailable, "the issuer of Azure AD B2C has the policy in it", [];
    /// The metadata names an issuer that belongs to another authority, or is at another origin than the metadata.
    ForeignIssuer = "foreign_issuer", KeysUnavailable, "the metadata names an issuer it does not own", [];
    /// No network, no DNS, no TLS, a proxy.
    NoMetadata = "no_metadata", KeysUnavailable, "the issuer's metadata cannot be fetched", ["IDX20803", "IDX20804"];
    /// The signature does not fit the key with that `kid`.
    BadSignature = "bad_signature", BadSignature, "the signature does not fit", ["IDX10511", "TokenSignatureInvalid"];
    /// The key is authorized for others.
    ForeignKey = "foreign_key", WrongIssuer, "the key that signed it is authorized for another issuer", ["IDX40005", "IDX40012"];
    /// `iss`, `tid` and `ver` contradict each other.
    Contradiction = "contradiction", WrongIssuer, "the claims about its issuer are contradictory", ["IDX40004", "IDX40001"];
    /// Expired, and the clocks differ.
    ClockExpired = "clock_expired", Expired, "this machine's clock is ahead", ["IDX10223", "TokenExpired"];
    /// Expired.
    Expired = "expired", Expired, "the token has expired", ["IDX10223", "TokenExpired"];
    /// Not yet valid: clocks.
    NotYetValid = "not_yet_valid", NotYetValid, "the token is not valid yet", ["IDX10222"];
    /// The other form of the same API's name ([audiences](crate::guide::entra#audiences)).
    AudienceForm = "audience_form", WrongAudience, "the audience is another form of this API's name", ["IDX10214", "TokenAudienceNotAllowed"];
    /// It differs in a slash, in case, in the scheme or by a path.
    AudienceNearMiss = "audience_near_miss", WrongAudience, "the audience differs only a little", ["IDX10214", "TokenAudienceNotAllowed"];
    /// The value configured for this API is another identifier of the token: the client, for example.
    MisplacedClientId = "misplaced_client_id", WrongAudience, "another identifier is configured as this API", ["IDX10214", "TokenAudienceNotAllowed"];
    /// A managed identity's token.
    ManagedIdentity = "managed_identity", WrongAudience, "it is a managed identity's token for another API", ["IDX10214", "TokenAudienceNotAllowed"];
    /// It was issued for another API, and passed on.
    ForwardedToken = "forwarded_token", WrongAudience, "it is a user's token for another API", ["IDX10214", "TokenAudienceNotAllowed"];
    /// No audience at all.
    NoAudience = "no_audience", WrongAudience, "the token has no audience", ["IDX10206", "IDX10214"];
    /// Another API.
    OtherAudience = "other_audience", WrongAudience, "the token is for another API", ["IDX10214", "TokenAudienceNotAllowed"];
    /// A workflow or another workload, at an authority for users and applications.
    WorkloadToken = "workload_token", NotAnAccessToken, "it is the token of a workload, not of a user or an application", [];
    /// An ID token.
    IdToken = "id_token", NotAnAccessToken, "it is an ID token, not an access token", ["IDW10201"];
    /// Client credentials without a role.
    AppWithoutRole = "app_without_role", NotAnAccessToken, "the application has no app role of this API", ["IDW10201"];
    /// Neither scope nor role.
    NoScopeNoRole = "no_scope_no_role", NotAnAccessToken, "the token has neither a scope nor an application's role", ["IDW10201"];
    /// Bound to a key.
    BoundToken = "bound_token", ProofRequired, "the token is bound to a key", [];
    /// An allowed client is another identifier of the token: the API, or an object id.
    MisplacedClient = "misplaced_client", ClientNotAllowed, "another identifier is configured as an allowed client", ["TokenClaimValueNotAllowed"];
    /// The application is not on the list.
    OtherClient = "other_client", ClientNotAllowed, "the application is not on the list", ["TokenClaimValueNotAllowed"];
    /// The configuration contradicts itself, or the rule compares the wrong way.
    ImpossibleRule = "impossible_rule", ClaimNotAllowed, "no token can meet a rule", ["TokenClaimValueNotAllowed"];
    /// The value is in another claim of the token.
    ClaimElsewhere = "claim_elsewhere", ClaimMissing, "the required value is in another claim", ["TokenClaimNotFound"];
    /// A claim is missing.
    ClaimMissing = "claim_missing", ClaimMissing, "a required claim is missing", ["TokenClaimNotFound"];
    /// A claim has another value.
    ClaimValue = "claim_value", ClaimNotAllowed, "a required claim has another value", ["TokenClaimValueNotAllowed"];
    /// A claim about a directory is required that the authority cannot state.
    UnstatedClaim = "unstated_claim", ClaimNotAllowed, "the authority cannot state the claim that is required", [];
    /// The requirement of an operation, other than a scope, a role or a claim: a tenant, an authority, a member, a client.
    UnmetRequirement = "unmet_requirement", ClaimNotAllowed, "the token does not meet the requirement of the operation", [];
    /// The requirement has `api://…/Name`, the token `Name`.
    ScopeWithResource = "scope_with_resource", InsufficientScope, "the required scope has the API in front of it", ["IDW10203"];
    /// It is an app role, or the token is an application's own.
    ScopeAmongRoles = "scope_among_roles", InsufficientScope, "the required scope is among the roles", ["IDW10203"];
    /// The scope is missing.
    NoScope = "no_scope", InsufficientScope, "the scope is missing", ["IDW10203", "TokenClaimValueNotAllowed"];
    /// A user's role where an application permission is required, or the reverse.
    RoleOfOtherKind = "role_of_other_kind", InsufficientRole, "the role is in the other kind of token", ["IDW10202"];
    /// It is a scope.
    RoleAmongScopes = "role_among_scopes", InsufficientRole, "the required role is among the scopes", ["IDW10202"];
    /// The role is missing.
    NoRole = "no_role", InsufficientRole, "the role is missing", ["IDW10202", "TokenClaimValueNotAllowed"];
    /// Too many groups to be in the token ([groups overage](crate::guide::entra#groups-overage)).
    GroupsOverage = "groups_overage", GroupsOverage, "the user is in too many groups", [];
    /// The required authentication context does not exist.
    ImpossibleContext = "impossible_context", InsufficientClaims, "the required authentication context does not exist", [];
    /// An authentication context is required of an application.
    ChallengeWithoutUser = "challenge_without_user", InsufficientClaims, "no user can sign in again: the token is an application's own", [];
    /// A [claims challenge](crate::guide::entra#claims-challenges) that the client does not handle.
    ChallengeNotUnderstood = "challenge_not_understood", InsufficientClaims, "a stronger sign-in is needed, and the client does not handle claims challenges", [];
    /// A claims challenge.
    StrongerSignIn = "stronger_sign_in", InsufficientClaims, "a stronger sign-in is needed", [];
    /// A check of the application; the code of the rejection is whatever that says.
    OwnersCheck = "owners_check", ClaimNotAllowed, "a check of the application rejected it", [];
    /// The server is put together wrongly.
    LayerMissing = "layer_missing", LayerMissing, "a layer is missing in the server", [];
}

impl CauseKind {
    /// Whether its title names the Microsoft API that the token is for.
    pub(crate) const fn names_api(self) -> bool {
        matches!(self, Self::GraphToken | Self::ArmToken)
    }
}

impl Serialize for CauseKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

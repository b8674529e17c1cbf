use http::StatusCode;

/// Declares every code once: variant, code, status on the 401 side, sentence, remedy.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $summary:literal, $remedy:literal;)+) => {
        /// Why a request was refused: one stable code for each cause.
        ///
        /// The order is that of the checks, and a token that fails several is refused for the first; but a token for one of
        /// Microsoft's own APIs, and one whose issuer names a tenant that is not accepted, is told as that before any key is
        /// looked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RejectionKind {
            $($(#[$doc])* $variant,)+
        }

        impl RejectionKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code, for logs, metrics and clients.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status where the authenticating layer refuses. The requirement layer answers 403 instead.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// The cause in a sentence, without a full stop.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }
        }
    };
}

kinds! {
    /// No `Authorization` header, another scheme, or nothing behind `Bearer`.
    MissingToken = "missing_token", UNAUTHORIZED,
        "the request has no bearer token",
        "send the access token in the header: Authorization: Bearer <token>";
    /// More than one `Authorization` header (RFC 6750 §3.1, `invalid_request`).
    MalformedHeader = "malformed_header", BAD_REQUEST,
        "the request has more than one Authorization header",
        "send exactly one Authorization header; look for a proxy or a client library that adds a second";
    /// The token is longer than the cap.
    TokenTooLarge = "token_too_large", UNAUTHORIZED,
        "the token is longer than this API reads",
        "look for many groups in the token and limit them to those assigned to the application, or raise max_token_bytes";
    /// What came is no JWT, or breaks a rule that every access token keeps.
    MalformedToken = "malformed_token", UNAUTHORIZED,
        "the token is not a well-formed JWT",
        "send the value of access_token exactly as the token response had it: no quotes, spaces, line breaks or cuts";
    /// Five parts: a JWE.
    EncryptedToken = "encrypted_token", UNAUTHORIZED,
        "the token is encrypted",
        "let the issuer send access tokens that are only signed; in Entra, remove tokenEncryptionKeyId from this API's app registration";
    /// The signature algorithm is not one that is accepted here.
    UnsupportedAlgorithm = "unsupported_algorithm", UNAUTHORIZED,
        "the token is signed with an algorithm that is not accepted",
        "let the issuer sign with an accepted algorithm, RS256 unless others are configured; and check who issued this token";
    /// The issuer is none that is configured.
    UnknownIssuer = "unknown_issuer", UNAUTHORIZED,
        "the token's issuer is none of those this API accepts",
        "compare the token's iss with the configured cloud and tenants; the client may be asking another authority";
    /// The key that signed the token is not among the issuer's keys.
    UnknownKey = "unknown_key", UNAUTHORIZED,
        "the key that signed the token is not among the issuer's keys",
        "get a new token; if its key is unknown too, compare its issuer with the configured one";
    /// No keys are here and none can be had.
    KeysUnavailable = "keys_unavailable", SERVICE_UNAVAILABLE,
        "the issuer's signing keys cannot be fetched",
        "allow this API to reach the issuer's metadata address (DNS, proxy, TLS), and see the fetch failure in its log";
    /// The signature does not fit the key it names.
    BadSignature = "bad_signature", UNAUTHORIZED,
        "the token's signature does not verify",
        "send the token unchanged; a token for another API, one of Microsoft's for instance, may be signed in a form of its own";
    /// The audience is one of Microsoft's own APIs ([audiences of Microsoft
    /// APIs](crate::guide::entra#audiences-of-microsoft-apis)).
    MicrosoftApiToken = "microsoft_api_token", UNAUTHORIZED,
        "the token is for one of Microsoft's own APIs, not for this one",
        "ask for a scope of this API, such as api://<client id>/.default, and for scopes of one API only in each request";
    /// Issuer, version, tenant, key issuer and cloud do not fit together.
    WrongIssuer = "wrong_issuer", UNAUTHORIZED,
        "the token's issuer does not fit its tenant, its version or the key that signed it",
        "check the configured cloud and tenant; a genuine token never has this fault";
    /// The tenant is none that is allowed.
    WrongTenant = "wrong_tenant", UNAUTHORIZED,
        "the token is from a tenant that this API does not accept",
        "sign in at a tenant that this API accepts: the client's authority decides which one it is";
    /// `exp` has passed.
    Expired = "expired", UNAUTHORIZED,
        "the token has expired",
        "get a new token; if it is new, compare the clocks of this machine and of the issuer";
    /// `nbf` has not come yet.
    NotYetValid = "not_yet_valid", UNAUTHORIZED,
        "the token is not valid yet",
        "compare the clocks of this machine and of the issuer";
    /// The audience is another API.
    WrongAudience = "wrong_audience", UNAUTHORIZED,
        "the token is for another API",
        "request a token for this API, with scopes of this API only";
    /// An id token, or one with neither scopes nor application roles.
    NotAnAccessToken = "not_an_access_token", UNAUTHORIZED,
        "the token has neither a scope nor an application's role",
        "send access_token, not id_token; request a scope of this API, or let its operator assign a role to the application";
    /// The token is bound to a key (`cnf`) and came as plain bearer (RFC 7800).
    ProofRequired = "proof_required", UNAUTHORIZED,
        "the token is bound to a key and came without a proof of it",
        "ask for a plain bearer token: switch token binding (PoP, mTLS) off in the client";
    /// The calling application is not on the list.
    ClientNotAllowed = "client_not_allowed", UNAUTHORIZED,
        "the application that got the token may not call this API",
        "use an application that is on the list of allowed clients";
    /// A required claim is missing.
    ClaimMissing = "claim_missing", UNAUTHORIZED,
        "the token lacks a claim that this API requires",
        "let the issuer put the claim into access tokens; in Entra, under Token configuration of the app registration";
    /// A required claim has another value.
    ClaimNotAllowed = "claim_not_allowed", UNAUTHORIZED,
        "a claim of the token does not have a value that this API requires",
        "compare the claim with the required values, and use an account or application that has one of them";
    /// None of the required scopes.
    InsufficientScope = "insufficient_scope", FORBIDDEN,
        "the token lacks the scope that this operation needs",
        "ask for the scope at the authorize and the token request, and have it consented to";
    /// None of the required roles.
    InsufficientRole = "insufficient_role", FORBIDDEN,
        "the token lacks the role that this operation needs",
        "let an administrator assign the role to the user or the application, then get a new token";
    /// The user is in more groups than fit into the token, so that a rule about groups cannot be judged ([groups
    /// overage](crate::guide::entra#groups-overage)).
    GroupsOverage = "groups_overage", FORBIDDEN,
        "the user is in more groups than fit into the token",
        "limit the groups claim to groups assigned to the application, or use app roles; or ask Microsoft Graph for the groups";
    /// A [claims challenge](crate::guide::entra#claims-challenges): the client must come back with a stronger token.
    InsufficientClaims = "insufficient_claims", UNAUTHORIZED,
        "the operation needs a stronger sign-in",
        "get a new token with the claims of the challenge";
    /// The layer that puts claims into the request is missing in front of this one.
    LayerMissing = "layer_missing", INTERNAL_SERVER_ERROR,
        "no AuthenticateLayer is around this service",
        "add AuthenticateLayer outside of RequireLayer and of handlers that take Claims: with axum, after them";
}

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

/// What the challenge asks of the client.
#[derive(Clone, Debug)]
pub(crate) enum ChallengeAction {
    /// A token with these claims (`docs/entra.md`, "Claims challenges").
    Claims(ClaimsChallenge),
    /// The user's consent at this URL (`docs/entra.md`, "Consent challenge").
    Consent { uri: String, scopes: String },
}

#[derive(Clone, Debug)]
pub(crate) struct ClaimsChallenge {
    pub(crate) json: String,
    pub(crate) authorization_uri: Option<Cow<'static, str>>,
    pub(crate) client_id: Option<String>,
    /// It requires an authentication context (`acrs`).
    pub(crate) is_auth_context: bool,
}

impl ClaimsChallenge {
    /// The parameter `claims`: base64 of the standard alphabet, padded.
    pub(crate) fn encoded(&self) -> String {
        STANDARD.encode(&self.json)
    }
}

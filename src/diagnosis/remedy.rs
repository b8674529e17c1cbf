use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::{Map, Value, json};

use super::Provider;
use crate::error::escaped;

/// One way to fix a cause: an action, and the condition under which it is the right one.
///
/// ```
/// use mock_entra::MockEntra;
/// use tower_entra::{Verifier, diagnosis::Action};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let entra = MockEntra::new();
/// let verifier = Verifier::builder()
///     .tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).allowed_client(MockEntra::CALLER)
///     .fetch(entra.clone()).build()?;
/// let diagnosis = verifier.diagnose(&entra.token().client(MockEntra::OTHER_CALLER).build()).await;
/// let remedies = diagnosis.cause().ok_or("accepted")?.remedies();
/// let setting = remedies.iter().find_map(|remedy| remedy.setting()).ok_or("no setting")?;
/// let clients = &setting["AzureAd"]["AllowedClients"];
/// assert!(clients.as_array().unwrap().contains(&MockEntra::OTHER_CALLER.into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    condition: Option<String>,
    action: Action,
    note: Option<String>,
    text: String,
}

/// What to do, as data. [`Remedy::text`] says it in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send the access token alone, and unchanged.
    SendToken {
        /// How, as a sentence.
        how: String,
    },
    /// Send the access token of the token response, not its ID token.
    SendAccessToken,
    /// Get a new token by the same request.
    RenewToken {
        /// How, as a sentence.
        how: String,
    },
    /// Request a token for this API.
    RequestToken {
        /// The provider of the client's tokens.
        provider: Provider,
        /// The audience that the token must have.
        audience: String,
        /// What to request, in the words of the provider: a scope, or the audience.
        request: String,
    },
    /// Sign in at this authority: the address of its issuer or tenant.
    SignIn {
        /// The address.
        authority: String,
    },
    /// Let the provider put a value into the claims of new tokens.
    Grant {
        /// The claim: `scp`, `roles`, `groups` or another.
        claim: String,
        /// The value, if a certain one is needed.
        value: Option<String>,
        /// How, as a sentence.
        how: String,
    },
    /// Change the configuration of the API: merge these settings into it, and delete others.
    Configure {
        /// The settings as they are pasted into the configuration.
        settings: Value,
        /// The settings to delete.
        delete: Vec<&'static str>,
    },
    /// Change the registration of the API so that it gets tokens of this version.
    SetTokenVersion {
        /// 1 or 2.
        version: u8,
    },
    /// Change the registration of the API so that its tokens are not encrypted.
    StopEncryption,
    /// Change a setting of the client, as a sentence.
    ChangeClient {
        /// How.
        how: String,
    },
    /// Change code of the API: its requirement, its check, its layers.
    ChangeCode {
        /// How, as a sentence.
        how: String,
    },
    /// Change something between the machines: clock, DNS, proxy, firewall.
    ChangeSurroundings {
        /// How, as a sentence.
        how: String,
    },
    /// Find out who made the token; nothing is to be changed.
    Investigate {
        /// How, as a sentence.
        how: String,
    },
}

impl Remedy {
    pub(super) fn new(action: Action) -> Self {
        Self { condition: None, note: None, text: String::new(), action }.rendered()
    }

    /// The condition under which it is the right one: `If …`.
    pub(super) fn on_condition(self, condition: impl Into<String>) -> Self {
        Self { condition: Some(condition.into()), ..self }.rendered()
    }

    /// A further sentence: what it admits, for example.
    pub(super) fn noting(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }.rendered()
    }

    /// Texts of tokens, documents and servers are in it: nothing of them may control a terminal.
    fn rendered(mut self) -> Self {
        let condition = self.condition.iter().map(|condition| format!("{condition}: "));
        let note = self.note.iter().map(|note| format!(" {note}"));
        self.text = escaped(condition.chain([self.action.to_string()]).chain(note).collect());
        self
    }

    /// The condition under which it is the right one, such as `If a gateway stands in front`; `None` if it always is.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// A further sentence: what it admits, for example.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// In whole sentences, with its condition.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The settings to merge into the configuration, if that is the action.
    #[must_use]
    pub fn setting(&self) -> Option<&Value> {
        match &self.action {
            Action::Configure { settings, .. } => Some(settings).filter(|settings| !is_empty(settings)),
            _ => None,
        }
    }
}

fn is_empty(settings: &Value) -> bool {
    settings.as_object().is_some_and(|settings| settings.values().all(is_empty))
}

impl Serialize for Remedy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut remedy = serializer.serialize_struct("Remedy", 4)?;
        remedy.serialize_field("condition", &self.condition)?;
        remedy.serialize_field("text", &self.text)?;
        remedy.serialize_field("setting", &self.setting())?;
        let delete: &[&str] = match &self.action {
            Action::Configure { delete, .. } => delete,
            _ => &[],
        };
        remedy.serialize_field("delete", delete)?;
        remedy.end()
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SendAccessToken => {
                f.write_str("Send the field access_token of the token response, not id_token.")
            }
            Self::RequestToken { request, .. } => f.write_str(request),
            Self::SignIn { authority } => write!(f, "Let the client sign in at {authority}."),
            Self::Configure { settings, delete } if is_empty(settings) => {
                write!(f, "Delete {} from the configuration.", delete.join(" and "))
            }
            Self::Configure { settings, delete } if delete.is_empty() => write!(f, "Configure {settings}."),
            Self::Configure { settings, delete } => {
                write!(f, "Configure {settings}, and delete {}.", delete.join(" and "))
            }
            Self::SetTokenVersion { version } => write!(
                f,
                "In the manifest of the API's app registration, set requestedAccessTokenVersion (in older manifests \
                 accessTokenAcceptedVersion) to {version}; it takes minutes to take effect. Then get a new token."
            ),
            Self::StopEncryption => f.write_str(
                "In the API's app registration, remove tokenEncryptionKeyId (Token encryption); new tokens are then only \
                 signed.",
            ),
            Self::SendToken { how }
            | Self::RenewToken { how }
            | Self::Grant { how, .. }
            | Self::ChangeClient { how }
            | Self::ChangeCode { how }
            | Self::ChangeSurroundings { how }
            | Self::Investigate { how } => f.write_str(how),
        }
    }
}

/// Shorthands for the rows of the table.
pub(super) fn send(how: impl Into<String>) -> Remedy {
    Remedy::new(Action::SendToken { how: how.into() })
}

pub(super) fn renew(how: impl Into<String>) -> Remedy {
    Remedy::new(Action::RenewToken { how: how.into() })
}

pub(super) fn grant(claim: &str, value: Option<&str>, how: impl Into<String>) -> Remedy {
    Remedy::new(Action::Grant { claim: claim.to_owned(), value: value.map(str::to_owned), how: how.into() })
}

pub(super) fn change_client(how: impl Into<String>) -> Remedy {
    Remedy::new(Action::ChangeClient { how: how.into() })
}

pub(super) fn change_code(how: impl Into<String>) -> Remedy {
    Remedy::new(Action::ChangeCode { how: how.into() })
}

pub(super) fn change_surroundings(how: impl Into<String>) -> Remedy {
    Remedy::new(Action::ChangeSurroundings { how: how.into() })
}

pub(super) fn investigate(how: impl Into<String>) -> Remedy {
    Remedy::new(Action::Investigate { how: how.into() })
}

/// Settings of a section of their own: a further authority, or the only one.
pub(super) fn settings(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let members: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    json!({ "AzureAd": members })
}

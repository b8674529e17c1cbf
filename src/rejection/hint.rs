use super::{PublicCause, Rejection};

impl Rejection {
    /// The cause and its remedy, with the values that may be shown: those of the token only if its signature has been
    /// verified.
    ///
    /// Where an [`AuthenticateLayer`](crate::AuthenticateLayer) shows detailed errors it is about this very token, as a
    /// [diagnosis](crate::diagnosis) explains it. Elsewhere it is the general remedy of the code.
    #[must_use]
    pub fn hint(&self) -> String {
        let (summary, remedy) = (self.0.kind.summary(), self.0.kind.remedy());
        match (&self.0.hint, self.microsoft_api()) {
            (Some(hint), _) => hint.to_string(),
            (None, Some(api)) => self.hint_with(&format!("{summary} ({api})"), remedy),
            (None, None) => self.hint_with(summary, remedy),
        }
    }

    /// The Microsoft API that the token is for, if that is known.
    pub(crate) fn microsoft_api(&self) -> Option<&'static str> {
        match self.0.public {
            PublicCause::MicrosoftApi(name) => Some(name),
            _ => None,
        }
    }

    /// A cause and its remedy, with the details that may be shown. Neither text may have values of an unverified token in it.
    pub(crate) fn hint_with(&self, cause: &str, remedy: &str) -> String {
        let mut hint = String::from(cause);
        if let Some(detail) = self.0.detail.as_ref().map(ToString::to_string).filter(|detail| detail != cause) {
            hint.push_str(": ");
            hint.push_str(&detail);
        }
        let got = self.0.got.as_deref().filter(|_| self.0.verified);
        match (self.0.expected.as_deref(), got) {
            (Some(expected), Some(got)) => hint.push_str(&format!(" (expected {expected}, got {got})")),
            (Some(expected), None) => hint.push_str(&format!(" (expected {expected})")),
            (None, Some(got)) => hint.push_str(&format!(" (got {got})")),
            (None, None) => {}
        }
        hint.push_str(". To fix: ");
        hint.push_str(remedy.trim_end_matches('.'));
        hint.push('.');
        hint
    }

    /// Replaces the general hint of the code.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        self.edit(|inner| inner.hint = Some(hint.into()))
    }
}

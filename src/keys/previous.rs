//! The documents from before a reload of the configuration, so that their keys are not fetched again.

use std::{collections::HashMap, sync::Arc};

use super::document::{Document, RefreshContext};
use crate::{authority::DocumentSpec, jwt::Algorithm};

/// Documents by the URL of their metadata. Each is used once.
#[derive(Default)]
pub(crate) struct PreviousDocuments(HashMap<String, Vec<Arc<Document>>>);

impl PreviousDocuments {
    pub(crate) fn new(documents: impl IntoIterator<Item = Arc<Document>>) -> Self {
        let mut all = HashMap::<String, Vec<Arc<Document>>>::new();
        for document in documents {
            all.entry(document.address()).or_default().push(document);
        }
        Self(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The document of `spec` from before the reload, with its keys, its schedule and the refresh in flight, or else its
    /// [successor](Document::successor).
    pub(super) fn take(
        &mut self,
        spec: &DocumentSpec,
        algorithms: &[Algorithm],
        context: &RefreshContext,
    ) -> Option<Arc<Document>> {
        if self.is_empty() {
            return None;
        }
        let same_address = self.0.get_mut(&spec.address())?;
        let index = same_address.iter().position(|document| document.fits(spec, algorithms, context))?;
        let document = same_address.swap_remove(index);
        match document.has_same_ownership(context) {
            true => Some(document),
            false => Some(Arc::new(document.successor(context.clone()))),
        }
    }
}

//! The documents of listed domains, by the tenants that they turned out to be. What it costs to find one does not depend on
//! how many there are.

use std::{collections::HashMap, sync::Arc};

use super::{document::Document, epoch::Epoch, renewed::Renewed};
use crate::tenant::TenantId;

/// One document for each domain.
#[derive(Debug)]
pub(super) struct Domains {
    documents: Vec<Arc<Document>>,
    table: Renewed<Table>,
}

#[derive(Debug)]
struct Table {
    /// Two domains may be one tenant's.
    of: HashMap<TenantId, Vec<usize>>,
    is_complete: bool,
}

impl Domains {
    /// `issuer_revision` counts the changes of issuers and tenants. `None` if there are no documents.
    pub(super) fn new(documents: Vec<Arc<Document>>, issuer_revision: Arc<Epoch>) -> Option<Box<Self>> {
        let table = (!documents.is_empty()).then(|| Renewed::new(issuer_revision, || Table::new(&documents)))?;
        Some(Box::new(Self { documents, table }))
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Document>> + Clone {
        self.documents.iter()
    }

    /// Whether this tenant is one of theirs; `None` if a domain is not resolved yet, and might be.
    pub(super) fn have(&self, tenant: TenantId) -> Option<bool> {
        self.read(|table| if table.of.contains_key(&tenant) { Some(true) } else { table.is_complete.then_some(false) })
    }

    /// Calls `each` with the documents of a tenant.
    pub(super) fn for_each_of(&self, tenant: TenantId, mut each: impl FnMut(&Arc<Document>)) {
        self.read(|table| {
            table.of.get(&tenant).into_iter().flatten().for_each(|&at| each(&self.documents[at]));
        });
    }

    /// One of the documents of a tenant: those of its other domains have the same keys.
    pub(super) fn first_of(&self, tenant: TenantId) -> Option<Arc<Document>> {
        self.read(|table| table.of.get(&tenant).and_then(|all| all.first()).map(|&at| Arc::clone(&self.documents[at])))
    }

    fn read<R>(&self, look: impl FnOnce(&Table) -> R) -> R {
        self.table.read(|| Table::new(&self.documents), look)
    }
}

impl Table {
    fn new(documents: &[Arc<Document>]) -> Self {
        let mut of: HashMap<TenantId, Vec<usize>> = HashMap::new();
        let mut is_complete = true;
        for (at, document) in documents.iter().enumerate() {
            match document.read(|snapshot| snapshot.tenant) {
                Some(tenant) => of.entry(tenant).or_default().push(at),
                None => is_complete = false,
            }
        }
        Self { of, is_complete }
    }
}

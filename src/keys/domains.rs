//! The documents of listed domains, by the tenants that they belong to. Lookup time does not depend on their number.

use std::{collections::HashMap, sync::Arc};

use super::{
    derived::{Computed, Derived},
    document::Document,
    revision::Revision,
};
use crate::{sync::Guard, tenant::TenantId};

/// One document for each domain.
#[derive(Debug)]
pub(super) struct Domains {
    documents: Vec<Arc<Document>>,
    table: Derived<TenantTable>,
}

#[derive(Debug)]
struct TenantTable {
    /// Two domains may belong to one tenant.
    documents: HashMap<TenantId, Vec<usize>>,
    /// The tenant of every domain is known.
    is_complete: bool,
}

impl Domains {
    /// `None` if there are no documents.
    pub(super) fn new(documents: Vec<Arc<Document>>, revision: Arc<Revision>) -> Option<Box<Self>> {
        if documents.is_empty() {
            return None;
        }
        let table = Derived::new(revision, || issuer_version(&documents), || TenantTable::new(&documents));
        Some(Box::new(Self { documents, table }))
    }

    /// The documents of all domains.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Document>> + Clone {
        self.documents.iter()
    }

    /// The sum of the documents' issuer versions.
    pub(super) fn issuer_version(&self) -> u64 {
        issuer_version(&self.documents)
    }

    /// Whether one of the domains belongs to this tenant; `None` if that depends on a domain that is not resolved yet.
    pub(super) fn contains(&self, tenant: TenantId) -> Option<bool> {
        let table = &self.table().value;
        if table.documents.contains_key(&tenant) { Some(true) } else { table.is_complete.then_some(false) }
    }

    /// Calls `each` with the documents of a tenant.
    pub(super) fn for_each_of(&self, tenant: TenantId, mut each: impl FnMut(&Arc<Document>)) {
        let table = self.table();
        let numbers = table.value.documents.get(&tenant).into_iter().flatten();
        numbers.for_each(|&number| each(&self.documents[number]));
    }

    /// One of the documents of a tenant. Those of its other domains have the same keys.
    pub(super) fn first_of(&self, tenant: TenantId) -> Option<Arc<Document>> {
        let number = *self.table().value.documents.get(&tenant)?.first()?;
        Some(Arc::clone(&self.documents[number]))
    }

    fn table(&self) -> Guard<Computed<TenantTable>> {
        self.table.get(|| self.issuer_version(), || TenantTable::new(&self.documents))
    }
}

fn issuer_version(documents: &[Arc<Document>]) -> u64 {
    documents.iter().map(|document| document.snapshot().issuer_version).sum()
}

impl TenantTable {
    fn new(all: &[Arc<Document>]) -> Self {
        let mut documents: HashMap<TenantId, Vec<usize>> = HashMap::new();
        let mut is_complete = true;
        for (number, document) in all.iter().enumerate() {
            match document.snapshot().tenant {
                Some(tenant) => documents.entry(tenant).or_default().push(number),
                None => is_complete = false,
            }
        }
        Self { documents, is_complete }
    }
}

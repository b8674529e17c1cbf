use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::MockEntra;

/// Metadata documents and key sets.
impl MockEntra {
    /// Serves the v1 documents, or status 404 in their place.
    pub fn set_v1_documents(&self, present: bool) {
        self.lock().documents.has_v1 = present;
    }

    /// Serves the v2 documents, or status 404 in their place.
    pub fn set_v2_documents(&self, present: bool) {
        self.lock().documents.has_v2 = present;
    }

    /// Sets the `cloud_instance_name` of metadata and keys, or removes it.
    pub fn set_cloud_instance_name(&self, name: Option<&str>) {
        self.lock().documents.cloud_instance_name = name.map(str::to_owned);
    }

    /// Sets a member in all metadata documents, replacing any existing value. `None` removes the member.
    pub fn set_metadata(&self, name: impl Into<String>, value: Option<Value>) {
        self.lock().documents.metadata.put(name, value);
    }

    /// Serves `body` at `path` in place of the original document. The path, such as `/common/discovery/v2.0/keys`,
    /// excludes the query.
    pub fn replace_document(&self, path: impl Into<String>, body: impl Into<Bytes>) {
        self.lock().documents.replaced.insert(path.into(), body.into());
    }

    /// Reverts [`replace_document`](Self::replace_document).
    pub fn restore_document(&self, path: impl AsRef<str>) {
        self.lock().documents.replaced.remove(path.as_ref());
    }

    /// Adds an `ETag` to documents and responds to a matching `If-None-Match` with status 304. Off by default.
    pub fn set_etags(&self, present: bool) {
        self.lock().documents.etags = present;
    }

    /// Sets the `max-age` of documents. `None`, the default, omits it.
    pub fn set_max_age(&self, max_age: Option<Duration>) {
        self.lock().documents.max_age = max_age;
    }
}

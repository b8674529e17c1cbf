use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    Fault, base_url::BaseUrl, clock::error_timestamp, directory::Directory, key_ring::KeyRing, message::MockResponse,
    overrides::Overrides,
};
use tower_entra::clock::{Clock, SystemClock};

/// Everything about a mock that can change, behind one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) base_url: BaseUrl,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: KeyRing,
    pub(super) documents: DocumentSettings,
    pub(super) directory: Directory,
    pub(super) faults: Faults,
    /// The URLs of all requests.
    pub(super) requests: Vec<String>,
    /// Additional host names at which the mock may be served.
    pub(super) allowed_hosts: Vec<String>,
    token_count: u64,
}

/// The configurable parts of metadata documents and key sets.
#[derive(Debug)]
pub(super) struct DocumentSettings {
    pub(super) has_v1: bool,
    pub(super) has_v2: bool,
    pub(super) cloud_instance_name: Option<String>,
    /// For all metadata documents.
    pub(super) metadata: Overrides,
    /// Bodies by path.
    pub(super) replaced: HashMap<String, Bytes>,
    pub(super) etags: bool,
    pub(super) max_age: Option<Duration>,
}

/// The faults to apply to requests.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) default: Fault,
    /// For URLs that contain the string, instead of the default.
    pub(super) by_url: Vec<(String, Fault)>,
    /// For this number of requests, instead of all others.
    pub(super) next: (usize, Fault),
}

impl State {
    pub(super) fn new(base_url: BaseUrl, keys: KeyRing, directory: Directory) -> Self {
        Self {
            base_url,
            clock: Arc::new(SystemClock::default()),
            keys,
            documents: DocumentSettings::default(),
            directory,
            faults: Faults::default(),
            requests: Vec::new(),
            allowed_hosts: Vec::new(),
            token_count: 0,
        }
    }

    /// A number that no other token of this mock has.
    pub(super) fn next_token_number(&mut self) -> u64 {
        self.token_count += 1;
        self.token_count
    }

    /// Records the request and returns its fault.
    pub(super) fn record(&mut self, url: String) -> Fault {
        let fault = self.faults.take(&url);
        self.requests.push(url);
        fault
    }

    /// An error response in Entra's format with the current time.
    pub(super) fn error(&self, status: u16, error: &str, number: u32, text: &str) -> MockResponse {
        let timestamp = error_timestamp(self.clock.now());
        MockResponse::error(&self.base_url.url, &timestamp, status, error, number, text)
    }
}

impl DocumentSettings {
    /// A successful response with the configured caching headers.
    pub(super) fn response(&self, body: Bytes, if_none_match: Option<&str>) -> MockResponse {
        MockResponse::document(body, self.etags, self.max_age, if_none_match)
    }
}

impl Default for DocumentSettings {
    fn default() -> Self {
        Self {
            has_v1: true,
            has_v2: true,
            cloud_instance_name: None,
            metadata: Overrides::default(),
            replaced: HashMap::new(),
            etags: false,
            max_age: None,
        }
    }
}

impl Faults {
    /// The fault of the current request for `url`.
    fn take(&mut self, url: &str) -> Fault {
        let (remaining, fault) = &mut self.next;
        if *remaining > 0 {
            *remaining -= 1;
            return fault.clone();
        }
        let by_url = self.by_url.iter().rev().find(|(part, _)| url.contains(part.as_str()));
        by_url.map_or_else(|| self.default.clone(), |(_, fault)| fault.clone())
    }
}

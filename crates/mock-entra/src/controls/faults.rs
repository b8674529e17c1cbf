use crate::{Fault, MockEntra, state::Faults};

/// Faults.
impl MockEntra {
    /// Applies `fault` to all requests from now on. [`Fault::None`] ends it.
    pub fn set_fault(&self, fault: Fault) {
        self.lock().faults.default = fault;
    }

    /// Applies `fault` to requests whose URL contains `part`, instead of the fault of [`set_fault`](Self::set_fault).
    /// Where several match a URL, the most recent one applies.
    pub fn set_fault_at(&self, part: impl Into<String>, fault: Fault) {
        self.lock().faults.by_url.push((part.into(), fault));
    }

    /// Applies [`Fault::Down`] to the next `requests` requests.
    pub fn fail_next(&self, requests: usize) {
        self.fail_next_with(requests, Fault::Down);
    }

    /// Applies `fault` to the next `requests` requests, instead of all other faults.
    pub fn fail_next_with(&self, requests: usize, fault: Fault) {
        self.lock().faults.next = (requests, fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.lock().faults = Faults::default();
    }
}

/// The log of requests.
impl MockEntra {
    /// The number of requests, including those that failed.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.lock().requests.len()
    }

    /// The number of requests whose URL contains `part`, such as `/discovery/v2.0/keys`.
    #[must_use]
    pub fn fetches_of(&self, part: impl AsRef<str>) -> usize {
        self.lock().requests.iter().filter(|url| url.contains(part.as_ref())).count()
    }

    /// The requested URLs, in order.
    #[must_use]
    pub fn requested(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// Clears the log of requests.
    pub fn reset_fetches(&self) {
        self.lock().requests.clear();
    }
}

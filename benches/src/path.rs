//! One path, measured.

use std::time::{Duration, Instant};

/// How often each path is measured.
pub const ROUNDS: usize = 60;
/// How long one measurement takes.
const SLICE: Duration = Duration::from_millis(4);

/// One path through the layer.
pub struct Path {
    pub name: &'static str,
    /// The most it may cost, as a ratio to the limit.
    pub target: Option<f64>,
    /// The most it may allocate, the bare service's own allocations taken off.
    pub allocations: Option<u64>,
    /// The bare service is taken off.
    pub is_net: bool,
    pub work: Box<dyn FnMut()>,
    pub nanos: Vec<f64>,
    pub allocated: u64,
}

impl Path {
    pub fn new(
        name: &'static str,
        target: Option<f64>,
        allocations: Option<u64>,
        work: impl FnMut() + 'static,
    ) -> Self {
        let is_net = target.is_some();
        Self { name, target, allocations, is_net, work: Box::new(work), nanos: Vec::new(), allocated: 0 }
    }

    /// Runs for about a slice, and notes the nanoseconds of one run.
    pub fn measure(&mut self) {
        let started = Instant::now();
        let mut runs = 0_u32;
        while started.elapsed() < SLICE {
            for _ in 0..8 {
                (self.work)();
            }
            runs += 8;
        }
        self.nanos.push(started.elapsed().as_nanos() as f64 / f64::from(runs));
    }
}

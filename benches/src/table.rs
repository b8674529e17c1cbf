//! One line for each thing that was measured, as `run` puts them together: what, how much, what was aimed at, how far the
//! machine strayed meanwhile, and whether it was missed by more than that.

/// What a ratio is to be.
#[derive(Clone, Copy)]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Nothing was aimed at.
    None,
}

/// The rows that were printed.
#[derive(Default)]
pub struct Table {
    missed: usize,
}

impl Table {
    /// Prints a row. `noise` is a part of the whole.
    pub fn row(&mut self, name: &str, measured: f64, unit: &str, target: Target, noise: f64) {
        let (aim, is_missed) = match target {
            Target::AtMost(most) => (format!("≤ {most}"), measured > most * (1.0 + noise)),
            Target::AtLeast(least) => (format!("≥ {least}"), measured < least * (1.0 - noise)),
            Target::None => (String::new(), false),
        };
        self.missed += usize::from(is_missed);
        let digits = if measured.fract() == 0.0 { 0 } else { 3 };
        let word = if is_missed { "missed" } else { "" };
        let percent = noise * 100.0;
        println!("{name}\t{measured:.digits$} {unit}\t{aim}\t± {percent:.1} %\t{word}");
    }

    /// How many were missed.
    pub fn missed(&self) -> usize {
        self.missed
    }
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Half of the distance between the quartiles, as a part of the median: how far the machine strayed.
pub fn noise(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[sorted.len() * 3 / 4] - sorted[sorted.len() / 4]) / 2.0 / median(values)
}

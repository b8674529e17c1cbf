//! The paths through the layer, and how they are measured: shared by the program that prints ratios and by criterion's.

pub mod allocations;
pub mod path;
pub mod paths;
pub mod readers;
pub mod setup;
pub mod table;
pub mod threads;

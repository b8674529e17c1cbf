//! The parts of the program that have tests of their own: tests in examples are not run.

#[path = "../../../../examples/explain/arguments.rs"]
mod arguments;
#[path = "../../../../examples/explain/hide.rs"]
mod hide;
#[path = "../../../../examples/explain/input.rs"]
mod input;
#[path = "../../../../examples/explain/page.rs"]
mod page;

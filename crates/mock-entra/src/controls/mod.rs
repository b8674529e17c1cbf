//! The methods that change a mock while it is in use, by subject.

mod directory;
mod documents;
mod faults;
mod keys;

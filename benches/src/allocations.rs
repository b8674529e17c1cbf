//! Counts what is allocated, by thread.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator, counted.
pub struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

// SAFETY: everything is the system allocator's doing; only a number is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        grow(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        grow(-(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        grow(size as i64 - layout.size() as i64);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn grow(bytes: i64) {
    LIVE.with(|live| live.set(live.get() + bytes));
}

/// How many bytes this thread has, those that other threads freed not taken off.
pub fn live() -> i64 {
    LIVE.with(Cell::get)
}

/// How many bytes `made` keeps, as long as this thread alone makes it.
pub fn kept<T>(make: impl FnOnce() -> T) -> i64 {
    let before = live();
    let made = make();
    let kept = live() - before;
    drop(made);
    kept
}

/// How many allocations `work` makes on this thread.
pub fn count(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

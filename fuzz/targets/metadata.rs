#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(tower_entra_fuzz::metadata(data)));

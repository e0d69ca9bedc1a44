#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hearth_fuzz::text::targets::java_pattern(data));

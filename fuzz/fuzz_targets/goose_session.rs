#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("goose-session", "a.jsonl", bytes);
});

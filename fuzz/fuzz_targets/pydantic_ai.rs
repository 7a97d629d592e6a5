#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("pydantic-ai", "messages.json", bytes);
});

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("gemini-cli-stream", "out.jsonl", bytes);
});

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("qwen-code-stream", "out.jsonl", bytes);
});

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("aider", ".aider.chat.history.md", bytes);
});

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("gemini-cli", "chats/session-x.json", bytes);
});

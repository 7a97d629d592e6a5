#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::layout("cline-task", "t/api_conversation_history.json", bytes);
});

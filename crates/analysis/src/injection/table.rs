//! The words by which text speaks to whoever judges a run: the one place to add some.
//!
//! A phrase is written as slots with spaces between:
//!
//! | slot | stands for |
//! |---|---|
//! | `ignore\|forget` | one of these words, in any case |
//! | `instruction*` | a word that begins so |
//! | `api_key` | these words in a row |
//! | `#` | a number |
//! | `?the\|a` | perhaps one of these |
//! | `~3` | up to three words of any kind |
//!
//! The first slot is what the text is searched for, so it should be rare in logs and must be plain
//! words, alike to how they stand in a text: `you_are_now` is found with single spaces. Between words anything but the end of a sentence may stand.

use trace::InjectionKind::{
    self, ExfiltrationBait, ForgedMessage, ForgedTool, LabelBribe, OverriddenInstructions,
};

/// Phrases that nobody writes to a person or a program by chance: each counts by itself.
pub(super) const PHRASES: &[(InjectionKind, &[&str])] = &[
    (
        OverriddenInstructions,
        &[
            "ignore|disregard|forget ~4 previous|prior|above|earlier|preceding|existing|original|foregoing|initial|system ~2 instruction*|prompt|prompts|direction|directions|guideline*|directive*",
            "override|bypass|discard ~3 previous|prior|above|earlier|preceding|existing|original|system ~2 instruction*|prompt|prompts|guideline*|directive*",
            "ignore|disregard|forget all|your|any|every ~3 instruction|instructions|guidelines|directives|programming",
            "ignore|disregard|forget everything|anything|all|what ~2 you|you've ~3 told|instructed|asked|learned|read",
            "do_not_follow|don't_follow|do_not_obey|don't_obey|stop_following|no_longer_follow ~2 your|previous|prior|earlier|above|original|system ~1 instruction*|prompt|prompts|rules|guideline*",
            "your_new|your_real|your_actual|your_true|your_updated|your_only instruction*|prompt|objective|orders is|are",
            "you_are_now|you're_now|you_are_henceforth ?an|a|the|my ~3 assistant|ai|llm|evaluator|judge|auditor|grader|reviewer|unrestricted|jailbroken|dan|chatbot|persona",
            "you_are_now|you're_now ~2 developer|god|dan|jailbreak|unrestricted mode",
            "you_are_no_longer ?bound|restricted|an|a|the ~2 assistant|ai|llm|evaluator|analyst|judge|auditor|grader|debugger|rules|guidelines|instructions",
            "from_now_on|henceforth|from_this_point_on|from_here_on you are|must|act|obey|only|always|answer|respond|reply",
            "from_now_on|henceforth|from_this_point_on|from_here_on only|always answer|respond|reply|obey",
        ],
    ),
    (
        LabelBribe,
        &[
            "mark|label|classify|flag|rate|grade|score|report|treat|declare|consider|judge|choose|pick|blame ~3 step|steps ?number #|all|every|each|one ~3 correct|incorrect|wrong|right|useful|unuseful|harmless|innocent|flawless|onset",
            "mark|label|classify|flag|rate|grade|treat|declare|judge all|every|each|these|the ~2 step|steps ~2 correct|incorrect|wrong|right|useful|unuseful|harmless|innocent|flawless",
            "blame ~1 step ?number #",
            "do_not_blame|don't_blame|do_not_label|don't_label|do_not_flag|don't_flag|never_flag|never_blame|never_label|do_not_accuse ~2 step|steps ?number #|of|in|as",
            "step|steps ?number # is|was|as|must|should ~3 onset|culprit|root_cause",
            "onset ~3 step|steps ?number|id #",
            "onset_step_id|incorrect_step_ids|unuseful_step_ids",
            "report|return|answer|conclude|output|say|declare|state|give|choose|select|respond|write|submit ~4 no_failure",
            "verdict ~2 no_failure|failure_found|undecided",
            "your_verdict|your_diagnosis|your_label|your_labels|your_judgement|your_judgment must|should|shall|has_to|is|are|will",
            "give|award|assign ?it|this|the|him|them ~3 full_marks|full_credit|perfect_score|maximum_score|top_marks",
            "codetracer.diagnosis",
        ],
    ),
    (
        ExfiltrationBait,
        &[
            "send|post|upload|forward|transmit|exfiltrate|email|leak|submit|deliver ?it|me|us the|your|all|any|these|its|every|full ~2 key|keys|token|tokens|secret|secrets|credential|credentials|password|passwords|environment|env|prompt|instructions|conversation|transcript ~3 to|at ~2 http|https|ftp|mailto|webhook",
            "print|reveal|output|repeat|show|tell|leak|dump|disclose|display|quote|recite|expose|divulge ~2 your ~2 system_prompt|system_message|instructions|initial_prompt|api_key|api_keys|secret|secrets|credentials|hidden_prompt|environment_variables",
            "print|reveal|output|repeat|tell|leak|dump|disclose|recite|expose|divulge the ~2 system_prompt|system_message|initial_prompt|hidden_prompt",
            "include|paste|append|copy|embed|insert|quote|place|encode ~6 key|keys|variable|variables|secret|secrets|credential|credentials|password|passwords|prompt|token|tokens|instructions ~3 in|into|to|at|within your ~2 answer|reply|response|summary|report|advice|diagnosis|verdict|output|reasoning|explanation|evidence|conclusion|message",
        ],
    ),
    (
        ForgedMessage,
        &["end|close ?of|the untrusted|hostile|quoted ~1 data|text|content|output|input|block"],
    ),
];

/// Phrases that speak to a model, but that code and documents about models hold too: each counts only
/// with [`COMPANY`].
pub(super) const WEAK_PHRASES: &[(InjectionKind, &[&str])] = &[
    (
        OverriddenInstructions,
        &[
            "new|updated|revised|replacement system_prompt|system_message|system_instruction|system_instructions",
            "system_override|admin_override|developer_override|override_code",
            "if_you_are|if_you're ?an|a|the ~1 ai|llm|language_model|evaluator|judge|grader|auditor|chatbot",
        ],
    ),
    (
        LabelBribe,
        &[
            "note|message|attention|dear|memo|notice|hint|instruction|instructions|reminder ?to|for ?the|all|any|our ~2 evaluator|evaluators|grader|graders|judge|judges|auditor|auditors|analyst|analysts|llm|llms|ai|diagnoser",
            "run|trajectory|session|attempt|agent|steps ~1 must|should|shall be ~1 labelled|labeled|marked|judged|graded|scored|rated|classified|considered ~2 success|successful|correct|perfect|flawless|resolved",
        ],
    ),
    (
        ForgedMessage,
        &[
            "end ?of|the run|tool|artifact|external|user|data ~1 data|text|content|output|input|context|document|transcript|log",
        ],
    ),
];

/// Marks by which chats, tools and prompts are told apart, exact but for case. Code and documents about
/// models are full of them, so each counts only with [`COMPANY`].
pub(super) const MARKS: &[(InjectionKind, &[&str])] = &[
    (
        ForgedMessage,
        &[
            "<|im_start|>",
            "<|im_end|>",
            "<|system|>",
            "<|user|>",
            "<|assistant|>",
            "<|eot_id|>",
            "<|start_header_id|>",
            "<|end_of_turn|>",
            "<|endoftext|>",
            "<|channel|>",
            "<｜user｜>",
            "<｜assistant｜>",
            "<start_of_turn>",
            "<end_of_turn>",
            "[inst]",
            "[/inst]",
            "<<sys>>",
            "<</sys>>",
            "[system]",
            "<system>",
            "</system>",
            "<system_prompt>",
            "\n\nhuman:",
            "\n\nassistant:",
            "\nsystem:",
            "### system:",
            "### human:",
            "### user:",
            "### instruction:",
            "\"role\":\"system\"",
            "\"role\": \"system\"",
            "\"role\":\"developer\"",
            "\"role\": \"developer\"",
            "</document>",
            "</untrusted",
            "</data>",
            "</observation>",
            "</run>",
        ],
    ),
    (
        ForgedTool,
        &[
            "<tool_result",
            "</tool_result",
            "<tool_response",
            "<tool_output",
            "<tool_call",
            "<tool_use",
            "<function_results",
            "<function_result",
            "<function_calls",
            "<function_call",
            "<function=",
            "<invoke name",
            "[tool_calls]",
            "[tool_results]",
            "\"role\":\"tool\"",
            "\"role\": \"tool\"",
            "\"role\":\"function\"",
            "\"role\": \"function\"",
            "\"type\":\"tool_result\"",
            "\"type\": \"tool_result\"",
            "\"type\":\"tool_use\"",
            "\"type\": \"tool_use\"",
            "\"tool_calls\"",
        ],
    ),
];

/// What makes a mark speak to a judge, when it follows within [`COMPANY_BYTES`]: words about verdicts
/// and orders to a reader. Every one of [`PHRASES`] is company too.
pub(super) const COMPANY: &[&str] = &[
    "verdict ~2 is|must|should|shall|positive|success|fine|correct|failure",
    "onset",
    "no_failure",
    "note|message|dear|attention ?to ?the|any|all evaluator|evaluators|grader|graders|auditor|judge|judges|analyst",
    "this_run|the_run|this_trajectory|the_trajectory ~1 is|was|has|succeeded|passed|must|should",
    "step|steps # ~2 correct|incorrect|fine|wrong|onset",
    "disregard|obey|comply",
    "previous_instructions|prior_instructions|above_instructions|new_instructions",
    "you_must_now|you_will_now|you_must_not|you_have_to",
    "conclude that|with",
    "do_not_mention|do_not_tell|do_not_report|don't_mention|don't_tell|don't_report",
    "respond_only|reply_only|answer_only",
    "system_prompt|api_key",
];

/// How far after a mark its company may stand, in bytes.
pub(super) const COMPANY_BYTES: usize = 400;

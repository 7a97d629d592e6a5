//! What a server is believed to accept, and how a refusal corrects the belief.

/// Parts of a request that not every model and server takes. A request is first made in full; a
/// refusal that names one of the parts turns that part off, once, for the rest of the client's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// Each is an independent yes or no about a server, not a state.
#[expect(clippy::struct_excessive_bools)]
pub struct Accepts {
    /// Tools in the protocol's own form; otherwise as fenced text.
    pub tools: bool,
    /// A choice that forces a call of a tool; otherwise as an instruction. Models that always think
    /// refuse it.
    pub forced_tools: bool,
    /// A JSON schema for the answer; otherwise as an instruction.
    pub schema: bool,
    /// A sampling temperature.
    pub temperature: bool,
    /// How much the model is to think.
    pub effort: bool,
    /// The limit of output tokens as `max_completion_tokens`, the newer name in OpenAI's protocol.
    pub max_completion_tokens: bool,
    /// A request for usage at the end of a stream.
    pub stream_usage: bool,
    /// Marks for the provider's prompt cache.
    pub cache: bool,
}

/// Words by which servers say that they do not know or take a part, rather than that its value is
/// wrong: "does not support tools", "requires --enable-auto-tool-choice", "Extra inputs are not
/// permitted", "`temperature` is deprecated", "`temperature` may only be set to 1".
const REJECTING: [&str; 10] = [
    "support",
    "requires",
    "unrecogni",
    "unknown",
    "unexpected",
    "extra ",
    "not permitted",
    "not allowed",
    "deprecated",
    "may only",
];

/// Whether a part was sent, and how it is left out.
type Part = (bool, fn(&mut Accepts));

impl Accepts {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self {
            tools: true,
            forced_tools: true,
            schema: true,
            temperature: true,
            effort: true,
            max_completion_tokens: true,
            stream_usage: true,
            cache: true,
        }
    }

    /// Everything that leaves out one or more of the parts that were sent, fewest first.
    pub(crate) fn with_less(
        self,
        sent: Self,
        tools_may_be_text: bool,
    ) -> impl Iterator<Item = Self> {
        let parts: [Part; 7] = [
            (sent.tools && tools_may_be_text, |a| a.tools = false),
            (sent.forced_tools, |a| a.forced_tools = false),
            (sent.schema, |a| a.schema = false),
            (sent.temperature, |a| a.temperature = false),
            (sent.effort, |a| a.effort = false),
            (sent.stream_usage, |a| a.stream_usage = false),
            (sent.cache, |a| a.cache = false),
        ];
        let mut choices: Vec<u8> = (1..1 << parts.len()).collect();
        choices.sort_by_key(|choice| choice.count_ones());
        choices.into_iter().filter_map(move |choice| {
            let mut less = self;
            for (at, (was_sent, leave_out)) in parts.iter().enumerate() {
                if choice >> at & 1 == 1 {
                    if !was_sent {
                        return None;
                    }
                    leave_out(&mut less);
                }
            }
            Some(less)
        })
    }

    /// What is left after a server refused with `status` and `message`, or nothing when the refusal
    /// names no part that was sent. `tools_may_be_text` says whether tools may be turned off.
    #[must_use]
    pub fn after(
        self,
        status: u16,
        message: &str,
        sent: Self,
        tools_may_be_text: bool,
    ) -> Option<Self> {
        if !matches!(status, 400 | 404 | 422 | 501) {
            return None;
        }
        let message = message.to_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let rejects = names(&REJECTING);
        let mut less = self;
        // Refusals of the older name of the limit recommend the newer one, so that both are named.
        if names(&["max_completion_tokens"]) && (rejects || !sent.max_completion_tokens) {
            less.max_completion_tokens = !sent.max_completion_tokens;
        } else if sent.stream_usage && names(&["stream_options", "include_usage"]) {
            less.stream_usage = false;
        } else if sent.cache && names(&["cache_control"]) {
            less.cache = false;
        } else if sent.temperature && rejects && names(&["temperature"]) {
            less.temperature = false;
        } else if sent.effort && names(&["effort"]) {
            less.effort = false;
        } else if sent.forced_tools && names(&["tool_choice", "tool choice", "toolchoice"]) {
            less.forced_tools = false;
        } else if sent.schema && names(&["response_format", "output_config", "json_schema"]) {
            less.schema = false;
        } else if sent.effort && names(&["output_config"]) {
            less.effort = false;
        } else if sent.tools && tools_may_be_text && rejects && names(&["tool", "function"]) {
            less.tools = false;
        } else if sent.schema && names(&["schema", "format"]) {
            less.schema = false;
        }
        (less != self).then_some(less)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_turns_off_what_it_names() {
        let all = Accepts {
            forced_tools: false,
            ..Accepts::all()
        };
        let after = |message: &str| all.after(400, message, all, true);
        assert!(
            !after("registry.ollama.ai/library/x does not support tools")
                .unwrap()
                .tools
        );
        assert!(
            !after("\"auto\" tool choice requires --enable-auto-tool-choice")
                .unwrap()
                .tools
        );
        assert!(
            !after("Invalid schema for response_format 'x'")
                .unwrap()
                .schema
        );
        assert!(
            !after("`temperature` is deprecated for this model")
                .unwrap()
                .temperature
        );
        assert!(
            !after("Unrecognized request argument: stream_options")
                .unwrap()
                .stream_usage
        );
        assert!(
            !after("`temperature` may only be set to 1 when thinking is enabled")
                .unwrap()
                .temperature
        );
        assert!(
            !after("This model does not support the effort parameter.")
                .unwrap()
                .effort
        );
        let newer = after("Unrecognized request argument supplied: max_completion_tokens");
        assert!(!newer.unwrap().max_completion_tokens);
        assert_eq!(all.after(401, "tools", all, true), None);
        assert_eq!(all.after(400, "tools are not supported", all, false), None);
    }

    #[test]
    fn a_forced_choice_is_given_up_before_the_tools_are() {
        let all = Accepts::all();
        for message in [
            "tool_choice: type \"tool\" and \"any\" are not supported for this model.",
            "Thinking may not be enabled when tool_choice forces tool use.",
        ] {
            let less = all.after(400, message, all, true).unwrap();
            assert!(less.tools && !less.forced_tools, "{message}");
        }
    }

    #[test]
    fn a_wrong_value_turns_off_nothing() {
        let all = Accepts {
            schema: false,
            ..Accepts::all()
        };
        for message in [
            "messages: at least one message is required",
            "temperature: must be between 0 and 1",
            "messages.2: each `tool_use` block must have a `tool_result` block after it",
            "max_tokens: 999999 > 64000, which is the maximum for this model",
        ] {
            assert_eq!(
                Accepts::all().after(400, message, all, true),
                None,
                "{message}"
            );
        }
    }

    #[test]
    fn what_was_not_sent_is_not_to_blame() {
        let sent = Accepts {
            temperature: false,
            ..Accepts::all()
        };
        assert_eq!(Accepts::all().after(400, "temperature", sent, true), None);
    }

    #[test]
    fn less_leaves_out_what_was_sent_and_nothing_else() {
        let sent = Accepts {
            schema: false,
            forced_tools: false,
            effort: false,
            cache: false,
            stream_usage: false,
            ..Accepts::all()
        };
        let less: Vec<_> = Accepts::all().with_less(sent, true).collect();
        assert_eq!(less.len(), 3);
        assert!(!less[0].tools && less[0].temperature);
        assert!(less[1].tools && !less[1].temperature);
        assert!(!less[2].tools && !less[2].temperature);
        assert!(less.iter().all(|less| less.schema && less.cache));
        assert_eq!(Accepts::all().with_less(sent, false).count(), 1);
    }
}

//! The words by which demands are told apart; lists in alphabetical order.

/// What a verb does to the thing it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Brings it into being.
    Make,
    /// Changes what is there.
    Change,
    /// Takes it away.
    Remove,
    /// Looks at it or works with it.
    Use,
    /// Runs it.
    Run,
    /// Checks it.
    Check,
    /// Something else.
    Other,
}

/// Verbs in their base form.
pub(super) const VERBS: &[(Deed, &str)] = &[
    (
        Deed::Make,
        "\
         archive backup build capture clone compile construct copy create develop download \
         draw emit export generate log make move name output pack place plot prepare produce \
         put rebuild record render save store write",
    ),
    (
        Deed::Change,
        "\
         add adjust append change complete configure correct debug define edit extend fill \
         finalize finish fix implement improve migrate modify optimize patch refactor rename \
         repair replace rewrite simplify update",
    ),
    (
        Deed::Remove,
        "\
         delete remove uninstall",
    ),
    (
        Deed::Use,
        "\
         access analyze compare consider encrypt evaluate examine explore extract find follow \
         get import inspect investigate load look open parse process read review serve \
         transform use",
    ),
    (
        Deed::Run,
        "\
         call execute launch restart run start",
    ),
    (
        Deed::Check,
        "\
         check test validate verify",
    ),
    (
        Deed::Other,
        "\
         accept achieve activate address align allow annotate answer apply assign attach \
         automate avoid benchmark bring cache calculate choose classify clean cluster collect \
         combine commit compress compute connect convert count crack crawl cut decode \
         decompress decrypt demonstrate deploy derive describe design detect determine \
         disable discover display document drop enable encode enforce ensure escape estimate \
         exclude expect explain exploit expose fetch filter fit format gather give guess \
         handle help hide host identify include increase infer initialize inject insert \
         install integrate interpret introduce invert keep learn leave limit list listen \
         locate mark match measure merge mimic minimize monitor mount normalize obtain order \
         organize perform pick predict preserve prevent print profile prove provide publish \
         pull push query rank reach recover redirect reduce register repeat report reproduce \
         reset resolve restore return reverse sample sanitize scan schedule scrape search \
         secure select send separate serialize set setup show sign simulate solve sort \
         specify split stop submit summarize support swap switch take tell trace track train \
         translate treat trim try tune turn upgrade upload visualize wait wire wrap",
    ),
];

/// Irregular forms and the verb they belong to.
pub(super) const FORMS: &[(&str, &str)] = &[
    ("built", "build"),
    ("found", "find"),
    ("gotten", "get"),
    ("kept", "keep"),
    ("made", "make"),
    ("ran", "run"),
    ("running", "run"),
    ("written", "write"),
    ("wrote", "write"),
];

/// Words by which something is asked for without an imperative.
pub(super) const MODALS: &[&str] = &[
    "exactly", "expected", "must", "need", "needs", "required", "requires", "shall", "should",
];

/// Words that open a sentence in front of its verb.
pub(super) const OPENERS: &str = "\
     additionally afterwards also and automatically carefully correctly finally first further \
     furthermore just kindly lastly next now please properly second secondly securely simply \
     specifically successfully task then third todo";

/// Beginnings of a sentence by which somebody asks.
pub(super) const ASKS: &[&str] = &[
    "can you",
    "could you",
    "help me",
    "i need",
    "i want",
    "i would like",
    "i'd like",
    "let's",
    "we need",
    "we want",
    "would you",
    "write me",
    "you are asked",
    "you are required",
    "you are tasked",
    "you have to",
    "you must",
    "you need",
    "you should",
    "you will need",
    "testing will be",
    "so that i can",
    "i will test",
    "i will run",
    "i will compute",
    "i will check",
    "your goal",
    "your job",
    "your mission",
    "your objective",
    "your task",
    "your tasks",
];

/// Words that make a sentence a description of what is there.
pub(super) const DESCRIBES: &[&str] = &[
    "already",
    "available",
    "contains",
    "exists",
    "given",
    "located",
    "pre-installed",
    "preinstalled",
    "provided",
    "provides",
];

/// Words in a heading or lead under which things are described, not demanded.
pub(super) const BACKGROUND: &[&str] = &[
    "assume",
    "assumption",
    "background",
    "context",
    "current environment",
    "dependencies",
    "environment",
    "example",
    "given",
    "input",
    "note",
    "overview",
    "provided",
    "reference",
    "sample",
    "tip",
];

/// Prepositions and participles after which a name is something that is there.
pub(super) const TAKES: &[&str] = &[
    "against",
    "analyzing",
    "by",
    "calling",
    "containing",
    "executing",
    "existing",
    "from",
    "given",
    "in",
    "loading",
    "of",
    "parsing",
    "provided",
    "reading",
    "running",
    "than",
    "through",
    "under",
    "using",
    "via",
    "with",
];

/// Phrases that forbid; what follows is forbidden.
pub(super) const FORBIDS: &[&str] = &[
    "are not allowed",
    "avoid",
    "cannot",
    "can't",
    "do not",
    "don't",
    "is not allowed",
    "may not",
    "must not",
    "mustn't",
    "never",
    "no need to",
    "not be allowed",
    "not allowed",
    "not permitted",
    "should not",
    "shouldn't",
    "without",
];

/// Phrases by which a sentence talks about how the agent answers: the frame, not the task.
pub(super) const FRAME: &[&str] = &[
    "bash code block",
    "complete_task_and_submit",
    "function call",
    "in your response",
    "in your reply",
    "json response",
    "one command",
    "reply with terminate",
    "respond with",
    "response must",
    "response should",
    "tool call",
    "your response",
    "your thinking",
    "your reply",
    "submissions should",
];

/// Endings of file names, without the dot.
pub(super) const ENDINGS: &str = "\
     adoc asm avi bak bash bat bin bmp c cc cfg cgi class conf config cpp crt cs css csv cu cxx \
     dat db deb diff dll doc docx env exe fa fasta feather flac ftl gif git go gpg gpx gz h h5 \
     hpp hs htm html ico img in ini ipynb iso jar java jpeg jpg js json json5 jsonl jsx key kt \
     lean lock log lua m mat md mdx mjs mk ml mli mov mp3 mp4 mts ndjson npy npz o ods odt onnx \
     out parquet patch pb pcap pdb pdf pem php pid pkl pl png ppm pptx proto ps1 pt pth pub py \
     pyc pyi pyx r rb red rs rst safetensors scala scm scss service sh so sol sql sqlite srt \
     svelte svg swc swift tar tcl tex tgz tiff tif toml ts tsv tsx ttf txt v vhd vue wasm wat wav \
     webm webp xlsx xml xz yaml yml zip zsh zshrc zst";

/// Programs whose name begins a command.
pub(super) const PROGRAMS: &str = "\
     apt apt-get awk bash bundle cargo cat chmod cmake composer conda cp curl deno diff docker \
     dotnet echo ffmpeg find g++ gcc git go gpg gradle grep gunzip java javac jest jq kubectl \
     make mvn mypy mysql nginx node npm npx openssl perl php pip pip3 pmars pnpm poetry psql \
     pytest python python3 Rscript ruby ruff rustc sed sh sqlite3 ssh sudo systemctl tar \
     terraform tox tsc uv uvx wget yarn zsh zstd";

/// True when a list of words separated by spaces has this one.
pub(super) fn has(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|listed| listed == word)
}

/// The deed of a verb in any of its forms, and whether the word is its base form.
pub(super) fn verb(word: &str) -> Option<(Deed, bool)> {
    let lower = word.to_ascii_lowercase();
    let base = |word: &str| {
        let mut groups = VERBS.iter();
        groups
            .find(|(_, verbs)| has(verbs, word))
            .map(|(deed, _)| *deed)
    };
    if let Some(deed) = base(&lower) {
        return Some((deed, true));
    }
    if let Some((_, verb)) = FORMS.iter().find(|(form, _)| *form == lower) {
        return base(verb).map(|deed| (deed, false));
    }
    let stems = ["s", "es", "d", "ed", "ing"];
    stems.iter().find_map(|ending| {
        let stem = lower.strip_suffix(ending)?;
        let deed = base(stem)
            .or_else(|| base(&format!("{stem}e")))
            // "modified" from "modify", "copied" from "copy".
            .or_else(|| base(&format!("{}y", stem.strip_suffix('i')?)))
            // "running", "dropped": the last letter is doubled.
            .or_else(|| base(stem.strip_suffix(stem.chars().next_back()?)?))?;
        Some((deed, false))
    })
}

#[cfg(test)]
mod tests {
    use super::{Deed, VERBS, verb};

    #[test]
    fn no_verb_is_listed_twice() {
        let mut seen = std::collections::BTreeSet::new();
        let all = VERBS
            .iter()
            .flat_map(|(_, verbs)| verbs.split_ascii_whitespace());
        for verb in all {
            assert!(seen.insert(verb), "{verb}");
        }
    }

    #[test]
    fn forms_of_a_verb_are_known() {
        for word in [
            "create", "creates", "created", "creating", "written", "copied", "saving",
        ] {
            assert_eq!(verb(word).map(|v| v.0), Some(Deed::Make), "{word}");
        }
        assert_eq!(verb("modifying"), Some((Deed::Change, false)));
        assert_eq!(verb("table"), None);
    }
}

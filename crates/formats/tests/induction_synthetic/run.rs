//! An abstract run of a coding agent, before anybody wrote it down: made from a seed.

use serde_json::{Value, json};

/// A small generator of numbers (splitmix64), the same on every machine.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What happened.
pub(crate) struct Run {
    pub(crate) session: String,
    pub(crate) task: String,
    pub(crate) replies: Vec<Reply>,
    pub(crate) answer: String,
}

/// One reply of the model.
pub(crate) struct Reply {
    pub(crate) id: String,
    pub(crate) thought: String,
    pub(crate) hidden: String,
    pub(crate) calls: Vec<Call>,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) tokens: (u64, u64),
}

/// One call and what came back.
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
    pub(crate) output: String,
    pub(crate) exit: Option<i32>,
    pub(crate) failed: bool,
    pub(crate) at: u64,
    pub(crate) took: u64,
}

/// What the tools of an agent are called: shell, read, edit, write, search, list.
pub(crate) type Tools = [&'static str; 6];

pub(crate) const TOOLS: [(&str, Tools); 4] = [
    (
        "usual",
        [
            "bash",
            "read_file",
            "edit_file",
            "write_file",
            "grep",
            "list_dir",
        ],
    ),
    ("claude", ["Bash", "Read", "Edit", "Write", "Grep", "LS"]),
    (
        "dotted",
        [
            "sys.exec", "fs.open", "fs.patch", "fs.store", "fs.find", "fs.dir",
        ],
    ),
    (
        "strange",
        [
            "Terminaleingabe",
            "Dateileser",
            "Textersetzer",
            "Dateischreiber",
            "Quelltextsuche",
            "Ordnerinhalt",
        ],
    ),
];

const FILES: &[&str] = &[
    "src/app/config.py",
    "src/app/models/user.py",
    "tests/test_config.py",
    "lib/parser/lexer.go",
    "internal/cache/store.go",
    "web/src/components/Table.tsx",
    "README.md",
    "Makefile",
    "crates/core/src/lib.rs",
    "scripts/release.sh",
];
const WORDS: &[&str] = &[
    "timeout",
    "parse_header",
    "UserStore",
    "retry",
    "cache_key",
    "render",
    "offset",
    "flush",
    "is_empty",
    "Decoder",
];
const THOUGHTS: &[&str] = &[
    "Let me look at how {w} is used before I change anything.",
    "The failing test points at {f}. I will read it first.",
    "I think the problem is that {w} is never reset, so the second call sees the old value. Let me check {f} to be sure.",
    "Now I will run the tests to see whether the change to {w} holds.",
    "That did not work. The traceback says {w} is missing, so the import in {f} must be wrong.",
    "Good. Next I update the callers of {w}.\n\nThere are a few places: the parser, the cache and the tests in {f}.",
    "Let me verify the result.",
];

/// A run of `steps` calls or a few more.
pub(crate) fn run(seed: u64, steps: usize, tools: &Tools, ids: &str) -> Run {
    let mut dice = Dice::new(seed);
    let mut clock = 1_760_000_000_000 + dice.next() % 9_000_000_000;
    let mut replies = Vec::new();
    let mut made = 0;
    while made < steps {
        clock += 1_500 + dice.next() % 20_000;
        let many = if dice.chance(18) {
            2 + dice.below(2)
        } else {
            1
        };
        let at = clock;
        let mut calls = Vec::new();
        for _ in 0..many {
            let mut call = call(&mut dice, tools);
            made += 1;
            call.id = id(&mut dice, ids, made);
            call.at = clock;
            call.took = 20 + dice.next() % 8_000;
            clock += call.took;
            calls.push(call);
        }
        let fill = |text: &str, dice: &mut Dice| {
            text.replace("{w}", dice.pick(WORDS))
                .replace("{f}", dice.pick(FILES))
        };
        let thought = if dice.chance(80) {
            let text = dice.pick(THOUGHTS);
            fill(text, &mut dice)
        } else {
            String::new()
        };
        let hidden = if dice.chance(50) {
            let text = dice.pick(THOUGHTS);
            format!("The user wants this fixed. {}", fill(text, &mut dice))
        } else {
            String::new()
        };
        replies.push(Reply {
            id: format!("msg_{:012x}", dice.next() >> 16),
            thought,
            hidden,
            calls,
            at,
            tokens: (1_000 + dice.next() % 40_000, 20 + dice.next() % 900),
        });
    }
    Run {
        session: uuid(&mut dice),
        task: format!(
            "In this repository `{}` fails when `{}` is called twice. Find out why, fix it in {} and make sure that all tests pass. Do not change the public interface.",
            dice.pick(FILES),
            dice.pick(WORDS),
            dice.pick(FILES)
        ),
        replies,
        answer: format!(
            "I fixed the problem: `{}` is now reset before every use, and all tests pass.",
            dice.pick(WORDS)
        ),
    }
}

fn uuid(dice: &mut Dice) -> String {
    let (a, b) = (dice.next(), dice.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 48 & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

fn id(dice: &mut Dice, ids: &str, number: usize) -> String {
    match ids {
        "uuid" => uuid(dice),
        "number" => (number * 7 + 100).to_string(),
        "call" => format!("call_{:016x}", dice.next()),
        "tool" => format!("tool{number}"),
        _ => String::new(),
    }
}

fn call(dice: &mut Dice, tools: &Tools) -> Call {
    let file = dice.pick(FILES);
    let word = dice.pick(WORDS);
    let number = dice.below(90) + 1;
    let what = dice.below(100);
    let failed = dice.chance(12);
    let (tool, arguments, output, exit) = if what < 45 {
        let command = match dice.below(7) {
            0 => format!("cd /repo && python -m pytest {file} -x -q 2>&1 | tail -{number}"),
            1 => format!("git diff --stat {file}"),
            2 => "ls -la".to_owned(),
            3 => format!("grep -rn \"{word}\" --include=*.py . | head -{number}"),
            4 => format!("python - <<'PY'\nimport app\nprint(app.{word}({number}))\nPY"),
            5 => format!("sed -n '{number},{}p' {file}", number + 40),
            _ => format!("make test ARGS='-k {word}'"),
        };
        let text = if failed {
            format!(
                "Traceback (most recent call last):\n  File \"{file}\", line {number}, in <module>\n    {word}()\nNameError: name '{word}' is not defined"
            )
        } else {
            lines(dice, file, word)
        };
        let exit = i32::from(failed);
        (tools[0], json!({ "command": command }), text, Some(exit))
    } else if what < 65 {
        let arguments = json!({"path": file, "offset": number, "limit": 40});
        let text = if failed {
            format!("Error: file not found: {file}")
        } else {
            numbered(dice, word, number)
        };
        (tools[1], arguments, text, None)
    } else if what < 80 {
        let arguments = json!({"path": file, "old_string": format!("    {word} = None\n    return {number}"),
            "new_string": format!("    {word} = {number}\n    return {word}")});
        let text = if failed {
            format!("Error: old_string was not found in {file}")
        } else {
            format!("The file {file} has been updated ({number} lines).")
        };
        (tools[2], arguments, text, None)
    } else if what < 86 {
        let content = format!("import os\n\ndef {word}():\n    return os.getcwd()[{number}:]\n");
        let text = format!("Wrote {} bytes to {file}", content.len());
        (
            tools[3],
            json!({"path": file, "content": content}),
            text,
            None,
        )
    } else if what < 94 {
        let arguments = json!({"pattern": word, "path": "src"});
        (tools[4], arguments, lines(dice, file, word), None)
    } else {
        let text = FILES[..3 + number % 6].join("\n");
        (tools[5], json!({"path": "."}), text, None)
    };
    Call {
        id: String::new(),
        tool,
        arguments,
        output,
        exit,
        failed,
        at: 0,
        took: 0,
    }
}

fn lines(dice: &mut Dice, file: &str, word: &str) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(25) {
        let line = 1 + dice.below(900);
        let other = dice.pick(WORDS);
        let number = line.to_string();
        text.extend([file, ":", &number, ":    self.", word, "(", other, ", 1)\n"]);
    }
    text
}

fn numbered(dice: &mut Dice, word: &str, from: usize) -> String {
    let mut text = String::new();
    for line in from..=from + 4 + dice.below(40) {
        let one = match dice.below(4) {
            0 => format!("{line:>6}\tdef {word}_{line}(self, value):\n"),
            1 => format!("{line:>6}\t    return self.{}\n", dice.pick(WORDS)),
            2 => format!("{line:>6}\n"),
            _ => format!("{line:>6}\t    if value is None: raise ValueError(\"{word}\")\n"),
        };
        text.push_str(&one);
    }
    text
}

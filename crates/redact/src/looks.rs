//! What a word looks like: a plain one, a name, an address, a key.

/// A word as people write it: letters in one case, but for the first.
pub(crate) fn is_plain(word: &str) -> bool {
    const LONGEST: usize = 24;
    let rest = word.trim_end_matches(|c: char| c.is_ascii_punctuation());
    let mut letters = rest.chars().skip(1);
    rest.len() <= LONGEST
        && rest.chars().all(|c| c.is_alphabetic() || c == '-')
        && letters.all(|c| c.is_lowercase() || c == '-')
}

pub(crate) fn is_between(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '"' | '\''
                | '`'
                | ','
                | ';'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '|'
                | '&'
                | '\\'
                | '!'
                | '*'
                | '…'
        )
}

pub(crate) fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=')
}

/// Whether a name speaks of a secret: the name of a member, variable or option.
pub(crate) fn names_secret(name: &str) -> bool {
    /// Anywhere in the name: `password_hash`, `secretKeyBase`.
    const ANYWHERE: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "secret",
        "apikey",
        "accesskey",
        "privatekey",
        "credential",
    ];
    /// At its end: the `token_count` of a model is none.
    const ENDINGS: &[&str] = &[
        "token",
        "authorization",
        "cookie",
        "cookies",
        "connectionstring",
    ];
    /// As its last word: `compass` is none.
    const LAST_WORDS: &[&str] = &["pass", "pwd"];
    if name.len() > 80 || matches!(name, "PWD" | "OLDPWD") {
        return false;
    }
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or(name);
    ANYWHERE.iter().any(|word| plain.contains(word))
        || ENDINGS.iter().any(|ending| plain.ends_with(ending))
        || LAST_WORDS.iter().any(|word| last.eq_ignore_ascii_case(word))
        // `STRIPE_KEY` is a variable of an environment; `primary_key` is a column.
        || name.ends_with("_KEY")
}

/// Whether a word begins with an address, its `@` being at `at`. A prompt such as `root@box:/app#` does
/// not: it names no domain, or nobody.
pub(crate) fn is_mail(word: &str, at: usize) -> bool {
    let (name, rest) = (&word[..at], &word[at + 1..]);
    let (host, rest) = rest.split_at(host_length(rest));
    let is_prompt = name == "root" && rest.starts_with([':', '/', '#', '~', '$']);
    !is_prompt
        && name.chars().any(char::is_alphanumeric)
        && host.split_once('.').is_some_and(|(first, rest)| {
            !first.is_empty() && rest.chars().any(char::is_alphanumeric)
        })
}

/// How many bytes of what follows an `@` can be the name of a host.
pub(crate) fn host_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@')))
        .unwrap_or(text.len())
}

/// Whether a run of characters begins like a key of a known service.
pub(crate) fn is_known_key(run: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "sk-",
        "sk_",
        "pk_",
        "rk_",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xoxa-",
        "xoxb-",
        "xoxp-",
        "xoxr-",
        "xoxs-",
        "AKIA",
        "ASIA",
        "AIza",
        "hf_",
        "npm_",
        "pypi-",
        "eyJ",
        "dop_v1_",
        "shpat_",
        "whsec_",
    ];
    const LEAST_MORE: usize = 12;
    BEGINNINGS.iter().any(|beginning| {
        run.match_indices(beginning).any(|(at, _)| {
            let before = run[..at].chars().next_back();
            !before.is_some_and(|c| c.is_ascii_alphanumeric())
                && run.len() - at >= beginning.len() + LEAST_MORE
                && run[at..]
                    .bytes()
                    .any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        })
    })
}

/// Whether a run of characters looks drawn at random: long, of several kinds of characters, changing
/// kind far more often than words do.
pub(crate) fn is_random(run: &str) -> bool {
    const LEAST: usize = 20;
    if run.len() < LEAST || is_stand_in(run) || is_worded(run) {
        return false;
    }
    let kind = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let bytes: Vec<u8> = run.bytes().filter(|b| *b != b'-').collect();
    let counts = bytes.iter().fold([0_usize; 4], |mut counts, b| {
        counts[kind(*b)] += 1;
        counts
    });
    let changes = bytes
        .windows(2)
        .filter(|two| kind(two[0]) != kind(two[1]))
        .count();
    let digits_and_letters = counts[0] >= 2 && counts[1] + counts[2] >= 2;
    let both_cases = counts[1] >= 3 && counts[2] >= 3;
    bytes.len() >= LEAST - 4
        && (digits_and_letters || both_cases)
        && changes * 100 >= bytes.len() * 20
        && entropy(&bytes) >= 3.0
}

/// Whether a run that looks drawn at random as a whole does so only because names and numbers follow each
/// other in a path, as in `linux-6/arch/x86`: every part is a name, or so random that it is judged by
/// itself. Of a key with slashes in it hardly one part is like a name.
pub(crate) fn is_path(run: &str) -> bool {
    run.contains('/')
        && run
            .split('/')
            .all(|part| is_named(part) || is_worded(part) || is_random(part))
}

/// Whether every word of a name is letters in one case, but for the first, and then a short number.
pub(crate) fn is_named(name: &str) -> bool {
    const LONGEST_NUMBER: usize = 4;
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.all(|word| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let rest = letters.get(1..).unwrap_or_default();
        let one_case = rest.bytes().all(|b| b.is_ascii_lowercase())
            || letters.bytes().all(|b| b.is_ascii_uppercase());
        one_case
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && word.len() - letters.len() <= LONGEST_NUMBER
    })
}

/// Whether a run is made of words: `evaluate_model_on_sts12`, `paraphrase-MiniLM-L6-v2`,
/// `printOpeningTagPrefix`. Seven in ten of its letters and digits are in small letters that follow each
/// other, have a vowel and begin with a capital at most, and there are few numbers; of what is drawn at
/// random less than half are, and numbers are many.
pub(crate) fn is_worded(run: &str) -> bool {
    let is_vowel = |b: &u8| {
        matches!(
            b.to_ascii_lowercase(),
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y'
        )
    };
    let bytes = run.as_bytes();
    let (mut all, mut in_words, mut at) = (0, 0, 0);
    while at < bytes.len() {
        let start = at;
        at += 1;
        if !bytes[start].is_ascii_alphanumeric() {
            continue;
        }
        if bytes[start].is_ascii_alphabetic() {
            while bytes.get(at).is_some_and(u8::is_ascii_lowercase) {
                at += 1;
            }
        }
        let word = &bytes[start..at];
        all += word.len();
        if word.len() > 1 && word.iter().any(is_vowel) {
            in_words += word.len();
        }
    }
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let numbers = (0..bytes.len())
        .filter(|at| digit(*at) && !digit(at + 1))
        .count();
    in_words * 10 >= all * 7 && numbers * 10 <= all
}

/// Bits a character, by the counts within the run itself.
pub(crate) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for b in bytes {
        counts[usize::from(*b)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "runs are short")]
    let whole = bytes.len() as f64;
    let part = |count: u32| {
        let share = f64::from(count) / whole;
        -share * share.log2()
    };
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| part(*count))
        .sum()
}

pub(crate) fn is_stand_in(text: &str) -> bool {
    text.strip_prefix("REDACTED-")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

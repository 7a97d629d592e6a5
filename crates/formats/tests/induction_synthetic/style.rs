//! The ways a run can be written down, as choices, and the names each choice gives to things.

use super::run::Dice;
use serde_json::{Map, Value, json};

/// One layout.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) shape: &'static str,
    pub(crate) names: &'static str,
    pub(crate) words: &'static str,
    pub(crate) ids: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) time: &'static str,
    pub(crate) wrap: &'static str,
    pub(crate) hold: &'static str,
    pub(crate) noise: &'static str,
    pub(crate) tools: usize,
    pub(crate) seed: u64,
}

pub(crate) const SHAPES: &[&str] = &[
    "openai",
    "anthropic",
    "gemini",
    "events",
    "start-end",
    "steps",
    "flat-steps",
    "many-steps",
    "turns",
    "spans",
];
const NAMES: &[&str] = &["snake", "camel", "german", "random"];
const ROLES: &[&str] = &["standard", "renamed", "german", "codes"];
const IDS: &[&str] = &["call", "uuid", "number", "tool", "none"];
const TIMES: &[&str] = &["iso", "seconds", "millis", "nanos", "none"];
const WRAPS: &[&str] = &["none", "none", "payload", "data", "message"];
const HOLDS: &[&str] = &[
    "lines", "lines", "document", "pretty", "deep", "rows", "folder", "sqlite",
];
const NOISE: &[&str] = &["none", "header", "telemetry", "progress"];

/// A layout by its number.
pub(crate) fn style(number: u64) -> Style {
    let mut dice = Dice::new(number.wrapping_mul(7919) + 17);
    Style {
        shape: SHAPES[number as usize % SHAPES.len()],
        names: dice.pick(NAMES),
        words: dice.pick(ROLES),
        ids: dice.pick(IDS),
        arguments: dice.pick(&["object", "object", "text"]),
        time: dice.pick(TIMES),
        wrap: dice.pick(WRAPS),
        hold: dice.pick(HOLDS),
        noise: dice.pick(NOISE),
        tools: dice.below(4),
        seed: number,
    }
}

const GERMAN: &[(&str, &str)] = &[
    ("role", "rolle"),
    ("type", "typ"),
    ("content", "inhalt"),
    ("tool_calls", "werkzeugaufrufe"),
    ("id", "kennung"),
    ("function", "funktion"),
    ("name", "bezeichnung"),
    ("arguments", "argumente"),
    ("tool_call_id", "aufrufkennung"),
    ("output", "ausgabe"),
    ("is_error", "fehlgeschlagen"),
    ("exit_code", "rueckgabewert"),
    ("timestamp", "zeitpunkt"),
    ("thought", "gedanke"),
    ("reasoning", "ueberlegung"),
    ("session_id", "sitzung"),
    ("model", "modell"),
    ("usage", "verbrauch"),
    ("input_tokens", "eingabe_token"),
    ("output_tokens", "ausgabe_token"),
    ("messages", "nachrichten"),
    ("action", "aktion"),
    ("observation", "beobachtung"),
    ("actions", "aktionen"),
    ("observations", "beobachtungen"),
    ("parts", "teile"),
    ("step", "schritt"),
    ("payload", "nutzdaten"),
    ("data", "daten"),
    ("message", "nachricht"),
    ("parent_id", "eltern"),
    ("attributes", "attribute"),
    ("version", "fassung"),
    ("duration_ms", "dauer_ms"),
    ("result", "ergebnis"),
];

impl Style {
    /// What this layout calls a field.
    pub(crate) fn name(&self, plain: &str) -> String {
        match self.names {
            "camel" => {
                let mut words = plain.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                words.fold(first, |name, word| {
                    let (head, tail) = word.split_at(1);
                    name + &head.to_uppercase() + tail
                })
            }
            "german" => GERMAN
                .iter()
                .find(|(from, _)| *from == plain)
                .map_or(plain, |(_, to)| to)
                .to_owned(),
            "random" => coined(plain, self.seed),
            _ => plain.to_owned(),
        }
    }

    /// What this layout calls one who speaks, or a kind of record.
    pub(crate) fn word(&self, plain: &str) -> String {
        let table: &[(&str, &str, &str)] = &[
            ("user", "human", "nutzer"),
            ("assistant", "agent", "modell"),
            ("tool", "environment", "werkzeug"),
            ("system", "instructions", "vorgabe"),
            ("tool_call", "invoke", "aufruf"),
            ("tool_result", "outcome", "ergebnis"),
            ("tool_start", "exec_begin", "beginn"),
            ("tool_end", "exec_end", "ende"),
            ("progress", "partial", "zwischenstand"),
            ("text", "prose", "text"),
            ("reasoning", "musing", "ueberlegung"),
            ("telemetry", "metric", "messwert"),
        ];
        let found = table.iter().find(|(word, ..)| *word == plain);
        match (self.words, found) {
            ("renamed", Some((_, to, _))) | ("german", Some((_, _, to))) => (*to).to_owned(),
            ("codes", Some(_)) => {
                let at = table.iter().position(|(word, ..)| *word == plain);
                format!("K{}", at.unwrap_or_default() * 3 + 11)
            }
            _ => plain.to_owned(),
        }
    }

    /// A time as this layout writes it; `None` where it writes none.
    pub(crate) fn time(&self, millis: u64) -> Option<Value> {
        match self.time {
            "iso" => {
                let stamp = jiff_text(millis);
                Some(Value::String(stamp))
            }
            "seconds" => Some(json!(millis as f64 / 1000.0)),
            "millis" => Some(json!(millis)),
            "nanos" => Some(json!((millis * 1_000_000).to_string())),
            _ => None,
        }
    }

    /// Arguments as this layout writes them.
    pub(crate) fn arguments(&self, arguments: &Value) -> Value {
        match self.arguments {
            "text" => Value::String(arguments.to_string()),
            _ => arguments.clone(),
        }
    }

    /// An id as this layout writes it.
    pub(crate) fn id(&self, id: &str) -> Option<Value> {
        match self.ids {
            "none" => None,
            "number" => id.parse::<u64>().ok().map(Value::from),
            _ => Some(Value::from(id)),
        }
    }

    /// An object whose members have this layout's names; null members are left out.
    pub(crate) fn object<const N: usize>(&self, members: [(&str, Value); N]) -> Value {
        let members = members.into_iter().filter(|(_, value)| !value.is_null());
        let named = members.map(|(name, value)| (self.name(name), value));
        Value::Object(named.collect::<Map<_, _>>())
    }

    /// A record with its time, wrapped as this layout does.
    pub(crate) fn record(&self, kind: Option<(&str, &str)>, body: Value, millis: u64) -> Value {
        let mut outer = Map::new();
        let mut body = body;
        if let (Some((name, word)), Value::Object(members)) = (kind, &mut body) {
            let (name, word) = (self.name(name), Value::String(self.word(word)));
            // Where records are wrapped, what tells their kind stands outside, or inside.
            if self.wrap != "none" && self.seed.is_multiple_of(2) {
                outer.insert(name, word);
            } else {
                members.insert(name, word);
            }
        }
        if self.wrap == "none" {
            outer.extend(body.as_object().cloned().unwrap_or_default());
        } else {
            outer.insert(self.name(self.wrap), body);
        }
        if let Some(time) = self.time(millis) {
            outer.insert(self.name("timestamp"), time);
        }
        Value::Object(outer)
    }
}

/// Milliseconds since 1970 as ISO text, without a library: days to a date by the civil calendar.
fn jiff_text(millis: u64) -> String {
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let z = days as i64 + 719_468;
    let era = z / 146_097;
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

/// A name nobody has heard, the same for the same word of a layout.
fn coined(plain: &str, seed: u64) -> String {
    let sum = plain.bytes().fold(seed, |sum, b| {
        sum.wrapping_mul(1_099_511_628_211) ^ u64::from(b)
    });
    let mut dice = Dice::new(sum);
    let syllables = [
        "ve", "xor", "mi", "lun", "ta", "quo", "ri", "zed", "pa", "gro", "ne", "fim",
    ];
    (0..3).map(|_| dice.pick(&syllables)).collect()
}

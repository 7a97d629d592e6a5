//! Times as agents write them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::Value;

/// Reads an ISO 8601 time; one without an offset is taken as UTC, as all known layouts mean it.
/// `None` when it is no time.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })
}

/// Reads seconds since 1970 with a fraction, rounded to microseconds.
pub(crate) fn from_seconds(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() || seconds.abs() > 1e11 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

/// Reads a time in one of the usual ways: ISO text, or a number of seconds, milli-, micro- or
/// nanoseconds since 1970, as number or as text. Which unit a number is in shows in its size, for
/// times after 1973.
pub(crate) fn of(value: &Value) -> Option<Timestamp> {
    let number = match value {
        Value::String(text) => match parse(text) {
            Some(time) => return Some(time),
            None => text.trim().parse::<f64>().ok()?,
        },
        Value::Number(number) => number.as_f64()?,
        _ => return None,
    };
    let unit = match number.abs() {
        size if size < 1e11 => 1.0,
        size if size < 1e14 => 1e3,
        size if size < 1e17 => 1e6,
        _ => 1e9,
    };
    from_seconds(number / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_and_without_offset_are_read() {
        let expected: Timestamp = "2025-12-19T22:13:14.986133Z".parse().unwrap();
        assert_eq!(parse("2025-12-19T22:13:14.986133"), Some(expected));
        assert_eq!(parse(" 2025-12-19T23:13:14.986133+01:00 "), Some(expected));
        assert_eq!(parse("2025-12-19 22:13:14.986133"), Some(expected));
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn the_unit_of_a_number_shows_in_its_size() {
        let expected = from_seconds(1_760_000_000.0);
        for number in [
            "1760000000",
            "1760000000000",
            "1760000000000000",
            "1760000000000000000",
        ] {
            assert_eq!(of(&Value::from(number)), expected);
            assert_eq!(of(&number.parse::<i64>().unwrap().into()), expected);
        }
        assert_eq!(of(&Value::from("2025-10-09T08:53:20Z")), expected);
        assert_eq!(of(&Value::Null), None);
    }

    #[test]
    fn seconds_out_of_any_calendar_are_refused() {
        assert_eq!(
            from_seconds(0.5).unwrap().to_string(),
            "1970-01-01T00:00:00.5Z"
        );
        assert_eq!(from_seconds(f64::NAN), None);
        assert_eq!(from_seconds(1e300), None);
    }
}

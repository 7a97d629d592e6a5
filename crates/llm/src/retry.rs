//! When a failed attempt is made again, and after which wait.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// How often and how patiently a request is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The most retries of one call.
    pub most: u32,
    /// The wait before the first; each later one is twice as long, with jitter.
    pub first_wait: Duration,
    /// The longest wait of our own choice.
    pub longest_wait: Duration,
    /// The longest wait a server may ask for with `Retry-After`; more ends the call.
    pub longest_asked: Duration,
}

impl Default for Retry {
    /// Four retries: after half a second, then up to 30 s; a server may ask for two minutes.
    fn default() -> Self {
        Self {
            most: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_asked: Duration::from_mins(2),
        }
    }
}

impl Retry {
    /// The waits of our own choice, one for each retry.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(usize::try_from(self.most).unwrap_or(usize::MAX))
            .with_jitter()
            .build()
    }
}

/// Whether a status says that the same request may succeed later.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 409 | 429 | 500..=599)
}

/// The wait a server asks for: seconds or a date (RFC 9110, section 10.2.3). A date that is past
/// asks for none.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let then = DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let wait = |header| retry_after(header, now).map(|wait| wait.as_secs_f64());
        assert_eq!(wait("7"), Some(7.0));
        assert_eq!(wait(" 0.5 "), Some(0.5));
        assert_eq!(wait("Mon, 23 Nov 2026 12:01:30 GMT"), Some(90.0));
        assert_eq!(wait("Mon, 23 Nov 2026 11:00:00 GMT"), Some(0.0));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-3"), None);
        assert_eq!(wait("1e300"), None);
        assert_eq!(wait("NaN"), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = Retry::default().waits().collect();
        assert_eq!(waits.len(), 4);
        assert!(waits[3] > waits[0]);
    }
}

//! Points in time as text: ISO 8601, and milliseconds since 1970 (UTC).

const DAY: i64 = 86_400_000;

/// Reads `2020-08-25T07:25:36.670Z`; the fraction may be missing, and an offset such as `+02:00` may stand for `Z`.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let zone_at = time.find(['Z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [ahead_hours, ahead_minutes] = match zone.get(1..) {
        Some("") => [0, 0],
        Some(ahead) => numbers(ahead, ':')?,
        None => return None,
    };
    let in_range = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && [hour, minute, second, ahead_hours, ahead_minutes]
            .iter()
            .all(|part| (0..=60).contains(part));
    let minutes = (hour * 60 + minute) - sign * (ahead_hours * 60 + ahead_minutes);
    in_range.then_some(())?;
    Some(
        days(year, month, day) * DAY
            + (minutes * 60 + second) * 1000
            + thousandths.parse::<i64>().ok()?,
    )
}

fn numbers<const N: usize>(text: &str, between: char) -> Option<[i64; N]> {
    let parts: Option<Vec<i64>> = text.split(between).map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// The present, as `2020-08-25T07:25:36Z`.
#[cfg(feature = "download")]
pub(crate) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    text(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0)))
}

#[cfg(feature = "download")]
fn text(seconds: i64) -> String {
    let day = seconds.div_euclid(DAY / 1000);
    let second = seconds.rem_euclid(DAY / 1000);
    // The year is the last one that does not begin after the day, and so is the month.
    let mut year = 1970 + day / 366;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let begun = |month: &i64| days(year, *month, 1) <= day;
    let month = (1..=12).rev().find(begun).unwrap_or(1);
    let of_month = day - days(year, month, 1) + 1;
    format!(
        "{year:04}-{month:02}-{of_month:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_millisecond() {
        assert_eq!(parse("2020-08-25T07:25:36.670Z"), Some(1_598_340_336_670));
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("2024-02-29T23:59:59.5Z"), Some(1_709_251_199_500));
        assert_eq!(
            parse("2024-03-01T01:59:59.500+02:00"),
            Some(1_709_251_199_500)
        );
        for wrong in [
            "",
            "2020",
            "2020-08-25",
            "2020-13-25T00:00:00Z",
            "2020-08-25T00:00:00",
            "a-b-cTd:e:fZ",
            "2020-08-25T1:2Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    #[cfg(feature = "download")]
    fn times_are_written() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_598_340_336), "2020-08-25T07:25:36Z");
        assert_eq!(text(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(text(1_735_689_599), "2024-12-31T23:59:59Z");
        assert_eq!(text(1_735_689_600), "2025-01-01T00:00:00Z");
    }
}

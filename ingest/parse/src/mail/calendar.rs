//! Calendar invitations (iCalendar, RFC 5545) → the lines that a person wants to know.

/// Properties that are told, and how.
const TOLD: &[(&str, &str)] = &[
    ("SUMMARY", "Event"),
    ("DTSTART", "Begins"),
    ("DTEND", "Ends"),
    ("LOCATION", "Location"),
    ("ORGANIZER", "Organizer"),
    ("DESCRIPTION", "Description"),
];

/// Lines of one calendar that are told; a whole calendar that is attached has thousands.
const MAX_LINES: usize = 1_000;

pub(super) fn lines(calendar: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_event = false;
    for line in unfolded(calendar) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
        match name.to_ascii_uppercase().as_str() {
            "BEGIN" => in_event = matches!(value.trim(), "VEVENT" | "VTODO"),
            "END" => in_event = false,
            name if in_event && lines.len() < MAX_LINES => {
                let told = TOLD.iter().find(|(told, _)| *told == name);
                lines.extend(told.map(|(_, label)| format!("{label}: {}", readable(name, parameters, value))));
            }
            _ => {}
        }
    }
    lines
}

/// Lines that begin with white space go on from the line before (section 3.1).
fn unfolded(calendar: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in calendar.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn readable(name: &str, parameters: &str, value: &str) -> String {
    match name {
        "DTSTART" | "DTEND" => moment(parameters, value.trim()).unwrap_or_else(|| value.to_owned()),
        "ORGANIZER" => {
            let common_name = parameters.split(';').find_map(|parameter| parameter.strip_prefix("CN="));
            let address = value.trim_start_matches("mailto:").trim_start_matches("MAILTO:");
            common_name.map_or_else(|| address.to_owned(), |name| format!("{} <{address}>", name.trim_matches('"')))
        }
        _ => value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";"),
    }
}

/// `20240503T140000Z` → `2024-05-03 14:00 UTC`
fn moment(parameters: &str, value: &str) -> Option<String> {
    let digits = |range: std::ops::Range<usize>| {
        value.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut text = format!("{}-{}-{}", digits(0..4)?, digits(4..6)?, digits(6..8)?);
    if let (Some(hour), Some(minute)) = (digits(9..11), digits(11..13)) {
        text.push_str(&format!(" {hour}:{minute}"));
        let zone = parameters.split(';').find_map(|parameter| parameter.strip_prefix("TZID="));
        if let Some(zone) = zone.or(value.ends_with('Z').then_some("UTC")) {
            text.push_str(&format!(" {}", zone.trim_matches('"')));
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn an_invitation() {
        let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nDTSTART:16010101T000000\r\nEND:VTIMEZONE\r\n\
                        BEGIN:VEVENT\r\nORGANIZER;CN=\"张三\":mailto:zhang@example.cn\r\nSUMMARY;LANGUAGE=zh:预算\r\n \
                        会议\r\nDTSTART;TZID=China Standard Time:20240503T140000\r\nDTEND:20240503T073000Z\r\n\
                        LOCATION:Room 3\\, floor 2\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(
            lines(calendar),
            [
                "Organizer: 张三 <zhang@example.cn>",
                "Event: 预算会议",
                "Begins: 2024-05-03 14:00 China Standard Time",
                "Ends: 2024-05-03 07:30 UTC",
                "Location: Room 3, floor 2"
            ]
        );
    }

    #[test]
    fn dates_that_are_none() {
        assert_eq!(lines("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20240503\nDTEND:年"), ["Begins: 2024-05-03", "Ends: 年"]);
    }
}

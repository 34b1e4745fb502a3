//! JSON as people read it: its characters instead of their numbers, a value on each line.
//!
//! Both work on the signs of the text and not on its values, so that no number is rounded and no key moves.

/// Depth from which on lines are not moved further to the right: a hostile file nests a hundred thousand lists.
const MAX_INDENT: usize = 32;

/// Writes characters for `\uXXXX`, which some programs write for all that is not ASCII. What JSON itself needs escaped
/// stays so, and so do halves of pairs.
pub(super) fn unescaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match escaped_character(rest) {
            Some((character, length)) => {
                out.push(character);
                length
            }
            // The escape as a whole, so that the `u` of `\\u` begins none.
            None => {
                let length = rest.chars().take(2).map(char::len_utf8).sum();
                out.push_str(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The character of the escape at the start, and the bytes that stand for it.
fn escaped_character(text: &str) -> Option<(char, usize)> {
    let first = code_unit(text)?;
    let units = [first, code_unit(&text[6..]).unwrap_or_default()];
    let character = char::decode_utf16(units).next()?.ok()?;
    let must_stay = character.is_control() || matches!(character, '"' | '\\' | '\u{2028}' | '\u{2029}');
    (!must_stay).then_some((character, 6 * character.len_utf16()))
}

fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Lays out JSON that is known to be valid.
pub(super) fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0usize;
    let mut rest = json.trim_start();
    while let Some(sign) = rest.chars().next() {
        let length = if sign == '"' { string_length(rest) } else { sign.len_utf8() };
        let token = &rest[..length];
        rest = rest[length..].trim_start();
        match sign {
            '[' | '{' if rest.starts_with([']', '}']) => {
                out.extend([token, &rest[..1]]);
                rest = rest[1..].trim_start();
            }
            '[' | '{' => {
                depth += 1;
                out.push_str(token);
                break_line(&mut out, depth);
            }
            ']' | '}' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push_str(token);
            }
            ',' => {
                out.push(',');
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push_str(token),
        }
    }
    out
}

/// Bytes of the string at the start, with its quotes.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
}

#[cfg(test)]
mod tests {
    use super::{laid_out, unescaped};

    #[test]
    fn characters_for_their_numbers() {
        for (json, expected) in [
            (r#""\u5e74\u5047""#, r#""年假""#),
            (r#""\ud83d\ude00 \ud83d x""#, r#""😀 \ud83d x""#),
            (r#""\\u5e74 \u0022 \u005c \n""#, r#""\\u5e74 \u0022 \u005c \n""#),
            ("\\u5e7", "\\u5e7"),
            ("\\", "\\"),
            ("\\年", "\\年"),
        ] {
            assert_eq!(unescaped(json), expected);
        }
    }

    #[test]
    fn a_value_on_each_line() {
        let expected = "{\n  \"a, \\\"b\": [\n    1.10,\n    {}\n  ],\n  \"c\": []\n}";
        assert_eq!(laid_out(r#"{"a, \"b":[1.10, { }] , "c":[]}"#), expected);
        assert!(laid_out(&"[".repeat(100_000)).len() < 10_000_000);
    }
}

//! Bytes of an event stream → the data of its events.
//!
//! As in the HTML standard, "Server-sent events", with two limits of our own: a line and the data of an event have a greatest
//! length. Bytes may be cut anywhere, also within a character. Names, ids and retry times of events are of no use here and
//! are passed over, comments as well.

/// Of a line, and of the data of one event, in bytes. A chunk of a completion has some hundred.
const MAX_EVENT_BYTES: usize = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What is wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStream {
    #[error("a line of the stream is longer than {} KiB", MAX_EVENT_BYTES / 1024)]
    TooLong,
    #[error("the stream is not UTF-8")]
    NotUtf8,
}

#[derive(Default)]
pub struct Events {
    /// The line that has no end yet.
    line: Vec<u8>,
    /// The event that has no end yet.
    data: Option<String>,
    /// The last byte was a carriage return, so a line feed now belongs to it.
    after_return: bool,
    begun: bool,
}

impl Events {
    /// Takes bytes as they came; gives the data of the events that they complete.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, BadStream> {
        let mut complete = Vec::new();
        for &byte in bytes {
            let belongs_to_return = std::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
            match byte {
                b'\n' if belongs_to_return => {}
                b'\n' | b'\r' => complete.extend(self.end_line()?),
                _ if self.line.len() == MAX_EVENT_BYTES => return Err(BadStream::TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(complete)
    }

    /// The data of the event that an empty line ends.
    fn end_line(&mut self) -> Result<Option<String>, BadStream> {
        let line = std::mem::take(&mut self.line);
        let first = !std::mem::replace(&mut self.begun, true);
        let line = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| first).unwrap_or(&line);
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let line = std::str::from_utf8(line).map_err(|_| BadStream::NotUtf8)?;
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            self.add(value.strip_prefix(' ').unwrap_or(value))?;
        }
        Ok(None)
    }

    fn add(&mut self, value: &str) -> Result<(), BadStream> {
        let data = match &mut self.data {
            Some(data) => {
                data.push('\n');
                data
            }
            none => none.insert(String::new()),
        };
        if data.len() + value.len() > MAX_EVENT_BYTES {
            return Err(BadStream::TooLong);
        }
        data.push_str(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(bytes: &[u8]) -> Vec<String> {
        Events::default().take(bytes).expect("a good stream")
    }

    #[test]
    fn each_way_to_write_an_event_is_understood() {
        for (bytes, expected) in [
            ("data: a\n\n", vec!["a"]),
            ("data:a\r\n\r\ndata: b\r\r", vec!["a", "b"]),
            ("\u{feff}data: a\n\n", vec!["a"]),
            (": keep-alive\n\nevent: x\nid: 7\nretry: 5\ndata: a\n\n", vec!["a"]),
            ("data: a\ndata:  b\n\n", vec!["a\n b"]),
            ("data\n\n", vec![""]),
            ("data: 年假\n\ndata: [DONE]", vec!["年假"]),
            ("\n\n\n", vec![]),
        ] {
            assert_eq!(whole(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        let long = vec![b'x'; MAX_EVENT_BYTES + 1];
        assert_eq!(Events::default().take(&long), Err(BadStream::TooLong));
        let mut many = Events::default();
        let line = format!("data: {}\n", "x".repeat(MAX_EVENT_BYTES / 2));
        assert_eq!(many.take(line.as_bytes()), Ok(vec![]));
        assert_eq!(many.take(line.as_bytes()), Err(BadStream::TooLong));
        assert_eq!(Events::default().take(b"data: \xff\n\n"), Err(BadStream::NotUtf8));
    }

    proptest! {
        #[test]
        fn where_bytes_are_cut_makes_no_difference(
            lines in proptest::collection::vec("(data: ?|: |event: )?[a-z年假\u{1F33F}]{0,6}(\n|\r\n|\r)", 0..20),
            cut in 1usize..7,
        ) {
            let bytes = lines.concat().into_bytes();
            let mut events = Events::default();
            let mut cut_up = Vec::new();
            for part in bytes.chunks(cut) {
                cut_up.extend(events.take(part).expect("a good stream"));
            }
            prop_assert_eq!(cut_up, whole(&bytes));
        }

        #[test]
        fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Events::default().take(&bytes);
        }
    }
}

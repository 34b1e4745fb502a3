//! The compression of RTF in Outlook's messages (MS-OXRTFCP): LZ77 with a dictionary that begins with common words.

use super::super::super::ParseError;

/// What the dictionary begins with.
const BEGINNING: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \
    \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
    \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

const DICTIONARY_BYTES: usize = 4096;
const HEADER_BYTES: usize = 16;

/// Where in the header the kind of compression stands, and its two values.
const KIND: std::ops::Range<usize> = 8..12;
const COMPRESSED: &[u8] = b"LZFu";
const UNCOMPRESSED: &[u8] = b"MELA";

/// # Errors
/// It is not compressed RTF, or expands to more than the limit. A stream that is cut off is expanded up to there.
pub(super) fn expand(bytes: &[u8], limit_bytes: u64) -> Result<Vec<u8>, ParseError> {
    let content = bytes.get(HEADER_BYTES..).unwrap_or_default();
    match bytes.get(KIND) {
        Some(UNCOMPRESSED) => return Ok(content.to_vec()),
        Some(COMPRESSED) => {}
        _ => return Err(ParseError::corrupt("its text is compressed in an unknown way")),
    }
    let mut dictionary = [b' '; DICTIONARY_BYTES];
    dictionary[..BEGINNING.len()].copy_from_slice(BEGINNING);
    let mut write = BEGINNING.len();
    let mut expanded = Vec::new();
    let mut put = |byte: u8, dictionary: &mut [u8; DICTIONARY_BYTES], expanded: &mut Vec<u8>| {
        expanded.push(byte);
        dictionary[write] = byte;
        write = (write + 1) % DICTIONARY_BYTES;
        write
    };
    let mut at = BEGINNING.len();
    let mut rest = content.iter().copied();
    while let Some(control) = rest.next() {
        if expanded.len() as u64 > limit_bytes {
            return Err(ParseError::TooLarge { what: "the text of the mail".to_owned(), limit_bytes });
        }
        for bit in 0..8 {
            let Some(first) = rest.next() else { return Ok(expanded) };
            if control >> bit & 1 == 0 {
                at = put(first, &mut dictionary, &mut expanded);
                continue;
            }
            let Some(second) = rest.next() else { return Ok(expanded) };
            let reference = usize::from(first) << 8 | usize::from(second);
            let (from, length) = (reference >> 4, (reference & 0xf) + 2);
            // A reference to the place that is written next is the end.
            if from == at {
                return Ok(expanded);
            }
            for offset in 0..length {
                let byte = dictionary[(from + offset) % DICTIONARY_BYTES];
                at = put(byte, &mut dictionary, &mut expanded);
            }
        }
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two examples that the specification goes through: a plain one, and a reference that runs into what it writes.
    #[test]
    fn examples_of_the_specification() {
        let simple = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(expand(simple, 1000).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4KQA\0\x04 WXYZ\x0dn}\x01\x0e\xb0";
        assert_eq!(expand(crossing, 1000).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(expand(b"\x0e\0\0\0\x02\0\0\0MELA\0\0\0\0{}", 1000).unwrap(), b"{}");
        assert!(expand(b"short", 1000).is_err());
        assert!(matches!(expand(simple, 1), Err(ParseError::TooLarge { .. })));
    }
}

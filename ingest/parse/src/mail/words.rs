//! Text of mails in whatever encoding: bodies, and headers with encoded words (RFC 2047) or with plain 8-bit bytes.

use encoding_rs::{Encoding, ISO_2022_JP};

use super::super::encoding::decode;
use super::mime::{base64, quoted_printable};

/// Decodes a text whose mail names a charset, which need not be right.
pub(super) fn decode_text(bytes: &[u8], charset: Option<&str>) -> String {
    let charset = charset.map(|charset| charset.trim().trim_matches(['"', '\'']));
    // These bytes are all ASCII, so that nothing but the name of the charset tells.
    if charset.and_then(|label| Encoding::for_label(label.as_bytes())) == Some(ISO_2022_JP) {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0.into_owned();
    }
    let decoded = decode(bytes, charset.map(str::as_bytes));
    decoded.unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned())
}

/// Decodes the value of a header. `charset` is that of the body, for mails that put plain 8-bit bytes into headers.
pub(super) fn decode_header(value: &[u8], charset: Option<&str>) -> String {
    let mut text = String::new();
    let mut rest = value;
    // Words in one charset that follow each other: some programs cut a character in two.
    let mut words: Option<(String, Vec<u8>)> = None;
    let flush = |words: &mut Option<(String, Vec<u8>)>, text: &mut String| {
        if let Some((charset, bytes)) = words.take() {
            text.push_str(&decode_text(&bytes, Some(&charset)));
        }
    };
    while !rest.is_empty() {
        let start = rest.windows(2).position(|pair| pair == b"=?").unwrap_or(rest.len());
        let (plain, from) = rest.split_at(start);
        let word = Word::read(from);
        let is_gap = word.is_some() && words.is_some() && plain.iter().all(u8::is_ascii_whitespace);
        if !is_gap {
            flush(&mut words, &mut text);
            text.push_str(&decode_text(plain, charset));
        }
        match word {
            Some(word) => {
                match &mut words {
                    Some((charset, bytes)) if charset.eq_ignore_ascii_case(&word.charset) => bytes.extend(word.bytes),
                    _ => {
                        flush(&mut words, &mut text);
                        words = Some((word.charset, word.bytes));
                    }
                }
                rest = &from[word.length..];
            }
            None => {
                flush(&mut words, &mut text);
                let skipped = from.len().min(2);
                text.push_str(&String::from_utf8_lossy(&from[..skipped]));
                rest = &from[skipped..];
            }
        }
    }
    flush(&mut words, &mut text);
    text
}

/// `=?charset?B?…?=` or `=?charset?Q?…?=`
struct Word {
    charset: String,
    bytes: Vec<u8>,
    /// Bytes of the word as it is written.
    length: usize,
}

impl Word {
    fn read(from: &[u8]) -> Option<Word> {
        let inner = from.strip_prefix(b"=?")?;
        let mut fields = inner.splitn(4, |byte| *byte == b'?');
        let (charset, kind, data, rest) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let after = rest.strip_prefix(b"=")?;
        let bytes = match kind {
            b"B" | b"b" => base64(data),
            b"Q" | b"q" => {
                let data: Vec<u8> = data.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
                quoted_printable(&data)
            }
            _ => return None,
        };
        // RFC 2231, section 5: a language may follow the charset.
        let charset = charset.split(|byte| *byte == b'*').next()?;
        Some(Word { charset: std::str::from_utf8(charset).ok()?.to_owned(), bytes, length: from.len() - after.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &[u8], expected: &str) {
        assert_eq!(decode_header(value, None), expected);
    }

    #[test]
    fn encoded_words() {
        check(b"plain", "plain");
        check(b"Re: =?utf-8?q?Urlaub_f=C3=BCr?= all", "Re: Urlaub für all");
        check(b"=?gb2312?B?xOq82Q==?=", "年假");
        check(b"=?GB18030*zh?B?xOq82Q==?=", "年假");
        check(b"=?big5?B?pn6wsg==?=", "年假");
        check(b"=?iso-2022-jp?B?GyRCRi9LXBsoQg==?=", "働本");
        check(b"=?utf-8?B?5bm0?=\r\n =?utf-8?B?5YGH?=", "年假");
        check(b"2 =? 3 ?=", "2 =? 3 ?=");
    }

    #[test]
    fn a_character_cut_in_two_words() {
        check(b"=?utf-8?B?5bm05Q==?= =?UTF-8?B?gYc=?=", "年假");
    }

    #[test]
    fn bytes_without_an_encoding() {
        let bytes = encoding_rs::GBK.encode("关于年假申请的通知").0;
        check(&bytes, "关于年假申请的通知");
        let bytes = encoding_rs::BIG5.encode("年假").0;
        assert_eq!(decode_header(&bytes, Some("big5")), "年假");
        let bytes = encoding_rs::GBK.encode("关于年假申请的通知").0;
        assert_eq!(decode_header(&bytes, Some("us-ascii")), "关于年假申请的通知");
        assert_eq!(decode_header(&bytes, Some("iso-8859-1")), "关于年假申请的通知");
    }
}

//! Bytes of a text file → a string, whatever the encoding.
//!
//! The order is: byte order mark, valid UTF-8, UTF-16 without a mark (told by its zero bytes), then a guess among the
//! legacy encodings. Bytes that are no text in any of them are refused, so that no binary file is indexed as rubbish.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::ParseError;

/// Bytes that are looked at to tell an encoding.
const SAMPLE_BYTES: usize = 64 * 1024;

/// Decodes a text file. `declared` is what the file says of itself (`<meta charset>`), believed only where the bytes
/// do not contradict it.
///
/// # Errors
/// [`ParseError::Unsupported`] for bytes that are no text.
pub(crate) fn decode(bytes: &[u8], declared: Option<&[u8]>) -> Result<String, ParseError> {
    if let Some(text) = decode_marked(bytes) {
        return Ok(text);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return Ok(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    if is_binary(bytes) {
        return Err(ParseError::Unsupported("the file is not a text file".to_owned()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if let Some(encoding) = declared.and_then(|label| believed(label, bytes)) {
        let (text, _, damaged) = encoding.decode(bytes);
        if !damaged && looks_like_text(&text) {
            return Ok(text.into_owned());
        }
    }
    let encoding = guess(bytes);
    let (text, _, _) = encoding.decode(bytes);
    Ok(text.into_owned())
}

const MULTI_BYTE: &[&Encoding] = &[GB18030, BIG5, SHIFT_JIS, EUC_JP, EUC_KR];

/// The encoding that a text which is no UTF-8 declares, where it says anything. In windows-1252 every byte means
/// something, and programs write its name (or that of Latin-1 or ASCII) without looking: there a clear guess wins.
fn believed(label: &[u8], bytes: &[u8]) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label).filter(|encoding| !is_utf(encoding)).map(widened)?;
    if encoding != WINDOWS_1252 {
        return Some(encoding);
    }
    let guess = guess(bytes);
    let is_clear = MULTI_BYTE.contains(&guess) && !guess.decode(bytes).2;
    (!is_clear).then_some(encoding)
}

/// What `<?xml … encoding="…"?>` at the start says.
pub(crate) fn declared_in_xml(bytes: &[u8]) -> Option<&[u8]> {
    const MAX_BYTES: usize = 256;
    let find = |bytes: &[u8], key: &[u8]| bytes.windows(key.len()).position(|window| window == key);
    let bytes = bytes.trim_ascii_start();
    let head = bytes[..bytes.len().min(MAX_BYTES)].strip_prefix(b"<?xml")?;
    let head = &head[..find(head, b"?>")?];
    let value = &head[find(head, b"encoding")? + b"encoding".len()..];
    let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    Some(&value[..value.iter().position(|byte| byte == quote)?])
}

/// Whether the bytes are no text: zero bytes or other controls that text files do not have.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    if decode_mark(bytes).is_some() || utf16_without_mark(bytes).is_some() {
        return false;
    }
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    // Tab, line feed, vertical tab, form feed, carriage return, end-of-file of DOS, escape (ISO-2022-JP, terminals).
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, 9..=13 | 0x1a | 0x1b);
    let controls = sample.iter().filter(|byte| is_control(byte)).count();
    controls * 100 > sample.len()
}

/// A byte order mark: the encoding and the length of the mark. `None` inside stands for UTF-32.
fn decode_mark(bytes: &[u8]) -> Option<Mark> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some(Mark::Utf32 { big_endian: false }),
        [0, 0, 0xfe, 0xff, ..] => Some(Mark::Utf32 { big_endian: true }),
        _ => Encoding::for_bom(bytes).map(|(encoding, length)| Mark::Encoding(encoding, length)),
    }
}

enum Mark {
    Encoding(&'static Encoding, usize),
    Utf32 { big_endian: bool },
}

fn decode_marked(bytes: &[u8]) -> Option<String> {
    match decode_mark(bytes)? {
        Mark::Encoding(encoding, length) => Some(encoding.decode_without_bom_handling(&bytes[length..]).0.into_owned()),
        Mark::Utf32 { big_endian } => Some(decode_utf32(&bytes[4..], big_endian)),
    }
}

fn decode_utf32(bytes: &[u8], big_endian: bool) -> String {
    let (units, _) = bytes.as_chunks::<4>();
    units
        .iter()
        .map(|unit| if big_endian { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) })
        .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// UTF-16 without a mark: spaces, line breaks and Latin letters leave a zero byte on one side of each pair, and the
/// whole decodes without an error. Text without any ASCII at all is not told from a binary file.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES) & !1];
    if sample.len() < 4 || bytes.len() % 2 == 1 {
        return None;
    }
    let (pairs, _) = sample.as_chunks::<2>();
    let ascii_le = pairs.iter().filter(|[low, high]| *high == 0 && is_ascii_text(*low)).count();
    let ascii_be = pairs.iter().filter(|[high, low]| *high == 0 && is_ascii_text(*low)).count();
    let (ascii, other, encoding) =
        if ascii_le >= ascii_be { (ascii_le, ascii_be, UTF_16LE) } else { (ascii_be, ascii_le, UTF_16BE) };
    // Some Chinese characters look like ASCII of the other byte order: 一 is U+4E00.
    if ascii * 50 < pairs.len() || other * 2 > ascii {
        return None;
    }
    let text =
        encoding.decode_without_bom_handling_and_without_replacement(sample_without_half_pair(sample, encoding))?;
    let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
    (controls * 100 <= pairs.len() && !text.contains('\0')).then_some(encoding)
}

/// A sample may end between the two halves of a surrogate pair.
fn sample_without_half_pair<'a>(sample: &'a [u8], encoding: &'static Encoding) -> &'a [u8] {
    let high = if encoding == UTF_16LE { sample[sample.len() - 1] } else { sample[sample.len() - 2] };
    if (0xd8..=0xdb).contains(&high) { &sample[..sample.len() - 2] } else { sample }
}

fn is_ascii_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// A guess by letter frequencies. A guess under which the bytes are damaged loses to windows-1252, where every byte
/// means something.
pub(crate) fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(SAMPLE_BYTES)], bytes.len() <= SAMPLE_BYTES);
    let encoding = widened(detector.guess(None, Utf8Detection::Deny));
    let (text, _, damaged) = encoding.decode(bytes);
    // One broken character (a cut file) does not speak against an encoding; many do.
    let broken = text.matches(char::REPLACEMENT_CHARACTER).count();
    if damaged && broken * 200 > text.chars().count() {
        return if mostly_utf8(bytes) { UTF_8 } else { WINDOWS_1252 };
    }
    if mostly_utf8(bytes) { UTF_8 } else { encoding }
}

/// UTF-8 with a few broken characters (a file cut in the middle of one, two files glued together).
fn mostly_utf8(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.matches(char::REPLACEMENT_CHARACTER).count();
    let beyond_ascii = text.chars().filter(|character| !character.is_ascii()).count();
    broken * 10 < beyond_ascii
}

/// GB18030 reads all of GBK and GB2312, and the characters that they lack.
fn widened(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}

/// The encoding of a Windows code page; none for a number that is unknown.
pub(crate) fn code_page(number: u32) -> Option<&'static Encoding> {
    let label = match number {
        866 => "ibm866".to_owned(),
        874 => "windows-874".to_owned(),
        932 => "shift_jis".to_owned(),
        936 | 54_936 => "gb18030".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        1250..=1258 => format!("windows-{number}"),
        10_000 => "macintosh".to_owned(),
        20_866 => "koi8-r".to_owned(),
        28_591..=28_606 => format!("iso-8859-{}", number - 28_590),
        65_001 => "utf-8".to_owned(),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

fn is_utf(encoding: &&'static Encoding) -> bool {
    [UTF_8, UTF_16LE, UTF_16BE].contains(encoding)
}

/// Whether a decoding makes sense: C1 controls come from a wrong single-byte encoding.
pub(crate) fn looks_like_text(text: &str) -> bool {
    let strange = text.chars().filter(|c| ('\u{80}'..='\u{9f}').contains(c)).count();
    strange * 50 <= text.chars().filter(|c| !c.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHINESE: &str =
        "员工每年享有十五天带薪年假,入职不满一年的按比例计算。请提前两周在系统中提交申请,由直属主管批准。";

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes, None).as_deref(), Ok(expected));
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn byte_order_marks() {
        check(b"\xef\xbb\xbfleave", "leave");
        check(&[b"\xff\xfe".to_vec(), utf16("年假", u16::to_le_bytes)].concat(), "年假");
        check(&[b"\xfe\xff".to_vec(), utf16("年假", u16::to_be_bytes)].concat(), "年假");
        check(b"\xff\xfe\0\0a\0\0\0", "a");
        check(b"\0\0\xfe\xff\0\0\0a", "a");
    }

    #[test]
    fn utf16_is_told_by_its_zero_bytes() {
        let text = format!("{CHINESE}\nHR 部门\n");
        check(&utf16(&text, u16::to_le_bytes), &text);
        check(&utf16(&text, u16::to_be_bytes), &text);
    }

    #[test]
    fn legacy_encodings() {
        check(&GB18030.encode(CHINESE).0, CHINESE);
        let traditional =
            "員工每年享有十五天帶薪年假,入職不滿一年的按比例計算。請提前兩週在系統中提交申請,由直屬主管批准。";
        check(&BIG5.encode(traditional).0, traditional);
        let japanese = "社員は毎年15日間の有給休暇を取得できます。申請は二週間前までにシステムで行ってください。";
        check(&SHIFT_JIS.encode(japanese).0, japanese);
        let korean = "직원은 매년 15일의 유급 휴가를 받습니다. 신청은 2주 전에 시스템에서 하십시오.";
        check(&EUC_KR.encode(korean).0, korean);
        check(b"\x93smart\x94 caf\xe9", "“smart” café");
    }

    #[test]
    fn four_byte_characters_of_gb18030() {
        let text = format!("{CHINESE}㐀𠀀");
        check(&GB18030.encode(&text).0, &text);
    }

    #[test]
    fn a_wrong_declaration_is_not_believed() {
        assert_eq!(decode("naïve".as_bytes(), Some(b"windows-1252")).as_deref(), Ok("naïve"));
        assert_eq!(decode(&GB18030.encode(CHINESE).0, Some(b"gb2312")).as_deref(), Ok(CHINESE));
    }

    #[test]
    fn a_declaration_that_fits_everything_says_little() {
        let traditional = "員工每年享有十五天帶薪年假,入職不滿一年的按比例計算。";
        for label in ["us-ascii", "ISO-8859-1", "windows-1252"] {
            assert_eq!(decode(&GB18030.encode(CHINESE).0, Some(label.as_bytes())).as_deref(), Ok(CHINESE));
            assert_eq!(decode(&BIG5.encode(traditional).0, Some(label.as_bytes())).as_deref(), Ok(traditional));
        }
        for text in ["café", "Müller", "Grüße aus Köln", "año", "ÄÖÜ", "£5 – naïve", "déjà vu à l'été", "Øl på ½ pris"]
        {
            for label in ["ISO-8859-1", "windows-1252"] {
                assert_eq!(decode(&WINDOWS_1252.encode(text).0, Some(label.as_bytes())).as_deref(), Ok(text));
            }
        }
    }

    #[test]
    fn declarations_of_xml() {
        let check = |xml: &str, expected: Option<&str>| {
            assert_eq!(declared_in_xml(xml.as_bytes()), expected.map(str::as_bytes), "{xml}");
        };
        check("<?xml version='1.0' encoding = \"big5\"?><a/>", Some("big5"));
        check("<?xml version='1.0'?><a encoding='big5'/>", None);
        check("<?xml encoding", None);
        check("<?xml encoding='?>", None);
    }

    #[test]
    fn binary_files_are_refused() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
        assert!(matches!(decode(png, None), Err(ParseError::Unsupported(_))));
    }

    #[test]
    fn code_pages_of_windows() {
        let check = |number, name: Option<&str>| assert_eq!(code_page(number).map(Encoding::name), name);
        check(936, Some("gb18030"));
        check(950, Some("Big5"));
        check(1252, Some("windows-1252"));
        check(28_592, Some("ISO-8859-2"));
        check(437, None);
    }

    #[test]
    fn utf8_cut_inside_a_character_is_still_utf8() {
        let cut = &CHINESE.as_bytes()[..CHINESE.len() - 1];
        assert!(decode(cut, None).unwrap().starts_with("员工每年享有"));
    }
}

//! Captions of recordings: WebVTT (W3C) and SubRip (.srt).
//!
//! Cues become paragraphs without their times: a paragraph ends where the speaker changes, or where a sentence ends
//! after some length. The names of speakers are kept. Notes and styles are left out.

use super::encoding::decode;
use super::text::TextBuilder;
use super::{BlockKind, ParseError, Parsed, Sink, Source, html};

pub(crate) const VTT_MEDIA_TYPE: &str = "text/vtt";
pub(crate) const SRT_MEDIA_TYPE: &str = "application/x-subrip";

/// Bytes of a paragraph from which on the end of a sentence ends it.
const PARAGRAPH_BYTES: usize = 500;
/// Bytes after which it ends anyway: some recordings have no full stops.
const MAX_PARAGRAPH_BYTES: usize = 2_000;

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(rest) = bytes.strip_prefix(b"WEBVTT") else { return false };
    rest.first().is_none_or(u8::is_ascii_whitespace)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let mut open = Paragraph::default();
    for cue in text.split("\n\n") {
        // What has no times is a header, a note or a style.
        let mut lines = cue.trim_matches('\n').lines().skip_while(|line| !line.contains("-->"));
        if lines.next().is_none() {
            continue;
        }
        for piece in pieces(&lines.collect::<Vec<_>>().join("\n")) {
            open.push(&mut builder, piece);
        }
    }
    open.flush(&mut builder);
    let _ = sink(Parsed::Document(builder.finish()?.into_document(source.media_type)));
    Ok(())
}

struct Piece {
    speaker: Option<String>,
    text: String,
}

/// A cue says who speaks in `<v Name>`; other tags mean how it looks.
fn pieces(cue: &str) -> Vec<Piece> {
    let mut found = vec![Piece { speaker: None, text: String::new() }];
    let mut rest = cue;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((tag, after)) = after.split_once('>') else { break };
        if let Some(last) = found.last_mut() {
            last.text.push_str(before);
        }
        if let Some((voice, name)) = tag.split_once(' ')
            && (voice == "v" || voice.starts_with("v."))
        {
            found.push(Piece { speaker: Some(name.trim().to_owned()), text: String::new() });
        }
        rest = after;
    }
    if let Some(last) = found.last_mut() {
        last.text.push_str(rest);
    }
    found.retain(|piece| !piece.text.trim().is_empty());
    found
}

#[derive(Default)]
struct Paragraph {
    speaker: Option<String>,
    text: String,
}

impl Paragraph {
    fn push(&mut self, builder: &mut TextBuilder, piece: Piece) {
        let ends = self.text.trim_end().ends_with(['.', '!', '?', '。', '!', '?', '…']);
        let is_long = self.text.len() > if ends { PARAGRAPH_BYTES } else { MAX_PARAGRAPH_BYTES };
        if is_long || self.speaker != piece.speaker {
            self.flush(builder);
            self.speaker = piece.speaker;
        }
        self.text.push('\n');
        self.text.push_str(&html::unescaped(&piece.text));
    }

    fn flush(&mut self, builder: &mut TextBuilder) {
        let text = std::mem::take(&mut self.text);
        match &self.speaker {
            Some(speaker) if !text.trim().is_empty() => {
                builder.push(BlockKind::Paragraph, &format!("{speaker}: {}", text.trim_start()))
            }
            _ => builder.push(BlockKind::Paragraph, &text),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, survives_mutations};

    const VTT: &str = "WEBVTT - Call\n\nNOTE not\nthis\n\n1\n00:01.000 --> 00:02.000 align:start\n<v.loud Ann Lee>Hello\n\
                       <i>all</i></v>\n\n00:02.000 --> 00:03.000\n<v Ann Lee>R&amp;D first.\n\n00:03.000 --> 00:04.000\n<v 李雷>好的。\n";

    #[test]
    fn cues_are_joined_by_speaker() {
        check("a.txt", VTT, "p: Ann Lee: Hello all R&D first.\np: 李雷: 好的。");
        let srt = "1\r\n00:00:01,000 --> 00:00:02,000\r\nOne\r\ntwo.\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,000\r\nThree <\r\n";
        check("a.srt", srt, "p: One two. Three <");
    }

    #[test]
    fn long_talks_are_cut_after_a_sentence() {
        let cue = "00:01.000 --> 00:02.000\nTwelve words make this one sentence, which is long enough to count.\n\n";
        let expected = ["Twelve words make this one sentence, which is long enough to count."; 8].join(" ");
        check("a.vtt", format!("WEBVTT\n\n{}", cue.repeat(16)), &format!("p: {expected}\np: {expected}"));
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.vtt", VTT.as_bytes());
    }
}

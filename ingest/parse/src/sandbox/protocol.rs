//! What parent and child say to each other: JSON values, each after its length in bytes (`u32`, little endian). The
//! content of a file follows its request in pieces, each after its length too.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use taproot_schemas::job::FileErrorCode;

use super::confine::Confinement;
use super::ocr::OcrJob;
use crate::{ParsedDocument, PartFailure};

/// The first frame to a child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Parser(Settings),
    Ocr(OcrJob),
}

/// What holds for all files of a parser.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Settings {
    /// Address space of the child, code and stacks included.
    pub memory_bytes: u64,
    pub max_file_bytes: u64,
    pub max_document_chars: usize,
}

impl Settings {
    /// No answer is longer. A character takes up to six bytes in JSON, a block about sixty, and a text may be all
    /// short blocks. An image takes four bytes for three.
    pub fn max_frame_bytes(&self) -> usize {
        const OTHER_FIELDS: usize = 1 << 20;
        const PER_CHARACTER: usize = 32;
        let document = self.max_document_chars.saturating_mul(PER_CHARACTER);
        OTHER_FIELDS.saturating_add(document.max(MAX_IMAGE_BYTES / 3 * 4)).min(u32::MAX as usize)
    }
}

/// One file to parse; its content follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// From 1; each answer repeats it.
    pub number: u64,
    /// By which the format is told where the content does not say it.
    pub name: String,
    /// Its size, by which room is made for it.
    pub bytes: u64,
}

/// An answer and the number of its request, by which the parent sees that both speak of the same file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    /// 0 before the first request.
    pub request: u64,
    pub answer: Answer,
}

/// What the child says: once, before all files, that it is ready; then to each request any number of documents, failed
/// parts and images to read, and one of the last two.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Ready(Confinement),
    Document(ParsedDocument),
    PartFailed(PartFailure),
    /// The child waits for a [`Recognition`].
    Recognise {
        #[serde(with = "base64_bytes")]
        image: Vec<u8>,
    },
    Done,
    Failed {
        code: FileErrorCode,
        reason: String,
    },
}

/// Requests are this long at most: a name, or the text of an image.
pub(super) const MAX_REQUEST_BYTES: usize = 4 << 20;

/// Larger images are not read.
pub(super) const MAX_IMAGE_BYTES: usize = 64 << 20;

/// How the content of a file goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many bytes follow.
    Bytes(u32),
    End,
    /// The file turned out not to be readable: forget it, and take the next request.
    Withdrawn,
}

impl Piece {
    pub fn to_bytes(self) -> [u8; LENGTH_BYTES] {
        match self {
            Piece::Bytes(count) => count,
            Piece::End => 0,
            Piece::Withdrawn => u32::MAX,
        }
        .to_le_bytes()
    }

    fn from_bytes(bytes: [u8; LENGTH_BYTES]) -> Piece {
        match u32::from_le_bytes(bytes) {
            0 => Piece::End,
            u32::MAX => Piece::Withdrawn,
            count => Piece::Bytes(count),
        }
    }
}

/// Reads the content of a file of about `bytes` bytes; none when it was withdrawn.
pub(super) fn read_content(input: &mut impl Read, bytes: u64, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::with_capacity(bytes.min(max_bytes) as usize);
    loop {
        let mut head = [0; LENGTH_BYTES];
        input.read_exact(&mut head)?;
        match Piece::from_bytes(head) {
            Piece::End => return Ok(Some(content)),
            Piece::Withdrawn => return Ok(None),
            Piece::Bytes(count) => {
                let read = input.by_ref().take(u64::from(count)).read_to_end(&mut content)?;
                if read as u64 != u64::from(count) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                if content.len() as u64 > max_bytes {
                    return Err(too_long());
                }
            }
        }
    }
}

/// Bytes as text in JSON.
mod base64_bytes {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text.as_bytes()).map_err(de::Error::custom)
    }
}

const LENGTH_BYTES: usize = size_of::<u32>();

/// The frame of a value; none when it is longer than `max_bytes`.
pub(super) fn frame(value: &impl Serialize, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, value)?;
    let length = frame.len() - LENGTH_BYTES;
    let Some(prefix) = u32::try_from(length).ok().filter(|_| length <= max_bytes) else { return Ok(None) };
    frame[..LENGTH_BYTES].copy_from_slice(&prefix.to_le_bytes());
    Ok(Some(frame))
}

/// Writes one value.
pub(super) fn write(output: &mut impl Write, value: &impl Serialize, max_bytes: usize) -> io::Result<()> {
    let frame = frame(value, max_bytes)?.ok_or_else(too_long)?;
    output.write_all(&frame)?;
    output.flush()
}

/// Reads one value, waiting for it; none at the end of the input.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read, max_bytes: usize) -> io::Result<Option<T>> {
    let mut incoming = Incoming::new(max_bytes);
    let mut piece = [0; LENGTH_BYTES];
    // Not one byte more than the frame is taken from the input.
    loop {
        if let Some(value) = incoming.take()? {
            return Ok(Some(value));
        }
        let wanted = incoming.missing().min(piece.len());
        match input.read(&mut piece[..wanted]) {
            Ok(0) if incoming.bytes.is_empty() => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => incoming.add(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Bytes that came in and are not used up yet.
#[derive(Debug)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    max_bytes: usize,
}

impl Incoming {
    pub fn new(max_bytes: usize) -> Incoming {
        Incoming { bytes: Vec::new(), max_bytes }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next value, when all of its frame is here.
    ///
    /// # Errors
    /// The frame is too long or is no such value; there is no way to go on.
    pub fn take<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some(length) = self.length() else { return Ok(None) };
        if length > self.max_bytes {
            return Err(too_long());
        }
        let Some(json) = self.bytes.get(LENGTH_BYTES..LENGTH_BYTES + length) else { return Ok(None) };
        let value = serde_json::from_slice(json)?;
        self.bytes.drain(..LENGTH_BYTES + length);
        Ok(Some(value))
    }

    fn length(&self) -> Option<usize> {
        self.bytes.first_chunk::<LENGTH_BYTES>().map(|length| u32::from_le_bytes(*length) as usize)
    }

    /// Bytes that the frame at hand lacks, at least one.
    fn missing(&self) -> usize {
        let whole = LENGTH_BYTES + self.length().unwrap_or(0);
        whole.saturating_sub(self.bytes.len()).max(1)
    }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the frame is too long")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_out_as_they_went_in(values in prop::collection::vec(".{0,40}", 0..8), piece in 1usize..50) {
            let frames: Vec<Vec<u8>> = values.iter().map(|value| frame(value, 1000).unwrap().unwrap()).collect();
            let bytes = frames.concat();

            let mut input = bytes.as_slice();
            for value in &values {
                prop_assert_eq!(read::<String>(&mut input, 1000).unwrap(), Some(value.clone()));
            }
            prop_assert_eq!(read::<String>(&mut input, 1000).unwrap(), None);

            let mut incoming = Incoming::new(1000);
            let mut found = Vec::new();
            for bytes in bytes.chunks(piece) {
                incoming.add(bytes);
                while let Some(value) = incoming.take::<String>().unwrap() {
                    found.push(value);
                }
            }
            prop_assert_eq!(found, values);
        }

        #[test]
        fn rubbish_is_an_error_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = read::<Reply>(&mut bytes.as_slice(), 1000);
        }
    }

    #[test]
    fn content_comes_in_pieces() {
        let sent = |pieces: &[&[u8]], last: Piece| {
            let heads = pieces.iter().map(|piece| Piece::Bytes(piece.len() as u32).to_bytes());
            let bytes: Vec<u8> = heads.zip(pieces).flat_map(|(head, piece)| [&head, *piece].concat()).collect();
            [&bytes[..], &last.to_bytes()].concat()
        };
        let read = |bytes: &[u8]| read_content(&mut &bytes[..], 1, 8).map_err(|error| error.kind());
        assert_eq!(read(&sent(&[b"one", b"two"], Piece::End)), Ok(Some(b"onetwo".to_vec())));
        assert_eq!(read(&sent(&[], Piece::End)), Ok(Some(Vec::new())));
        assert_eq!(read(&sent(&[b"one"], Piece::Withdrawn)), Ok(None));
        assert_eq!(read(&sent(&[b"too long, it is"], Piece::End)), Err(io::ErrorKind::InvalidData));
        let cut = sent(&[b"one", b"two"], Piece::End);
        for length in 0..cut.len() {
            assert_eq!(read(&cut[..length]), Err(io::ErrorKind::UnexpectedEof));
        }
    }

    #[test]
    fn long_frames_are_refused_on_both_sides() {
        assert!(frame(&"too long", 5).unwrap().is_none());
        let frame = frame(&"too long", 100).unwrap().unwrap();
        assert!(read::<String>(&mut frame.as_slice(), 5).is_err());
    }
}

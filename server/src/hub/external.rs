//! Which files an ONNX graph keeps its weights in, besides its own.
//!
//! A model beyond 2 GB stores its tensors in files that the graph names (`external_data`, onnx.proto3), and their names
//! follow no rule (`model.onnx_data`, `Constant_7_attr__value`). So the names are read from the graph: a walk over the
//! few fields of its Protocol Buffers that lead to tensors, which skips the weights themselves.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Names of a graph at the most, and their length.
const MAX_FILES: usize = 4_096;
const MAX_NAME_BYTES: u64 = 4_096;
/// Messages inside of messages: bodies of loops and branches are graphs inside of graphs, four deep each.
const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Function,
    Tensor,
}

impl Message {
    /// What the field of this number holds, as onnx.proto3 numbers them.
    fn field(self, number: u64) -> Option<Message> {
        match (self, number) {
            (Message::Model, 7) => Some(Message::Graph),
            (Message::Model, 25) => Some(Message::Function),
            (Message::Graph, 1) | (Message::Function, 7) => Some(Message::Node),
            (Message::Graph, 5) | (Message::Attribute, 5 | 10) | (Message::SparseTensor, 1 | 2) => {
                Some(Message::Tensor)
            }
            (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Some(Message::SparseTensor),
            (Message::Node, 5) => Some(Message::Attribute),
            (Message::Attribute, 6 | 11) => Some(Message::Graph),
            _ => None,
        }
    }
}

/// `external_data` of a tensor: entries of key (1) and value (2).
const TENSOR_EXTERNAL_DATA: u64 = 13;

/// The names, sorted, as the graph has them: from its own folder.
pub fn locations(onnx: &Path) -> io::Result<Vec<String>> {
    let file = File::open(onnx)?;
    let end = file.metadata()?.len();
    let mut walk = Walk { file: BufReader::new(file), at: 0, found: BTreeSet::new() };
    walk.message(Message::Model, end, 0)?;
    Ok(walk.found.into_iter().collect())
}

struct Walk {
    file: BufReader<File>,
    at: u64,
    found: BTreeSet<String>,
}

impl Walk {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(odd("graphs inside of graphs"));
        }
        while self.at < end {
            let (number, length) = self.field(end)?;
            let Some(length) = length else { continue };
            let field_end = self.at + length;
            match (message, message.field(number)) {
                (Message::Tensor, _) if number == TENSOR_EXTERNAL_DATA => self.entry(field_end)?,
                (_, Some(inner)) => self.message(inner, field_end, depth + 1)?,
                _ => self.skip(length)?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, end: u64) -> io::Result<()> {
        let (mut key, mut value) = (String::new(), String::new());
        while self.at < end {
            let (number, length) = self.field(end)?;
            match (number, length) {
                (1, Some(length)) => key = self.text(length)?,
                (2, Some(length)) => value = self.text(length)?,
                (_, Some(length)) => self.skip(length)?,
                (_, None) => {}
            }
        }
        if key == "location" && self.found.len() < MAX_FILES {
            self.found.insert(value);
        }
        Ok(())
    }

    /// A field's number, and its length where it has one; what has none is passed over.
    fn field(&mut self, end: u64) -> io::Result<(u64, Option<u64>)> {
        let tag = self.varint()?;
        let length = match tag & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => self.skip(8).map(|()| None)?,
            2 => Some(self.varint()?),
            5 => self.skip(4).map(|()| None)?,
            _ => return Err(odd("a field of no known kind")),
        };
        match length {
            Some(length) if length > end.saturating_sub(self.at) => Err(odd("a field beyond its message")),
            length => Ok((tag >> 3, length)),
        }
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            self.file.read_exact(&mut byte)?;
            self.at += 1;
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                return Ok(value);
            }
        }
        Err(odd("a number without an end"))
    }

    fn text(&mut self, length: u64) -> io::Result<String> {
        if length > MAX_NAME_BYTES {
            return Err(odd("a name that is too long"));
        }
        let mut text = vec![0; length as usize];
        self.file.read_exact(&mut text)?;
        self.at += length;
        String::from_utf8(text).map_err(|_| odd("a name that is no text"))
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let forward = i64::try_from(length).map_err(|_| odd("a field beyond its message"))?;
        self.file.seek_relative(forward)?;
        self.at += length;
        Ok(())
    }
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is no ONNX file: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        assert!(content.len() < 128 && number < 16);
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    fn tensor(location: &str) -> Vec<u8> {
        let entry = [bytes(1, b"location"), bytes(2, location.as_bytes())].concat();
        let offset = [bytes(1, b"offset"), bytes(2, b"4096")].concat();
        // dims (1) as a number, name (8), raw_data (9), external_data (13).
        [vec![1 << 3, 3], bytes(8, b"w"), bytes(9, &[0xff; 40]), bytes(13, &entry), bytes(13, &offset)].concat()
    }

    fn found(model: &[u8]) -> io::Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), model).expect("written");
        locations(file.path())
    }

    #[test]
    fn names_are_found_in_weights_and_in_constants() {
        let constant = bytes(1, &bytes(5, &bytes(5, &tensor("Constant_7"))));
        let graph = [bytes(5, &tensor("model.onnx_data")), bytes(2, b"a graph"), constant].concat();
        let model = [
            vec![1 << 3, 8],
            bytes(2, b"producer"),
            vec![7 << 3 | 2, 0x80 | (graph.len() & 127) as u8, (graph.len() >> 7) as u8],
            graph,
        ]
        .concat();
        assert_eq!(found(&model).expect("a graph"), ["Constant_7", "model.onnx_data"]);
    }

    proptest::proptest! {
        /// Graphs come from strangers: whatever is in one, the walk ends, and finds no more than there is.
        #[test]
        fn any_bytes_are_walked_to_an_end(
            at in 0..4_000_usize, changed in proptest::collection::vec(proptest::num::u8::ANY, 0..12), cut in 0..4_000_usize,
        ) {
            let graph = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny/bert/model.onnx");
            let mut graph = std::fs::read(graph).expect("models/tiny");
            assert_eq!(found(&graph).expect("a graph"), ["bert_weights.bin"]);
            for (byte, new) in graph.iter_mut().skip(at).zip(&changed) {
                *byte = *new;
            }
            graph.truncate(graph.len().saturating_sub(cut));
            if let Ok(names) = found(&graph) {
                proptest::prop_assert!(names.iter().all(|name| name.len() <= MAX_NAME_BYTES as usize));
            }
        }
    }

    #[test]
    fn a_file_that_is_no_graph_is_told() {
        for wrong in [&[0x3a, 0xff, 0x01][..], &[0x07], &[0x80; 12], b"version https://git-lfs.github.com/spec/v1"] {
            found(wrong).expect_err("no graph");
        }
        assert!(found(&[]).expect("an empty model").is_empty());
    }
}

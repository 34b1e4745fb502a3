//! A run in the format of TREC: `QUERY Q0 DOCUMENT RANK SCORE taproot`, separated by single spaces.
//!
//! In: hits, best first. Out: lines for `trec_eval` and its kin. Ids with white space would break the columns; such
//! characters are written as `%20` and the like, all others stay as they are.

use std::fmt::Write;

use taproot_schemas::search::Hit;

use super::ranking::{Ranked, ranked};

/// The lines of one query, at most `k`.
pub fn lines(query_id: &str, hits: &[Hit], ranks: Ranked, k: usize) -> String {
    let query_id = column(query_id);
    let ids: Vec<(String, f32)> = match ranks {
        Ranked::Documents => {
            ranked(hits, k).into_iter().map(|document| (column(run_id(document.uri)), document.score)).collect()
        }
        Ranked::Chunks => hits.iter().map(|hit| (column(&hit.chunk_id), hit.score)).take(k).collect(),
    };
    let mut lines = String::new();
    for (rank, (id, score)) in (1..).zip(ids) {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{query_id} Q0 {id} {rank} {score} taproot");
    }
    lines
}

/// A document's id in a run: its uri, and for a line of a `.jsonl` file the line's own id.
pub fn run_id(uri: &str) -> &str {
    uri.split_once(".jsonl#").map_or(uri, |(_, id)| id)
}

fn column(id: &str) -> String {
    let mut column = String::with_capacity(id.len());
    for c in id.chars() {
        if c.is_whitespace() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(column, "%{byte:02X}");
            }
        } else {
            column.push(c);
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use taproot_schemas::search::LegScores;

    use super::*;

    fn hit(document: &str, uri: &str, score: f32) -> Hit {
        Hit {
            chunk_id: format!("{document}:{score}"),
            document_id: document.into(),
            title: String::new(),
            uri: uri.into(),
            collection: "default".into(),
            page: None,
            heading: None,
            text: String::new(),
            start: 0,
            end: 0,
            score,
            scores: LegScores::default(),
            highlights: Vec::new(),
            copies: Vec::new(),
            explanation: None,
        }
    }

    #[test]
    fn a_document_takes_its_best_chunk() {
        let hits = [
            hit("d1", "corpus.jsonl#41 a", 0.9),
            hit("d1", "corpus.jsonl#41 a", 0.8),
            hit("d2", "leave/parental.md", 0.5),
            hit("d3", "c.jsonl#x#y", 0.25),
        ];
        assert_eq!(
            lines("q\t1", &hits, Ranked::Documents, 10),
            "q%091 Q0 41%20a 1 0.9 taproot\nq%091 Q0 leave/parental.md 2 0.5 taproot\nq%091 Q0 x#y 3 0.25 taproot\n"
        );
        assert_eq!(lines("q", &hits, Ranked::Chunks, 2), "q Q0 d1:0.9 1 0.9 taproot\nq Q0 d1:0.8 2 0.8 taproot\n");
        assert_eq!(lines("q", &hits, Ranked::Documents, 1).lines().count(), 1);
    }

    #[test]
    fn only_white_space_is_escaped() {
        assert_eq!(column("a b\u{3000}50%/年"), "a%20b%E3%80%8050%/年");
    }
}

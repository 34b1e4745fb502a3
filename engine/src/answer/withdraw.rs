//! An answer of the past → what of it may still be read.
//!
//! Who may read a document changes, and documents go. What an answer took from one that its asker cannot read any more
//! leaves the answer: the citation, the sentences that rest on it, the exact span. What later questions took over from
//! such an answer goes as well.

use std::collections::HashSet;

use taproot_schemas::answer::Answer;

use crate::store::StoredTurn;

/// What may be read.
pub struct Readable {
    /// Ids of documents.
    pub visible: HashSet<String>,
}

impl Readable {
    /// The turns, the oldest first, each with the numbers of its citations that were taken out.
    pub fn read(&self, turns: Vec<StoredTurn>) -> Vec<(StoredTurn, Vec<u32>)> {
        let mut tainted = false;
        let read = |mut turn: StoredTurn| {
            let withdrawn = self.withdraw(&mut turn.answer);
            if tainted {
                turn.carried.clear();
                turn.answer.standalone_question = turn.answer.question.clone();
            }
            tainted |= !withdrawn.is_empty();
            (turn, withdrawn)
        };
        turns.into_iter().map(read).collect()
    }

    fn withdraw(&self, answer: &mut Answer) -> Vec<u32> {
        let gone = answer.citations.iter().filter(|citation| !self.visible.contains(&citation.document_id));
        let gone: Vec<u32> = gone.map(|citation| citation.n).collect();
        if gone.is_empty() {
            return gone;
        }
        answer.citations.retain(|citation| !gone.contains(&citation.n));
        let before = answer.sentences.len();
        answer.sentences.retain(|sentence| !sentence.citations.iter().any(|n| gone.contains(n)));
        if answer.sentences.len() < before {
            answer.short_answer = None;
            let line = |sentence: &taproot_schemas::answer::Sentence| {
                let marks: String = sentence.citations.iter().map(|n| format!("[{n}]")).collect();
                format!("{} {marks}", sentence.text)
            };
            answer.answer = answer.sentences.iter().map(line).collect::<Vec<_>>().join("\n");
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(number: u32) -> StoredTurn {
        let citation = |n: u32, document: &str| {
            json!({"n": n, "document_id": document, "chunk_id": "c", "title": document, "uri": document, "page": null,
                "heading": null, "quote": format!("quote of {document}"), "start": 0, "end": 9, "score": 1.0})
        };
        let answer = json!({
            "id": "a", "conversation_id": "c", "question": "And it?", "standalone_question": "And Heliotrope?",
            "status": "answered", "answer": "Open says this. [1]\nClosed says that. [2]", "short_answer": "that",
            "sentences": [
                {"text": "Open says this.", "citations": [1], "support": 1.0},
                {"text": "Closed says that.", "citations": [2], "support": 1.0},
            ],
            "citations": [citation(1, "open"), citation(2, "closed")], "confidence": 0.9, "mode": "extractive",
            "usage": {"chunks_searched": 1, "passages_read": 1}, "timings_ms": {"search": 0.0, "read": 0.0, "total": 0.0},
        });
        let answer = serde_json::from_value(answer).expect("an answer");
        StoredTurn {
            number,
            asked_ms: 0,
            carried: vec!["Heliotrope".into()],
            sure: true,
            answer,
            feedback: None,
            handed_on_ms: None,
        }
    }

    #[test]
    fn what_may_not_be_read_any_more_is_gone_with_all_that_rests_on_it() {
        let readable = Readable { visible: HashSet::from(["open".to_owned()]) };
        let read = readable.read(vec![turn(1), turn(2)]);
        for (turn, withdrawn) in &read {
            let text = serde_json::to_string(&turn.answer).expect("JSON");
            assert!(!text.contains("losed") && !text.contains("that"), "{text}");
            assert_eq!((turn.answer.answer.as_str(), withdrawn.as_slice()), ("Open says this. [1]", [2].as_slice()));
        }
        assert_eq!(read[0].0.answer.standalone_question, "And Heliotrope?", "taken from before");
        assert_eq!(read[1].0.answer.standalone_question, "And it?", "taken from what is withdrawn");
        assert!(read[1].0.carried.is_empty());
    }

    #[test]
    fn what_may_be_read_stays_as_it_was() {
        let readable = Readable { visible: HashSet::from(["open".to_owned(), "closed".to_owned()]) };
        let read = readable.read(vec![turn(1)]);
        assert_eq!(read[0].0.answer, turn(1).answer);
        assert!(read[0].1.is_empty());
    }
}

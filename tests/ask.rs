//! Answers: every sentence stands in a document where its citation says, and what is not there is not made up.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::document::DocumentText;
use unicode_normalization::UnicodeNormalization;

use crate::support::examples::{documents, examples};
use crate::support::http::Http;
use crate::support::slice;
use crate::support::taproot::{Taproot, told};

/// Of the answerable questions, and of those that are not: how many have to be right. Raise them when it gets better.
const RIGHT_AT_LEAST: usize = 12;
const REFUSED_AT_LEAST: usize = 9;

/// A line of `examples/questions.jsonl`.
#[derive(Deserialize)]
struct Question {
    id: String,
    lang: String,
    question: String,
    answers: Vec<String>,
    answerable: bool,
}

static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    let lines = std::fs::read_to_string(questions_file()).expect("the example questions");
    lines.lines().map(|line| serde_json::from_str(line).expect("a question")).collect()
});

/// The answers to [`QUESTIONS`], asked in one batch.
static ANSWERS: LazyLock<Vec<Answer>> = LazyLock::new(|| {
    let output = examples().taproot.run(&["ask", "--batch", &questions_file().to_string_lossy()]);
    assert!(output.status.success(), "{}", told(&output));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("one answer a line")).collect()
});

fn questions_file() -> std::path::PathBuf {
    documents().with_file_name("questions.jsonl")
}

#[test]
fn a_batch_is_answered_in_order() {
    let asked: Vec<_> = QUESTIONS.iter().map(|q| (Some(q.id.as_str()), q.question.as_str())).collect();
    let answered: Vec<_> = ANSWERS.iter().map(|a| (a.question_id.as_deref(), a.question.as_str())).collect();
    assert_eq!(answered, asked);
}

#[test]
fn the_example_questions_are_answered_or_refused() {
    let (mut right, mut wrong, mut refused, mut invented) = (0, Vec::new(), 0, Vec::new());
    for (question, answer) in QUESTIONS.iter().zip(ANSWERS.iter()) {
        let text = folded(&answer.answer);
        let holds_gold = question.answers.iter().any(|gold| text.contains(&folded(gold)));
        match (question.answerable, answer.status) {
            (true, Status::Answered) if holds_gold => right += 1,
            (true, _) => wrong.push(question.id.as_str()),
            (false, Status::Abstained) => refused += 1,
            (false, _) => invented.push(question.id.as_str()),
        }
    }
    let (answerable, unanswerable) = (right + wrong.len(), refused + invented.len());
    println!("examples: {right} of {answerable} right (not: {})", wrong.join(" "));
    println!("examples: {refused} of {unanswerable} rightly refused (not: {})", invented.join(" "));
    assert_eq!((answerable, unanswerable), (30, 10));
    assert!(right >= RIGHT_AT_LEAST, "{right} of {answerable} right; wrong are {wrong:?}");
    assert!(refused >= REFUSED_AT_LEAST, "{refused} of {unanswerable} refused; answered were {invented:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quote_is_the_text_between_its_offsets() {
    let http = Http::to(&examples().server);
    let mut texts: HashMap<String, DocumentText> = HashMap::new();
    for answer in ANSWERS.iter() {
        for citation in &answer.citations {
            if !texts.contains_key(&citation.document_id) {
                texts.insert(citation.document_id.clone(), http.text(&citation.document_id).await);
            }
            let document = &texts[&citation.document_id];
            assert!(citation.start < citation.end, "{citation:?}");
            assert_eq!(slice(&document.text, citation.start, citation.end), citation.quote, "{citation:?}");
            assert_eq!((&document.uri, &document.title), (&citation.uri, &citation.title));
            let place = document.outline.iter().rev().find(|entry| entry.start <= citation.start);
            assert_eq!(citation.page, place.and_then(|entry| entry.page), "{citation:?}");
        }
    }
}

#[test]
fn every_sentence_is_cited_and_every_mark_has_its_citation() {
    assert!(ANSWERS.iter().any(|answer| answer.status == Status::Answered));
    for answer in ANSWERS.iter() {
        let numbers: Vec<u32> = answer.citations.iter().map(|citation| citation.n).collect();
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>(), "numbered from 1: {answer:?}");
        assert!((0.0..=1.0).contains(&answer.confidence), "{answer:?}");
        if answer.status == Status::Abstained {
            assert!(answer.sentences.is_empty() && answer.short_answer.is_none(), "{answer:?}");
            continue;
        }
        assert!(!answer.citations.is_empty() && !answer.sentences.is_empty(), "{answer:?}");
        for sentence in &answer.sentences {
            assert!(!sentence.citations.is_empty(), "a sentence without a source: {answer:?}");
            assert!(answer.answer.contains(&sentence.text), "{answer:?}");
            for n in &sentence.citations {
                let citation = answer.citations.iter().find(|citation| citation.n == *n);
                let quote = &citation.unwrap_or_else(|| panic!("[{n}] has no citation: {answer:?}")).quote;
                assert!(quote.contains(&sentence.text), "an extractive sentence stands in its quote: {answer:?}");
                assert!(answer.answer.contains(&format!("[{n}]")), "{answer:?}");
            }
        }
        if let Some(span) = &answer.short_answer {
            assert!(answer.citations.iter().any(|citation| citation.quote.contains(span)), "{answer:?}");
        }
    }
}

#[test]
fn a_refusal_speaks_the_language_of_the_question_and_names_documents() {
    for (question, answer) in QUESTIONS.iter().zip(ANSWERS.iter()) {
        if answer.status == Status::Abstained {
            assert_eq!(is_chinese(&answer.answer), question.lang == "zh", "{answer:?}");
            assert!(!answer.citations.is_empty(), "the nearest documents are named: {answer:?}");
        }
    }
}

#[test]
fn nonsense_is_refused() {
    for (question, chinese) in [
        ("How many glorpified zibblewocks does the quantum marmalade of Neptune contain?", false),
        ("海王星上的紫色独角兽每天要吃多少斤量子果酱？", true),
    ] {
        let answer: Answer = examples().taproot.json(&["ask", question]);
        assert_eq!(answer.status, Status::Abstained, "{answer:?}");
        assert_eq!(is_chinese(&answer.answer), chinese, "{answer:?}");
    }
}

#[test]
fn an_empty_index_refuses_too() {
    let taproot = Taproot::new();
    let answer: Answer = taproot.json(&["ask", "How many days of leave do I have?"]);
    assert_eq!((answer.status, answer.citations.len()), (Status::Abstained, 0), "{answer:?}");
    assert!(taproot.fails(&["ask", " "]).contains("empty"));
}

#[test]
fn a_person_sees_the_answer_and_its_sources() {
    let question = "A redox probe reports ERR-4012. How long should the customer soak it?";
    let answer: Answer = examples().taproot.json(&["ask", question]);
    let output = examples().taproot.run(&["ask", question]);
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(output.status.success() && text.contains(&answer.answer), "{}", told(&output));
    assert!(answer.citations.iter().all(|citation| text.contains(&citation.uri)), "{answer:?}: {text}");
}

#[test]
fn a_line_that_is_no_question_is_told_by_its_number() {
    let taproot = Taproot::new();
    let file = taproot.root().join("questions.jsonl");
    std::fs::write(&file, "{\"id\":\"a\",\"question\":\"Why?\"}\n{\"id\":\"b\"}\n").expect("written");
    let error = taproot.fails(&["ask", "--batch", &file.to_string_lossy()]);
    assert!(error.contains("line 2") && error.contains("questions.jsonl"), "{error}");
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// After NFKC, without white space.
fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect()
}

/// The reader's input is shorter than the longest question that is taken; that once failed.
#[test]
fn a_very_long_question_is_answered_or_refused() {
    let question = "When is the annual leave that I carried over from the year before lost? ".repeat(50);
    let answer: Answer = examples().taproot.json(&["ask", question.trim()]);
    assert_eq!(answer.question, question.trim());
}

#[test]
fn names_of_groups_are_plain() {
    let taproot = Taproot::new();
    taproot.write("a.txt", "The heron waits by the weir.");
    let folder = taproot.documents_folder();
    let said = taproot.fails(&["ingest", &folder.to_string_lossy(), "--allow", "a\"b"]);
    assert!(said.contains("name of a group"), "{said}");
    assert!(taproot.documents().is_empty());
}

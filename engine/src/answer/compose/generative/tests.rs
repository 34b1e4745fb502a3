//! The composer over a few passages, with the shipped model.

use std::path::{Path, PathBuf};

use super::*;
use crate::answer::read::{Candidate, Clues, Evidence};
use crate::models::{Choice, Registry};
use crate::retrieve::Found;
use crate::store::{ChunkId, StoredChunk};

const PASSAGES: [&str; 2] = [
    "Visitors sign in at the front desk. The desk is staffed from 8 to 18.",
    "Employees get 24 days of leave a year. Up to 5 unused days can be taken until the end of March. Ask your team lead.",
];

fn models_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join(".cache/models")
}

fn models(dir: &Path) -> Arc<Models> {
    Arc::new(Models::load(dir, &Choice::default(), 1).expect("run python3 scripts/setup.py models"))
}

/// The shipped models, with the generator asked as a chat.
fn chatting(dir: &Path) -> Arc<Models> {
    let list = std::fs::read_to_string(models_dir().join("models.toml")).expect("a list");
    assert!(list.contains("prompt = \"short\""));
    std::fs::write(dir.join("models.toml"), list.replace("prompt = \"short\"", "prompt = \"chat\"")).expect("a list");
    for entry in std::fs::read_dir(models_dir()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            std::os::unix::fs::symlink(&path, dir.join(path.file_name().expect("a name"))).expect("a link");
        }
    }
    models(dir)
}

fn found(text: &str, ordinal: usize) -> Found {
    let chunk = StoredChunk {
        id: ChunkId::new("d", 1, ordinal),
        document_id: "d".into(),
        version: 1,
        ordinal,
        collection: "default".into(),
        uri: "d.md".into(),
        title: "Handbook".into(),
        page: None,
        heading: None,
        table_header: None,
        language: Some("en".into()),
        start: 0,
        end: text.chars().count(),
        text: text.into(),
    };
    let explanation = Default::default();
    Found { chunk: chunk.into(), score: 1.0, explanation, rerank: None, highlights: Vec::new(), copies: Vec::new() }
}

fn task(question: &str, passages: &[&str], best: &[(usize, usize)]) -> Task {
    let found: Vec<Found> = passages.iter().enumerate().map(|(ordinal, text)| found(text, ordinal)).collect();
    let candidate = |&(hit, sentence): &(usize, usize)| Candidate {
        hit,
        sentence: sentences(passages[hit])[sentence],
        span: None,
        score: 1.0,
        clues: Clues::default(),
    };
    let evidence = Evidence {
        candidates: best.iter().map(candidate).collect(),
        confidence: 0.9,
        passages: passages.len(),
        ..Evidence::default()
    };
    Task {
        question: question.into(),
        asked: question.into(),
        language: Some("en"),
        found: Arc::new(found),
        evidence: Arc::new(evidence),
        asker: "test".into(),
    }
}

async fn composed(models: &Arc<Models>, task: &Task) -> (String, Spent) {
    let (sender, mut pieces) = mpsc::channel(64);
    let spent = Generative::new(Arc::clone(models)).compose(task, &sender).await.expect("an answer");
    drop(sender);
    let mut text = String::new();
    while let Some(piece) = pieces.recv().await {
        let Piece::Text(more) = piece else { panic!("a model does not quote: {piece:?}") };
        text.push_str(&more);
    }
    (text, spent)
}

#[tokio::test]
async fn a_small_model_rewords_the_best_sentences_and_names_their_passage() {
    let models = models(&models_dir());
    let asked = task("How many days of leave do employees get?", &PASSAGES, &[(1, 0), (0, 0)]);
    let (text, spent) = composed(&models, &asked).await;
    assert!(text.contains("24") && text.trim_end().ends_with("[2]"), "{text}");
    assert_eq!(spent.model.as_deref(), Some("smollm2-135m-instruct"));
    assert!(spent.prompt_tokens > 20 && spent.completion_tokens > 2, "{spent:?}");

    let (text, spent) = composed(&models, &Task { language: Some("zh"), ..asked.clone() }).await;
    assert_eq!((text.as_str(), spent.completion_tokens), ("", 0), "a language that it does not know");
    let (text, _) = composed(&models, &task("How many days?", &PASSAGES, &[])).await;
    assert_eq!(text, "", "nothing to reword");

    let (sender, pieces) = mpsc::channel(1);
    drop(pieces);
    let gone = Generative::new(models).compose(&asked, &sender).await;
    assert!(matches!(gone, Err(Error::Cancelled)), "{gone:?}");
}

#[tokio::test]
async fn a_chat_model_is_shown_the_rules_and_numbered_sources() {
    let dir = tempfile::tempdir().expect("a folder");
    let models = chatting(dir.path());
    let asked = task("How many days of leave do employees get?", &PASSAGES, &[(1, 0)]);
    let (text, spent) = composed(&models, &asked).await;
    assert!(spent.prompt_tokens > 150, "rules, two sources, a question: {spent:?}");
    assert!(text.is_empty() || text.starts_with(|first: char| !first.is_whitespace()), "{text:?}");
}

#[test]
fn a_prompt_never_exceeds_the_window_and_holds_the_best_passages() {
    let registry = Registry::read(&models_dir()).expect("a list");
    let entry = registry.generator(&Choice::default()).expect("a list").expect("set-up makes one");
    let vocabulary = Vocabulary::load(registry.dir(), entry).expect("a vocabulary");
    let crate::models::Task::Generator(description) = &entry.task else { panic!("a generator") };
    let long: Vec<String> = (0..8).map(|n| format!("Passage {n} says so. ").repeat(60)).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let asked = task("What does it say?", &long, &[(5, 0)]);
    let mut lengths = Vec::new();
    for window in [500, 900, 2_048] {
        let room = Room { window, description: description.clone() };
        let ids = room.prompt(&vocabulary, &asked).expect("a prompt").ids;
        assert!(ids.len() + description.max_new_tokens <= window, "{} of {window}", ids.len());
        let text = vocabulary.tokenizer().decode(&ids, false).expect("text");
        assert!(text.contains("<source number=\"6\"") && text.contains("What does it say?"), "{text}");
        lengths.push(ids.len());
    }
    assert!(lengths[0] > 300 && lengths[1] > 600 && lengths[2] > 1_400, "the window is used: {lengths:?}");

    let endless = task(&"why ".repeat(3_000), &long, &[(5, 0)]);
    let room = Room { window: 2_048, description: description.clone() };
    for refused in [room.prompt(&vocabulary, &endless), room.short_prompt(&vocabulary, &endless.question, "a")] {
        assert!(matches!(refused, Err(Error::InvalidRequest { what: "question", .. })), "{refused:?}");
    }
}

#[test]
fn sentences_leave_when_they_are_whole() {
    let mut text = "Employees get 24 days. Up to 5".to_owned();
    assert_eq!(whole_sentences(&mut text), ["Employees get 24 days."]);
    assert_eq!(text, "Up to 5");
    assert_eq!(whole_sentences(&mut text), Vec::<String>::new());
    assert_eq!(text, "Up to 5");
}

//! Sentences of which it is known whether their sources bear them out, built from the shared evaluation data.
//!
//! Right ones are answers as people wrote them (ClapNQ), gold sentences in a slightly other wording, and statements made of a
//! question and its gold answer. Each right one is then made wrong in as many ways as it has places for: a number, a date, a unit
//! or a name is another one, a negation is put in or taken out, a word is turned into its opposite, or its sources are those of
//! another question. So every wrong sentence has its right twin, and the same sources.

mod alter;
mod rephrase;
mod shared;

use std::path::Path;

pub use alter::Kind;
use shared::Asked;

/// A passage, and what stands above it.
#[derive(Debug, Clone)]
pub struct Text {
    pub text: String,
    pub title: String,
}

/// A sentence with its sources.
#[derive(Debug, Clone)]
pub struct Claim {
    pub sentence: String,
    /// `None` for a right one.
    pub wrong: Option<Kind>,
    /// Number of the right sentence that it was made from.
    pub twin: usize,
    pub question: String,
    pub language: String,
    pub sources: Vec<Text>,
    /// Index of the source that bears the right sentence out.
    pub gold: usize,
    /// Document of the right sentence.
    pub document: String,
    /// How the right sentence came about: `written`, `sentence`, `statement`.
    pub made: &'static str,
}

/// Passages beside the one that bears a claim out: two of the same document, two of others.
const OTHERS: usize = 2;

/// All claims that the sets in `folder` give, in an order that is always the same.
pub fn claims(folder: &Path) -> Vec<Claim> {
    let mut out = Vec::new();
    let mut twin = 0;
    for set in ["qa-en", "qa-zh", "longform-clapnq", "handbook-en", "handbook-zh"] {
        let asked = shared::read(&folder.join(set));
        let names = alter::Pool::of(&asked);
        for (at, question) in asked.iter().enumerate() {
            let (sources, gold) = sources(&asked, at);
            for (made, right) in rephrase::right(question) {
                let claim = Claim {
                    sentence: right.clone(),
                    wrong: None,
                    twin,
                    question: question.question.clone(),
                    language: question.language.clone(),
                    sources: sources.clone(),
                    gold,
                    document: question.document.clone(),
                    made,
                };
                let seed = (twin as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let wrong = names.wrong(question, &right, seed);
                out.push(claim.clone());
                out.extend(wrong.into_iter().map(|(kind, sentence)| Claim {
                    sentence,
                    wrong: Some(kind),
                    ..claim.clone()
                }));
                if let Some(elsewhere) = elsewhere(&asked, at, &right) {
                    let (sources, gold) = elsewhere;
                    out.push(Claim { wrong: Some(Kind::Elsewhere), sources, gold, ..claim });
                }
                twin += 1;
            }
        }
    }
    out
}

/// The passage of a question among others.
fn sources(asked: &[Asked], at: usize) -> (Vec<Text>, usize) {
    let own = &asked[at];
    let text = |asked: &Asked| Text { text: asked.passage.clone(), title: asked.title.clone() };
    let differs = |other: &&Asked| other.passage != own.passage;
    let mut all: Vec<Text> = Vec::new();
    let turned = || asked.iter().cycle().skip(at + 1).take(asked.len().saturating_sub(1));
    for same in [true, false] {
        let mut taken = 0;
        for other in turned().filter(differs).filter(|other| (other.document == own.document) == same) {
            if taken < OTHERS && all.iter().all(|known| known.text != other.passage) {
                all.push(text(other));
                taken += 1;
            }
        }
    }
    let gold = at % (all.len() + 1);
    all.insert(gold, text(own));
    (all, gold)
}

/// The sources of another document's question.
fn elsewhere(asked: &[Asked], at: usize, right: &str) -> Option<(Vec<Text>, usize)> {
    let own = &asked[at];
    let other = (1..asked.len()).map(|step| (at + step * 7) % asked.len()).find(|&other| {
        asked[other].document != own.document
            && asked[other].title != own.title
            && !asked[other].passage.contains(right)
    })?;
    let (all, _) = sources(asked, other);
    let without: Vec<Text> = all.into_iter().filter(|text| text.title != own.title).collect();
    (!without.is_empty()).then_some((without, 0))
}

/// Whether a claim belongs to the half on which weights are fitted; halves are whole documents.
pub fn is_development(claim: &Claim) -> bool {
    let sum = claim
        .document
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (sum >> 33) % 2 == 0
}

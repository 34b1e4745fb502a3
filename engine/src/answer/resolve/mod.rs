//! A follow-up question → the question as it stands alone.
//!
//! Comes in: the turns before and a question. Goes out: the question with what the conversation adds, worded so that
//! it can be shown, or unchanged when it needs nothing. Rules and word lists only, for English and Chinese; no model,
//! no search, and no document is read.

mod phrases;
mod signs;
#[cfg(test)]
mod tests;
mod topics;
mod words;

use std::collections::HashSet;

use crate::Result;
use crate::text::is_han;

use phrases::{Phrase, Token};
use topics::Topic;
use words::{Class, Pointer};

/// A turn before the question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// As asked.
    pub question: String,
    /// What earlier turns had added to it, and whether it needed that for certain.
    pub carried: Vec<String>,
    pub sure: bool,
    /// What was answered; `None` when nothing was found, or when it may no longer be read.
    pub answer: Option<String>,
}

/// A question as it stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub standalone: String,
    /// What the conversation added, as written there. Empty when the question stands alone.
    pub carried: Vec<String>,
    /// Whether the question showed that it needed that: by a pronoun, by what it leaves out. Else it is a guess.
    pub sure: bool,
}

impl Resolved {
    /// A question that needs nothing.
    pub fn alone(question: &str) -> Resolved {
        Resolved { standalone: question.to_owned(), carried: Vec::new(), sure: false }
    }
}

/// Most phrases that are added in parentheses: to what says nothing without, and to what may stand alone or has one already.
const ADDED: usize = 2;
const GUESSED: usize = 1;
/// A phrase is added when it scores this share of the best.
const SHARE: f32 = 0.8;

/// Words out the question. `rarity` gives the inverse document frequency of each term.
///
/// # Errors
/// Those of `rarity`.
pub fn resolve(history: &[Past], question: &str, rarity: &dyn Fn(&[String]) -> Result<Vec<f32>>) -> Result<Resolved> {
    if history.is_empty() {
        return Ok(Resolved::alone(question));
    }
    let tokens = phrases::tokens(question);
    let own = phrases::phrases(question);
    let signs = signs::of(&tokens, &own);
    let own_terms: HashSet<String> = own.iter().flat_map(|phrase| phrase.terms.iter().cloned()).collect();
    let topics = topics::of(history, rarity)?;
    // Whoever changes the language begins anew, unless a word points back or the question says nothing without.
    let changed = history.last().is_some_and(|last| is_chinese(&last.question) != is_chinese(question));
    let sure = signs.pointer.is_some() || signs.elliptic || own.is_empty() || (signs.goes_on && !changed);
    let names_it = topics.first().is_some_and(|topic| topic.phrase.meets(&own_terms));
    if !sure && (names_it || signs.defines || changed) {
        return Ok(Resolved::alone(question));
    }
    let mut topics: Vec<&Topic> = topics.iter().filter(|topic| !topic.phrase.within(&own_terms)).collect();
    let best = topics.first().map_or(0.0, |topic| topic.score);
    let (mut standalone, mut carried) = (question.to_owned(), Vec::new());
    if let Some((at, pointer)) = signs.pointer
        && let Some(place) = antecedent(&topics, pointer)
        && let Some(worded) = in_place(question, &tokens, at, pointer, &topics[place].phrase)
    {
        standalone = worded;
        carried.push(topics.remove(place).phrase.text.clone());
    }
    let most = if sure && carried.is_empty() { ADDED } else { GUESSED };
    let added = topics.iter().filter(|topic| topic.score >= SHARE * best).take(most);
    let added: Vec<&str> = added.map(|topic| topic.phrase.text.as_str()).collect();
    if !added.is_empty() {
        standalone = match is_chinese(question) {
            true => format!("{}（{}）", standalone.trim_end(), added.join("，")),
            false => format!("{} ({})", standalone.trim_end(), added.join(", ")),
        };
    }
    carried.extend(added.into_iter().map(str::to_owned));
    let sure = sure && !carried.is_empty();
    Ok(Resolved { standalone, carried, sure })
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(is_han)
}

/// The topic that a word stands for: of those that it can stand for, if there are any, the one last spoken of.
fn antecedent(topics: &[&Topic], pointer: Pointer) -> Option<usize> {
    let pointer = if let Pointer::Of(owner) = pointer { *owner } else { pointer };
    let nearest = |fits: &dyn Fn(&Topic) -> bool| {
        let fitting = topics.iter().enumerate().filter(|(_, topic)| fits(topic));
        fitting.max_by(|(_, a), (_, b)| a.focus.total_cmp(&b.focus)).map(|(at, _)| at)
    };
    nearest(&|topic| agrees(&topic.phrase, pointer)).or_else(|| nearest(&|_| true))
}

fn agrees(phrase: &Phrase, pointer: Pointer) -> bool {
    match pointer {
        Pointer::Person => phrase.proper,
        Pointer::Several | Pointer::These => phrase.plural() || phrase.text.chars().any(is_han),
        Pointer::Thing => !phrase.plural(),
        _ => true,
    }
}

/// The question with the phrase in the place of the word that points to it; `None` where that would not read well.
fn in_place(question: &str, tokens: &[Token], at: usize, pointer: Pointer, phrase: &Phrase) -> Option<String> {
    let token = &tokens[at];
    let next = tokens.get(at + 1).filter(|next| !next.breaks);
    let before_noun = next.is_some_and(|next| next.class != Class::Function);
    let text = &phrase.text;
    let put = match pointer {
        Pointer::Of(_) if text.ends_with('s') => format!("{text}'"),
        Pointer::Of(_) => format!("{text}'s"),
        // "these changes": the noun says what is meant.
        Pointer::This | Pointer::These | Pointer::Which if before_noun => return None,
        // 那 begins a question as "and" does.
        Pointer::This if at == 0 && token.lower.chars().all(is_han) => return None,
        _ => text.clone(),
    };
    Some(format!("{}{put}{}", &question[..token.start], &question[token.end..]))
}

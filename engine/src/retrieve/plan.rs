//! A query and the glossary → what the lexical index is asked for.

use super::glossary::{Expansion, Glossary};
use super::query::Query;
use crate::store::{Alternative, Group, Wanted};
use crate::text::{Phrase, pieces, terms};

/// Weight of a synonym beside the 1 of the word that was typed: a chunk that says it as it was asked comes before one
/// that says it otherwise.
const SYNONYM_WEIGHT: f32 = 0.7;
/// Weight of the word that a word that stands nowhere was taken for.
const CORRECTION_WEIGHT: f32 = 0.5;

/// What is asked for, and what of it is the glossary's.
#[derive(Debug, Clone)]
pub struct Plan {
    pub wanted: Wanted,
    /// Index terms that the glossary knows: they are spelled right, wherever they stand.
    pub known: Vec<String>,
}

impl Plan {
    pub fn of(query: &Query, glossary: &Glossary) -> Plan {
        let expansions = glossary.expand(&pieces(&query.text));
        let said = |term: &String| expansions.iter().any(|expansion| expansion.words.contains(term));
        let (known, plain): (Vec<String>, Vec<String>) = query.terms.iter().cloned().partition(said);
        let mut wanted = Wanted::weighed(&plain, &query.lighter);
        wanted.any.extend(expansions.iter().map(|expansion| group(expansion, &known)));
        wanted.required.clone_from(&query.phrases);
        wanted.excluded.clone_from(&query.excluded);
        Plan { wanted, known }
    }

    /// Looks for a word that stands somewhere in place of one that stands nowhere.
    pub fn correct(&mut self, term: &str, instead: String) {
        let group = self.wanted.any.iter_mut().find(|group| group.0.iter().any(|way| way.terms() == [term]));
        if let Some(group) = group {
            group.0.push(Alternative::Words(vec![instead], CORRECTION_WEIGHT));
        }
    }
}

/// An expression in all its ways. One of more words counts as much as the one that was typed, not more: the BM25 score of
/// a phrase is that of the sum of its words.
fn group(expansion: &Expansion, known: &[String]) -> Group {
    let said: Vec<String> = expansion.words.iter().filter(|term| known.contains(term)).cloned().collect();
    let length = said.len().max(1) as f32;
    let other = |phrase: &Phrase| {
        // What the index cannot tell for certain as a phrase is looked for by its words.
        let words = if phrase.needs_the_text() { terms(&phrase.typed) } else { Vec::new() };
        let weight = SYNONYM_WEIGHT * (length / words.len().max(phrase.terms.len()) as f32).min(1.0);
        match words.is_empty() {
            true => Alternative::Phrase(phrase.terms.clone(), weight),
            false => Alternative::Words(words, weight),
        }
    };
    let own = (!said.is_empty()).then(|| Alternative::Words(said.clone(), 1.0));
    Group(own.into_iter().chain(expansion.alternatives.iter().map(other)).collect())
}

#[cfg(test)]
mod tests {
    use super::{Alternative, Plan};
    use crate::retrieve::glossary::Glossary;
    use crate::retrieve::query::Query;

    #[test]
    fn a_synonym_is_another_way_to_say_the_same() {
        let glossary = Glossary::parse("[[entry]]\nterms = [\"PTO\", \"paid time off\"]").expect("a glossary");
        let plan = |typed: &str| Plan::of(&Query::search(typed, 100).expect("a query"), &glossary);
        let shown = |plan: &Plan| -> Vec<Vec<String>> {
            let way = |way: &Alternative| {
                let (Alternative::Words(_, weight) | Alternative::Phrase(_, weight)) = way;
                format!("{} {weight:.2}", way.terms().join(" "))
            };
            plan.wanted.any.iter().map(|group| group.0.iter().map(way).collect()).collect()
        };
        assert_eq!(shown(&plan("PTO rules")), [vec!["rule 1.00"], vec!["pto 1.00", "paid time off 0.23"]]);
        assert_eq!(shown(&plan("paid time off")), [["paid time off 1.00", "pto 0.70"]]);
        assert_eq!(shown(&plan("rules")), [["rule 1.00"]]);

        let mut misspelled = plan("ruels");
        misspelled.correct("ruel", "rule".into());
        assert_eq!(shown(&misspelled), [["ruel 1.00", "rule 0.50"]]);
    }
}

//! What is wanted and a filter → a tantivy query. Built from analysed terms: tantivy's own query parser would make a
//! phrase of a run of ideographs, and give meaning to a user's punctuation.

use std::collections::HashMap;

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::Fields;
use super::settled::Settled;
use crate::store::types::{ChunkId, Filter};
use crate::text::Phrase;

/// Most different terms and groups of a query that are looked up, each.
const MAX_TERMS: usize = 128;

/// Two index terms at their distance.
pub type Pair = [(usize, String); 2];

/// What the index is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A chunk has one of these at least, and scores for each that it has.
    pub any: Vec<Group>,
    /// Each of these stands in a chunk, as far as the index can tell ([`Phrase::needs_the_text`] says when it cannot).
    pub required: Vec<Phrase>,
    /// None of these does.
    pub excluded: Vec<Phrase>,
    /// Only these chunks.
    pub among: Option<Vec<ChunkId>>,
}

/// Weight of two words that stand as close in a chunk as in the query, beside the 1 of each word by itself (the
/// sequential dependence of Metzler and Croft, 2005).
const PAIR_WEIGHT: f32 = 0.1;

/// Ways to say one thing, of which the one that scores best counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Group(pub Vec<Alternative>);

#[derive(Debug, Clone, PartialEq)]
pub enum Alternative {
    /// Each scores by itself; with their weight.
    Words(Vec<String>, f32),
    /// Index terms at these distances from one another; with their weight.
    Phrase(Vec<(usize, String)>, f32),
}

impl Wanted {
    /// The terms, each with the weight of its number.
    pub fn terms<'a>(terms: impl IntoIterator<Item = &'a String>) -> Wanted {
        Wanted::weighed(terms, &HashMap::new())
    }

    /// The same, where those of `lighter` count for less than 1 each.
    pub fn weighed<'a>(terms: impl IntoIterator<Item = &'a String>, lighter: &HashMap<String, f32>) -> Wanted {
        let mut counts: Vec<(&String, f32)> = Vec::new();
        let mut places: HashMap<&String, usize> = HashMap::new();
        for term in terms {
            let place = *places.entry(term).or_insert(counts.len());
            match counts.get_mut(place) {
                Some((_, count)) => *count += 1.0,
                None => counts.push((term, 1.0)),
            }
        }
        let group = |(term, count): (&String, f32)| {
            let weight = count * lighter.get(term).unwrap_or(&1.0);
            Group(vec![Alternative::Words(vec![term.clone()], weight)])
        };
        Wanted { any: counts.into_iter().map(group).collect(), ..Wanted::default() }
    }

    /// What scores, with pairs of words. Only of given chunks it pays to look where words stand: over all chunks it would
    /// cost more than the words themselves.
    pub fn with_pairs(&self, pairs: &[Pair]) -> Vec<Group> {
        let pairs = pairs.iter().map(|pair| Group(vec![Alternative::Phrase(pair.to_vec(), PAIR_WEIGHT)]));
        self.any.iter().cloned().chain(pairs).collect()
    }
}

impl Alternative {
    pub fn weight(&self) -> f32 {
        let (Alternative::Words(_, weight) | Alternative::Phrase(_, weight)) = self;
        *weight
    }

    /// Index terms, in order.
    pub fn terms(&self) -> Vec<&str> {
        match self {
            Alternative::Words(terms, _) => terms.iter().map(String::as_str).collect(),
            Alternative::Phrase(terms, _) => terms.iter().map(|(_, term)| term.as_str()).collect(),
        }
    }
}

pub type Clauses = Vec<(Occur, Box<dyn Query>)>;

/// `None` when there is nothing to look for. Permissions are no part of the query: who collects its hits looks at them.
pub fn build(fields: &Fields, wanted: &Wanted, filter: &Filter) -> Option<BooleanQuery> {
    let mut clauses: Clauses = Vec::new();
    if wanted.any.is_empty() && wanted.among.is_none() {
        return None;
    }
    for phrase in &wanted.required {
        clauses.extend(side_by_side(fields.text, &phrase.terms).map(|query| (Occur::Must, unscored(query))));
    }
    // Of an exclusion that the index cannot tell for certain, too much would be left out.
    for phrase in wanted.excluded.iter().filter(|phrase| !phrase.needs_the_text()) {
        let query = side_by_side(fields.text, &phrase.terms);
        clauses.extend(query.map(|query| -> (Occur, Box<dyn Query>) { (Occur::MustNot, Box::new(Settled(query))) }));
    }
    restrict(&mut clauses, fields, wanted.among.as_deref(), filter);
    let scored = scored(fields, &wanted.any);
    if clauses.is_empty() {
        // A bare union of words is the one query of which tantivy leaves out what cannot be among the best.
        return Some(BooleanQuery::new(scored));
    }
    if !scored.is_empty() {
        clauses.push((Occur::Must, Box::new(BooleanQuery::new(scored))));
    }
    Some(BooleanQuery::new(clauses))
}

/// A clause for each term and field where nothing else is asked for: tantivy is at its fastest with a flat list.
pub fn scored(fields: &Fields, groups: &[Group]) -> Clauses {
    let mut clauses: Clauses = Vec::new();
    for group in groups.iter().take(MAX_TERMS) {
        match group.0.as_slice() {
            [only] => clauses.extend(ways(fields, only)),
            several => {
                let each =
                    several.iter().map(|way| -> Box<dyn Query> { Box::new(BooleanQuery::new(ways(fields, way))) });
                clauses.push((Occur::Should, Box::new(DisjunctionMaxQuery::new(each.collect()))));
            }
        }
    }
    clauses
}

fn ways(fields: &Fields, way: &Alternative) -> Clauses {
    let mut clauses: Clauses = Vec::new();
    let mut push = |query: Box<dyn Query>, weight: f32| {
        clauses.push((Occur::Should, Box::new(BoostQuery::new(query, weight))));
    };
    match way {
        Alternative::Words(terms, weight) => {
            terms.iter().take(MAX_TERMS).for_each(|term| push(word(fields.text, term), *weight));
        }
        Alternative::Phrase(terms, weight) => {
            side_by_side(fields.text, terms).into_iter().for_each(|query| push(query, *weight));
        }
    }
    clauses
}

fn side_by_side(field: Field, terms: &[(usize, String)]) -> Option<Box<dyn Query>> {
    match terms {
        [] => None,
        [(_, only)] => Some(word(field, only)),
        several => {
            let placed = several.iter().map(|(at, term)| (*at, Term::from_field_text(field, term)));
            Some(Box::new(PhraseQuery::new_with_offset(placed.collect())))
        }
    }
}

fn word(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
}

fn unscored(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn restrict(clauses: &mut Clauses, fields: &Fields, among: Option<&[ChunkId]>, filter: &Filter) {
    let mut restrict = |field: Field, values: &[String]| {
        let terms: Vec<Term> = values.iter().map(|value| Term::from_field_text(field, value)).collect();
        clauses.push((Occur::Must, unscored(Box::new(TermSetQuery::new(terms)))));
    };
    for (field, values) in [(fields.collection, &filter.collections), (fields.language, &filter.languages)] {
        if !values.is_empty() {
            restrict(field, values);
        }
    }
    if let Some(documents) = &filter.documents {
        restrict(fields.document, documents);
    }
    if let Some(ids) = among {
        restrict(fields.chunk, &ids.iter().map(ChunkId::to_string).collect::<Vec<_>>());
    }
}

//! What is wanted and a filter → a tantivy query. Built from analysed terms: tantivy's own query parser would make a
//! phrase of a run of ideographs, and give meaning to a user's punctuation.

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::Fields;
use super::settled::Settled;
use crate::store::types::{ChunkId, Filter, visible_groups};
use crate::text::Phrase;

/// Weights of the fields beside the body's 1. Title and headings say in few words what a chunk is about, but the same
/// words of all chunks of a document: of 0, .3, .6 and 1 for the title, .3 was best or as good on every set tried.
const TITLE_WEIGHT: f32 = 0.3;
const HEADING_WEIGHT: f32 = 0.3;
/// Most different terms and groups of a query that are looked up, each.
const MAX_TERMS: usize = 128;

/// What the index is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A chunk has one of these at least, and scores for each that it has.
    pub any: Vec<Group>,
    /// Each of these stands in a chunk, as far as the index can tell: see [`Phrase::needs_the_text`].
    pub required: Vec<Phrase>,
    /// None of these does.
    pub excluded: Vec<Phrase>,
    /// Only these chunks.
    pub among: Option<Vec<ChunkId>>,
}

/// Ways to say one thing, of which the one that scores best counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Group(pub Vec<Alternative>);

#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    pub terms: Vec<String>,
    pub weight: f32,
    /// The terms stand side by side; otherwise each scores by itself.
    pub adjacent: bool,
}

impl Wanted {
    /// The terms, each with the weight of its number.
    pub fn terms<'a>(terms: impl IntoIterator<Item = &'a String>) -> Wanted {
        let mut any: Vec<Group> = Vec::new();
        for term in terms {
            let known = any.iter_mut().flat_map(|group| &mut group.0).find(|way| way.terms[0] == *term);
            match known {
                Some(way) => way.weight += 1.0,
                None => any.push(Group(vec![Alternative::words(vec![term.clone()], 1.0)])),
            }
        }
        Wanted { any, ..Wanted::default() }
    }

    /// The characters of scripts without spaces that a chunk must have for its required phrases, each once.
    pub fn unspaced(&self) -> Vec<char> {
        let mut found: Vec<char> = self.required.iter().flat_map(Phrase::characters).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Alternative {
    pub fn words(terms: Vec<String>, weight: f32) -> Alternative {
        Alternative { terms, weight, adjacent: false }
    }

    pub fn phrase(terms: Vec<String>, weight: f32) -> Alternative {
        Alternative { terms, weight, adjacent: true }
    }
}

type Clauses = Vec<(Occur, Box<dyn Query>)>;

/// `None` when there is nothing to look for. `holding` are the index's terms that have a character of an unspaced script
/// in them, for each such character of the required phrases.
pub fn build(fields: &Fields, wanted: &Wanted, holding: &[Vec<Term>], filter: &Filter) -> Option<BooleanQuery> {
    let mut clauses: Clauses = Vec::new();
    if !wanted.any.is_empty() {
        clauses.push((Occur::Must, Box::new(BooleanQuery::new(scored(fields, &wanted.any)))));
    } else if wanted.among.is_none() {
        return None;
    }
    for phrase in wanted.required.iter().filter(|phrase| !phrase.needs_the_text()) {
        clauses.push((Occur::Must, unscored(anywhere(fields, &phrase.terms))));
    }
    for terms in holding {
        clauses.push((Occur::Must, unscored(Box::new(TermSetQuery::new(terms.clone())))));
    }
    for phrase in &wanted.excluded {
        clauses.push((Occur::MustNot, Box::new(Settled(anywhere(fields, &phrase.terms)))));
    }
    restrict(&mut clauses, fields, wanted.among.as_deref(), filter);
    Some(BooleanQuery::new(clauses))
}

/// A clause for each term and field where nothing else is asked for: tantivy is at its fastest with a flat list.
fn scored(fields: &Fields, groups: &[Group]) -> Clauses {
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
    let weights = [(fields.body, 1.0), (fields.title, TITLE_WEIGHT), (fields.heading, HEADING_WEIGHT)];
    let mut clauses: Clauses = Vec::new();
    let mut push = |query: Box<dyn Query>, weight: f32| {
        clauses.push((Occur::Should, Box::new(BoostQuery::new(query, weight * way.weight))));
    };
    for term in way.terms.iter().take(MAX_TERMS).filter(|_| !way.adjacent) {
        weights.iter().for_each(|&(field, weight)| push(word(field, term), weight));
    }
    if way.adjacent {
        weights.iter().for_each(|&(field, weight)| push(side_by_side(field, &way.terms), weight));
    }
    clauses
}

/// The terms side by side in one of the fields.
fn anywhere(fields: &Fields, terms: &[String]) -> Box<dyn Query> {
    let each = [fields.body, fields.title, fields.heading].map(|field| (Occur::Should, side_by_side(field, terms)));
    Box::new(BooleanQuery::new(each.into()))
}

fn side_by_side(field: Field, terms: &[String]) -> Box<dyn Query> {
    match terms {
        [only] => word(field, only),
        several => Box::new(PhraseQuery::new(several.iter().map(|term| Term::from_field_text(field, term)).collect())),
    }
}

fn word(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
}

fn unscored(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn restrict(clauses: &mut Clauses, fields: &Fields, among: Option<&[ChunkId]>, filter: &Filter) {
    let mut restrict = |occur: Occur, field: Field, values: &[String]| {
        let terms: Vec<Term> = values.iter().map(|value| Term::from_field_text(field, value)).collect();
        clauses.push((occur, unscored(Box::new(TermSetQuery::new(terms)))));
    };
    if let Some(groups) = visible_groups(&filter.scope) {
        restrict(Occur::Must, fields.allow, &groups);
    }
    if let Some(groups) = filter.scope.groups.as_ref().filter(|groups| !groups.is_empty()) {
        restrict(Occur::MustNot, fields.deny, groups);
    }
    for (field, values) in [(fields.collection, &filter.collections), (fields.language, &filter.languages)] {
        if !values.is_empty() {
            restrict(Occur::Must, field, values);
        }
    }
    if let Some(documents) = &filter.documents {
        restrict(Occur::Must, fields.document, documents);
    }
    if let Some(ids) = among {
        restrict(Occur::Must, fields.chunk, &ids.iter().map(ChunkId::to_string).collect::<Vec<_>>());
    }
}

//! Terms and a filter → a tantivy query. Built from analysed terms: tantivy's own query parser would make a phrase
//! of a run of ideographs, and give meaning to a user's punctuation.

use std::collections::HashMap;

use tantivy::Term;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery, TermSetQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::Fields;
use crate::store::types::Filter;

/// Weights of the fields beside the body's 1. Title and headings say in few words what a chunk is about, but the same
/// words of all chunks of a document: of 0, .3, .6 and 1 for the title, .3 was best or as good on every set tried.
const TITLE_WEIGHT: f32 = 0.3;
const HEADING_WEIGHT: f32 = 0.3;
/// Most different terms of a query that are looked up.
const MAX_TERMS: usize = 128;

/// `None` when there is nothing to look for. Permissions are no part of the query: who collects its hits looks at them.
pub fn build(fields: &Fields, terms: &[String], filter: &Filter) -> Option<BooleanQuery> {
    let mut counts: HashMap<&str, f32> = HashMap::new();
    let mut order = Vec::new();
    for term in terms {
        let count = counts.entry(term).or_insert(0.0);
        if *count == 0.0 {
            order.push(term.as_str());
        }
        *count += 1.0;
    }
    if order.is_empty() {
        return None;
    }
    let mut scored: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    for term in order.into_iter().take(MAX_TERMS) {
        for (field, weight) in [(fields.body, 1.0), (fields.title, TITLE_WEIGHT), (fields.heading, HEADING_WEIGHT)] {
            let query = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
            scored.push((Occur::Should, Box::new(BoostQuery::new(Box::new(query), weight * counts[term]))));
        }
    }
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, Box::new(BooleanQuery::new(scored)))];
    let mut restrict = |field: Field, values: &[String]| {
        let terms: Vec<Term> = values.iter().map(|value| Term::from_field_text(field, value)).collect();
        let set = ConstScoreQuery::new(Box::new(TermSetQuery::new(terms)), 0.0);
        clauses.push((Occur::Must, Box::new(set)));
    };
    for (field, values) in [(fields.collection, &filter.collections), (fields.language, &filter.languages)] {
        if !values.is_empty() {
            restrict(field, values);
        }
    }
    if let Some(documents) = &filter.documents {
        restrict(fields.document, documents);
    }
    Some(BooleanQuery::new(clauses))
}

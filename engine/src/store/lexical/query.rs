//! Terms and a filter → a tantivy query. Built from analysed terms: tantivy's own query parser would make a phrase
//! of a run of ideographs, and give meaning to a user's punctuation.

use std::collections::HashMap;

use tantivy::Term;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery, TermSetQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::Fields;
use crate::store::types::{Filter, visible_groups};

/// Weights of the fields beside the body's 1. Title and headings say in few words what a chunk is about, but the same
/// words of all chunks of a document: of 0, .3, .6 and 1 for the title, .3 was best or as good on every set tried.
const TITLE_WEIGHT: f32 = 0.3;
const HEADING_WEIGHT: f32 = 0.3;
/// Most different terms of a query that are looked up.
const MAX_TERMS: usize = 128;

/// `None` when there is nothing to look for.
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
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    let mut restrict = |occur: Occur, field: Field, values: &[String]| {
        let terms: Vec<Term> = values.iter().map(|value| Term::from_field_text(field, value)).collect();
        let set = ConstScoreQuery::new(Box::new(TermSetQuery::new(terms)), 0.0);
        clauses.push((occur, Box::new(set)));
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
    let scored = BooleanQuery::new(scored);
    if clauses.is_empty() {
        // A bare union of terms is the one query whose hopeless blocks tantivy skips (block-max WAND).
        return Some(scored);
    }
    clauses.push((Occur::Must, Box::new(scored)));
    Some(BooleanQuery::new(clauses))
}

//! `POST /retrieval`: the external knowledge of Dify (<https://docs.dify.ai/en/use-dify/knowledge/external-knowledge-api>).
//!
//! A collection is a knowledge; a query is a question, whose passages are ranked as those that an answer is read from.
//! Conditions are held against the documents of the 100 best passages; those that ask for one value of a field narrow
//! the search itself.

use std::collections::{BTreeMap, HashMap};

use actix_web::web::{Data, Json};
use serde_json::{Value, json};
use std::time::Instant;
use taproot_engine::{Engine, ListDocuments};
use taproot_schemas::answer::AskRequest;
use taproot_schemas::dify::{
    DifyError, MetadataCondition, RetrievalComparison, RetrievalCondition, RetrievalNames, RetrievalOperator,
    RetrievalRequest, RetrievalResponse, RetrievedRecord,
};
use taproot_schemas::document::Document;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::search::{Filters, Hit};

use super::error::{ApiError, Result};
use super::lifecycle::Ready;
use crate::access::Caller;
use crate::metrics::{Metrics, Operation};

/// Records of one answer at the most, and passages that conditions are held against.
const MAX_RECORDS: u32 = 100;
const MAX_CONDITIONS: usize = 50;

/// Passages of a collection for a question, as Dify asks for them.
#[utoipa::path(
    post,
    path = "/retrieval",
    tag = "dify",
    request_body = RetrievalRequest,
    responses(
        (status = 200, description = "Passages, best first", body = RetrievalResponse),
        (status = 404, description = "There is no such collection, or the caller may see nothing in it", body = DifyError),
        (status = "4XX", description = "The request cannot be answered", body = DifyError),
        (status = "5XX", description = "The server cannot answer", body = DifyError),
    )
)]
pub async fn retrieval(
    caller: Caller,
    ready: Ready,
    metrics: Data<Metrics>,
    body: Json<RetrievalRequest>,
) -> Result<Json<RetrievalResponse>> {
    let RetrievalRequest { knowledge_id, query, retrieval_setting, metadata_condition } = body.into_inner();
    let wanted = retrieval_setting.top_k;
    if !(1..=MAX_RECORDS).contains(&wanted) {
        let told = format!("top_k is {wanted}, allowed are 1 to {MAX_RECORDS}");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told));
    }
    let conditions = metadata_condition.map(Conditions::read).transpose()?.unwrap_or_default();
    must_be_there(&ready.engine, &caller, &knowledge_id).await?;
    caller.trail.question(&query);
    let started = Instant::now();
    let looked_at = if conditions.all.is_empty() { wanted } else { MAX_RECORDS };
    let request = AskRequest {
        question: query,
        collections: Some(vec![knowledge_id]),
        filters: Some(conditions.filters()),
        ..AskRequest::default()
    };
    let hits = ready.engine.retrieve(&caller.scope, Vec::new(), &request, looked_at as usize).await?;
    let least = retrieval_setting.score_threshold.unwrap_or(0.0);
    let mut documents: HashMap<String, Document> = HashMap::new();
    let mut records = Vec::new();
    for hit in hits.into_iter().filter(|hit| score(hit) >= least) {
        let document = match documents.get(&hit.document_id) {
            Some(document) => document.clone(),
            None => match ready.engine.document(&caller.scope, &hit.document_id).await {
                Ok(document) => documents.entry(hit.document_id.clone()).or_insert(document).clone(),
                // Deleted, or hidden, since the search.
                Err(error) if error.code() == ErrorCode::DocumentNotFound => continue,
                Err(error) => return Err(error.into()),
            },
        };
        if records.len() < wanted as usize && conditions.hold(&document) {
            records.push(record(hit, document));
        }
    }
    metrics.operation(Operation::Search, started.elapsed());
    Ok(Json(RetrievalResponse { records }))
}

/// A collection of which nothing may be seen is as absent as one that never was.
async fn must_be_there(engine: &Engine, caller: &Caller, collection: &str) -> Result<()> {
    let list = ListDocuments { collection: Some(collection.to_owned()), limit: 1, ..ListDocuments::default() };
    if engine.list_documents(&caller.scope, &list).await?.total == 0 {
        return Err(ApiError::new(ErrorCode::CollectionNotFound, format!("there is no collection {collection:?}")));
    }
    Ok(())
}

/// The sum of both legs may be a little more than 1.
fn score(hit: &Hit) -> f32 {
    hit.score.clamp(0.0, 1.0)
}

fn record(hit: Hit, document: Document) -> RetrievedRecord {
    let mut metadata: BTreeMap<String, Value> = document.metadata;
    let score = score(&hit);
    let about = [
        ("document_id", json!(hit.document_id)),
        ("chunk_id", json!(hit.chunk_id)),
        ("uri", json!(hit.uri)),
        ("collection", json!(hit.collection)),
        ("page", json!(hit.page)),
        ("heading", json!(hit.heading)),
    ];
    metadata.extend(about.map(|(name, value)| (name.to_owned(), value)));
    RetrievedRecord { content: hit.text, score, title: hit.title, metadata }
}

/// What documents have to be, checked.
#[derive(Default)]
struct Conditions {
    all: Vec<Checked>,
    operator: RetrievalOperator,
}

struct Checked {
    names: Vec<String>,
    comparison: RetrievalComparison,
    /// Folded; empty where the comparison needs none.
    values: Vec<String>,
}

impl Conditions {
    fn read(told: MetadataCondition) -> Result<Conditions> {
        let conditions = told.conditions;
        if conditions.len() > MAX_CONDITIONS {
            let told = format!("there are {} conditions, allowed are {MAX_CONDITIONS}", conditions.len());
            return Err(ApiError::new(ErrorCode::InvalidRequest, told));
        }
        let all = conditions.into_iter().map(Checked::read).collect::<Result<_>>()?;
        Ok(Conditions { all, operator: told.logical_operator.unwrap_or_default() })
    }

    /// What of it the search can be narrowed by: values that one field of a document's metadata must have.
    fn filters(&self) -> Filters {
        let mut filters = Filters::default();
        if self.operator == RetrievalOperator::And {
            for condition in &self.all {
                if let (RetrievalComparison::Is | RetrievalComparison::Equal, [name], [value]) =
                    (condition.comparison, condition.names.as_slice(), condition.values.as_slice())
                    && !BUILT_IN.contains(&name.as_str())
                {
                    filters.metadata.insert(name.clone(), value.clone());
                }
            }
        }
        filters
    }

    fn hold(&self, document: &Document) -> bool {
        match self.operator {
            RetrievalOperator::And => self.all.iter().all(|condition| condition.holds(document)),
            RetrievalOperator::Or => self.all.is_empty() || self.all.iter().any(|condition| condition.holds(document)),
        }
    }
}

impl Checked {
    fn read(condition: RetrievalCondition) -> Result<Checked> {
        use RetrievalComparison::{Empty, In, NotEmpty, NotIn, NotNull, Null};
        let RetrievalCondition { name, comparison_operator: comparison, value } = condition;
        let names = match name {
            RetrievalNames::One(name) => vec![name],
            RetrievalNames::Several(names) => names,
        };
        let values = value.as_ref().map(plain).unwrap_or_default();
        let fits = match comparison {
            Empty | NotEmpty | Null | NotNull => true,
            In | NotIn => !values.is_empty(),
            _ => values.len() == 1,
        };
        if names.is_empty() || !fits {
            let told = format!("the condition on {names:?} has no name, or not the value that it needs");
            return Err(ApiError::new(ErrorCode::InvalidRequest, told));
        }
        Ok(Checked { names, comparison, values })
    }

    fn holds(&self, document: &Document) -> bool {
        self.names.iter().any(|name| self.fits(&field(document, name)))
    }

    fn fits(&self, found: &[String]) -> bool {
        use RetrievalComparison as Is;
        let wanted = self.values.first().map(String::as_str).unwrap_or_default();
        let any = |test: &dyn Fn(&str) -> bool| found.iter().any(|value| test(value));
        let numbers = |test: fn(f64, f64) -> bool| {
            let wanted: Option<f64> = wanted.parse().ok();
            any(&|value| matches!((value.parse(), wanted), (Ok(value), Some(wanted)) if test(value, wanted)))
        };
        let same = |value: &str| {
            value == wanted
                || matches!((value.parse::<f64>(), wanted.parse::<f64>()), (Ok(one), Ok(other)) if one == other)
        };
        let is_there = any(&|value| !value.is_empty());
        match self.comparison {
            Is::Contains => any(&|value| value.contains(wanted)),
            Is::NotContains => !any(&|value| value.contains(wanted)),
            Is::StartWith => any(&|value| value.starts_with(wanted)),
            Is::EndWith => any(&|value| value.ends_with(wanted)),
            Is::Is | Is::Equal => any(&same),
            Is::IsNot | Is::NotEqual => !any(&same),
            Is::In => any(&|value| self.values.iter().any(|wanted| wanted == value)),
            Is::NotIn => !any(&|value| self.values.iter().any(|wanted| wanted == value)),
            Is::Empty | Is::Null => !is_there,
            Is::NotEmpty | Is::NotNull => is_there,
            Is::Greater => numbers(|value, wanted| value > wanted),
            Is::Less => numbers(|value, wanted| value < wanted),
            Is::AtLeast => numbers(|value, wanted| value >= wanted),
            Is::AtMost => numbers(|value, wanted| value <= wanted),
            // Dates of ISO 8601 are in order when their texts are.
            Is::Before => any(&|value| is_day(value) && is_day(wanted) && value < wanted),
            Is::After => any(&|value| is_day(value) && is_day(wanted) && value > wanted),
        }
    }
}

/// Fields that every document has, beside its own metadata.
const BUILT_IN: [&str; 8] =
    ["title", "uri", "collection", "language", "media_type", "tags", "created_at", "updated_at"];

fn field(document: &Document, name: &str) -> Vec<String> {
    let one = |text: &str| vec![folded(text)];
    match name {
        "title" => one(&document.title),
        "uri" => one(&document.uri),
        "collection" => one(&document.collection),
        "language" => document.language.as_deref().map(one).unwrap_or_default(),
        "media_type" => one(&document.media_type),
        "tags" => document.tags.iter().map(|tag| folded(tag)).collect(),
        "created_at" => one(&document.created_at),
        "updated_at" => one(&document.updated_at),
        name => document.metadata.get(name).map(plain).unwrap_or_default(),
    }
}

/// The plain values of a value; of a list, those of its members.
fn plain(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![folded(text)],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Array(values) => values.iter().filter(|value| !value.is_array()).flat_map(plain).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

fn is_day(text: &str) -> bool {
    text.get(..10).is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(found: Value, comparison: &str, value: Value) -> bool {
        let condition = json!({"name": "x", "comparison_operator": comparison, "value": value});
        Checked::read(serde_json::from_value(condition).unwrap()).unwrap().fits(&plain(&found))
    }

    #[test]
    fn conditions_hold_as_dify_has_them() {
        for (found, comparison, value, expected) in [
            (json!("Quality Manual"), "contains", json!("quality"), true),
            (json!("Quality Manual"), "not contains", json!("quality"), false),
            (json!(["a", "b"]), "is", json!("B"), true),
            (json!(["a", "b"]), "is not", json!("c"), true),
            (json!(null), "is not", json!("c"), true),
            (json!("abc"), "start with", json!("ab"), true),
            (json!("abc"), "end with", json!("ab"), false),
            (json!("b"), "in", json!(["a", "b"]), true),
            (json!("b"), "not in", json!(["a", "b"]), false),
            (json!(""), "empty", json!(null), true),
            (json!(7), "not empty", json!(null), true),
            (json!(null), "not null", json!(null), false),
            (json!(10), ">", json!(9), true),
            (json!("10"), "<", json!("9"), false),
            (json!(10), "=", json!(10.0), true),
            (json!(10), "≠", json!(10), false),
            (json!(10), "≥", json!(10), true),
            (json!("ten"), "≤", json!(10), false),
            (json!("2025-03-12T00:00:00Z"), "before", json!("2025-04-01"), true),
            (json!("2025-03-12"), "after", json!("2025-04-01"), false),
            (json!("soon"), "before", json!("2025-04-01"), false),
        ] {
            assert_eq!(holds(found.clone(), comparison, value.clone()), expected, "{found} {comparison} {value}");
        }
    }

    #[test]
    fn a_condition_without_what_it_needs_is_refused() {
        for condition in [
            json!({"name": "x", "comparison_operator": "is"}),
            json!({"name": "x", "comparison_operator": "is", "value": ["a", "b"]}),
            json!({"name": [], "comparison_operator": "empty"}),
            json!({"name": "x", "comparison_operator": "in", "value": []}),
        ] {
            let read: RetrievalCondition = serde_json::from_value(condition.clone()).unwrap();
            assert!(Checked::read(read).is_err(), "{condition}");
        }
    }
}

//! Everything that is counted, in one registry, in the text format of Prometheus.
//!
//! In: what handlers, jobs and the Slack bot tell. Out: the text of `GET /metrics`. Numbers that are somewhere
//! else already (documents, chunks, waiting jobs, memory) are not kept here but passed in when the text is made.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{
    CounterVec, Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder, core::Collector,
};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::job::{JobStatus, Report};

/// Seconds, from a lexical search on a small index to an answer on a busy machine.
const LATENCY_BUCKETS_S: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Cheap to clone; all clones count into one registry.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    http_requests: IntCounterVec,
    http_seconds: HistogramVec,
    engine_seconds: HistogramVec,
    answers: IntCounterVec,
    model_tokens: IntCounterVec,
    model_cost: CounterVec,
    jobs: IntCounterVec,
    ingested: IntCounterVec,
    ingested_chunks: IntCounter,
    ingest_failures: IntCounterVec,
    slack_events: IntCounterVec,
    documents: IntGauge,
    chunks: IntGauge,
    jobs_waiting: IntGauge,
    resident_memory: IntGauge,
}

/// What is looked up at the moment of the scrape; `None` where it cannot be told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    pub documents: Option<u64>,
    pub chunks: Option<u64>,
    pub jobs_waiting: Option<usize>,
}

/// Which door of the engine a time was taken at.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    Search,
    Ask,
}

impl Metrics {
    /// # Errors
    /// When two metrics have one name, which a test would have met.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let build =
            IntGaugeVec::new(Opts::new("taproot_build_info", "The version that runs; always 1."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build))?;
        let inner = Inner {
            http_requests: counters(
                &registry,
                "taproot_http_requests_total",
                "HTTP requests answered.",
                &["route", "method", "status"],
            )?,
            http_seconds: histograms(
                &registry,
                "taproot_http_request_duration_seconds",
                "From the request's head to the head of the answer.",
                &["route"],
            )?,
            engine_seconds: histograms(
                &registry,
                "taproot_operation_duration_seconds",
                "Searches and answers, from the request to the last byte of the result.",
                &["operation"],
            )?,
            answers: counters(
                &registry,
                "taproot_answers_total",
                "Answers given, by whether the documents answered.",
                &["status"],
            )?,
            model_tokens: counters(
                &registry,
                "taproot_model_tokens_total",
                "Tokens that language models read and wrote for answers.",
                &["model", "direction"],
            )?,
            model_cost: keep(
                &registry,
                CounterVec::new(
                    Opts::new("taproot_model_cost_total", "What the answers of upstream models cost."),
                    &["model", "currency"],
                )?,
            )?,
            jobs: counters(&registry, "taproot_ingest_jobs_total", "Ingest jobs that ended.", &["status"])?,
            ingested: counters(
                &registry,
                "taproot_ingest_documents_total",
                "Documents that jobs dealt with.",
                &["change"],
            )?,
            ingested_chunks: keep(
                &registry,
                IntCounter::new("taproot_ingest_chunks_total", "Chunks that jobs committed.")?,
            )?,
            ingest_failures: counters(
                &registry,
                "taproot_ingest_file_failures_total",
                "Files that could not be ingested.",
                &["code"],
            )?,
            slack_events: counters(
                &registry,
                "taproot_slack_events_total",
                "Slack events, by what became of them.",
                &["outcome"],
            )?,
            documents: keep(&registry, IntGauge::new("taproot_documents", "Live documents.")?)?,
            chunks: keep(&registry, IntGauge::new("taproot_chunks", "Live chunks.")?)?,
            jobs_waiting: keep(&registry, IntGauge::new("taproot_ingest_jobs_waiting", "Ingest jobs in the queue.")?)?,
            resident_memory: keep(
                &registry,
                IntGauge::new("process_resident_memory_bytes", "Resident memory of the process.")?,
            )?,
            registry,
        };
        Ok(Self(Arc::new(inner)))
    }

    pub fn http(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.0.http_requests.with_label_values(&[route, method, &status.to_string()]).inc();
        self.0.http_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    pub fn operation(&self, operation: Operation, took: Duration) {
        let name = match operation {
            Operation::Search => "search",
            Operation::Ask => "ask",
        };
        self.0.engine_seconds.with_label_values(&[name]).observe(took.as_secs_f64());
    }

    pub fn answer(&self, answer: &Answer) {
        let status = match answer.status {
            Status::Answered => "answered",
            Status::Abstained => "abstained",
        };
        self.0.answers.with_label_values(&[status]).inc();
        let usage = &answer.usage;
        let Some(model) = &usage.model else { return };
        for (direction, tokens) in [("in", usage.prompt_tokens), ("out", usage.completion_tokens)] {
            self.0.model_tokens.with_label_values(&[model.as_str(), direction]).inc_by(tokens.into());
        }
        // A counter panics when it is counted down.
        if let (Some(cost), Some(currency)) = (usage.cost.filter(|cost| *cost >= 0.0), &usage.currency) {
            self.0.model_cost.with_label_values(&[model.as_str(), currency.as_str()]).inc_by(cost);
        }
    }

    pub fn job_ended(&self, status: JobStatus, report: Option<&Report>) {
        self.0.jobs.with_label_values(&[name_of(&status).as_str()]).inc();
        let Some(report) = report else { return };
        for (change, count) in [
            ("added", report.added),
            ("changed", report.changed),
            ("moved", report.moved),
            ("deleted", report.deleted),
            ("unchanged", report.unchanged),
        ] {
            self.0.ingested.with_label_values(&[change]).inc_by(count);
        }
        self.0.ingested_chunks.inc_by(report.chunks);
        for failure in &report.failed {
            self.0.ingest_failures.with_label_values(&[name_of(&failure.code).as_str()]).inc();
        }
    }

    /// `outcome`: `answered`, `ignored`, `repeated`, `refused`, `failed`.
    pub fn slack_event(&self, outcome: &str) {
        self.0.slack_events.with_label_values(&[outcome]).inc();
    }

    /// The text of `GET /metrics`.
    pub fn render(&self, gauges: Gauges) -> prometheus::Result<Vec<u8>> {
        for (gauge, value) in [
            (&self.0.documents, gauges.documents),
            (&self.0.chunks, gauges.chunks),
            (&self.0.jobs_waiting, gauges.jobs_waiting.map(|waiting| waiting as u64)),
            (&self.0.resident_memory, resident_memory_bytes()),
        ] {
            if let Some(value) = value {
                gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut text)?;
        Ok(text)
    }
}

fn keep<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
    keep(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
}

fn histograms(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<HistogramVec> {
    let options = HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS_S.to_vec());
    keep(registry, HistogramVec::new(options, labels)?)
}

/// The name that a value has in JSON, so that labels and API speak the same words.
fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "other".to_string(),
    }
}

/// Linux tells it in `/proc`; elsewhere it stays unknown.
fn resident_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_in_the_text() {
        let metrics = Metrics::new().unwrap();
        metrics.http("/v1/ask", "POST", 200, Duration::from_millis(30));
        metrics.operation(Operation::Search, Duration::from_millis(3));
        metrics.job_ended(JobStatus::Succeeded, Some(&Report { added: 3, chunks: 12, ..Report::default() }));
        let gauges = Gauges { documents: Some(3), chunks: Some(12), jobs_waiting: Some(0) };
        let text = String::from_utf8(metrics.render(gauges).unwrap()).unwrap();
        for line in [
            r#"taproot_http_requests_total{method="POST",route="/v1/ask",status="200"} 1"#,
            r#"taproot_http_request_duration_seconds_bucket{route="/v1/ask",le="0.05"} 1"#,
            r#"taproot_operation_duration_seconds_count{operation="search"} 1"#,
            r#"taproot_ingest_jobs_total{status="succeeded"} 1"#,
            r#"taproot_ingest_documents_total{change="added"} 3"#,
            "taproot_documents 3",
            "taproot_chunks 12",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}

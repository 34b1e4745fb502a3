//! Evaluations that administrators start: a set of questions, asked of the documents as they are, and what came of it.
//!
//! In: sets of questions, with the scope of whoever orders. Out: runs with measures and results, kept in
//! `DATA/evaluations`. One runs at a time, one question after the other, so that people who ask meanwhile hardly notice and
//! latency is what one person alone would meet. Measures and tests are `crate::eval`'s. Who may order is not decided here;
//! what came of a run is shown to those who may see all that it saw.

mod run;
mod store;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use taproot_engine::{AccessScope, Engine, Reach};
use taproot_schemas::evaluation::{
    EvaluationChange, EvaluationComparison, EvaluationList, EvaluationProgress, EvaluationRequest, EvaluationRun,
};
use taproot_schemas::job::JobStatus;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock;
use crate::eval::compare::compare;
use run::Work;
use store::{Store, Stored};

/// Questions of one set.
const MAX_QUESTIONS: usize = 1_000;
/// Right answers of a question, their characters, and those of a document's uri.
const MAX_ANSWERS: usize = 20;
const MAX_ANSWER_CHARS: usize = 2_000;
const MAX_URI_CHARS: usize = 2_000;
const MAX_NAME_CHARS: usize = 100;
/// Questions of a comparison that are listed as changed.
const MAX_CHANGED: usize = 1_000;

/// Why something about an evaluation is not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    #[error("there is no evaluation {id}")]
    NotFound { id: String },
    #[error("{id} runs already")]
    Running { id: String },
    #[error("{id} has not ended, or came to nothing")]
    NotEnded { id: String },
    #[error("{0}")]
    Invalid(String),
    #[error("the server is stopping")]
    Stopping,
    #[error("the results cannot be read or written")]
    Store(#[source] std::io::Error),
}

type Result<T, E = NotDone> = std::result::Result<T, E>;

/// Cheap to clone; all clones are the same evaluations.
#[derive(Clone)]
pub struct Evaluations(Arc<Inner>);

struct Inner {
    engine: Engine,
    store: Store,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The newest first, without results.
    known: Vec<Known>,
    running: Option<Running>,
    stopping: bool,
}

#[derive(Clone)]
struct Known {
    reach: Reach,
    run: EvaluationRun,
}

struct Running {
    id: String,
    done: Arc<AtomicU32>,
    cancel: watch::Sender<bool>,
    worker: Option<JoinHandle<()>>,
}

impl Evaluations {
    /// Reads what is kept. What ran when the last process ended is interrupted, and does not go on: the documents may be
    /// others by now.
    pub async fn open(data_dir: &Path, engine: Engine) -> std::io::Result<Evaluations> {
        let (store, known) = Store::open(data_dir).await?;
        let state = Mutex::new(State { known, ..State::default() });
        Ok(Evaluations(Arc::new(Inner { engine, store, state })))
    }

    /// Takes a set of questions and begins to ask them.
    pub async fn start(&self, scope: &AccessScope, request: EvaluationRequest) -> Result<EvaluationRun> {
        check(&request)?;
        let total = request.questions.len() as u32;
        let known = Known {
            reach: Reach::of(scope),
            run: EvaluationRun {
                id: format!("ev_{}", Uuid::now_v7().simple()),
                name: request.name.clone().map_or_else(clock::now, |name| name.trim().to_owned()),
                status: JobStatus::Running,
                questions: total,
                progress: EvaluationProgress { done: 0, total },
                mode: request.mode,
                strictness: request.strictness,
                created_at: clock::now(),
                finished_at: None,
                error: None,
                measures: Vec::new(),
                results: Vec::new(),
            },
        };
        let (cancel, cancelled) = watch::channel(false);
        let (done, id) = (Arc::<AtomicU32>::default(), known.run.id.clone());
        {
            let mut state = self.0.state.lock();
            if state.stopping {
                return Err(NotDone::Stopping);
            }
            if let Some(running) = &state.running {
                return Err(NotDone::Running { id: running.id.clone() });
            }
            state.running = Some(Running { id: id.clone(), done: Arc::clone(&done), cancel, worker: None });
            state.known.insert(0, known.clone());
        }
        if let Err(error) = self.0.store.keep(&Stored::begun(&known)).await {
            let mut state = self.0.state.lock();
            state.running = None;
            state.known.retain(|other| other.run.id != id);
            return Err(NotDone::Store(error));
        }
        let work = Work { engine: self.0.engine.clone(), scope: scope.clone(), request, done, cancelled };
        let worker = tokio::spawn(self.clone().work(known.clone(), work));
        if let Some(running) = self.0.state.lock().running.as_mut().filter(|running| running.id == id) {
            running.worker = Some(worker);
        }
        Ok(known.run)
    }

    async fn work(self, known: Known, work: Work) {
        let id = known.run.id.clone();
        // A task of its own: should it panic, the run has failed and the next one can begin.
        let ended = tokio::spawn(run::run(known.clone(), work)).await;
        let mut stored = ended.unwrap_or_else(|broken| {
            tracing::error!(evaluation_id = id, error = %broken, "an evaluation broke");
            Stored::failed(&known, format!("it broke; look for {id} in the server's log"))
        });
        if self.0.state.lock().stopping && stored.run.status == JobStatus::Cancelled {
            stored.run.status = JobStatus::Interrupted;
        }
        if let Err(error) = self.0.store.keep(&stored).await {
            tracing::error!(evaluation_id = id, %error, "the results of an evaluation cannot be kept");
            stored = Stored::failed(&known, "its results could not be written".into());
        }
        let dropped = {
            let mut state = self.0.state.lock();
            state.running = None;
            if let Some(known) = state.known.iter_mut().find(|known| known.run.id == id) {
                known.run = stored.run.without_results();
            }
            state.forget_the_oldest()
        };
        for id in dropped {
            if let Err(error) = self.0.store.delete(&id).await {
                tracing::warn!(evaluation_id = id, %error, "an old evaluation cannot be deleted");
            }
        }
    }

    /// A page of the runs that the scope may see, the newest first.
    pub fn list(&self, scope: &AccessScope, limit: usize, cursor: Option<&str>) -> Result<EvaluationList> {
        let state = self.0.state.lock();
        let mut shown = state.known.iter().filter(|known| known.reach.is_within(scope)).map(|known| &known.run);
        if let Some(cursor) = cursor {
            // Those that are as new as the last one of the page before, and that one.
            shown.find(|run| run.id == cursor).ok_or_else(|| {
                NotDone::Invalid("invalid cursor: it is not one of a page before, or its evaluation is gone".into())
            })?;
        }
        let evaluations: Vec<EvaluationRun> = shown.by_ref().take(limit).map(|run| state.as_it_stands(run)).collect();
        let next_cursor = evaluations.last().filter(|_| shown.next().is_some()).map(|run| run.id.clone());
        Ok(EvaluationList { evaluations, next_cursor })
    }

    /// A run with its results.
    pub async fn get(&self, scope: &AccessScope, id: &str) -> Result<EvaluationRun> {
        let run = self.known(scope, id)?;
        if !run.status.ended() {
            return Ok(run);
        }
        Ok(self.stored(id).await?.run)
    }

    /// Stops a run that goes on; forgets one that has ended. Returns it as it was.
    pub async fn delete(&self, scope: &AccessScope, id: &str) -> Result<EvaluationRun> {
        let run = self.known(scope, id)?;
        {
            let mut state = self.0.state.lock();
            if let Some(running) = state.running.as_ref().filter(|running| running.id == id) {
                running.cancel.send_replace(true);
                return Ok(run);
            }
            state.known.retain(|known| known.run.id != id);
        }
        self.0.store.delete(id).await.map_err(NotDone::Store)?;
        Ok(run)
    }

    /// Two runs that have ended, question by question.
    pub async fn compare(&self, scope: &AccessScope, id: &str, against: &str) -> Result<EvaluationComparison> {
        self.known(scope, id)?;
        self.known(scope, against)?;
        let (this, other) = (self.stored(id).await?, self.stored(against).await?);
        let compared = tokio::task::spawn_blocking(move || compared(this, other)).await;
        compared.map_err(|broken| NotDone::Store(std::io::Error::other(broken)))?
    }

    /// Takes no more, stops the run at hand, and returns when it is saved.
    pub async fn stop(&self) {
        let worker = {
            let mut state = self.0.state.lock();
            state.stopping = true;
            state.running.as_mut().and_then(|running| {
                running.cancel.send_replace(true);
                running.worker.take()
            })
        };
        if let Some(worker) = worker
            && let Err(error) = worker.await
        {
            tracing::error!(%error, "the evaluation at hand broke");
        }
    }

    fn known(&self, scope: &AccessScope, id: &str) -> Result<EvaluationRun> {
        let state = self.0.state.lock();
        let known = state.known.iter().find(|known| known.run.id == id && known.reach.is_within(scope));
        let known = known.ok_or_else(|| NotDone::NotFound { id: id.to_owned() })?;
        Ok(state.as_it_stands(&known.run))
    }

    async fn stored(&self, id: &str) -> Result<Stored> {
        self.0.store.read(id).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => NotDone::NotFound { id: id.to_owned() },
            _ => NotDone::Store(error),
        })
    }
}

impl State {
    /// The run with the progress of this moment.
    fn as_it_stands(&self, run: &EvaluationRun) -> EvaluationRun {
        let running = self.running.as_ref().filter(|running| running.id == run.id);
        let done = running.map_or(run.progress.done, |running| running.done.load(Ordering::Relaxed));
        EvaluationRun { progress: EvaluationProgress { done, ..run.progress }, ..run.clone() }
    }

    /// Ids of those that are not kept any more.
    fn forget_the_oldest(&mut self) -> Vec<String> {
        let kept = self.known.len().min(store::KEPT);
        self.known.split_off(kept).into_iter().map(|known| known.run.id).collect()
    }
}

fn check(request: &EvaluationRequest) -> Result<()> {
    let invalid = |told: String| Err(NotDone::Invalid(told));
    let count = request.questions.len();
    if !(1..=MAX_QUESTIONS).contains(&count) {
        return invalid(format!("a set has 1 to {MAX_QUESTIONS} questions, this one has {count}"));
    }
    if request.name.as_ref().is_some_and(|name| !(1..=MAX_NAME_CHARS).contains(&name.trim().chars().count())) {
        return invalid(format!("a name has 1 to {MAX_NAME_CHARS} characters"));
    }
    if request.strictness.is_some_and(|strictness| !(1..=5).contains(&strictness)) {
        return invalid("strictness is 1 to 5".into());
    }
    for (question, number) in request.questions.iter().zip(1..) {
        let long = |text: &String, most: usize| text.chars().count() > most;
        if question.question.trim().is_empty() {
            return invalid(format!("question {number} is empty"));
        }
        if question.answers.len() > MAX_ANSWERS || question.answers.iter().any(|answer| long(answer, MAX_ANSWER_CHARS))
        {
            return invalid(format!(
                "question {number} has more than {MAX_ANSWERS} answers, or one of more than {MAX_ANSWER_CHARS} characters"
            ));
        }
        if question.uri.as_ref().is_some_and(|uri| long(uri, MAX_URI_CHARS)) {
            return invalid(format!("the uri of question {number} has more than {MAX_URI_CHARS} characters"));
        }
    }
    Ok(())
}

fn compared(this: Stored, against: Stored) -> Result<EvaluationComparison> {
    let (Some(these), Some(others)) = (&this.evaluation, &against.evaluation) else {
        let id = if this.evaluation.is_none() { this.run.id } else { against.run.id };
        return Err(NotDone::NotEnded { id });
    };
    let comparison = compare(these, others).map_err(|error| NotDone::Invalid(error.to_string()))?;
    let Some(answers) = comparison.answers else {
        return Err(NotDone::Invalid("the two cannot be compared: neither says what is expected".into()));
    };
    let before = |key: &String| Some(against.run.results[against.keys.iter().position(|other| other == key)?].outcome);
    let after = this.run.results.iter().zip(&this.keys);
    let changed = after.filter_map(|(result, key)| {
        let before = before(key)?;
        (before != result.outcome).then(|| EvaluationChange {
            question: result.question.clone(),
            before,
            after: result.outcome,
        })
    });
    Ok(EvaluationComparison {
        changed: changed.take(MAX_CHANGED).collect(),
        this: this.run.id,
        against: against.run.id,
        compared: answers.compared,
        left_out: answers.left_out,
        verdict: answers.verdict,
        decided_by: answers.decided_by,
        differences: answers.groups.into_iter().next().map(|group| group.differences).unwrap_or_default(),
    })
}

/// Lists show no results.
trait WithoutResults {
    fn without_results(&self) -> EvaluationRun;
}

impl WithoutResults for EvaluationRun {
    fn without_results(&self) -> EvaluationRun {
        EvaluationRun { results: Vec::new(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use taproot_schemas::evaluation::EvaluationQuestion;

    use super::*;

    #[test]
    fn what_is_no_set_is_told() {
        let question = |text: &str| EvaluationQuestion { question: text.into(), ..EvaluationQuestion::default() };
        let of = |questions: Vec<EvaluationQuestion>| EvaluationRequest { questions, ..EvaluationRequest::default() };
        assert!(check(&of(vec![question("年假有几天？")])).is_ok());
        let many_answers = EvaluationQuestion { answers: vec!["x".into(); MAX_ANSWERS + 1], ..question("q") };
        let long_uri = EvaluationQuestion { uri: Some("x".repeat(MAX_URI_CHARS + 1)), ..question("q") };
        for (request, told) in [
            (of(Vec::new()), "1 to 1000"),
            (of(vec![question("q"); MAX_QUESTIONS + 1]), "has 1001"),
            (of(vec![question("q"), question("  ")]), "question 2 is empty"),
            (of(vec![many_answers]), "question 1 has more than 20 answers"),
            (of(vec![long_uri]), "the uri of question 1"),
            (EvaluationRequest { name: Some(" ".into()), ..of(vec![question("q")]) }, "a name has"),
            (EvaluationRequest { strictness: Some(6), ..of(vec![question("q")]) }, "strictness"),
        ] {
            let error = check(&request).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}

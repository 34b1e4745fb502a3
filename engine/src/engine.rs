//! The engine's door: everything that is asked of the product without HTTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use taproot_schemas::answer::{Answer, AnswerEvent, AskRequest, Mode};
use taproot_schemas::conversation::{Conversation, ConversationList, Transcript};
use taproot_schemas::doctor::{Check, DoctorReport};
use taproot_schemas::document::{
    ChunkList, CollectionList, Deleted, Document, DocumentList, DocumentStatus, DocumentText,
};
use taproot_schemas::feedback::{Feedback, FeedbackRequest, Handoff, HandoffRequest, Rating};
use taproot_schemas::job::Job;
use taproot_schemas::question::{Topic, TopicDecision, TopicList};
use taproot_schemas::search::{Filters, Hit, SearchRequest, SearchResponse};
use taproot_schemas::settings::WhenBusy;
use tokio::sync::mpsc;

use crate::answer::{
    Answerer, Before, Composers, Extractive, Generative, Limits, Past, Resolved, Said, Strictness, Upstream,
    UpstreamConfig, Weighed,
};
use crate::executor::Executor;
use crate::models::{Choice, Models};
use crate::questions::Questions;
use crate::retrieve::{Found, GlossaryFile, Papers, Query, Reread, Retriever};
use crate::store::{
    Catalog, Conversations, Doctor, EdgeVectors, Filter, ListTopics, Reach, ServerVectors, Space, VectorStore, Writer,
};
use crate::{AccessScope, Asker, Error, Result, store};

/// What the engine needs to open.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    pub data_dir: PathBuf,
    /// Folder with `models.toml`, the ONNX files and the runtime library.
    pub models_dir: PathBuf,
    /// Which of the models listed there.
    pub models: Choice,
    /// Threads that run models and searches.
    pub threads: usize,
    /// Requests that may wait for one of those threads.
    pub max_queue: usize,
    pub max_query_chars: usize,
    /// A Qdrant server; embedded when `None`.
    pub qdrant: Option<QdrantServer>,
    /// Passages read for one question.
    pub passages: usize,
    /// Sentences and characters that one answer quotes at the most.
    pub max_sentences: usize,
    pub max_answer_chars: usize,
    /// How an answer is composed when the request does not say, and how sure one has to be: 1 to 5.
    pub mode: Mode,
    /// What a question gets that too many wait before for the generator.
    pub when_busy: WhenBusy,
    pub strictness: u8,
    /// Days that a conversation is kept after its last turn; 0 keeps none.
    pub keep_conversations_days: u32,
    /// A glossary that has to be there; `glossary.toml` in the data directory, where there is one, when `None`.
    pub glossary: Option<PathBuf>,
    /// Whether the best hits of a search are read again, together with the query, when the request does not say.
    pub rerank: bool,
    /// A model behind an API; none is asked when `None`.
    pub upstream: Option<UpstreamConfig>,
}

#[derive(Clone)]
pub struct QdrantServer {
    pub url: String,
    pub api_key: Option<String>,
    pub collection: String,
}

impl std::fmt::Debug for QdrantServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QdrantServer").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Which documents to list.
#[derive(Debug, Clone, Default)]
pub struct ListDocuments {
    pub collection: Option<String>,
    /// Exactly this uri.
    pub uri: Option<String>,
    /// Every word of it stands in the title or the uri, whatever the case of ASCII letters.
    pub text: Option<String>,
    pub media_type: Option<String>,
    pub language: Option<String>,
    pub status: Option<DocumentStatus>,
    /// 1 to 1,000.
    pub limit: usize,
    pub cursor: Option<String>,
}

/// Where a document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFile {
    /// The folder that was ingested.
    pub root: PathBuf,
    /// Of the file, below it.
    pub path: String,
    /// That the folder was ingested into.
    pub collection: String,
    /// Groups that the document is for.
    pub allow: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub documents: u64,
    pub chunks: u64,
}

/// Name of the glossary in the data directory.
const GLOSSARY: &str = "glossary.toml";
/// Hits of a search when the caller does not say, and at the most.
const DEFAULT_HITS: usize = 10;
const MAX_HITS: usize = 1_000;
/// Characters of a conversation's title.
const MAX_TITLE_CHARS: usize = 200;
/// Characters of what people write to a rating, a question that is passed on, or a decision.
const MAX_NOTE_CHARS: usize = 2_000;
/// Documents, or conversations, of a page at the most.
const MAX_PAGE: usize = 1_000;

/// Cheap to clone; all clones share the stores and the models.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: EngineConfig,
    answerer: Answerer,
    questions: Questions,
    writer: Writer,
    closed: AtomicBool,
}

impl Engine {
    /// Opens the data directory (and makes it when it is not there), loads the models, finishes or undoes what a
    /// crash left between the steps of a commit.
    pub async fn open(config: EngineConfig) -> Result<Engine> {
        let data = &config.data_dir;
        std::fs::create_dir_all(data).map_err(|source| Error::Io { path: data.clone(), source })?;
        let glossary = GlossaryFile::open(config.glossary.as_deref(), data.join(GLOSSARY))?;
        let executor = Executor::new(config.threads, config.max_queue)
            .map_err(|source| Error::Io { path: data.clone(), source })?;
        let (models_dir, choice, threads) = (config.models_dir.clone(), config.models.clone(), config.threads);
        // One session more than threads, for searches: those of an ingest hold theirs most of the time.
        let models = Arc::new(executor.run(move || Models::load(&models_dir, &choice, threads + 1)).await?);
        let catalog = Catalog::open(&data.join("catalog.sqlite")).await?;
        catalog.expect_meta("embedder", &models.embedder.fingerprint()).await?;
        let lexical = store::open_lexical(&data.join("lexical"), &catalog).await?;
        let dimensions = models.embedder.dimensions();
        let vectors: Arc<dyn VectorStore> = match &config.qdrant {
            None => Arc::new(EdgeVectors::open(&data.join("vectors"), dimensions, executor.clone())?),
            Some(server) => {
                let key = server.api_key.as_deref();
                Arc::new(ServerVectors::connect(&server.url, key, &server.collection, dimensions).await?)
            }
        };
        let writer = Writer::new(catalog.clone(), lexical.clone(), Arc::clone(&vectors), Space::of(data));
        let mended = writer.recover().await?;
        if mended > 0 {
            tracing::warn!(versions = mended, "finished or undid what the last run left between the steps of a commit");
        }
        let conversations = Conversations::open(data, config.keep_conversations_days).await?;
        conversations.keep_swept();
        let questions = Questions::new(conversations.clone(), catalog.clone(), Arc::clone(&models), executor.clone());
        questions.keep_filed();
        let papers = Papers::default();
        let retriever = Retriever { catalog, lexical, vectors, models, executor, glossary, papers };
        let writes = retriever.models.generator.is_some();
        let generative = writes.then(|| Arc::new(Generative::new(Arc::clone(&retriever.models))));
        let upstream = config.upstream.as_ref().map(|upstream| Upstream::new(upstream).map(Arc::new)).transpose()?;
        let answerer = Answerer {
            retriever,
            conversations,
            composers: Composers {
                extractive: Extractive {
                    limits: Limits { sentences: config.max_sentences, chars: config.max_answer_chars },
                },
                generative,
                upstream,
            },
            mode: config.mode,
            when_busy: config.when_busy,
            strictness: Strictness::new(config.strictness)?,
            passages: config.passages,
            max_query_chars: config.max_query_chars,
        };
        let engine =
            Engine { inner: Arc::new(Inner { config, answerer, questions, writer, closed: AtomicBool::new(false) }) };
        engine.warm_up().await;
        Ok(engine)
    }

    /// The best chunks for a query.
    pub async fn search(&self, scope: &AccessScope, request: &SearchRequest) -> Result<SearchResponse> {
        let retriever = self.retriever()?;
        let k = request.k.unwrap_or(DEFAULT_HITS);
        if !(1..=MAX_HITS).contains(&k) {
            return Err(Error::InvalidRequest { what: "k", detail: format!("{k} is not between 1 and {MAX_HITS}") });
        }
        let offset = request.offset.unwrap_or(0);
        if offset > MAX_HITS - k {
            let detail = format!("{offset} and {k} more hits are more than {MAX_HITS} together");
            return Err(Error::InvalidRequest { what: "offset", detail });
        }
        let mut query = Query::search(&request.query, self.inner.config.max_query_chars)?;
        if !request.rerank.unwrap_or(self.inner.config.rerank) {
            query.reread = Reread::Nothing;
        }
        let filter = self.filter(scope, request.collections.as_deref(), request.filters.as_ref()).await?;
        // One more, to know whether there is a next page.
        let mut results = retriever.search(&query, &filter, offset + k + 1).await?;
        let next_offset = (results.found.len() > offset + k).then_some(offset + k);
        results.found.truncate(offset + k);
        results.found.drain(..offset.min(results.found.len()));
        let results = retriever.highlight(results).await?;
        let hit = if request.explain { Found::explained } else { Found::hit };
        Ok(SearchResponse {
            hits: results.found.iter().map(hit).collect(),
            next_offset,
            did_you_mean: results.did_you_mean,
            unmatched_phrases: results.unmatched_phrases,
        })
    }

    /// Answers a question that stands for itself; nothing of it is kept. Events are sent as they come about; the last one
    /// is `FinalAnswer`. A receiver that is gone cancels the rest of the work.
    pub async fn answer(
        &self,
        scope: &AccessScope,
        request: &AskRequest,
        events: Option<mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        let filter = self.filter(scope, request.collections.as_deref(), request.filters.as_ref()).await?;
        self.inner.answerer.answer(request, &filter, Before::Told(&Asker::Anonymous, &[]), events.as_ref()).await
    }

    /// Answers a question that comes after these turns, the oldest first; see [`Engine::answer`]. Nothing of it is kept.
    pub async fn answer_after(
        &self,
        scope: &AccessScope,
        asker: &Asker,
        said: &[Said],
        request: &AskRequest,
        events: Option<mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        self.retriever()?;
        let filter = self.filter(scope, request.collections.as_deref(), request.filters.as_ref()).await?;
        self.inner.answerer.answer(request, &filter, Before::Told(asker, said), events.as_ref()).await
    }

    /// Answers a question of a conversation of the asker's, or begins one; see [`Engine::answer`]. The turn is kept when
    /// the answer is given.
    pub async fn converse(
        &self,
        scope: &AccessScope,
        asker: &Asker,
        request: &AskRequest,
        events: Option<mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        self.retriever()?;
        let filter = self.filter(scope, request.collections.as_deref(), request.filters.as_ref()).await?;
        self.inner.answerer.answer(request, &filter, Before::Kept(asker), events.as_ref()).await
    }

    /// The asker's conversations, the one last asked in first; `limit` is 1 to 1,000. Whoever is not known has none that
    /// could be listed.
    pub async fn conversations(&self, asker: &Asker, limit: usize, cursor: Option<&str>) -> Result<ConversationList> {
        self.retriever()?;
        check_limit(limit)?;
        match asker {
            Asker::Known(_) => self.inner.answerer.conversations.list(asker, limit, cursor).await,
            Asker::Anonymous => Ok(ConversationList { conversations: Vec::new(), next_cursor: None }),
        }
    }

    /// A conversation with its turns, without what the scope does not see any more.
    pub async fn transcript(&self, scope: &AccessScope, asker: &Asker, id: &str) -> Result<Transcript> {
        self.retriever()?;
        let conversation = self.inner.answerer.conversations.get(asker, id).await?;
        let turns = self.inner.answerer.transcript(asker, scope, id, MAX_PAGE).await?;
        Ok(Transcript { conversation, turns })
    }

    /// Gives a conversation another title, of 1 to 200 characters.
    pub async fn rename_conversation(&self, asker: &Asker, id: &str, title: &str) -> Result<Conversation> {
        self.retriever()?;
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(1..=MAX_TITLE_CHARS).contains(&title.chars().count()) {
            let detail = format!("it has to have 1 to {MAX_TITLE_CHARS} characters");
            return Err(Error::InvalidRequest { what: "title", detail });
        }
        self.inner.answerer.conversations.rename(asker, id, &title).await?;
        self.inner.answerer.conversations.get(asker, id).await
    }

    /// Returns when nothing of the conversation is left.
    pub async fn delete_conversation(&self, asker: &Asker, id: &str) -> Result<()> {
        self.retriever()?;
        self.inner.answerer.conversations.delete(asker, id).await
    }

    /// Rates an answer of the asker's that was kept.
    pub async fn rate(&self, scope: &AccessScope, asker: &Asker, request: &FeedbackRequest) -> Result<Feedback> {
        self.retriever()?;
        if request.reason.is_some() && request.rating == Rating::Up {
            let detail = "it says what is wrong, and belongs to the rating down".to_owned();
            return Err(Error::InvalidRequest { what: "reason", detail });
        }
        let request = FeedbackRequest { comment: note("comment", request.comment.as_deref())?, ..request.clone() };
        self.inner.answerer.conversations.rate(asker, &Reach::of(scope), &request).await
    }

    /// Takes a rating back.
    pub async fn unrate(&self, asker: &Asker, answer_id: &str) -> Result<()> {
        self.retriever()?;
        self.inner.answerer.conversations.unrate(asker, answer_id).await
    }

    /// Passes the question of an answer of the asker's on to those who look after the documents.
    pub async fn hand_on(&self, scope: &AccessScope, asker: &Asker, request: &HandoffRequest) -> Result<Handoff> {
        self.retriever()?;
        let note = note("note", request.note.as_deref())?;
        self.inner.answerer.conversations.hand_on(asker, &Reach::of(scope), &request.answer_id, note).await
    }

    /// Questions that were not answered well, by topic; `limit` is 1 to 1,000. Whose they are is not told.
    pub async fn topics(&self, scope: &AccessScope, list: &ListTopics) -> Result<TopicList> {
        self.retriever()?;
        check_limit(list.limit)?;
        self.inner.questions.list(scope, list).await
    }

    /// Decides what becomes of a topic.
    pub async fn decide_topic(&self, scope: &AccessScope, id: &str, decision: &TopicDecision) -> Result<Topic> {
        self.retriever()?;
        let decision = TopicDecision { note: note("note", decision.note.as_deref())?, ..decision.clone() };
        self.inner.questions.decide(scope, id, &decision).await
    }

    /// A question as it stands alone after these turns, the oldest first.
    pub async fn resolve(&self, scope: &AccessScope, history: Vec<Past>, question: &str) -> Result<Resolved> {
        self.retriever()?;
        self.inner.answerer.resolve(scope.clone(), history, question.to_owned()).await
    }

    /// The best `k` passages for a question after these turns: what an answer to it is read from.
    pub async fn retrieve(
        &self,
        scope: &AccessScope,
        history: Vec<Past>,
        request: &AskRequest,
        k: usize,
    ) -> Result<Vec<Hit>> {
        let filter = self.filter(scope, request.collections.as_deref(), request.filters.as_ref()).await?;
        let found = self.inner.answerer.retrieve(&filter, history, &request.question, k).await?;
        Ok(found.iter().map(Found::hit).collect())
    }

    /// For fitting the weights of answers: see `tests/bench/answers.py`.
    pub async fn weighed(&self, scope: &AccessScope, question: &str) -> Result<Vec<Weighed>> {
        let filter = self.filter(scope, None, None).await?;
        self.inner.answerer.weighed(question, &filter).await
    }

    pub async fn list_documents(&self, scope: &AccessScope, list: &ListDocuments) -> Result<DocumentList> {
        check_limit(list.limit)?;
        let (documents, total) = self.retriever()?.catalog.list_documents(scope, list).await?;
        let full = documents.len() == list.limit;
        let next_cursor = documents.last().filter(|_| full).map(|last| format!("{}\n{}", last.uri, last.id));
        Ok(DocumentList { documents, total, next_cursor })
    }

    pub async fn document(&self, scope: &AccessScope, id: &str) -> Result<Document> {
        self.retriever()?.catalog.document(scope, id).await
    }

    /// The one document with this uri.
    pub async fn document_by_uri(&self, scope: &AccessScope, uri: &str) -> Result<Document> {
        let list = ListDocuments { uri: Some(uri.to_owned()), limit: 2, ..ListDocuments::default() };
        let (mut documents, total) = self.retriever()?.catalog.list_documents(scope, &list).await?;
        match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => Ok(document),
            (Some(_), false) => Err(Error::AmbiguousUri { uri: uri.to_owned(), count: total as usize }),
            (None, _) => Err(Error::DocumentNotFound { id: uri.to_owned() }),
        }
    }

    pub async fn document_text(&self, scope: &AccessScope, id: &str) -> Result<DocumentText> {
        self.retriever()?.catalog.document_text(scope, id).await
    }

    /// A page of a document's chunks; `limit` is 1 to 1,000.
    pub async fn document_chunks(
        &self,
        scope: &AccessScope,
        id: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<ChunkList> {
        check_limit(limit)?;
        self.retriever()?.catalog.document_chunks(scope, id, limit, cursor).await
    }

    /// The collections of which the scope sees a document.
    pub async fn collections(&self, scope: &AccessScope) -> Result<CollectionList> {
        self.retriever()?.catalog.collections(scope).await
    }

    /// Which file a document comes from, below the folder that was ingested.
    pub async fn file_of(&self, scope: &AccessScope, id: &str) -> Result<DocumentFile> {
        // What is gone is told before anything is ordered.
        self.original(scope, id).await?;
        let located = self.retriever()?.catalog.locate(scope, id).await?;
        Ok(DocumentFile {
            root: PathBuf::from(located.root),
            path: located.path,
            collection: located.source_collection,
            allow: located.document.allow,
        })
    }

    /// Where the original file lies, and its media type. For a line of a `.jsonl` file, the whole file.
    pub async fn original(&self, scope: &AccessScope, id: &str) -> Result<(PathBuf, String)> {
        let located = self.retriever()?.catalog.locate(scope, id).await?;
        let path = PathBuf::from(&located.root).join(&located.path);
        let media_type = located.document.media_type;
        match tokio::fs::symlink_metadata(&path).await {
            Ok(metadata) if metadata.is_file() => Ok((path, media_type)),
            _ => Err(Error::OriginalGone { uri: located.document.uri }),
        }
    }

    /// Returns when the document is gone from every store.
    pub async fn delete_document(&self, scope: &AccessScope, id: &str) -> Result<Deleted> {
        let document = self.document(scope, id).await?;
        self.inner.writer.delete(std::slice::from_ref(&document.id)).await?;
        Ok(Deleted { document_id: document.id, uri: document.uri, chunks: document.chunks, file_removed: false })
    }

    /// Of what the scope sees.
    pub async fn counts(&self, scope: &AccessScope) -> Result<Counts> {
        self.retriever()?.catalog.counts(scope).await
    }

    /// Keeps the record of a job, so that it is still known after a restart.
    pub async fn save_job(&self, job: &Job) -> Result<()> {
        self.retriever()?.catalog.save_job(job).await
    }

    pub async fn forget_job(&self, id: &str) -> Result<()> {
        self.retriever()?.catalog.forget_job(id).await
    }

    /// The newest jobs first, at most `limit`.
    pub async fn jobs(&self, limit: usize) -> Result<Vec<Job>> {
        self.retriever()?.catalog.jobs(limit).await
    }

    /// Compares the stores id by id, and with `repair` mends what differs.
    pub async fn doctor(&self, repair: bool) -> Result<DoctorReport> {
        let retriever = self.retriever()?.clone();
        let doctor = Doctor {
            catalog: retriever.catalog,
            lexical: retriever.lexical,
            vectors: retriever.vectors,
            writer: self.inner.writer.clone(),
            models: retriever.models,
            executor: retriever.executor,
        };
        let mut report = doctor.examine(repair).await?;
        let embedder = &self.inner.answerer.retriever.models.embedder;
        report.checks.push(Check { name: "embedder".into(), ok: true, detail: embedder.fingerprint() });
        let store = self.inner.config.qdrant.as_ref().map_or("embedded", |server| server.url.as_str());
        report.checks.push(Check { name: "vector store".into(), ok: true, detail: store.to_owned() });
        Ok(report)
    }

    /// The ways to compose that a request may name.
    pub fn modes(&self) -> Vec<Mode> {
        self.inner.answerer.composers.modes()
    }

    /// The vector of a text by the embedder, of length 1, and the tokens that it was made from. `cut` leaves out what
    /// exceeds the model's longest input.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] when the text is longer than that and must not be cut.
    pub async fn embed(&self, text: String, of_query: bool, cut: bool) -> Result<(Vec<f32>, usize)> {
        self.retriever()?;
        let models = self.models();
        let work = move || {
            let embedder = &models.embedder;
            let (tokens, most) = (embedder.counter().count_all(&text), embedder.counter().max_tokens());
            if tokens > most && !cut {
                let detail = format!("a text has {tokens} tokens, {} takes {most}", embedder.name());
                return Err(Error::InvalidRequest { what: "input", detail });
            }
            let vector = if of_query { embedder.embed_query(&text) } else { embedder.embed_passage(&text) };
            Ok((vector?, tokens.min(most)))
        };
        self.inner.answerer.retriever.executor.run(work).await
    }

    /// How many tokens of the embedder the texts have together.
    pub async fn count_tokens(&self, texts: Vec<String>) -> Result<usize> {
        let models = self.models();
        let work = move || Ok(texts.iter().map(|text| models.embedder.counter().count(text)).sum());
        self.inner.answerer.retriever.executor.run(work).await
    }

    /// Requests that wait for a thread.
    pub fn queued(&self) -> usize {
        self.inner.answerer.retriever.executor.queued()
    }

    /// For ingest: the models, which it shares with the searches.
    pub fn models(&self) -> Arc<Models> {
        Arc::clone(&self.inner.answerer.retriever.models)
    }

    /// For ingest: the catalog, to plan with.
    pub fn catalog(&self) -> Result<Catalog> {
        Ok(self.retriever()?.catalog.clone())
    }

    /// For ingest: the door in.
    pub fn writer(&self) -> Result<Writer> {
        self.retriever()?;
        Ok(self.inner.writer.clone())
    }

    /// Threads that the engine may use.
    pub fn threads(&self) -> usize {
        self.inner.config.threads
    }

    /// Waits for the commit at hand and closes every store; later calls fail with [`crate::Error::Stopped`].
    pub async fn close(&self) -> Result<()> {
        self.inner.closed.store(true, Ordering::SeqCst);
        self.inner.writer.finish().await;
        self.inner.answerer.retriever.vectors.close().await?;
        self.inner.answerer.conversations.close().await;
        self.inner.answerer.retriever.catalog.close().await;
        Ok(())
    }

    fn retriever(&self) -> Result<&Retriever> {
        if self.inner.closed.load(Ordering::SeqCst) {
            return Err(Error::Stopped);
        }
        Ok(&self.inner.answerer.retriever)
    }

    async fn filter(
        &self,
        scope: &AccessScope,
        collections: Option<&[String]>,
        filters: Option<&Filters>,
    ) -> Result<Filter> {
        let documents = match filters {
            Some(filters) => self.retriever()?.catalog.narrowed(scope, filters).await?,
            None => None,
        };
        Ok(Filter {
            scope: scope.clone(),
            collections: collections.unwrap_or_default().to_vec(),
            languages: filters.map(|filters| filters.languages.clone()).unwrap_or_default(),
            documents,
        })
    }

    /// One search before the first caller: pages of the vector store come from disk, the word list is loaded.
    async fn warm_up(&self) {
        let request = SearchRequest { query: "hello 你好".into(), ..SearchRequest::default() };
        if let Err(error) = self.search(&AccessScope::owner(), &request).await {
            tracing::warn!(%error, "the search that warms up failed");
        }
    }
}

/// What somebody wrote, without white space around it; nothing is nothing.
fn note(what: &'static str, text: Option<&str>) -> Result<Option<String>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MAX_NOTE_CHARS) {
        return Err(Error::InvalidRequest { what, detail: format!("it has more than {MAX_NOTE_CHARS} characters") });
    }
    Ok(text.map(str::to_owned))
}

fn check_limit(limit: usize) -> Result<()> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(());
    }
    Err(Error::InvalidRequest { what: "limit", detail: format!("{limit} is not between 1 and {MAX_PAGE}") })
}

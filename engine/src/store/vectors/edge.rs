//! Qdrant Edge: the vector store inside this process.
//!
//! Writes go through one thread, the optimizer has another, searches run on those of the executor at the same time: see
//! `edge/threads.rs` for what 0.7.2 demands. `load` does not replay the log, so a write counts only after `flush`.

mod journal;
mod log;
mod threads;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use qdrant_edge::{
    AnyVariants, Condition, CreateIndex, DEFAULT_VECTOR_NAME, Distance, EdgeConfig, EdgeConfigBuilder,
    EdgeOptimizersConfig, EdgeShard, EdgeVectorParamsBuilder, FieldCondition, FieldIndexOperations, JsonPath,
    KeywordIndexParams, Match, PayloadFieldSchema, PayloadSchemaParams, PointId, PointInsertOperations,
    PointOperations, PointStruct, QuantizationSearchParams, ScalarQuantizationConfig, ScalarType, ScrollRequest,
    SearchParams, SearchRequest, UpdateOperation, VectorInternal, VectorStructInternal, Vectors, WithPayloadInterface,
    WithVector,
};
use tokio::sync::{mpsc, oneshot};

use journal::{Fate, Journal};
use threads::Write;

use super::{ChunkId, Conditions, Filter, Point, VectorStore, conditions, field, payload};
use crate::executor::Executor;
use crate::{Error, Result};

/// Writes waiting for the writer thread.
const QUEUE: usize = 4;
/// The graph is built over, and walked by, a byte a dimension; mapped from disk as the vectors themselves are.
const INT8: ScalarQuantizationConfig =
    ScalarQuantizationConfig { r#type: ScalarType::Int8, quantile: None, always_ram: None };
/// What the graph brings is scored again by the vectors themselves: scores are exact cosines.
const RESCORED: SearchParams = SearchParams {
    quantization: Some(QuantizationSearchParams { ignore: false, rescore: Some(true), oversampling: None }),
    hnsw_ef: None,
    exact: false,
    indexed_only: false,
    acorn: None,
};

/// By the vectors themselves, one by one.
const EXACT: SearchParams = SearchParams {
    quantization: Some(QuantizationSearchParams { ignore: true, rescore: None, oversampling: None }),
    exact: true,
    ..RESCORED
};

/// The embedded store.
pub struct EdgeVectors {
    shard: Arc<EdgeShard>,
    executor: Executor,
    writes: Mutex<Option<mpsc::Sender<Write>>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl EdgeVectors {
    /// Opens the store in `dir`, and makes it when there is none.
    pub fn open(dir: &Path, dimensions: usize, executor: Executor) -> Result<EdgeVectors> {
        std::fs::create_dir_all(dir).map_err(|source| Error::Io { path: dir.to_owned(), source })?;
        let config = config(dimensions);
        log::shorten(dir)?;
        let shard = if dir.join("segments").exists() {
            EdgeShard::load(dir, Some(config)).map_err(failed)?
        } else {
            let shard = EdgeShard::new(dir, config).map_err(failed)?;
            for name in field::ALL {
                shard.update(keyword_index(name)?).map_err(failed)?;
            }
            shard.flush();
            shard
        };
        let (mut journal, deleted) = Journal::open(dir)?;
        if !deleted.is_empty() {
            let ids = deleted.into_iter().map(|id| PointId::Uuid(id.0)).collect();
            shard.update(UpdateOperation::PointOperation(PointOperations::DeletePoints { ids })).map_err(failed)?;
            shard.flush();
        }
        journal.end()?;
        let shard = Arc::new(shard);
        let (sender, receiver) = mpsc::channel(QUEUE);
        let owned = Arc::clone(&shard);
        let thread = std::thread::Builder::new()
            .name("vector-writer".into())
            .spawn(move || threads::run(owned, journal, receiver))
            .map_err(|source| Error::Io { path: dir.to_owned(), source })?;
        Ok(EdgeVectors { shard, executor, writes: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    async fn write(&self, operation: PointOperations, fate: Fate, ids: Vec<ChunkId>) -> Result<()> {
        let sender = self.writes.lock().clone().ok_or(Error::Stopped)?;
        let (done, result) = oneshot::channel();
        let write = Write { operation, fate, ids, done };
        sender.send(write).await.map_err(|_| Error::Stopped)?;
        result.await.map_err(|_| Error::Stopped)?
    }
}

impl EdgeVectors {
    async fn nearest(
        &self,
        vector: Vec<f32>,
        filter: Option<qdrant_edge::Filter>,
        params: SearchParams,
        limit: usize,
    ) -> Result<Vec<(ChunkId, f32)>> {
        let request = SearchRequest {
            query: vector.into(),
            filter,
            params: Some(params),
            limit,
            offset: 0,
            with_payload: Some(WithPayloadInterface::Bool(false)),
            with_vector: Some(WithVector::Bool(false)),
            score_threshold: None,
        };
        let shard = Arc::clone(&self.shard);
        let found = self.executor.run(move || shard.search(request).map_err(failed)).await?;
        Ok(found.into_iter().filter_map(|point| Some((chunk_id(point.id)?, point.score))).collect())
    }
}

#[async_trait]
impl VectorStore for EdgeVectors {
    async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        let ids = points.iter().map(|point| point.chunk.id).collect();
        let points = points
            .into_iter()
            .map(|point| {
                let vectors = Vectors::new_named([(DEFAULT_VECTOR_NAME, point.vector)]);
                PointStruct::new(PointId::Uuid(point.chunk.id.0), vectors, payload(&point.chunk)).into()
            })
            .collect();
        self.write(PointOperations::UpsertPoints(PointInsertOperations::PointsList(points)), Fate::Written, ids).await
    }

    async fn delete(&self, ids: Vec<ChunkId>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let points = ids.iter().map(|id| PointId::Uuid(id.0)).collect();
        self.write(PointOperations::DeletePoints { ids: points }, Fate::Deleted, ids).await
    }

    async fn search(&self, vector: Vec<f32>, filter: &Filter, limit: usize) -> Result<Vec<(ChunkId, f32)>> {
        self.nearest(vector, edge_filter(filter)?, RESCORED, limit).await
    }

    async fn cosines(&self, vector: Vec<f32>, ids: Vec<ChunkId>) -> Result<Vec<(ChunkId, f32)>> {
        let limit = ids.len();
        let ids: HashSet<PointId> = ids.into_iter().map(|id| PointId::Uuid(id.0)).collect();
        let among = Condition::HasId(ids.into_iter().collect());
        self.nearest(vector, Some(qdrant_edge::Filter { must: Some(vec![among]), ..Default::default() }), EXACT, limit)
            .await
    }

    async fn vectors(&self, ids: &[ChunkId]) -> Result<HashMap<ChunkId, Vec<f32>>> {
        let shard = Arc::clone(&self.shard);
        let ids: Vec<PointId> = ids.iter().map(|id| PointId::Uuid(id.0)).collect();
        let payload = Some(WithPayloadInterface::Bool(false));
        let vector = Some(WithVector::Bool(true));
        // For a writer: it does not queue with the searches.
        let read = tokio::task::spawn_blocking(move || shard.retrieve(&ids, payload, vector).map_err(failed));
        let records = read.await.map_err(|e| Error::Panicked { detail: e.to_string() })??;
        let found = records.into_iter().filter_map(|record| Some((chunk_id(record.id)?, only_vector(record.vector?)?)));
        Ok(found.collect())
    }

    async fn chunk_ids(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<ChunkId>> {
        let shard = Arc::clone(&self.shard);
        let request = ScrollRequest {
            // The offset is the first id that is returned.
            offset: after.map(|id| PointId::Uuid(uuid::Uuid::from_u128(id.0.as_u128().saturating_add(1)))),
            limit: Some(limit),
            filter: None,
            with_payload: Some(WithPayloadInterface::Bool(false)),
            with_vector: WithVector::Bool(false),
            order_by: None,
        };
        let (records, _) = self.executor.run(move || shard.scroll(request).map_err(failed)).await?;
        Ok(records.into_iter().filter_map(|record| chunk_id(record.id)).collect())
    }

    async fn count(&self) -> Result<u64> {
        let shard = Arc::clone(&self.shard);
        let count = qdrant_edge::CountRequest { filter: None, exact: true };
        self.executor.run(move || shard.count(count).map_err(failed)).await.map(|n| n as u64)
    }

    async fn close(&self) -> Result<()> {
        drop(self.writes.lock().take());
        let Some(thread) = self.thread.lock().take() else { return Ok(()) };
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::Vectors { detail: "the writer thread failed".into() }),
        }
    }
}

fn config(dimensions: usize) -> EdgeConfig {
    let kib = |vectors: usize| vectors * dimensions * size_of::<f32>() / 1024;
    let vector = EdgeVectorParamsBuilder::new(dimensions, Distance::Cosine).on_disk(true).build();
    EdgeConfigBuilder::new()
        .vector(DEFAULT_VECTOR_NAME, vector)
        .on_disk_payload(true)
        .quantization_config(INT8.into())
        .optimizers(EdgeOptimizersConfig {
            // One or nothing: 0 would mean never.
            indexing_threshold: Some(kib(threads::INDEX_FROM).max(1)),
            // Each segment is another graph to walk; only those that reached the largest size stand beside the newest.
            default_segment_number: Some(1),
            ..EdgeOptimizersConfig::default()
        })
        .build()
}

/// Mapped from disk: read into memory, the values of a million points take seconds at each start.
fn keyword_index(name: &str) -> Result<UpdateOperation> {
    let params = KeywordIndexParams { on_disk: Some(true), ..KeywordIndexParams::default() };
    Ok(UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(CreateIndex {
        field_name: path(name)?,
        field_schema: Some(PayloadFieldSchema::FieldParams(PayloadSchemaParams::Keyword(params))),
    })))
}

fn edge_filter(filter: &Filter) -> Result<Option<qdrant_edge::Filter>> {
    let of = |list: Vec<(&str, Vec<String>)>| {
        let conditions = list.into_iter().map(|(name, values)| {
            let any = AnyVariants::Strings(values.into_iter().collect());
            Ok(Condition::Field(FieldCondition::new_match(path(name)?, Match::new_any(any))))
        });
        let conditions = conditions.collect::<Result<Vec<_>>>()?;
        Ok((!conditions.is_empty()).then_some(conditions))
    };
    let Conditions { must, must_not } = conditions(filter);
    let (must, must_not) = (of(must)?, of(must_not)?);
    let is_any = must.is_none() && must_not.is_none();
    Ok((!is_any).then(|| qdrant_edge::Filter { must, must_not, ..Default::default() }))
}

fn path(name: &str) -> Result<JsonPath> {
    name.parse().map_err(|()| Error::Vectors { detail: format!("{name} is no field name") })
}

fn only_vector(vector: VectorStructInternal) -> Option<Vec<f32>> {
    match vector {
        VectorStructInternal::Single(vector) => Some(vector),
        VectorStructInternal::Named(mut named) => match named.remove(DEFAULT_VECTOR_NAME)? {
            VectorInternal::Dense(vector) => Some(vector),
            _ => None,
        },
        VectorStructInternal::MultiDense(_) => None,
    }
}

fn chunk_id(id: PointId) -> Option<ChunkId> {
    match id {
        PointId::Uuid(uuid) => Some(ChunkId(uuid)),
        PointId::NumId(_) => None,
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Vectors { detail: error.to_string() }
}

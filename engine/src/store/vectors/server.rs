//! A Qdrant server, over gRPC.

use std::collections::HashMap;

use async_trait::async_trait;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::vector_output::Vector;
use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder,
    Distance, FieldType, GetPointsBuilder, PointId, PointStruct, PointsIdsList, ScrollPointsBuilder,
    SearchParamsBuilder, SearchPointsBuilder, UpsertPointsBuilder, VectorParamsBuilder,
};
use qdrant_client::{Payload, Qdrant, QdrantError};

use super::{ChunkId, Conditions, Filter, Point, VectorStore, conditions, field, payload};
use crate::{Error, Result};

/// The remote store; the client keeps its connections and may be shared.
pub struct ServerVectors {
    client: Qdrant,
    collection: String,
}

impl ServerVectors {
    /// Connects, and makes the collection when it is not there. A collection of another vector size is not touched.
    pub async fn connect(
        url: &str,
        api_key: Option<&str>,
        collection: &str,
        dimensions: usize,
    ) -> Result<ServerVectors> {
        // The client would print its opinion of the server's version on standard output, amid our JSON.
        let mut config = Qdrant::from_url(url).skip_compatibility_check();
        config.api_key = api_key.map(str::to_owned);
        let client = Qdrant::new(config).map_err(failed)?;
        let store = ServerVectors { client, collection: collection.to_owned() };
        if !store.client.collection_exists(collection).await.map_err(failed)? {
            store.create(dimensions).await?;
        }
        Ok(store)
    }

    async fn create(&self, dimensions: usize) -> Result<()> {
        let vectors = VectorParamsBuilder::new(dimensions as u64, Distance::Cosine).on_disk(true);
        let create = CreateCollectionBuilder::new(&self.collection).vectors_config(vectors).on_disk_payload(true);
        match self.client.create_collection(create).await {
            Ok(_) => {}
            // Another replica was faster.
            Err(_) if self.client.collection_exists(&self.collection).await.map_err(failed)? => {}
            Err(error) => return Err(failed(error)),
        }
        for name in field::ALL {
            let index = CreateFieldIndexCollectionBuilder::new(&self.collection, name, FieldType::Keyword).wait(true);
            self.client.create_field_index(index).await.map_err(failed)?;
        }
        Ok(())
    }
}

#[async_trait]
impl VectorStore for ServerVectors {
    async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        let points: Vec<PointStruct> = points
            .into_iter()
            .map(|point| {
                let fields = Payload::try_from(payload(&point.chunk)).map_err(failed)?;
                Ok(PointStruct::new(point_id(point.chunk.id), point.vector, fields))
            })
            .collect::<Result<_>>()?;
        let upsert = UpsertPointsBuilder::new(&self.collection, points).wait(true);
        self.client.upsert_points(upsert).await.map(|_| ()).map_err(failed)
    }

    async fn delete(&self, ids: Vec<ChunkId>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = PointsIdsList { ids: ids.into_iter().map(point_id).collect() };
        let delete = DeletePointsBuilder::new(&self.collection).points(ids).wait(true);
        self.client.delete_points(delete).await.map(|_| ()).map_err(failed)
    }

    async fn search(&self, vector: Vec<f32>, filter: &Filter, limit: usize) -> Result<Vec<(ChunkId, f32)>> {
        let of = |list: Vec<(&str, Vec<String>)>| -> Vec<Condition> {
            list.into_iter().map(|(name, values)| Condition::matches(name, values)).collect()
        };
        let Conditions { must, must_not } = conditions(filter);
        let filter = qdrant_client::qdrant::Filter { must: of(must), must_not: of(must_not), ..Default::default() };
        let search =
            SearchPointsBuilder::new(&self.collection, vector, limit as u64).filter(filter).with_payload(false);
        let found = self.client.search_points(search).await.map_err(failed)?;
        Ok(found.result.into_iter().filter_map(|point| Some((chunk_id(point.id?)?, point.score))).collect())
    }

    async fn cosines(&self, vector: Vec<f32>, ids: Vec<ChunkId>) -> Result<Vec<(ChunkId, f32)>> {
        let limit = ids.len() as u64;
        let among = qdrant_client::qdrant::Filter::must([Condition::has_id(ids.into_iter().map(point_id))]);
        let search = SearchPointsBuilder::new(&self.collection, vector, limit)
            .filter(among)
            .params(SearchParamsBuilder::default().exact(true))
            .with_payload(false);
        let found = self.client.search_points(search).await.map_err(failed)?;
        Ok(found.result.into_iter().filter_map(|point| Some((chunk_id(point.id?)?, point.score))).collect())
    }

    async fn vectors(&self, ids: &[ChunkId]) -> Result<HashMap<ChunkId, Vec<f32>>> {
        let ids: Vec<PointId> = ids.iter().map(|id| point_id(*id)).collect();
        let get = GetPointsBuilder::new(&self.collection, ids).with_payload(false).with_vectors(true);
        let found = self.client.get_points(get).await.map_err(failed)?;
        let vectors = found.result.into_iter().filter_map(|point| {
            let id = chunk_id(point.id.clone()?)?;
            match point.vectors?.get_vector()? {
                Vector::Dense(dense) => Some((id, dense.data)),
                _ => None,
            }
        });
        Ok(vectors.collect())
    }

    async fn chunk_ids(&self, after: Option<ChunkId>, limit: usize) -> Result<Vec<ChunkId>> {
        let limit_with_first = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
        let mut scroll =
            ScrollPointsBuilder::new(&self.collection).limit(limit_with_first).with_payload(false).with_vectors(false);
        if let Some(after) = after {
            // The offset is the first id that is returned; it may be gone, so it is taken out by comparison.
            scroll = scroll.offset(point_id(after));
        }
        let found = self.client.scroll(scroll).await.map_err(failed)?;
        let ids = found.result.into_iter().filter_map(|point| chunk_id(point.id?));
        Ok(ids.filter(|id| after.is_none_or(|after| *id > after)).take(limit).collect())
    }

    async fn count(&self) -> Result<u64> {
        let count = CountPointsBuilder::new(&self.collection).exact(true);
        let found = self.client.count(count).await.map_err(failed)?;
        Ok(found.result.map_or(0, |result| result.count))
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

fn point_id(id: ChunkId) -> PointId {
    id.to_string().into()
}

fn chunk_id(id: PointId) -> Option<ChunkId> {
    match id.point_id_options? {
        PointIdOptions::Uuid(uuid) => ChunkId::parse(&uuid),
        PointIdOptions::Num(_) => None,
    }
}

fn failed(error: QdrantError) -> Error {
    Error::Vectors { detail: error.to_string() }
}

//! Documents with chunks of real text and vectors that are made up.

use std::collections::BTreeMap;

use serde::Deserialize;
use taproot_engine::store::{Labels, NewChunk, NewDocument};
use taproot_engine::{Engine, Error};

/// Length of the second centre and of the noise, beside 1 of the first centre.
const SECOND: f32 = 0.5;
const NOISE: f32 = 0.5;

#[derive(Deserialize)]
pub struct Line {
    pub uri: String,
    pub title: String,
    pub language: String,
    pub chunks: Vec<String>,
}

pub fn document(source_id: &str, line: Line, vectors: &mut Vectors, engine: &Engine) -> Result<NewDocument, Error> {
    let text = line.chunks.join("\n");
    let mut chunks = Vec::with_capacity(line.chunks.len());
    let mut start = 0;
    for text in line.chunks {
        let end = start + text.chars().count();
        let vector = vectors.next(&text, &line.language, engine)?;
        let language = Some(line.language.clone());
        chunks.push(NewChunk { start, end, page: None, heading: None, table_header: None, language, text, vector });
        start = end + 1;
    }
    Ok(NewDocument {
        source_id: source_id.to_owned(),
        labels: Labels { collection: "default".into(), ..Labels::default() },
        path: line.uri.clone(),
        hash: line.uri.clone(),
        uri: line.uri,
        part_of: None,
        title: Some(line.title),
        language: Some(line.language),
        media_type: "text/plain".into(),
        bytes: text.len() as u64,
        metadata: BTreeMap::new(),
        links: Vec::new(),
        notes: BTreeMap::new(),
        text,
        outline: Vec::new(),
        chunks,
    })
}

/// Each a mixture of two centres with noise, so that the graph of neighbours has clusters as real text has. The centres
/// are the first texts in a language that the embedder knows, embedded.
pub struct Vectors {
    centres: Vec<Vec<f32>>,
    wanted: usize,
    random: Random,
}

impl Vectors {
    pub fn new(wanted: usize) -> Vectors {
        Vectors { centres: Vec::new(), wanted, random: Random(1) }
    }

    fn next(&mut self, text: &str, language: &str, engine: &Engine) -> Result<Vec<f32>, Error> {
        let models = engine.models();
        if self.centres.len() < self.wanted && models.embedder.knows(language) {
            self.centres.push(models.embedder.embed_passage(text)?);
            return Ok(self.centres[self.centres.len() - 1].clone());
        }
        let dimensions = models.embedder.dimensions();
        // Unit vectors in high dimensions are nearly orthogonal, so the lengths of the parts are their weights.
        let noise = NOISE * (12.0 / dimensions as f32).sqrt();
        let mut vector: Vec<f32> = (0..dimensions).map(|_| noise * (self.random.unit() - 0.5)).collect();
        for weight in [1.0, SECOND] {
            if !self.centres.is_empty() {
                let centre = &self.centres[(self.random.unit() * self.centres.len() as f32) as usize];
                vector.iter_mut().zip(centre).for_each(|(x, c)| *x += weight * c);
            }
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
        Ok(vector)
    }
}

/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct Random(u64);

impl Random {
    /// Evenly spread in 0..1.
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

//! ONNX Runtime, loaded once per process from a library file. The only module that knows `ort`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights};
use ort::value::TensorRef;

use crate::{Error, Result};

/// The loaded library.
pub struct Runtime {
    environment: Environment,
}

static LOADED: OnceLock<(PathBuf, Environment)> = OnceLock::new();

impl Runtime {
    /// Loads the library, the first time; later calls get the one that is loaded.
    pub fn load(library: &Path) -> Result<Runtime> {
        if let Some((_, environment)) = LOADED.get() {
            return Ok(Runtime { environment: environment.clone() });
        }
        let failed = |detail: String| Error::Model { name: library.display().to_string(), detail };
        if !library.is_file() {
            return Err(failed("the ONNX Runtime library is not there".into()));
        }
        let environment = ort::init_from(library)
            .map_err(|e| failed(e.to_string()))?
            .with_name("taproot")
            .with_telemetry(false)
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let (_, environment) = LOADED.get_or_init(|| (library.to_owned(), environment));
        Ok(Runtime { environment: environment.clone() })
    }

    /// `count` sessions of one thread each that share the model's packed weights.
    pub fn sessions(&self, model: &Path, count: usize) -> Result<Vec<Model>> {
        let packed = PrepackedWeights::new();
        (0..count).map(|_| self.session(model, &packed)).collect()
    }

    fn session(&self, model: &Path, packed: &PrepackedWeights) -> Result<Model> {
        let name = model.display().to_string();
        let failed = |e: ort::Error| Error::Model { name: name.clone(), detail: e.to_string() };
        let build = || -> ort::Result<Session> {
            Session::builder(&self.environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                .with_intra_op_spinning(false)?
                .with_inter_op_spinning(false)?
                .with_memory_pattern(false)?
                .with_prepacked_weights(packed)?
                .commit_from_file(model)
        };
        Ok(Model { name: name.clone(), session: build().map_err(failed)? })
    }
}

/// A model ready to run; one caller at a time.
pub struct Model {
    name: String,
    session: Session,
}

/// A named input of int64, `[1, values.len()]`.
pub struct Input<'a> {
    pub name: &'static str,
    pub values: &'a [i64],
}

impl Model {
    /// Runs one text, and returns the named float outputs, flattened.
    pub fn run(&mut self, inputs: &[Input<'_>], outputs: &[&str]) -> Result<Vec<Vec<f32>>> {
        let name = self.name.clone();
        let failed = |e: ort::Error| Error::Model { name: name.clone(), detail: e.to_string() };
        let mut values = Vec::with_capacity(inputs.len());
        for input in inputs {
            let tensor = TensorRef::from_array_view(([1, input.values.len()], input.values)).map_err(failed)?;
            values.push((input.name, tensor));
        }
        let found = self.session.run(values).map_err(failed)?;
        outputs
            .iter()
            .map(|output| {
                let value = found.get(output).ok_or_else(|| Error::Model {
                    name: name.clone(),
                    detail: format!("the model has no output {output}"),
                })?;
                Ok(value.try_extract_tensor::<f32>().map_err(failed)?.1.to_vec())
            })
            .collect()
    }
}

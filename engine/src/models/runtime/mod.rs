//! ONNX Runtime, loaded once per process from a library file. The only module that knows `ort`.
//!
//! [`Model`] runs a graph that remembers nothing; [`decoder`] one that is given its own past.

mod decoder;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights};
use ort::value::{DynValue, Outlet, TensorElementType, TensorRef, ValueType};

use crate::{Error, Result};

pub use decoder::{Decoder, DecoderOptions};

/// The loaded library. Cheap to clone.
#[derive(Clone)]
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

/// A named input, `[1, values.len()]`; the graph may take it as 64 or as 32 bits.
pub struct Input<'a> {
    pub name: &'a str,
    pub values: &'a [i64],
}

/// Floats with their shape, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// An input or an output that a graph declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// `None` where any length will do.
    pub shape: Vec<Option<usize>>,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape: Vec<String> =
            self.shape.iter().map(|length| length.map_or_else(|| "?".into(), |length| length.to_string())).collect();
        write!(f, "{} [{}]", self.name, shape.join(", "))
    }
}

impl Model {
    pub fn inputs(&self) -> Vec<Port> {
        self.session.inputs().iter().map(port).collect()
    }

    pub fn outputs(&self) -> Vec<Port> {
        self.session.outputs().iter().map(port).collect()
    }

    /// Runs one text, and returns the named outputs.
    pub fn run(&mut self, inputs: &[Input<'_>], outputs: &[&str]) -> Result<Vec<Tensor>> {
        let name = self.name.clone();
        let failed = |detail: String| Error::Model { name: name.clone(), detail };
        let narrowed: Vec<Option<Vec<i32>>> = inputs.iter().map(|input| self.narrowed(input)).collect();
        let mut values = Vec::with_capacity(inputs.len());
        for (input, narrowed) in inputs.iter().zip(&narrowed) {
            let shape = [1, input.values.len()];
            let tensor = match narrowed {
                Some(narrowed) => {
                    TensorRef::from_array_view((shape, narrowed.as_slice())).map(|value| value.into_dyn())
                }
                None => TensorRef::from_array_view((shape, input.values)).map(|value| value.into_dyn()),
            };
            values.push((input.name, tensor.map_err(|e| failed(e.to_string()))?));
        }
        let found = self.session.run(values).map_err(|e| failed(e.to_string()))?;
        outputs
            .iter()
            .map(|output| {
                let value = found.get(output).ok_or_else(|| failed(format!("the graph has no output {output}")))?;
                floats(value).map_err(|e| failed(format!("the output {output}: {e}")))
            })
            .collect()
    }

    /// The values of an input that the graph takes as 32 bits; ids, types, masks and positions all fit.
    fn narrowed(&self, input: &Input<'_>) -> Option<Vec<i32>> {
        let declared = self.session.inputs().iter().find(|declared| declared.name() == input.name)?;
        let is_narrow = matches!(declared.dtype(), ValueType::Tensor { ty: TensorElementType::Int32, .. });
        is_narrow.then(|| input.values.iter().map(|&value| i32::try_from(value).unwrap_or(i32::MAX)).collect())
    }
}

fn port(outlet: &Outlet) -> Port {
    let shape = match outlet.dtype() {
        ValueType::Tensor { shape, .. } => shape.iter().map(|&length| usize::try_from(length).ok()).collect(),
        _ => Vec::new(),
    };
    Port { name: outlet.name().to_owned(), shape }
}

/// Single or half precision, as the graph has it.
fn floats(value: &DynValue) -> ort::Result<Tensor> {
    let half = matches!(value.dtype(), ValueType::Tensor { ty: TensorElementType::Float16, .. });
    let (shape, values) = if half {
        let (shape, values) = value.try_extract_tensor::<half::f16>()?;
        (shape, values.iter().map(|value| value.to_f32()).collect())
    } else {
        let (shape, values) = value.try_extract_tensor::<f32>()?;
        (shape, values.to_vec())
    };
    Ok(Tensor { shape: shape.iter().map(|&length| usize::try_from(length).unwrap_or(0)).collect(), values })
}

//! A decoder and its key-value cache: tokens in, the logits behind the last of them out.
//!
//! In: graphs as Hugging Face Optimum exports them, `input_ids [1, n]`, `attention_mask [1, past + n]`, `position_ids
//! [1, n]` if declared, `past_key_values.N.{key,value} [1, heads, past, size]` → `logits [1, n or 1, vocabulary]`,
//! `present.N.{key,value}`, the cache in single or half precision. Heads and size are read from the graph, so that
//! grouped-query attention needs nothing of its own.
//!
//! The cache is never copied from step to step. Where it grows, the outputs of a step are handed back as inputs of the
//! next; where the graph writes in place, inputs and outputs are bound to the same memory once. It is copied only when
//! a prompt shares no more than its beginning with the last one, and when its memory has to grow.
//!
//! What to do with logits, and which tokens to feed, is none of its business.

use std::borrow::Cow;
use std::path::Path;

use ort::memory::{Allocator, MemoryInfo};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{IoBinding, Session, SessionInputValue};
use ort::value::{DynTensor, DynValue, Outlet, PrimitiveTensorElementType, Tensor, TensorElementType, ValueType};

use super::{Runtime, port};
use crate::{Error, Result};

/// Memory of a cache that is written in place is taken for a multiple of this.
const CAPACITY_STEP_TOKENS: usize = 256;
const PAST: &str = "past_key_values.";
const PRESENT: &str = "present.";
const LOGITS: &str = "logits";

/// How a decoder is run.
#[derive(Debug, Clone, Copy)]
pub struct DecoderOptions {
    /// Threads of one step.
    pub threads: usize,
    /// The graph writes into the cache that it is given, and may be given more memory than is filled.
    pub in_place: bool,
    /// Tokens of prompt and answer together.
    pub window: usize,
}

pub struct Decoder {
    name: String,
    session: Session,
    options: DecoderOptions,
    /// What is given besides the cache.
    inputs: Vec<Given>,
    ports: Vec<CachePort>,
    /// In the order of `ports`, `[1, heads, capacity, size]`.
    cache: Vec<DynValue>,
    /// Tokens that `cache` has room for; those that it holds, where it grows.
    capacity: usize,
    /// Tokens that `cache` holds.
    tokens: usize,
    /// Of a cache that is written in place.
    binding: Option<IoBinding>,
}

/// An input other than the cache.
struct Given {
    role: Role,
    name: &'static str,
    /// 32 bits instead of 64.
    is_narrow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Ids,
    Mask,
    Positions,
    /// For how many positions logits are wanted.
    LogitsToKeep,
}

const INPUTS: [(&str, Role); 4] = [
    ("input_ids", Role::Ids),
    ("attention_mask", Role::Mask),
    ("position_ids", Role::Positions),
    ("num_logits_to_keep", Role::LogitsToKeep),
];

/// Keys or values of one layer.
#[derive(Clone)]
struct CachePort {
    past: String,
    present: String,
    element: TensorElementType,
    heads: usize,
    size: usize,
}

impl Runtime {
    /// A session of its own for a decoder, with an empty cache.
    pub fn decoder(&self, model: &Path, options: DecoderOptions) -> Result<Decoder> {
        let name = model.display().to_string();
        let failed = |detail: String| Error::Model { name: name.clone(), detail };
        let build = || -> ort::Result<Session> {
            Session::builder(&self.environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(options.threads.max(1))?
                .with_inter_threads(1)?
                .with_intra_op_spinning(false)?
                .with_inter_op_spinning(false)?
                .with_memory_pattern(false)?
                .commit_from_file(model)
        };
        let session = build().map_err(|e| failed(e.to_string()))?;
        let inputs = given(session.inputs()).map_err(failed)?;
        let ports = cache_ports(session.inputs(), session.outputs()).map_err(failed)?;
        let mut decoder = Decoder {
            name: name.clone(),
            session,
            options,
            inputs,
            ports,
            cache: Vec::new(),
            capacity: 0,
            tokens: 0,
            binding: None,
        };
        decoder.resize(0, 0).map_err(|e| failed(e.to_string()))?;
        Ok(decoder)
    }
}

impl Decoder {
    /// Forgets all but the first tokens.
    pub fn keep(&mut self, tokens: usize) -> Result<()> {
        let tokens = tokens.min(self.tokens);
        if !self.options.in_place && tokens < self.tokens {
            self.resize(tokens, tokens).map_err(|e| self.failed(e))?;
        }
        self.tokens = tokens;
        Ok(())
    }

    /// Takes the memory for so many tokens at once, where the cache is written in place.
    pub fn reserve(&mut self, tokens: usize) -> Result<()> {
        if !self.options.in_place || tokens <= self.capacity {
            return Ok(());
        }
        let capacity = tokens.next_multiple_of(CAPACITY_STEP_TOKENS).min(self.options.window);
        self.resize(self.tokens, capacity.max(tokens)).map_err(|e| self.failed(e))
    }

    /// Adds tokens to those that the cache holds. Returns the logits of what follows the last, `[vocabulary]`.
    pub fn feed(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        let total = self.tokens + ids.len();
        if ids.is_empty() || total > self.options.window {
            return Err(self.failed(format!("{total} tokens do not fit into its window of {}", self.options.window)));
        }
        self.reserve(total)?;
        let fed = if self.options.in_place { self.feed_in_place(ids) } else { self.feed_growing(ids) };
        let logits = fed.map_err(|e| self.failed(e))?;
        self.tokens = total;
        if !self.options.in_place {
            self.capacity = total;
        }
        Ok(logits)
    }

    fn feed_growing(&mut self, ids: &[u32]) -> ort::Result<Vec<f32>> {
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::new();
        for given in &self.inputs {
            inputs.push((given.name.into(), given.value(ids, self.tokens)?.into()));
        }
        for (port, past) in self.ports.iter().zip(&self.cache) {
            inputs.push((port.past.as_str().into(), past.into()));
        }
        let mut outputs = self.session.run(inputs)?;
        let logits = outputs.remove(LOGITS).map_or_else(|| Err(missing(LOGITS)), |value| last_row(&value))?;
        let present = |port: &CachePort| outputs.remove(&port.present).ok_or_else(|| missing(&port.present));
        self.cache = self.ports.iter().map(present).collect::<ort::Result<_>>()?;
        Ok(logits)
    }

    fn feed_in_place(&mut self, ids: &[u32]) -> ort::Result<Vec<f32>> {
        let Some(binding) = self.binding.as_mut() else { return Err(ort::Error::new("its cache is not bound")) };
        for given in &self.inputs {
            binding.bind_input(given.name, &given.value(ids, self.tokens)?)?;
        }
        // Anew each time, since a bound output keeps the shape of the step before.
        binding.bind_output_to_device(LOGITS, &MemoryInfo::default())?;
        let outputs = self.session.run_binding(binding)?;
        outputs.get(LOGITS).map_or_else(|| Err(missing(LOGITS)), last_row)
    }

    /// Memory for `capacity` tokens that holds the first `kept` ones, and bindings to it.
    fn resize(&mut self, kept: usize, capacity: usize) -> ort::Result<()> {
        let old = std::mem::take(&mut self.cache);
        self.binding = None;
        for (index, port) in self.ports.iter().enumerate() {
            let shape = [1, port.heads, capacity, port.size];
            let mut new = DynTensor::new(&Allocator::default(), port.element, shape)?.into_dyn();
            if let Some(old) = old.get(index).filter(|_| kept > 0) {
                match port.element {
                    TensorElementType::Float16 => copy_beginnings::<half::f16>(old, &mut new, port, kept)?,
                    _ => copy_beginnings::<f32>(old, &mut new, port, kept)?,
                }
            }
            self.cache.push(new);
        }
        (self.capacity, self.tokens) = (capacity, kept);
        if self.options.in_place {
            let mut binding = self.session.create_binding()?;
            for (port, value) in self.ports.iter().zip(&mut self.cache) {
                binding.bind_input(&port.past, value)?;
                binding.bind_output(&port.present, value)?;
            }
            self.binding = Some(binding);
        }
        Ok(())
    }

    fn failed(&self, detail: impl ToString) -> Error {
        Error::Model { name: self.name.clone(), detail: detail.to_string() }
    }
}

impl Given {
    fn value(&self, ids: &[u32], past: usize) -> ort::Result<DynValue> {
        let total = past + ids.len();
        let values: Vec<i64> = match self.role {
            Role::Ids => ids.iter().map(|&id| i64::from(id)).collect(),
            Role::Mask => vec![1; total],
            Role::Positions => (past as i64..total as i64).collect(),
            Role::LogitsToKeep => return Ok(Tensor::from_array(((), vec![1_i64]))?.into_dyn()),
        };
        let shape = [1, values.len()];
        if self.is_narrow {
            let narrow: Vec<i32> = values.iter().map(|&value| i32::try_from(value).unwrap_or(i32::MAX)).collect();
            return Ok(Tensor::from_array((shape, narrow))?.into_dyn());
        }
        Ok(Tensor::from_array((shape, values))?.into_dyn())
    }
}

/// The inputs that are no cache, or which of them cannot be given.
fn given(inputs: &[Outlet]) -> Result<Vec<Given>, String> {
    let mut found = Vec::new();
    for input in inputs.iter().filter(|input| !input.name().starts_with(PAST)) {
        let known: Vec<&str> = INPUTS.iter().map(|&(name, _)| name).collect();
        let Some(&(name, role)) = INPUTS.iter().find(|(name, _)| *name == input.name()) else {
            let given = known.join(", ");
            return Err(format!("the graph has the input {}; what can be given is {given} and {PAST}*", input.name()));
        };
        found.push(Given { role, name, is_narrow: element(input) == Some(TensorElementType::Int32) });
    }
    match found.iter().any(|given| given.role == Role::Ids) {
        true => Ok(found),
        false => Err("the graph has no input input_ids".into()),
    }
}

/// Each `past_key_values.N.{key,value}` with its `present.N.{key,value}`.
fn cache_ports(inputs: &[Outlet], outputs: &[Outlet]) -> Result<Vec<CachePort>, String> {
    let has = |name: &str| outputs.iter().any(|output| output.name() == name);
    let mut ports = Vec::new();
    for input in inputs.iter().filter(|input| input.name().starts_with(PAST)) {
        let past = input.name().to_owned();
        let present = past.replacen(PAST, PRESENT, 1);
        if !has(&present) {
            return Err(format!("the graph takes {past} and does not give {present}"));
        }
        let shown = port(input);
        let &[None | Some(1), Some(heads), None, Some(size)] = shown.shape.as_slice() else {
            return Err(format!("{shown} is no cache [batch, heads, tokens, size] of known heads and size"));
        };
        match element(input) {
            Some(element @ (TensorElementType::Float32 | TensorElementType::Float16)) => {
                ports.push(CachePort { past, present, element, heads, size });
            }
            _ => return Err(format!("{past} is neither of single nor of half precision")),
        }
    }
    if ports.is_empty() || !has(LOGITS) {
        return Err(format!("it is no decoder with a cache: inputs {PAST}* and the output {LOGITS} are needed"));
    }
    Ok(ports)
}

fn element(outlet: &Outlet) -> Option<TensorElementType> {
    match outlet.dtype() {
        ValueType::Tensor { ty, .. } => Some(*ty),
        _ => None,
    }
}

/// The first tokens of each head.
fn copy_beginnings<T: PrimitiveTensorElementType + Copy>(
    old: &DynValue,
    new: &mut DynValue,
    port: &CachePort,
    tokens: usize,
) -> ort::Result<()> {
    let (_, old) = old.try_extract_tensor::<T>()?;
    let (_, new) = new.try_extract_tensor_mut::<T>()?;
    let (old_row, new_row, kept) = (old.len() / port.heads, new.len() / port.heads, tokens * port.size);
    for (old, new) in old.chunks_exact(old_row.max(1)).zip(new.chunks_exact_mut(new_row.max(1))) {
        new[..kept].copy_from_slice(&old[..kept]);
    }
    Ok(())
}

/// The logits of the last position of `[1, positions, vocabulary]`.
fn last_row(value: &DynValue) -> ort::Result<Vec<f32>> {
    let vocabulary = match value.dtype() {
        ValueType::Tensor { shape, .. } => shape.last().copied().and_then(|length| usize::try_from(length).ok()),
        _ => None,
    };
    let row = |values: usize| vocabulary.and_then(|row| values.checked_sub(row)).filter(|_| values > 0);
    let empty = || ort::Error::new("its logits are empty");
    if element_of(value) == Some(TensorElementType::Float16) {
        let (_, values) = value.try_extract_tensor::<half::f16>()?;
        let start = row(values.len()).ok_or_else(empty)?;
        return Ok(values[start..].iter().map(|value| value.to_f32()).collect());
    }
    let (_, values) = value.try_extract_tensor::<f32>()?;
    let start = row(values.len()).ok_or_else(empty)?;
    Ok(values[start..].to_vec())
}

fn element_of(value: &DynValue) -> Option<TensorElementType> {
    match value.dtype() {
        ValueType::Tensor { ty, .. } => Some(*ty),
        _ => None,
    }
}

fn missing(output: &str) -> ort::Error {
    ort::Error::new(format!("the graph has no output {output}"))
}

//! Tokens → one output of a model, whatever inputs its export has.
//!
//! Exports of the same model differ in which inputs they declare (BERT has token types, XLM-R has none, decoders take
//! positions) and in what their outputs are called. Both are read from the graph; what cannot be served is told when the
//! model is loaded.

use std::path::Path;

use tokenizers::Encoding;

use super::entry::ModelEntry;
use super::pool::Pool;
use super::runtime::{Input, Port, Runtime, Tensor};
use crate::Result;

/// What an input holds, for each token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Ids,
    Mask,
    Types,
    Positions,
}

const INPUTS: [(&str, Role); 4] = [
    ("input_ids", Role::Ids),
    ("attention_mask", Role::Mask),
    ("token_type_ids", Role::Types),
    ("position_ids", Role::Positions),
];

/// The output to take: the named one, else the first of the usual names that the graph has, else its only one.
pub struct Wanted<'a> {
    pub named: Option<&'a str>,
    pub usual: &'static [&'static str],
}

/// Sessions of a model and how to feed them. One text a call: a dynamically quantised model's vectors depend on what
/// else is in a padded batch (cosine down to .986), and batches are slower per text.
pub struct Encoder {
    entry: ModelEntry,
    inputs: Vec<(String, Role)>,
    output: String,
    /// The only length that the graph takes, if it is one of fixed shape.
    fixed_tokens: Option<usize>,
    pool: Pool,
}

impl Encoder {
    pub fn load(
        runtime: &Runtime,
        dir: &Path,
        entry: &ModelEntry,
        wanted: &Wanted<'_>,
        sessions: usize,
    ) -> Result<Encoder> {
        let sessions = runtime.sessions(&dir.join(&entry.path), sessions.max(1))?;
        let (inputs, outputs) =
            sessions.first().map_or((Vec::new(), Vec::new()), |model| (model.inputs(), model.outputs()));
        let fixed_tokens = fixed_tokens(&inputs).map_err(|detail| entry.failed(detail))?;
        if fixed_tokens.is_some_and(|length| length < entry.max_tokens) {
            let detail =
                format!("max_tokens is {}, the graph takes {} tokens", entry.max_tokens, fixed_tokens.unwrap_or(0));
            return Err(entry.failed(detail));
        }
        let output = choose(&outputs, wanted).map_err(|detail| entry.failed(detail))?.name.clone();
        let inputs = roles(&inputs).map_err(|detail| entry.failed(detail))?;
        Ok(Encoder { entry: entry.clone(), inputs, output, fixed_tokens, pool: Pool::new(sessions) })
    }

    pub fn entry(&self) -> &ModelEntry {
        &self.entry
    }

    /// Name of the output that is taken.
    pub fn output(&self) -> &str {
        &self.output
    }

    pub fn fixed_tokens(&self) -> Option<usize> {
        self.fixed_tokens
    }

    pub fn run(&self, encoding: &Encoding) -> Result<Tensor> {
        let values: Vec<(&str, Vec<i64>)> =
            self.inputs.iter().map(|(name, role)| (name.as_str(), role.values(encoding))).collect();
        let inputs: Vec<Input<'_>> = values.iter().map(|(name, values)| Input { name, values }).collect();
        Ok(self.pool.with(|model| model.run(&inputs, &[&self.output]))?.swap_remove(0))
    }
}

impl Role {
    fn values(self, encoding: &Encoding) -> Vec<i64> {
        let widened = match self {
            Role::Ids => encoding.get_ids(),
            Role::Mask => encoding.get_attention_mask(),
            Role::Types => encoding.get_type_ids(),
            Role::Positions => return positions(encoding.get_attention_mask()),
        };
        widened.iter().map(|&value| i64::from(value)).collect()
    }
}

/// Tokens count from 0 on wherever the padding is, as in Transformers' generation utilities.
fn positions(mask: &[u32]) -> Vec<i64> {
    let mut tokens = 0;
    mask.iter()
        .map(|&kept| {
            tokens += i64::from(kept);
            (tokens - 1).max(0)
        })
        .collect()
}

fn roles(inputs: &[Port]) -> Result<Vec<(String, Role)>, String> {
    let role = |name: &str| INPUTS.iter().find(|(known, _)| *known == name).map(|&(_, role)| role);
    if let Some(unknown) = inputs.iter().find(|input| role(&input.name).is_none()) {
        let known: Vec<&str> = INPUTS.iter().map(|&(name, _)| name).collect();
        return Err(format!("the graph has the input {}; what can be given is {}", unknown.name, known.join(", ")));
    }
    let roles: Vec<_> = inputs.iter().filter_map(|input| Some((input.name.clone(), role(&input.name)?))).collect();
    match roles.iter().any(|(_, role)| *role == Role::Ids) {
        true => Ok(roles),
        false => Err("the graph has no input input_ids".into()),
    }
}

/// Inputs are `[batch, tokens]`; a graph of fixed shape says numbers where others say names.
fn fixed_tokens(inputs: &[Port]) -> Result<Option<usize>, String> {
    let Some(ids) = inputs.iter().find(|input| input.name == INPUTS[0].0) else { return Ok(None) };
    match ids.shape.as_slice() {
        [None | Some(1), tokens] => Ok(*tokens),
        [Some(batch), _] => {
            Err(format!("the graph takes batches of {batch} texts only; export it for one or any number"))
        }
        shape => Err(format!("input_ids has {} dimensions instead of 2", shape.len())),
    }
}

fn choose<'p>(outputs: &'p [Port], wanted: &Wanted<'_>) -> Result<&'p Port, String> {
    let find = |name: &str| outputs.iter().find(|output| output.name == name);
    let listed = || outputs.iter().map(Port::to_string).collect::<Vec<_>>().join(", ");
    match (wanted.named, outputs) {
        (Some(name), _) => find(name).ok_or_else(|| format!("the graph has no output {name}; it has {}", listed())),
        (None, [only]) => Ok(only),
        (None, _) => wanted.usual.iter().find_map(|name| find(name)).ok_or_else(|| {
            format!("the graph has none of the usual outputs ({}); name one of {}", wanted.usual.join(", "), listed())
        }),
    }
}

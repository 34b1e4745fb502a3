#!/usr/bin/env python3
"""all-MiniLM-L6-v2 (safetensors) -> an ONNX model that gives one vector a text. Needs numpy, onnx, safetensors.

Inputs : input_ids, attention_mask   int64 [batch, sequence]
Outputs: last_hidden_state           fp32  [batch, sequence, 384]
         sentence_embedding          fp32  [batch, 384]: mean over unmasked tokens, length 1
Token types are all 0, so their embedding is folded into the position table.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from bert import Bert, load_checkpoint, recipe_arguments, save
from ortgraph import Graph

INPUT_SHAPE = ["batch", "sequence"]


def build(model_dir: Path, quant: str) -> onnx.ModelProto:
    """The model, its weights stored as `quant` says (see bert.py)."""
    config, weights = load_checkpoint(model_dir)
    hidden_size = config["hidden_size"]
    graph = Graph("minilm")
    ids = graph.input("input_ids", TensorProto.INT64, INPUT_SHAPE)
    attention_mask = graph.input("attention_mask", TensorProto.INT64, INPUT_SHAPE)
    hidden = Bert(graph, weights, config, quant).encode(ids, attention_mask)
    add_mean_pooling(graph, hidden, attention_mask)
    graph.output("last_hidden_state", TensorProto.FLOAT, INPUT_SHAPE + [hidden_size])
    graph.output("sentence_embedding", TensorProto.FLOAT, ["batch", hidden_size])
    return graph.model(
        {
            "source": "sentence-transformers/all-MiniLM-L6-v2",
            "license": "Apache-2.0",
            "quant": quant,
            "max_seq_length": 256,
            "pooling": "mean",
            "normalized": 1,
        }
    )


def add_mean_pooling(graph: Graph, hidden: str, attention_mask: str) -> None:
    """[batch, sequence, hidden] -> sentence_embedding. A sum over tokens does: the mean's divisor cancels."""
    token_axis = graph.const("i1", np.array([1], np.int64))
    mask = graph.op("Cast", [attention_mask], to=TensorProto.FLOAT)
    mask = graph.op("Unsqueeze", [mask, token_axis])  # [batch, 1, sequence]
    total = graph.op("MatMul", [mask, hidden])
    total = graph.op("Squeeze", [total, token_axis])
    graph.op("LpNormalization", [total], "sentence_embedding", axis=-1, p=2)


if __name__ == "__main__":
    arguments = recipe_arguments(__doc__.splitlines()[0])
    save(build(arguments.model_dir, arguments.quant), arguments.out)

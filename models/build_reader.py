#!/usr/bin/env python3
"""Extractive reader (MiniLM encoder and span head, safetensors) -> ONNX. Needs numpy, onnx, safetensors.

MODEL_DIR is what train_reader.py writes: the encoder's weights below `bert.`, the head's as `span.weight` [2, 384]
and `span.bias` [2].

Inputs : input_ids, attention_mask, token_type_ids   int64 [batch, sequence]
         [CLS] question [SEP] passage [SEP]; types 0 for the question's part, 1 for the passage's
Outputs: start_logits, end_logits                    fp32 [batch, sequence], −1e4 outside the passage
         null_score                                  fp32 [batch], start + end at [CLS]
Answer = the span with start <= end < start + 30 that has the greatest start_logits[start] + end_logits[end];
no answer if that sum − null_score is not above a threshold.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from bert import Bert, load_checkpoint, recipe_arguments, save
from ortgraph import Graph

SEPARATOR_ID = 102  # [SEP] in BERT's uncased vocabulary
OUTSIDE_PASSAGE = -1e4
INPUT_SHAPE = ["batch", "sequence"]


def build(model_dir: Path, quant: str) -> onnx.ModelProto:
    """The model, its weights stored as `quant` says (see bert.py); the head stays fp32."""
    config, weights = load_checkpoint(model_dir)
    graph = Graph("reader")
    ids = graph.input("input_ids", TensorProto.INT64, INPUT_SHAPE)
    attention_mask = graph.input("attention_mask", TensorProto.INT64, INPUT_SHAPE)
    token_types = graph.input("token_type_ids", TensorProto.INT64, INPUT_SHAPE)
    hidden = Bert(graph, weights, config, quant, prefix="bert.").encode(ids, attention_mask, token_types)
    head_weight = graph.const("span.w", weights["span.weight"].T.astype(np.float32))
    logits = graph.op("MatMul", [hidden, head_weight])
    logits = graph.op("Add", [logits, graph.const("span.b", weights["span.bias"].astype(np.float32))])
    inside = passage_mask(graph, ids, attention_mask, token_types)
    add_span_logits(graph, logits, inside)
    add_null_score(graph, logits)
    return graph.model({"base": "sentence-transformers/all-MiniLM-L6-v2", "quant": quant, "max_seq_length": 256})


def passage_mask(graph: Graph, ids: str, attention_mask: str, token_types: str) -> str:
    """bool [batch, sequence]: the token belongs to the passage and is not its closing [SEP]."""
    one = graph.const("one", np.array(1, np.int64))
    in_second_part = graph.op("Equal", [token_types, one])
    unmasked = graph.op("Equal", [attention_mask, one])
    inside = graph.op("And", [in_second_part, unmasked])
    separator = graph.op("Equal", [ids, graph.const("sep", np.array(SEPARATOR_ID, np.int64))])
    return graph.op("And", [inside, graph.op("Not", [separator])])


def add_span_logits(graph: Graph, logits: str, inside: str) -> None:
    """logits [batch, sequence, 2] -> outputs start_logits and end_logits."""
    last_axis = graph.const("ax2", np.array([2], np.int64))
    outside = graph.const("neg", np.array(OUTSIDE_PASSAGE, np.float32))
    start, end = graph.split(logits, "s11", [1, 1], axis=2)
    for name, part in (("start_logits", start), ("end_logits", end)):
        graph.op("Where", [inside, graph.op("Squeeze", [part, last_axis]), outside], name)
        graph.output(name, TensorProto.FLOAT, INPUT_SHAPE)


def add_null_score(graph: Graph, logits: str) -> None:
    """logits [batch, sequence, 2] -> output null_score."""
    at_cls = graph.op("Gather", [logits, graph.const("zero", np.array(0, np.int64))], axis=1)  # [batch, 2]
    score_axis = graph.const("i1", np.array([1], np.int64))
    graph.op("ReduceSum", [at_cls, score_axis], "null_score", keepdims=0)
    graph.output("null_score", TensorProto.FLOAT, ["batch"])


if __name__ == "__main__":
    arguments = recipe_arguments(__doc__.splitlines()[0])
    save(build(arguments.model_dir, arguments.quant), arguments.out)

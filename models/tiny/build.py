#!/usr/bin/env python3
"""Writes the tiny random models that the tests load, one for each shape of export, and their reference vectors.

Needs numpy and onnx. Out, beside this file: NAME/model.onnx, NAME/tokenizer.json, models.toml, reference.json and, for
the generators of `writers.py`, writers.json. The folder bert keeps its weights in a file of their own, as exports beyond
2 GB have to.
The vectors come from `reference.py`, the texts from `writer_reference.py`, which do everything again in numpy and never
run a graph.

    PYTHONPATH=$(ls -d .cache/python/*) python3 models/tiny/build.py
"""
from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Optional

import numpy as np
import onnx
from onnx import TensorProto, external_data_helper

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import reference
import writer_reference
import writers
from ortgraph import Graph
from reference import HEADS, HIDDEN, LAYERS, MASKED
from tokens import Pieces, Words

FIXED_TOKENS = 24
# The model whose weights lie outside of the graph, and where.
EXTERNAL, WEIGHTS_FILE = "bert", "bert_weights.bin"
INTEGERS = {"int64": TensorProto.INT64, "int32": TensorProto.INT32}


class Encoder:
    """The graph of one encoder: weights by name as `reference.weights` makes them."""

    def __init__(self, weights: dict[str, np.ndarray], shape: list, integers: str = "int64") -> None:
        self.graph = Graph("tiny")
        self.weights = weights
        self.shape = shape
        self.integers = INTEGERS[integers]
        self.ids = self._input("input_ids")
        self.mask = self._input("attention_mask")

    def bert(self) -> str:
        """Positions count from 0, token types are an input."""
        types = self._input("token_type_ids")
        places = self._slice_of_positions()
        return self._post_norm(self._sum(self._rows("word", self.ids), places, self._rows("type", types)))

    def xlmr(self) -> str:
        """No token types; positions are made of the ids, and count from the padding's id + 1 on."""
        graph = self.graph
        pad = graph.const("pad", np.array(reference.PIECES_PAD, np.int64))
        present = graph.op("Cast", [graph.op("Not", [graph.op("Equal", [self.ids, pad])])], to=TensorProto.INT64)
        axis = graph.const("axis1", np.array(1, np.int64))
        places = graph.op("Mul", [graph.op("CumSum", [present, axis]), present])
        places = graph.op("Add", [places, pad])
        return self._post_norm(self._sum(self._rows("word", self.ids), self._rows("position", places)))

    def decoder(self) -> str:
        """Norm before each part, a token sees those before it; positions are an input."""
        places = self._input("position_ids")
        hidden = self._sum(self._rows("word", self.ids), self._rows("position", places))
        rows, columns = (self.graph.const(f"i{axes[0]}{axes[1]}", np.array(axes, np.int64)) for axes in ((1, 3), (1, 2)))
        later = [self.graph.op("Unsqueeze", [places, rows]), self.graph.op("Unsqueeze", [places, columns])]
        causal = self.graph.op("Cast", [self.graph.op("Less", later)], to=TensorProto.FLOAT)
        causal = self.graph.op("Mul", [causal, self.graph.const("masked", np.array(MASKED, np.float32))])
        for layer in range(LAYERS):
            name = f"{layer}."
            hidden = self._sum(hidden, self._attention(self._norm(hidden, name + "n1"), name, causal))
            hidden = self._sum(hidden, self._feed(self._norm(hidden, name + "n2"), name))
        return self._norm(hidden, "last")

    def mean(self, hidden: str) -> str:
        """A sum over tokens, to length 1."""
        mask = self.graph.op("Cast", [self.mask], to=TensorProto.FLOAT)
        axis = self.graph.const("i1", np.array([1], np.int64))
        total = self.graph.op("MatMul", [self.graph.op("Unsqueeze", [mask, axis]), hidden])
        return self.graph.op("LpNormalization", [self.graph.op("Squeeze", [total, axis])], axis=-1, p=2)

    def logits(self, hidden: str) -> str:
        """The first token through a dense layer and tanh to as many logits as `head` has rows."""
        first = self.graph.op("Gather", [hidden, self.graph.const("first", np.array(0, np.int64))], axis=1)
        pooled = self.graph.op("Tanh", [self._linear(first, "pool")])
        return self._linear(pooled, "head")

    def output(self, value: str, name: str, shape: list, element: int = TensorProto.FLOAT) -> None:
        """Names a value and declares it."""
        self.graph.op("Cast", [value], name, to=element)
        self.graph.output(name, element, shape)

    def _input(self, name: str) -> str:
        return self.graph.input(name, self.integers, self.shape)

    def _post_norm(self, hidden: str) -> str:
        hidden = self._norm(hidden, "first")
        for layer in range(LAYERS):
            name = f"{layer}."
            hidden = self._norm(self._sum(hidden, self._attention(hidden, name, None)), name + "n1")
            hidden = self._norm(self._sum(hidden, self._feed(hidden, name)), name + "n2")
        return hidden

    def _attention(self, hidden: str, name: str, causal: Optional[str]) -> str:
        graph = self.graph
        query, key, value = (self._heads(self._linear(hidden, name + part)) for part in "qkv")
        scores = graph.op("MatMul", [query, graph.op("Transpose", [key], perm=[0, 1, 3, 2])])
        scores = graph.op("Div", [scores, graph.const("root", np.array((HIDDEN / HEADS) ** 0.5, np.float32))])
        hides = graph.op("Cast", [self.mask], to=TensorProto.FLOAT)
        hides = graph.op("Sub", [graph.const("one", np.array(1, np.float32)), hides])
        hides = graph.op("Mul", [hides, graph.const("masked", np.array(MASKED, np.float32))])
        scores = self._sum(scores, graph.op("Unsqueeze", [hides, graph.const("i12", np.array([1, 2], np.int64))]))
        if causal is not None:
            scores = self._sum(scores, causal)
        mixed = graph.op("MatMul", [graph.op("Softmax", [scores], axis=-1), value])
        mixed = graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
        mixed = graph.op("Reshape", [mixed, graph.const("joined", np.array([0, 0, HIDDEN], np.int64))])
        return self._linear(mixed, name + "o")

    def _heads(self, value: str) -> str:
        split = self.graph.const("split", np.array([0, 0, HEADS, HIDDEN // HEADS], np.int64))
        return self.graph.op("Transpose", [self.graph.op("Reshape", [value, split])], perm=[0, 2, 1, 3])

    def _feed(self, hidden: str, name: str) -> str:
        graph = self.graph
        wide = self._linear(hidden, name + "f1")
        half = graph.op("Mul", [wide, graph.const("half", np.array(0.5, np.float32))])
        error = graph.op("Erf", [graph.op("Div", [wide, graph.const("root2", np.array(2**0.5, np.float32))])])
        one = graph.const("one", np.array(1, np.float32))
        return self._linear(graph.op("Mul", [half, graph.op("Add", [error, one])]), name + "f2")

    def _linear(self, value: str, name: str) -> str:
        product = self.graph.op("MatMul", [value, self.graph.const(name + ".w", self.weights[name + ".w"])])
        return self._sum(product, self.graph.const(name + ".b", self.weights[name + ".b"]))

    def _norm(self, value: str, name: str) -> str:
        gain, bias = (self.graph.const(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in "gb")
        return self.graph.op("LayerNormalization", [value, gain, bias], epsilon=reference.EPSILON)

    def _rows(self, table: str, at: str) -> str:
        return self.graph.op("Gather", [self.graph.const(table, self.weights[table]), at])

    def _slice_of_positions(self) -> str:
        table = self.graph.const("position", self.weights["position"])
        zero = self.graph.const("i0", np.array([0], np.int64))
        return self.graph.op("Slice", [table, zero, self._length(), zero])

    def _length(self) -> str:
        one, two = (self.graph.const(f"i{number}", np.array([number], np.int64)) for number in (1, 2))
        return self.graph.op("Slice", [self.graph.op("Shape", [self.ids]), one, two])

    def _sum(self, first: str, *others: str) -> str:
        for other in others:
            first = self.graph.op("Add", [first, other])
        return first


DYNAMIC = ["batch", "tokens"]


def models() -> dict[str, onnx.ModelProto]:
    """The graphs by the name of their folder."""
    made = {}
    # BERT, MiniLM, E5, BGE, GTE as Optimum exports them.
    bert = Encoder(reference.WEIGHTS["bert"], DYNAMIC)
    bert.output(bert.bert(), "last_hidden_state", DYNAMIC + [HIDDEN])
    made["bert"] = bert
    # The same for a compiler that wants to know every shape.
    fixed = Encoder(reference.WEIGHTS["bert"], [1, FIXED_TOKENS])
    fixed.output(fixed.bert(), "last_hidden_state", [1, FIXED_TOKENS, HIDDEN])
    made["bert-fixed"] = fixed
    # A sentence-transformers export: both kinds of output, here with 32-bit ids as TensorFlow has them.
    pooled = Encoder(reference.WEIGHTS["bert"], DYNAMIC, "int32")
    hidden = pooled.bert()
    pooled.output(hidden, "token_embeddings", DYNAMIC + [HIDDEN])
    pooled.output(pooled.mean(hidden), "sentence_embedding", ["batch", HIDDEN])
    made["bert-pooled"] = pooled
    # multilingual-e5, bge-m3.
    xlmr = Encoder(reference.WEIGHTS["xlmr"], DYNAMIC)
    xlmr.output(xlmr.xlmr(), "last_hidden_state", DYNAMIC + [HIDDEN])
    made["xlmr"] = xlmr
    # A language model that embeds by its last token, in half precision.
    decoder = Encoder(reference.WEIGHTS["decoder"], DYNAMIC)
    decoder.output(decoder.decoder(), "last_hidden_state", DYNAMIC + [HIDDEN], TensorProto.FLOAT16)
    made["decoder"] = decoder
    left = Encoder(reference.WEIGHTS["decoder"], [1, FIXED_TOKENS])
    left.output(left.decoder(), "last_hidden_state", [1, FIXED_TOKENS, HIDDEN])
    made["decoder-fixed"] = left
    # Cross-encoders: ms-marco-MiniLM has one logit, others have two.
    one = Encoder(reference.WEIGHTS["reranker-1"], DYNAMIC)
    one.output(one.logits(one.bert()), "logits", ["batch", 1])
    made["reranker-1"] = one
    two = Encoder(reference.WEIGHTS["reranker-2"], DYNAMIC)
    two.output(two.logits(two.xlmr()), "logits", ["batch", 2])
    made["reranker-2"] = two
    graphs = {name: encoder.graph.model({}) for name, encoder in made.items()} | writers.graphs()
    return {name: without_names(graph) for name, graph in graphs.items()}


def without_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """Values have names, nodes need none: a tenth of the file."""
    for node in model.graph.node:
        node.ClearField("name")
    return model


def tokenizers() -> dict[str, dict[str, Any]]:
    """tokenizer.json by folder. Presets of padding and truncation are there to be overridden."""
    words, pieces = Words(), Pieces()
    preset = {"padding": padding(32, "Right", words.pad, "[PAD]"), "truncation": truncation(6)}
    left = {"padding": padding(32, "Left", pieces.pad, "<pad>")}
    return {
        "bert": words.file(**preset),
        "xlmr": pieces.file("<s> {} </s>", "<s> {} </s> </s> {} </s>"),
        "decoder": pieces.file("{} </s>", "{} {} </s>", **left),
    }


def padding(length: int, side: str, pad: int, token: str) -> dict[str, Any]:
    return {
        "strategy": {"Fixed": length},
        "direction": side,
        "pad_to_multiple_of": None,
        "pad_id": pad,
        "pad_type_id": 0,
        "pad_token": token,
    }


def truncation(length: int) -> dict[str, Any]:
    return {"direction": "Right", "max_length": length, "strategy": "LongestFirst", "stride": 0}


def main() -> None:
    """Writes everything."""
    for folder, model in models().items():
        onnx.checker.check_model(model)
        if folder == EXTERNAL:
            weights = HERE / folder / WEIGHTS_FILE
            weights.unlink(missing_ok=True)
            external_data_helper.convert_model_to_external_data(model, location=WEIGHTS_FILE, size_threshold=256)
            model = external_data_helper.write_external_data_tensors(model, str(HERE / folder))
            print(f"{weights.stat().st_size:7} {folder}/{WEIGHTS_FILE}")
        write(f"{folder}/model.onnx", model.SerializeToString(deterministic=True))
    for folder, tokenizer in tokenizers().items():
        write(f"{folder}/tokenizer.json", json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")).encode())
    for name, content in writers.text_files().items():
        write(f"writer/{name}", compact(content).encode())
    write("models.toml", models_toml().encode())
    answers = json.dumps(reference.answers(), ensure_ascii=False, separators=(",", ":"))
    write("reference.json", answers.replace("},{", "},\n{").replace("],", "],\n").encode() + b"\n")
    write("writers.json", compact(writer_reference.texts()).replace("],", "],\n").encode() + b"\n")


def compact(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def models_toml() -> str:
    lines = [
        "# Written by build.py: the tiny random models of the tests. They mean nothing.",
        "",
        "[runtime]",
        'version = "1.32.0"',
        'library = "../../.cache/models/runtime/libonnxruntime.so.1.32.0"',
    ]
    for name, described in reference.MODELS.items():
        folder = described["folder"]
        entry = {
            "name": name,
            "task": described.get("task", "embedder"),
            "path": f"{folder}/model.onnx",
            "sha256": sha256(f"{folder}/model.onnx"),
            "tokenizer": f"{described['tokenizer']}/tokenizer.json",
            "languages": ["*"],
            "max_tokens": described["max_tokens"],
            "license": "Apache-2.0",
            "source": "build.py",
            **described.get("entry", {}),
        }
        if entry["task"] == "embedder":
            entry["dimensions"] = HIDDEN
            entry["pooling"] = described["pooling"]
        lines += ["", "[[model]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
        if folder == EXTERNAL:
            weights = f"{folder}/{WEIGHTS_FILE}"
            lines.append(f'external_data = [{{ path = "{weights}", sha256 = "{sha256(weights)}" }}]')
    for name, described in writer_reference.WRITERS.items():
        entry = {
            "name": f"writer-{name}",
            "task": "generator",
            "path": f"writer-{name}/model.onnx",
            "sha256": sha256(f"writer-{name}/model.onnx"),
            "tokenizer": "writer/tokenizer.json",
            "languages": ["*"],
            "max_tokens": writer_reference.WINDOW,
            "license": "Apache-2.0",
            "source": "build.py",
            "prompt": "chat",
            "max_new_tokens": writer_reference.STEPS,
            **described.get("entry", {}),
        }
        lines += ["", "[[model]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
    return "\n".join(lines) + "\n"


def sha256(name: str) -> str:
    return hashlib.sha256((HERE / name).read_bytes()).hexdigest()


def write(name: str, content: bytes) -> None:
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    print(f"{len(content):7} {name}")


if __name__ == "__main__":
    main()

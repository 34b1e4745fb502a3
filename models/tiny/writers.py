"""The graphs of the tiny generators and the files beside them; `writer_reference` says what they must write.

Exports of Hugging Face Optimum: `llama` takes positions and keeps its cache in single precision; `qwen2` makes its
positions from the mask, takes 32-bit ids, keeps its cache and gives its logits in half precision, and only as many as
asked; `llama-in-place` is `llama` with the attention operator that writes into the cache that it is given.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

import writer_reference as reference
from ortgraph import Graph
from writer_reference import HEADS, KV_HEADS, LAYERS, SIZE, WINDOW, WRITERS

LATER = -1e9
GROUP = HEADS // KV_HEADS


class Writer:
    """The graph of one model."""

    def __init__(self, name: str) -> None:
        self.graph = Graph("tiny")
        self.name = name
        self.model = WRITERS[name]
        self.weights = reference.WEIGHTS[self.model["weights"]]
        self.in_place = name.endswith("in-place")
        self.cache = TensorProto.FLOAT16 if self.model.get("half") else TensorProto.FLOAT

    def build(self) -> onnx.ModelProto:
        graph = self.graph
        integers = TensorProto.INT32 if self.model.get("half") else TensorProto.INT64
        ids = graph.input("input_ids", integers, ["batch_size", "sequence_length"])
        mask = graph.input("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"])
        self.total = self._length(mask)
        if self.model.get("half"):
            self.places = self._places_before(ids)
        else:
            self.places = graph.input("position_ids", TensorProto.INT64, ["batch_size", "sequence_length"])
        for layer in range(LAYERS):
            for part in ("key", "value"):
                shape = ["batch_size", KV_HEADS, "past_sequence_length", SIZE]
                graph.input(f"past_key_values.{layer}.{part}", self.cache, shape)
        hidden = graph.op("Gather", [self._weight("embedding"), ids])
        for layer in range(LAYERS):
            name = f"{layer}."
            normed = self._norm(hidden, name + "n1")
            mixed = self._group_query(layer, normed, mask) if self.in_place else self._attention(layer, normed)
            hidden = graph.op("Add", [hidden, graph.op("MatMul", [mixed, self._weight(name + "o.w")])])
            hidden = graph.op("Add", [hidden, self._feed(self._norm(hidden, name + "n2"), name)])
        self._logits(self._norm(hidden, "last"))
        for layer in range(LAYERS):
            for part in ("key", "value"):
                shape = ["batch_size", KV_HEADS, "total_sequence_length", SIZE]
                graph.output(f"present.{layer}.{part}", self.cache, shape)
        return graph.model({})

    def _logits(self, hidden: str) -> None:
        graph = self.graph
        positions: Any = "sequence_length"
        if self.model.get("half"):
            kept = graph.input("num_logits_to_keep", TensorProto.INT64, [])
            start = graph.op("Unsqueeze", [graph.op("Neg", [kept]), self._integers([0])])
            hidden = graph.op("Slice", [hidden, start, self._integers([2**31 - 1]), self._integers([1])])
            positions = "num_logits_to_keep"
        tied = graph.op("Transpose", [self._weight("embedding")], perm=[1, 0]) if self.model.get("tied") else None
        product = graph.op("MatMul", [hidden, tied or self._weight("head")])
        graph.op("Cast", [product], "logits", to=self.cache)
        graph.output("logits", self.cache, ["batch_size", positions, reference.VOCABULARY])

    def _attention(self, layer: int, normed: str) -> str:
        """Of plain operators: the past in front of what is new, one group of queries a pair of keys and values."""
        graph, name = self.graph, f"{layer}."
        query = self._rotated(self._heads(self._projected(normed, name + "q"), HEADS))
        key = self._rotated(self._heads(self._projected(normed, name + "k"), KV_HEADS))
        value = self._heads(self._projected(normed, name + "v"), KV_HEADS)
        key, value = (self._grown(layer, part, new) for part, new in (("key", key), ("value", value)))
        query = graph.op("Reshape", [query, self._integers([0, KV_HEADS, GROUP, -1, SIZE])])
        key, value = (graph.op("Unsqueeze", [array, self._integers([2])]) for array in (key, value))
        scores = graph.op("MatMul", [query, graph.op("Transpose", [key], perm=[0, 1, 2, 4, 3])])
        scores = graph.op("Div", [scores, self._number("root", SIZE**0.5)])
        scores = graph.op("Add", [scores, self._later()])
        mixed = graph.op("MatMul", [graph.op("Softmax", [scores], axis=-1), value])
        mixed = graph.op("Reshape", [mixed, self._integers([0, HEADS, -1, SIZE])])
        mixed = graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
        return graph.op("Reshape", [mixed, self._integers([0, 0, HEADS * SIZE])])

    def _group_query(self, layer: int, normed: str, mask: str) -> str:
        """The fused operator, which turns by itself."""
        graph, name = self.graph, f"{layer}."
        one = self._integers([1])
        known = graph.op("Sub", [graph.op("ReduceSum", [mask, one], keepdims=0), one])
        total = graph.op("Squeeze", [self.total])
        lengths = [graph.op("Cast", [length], to=TensorProto.INT32) for length in (known, total)]
        tables = [graph.const(f"turn{part}", table) for part, table in enumerate(reference.rotation(WINDOW))]
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        outputs = [name + "mixed", *(f"present.{layer}.{part}" for part in ("key", "value"))]
        parts = [self._projected(normed, name + part) for part in "qkv"]
        inputs = [*parts, *past, *lengths, *tables]
        return graph.ms_node("GroupQueryAttention", inputs, outputs, num_heads=HEADS, kv_num_heads=KV_HEADS, do_rotary=1)

    def _grown(self, layer: int, part: str, new: str) -> str:
        """What was known and what is new, in single precision; the output `present`."""
        graph, name = self.graph, f"present.{layer}.{part}"
        stored = graph.op("Cast", [new], to=self.cache)
        graph.op("Concat", [f"past_key_values.{layer}.{part}", stored], name, axis=2)
        return graph.op("Cast", [name], to=TensorProto.FLOAT)

    def _later(self) -> str:
        """[tokens, total]: hides what comes behind each token."""
        graph = self.graph
        zero, one = (graph.const(f"scalar{number}", np.array(number, np.int64)) for number in (0, 1))
        keys = graph.op("Range", [zero, graph.op("Squeeze", [self.total]), one])
        places = graph.op("Squeeze", [self.places, self._integers([0])])
        hidden = graph.op("Less", [graph.op("Unsqueeze", [places, self._integers([1])]), keys])
        return graph.op("Mul", [graph.op("Cast", [hidden], to=TensorProto.FLOAT), self._number("later", LATER)])

    def _places_before(self, ids: str) -> str:
        """The last places of all, as many as there are ids."""
        graph = self.graph
        first = graph.op("Sub", [self.total, self._length(ids)])
        one = graph.const("scalar1", np.array(1, np.int64))
        places = graph.op("Range", [graph.op("Squeeze", [first]), graph.op("Squeeze", [self.total]), one])
        return graph.op("Unsqueeze", [places, self._integers([0])])

    def _length(self, value: str) -> str:
        one, two = self._integers([1]), self._integers([2])
        return self.graph.op("Slice", [self.graph.op("Shape", [value]), one, two])

    def _rotated(self, value: str) -> str:
        graph = self.graph
        cosine, sine = (
            graph.op("Gather", [graph.const(f"turn{part}", table), self.places])
            for part, table in enumerate(reference.rotation(WINDOW))
        )
        cosine, sine = (graph.op("Unsqueeze", [table, self._integers([1])]) for table in (cosine, sine))
        first, second = graph.split(value, "halves", [SIZE // 2, SIZE // 2], axis=-1)
        turned = [
            graph.op("Sub", [graph.op("Mul", [first, cosine]), graph.op("Mul", [second, sine])]),
            graph.op("Add", [graph.op("Mul", [second, cosine]), graph.op("Mul", [first, sine])]),
        ]
        return graph.op("Concat", turned, axis=-1)

    def _heads(self, value: str, heads: int) -> str:
        split = self.graph.op("Reshape", [value, self._integers([0, 0, heads, SIZE])])
        return self.graph.op("Transpose", [split], perm=[0, 2, 1, 3])

    def _projected(self, value: str, name: str) -> str:
        product = self.graph.op("MatMul", [value, self._weight(name + ".w")])
        if name + ".b" not in self.weights:
            return product
        return self.graph.op("Add", [product, self._weight(name + ".b")])

    def _feed(self, value: str, name: str) -> str:
        graph = self.graph
        gate, up = (graph.op("MatMul", [value, self._weight(f"{name}{part}.w")]) for part in ("gate", "up"))
        gate = graph.op("Mul", [gate, graph.op("Sigmoid", [gate])])
        return graph.op("MatMul", [graph.op("Mul", [gate, up]), self._weight(name + "down.w")])

    def _norm(self, value: str, name: str) -> str:
        graph = self.graph
        square = graph.op("ReduceMean", [graph.op("Mul", [value, value])], axes=[-1])
        root = graph.op("Sqrt", [graph.op("Add", [square, self._number("epsilon", reference.EPSILON)])])
        return graph.op("Mul", [graph.op("Div", [value, root]), self._weight(name + ".g")])

    def _weight(self, name: str) -> str:
        return self.graph.const(name, self.weights[name])

    def _number(self, name: str, value: float) -> str:
        return self.graph.const(name, np.array(value, np.float32))

    def _integers(self, values: list[int]) -> str:
        return self.graph.const("i" + "_".join(map(str, values)), np.array(values, np.int64))


def graphs() -> dict[str, onnx.ModelProto]:
    """By the name of their folder."""
    return {f"writer-{name}": Writer(name).build() for name in WRITERS}


def text_files() -> dict[str, Any]:
    """The files that all of them share, in the folder `writer`."""
    tokens = [*reference.CONTROLS, *(sign_of(byte) for byte in reference.BYTES)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "vocab": {token: number for number, token in enumerate(tokens)}, "merges": []}
    return {
        "tokenizer.json": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": number, "content": token, **flags} for number, token in enumerate(reference.CONTROLS)],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": None,
            "decoder": byte_level,
            "model": model,
        },
        "tokenizer_config.json": {
            "eos_token": {"content": "<|end|>"},
            "chat_template": [
                {"name": "other", "template": "{{ raise_exception('not this one') }}"},
                {
                    "name": "default",
                    "template": "{% for message in messages %}\n<|{{ message.role }}|>{{ message.content | trim }}<|end|>\n"
                    "{% endfor %}\n{% if add_generation_prompt %}\n<|assistant|>\n{%- endif %}\n",
                },
            ],
        },
        "generation_config.json": {"eos_token_id": [0, 2]},
    }


def sign_of(byte: int) -> str:
    """How byte-level tokenizers write a byte: printable ones as they are, others beyond the first 256 signs."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    if byte in printable:
        return chr(byte)
    others = [other for other in range(256) if other not in printable]
    return chr(256 + others.index(byte))

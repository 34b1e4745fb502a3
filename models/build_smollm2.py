#!/usr/bin/env python3
"""SmolLM2-135M-Instruct (GGUF Q4_1) -> an ONNX decoder with a key-value cache, and its tokenizer. Needs numpy, onnx.

Inputs : input_ids                        int64 [batch, sequence_length]
         attention_mask                   int64 [batch, past_sequence_length + sequence_length]
         position_ids                     int64 [batch, sequence_length]
         past_key_values.N.key / .value   fp32  [batch, 3, past_sequence_length, 64]
Outputs: logits                           fp32  [batch, 1, 49152], of the last position only
         present.N.key / .value           fp32  [batch, 3, past_sequence_length + sequence_length, 64]
as Hugging Face Optimum names them. Beside the ONNX file come tokenizer.json, tokenizer_config.json (with the chat
template) and generation_config.json.

Weights keep the 4 bits that they have. Q4_1 is w = d·q + m with a real m, while the fast kernel (MatMulNBits) takes
integer zero points z only. The rest, m + d·z, is the same for a block of 32 inputs, so it is applied as (sums of the
input's blocks) x R, one small fp32 MatMul: exact. Embedding and head stay 8-bit and share one constant.

`position_ids` is declared because exports have it; ONNX Runtime's GroupQueryAttention takes positions from
`attention_mask` on a CPU, so nothing may be padded. It can also write into the buffer that it reads the past from
(`cache = "in_place"` in models.toml).
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Optional

import numpy as np
import onnx
from onnx import TensorProto

from gguf import BLOCK, Gguf
from ortgraph import Graph, pack_nibbles, pack_zero_points

# How MatMulNBits computes: 1 in fp32, 4 with activations of 8 bits (a third faster, a little less exact).
ACCURACY = (1, 4)
SOURCE = "HuggingFaceTB/SmolLM2-135M-Instruct, GGUF Q4_1"


class Llama:
    """Adds the parts of a Llama decoder to a graph."""

    def __init__(self, gguf: Gguf, accuracy: int) -> None:
        told = {key.removeprefix("llama."): value for key, value in gguf.metadata.items() if key.startswith("llama.")}
        self.gguf = gguf
        self.accuracy = accuracy
        self.graph = Graph("smollm2")
        self.layers, self.hidden, self.wide = told["block_count"], told["embedding_length"], told["feed_forward_length"]
        self.heads, self.kv_heads = told["attention.head_count"], told["attention.head_count_kv"]
        self.head_size = self.hidden // self.heads
        self.window = told["context_length"]
        self.theta = told["rope.freq_base"]
        self.epsilon = float(np.float32(told["attention.layer_norm_rms_epsilon"]))
        self.block_sums: dict[str, str] = {}

    def build(self) -> onnx.ModelProto:
        """The whole model."""
        graph = self.graph
        ids = graph.input("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"])
        mask = graph.input("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"])
        positions = graph.input("position_ids", TensorProto.INT64, ["batch_size", "sequence_length"])
        cache = ["batch_size", self.kv_heads, "past_sequence_length", self.head_size]
        for layer in range(self.layers):
            for part in ("key", "value"):
                graph.input(f"past_key_values.{layer}.{part}", TensorProto.FLOAT, cache)
        places = [*self._lengths(mask), *self._rotation(), positions]
        embedded = self._embedding(ids)
        weight = self._norm_weight("blk.0.attn_norm")
        normed = graph.op("SimplifiedLayerNormalization", [embedded, weight], axis=-1, epsilon=self.epsilon)
        residual = embedded
        for layer in range(self.layers):
            normed, residual = self._layer(layer, normed, residual, places)
        self._head(normed)
        grown = ["batch_size", self.kv_heads, "total_sequence_length", self.head_size]
        for layer in range(self.layers):
            for part in ("key", "value"):
                graph.output(f"present.{layer}.{part}", TensorProto.FLOAT, grown)
        return graph.model({"source": SOURCE, "license": "Apache-2.0", "accuracy_level": self.accuracy})

    def _lengths(self, mask: str) -> list[str]:
        """int32: tokens of each text but the last one [batch, 1], and tokens at all []."""
        graph = self.graph
        axis, one = graph.const("i1", np.array([1], np.int64)), graph.const("one", np.array(1, np.int64))
        tokens = graph.op("Sub", [graph.op("ReduceSum", [mask, axis], keepdims=0), one])
        total = graph.op("Gather", [graph.op("Shape", [mask]), one])
        return [graph.op("Cast", [value], to=TensorProto.INT32) for value in (tokens, total)]

    def _rotation(self) -> list[str]:
        """Cosines and sines of the rotary embedding [window, head_size / 2]; computed once when the model is loaded."""
        graph = self.graph
        bounds = [graph.const(f"f{bound}", np.array(bound, np.float32)) for bound in (0, self.window, 1)]
        places = graph.op("Unsqueeze", [graph.op("Range", bounds), graph.const("i1", np.array([1], np.int64))])
        speed = self.theta ** (-np.arange(0, self.head_size, 2, dtype=np.float64) / self.head_size)
        angles = graph.op("Mul", [places, graph.const("speed", speed.astype(np.float32)[None])])
        return [graph.op(kind, [angles]) for kind in ("Cos", "Sin")]

    def _layer(self, layer: int, normed: str, residual: str, places: list[str]) -> tuple[str, str]:
        graph, name = self.graph, f"blk.{layer}."
        joined = self._linear(normed, name + "qkv", [f"{name}attn_{part}" for part in "qkv"])
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        attended = graph.ms_node(
            "GroupQueryAttention",
            [joined, "", "", *past, *places],
            [name + "attention", *present],
            num_heads=self.heads,
            kv_num_heads=self.kv_heads,
            do_rotary=1,
            rotary_interleaved=0,
            scale=float(self.head_size**-0.5),
        )
        mixed = self._linear(attended, name + "o", [name + "attn_output"])
        normed, residual = self._add_and_norm(mixed, residual, name + "ffn_norm", name + "attended")
        wide = self._linear(normed, name + "wide", [name + "ffn_gate", name + "ffn_up"])
        gate, up = graph.split(wide, "halves", [self.wide, self.wide], axis=-1)
        fed = graph.op("Mul", [graph.ms_op("QuickGelu", [gate], alpha=1.0), up])  # x · sigmoid(x) is SiLU
        fed = self._linear(fed, name + "down", [name + "ffn_down"])
        following = "output_norm" if layer + 1 == self.layers else f"blk.{layer + 1}.attn_norm"
        return self._add_and_norm(fed, residual, following, name + "fed")

    def _add_and_norm(self, value: str, residual: str, norm: str, name: str) -> tuple[str, str]:
        """(normed, sum) of two values."""
        inputs, outputs = [value, residual, self._norm_weight(norm)], [f"{name}.normed", "", "", f"{name}.sum"]
        self.graph.ms_node("SkipSimplifiedLayerNormalization", inputs, outputs, epsilon=self.epsilon)
        return outputs[0], outputs[3]

    def _norm_weight(self, name: str) -> str:
        return self.graph.const(name, self.gguf.floats(f"{name}.weight"))

    def _linear(self, value: str, name: str, tensors: list[str]) -> str:
        """`value` times tensors of the file side by side along the outputs."""
        graph = self.graph
        parts = [self._quantised(tensor) for tensor in tensors]
        quantised, scale, least = (np.concatenate(arrays) for arrays in zip(*parts))
        outputs, blocks = scale.shape
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = np.where(scale != 0, -least / scale, 0)
        zero = np.clip(np.rint(zero), 0, 15)
        operands = [
            value,
            graph.const(name + ".q", pack_nibbles(quantised)),
            self._half(name + ".s", scale.reshape(-1)),
            graph.const(name + ".z", pack_zero_points(zero.astype(np.uint8))),
        ]
        sizes = {"K": blocks * BLOCK, "N": outputs, "bits": 4, "block_size": BLOCK}
        product = graph.ms_op("MatMulNBits", operands, accuracy_level=self.accuracy, **sizes)
        rest = self._half(name + ".r", (least + scale * zero).astype(np.float32).T)
        return graph.op("Add", [product, graph.op("MatMul", [self._sums_of_blocks(value, blocks), rest])])

    def _quantised(self, tensor: str) -> list[np.ndarray]:
        """llama.cpp stores queries and keys for a rotation of neighbours; here halves are rotated, as in the original."""
        arrays = self.gguf.q4_1(f"{tensor}.weight")
        heads = {"attn_q": self.heads, "attn_k": self.kv_heads}.get(tensor.rpartition(".")[2])
        return [halves_apart(array, heads) if heads else array for array in arrays]

    def _sums_of_blocks(self, value: str, blocks: int) -> str:
        """Sum of every 32 values along the last axis; made once for all layers that read `value`."""
        if value not in self.block_sums:
            shape = self.graph.const(f"blocks.{blocks}", np.array([0, 0, blocks, BLOCK], np.int64))
            last = self.graph.const("last", np.array([-1], np.int64))
            self.block_sums[value] = self.graph.op(
                "ReduceSum", [self.graph.op("Reshape", [value, shape]), last], keepdims=0
            )
        return self.block_sums[value]

    def _half(self, name: str, array: np.ndarray) -> str:
        """Kept as fp16, which is what the file has; made fp32 once when the model is loaded."""
        widened = name + ".f32"
        if name not in self.graph.initializers:
            self.graph.const(name, array.astype(np.float16))
            self.graph.op("Cast", [name], widened, to=TensorProto.FLOAT)
        return widened

    def _embedding(self, ids: str) -> str:
        """Rows of the table, of 8 bits around 128."""
        graph = self.graph
        quantised, scale = self.gguf.q8_0("token_embd.weight")
        self.vocabulary, blocks = scale.shape
        table = graph.const("embedding.q", (quantised.astype(np.int16) + 128).astype(np.uint8))
        shape = graph.const("embedding.shape", np.array([self.vocabulary, blocks, 1], np.int64))
        scales = graph.op("Reshape", [self._half("embedding.s", scale.reshape(-1)), shape])
        rows = graph.op("Cast", [graph.op("Gather", [table, ids])], to=TensorProto.FLOAT)
        rows = graph.op("Sub", [rows, graph.const("f128", np.array(128, np.float32))])
        rows = graph.op("Mul", [rows, graph.op("Gather", [scales, ids])])
        return graph.op("Reshape", [rows, graph.const("joined", np.array([0, 0, self.hidden], np.int64))])

    def _head(self, normed: str) -> None:
        """The output `logits`: the last position times the embedding."""
        graph = self.graph
        bounds = [graph.const(name, np.array([at], np.int64)) for name, at in (("last", -1), ("end", 2**31 - 1), ("i1", 1))]
        last = graph.op("Slice", [normed, *bounds])
        sizes = {"K": self.hidden, "N": self.vocabulary, "bits": 8, "block_size": BLOCK}
        # There is no fast fp32 kernel for weights of 8 bits.
        operands = [last, "embedding.q", self._half("embedding.s", np.empty(0))]
        graph.ms_op("MatMulNBits", operands, "logits", accuracy_level=4, **sizes)
        graph.output("logits", TensorProto.FLOAT, ["batch_size", 1, self.vocabulary])


def halves_apart(array: np.ndarray, heads: int) -> np.ndarray:
    """Rows of each head: pairs side by side -> first halves, then second halves."""
    rows = array.shape[0]
    return array.reshape(heads, rows // heads // 2, 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)


def text_files(gguf: Gguf) -> dict[str, dict[str, Any]]:
    """The JSON files beside the model."""
    told = {
        key.removeprefix("tokenizer."): value for key, value in gguf.metadata.items() if key.startswith("tokenizer.")
    }
    tokens = told["ggml.tokens"]
    first, end, padding = (told[f"ggml.{name}_token_id"] for name in ("bos", "eos", "padding"))
    return {
        "tokenizer.json": tokenizer(told),
        "tokenizer_config.json": {
            "bos_token": tokens[first],
            "eos_token": tokens[end],
            "pad_token": tokens[padding],
            "add_bos_token": False,
            "model_max_length": gguf.metadata["llama.context_length"],
            "chat_template": told["chat_template"],
        },
        "generation_config.json": {"bos_token_id": first, "eos_token_id": end, "pad_token_id": padding},
    }


def tokenizer(told: dict[str, Any]) -> dict[str, Any]:
    """tokenizer.json of a byte-level BPE in which each digit is a token."""
    if (told["ggml.model"], told["ggml.pre"]) != ("gpt2", "smollm"):
        raise ValueError(f"unknown tokenizer {told['ggml.model']} {told['ggml.pre']}")
    tokens, kinds = told["ggml.tokens"], told["ggml.token_type"]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    control = 3
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": tokens[number], **flags} for number, kind in enumerate(kinds) if kind == control
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
        "post_processor": None,
        "decoder": {**byte_level, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": told["ggml.merges"],
        },
    }


def main(arguments: Optional[list[str]] = None) -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf", type=Path, help="SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("out", type=Path, help="the ONNX file to write; the JSON files come beside it")
    parser.add_argument("--accuracy", type=int, default=4, choices=ACCURACY, help="of MatMulNBits (default: 4)")
    given = parser.parse_args(arguments)
    gguf = Gguf(given.gguf)
    onnx.save(Llama(gguf, given.accuracy).build(), str(given.out))
    print(f"{given.out}: {given.out.stat().st_size:,} bytes")
    for name, content in text_files(gguf).items():
        indent = None if name == "tokenizer.json" else 2
        text = json.dumps(content, ensure_ascii=False, indent=indent)
        given.out.with_name(name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

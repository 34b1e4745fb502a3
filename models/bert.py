"""The body of a BERT encoder as an ONNX graph; the embedder and the reader put their heads on it.

In : the weights of a checkpoint by name (PyTorch layout), its config.json, and how to store the weights.
Out: nodes in a Graph; the last layer's value is named `last_hidden_state`, fp32 [batch, sequence, hidden].

How weights are stored (`quant`):
  fp32  plain, with fused Attention and BiasGelu
  int8  one scale an output channel, activations quantised per tensor at run time (DynamicQuantizeMatMul): run one text
        a call, or a text's vector depends on what it is batched with. Weights keep to ±63: products of full 8-bit
        weights overflow the 16-bit sums of x86 CPUs without VNNI.
  nb8   one scale for 32 weights, activations likewise (MatMulNBits): closer to fp32, no dependence on the batch, slower
Both quantised forms keep the word embeddings as int8 with one scale a row.

What is added up before a LayerNormalization goes through Sum: Add and LayerNormalization would be fused into
SkipLayerNormalization when the model is loaded, which on CPUs takes five times as long as the two (ONNX Runtime 1.32).
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Optional

import numpy as np
import onnx
from onnx import TensorProto
from safetensors.numpy import load_file

from ortgraph import Graph, quantise_blocks, quantise_columns, quantise_rows

QUANTS = ("fp32", "int8", "nb8")
NB8_BLOCK = 32
INT8_WEIGHT_LIMIT = 63


class Bert:
    """Adds the parts of one encoder to a graph. `prefix` stands before the encoder's names in the checkpoint."""

    def __init__(
        self, graph: Graph, weights: dict[str, np.ndarray], config: dict[str, Any], quant: str, prefix: str = ""
    ) -> None:
        self.graph = graph
        self.weights = weights
        self.config = config
        self.quant = quant
        self.prefix = prefix

    def encode(self, ids: str, attention_mask: str, token_types: Optional[str] = None) -> str:
        """int64 [batch, sequence] inputs -> `last_hidden_state`. Without `token_types` all are type 0."""
        mask = self.graph.op("Cast", [attention_mask], to=TensorProto.INT32)
        hidden = self._embeddings(ids, token_types)
        for index in range(self.config["num_hidden_layers"]):
            hidden = self._layer(hidden, index, mask)
        return hidden

    def _weight(self, name: str) -> np.ndarray:
        return self.weights[self.prefix + name].astype(np.float32)

    def _weight_const(self, const_name: str, weight_name: str) -> str:
        return self.graph.const(const_name, self._weight(weight_name))

    def _embeddings(self, ids: str, token_types: Optional[str]) -> str:
        graph = self.graph
        positions = self._weight("embeddings.position_embeddings.weight")
        types = self._weight("embeddings.token_type_embeddings.weight")
        if token_types is None:
            positions = positions + types[0]
        hidden = self._word_embeddings(ids)
        one = graph.const("i1", np.array([1], np.int64))
        two = graph.const("i2", np.array([2], np.int64))
        length = graph.op("Slice", [graph.op("Shape", [ids]), one, two])
        table = graph.const("pos", positions)
        zero = graph.const("i0", np.array([0], np.int64))
        hidden = graph.op("Add", [hidden, graph.op("Slice", [table, zero, length, zero])])
        if token_types is not None:
            hidden = graph.op("Add", [hidden, graph.op("Gather", [graph.const("typ", types), token_types])])
        gain = self._weight_const("emb.g", "embeddings.LayerNorm.weight")
        bias = self._weight_const("emb.b", "embeddings.LayerNorm.bias")
        return graph.op("LayerNormalization", [hidden, gain, bias], epsilon=self.config["layer_norm_eps"])

    def _word_embeddings(self, ids: str) -> str:
        graph = self.graph
        table = self._weight("embeddings.word_embeddings.weight")
        if self.quant == "fp32":
            return graph.op("Gather", [graph.const("word", table), ids])
        quantised, scales = quantise_rows(table)
        rows = graph.op("Gather", [graph.const("word.q", quantised), ids])
        rows = graph.op("Cast", [rows], to=TensorProto.FLOAT)
        return graph.op("Mul", [rows, graph.op("Gather", [graph.const("word.s", scales), ids])])

    def _layer(self, hidden: str, index: int, mask: str) -> str:
        graph = self.graph
        layer = f"encoder.layer.{index}."
        name = f"l{index}."
        attended = self._attention(hidden, index, mask)
        projected = self._dense(attended, name + "o", layer + "attention.output.dense")
        hidden = self._add_and_normalise(projected, hidden, name + "ln1", layer + "attention.output.LayerNorm")
        wide = self._linear(hidden, name + "f1", self._weight(layer + "intermediate.dense.weight"))
        wide = graph.ms_op("BiasGelu", [wide, self._weight_const(name + "f1.b", layer + "intermediate.dense.bias")])
        narrow = self._dense(wide, name + "f2", layer + "output.dense")
        is_last = index == self.config["num_hidden_layers"] - 1
        output = "last_hidden_state" if is_last else None
        return self._add_and_normalise(narrow, hidden, name + "ln2", layer + "output.LayerNorm", output)

    def _attention(self, hidden: str, index: int, mask: str) -> str:
        graph = self.graph
        layer = f"encoder.layer.{index}.attention.self."
        name = f"l{index}.qkv"
        heads = self.config["num_attention_heads"]
        size = self.config["hidden_size"]
        weight = np.concatenate([self._weight(f"{layer}{part}.weight") for part in ("query", "key", "value")])
        bias = np.concatenate([self._weight(f"{layer}{part}.bias") for part in ("query", "key", "value")])
        if self.quant == "fp32":
            inputs = [hidden, graph.const(name + ".w", weight.T), graph.const(name + ".b", bias), mask]
            return graph.ms_op("Attention", inputs, num_heads=heads)
        query_key_value = self._linear(hidden, name, weight, bias)
        query, key, value = graph.split(query_key_value, "split3", [size, size, size], axis=-1)
        return graph.ms_op("MultiHeadAttention", [query, key, value, "", mask], num_heads=heads)

    def _add_and_normalise(
        self, value: str, residual: str, name: str, weights: str, output: Optional[str] = None
    ) -> str:
        """LayerNorm(value + residual)."""
        gain = self._weight_const(name + ".g", weights + ".weight")
        bias = self._weight_const(name + ".b", weights + ".bias")
        total = self.graph.op("Sum", [value, residual])
        epsilon = self.config["layer_norm_eps"]
        return self.graph.op("LayerNormalization", [total, gain, bias], output, epsilon=epsilon)

    def _dense(self, value: str, name: str, weights: str) -> str:
        return self._linear(value, name, self._weight(weights + ".weight"), self._weight(weights + ".bias"))

    def _linear(self, value: str, name: str, weight: np.ndarray, bias: Optional[np.ndarray] = None) -> str:
        """value @ weight.T + bias; weight [N, K] as PyTorch stores it."""
        if self.quant == "int8":
            return self._linear_int8(value, name, weight, bias)
        if self.quant == "nb8":
            return self._linear_nb8(value, name, weight, bias)
        graph = self.graph
        product = graph.op("MatMul", [value, graph.const(name + ".w", weight.T)])
        return product if bias is None else graph.op("Add", [product, graph.const(name + ".b", bias)])

    def _linear_int8(self, value: str, name: str, weight: np.ndarray, bias: Optional[np.ndarray]) -> str:
        graph = self.graph
        quantised, scales = quantise_columns(weight.T, INT8_WEIGHT_LIMIT)
        inputs = [
            value,
            graph.const(name + ".w", quantised),
            graph.const(name + ".s", scales),
            graph.const(name + ".z", np.zeros(scales.shape, np.int8)),
        ]
        if bias is not None:
            inputs.append(graph.const(name + ".b", bias))
        return graph.ms_op("DynamicQuantizeMatMul", inputs)

    def _linear_nb8(self, value: str, name: str, weight: np.ndarray, bias: Optional[np.ndarray]) -> str:
        graph = self.graph
        quantised, scales = quantise_blocks(weight, NB8_BLOCK)
        inputs = [value, graph.const(name + ".w", quantised), graph.const(name + ".s", scales)]
        if bias is not None:
            inputs += ["", "", graph.const(name + ".b", bias)]  # no zero points, no group index
        rows, columns = weight.shape
        # accuracy_level 4: activations are quantised to int8
        sizes = {"K": columns, "N": rows, "bits": 8, "block_size": NB8_BLOCK, "accuracy_level": 4}
        return graph.ms_op("MatMulNBits", inputs, **sizes)


def load_checkpoint(model_dir: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """config.json and model.safetensors of a folder."""
    config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
    return config, load_file(model_dir / "model.safetensors")


def recipe_arguments(description: str) -> argparse.Namespace:
    """The command line that all recipes share: MODEL_DIR OUT.onnx --quant."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("model_dir", type=Path, help="folder with config.json and model.safetensors")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--quant", default="fp32", choices=QUANTS, help="how to store the weights (default: fp32)")
    return parser.parse_args()


def save(model: onnx.ModelProto, out: Path) -> None:
    """Writes the model."""
    onnx.save(model, str(out))
    print(f"{out}: {out.stat().st_size:,} bytes")

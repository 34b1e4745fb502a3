#!/usr/bin/env python3
"""A reader's int8 ONNX file -> the checkpoint to train on from. Needs numpy, onnx, safetensors.

The opposite of `build_reader.py --quant int8`. Weights come back as they were rounded, which training mends. The
position of a value in the graph is that of bert.py; config.json is copied from the base model's folder.
"""
from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

LAYER_PARTS = {
    "o": "attention.output.dense",
    "f1": "intermediate.dense",
    "f2": "output.dense",
    "ln1": "attention.output.LayerNorm",
    "ln2": "output.LayerNorm",
}


def checkpoint(constants: dict[str, np.ndarray], layers: int) -> dict[str, np.ndarray]:
    """Weights by the names of PyTorch checkpoints."""
    embeddings = "bert.embeddings."
    weights = {
        embeddings + "word_embeddings.weight": constants["word.q"].astype(np.float32) * constants["word.s"],
        embeddings + "position_embeddings.weight": constants["pos"],
        embeddings + "token_type_embeddings.weight": constants["typ"],
        embeddings + "LayerNorm.weight": constants["emb.g"],
        embeddings + "LayerNorm.bias": constants["emb.b"],
        "span.weight": constants["span.w"].T,
        "span.bias": constants["span.b"],
    }
    for index in range(layers):
        weights.update(layer_weights(constants, f"l{index}.", f"bert.encoder.layer.{index}."))
    return weights


def layer_weights(constants: dict[str, np.ndarray], short: str, layer: str) -> dict[str, np.ndarray]:
    """One layer: its linear maps as fp32 [N, K], norms and biases."""
    weights = {}
    for part, name in LAYER_PARTS.items():
        is_norm = part.startswith("ln")
        weights[f"{layer}{name}.weight"] = constants[f"{short}{part}.g"] if is_norm else linear(constants, short + part)
        weights[f"{layer}{name}.bias"] = constants[f"{short}{part}.b"]
    stacked = zip(np.split(linear(constants, short + "qkv"), 3), np.split(constants[short + "qkv.b"], 3))
    for name, (weight, bias) in zip(("query", "key", "value"), stacked):
        weights[f"{layer}attention.self.{name}.weight"] = weight
        weights[f"{layer}attention.self.{name}.bias"] = bias
    return weights


def linear(constants: dict[str, np.ndarray], name: str) -> np.ndarray:
    """The map `name` as fp32 [N, K]: int8 [K, N] times one scale an output channel."""
    return (constants[name + ".w"].astype(np.float32) * constants[name + ".s"]).T


def main() -> None:
    """Reads the graph's constants and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="the reader's ONNX file, int8")
    parser.add_argument("base", type=Path, help="folder with the base model's config.json")
    parser.add_argument("out", type=Path, help="folder to write")
    arguments = parser.parse_args()
    graph = onnx.load(str(arguments.model)).graph
    constants = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    config = json.loads((arguments.base / "config.json").read_text(encoding="utf-8"))
    arguments.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(arguments.base / "config.json", arguments.out / "config.json")
    weights = checkpoint(constants, config["num_hidden_layers"])
    arrays = {name: np.ascontiguousarray(weight) for name, weight in weights.items()}
    save_file(arrays, str(arguments.out / "model.safetensors"))


if __name__ == "__main__":
    main()

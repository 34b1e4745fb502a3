"""What the tiny generators must write, computed with numpy alone, every step from the first token on, without a cache.

In : `WRITERS`, the models by name, and prompts. Out: `texts()`, for each model and prompt the likeliest tokens and some logits.

Llama's parts: RMSNorm, rotary positions (halves rotated), queries in groups that share keys and values, a gated SiLU. Qwen2
differs by biases on queries, keys and values and by a head that is the embedding.
"""
from __future__ import annotations

from typing import Any, Optional

import numpy as np

HIDDEN, HEADS, KV_HEADS, SIZE, WIDE, LAYERS, WINDOW = 16, 4, 2, 16, 24, 2, 64
EPSILON, THETA = 1e-6, 100.0
STEPS = 24
# Steps whose logits are kept.
SHOWN = (0, 11, 23)
# Less than this between the two likeliest tokens, and rounding would decide.
LEAST_MARGIN = 0.02

CONTROLS = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
SIGNS = " abcdefghijklmnopqrstuvwxyzABENORSW0123456789.,:?!<|>\n"
HAN = "年假有十五天，可用到三月底。é🙂"
# A token for each byte; a sign of Han is three of them, 🙂 four.
BYTES = sorted(set((SIGNS + HAN).encode()))
VOCABULARY = len(CONTROLS) + len(BYTES)
PROMPTS = ["leave: 年假", "leave: how?", "a"]

# `bias`, `tied` and `half`: see above, and whether the cache is of half precision. `entry`: what models.toml says besides.
WRITERS: dict[str, dict[str, Any]] = {
    "llama": {"weights": "llama"},
    "llama-in-place": {"weights": "llama", "entry": {"cache": "in_place"}},
    "qwen2": {"weights": "qwen2", "bias": True, "tied": True, "half": True},
}


def random_weights(seed: int, bias: bool) -> dict[str, np.ndarray]:
    """Matrices as [in, out]; large enough that what comes out is not always the same token."""
    random = np.random.default_rng(seed)
    made = {"embedding": random.normal(0, 1, (VOCABULARY, HIDDEN)), "head": random.normal(0, 1, (HIDDEN, VOCABULARY))}
    norms = ["last"]
    for layer in range(LAYERS):
        name = f"{layer}."
        parts = {"q": HEADS * SIZE, "k": KV_HEADS * SIZE, "v": KV_HEADS * SIZE}
        made |= {f"{name}{part}.w": random.normal(0, 0.6, (HIDDEN, width)) for part, width in parts.items()}
        if bias:
            made |= {f"{name}{part}.b": random.normal(0, 0.5, width) for part, width in parts.items()}
        made |= {
            f"{name}o.w": random.normal(0, 0.5, (HEADS * SIZE, HIDDEN)),
            f"{name}gate.w": random.normal(0, 0.6, (HIDDEN, WIDE)),
            f"{name}up.w": random.normal(0, 0.6, (HIDDEN, WIDE)),
            f"{name}down.w": random.normal(0, 0.5, (WIDE, HIDDEN)),
        }
        norms += [f"{name}n1", f"{name}n2"]
    made |= {f"{name}.g": random.normal(1, 0.1, HIDDEN) for name in norms}
    return {name: array.astype(np.float32) for name, array in made.items()}


WEIGHTS = {"llama": random_weights(4, False), "qwen2": random_weights(10, True)}


def encode(text: str) -> list[int]:
    """A token for each byte; texts without control tokens."""
    return [len(CONTROLS) + BYTES.index(byte) for byte in text.encode()]


def texts() -> dict[str, list[dict[str, Any]]]:
    """For each model: {"prompt", "ids", "tokens", "logits": {step: [vocabulary]}}."""
    return {name: [written(model, prompt) for prompt in PROMPTS] for name, model in WRITERS.items()}


def written(model: dict[str, Any], prompt: str) -> dict[str, Any]:
    ids, tokens, shown = encode(prompt), [], {}
    for step in range(STEPS):
        scores = logits(model, ids + tokens)
        second, first = np.sort(scores)[-2:]
        if first - second < LEAST_MARGIN:
            raise ValueError(f"step {step} of {prompt!r} is too close: take another seed")
        if step in SHOWN:
            shown[str(step)] = [round(float(score), 4) for score in scores]
        tokens.append(int(scores.argmax()))
    return {"prompt": prompt, "ids": ids, "tokens": tokens, "logits": shown}


def logits(model: dict[str, Any], ids: list[int]) -> np.ndarray:
    """[vocabulary] behind the last token."""
    weights = WEIGHTS[model["weights"]]
    hidden = weights["embedding"][ids]
    for layer in range(LAYERS):
        name = f"{layer}."
        hidden = hidden + attention(model, weights, name, norm(weights, name + "n1", hidden))
        hidden = hidden + feed(weights, name, norm(weights, name + "n2", hidden))
    head = weights["embedding"].T if model.get("tied") else weights["head"]
    return norm(weights, "last", hidden)[-1] @ head


def attention(model: dict[str, Any], weights: dict[str, np.ndarray], name: str, hidden: np.ndarray) -> np.ndarray:
    count = len(hidden)
    query, key, value = (project(weights, name + part, hidden) for part in "qkv")
    later = np.triu(np.full((count, count), -np.inf), 1)
    mixed = []
    for head in range(HEADS):
        group = head * KV_HEADS // HEADS
        q = rotate(query[:, head * SIZE : (head + 1) * SIZE])
        k = rotate(key[:, group * SIZE : (group + 1) * SIZE])
        v = value[:, group * SIZE : (group + 1) * SIZE]
        if model.get("half"):
            k, v = (array.astype(np.float16).astype(np.float32) for array in (k, v))
        scores = q @ k.T / SIZE**0.5 + later
        powers = np.exp(scores - scores.max(1, keepdims=True))
        mixed.append(powers / powers.sum(1, keepdims=True) @ v)
    return np.concatenate(mixed, 1) @ weights[name + "o.w"]


def rotate(values: np.ndarray) -> np.ndarray:
    """Rotary positions (arXiv 2104.09864) of [tokens, SIZE]."""
    cosine, sine = rotation(len(values))
    first, second = values[:, : SIZE // 2], values[:, SIZE // 2 :]
    return np.concatenate([first * cosine - second * sine, second * cosine + first * sine], 1)


def rotation(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines, [count, SIZE / 2]."""
    speed = THETA ** (-np.arange(0, SIZE, 2) / SIZE)
    angles = np.arange(count)[:, None] * speed
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def project(weights: dict[str, np.ndarray], name: str, hidden: np.ndarray) -> np.ndarray:
    bias: Optional[np.ndarray] = weights.get(name + ".b")
    product = hidden @ weights[name + ".w"]
    return product if bias is None else product + bias


def feed(weights: dict[str, np.ndarray], name: str, hidden: np.ndarray) -> np.ndarray:
    gate, up = hidden @ weights[name + "gate.w"], hidden @ weights[name + "up.w"]
    return gate / (1 + np.exp(-gate)) * up @ weights[name + "down.w"]


def norm(weights: dict[str, np.ndarray], name: str, hidden: np.ndarray) -> np.ndarray:
    return hidden / np.sqrt((hidden**2).mean(1, keepdims=True) + EPSILON) * weights[name + ".g"]

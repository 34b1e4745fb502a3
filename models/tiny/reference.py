"""What the tiny models must answer, computed with numpy alone: tokens, encoder, pooling, length 1, and logits.

In : `MODELS`, the models by name, and the texts below. Out: `answers()`, vectors and scores by model.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokens import Pieces, Words

HIDDEN, HEADS, WIDE, LAYERS, POSITIONS = 8, 2, 12, 1, 42
EPSILON = 1e-5
MASKED = -1e9
WORDS, PIECES = Words(), Pieces()
PIECES_PAD = PIECES.pad

QUERIES = ["How many days of leave is a year?", "年假最晚可以用到什么时候？", "vpn"]
PASSAGES = [
    "The employee is in the hotel, and the leave is 24 days a year.",
    "员工有几天年假，年休假的天",
    "a work-from-hotel question: the vpn is in the hotels, how many days to work, and how many days of holiday for the "
    "employee and the year and the work of the year",
]

# `entry`: what stands in models.toml besides.
MODELS: dict[str, dict[str, Any]] = {
    "bert-mean": {
        "folder": "bert", "tokenizer": "bert", "kind": "bert", "pooling": "mean", "max_tokens": 24,
        "entry": {"query_prefix": "query: ", "passage_prefix": "passage: "},
    },
    "bert-cls": {
        "folder": "bert", "tokenizer": "bert", "kind": "bert", "pooling": "cls", "max_tokens": 40,
        "entry": {"query_prefix": "question for the passage: "},
    },
    "bert-short": {
        "folder": "bert", "tokenizer": "bert", "kind": "bert", "pooling": "mean", "max_tokens": 40,
        "entry": {"truncate_to": 5},
    },
    "bert-fixed": {
        "folder": "bert-fixed", "tokenizer": "bert", "kind": "bert", "pooling": "mean", "max_tokens": 24,
    },
    "bert-pooled": {
        "folder": "bert-pooled", "tokenizer": "bert", "kind": "bert", "pooling": "in_graph", "max_tokens": 40,
        "entry": {"output": "sentence_embedding", "normalized": True},
    },
    "xlmr-mean": {
        "folder": "xlmr", "tokenizer": "xlmr", "kind": "xlmr", "pooling": "mean", "max_tokens": 38,
        "entry": {"query_prefix": "query: ", "passage_prefix": "passage: "},
    },
    "xlmr-cls": {"folder": "xlmr", "tokenizer": "xlmr", "kind": "xlmr", "pooling": "cls", "max_tokens": 30},
    "decoder-last": {
        "folder": "decoder", "tokenizer": "decoder", "kind": "decoder", "pooling": "last", "max_tokens": 24,
        "entry": {"query_prefix": "question: "},
    },
    "decoder-fixed": {
        "folder": "decoder-fixed", "tokenizer": "decoder", "kind": "decoder", "pooling": "last", "max_tokens": 24,
        "entry": {"query_prefix": "question: "},
    },
    "reranker-1": {
        "folder": "reranker-1", "tokenizer": "bert", "kind": "bert", "task": "reranker", "max_tokens": 30,
    },
    "reranker-2": {
        "folder": "reranker-2", "tokenizer": "xlmr", "kind": "xlmr", "task": "reranker", "max_tokens": 36,
    },
}


@dataclass
class Tokens:
    """What an encoder is given: ids and types of the same length."""

    ids: list[int]
    types: list[int]


def random_weights(seed: int, kind: str, logits: int = 0) -> dict[str, np.ndarray]:
    """Matrices as [in, out], tables as [rows, HIDDEN]."""
    random = np.random.default_rng(seed)
    vocabulary = len(WORDS.ids if kind == "bert" else PIECES.ids)
    tables = {"word": vocabulary, "position": POSITIONS, "type": 2}
    made = {name: random.normal(0, 1, (rows, HIDDEN)) for name, rows in tables.items()}
    matrices = {"pool": (HIDDEN, HIDDEN), "head": (HIDDEN, logits)}
    norms = ["first", "last"]
    for layer in range(LAYERS):
        matrices |= {f"{layer}.{part}": (HIDDEN, HIDDEN) for part in "qkvo"}
        matrices |= {f"{layer}.f1": (HIDDEN, WIDE), f"{layer}.f2": (WIDE, HIDDEN)}
        norms += [f"{layer}.n1", f"{layer}.n2"]
    for name, shape in matrices.items():
        made[name + ".w"] = random.normal(0, 0.5, shape)
        made[name + ".b"] = random.normal(0, 0.2, shape[1])
    for name in norms:
        made[name + ".g"] = random.normal(1, 0.1, HIDDEN)
        made[name + ".b"] = random.normal(0, 0.1, HIDDEN)
    return {name: array.astype(np.float32) for name, array in made.items()}


WEIGHTS = {
    "bert": random_weights(1, "bert"),
    "xlmr": random_weights(2, "xlmr"),
    "decoder": random_weights(3, "decoder"),
    "reranker-1": random_weights(4, "bert", 1),
    "reranker-2": random_weights(5, "xlmr", 2),
}


def answers() -> dict[str, list[dict[str, Any]]]:
    """For each model: {"query" | "passage": text, "vector"} or {"query", "passage", "score"}."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, model in MODELS.items():
        if model.get("task") == "reranker":
            pairs = [(query, passage) for query in QUERIES for passage in PASSAGES]
            found[name] = [{"query": q, "passage": p, "score": score(name, model, q, p)} for q, p in pairs]
        else:
            prefixes = model.get("entry", {})
            found[name] = [
                {side: text, "vector": vector(model, prefixes.get(f"{side}_prefix", "") + text)}
                for side, texts in (("query", QUERIES), ("passage", PASSAGES))
                for text in texts
            ]
    return found


def vector(model: dict[str, Any], text: str) -> list[float]:
    """Pooled, shortened, of length 1."""
    weights = WEIGHTS[model["folder"].removesuffix("-fixed").removesuffix("-pooled")]
    hidden = encode(model["kind"], weights, single(model, text))
    pooled = {"mean": hidden.mean(0), "in_graph": hidden.mean(0), "cls": hidden[0], "last": hidden[-1]}[model["pooling"]]
    pooled = pooled[: model.get("entry", {}).get("truncate_to")]
    return [round(float(value), 6) for value in pooled / np.linalg.norm(pooled)]


def score(name: str, model: dict[str, Any], query: str, passage: str) -> float:
    """The probability that the passage answers, from one logit or from two."""
    weights = WEIGHTS[name]
    first = encode(model["kind"], weights, paired(model, query, passage))[0]
    pooled = np.tanh(first @ weights["pool.w"] + weights["pool.b"])
    logits = pooled @ weights["head.w"] + weights["head.b"]
    powers = np.exp(logits)
    chance = 1 / (1 + np.exp(-logits[0])) if len(logits) == 1 else powers[1] / powers.sum()
    return round(float(chance), 6)


def single(model: dict[str, Any], text: str) -> Tokens:
    """One text with its special tokens; the end of a long text is left out."""
    room = model["max_tokens"]
    if model["kind"] == "bert":
        ids = [WORDS.first, *WORDS.plain(text)[: room - 2], WORDS.end]
    elif model["kind"] == "xlmr":
        ids = [PIECES.first, *PIECES.plain(text)[: room - 2], PIECES.end]
    else:
        ids = [*PIECES.plain(text)[: room - 1], PIECES.end]
    return Tokens(ids, [0] * len(ids))


def paired(model: dict[str, Any], query: str, passage: str) -> Tokens:
    """Two texts with their special tokens; the end of a long passage is left out."""
    if model["kind"] == "bert":
        first = [WORDS.first, *WORDS.plain(query), WORDS.end]
        second = [*WORDS.plain(passage)[: model["max_tokens"] - len(first) - 1], WORDS.end]
        return Tokens(first + second, [0] * len(first) + [1] * len(second))
    first = [PIECES.first, *PIECES.plain(query), PIECES.end, PIECES.end]
    ids = [*first, *PIECES.plain(passage)[: model["max_tokens"] - len(first) - 1], PIECES.end]
    return Tokens(ids, [0] * len(ids))


def encode(kind: str, weights: dict[str, np.ndarray], tokens: Tokens) -> np.ndarray:
    """[tokens, HIDDEN] after the last layer."""
    count = len(tokens.ids)
    first_place = PIECES_PAD + 1 if kind == "xlmr" else 0
    hidden = weights["word"][tokens.ids] + weights["position"][first_place : first_place + count]
    if kind == "bert":
        hidden = hidden + weights["type"][tokens.types]
    hides = np.triu(np.full((count, count), MASKED), 1) if kind == "decoder" else np.zeros((count, count))
    if kind != "decoder":
        hidden = norm(weights, "first", hidden)
    for layer in range(LAYERS):
        name = f"{layer}."
        if kind == "decoder":
            hidden = hidden + attention(weights, name, norm(weights, name + "n1", hidden), hides)
            hidden = hidden + feed(weights, name, norm(weights, name + "n2", hidden))
        else:
            hidden = norm(weights, name + "n1", hidden + attention(weights, name, hidden, hides))
            hidden = norm(weights, name + "n2", hidden + feed(weights, name, hidden))
    return norm(weights, "last", hidden) if kind == "decoder" else hidden


def attention(weights: dict[str, np.ndarray], name: str, hidden: np.ndarray, hides: np.ndarray) -> np.ndarray:
    size = HIDDEN // HEADS
    query, key, value = (hidden @ weights[f"{name}{part}.w"] + weights[f"{name}{part}.b"] for part in "qkv")
    mixed = []
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        scores = query[:, part] @ key[:, part].T / math.sqrt(size) + hides
        powers = np.exp(scores - scores.max(1, keepdims=True))
        mixed.append(powers / powers.sum(1, keepdims=True) @ value[:, part])
    return np.concatenate(mixed, 1) @ weights[name + "o.w"] + weights[name + "o.b"]


def feed(weights: dict[str, np.ndarray], name: str, hidden: np.ndarray) -> np.ndarray:
    wide = hidden @ weights[name + "f1.w"] + weights[name + "f1.b"]
    wide = wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2))) / 2
    return wide @ weights[name + "f2.w"] + weights[name + "f2.b"]


def norm(weights: dict[str, np.ndarray], name: str, hidden: np.ndarray) -> np.ndarray:
    centred = hidden - hidden.mean(1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + EPSILON)
    return scaled * weights[name + ".g"] + weights[name + ".b"]

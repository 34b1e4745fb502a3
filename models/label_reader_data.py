#!/usr/bin/env python3
"""Finds the answer's span within the sentence that holds it, with a reader. Needs numpy, onnxruntime, tokenizers.

In : a reader (build_reader.py), its tokenizer.json, the training file with `weak` examples (reader_data.py).
Out: a JSON file {labelled: [{q, c, s, e}]}: the examples whose span the reader is sure enough of. It prints how many
     spans are those of `gold`, for the questions that both kinds have.

How sure it is: the probability of the best span among all spans of the sentence.
"""
from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Optional

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from eval_reader import LOWEST, normalised

SEED = 1
MAX_TOKENS = 320
MAX_ANSWER_TOKENS = 20


class Labeller:
    """Finds spans, on one thread."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def label(self, example: dict) -> Optional[tuple[dict, float]]:
        """A weak example with a span, and how sure of it the reader is; None if truncation took the sentence."""
        encoding = self.tokenizer.encode(example["q"], example["c"])
        inside = sentence_tokens(encoding, example["ws"], example["we"])
        if not inside:
            return None
        ids = np.array([encoding.ids], np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([encoding.type_ids], np.int64),
        }
        starts, ends = self.session.run(["start_logits", "end_logits"], inputs)
        scores = starts[0][inside][:, None] + ends[0][inside][None]  # [start, end]
        allowed = np.tril(np.triu(np.ones(scores.shape, bool)), MAX_ANSWER_TOKENS - 1)
        scores = np.where(allowed, scores, LOWEST)
        start, end = divmod(int(scores.argmax()), scores.shape[1])
        sureness = 1 / float(np.exp(scores - scores.max()).sum())
        begin, finish = encoding.offsets[inside[start]][0], encoding.offsets[inside[end]][1]
        return {"q": example["q"], "c": example["c"], "s": begin, "e": finish}, sureness


def sentence_tokens(encoding: Encoding, begin: int, end: int) -> list[int]:
    """Positions of the passage's tokens that lie in the characters begin..end."""
    return [
        position
        for position, (left, right) in enumerate(encoding.offsets)
        if encoding.type_ids[position] == 1 and left >= begin and right <= end and right > left
    ]


def span_text(example: dict) -> str:
    """An example's answer in SQuAD's normal form."""
    return normalised(example["c"][example["s"] : example["e"]])


def main() -> None:
    """Labels all weak examples and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="the reader's ONNX file")
    parser.add_argument("tokenizer", type=Path, help="its tokenizer.json")
    parser.add_argument("data", type=Path, help="the training file")
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--sureness", type=float, default=0.4, help="least probability of a span (default: 0.4)")
    parser.add_argument("--limit", type=int, default=None, help="examples to label, drawn at random (default: all)")
    arguments = parser.parse_args()
    data = json.loads(arguments.data.read_text(encoding="utf-8"))
    gold = {example["q"]: span_text(example) for example in data["gold"]}
    labeller = Labeller(arguments.model, arguments.tokenizer)
    labelled, right = [], []
    weak = random.Random(SEED).sample(data["weak"], len(data["weak"]))
    for example in weak[: arguments.limit]:
        found = labeller.label(example)
        if found is None or found[1] < arguments.sureness:
            continue
        labelled.append(found[0])
        if example["q"] in gold:
            right.append(gold[example["q"]] == span_text(found[0]))
    arguments.out.write_text(json.dumps({"labelled": labelled}), encoding="utf-8")
    print(f"{len(labelled)} labelled; {sum(right)} of {len(right)} as in gold")


if __name__ == "__main__":
    main()

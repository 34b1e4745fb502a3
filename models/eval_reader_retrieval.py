#!/usr/bin/env python3
"""How well a reader tells retrieved passages with the answer from others. Needs what eval_reader.py needs.

In : a reader, an embedder (build_minilm.py), the tokenizer of both, and a question set as eval_reader.py describes it.
Out: one JSON line. Each answerable question is asked twice: over its nearest paragraphs of all articles, and over its
     nearest ones of all articles but its own, where only a refusal is right. Of several passages the greatest margin
     counts.
  forced_em, forced_f1   always answering, over all articles
  auc                    chance that a question's margin over all articles is above one without its article
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from eval_reader import Outcome, Reader, auc, load_paragraphs, load_questions, outcome, per_cent

EMBEDDER_TOKENS = 256
PASSAGES = 5


class Embedder:
    """One vector of length 1 a text, on one thread."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(EMBEDDER_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def embed(self, text: str) -> np.ndarray:
        ids = np.array([self.tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self.session.run(["sentence_embedding"], inputs)[0][0]


def best_outcome(reader: Reader, row: dict, passages: list[str], is_answerable: bool) -> Outcome:
    """The outcome of the passage with the greatest margin."""
    answer, margin = max((reader.read(row["question"], passage) for passage in passages), key=lambda read: read[1])
    return outcome({**row, "answerable": is_answerable}, answer, margin)


def main() -> None:
    """Retrieves, reads and prints the scores."""
    arguments = parse_arguments()
    reader = Reader(arguments.reader, arguments.tokenizer)
    embedder = Embedder(arguments.embedder, arguments.tokenizer)
    all_rows = load_questions(arguments.qa_dir / "questions.jsonl", None)
    rows = [row for row in all_rows if row["answerable"]][: arguments.limit]
    articles = sorted({row["doc"] for row in all_rows})
    passages = [(name, text) for name in articles for text in load_paragraphs(arguments.qa_dir / name)]
    vectors = np.stack([embedder.embed(text) for _, text in passages])  # [passages, dimensions]
    outcomes = []
    for row in rows:
        nearest_first = np.argsort(-(vectors @ embedder.embed(row["question"])))
        nearest = [passages[index] for index in nearest_first]
        everywhere = [text for _, text in nearest[:PASSAGES]]
        elsewhere = [text for name, text in nearest if name != row["doc"]][:PASSAGES]
        outcomes.append(best_outcome(reader, row, everywhere, True))
        outcomes.append(best_outcome(reader, row, elsewhere, False))
    answerable = [one for one in outcomes if one.answerable]
    report = {
        "questions": len(rows),
        "paragraphs": len(passages),
        "forced_em": per_cent([one.exact for one in answerable]),
        "forced_f1": per_cent([one.f1 for one in answerable]),
        "auc": round(auc(outcomes), 3),
    }
    print(json.dumps(report))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", type=Path, help="the reader's ONNX file")
    parser.add_argument("embedder", type=Path, help="the embedder's ONNX file")
    parser.add_argument("tokenizer", type=Path, help="the tokenizer.json of both")
    parser.add_argument("qa_dir", type=Path, help="folder with questions.jsonl and the documents")
    parser.add_argument("--limit", type=int, default=300, help="answerable questions to ask (default: 300)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Scores a reader with the right passage given. Needs numpy, onnxruntime, tokenizers.

In : a reader (build_reader.py), its tokenizer.json, and a question set: QA_DIR/questions.jsonl with the fields
     question, answers, answerable, doc, paragraph_index, and the documents that `doc` names, paragraphs parted by a
     blank line, a first line `# title` not counted.
Out: one JSON line. Scores are SQuAD's exact match and F1 in per cent:
  forced_em, forced_f1            answerable questions, always answering
  auc_answerable_vs_adversarial   chance that an answerable question's margin is above an unanswerable one's
  tau, at_tau_other_half          the margin to answer above, chosen on every other row; scores of the other rows
A margin is the best span's score − null_score.
"""
from __future__ import annotations

import argparse
import collections
import json
import re
import string
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

MAX_TOKENS = 256
WINDOW_OVERLAP_TOKENS = 64
MAX_ANSWER_TOKENS = 30
LOWEST = -1e9
THRESHOLDS = np.linspace(-8, 12, 81)


@dataclass(frozen=True)
class Outcome:
    """One question: could it be answered, how sure was the reader, how right was its answer (0 to 1)."""

    answerable: bool
    margin: float
    exact: float
    f1: float


class Reader:
    """Finds the answer to a question in a passage, on one thread."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS, stride=WINDOW_OVERLAP_TOKENS, strategy="only_second")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def read(self, question: str, passage: str) -> tuple[str, float]:
        """The best span of all windows of the passage, and its margin over the least null score."""
        first = self.tokenizer.encode(question, passage)
        answer = ""
        best = LOWEST
        null = -LOWEST
        for window in [first, *first.overflowing]:
            start, end, score, null_score = self._best_span(window)
            null = min(null, null_score)
            if score > best:
                best = score
                answer = passage[window.offsets[start][0] : window.offsets[end][1]]
        return answer, best - null

    def _best_span(self, window) -> tuple[int, int, float, float]:
        """First and last token of the best span, its score, and the null score."""
        ids = np.array([window.ids], np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([window.type_ids], np.int64),
        }
        starts, ends, null_scores = self.session.run(["start_logits", "end_logits", "null_score"], inputs)
        scores = starts[0][:, None] + ends[0][None]  # [start, end]
        allowed = np.tril(np.triu(np.ones(scores.shape, bool)), MAX_ANSWER_TOKENS - 1)
        scores = np.where(allowed, scores, LOWEST)
        start, end = divmod(int(scores.argmax()), scores.shape[1])
        return start, end, scores[start, end], null_scores[0]


def normalised(text: str) -> str:
    """SQuAD's normal form: lower case, no punctuation, no articles, single spaces."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def word_f1(predicted: str, expected: str) -> float:
    """F1 of the two bags of words, 0 to 1."""
    predicted_words = normalised(predicted).split()
    expected_words = normalised(expected).split()
    common = sum((collections.Counter(predicted_words) & collections.Counter(expected_words)).values())
    if common == 0:
        return float(predicted_words == expected_words)
    return 2 * common / (len(predicted_words) + len(expected_words))


def load_paragraphs(path: Path) -> list[str]:
    """The paragraphs of a document, without its title."""
    paragraphs = [text for text in path.read_text(encoding="utf-8").split("\n\n") if text.strip()]
    has_title = bool(paragraphs) and paragraphs[0].startswith("# ")
    return paragraphs[1:] if has_title else paragraphs


def load_questions(path: Path, limit: Optional[int]) -> list[dict]:
    """The first `limit` questions (None: all), less those that no paragraph belongs to."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows[:limit] if row["paragraph_index"] is not None]


def outcome(row: dict, answer: str, margin: float) -> Outcome:
    """Compares an answer with the best of the expected ones."""
    expected = row["answers"] if row["answerable"] else []
    return Outcome(
        answerable=bool(expected),
        margin=margin,
        exact=max((float(normalised(answer) == normalised(text)) for text in expected), default=0.0),
        f1=max((word_f1(answer, text) for text in expected), default=0.0),
    )


def scores_at(outcomes: list[Outcome], threshold: float) -> dict[str, float]:
    """Scores when only margins above the threshold are answered; a right refusal counts as a right answer."""
    answerable = [one for one in outcomes if one.answerable]
    unanswerable = [one for one in outcomes if not one.answerable]
    refusals = [float(one.margin <= threshold) for one in unanswerable]
    exact = [one.exact * (one.margin > threshold) for one in answerable]
    f1 = [one.f1 * (one.margin > threshold) for one in answerable]
    return {
        "em": per_cent(exact + refusals),
        "f1": per_cent(f1 + refusals),
        "answered_f1": per_cent(f1),
        "refused": per_cent(refusals),
    }


def auc(outcomes: list[Outcome]) -> float:
    """Share of (answerable, unanswerable) pairs in which the answerable one has the greater margin."""
    answerable = np.array([one.margin for one in outcomes if one.answerable])
    unanswerable = np.array([one.margin for one in outcomes if not one.answerable])
    if answerable.size == 0 or unanswerable.size == 0:
        return float("nan")
    return float(np.mean(answerable[:, None] > unanswerable[None]))


def per_cent(values: list[float]) -> float:
    """Mean of values from 0 to 1 as per cent with one decimal; NaN for none."""
    return round(100 * float(np.mean(values)), 1) if values else float("nan")


def report(outcomes: list[Outcome], ms_per_question: float) -> dict:
    """All figures of the module's head."""
    answerable = [one for one in outcomes if one.answerable]
    tuning = outcomes[::2]
    testing = outcomes[1::2]
    tau = max(THRESHOLDS, key=lambda threshold: scores_at(tuning, threshold)["f1"])
    return {
        "rows": len(outcomes),
        "ms_per_question": round(ms_per_question, 1),
        "forced_em": per_cent([one.exact for one in answerable]),
        "forced_f1": per_cent([one.f1 for one in answerable]),
        "auc_answerable_vs_adversarial": round(auc(outcomes), 3),
        "tau": round(float(tau), 2),
        "at_tau_other_half": scores_at(testing, tau),
    }


def main() -> None:
    """Reads every question's own paragraph and prints the scores."""
    arguments = parse_arguments()
    reader = Reader(arguments.model, arguments.tokenizer)
    rows = load_questions(arguments.qa_dir / "questions.jsonl", arguments.limit)
    paragraphs = {name: load_paragraphs(arguments.qa_dir / name) for name in {row["doc"] for row in rows}}
    started = time.process_time()
    outcomes = []
    for row in rows:
        passage = paragraphs[row["doc"]][row["paragraph_index"]]
        answer, margin = reader.read(row["question"], passage)
        outcomes.append(outcome(row, answer, margin))
    seconds = time.process_time() - started
    print(json.dumps(report(outcomes, 1000 * seconds / len(rows))))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="scores a reader with the right passage given")
    parser.add_argument("model", type=Path, help="the reader's ONNX file")
    parser.add_argument("tokenizer", type=Path, help="its tokenizer.json")
    parser.add_argument("qa_dir", type=Path, help="folder with questions.jsonl and the documents")
    parser.add_argument("--limit", type=int, default=600, help="questions to read (default: 600)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

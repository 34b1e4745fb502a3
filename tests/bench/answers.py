#!/usr/bin/env python3
"""Fits the weights by which sentences are chosen and answers refused (engine/src/answer/read/weights.rs). Needs numpy.

  answers.py collect SETS OUT    ask the questions of the public sets, keep what their sentences are weighed by
  answers.py fit OUT             fit on one half of the documents, report on the other, print the weights of all

Of some sets only a part of the documents is ingested, so that the questions about the others have no answer there. A
sentence is right when it holds a gold answer and stands in the right document.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import shutil
import subprocess
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
# set, folder, share of the documents that is ingested, answerable questions, others
SETS = (
    ("squad", "qa-en", 0.5, 500, 400),
    ("clapnq", "longform-clapnq", 1.0, 200, 200),
    ("hotpot", "multihop/hotpotqa", 1.0, 100, 0),
    ("cmrc", "qa-zh", 0.7, 500, 300),
    ("drcd", "qa-zh-tw", 0.7, 300, 200),
    ("handbook-en", "handbook-en", 1.0, 100, 100),
    ("handbook-zh", "handbook-zh", 1.0, 100, 100),
    ("examples", str(ROOT / "examples"), 1.0, 100, 100),
)
WITH_READER = ("squad", "clapnq", "hotpot", "handbook-en", "examples")
WORDS_ALONE = ("cmrc", "drcd", "handbook-zh", "examples")
# Documents of companies are few among the sets, and what this is for: their questions count this often.
COMPANY, COMPANY_WEIGHT = ("handbook-en", "handbook-zh", "examples"), 4.0
REGULARISATION = 3.0
# Clues that are no help. Likeness is the same for all sentences of a question. Where the reader knows the language, names that only the
# question has are often but other words for what is meant: without them .925 of the companies' answerable questions come before the others
# instead of .891, and the public sets stay within .001.
NOT_OF_A_SENTENCE = ("likeness",)
NOT_OF_CONFIDENCE = {"WITH_READER": ("likeness", "particulars"), "WORDS_ALONE": ("likeness",)}
NOT_IN_DOUBT = ("particulars",)
# `DOUBT` in engine/src/answer/read.rs: where the confidence that knows of likeness takes over.
DOUBT = (0.1, 0.5)
# Levels of strictness: `least_confidence` in engine/src/answer/read/weights.rs.
LEAST_CONFIDENCE = {"WITH_READER": (0.0, 0.15, 0.25, 0.4, 0.6), "WORDS_ALONE": (0.0, 0.12, 0.22, 0.4, 0.6)}


def normalised(text: str) -> str:
    """Folded, lower case, letters and digits with single spaces."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return " ".join(re.findall(r"\w+", folded))


def holds(text: str, answers: list[str]) -> bool:
    """Whether a text has one of the answers as whole words (in Chinese: as characters)."""
    padded = f" {normalised(text)} "
    for answer in map(normalised, answers):
        if answer and (f" {answer} " in padded or (not answer.isascii() and answer in padded)):
            return True
    return False


def in_first_part(name: str, share: float) -> bool:
    """A part of the documents that depends on their names alone."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 1000 < share * 1000


def collect(sets: Path, out: Path, binaries: Path, models: Path) -> None:
    """Writes OUT/NAME.jsonl: a line a question, with its sentences and which of them are right."""
    out.mkdir(parents=True, exist_ok=True)
    for name, folder, share, answerable, others in SETS:
        target = out / f"{name}.jsonl"
        if target.exists():
            continue
        rows = [json.loads(line) for line in (sets / folder / "questions.jsonl").open(encoding="utf-8")]
        for row in rows:
            row["here"] = row["answerable"] and in_first_part(row["doc"], share)
            adversarial = row.get("unanswerable_kind") == "adversarial"
            row["usable"] = row["here"] or not adversarial or not in_first_part(row["doc"] or "", share)
        chosen = [row for row in rows if row["usable"] and row["here"]][:answerable]
        chosen += [row for row in rows if row["usable"] and not row["here"] and asks_by_itself(row)][:others]
        random.Random(1).shuffle(chosen)
        with tempfile.TemporaryDirectory() as work:
            documents = sets / folder / "documents"
            if share < 1.0:
                documents = part(documents, share, Path(work) / "documents")
            data = Path(work) / "data"
            subprocess.run([binaries / "taproot", "--data", data, "ingest", documents, "--json"], check=True, stdout=subprocess.DEVNULL)
            asked = "".join(json.dumps({"id": str(row["id"]), "question": row["question"]}) + "\n" for row in chosen)
            done = subprocess.run([binaries / "bench-clues", data, models], input=asked, text=True, check=True, capture_output=True)
        with target.open("w", encoding="utf-8") as lines:
            for row, line in zip(chosen, map(json.loads, done.stdout.splitlines())):
                for one in line["sentences"]:
                    places = {row["doc"], *row.get("doc_alternatives", ())}
                    right_place = f"documents/{one['uri']}" in places or one["uri"] in places or name == "hotpot"
                    one["right"] = bool(row["here"] and right_place and rightful(row, one["text"]))
                kept = {"lang": row["lang"], "id": row["id"], "doc": row["doc"], "here": row["here"], "answers": row["answers"], **line}
                kept["adversarial"] = row.get("unanswerable_kind") == "adversarial"
                lines.write(json.dumps(kept, ensure_ascii=False) + "\n")
        print(f"{name}: {len(chosen)} questions", flush=True)


def part(documents: Path, share: float, target: Path) -> Path:
    """A copy of a part of the documents."""
    target.mkdir()
    for path in sorted(documents.iterdir()):
        if in_first_part(f"documents/{path.name}", share):
            shutil.copy(path, target / path.name)
    return target


def asks_by_itself(row: dict) -> bool:
    """Whether a question of a document that is left out means something without it."""
    return row.get("title_in_question", True)


def rightful(row: dict, sentence: str) -> bool:
    """A gold answer, or one of the sentences that a written answer rests on."""
    gold = row.get("gold_sentences")
    if gold:
        own = set(normalised(sentence).split())
        return any(len(own & set(normalised(one).split())) >= 0.8 * len(set(normalised(one).split())) for one in gold)
    return holds(sentence, row["answers"])


def load(out: Path, names: tuple[str, ...], with_reader: bool) -> list[dict]:
    rows = []
    for name in names:
        for line in (out / f"{name}.jsonl").open(encoding="utf-8"):
            row = json.loads(line)
            if row["sentences"] and row["lang"].startswith("en") == with_reader:
                row["set"] = name
                row["x"] = np.array([list(one["clues"].values()) for one in row["sentences"]])
                row["y"] = np.array([one["right"] for one in row["sentences"]], float)
                row["names"] = list(row["sentences"][0]["clues"])
                rows.append(row)
    return rows


def without(rows: list[dict], x: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The clues with those of these names as 0, so that they get no weight."""
    return x * np.array([name not in names for name in rows[0]["names"]])


def fit_logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Bias and weights of least regularised log-loss, by Newton's method."""
    design = np.hstack([np.ones((len(x), 1)), x])
    penalty = REGULARISATION * np.eye(design.shape[1])
    penalty[0, 0] = 1e-6
    theta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ theta))
        gradient = design.T @ (weight * (p - y)) + penalty @ theta
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(hessian, gradient)
        theta -= step
        if np.abs(step).max() < 1e-8:
            break
    return theta


def fit_sentences(rows: list[dict]) -> np.ndarray:
    """Which sentence is right, of questions that have one; each question counts the same."""
    rows = [row for row in rows if row["y"].any()]
    x = without(rows, np.vstack([row["x"] for row in rows]), NOT_OF_A_SENTENCE)
    y = np.concatenate([row["y"] for row in rows])
    return fit_logistic(x, y, np.concatenate([np.full(len(row["y"]), weight(row)) for row in rows]))


def weight(row: dict) -> float:
    return COMPANY_WEIGHT if row["set"] in COMPANY else 1.0


def scores(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    return theta[0] + x @ theta[1:]


def best(row: dict, theta: np.ndarray) -> int:
    return int(np.argmax(scores(theta, row["x"])))


def fit_confidence(rows: list[dict], theta: np.ndarray, left_out: tuple[str, ...]) -> np.ndarray:
    """Whether the best sentence is right; questions without an answer count as much as those with one."""
    chosen = [best(row, theta) for row in rows]
    x = np.array([row["x"][at] for row, at in zip(rows, chosen)])
    y = np.array([row["y"][at] for row, at in zip(rows, chosen)])
    return fit_logistic(without(rows, x, left_out), y, np.array([weight(row) for row in rows]))


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    if not len(positive) or not len(negative):
        return float("nan")
    return float(np.mean((positive[:, None] > negative[None]) + 0.5 * (positive[:, None] == negative[None])))


@dataclass
class Model:
    """A model as in engine/src/answer/read/weights.rs."""

    sentence: np.ndarray
    confidence: np.ndarray
    in_doubt: np.ndarray | None

    @staticmethod
    def of(rows: list[dict], title: str) -> Model:
        sentence = fit_sentences(rows)
        in_doubt = fit_confidence(rows, sentence, NOT_IN_DOUBT) if title == "WITH_READER" else None
        return Model(sentence, fit_confidence(rows, sentence, NOT_OF_CONFIDENCE[title]), in_doubt)

    def sure(self, row: dict) -> float:
        """Confidence in the best sentence."""
        clues = row["x"][best(row, self.sentence)]
        probability = lambda theta: float(1 / (1 + np.exp(-scores(theta, clues))))
        sure = probability(self.confidence)
        in_doubt = self.in_doubt is not None and DOUBT[0] <= sure <= DOUBT[1]
        return probability(self.in_doubt) if in_doubt else sure

    def is_right(self, row: dict) -> bool:
        return bool(row["y"][best(row, self.sentence)])


def report(rows: list[dict], model: Model) -> None:
    for name in dict.fromkeys(row["set"] for row in rows):
        mine = [row for row in rows if row["set"] == name]
        sure = np.array([model.sure(row) for row in mine])
        here = np.array([row["here"] for row in mine])
        right = np.array([model.is_right(row) for row in mine])
        withheld = np.array([not row["here"] and not row["adversarial"] for row in mine])
        print(f"  {name:8} best sentence right {right[here].mean():.3f} of {here.sum()}, reachable {np.mean([row['y'].any() for row in mine if row['here']]):.3f}; "
              f"AUC answerable/withheld {auc(sure[here], sure[withheld]):.3f}, right/not {auc(sure[right], sure[~right]):.3f}")
        for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
            kept = sure >= threshold
            print(f"           >= {threshold}: answers {kept[here].mean():.2f} of the answerable, {right[kept].mean() if kept.any() else float('nan'):.2f} of all answers right; "
                  f"refuses {(~kept[~here]).mean() if (~here).any() else float('nan'):.2f} of the others")


def coverage(rows: list[dict], pooled: dict[str, list[tuple[float, bool, bool]]], model: Model) -> None:
    """Adds (confidence, answerable, best sentence right) of each question, by a model of other documents."""
    for row in rows:
        if row["here"] or not row["adversarial"]:
            pooled.setdefault(row["set"], []).append((model.sure(row), row["here"], model.is_right(row)))


def print_coverage(pooled: dict[str, list[tuple[float, bool, bool]]], levels: tuple[float, ...]) -> None:
    """The table of docs/answers.md: at each strictness answered, right of those; refused of the others."""
    for name, asked in pooled.items():
        sure, here, right = (np.array(column) for column in zip(*asked))
        if name in COMPANY or here.all():
            continue
        cells = [
            f"{(sure >= least)[here].mean():.0%}, {right[(sure >= least) & here].mean():.0%}; {(sure < least)[~here].mean():.0%}"
            for least in levels
        ]
        print(f"| {name} ({here.sum()}, {(~here).sum()}) | {' | '.join(cells)} | {auc(sure[here], sure[~here]):.3f} |")


def half(row: dict) -> bool:
    return in_first_part(f"half {row['doc'] or row['id']}", 0.5)


def fit(out: Path) -> None:
    for title, names in (("WITH_READER", WITH_READER), ("WORDS_ALONE", WORDS_ALONE)):
        rows = load(out, names, title == "WITH_READER")
        first, second = [row for row in rows if half(row)], [row for row in rows if not half(row)]
        pooled: dict[str, list[tuple[float, bool, bool]]] = {}
        for label, train, test in (("A>B", first, second), ("B>A", second, first)):
            model = Model.of(train, title)
            coverage(test, pooled, model)
            print(f"{title} {label}")
            report(test, model)
        model = Model.of(rows, title)
        print_coverage(pooled, LEAST_CONFIDENCE[title])
        print(f"{title} all")
        report([row for row in rows if row["set"] in COMPANY], model)
        print_weights(model, rows[0]["names"])


def print_weights(model: Model, names: list[str]) -> None:
    """In the form of weights.rs."""
    for label, theta in (("sentence", model.sentence), ("confidence", model.confidence), ("in_doubt", model.in_doubt)):
        if theta is None:
            print(f"    {label}: None,")
            continue
        opening, closing = ("Some(", ")") if label == "in_doubt" else ("", "")
        print(f"    {label}: {opening}Weights {{\n        bias: {theta[0]:.2f},\n        clues: Clues {{")
        for name, value in zip(names, theta[1:]):
            print(f"            {name}: {value:.2f},")
        print(f"        }},\n    }}{closing},")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=Path, default=ROOT / "target/release", help="folder of taproot and bench-clues")
    parser.add_argument("--models", type=Path, default=ROOT / ".cache/models", help="folder with models.toml")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("collect", "fit"):
        command = commands.add_parser(name)
        if name == "collect":
            command.add_argument("sets", type=Path, help="folder of the public sets")
        command.add_argument("out", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "collect":
        collect(arguments.sets, arguments.out, arguments.binaries, arguments.models)
    else:
        fit(arguments.out)


if __name__ == "__main__":
    main()

"""From the reader's training files to batches, in the order that training sees them. Needs tokenizers.

In : JSON files of lists of examples {q: question, c: passage, …} by kind, the encoder's tokenizer, a stage's mix.
       spans      s, e: the answer's characters in the passage: gold (SQuAD), qamr, policyqa, qed, labelled (spans that
                  a reader found in `weak`, see label_reader_data.py)
       weak       ws, we: the characters of the sentence that holds the answer; where in it is not known
       negatives  neg: the passage does not answer: wneg (another passage of the article), gneg (the most similar
                  passage), swap (a number or name of the question replaced); made here: rule (reader_negatives.py),
                  cut (the answer's sentence taken out of the passage)
Out: batches of features. It draws only from the `random.Random` that it is given, so a seed gives one order.

A share of the questions is held out, with their passages, for choosing between models: `held_out` names them.
"""
from __future__ import annotations

import itertools
import json
import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

from tokenizers import Tokenizer

from reader_negatives import NegativeMaker

# Per stage, how often each kind is drawn, in per cent: first spans of all sources, then mostly SQuAD's, then the same
# with more passages that do not fit at all, which is what retrieval brings.
MIXES = {
    "spans": {
        **{"gold": 22, "weak": 4, "qamr": 22, "qed": 5, "policyqa": 2},
        **{"rule": 31, "cut": 3, "swap": 4, "gneg": 4, "wneg": 3},
    },
    "squad": {
        **{"gold": 21, "labelled": 28, "qamr": 7, "qed": 2, "policyqa": 1},
        **{"rule": 28, "cut": 3, "swap": 3, "gneg": 5, "wneg": 2},
    },
    "broad": {
        **{"gold": 24, "labelled": 25, "qamr": 7, "qed": 2, "policyqa": 1},
        **{"rule": 20, "cut": 3, "swap": 3, "gneg": 10, "wneg": 5},
    },
}
# Per stage, how often each rule of reader_negatives.py is drawn for `rule`, in per cent.
RULE_SHARES = {
    "spans": {"negated": 14, "with_antonym": 26, "with_other_number": 12, "with_other_name": 26, "with_other_noun": 22},
    "squad": {"negated": 7, "with_antonym": 20, "with_other_number": 12, "with_other_name": 33, "with_other_noun": 28},
    "broad": {"negated": 7, "with_antonym": 20, "with_other_number": 12, "with_other_name": 33, "with_other_noun": 28},
}
MADE_HERE = ("rule", "cut")
RULE_SOURCES = ("gold", "weak")
HELD_OUT_PERCENT = 6
WINDOW_BATCHES = 50  # examples are sorted by length only within so many batches, which keeps the order random
CLS_ID, SEPARATOR_ID = 101, 102
LONGEST_QUESTION = 48
QAMR_TOKENS = 80  # its questions are about one sentence, so that more context teaches little
DETOKENISED = (
    (re.compile(r"`` | ''|``|''"), '"'),
    (re.compile(r" (?=[.,;:?!)\]%]|'s\b|n't\b)"), ""),
    (re.compile(r"(?<=[(\[$]) "), ""),
    (re.compile(r" (--|–) | - "), "-"),
)
SENTENCE = re.compile(r"\S.*?(?:[.!?](?=\s|$)|$)", re.DOTALL)

Example = dict
Batch = list


@dataclass(frozen=True)
class Feature:
    """An encoded example. `first` and `last` are token positions, both included, 0 for `no_answer`."""

    ids: list[int]
    question_tokens: int  # of the first part, its two special tokens included
    kind: str  # span: the answer is first..last; sentence: the answer is somewhere in first..last; no_answer
    first: int
    last: int


class Encoder:
    """Makes features. A passage that is too long is cut to a random window that holds the answer."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, rng: random.Random) -> None:
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.rng = rng

    def encode(self, example: Example, source: str) -> Optional[Feature]:
        """The example's feature; None if the answer does not fit."""
        question = self.tokenizer.encode(example["q"], add_special_tokens=False).ids[:LONGEST_QUESTION]
        passage = self.tokenizer.encode(example["c"], add_special_tokens=False)
        room = (QAMR_TOKENS if source == "qamr" else self.max_tokens) - len(question) - 3
        kind, first, last = target(example, passage.offsets)
        if kind != "no_answer" and (first > last or last - first >= room):
            return None
        start = self._window_start(len(passage.ids), room, first, last)
        window = passage.ids[start : start + room]
        ids = [CLS_ID, *question, SEPARATOR_ID, *window, SEPARATOR_ID]
        shift = len(question) + 2
        if kind == "no_answer":
            return Feature(ids, shift, kind, 0, 0)
        return Feature(ids, shift, kind, first - start + shift, last - start + shift)

    def _window_start(self, length: int, room: int, first: int, last: int) -> int:
        """Where the window starts; `first` > `last` if it may be anywhere."""
        if length <= room:
            return 0
        if first > last:
            return self.rng.randrange(length - room + 1)
        return self.rng.randint(max(0, last - room + 1), min(first, length - room))


def target(example: Example, offsets: list[tuple[int, int]]) -> tuple[str, int, int]:
    """What is right for an example, and the first and last passage token of it; (1, 0) if there is none."""
    if "neg" in example:
        return "no_answer", 1, 0
    is_span = "s" in example
    kind = "span" if is_span else "sentence"
    begin, end = (example["s"], example["e"]) if is_span else (example["ws"], example["we"])
    inside = [position for position, (left, right) in enumerate(offsets) if right > begin and left < end]
    return (kind, inside[0], inside[-1]) if inside else (kind, 1, 0)


def held_out(example: Example) -> bool:
    """Whether the example's passage is kept for choosing between models."""
    return zlib.crc32(example["c"].encode()) % 100 < HELD_OUT_PERCENT


def split(sources: dict[str, list[Example]]) -> tuple[dict[str, list[Example]], list[Example]]:
    """(what may be trained on, the held-out gold). What shares a question or passage with held-out gold is dropped."""
    kept_apart = [example for example in sources["gold"] if held_out(example)]
    questions = {example["q"] for example in kept_apart}
    passages = {example["c"] for example in kept_apart}
    usable = {
        name: [example for example in examples if example["q"] not in questions and example["c"] not in passages]
        for name, examples in sources.items()
    }
    return usable, kept_apart


def load_sources(paths: list[Path]) -> dict[str, list[Example]]:
    """The lists of all files by kind; qed's passages are given their natural spacing."""
    sources = {}
    for path in paths:
        sources.update(json.loads(path.read_text(encoding="utf-8")))
    for pattern, replacement in DETOKENISED:
        sources["qed"] = [replaced(example, pattern, replacement) for example in sources.get("qed", [])]
    return sources


def replaced(example: Example, pattern: re.Pattern, replacement: str) -> Example:
    """A span example with all matches in its passage replaced, its span moved along."""
    begin, end = example["s"], example["e"]
    for match in pattern.finditer(example["c"]):
        growth = len(replacement) - len(match.group())
        begin += growth * (match.start() < example["s"])
        end += growth * (match.start() < example["e"])
    return {**example, "c": pattern.sub(replacement, example["c"]), "s": begin, "e": end}


def cut_answer(example: Example) -> Optional[Example]:
    """A span example without the sentence of its answer; None if the answer stands elsewhere, too, or all is cut."""
    passage = example["c"]
    answer = passage[example["s"] : example["e"]]
    kept = [match.group() for match in SENTENCE.finditer(passage) if not overlaps(match, example)]
    shorter = " ".join(kept)
    if not kept or answer.lower() in shorter.lower():
        return None
    return {"q": example["q"], "c": shorter, "neg": True}


def overlaps(match: re.Match, example: Example) -> bool:
    """Whether a sentence has a part of the answer."""
    return match.start() < example["e"] and match.end() > example["s"]


def draw(sources: dict[str, list[Example]], stage: str, rng: random.Random) -> Iterator[tuple[Example, str]]:
    """Endless examples and their kinds, as the stage's mix says. Each kind goes round in an order of its own."""
    mix = {kind: share for kind, share in MIXES[stage].items() if sources.get(kind) or kind in MADE_HERE}
    based_on = [kind for kind in RULE_SOURCES if sources.get(kind)]
    rounds = {kind: shuffled_rounds(examples, rng) for kind, examples in sources.items() if examples}
    rounds["rule_base"] = shuffled_rounds([example for kind in based_on for example in sources[kind]], rng)
    questions = [example["q"] for kind in based_on for example in sources[kind]]
    maker = NegativeMaker(questions, RULE_SHARES[stage], rng)
    while True:
        kind = rng.choices(list(mix), list(mix.values()))[0]
        if kind == "rule":
            yield rule_negative(rounds["rule_base"], maker), kind
        elif kind == "cut":
            yield next(filter(None, map(cut_answer, rounds["gold"]))), kind
        else:
            yield next(rounds[kind]), kind


def rule_negative(base: Iterator[Example], maker: NegativeMaker) -> Example:
    """The next example whose question can be changed, changed."""
    for example in base:
        question = maker.make(example["q"], example["c"])
        if question:
            return {"q": question, "c": example["c"], "neg": True}
    raise AssertionError("rounds do not end")


def shuffled_rounds(examples: list[Example], rng: random.Random) -> Iterator[Example]:
    """All examples in random order, again and again."""
    while True:
        yield from rng.sample(examples, len(examples))


def make_batches(
    drawn: Iterator[tuple[Example, str]], encoder: Encoder, batch_size: int, rng: random.Random
) -> Iterator[Batch]:
    """Endless batches of features of similar length, so that little is padded."""
    features = (feature for feature in (encoder.encode(*one) for one in drawn) if feature)
    while True:
        window = sorted(itertools.islice(features, batch_size * WINDOW_BATCHES), key=lambda feature: len(feature.ids))
        batches = [window[start : start + batch_size] for start in range(0, len(window), batch_size)]
        rng.shuffle(batches)
        yield from batches

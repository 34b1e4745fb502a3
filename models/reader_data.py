"""From the reader's training file to batches, in the order that training sees them. Needs tokenizers.

In : a JSON file of lists of examples {q: question, c: passage, …} by kind, and the encoder's tokenizer.
       gold       s, e: the answer's characters in the passage
       weak       ws, we: the characters of the sentence that holds the answer; where in it is not known
       wneg gneg swap   neg: the passage does not answer: another passage of the article, the most similar passage,
                        a question with a number or name replaced
Out: batches of features. It draws only from the `random.Random` that it is given, so a seed gives one order.
"""
from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Optional

from tokenizers import Tokenizer

WINDOW_BATCHES = 50  # examples are sorted by length only within so many batches, which keeps the order random

Example = dict
Batch = list


@dataclass(frozen=True)
class Feature:
    """An encoded example. `first` and `last` are token positions, both included, 0 for `no_answer`."""

    ids: list[int]
    token_types: list[int]
    kind: str  # span: the answer is first..last; sentence: the answer is somewhere in first..last; no_answer
    first: int
    last: int


def encode(example: Example, tokenizer: Tokenizer) -> Optional[Feature]:
    """The example's feature; None if truncation took the answer or a part of it."""
    encoding = tokenizer.encode(example["q"], example["c"])
    if "neg" in example:
        return Feature(encoding.ids, encoding.type_ids, "no_answer", 0, 0)
    is_gold = "s" in example
    begin, end = (example["s"], example["e"]) if is_gold else (example["ws"], example["we"])
    inside = [
        position
        for position, (type_id, special) in enumerate(zip(encoding.type_ids, encoding.special_tokens_mask))
        if type_id == 1
        and not special
        and encoding.offsets[position][1] > begin
        and encoding.offsets[position][0] < end
    ]
    if not inside or encoding.offsets[inside[-1]][1] < end:
        return None
    return Feature(encoding.ids, encoding.type_ids, "span" if is_gold else "sentence", inside[0], inside[-1])


def order_examples(data: dict[str, list[Example]], rng: random.Random) -> list[Example]:
    """One pass in two parts: weak labels first, then spans alone. Gold is in both, half of gneg and swap in each."""
    similar = halves(data["gneg"], rng)
    swapped = halves(data["swap"], rng)
    first_part = data["weak"] + data["wneg"] + data["gold"] + similar[0] + swapped[0]
    second_part = data["gold"] + similar[1] + swapped[1]
    rng.shuffle(first_part)
    rng.shuffle(second_part)
    return first_part + second_part


def halves(examples: list[Example], rng: random.Random) -> tuple[list[Example], list[Example]]:
    """The examples in random order, cut in two."""
    shuffled = rng.sample(examples, len(examples))
    middle = len(shuffled) // 2
    return shuffled[:middle], shuffled[middle:]


def make_batches(features: list[Feature], batch_size: int, rng: random.Random) -> list[Batch]:
    """Batches of features of similar length, so that little is padded."""
    batches = []
    window_size = batch_size * WINDOW_BATCHES
    for window_start in range(0, len(features), window_size):
        window = sorted(features[window_start : window_start + window_size], key=lambda feature: len(feature.ids))
        window_batches = [window[start : start + batch_size] for start in range(0, len(window), batch_size)]
        rng.shuffle(window_batches)
        batches += window_batches
    return batches

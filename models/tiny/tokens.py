"""Two small tokenizers: as a Hugging Face tokenizer.json, and as plain Python for the reference.

`Words` is BERT's WordPiece, `Pieces` the Unigram of SentencePiece that XLM-R has.
"""
from __future__ import annotations

import unicodedata
from typing import Any

WORDS = "the a of is in to for and leave days year hotel vpn work how many question query passage holiday employee".split()
HAN = "年假最晚可以用到什么时候员工有几天休的多少"
# Lower than any score, as SentencePiece has it.
UNKNOWN_SCORE = -30.0
SIGNS = [*"aswork24.,:?-？：", *dict.fromkeys(HAN)]


class Words:
    """Lower case, Han apart, punctuation apart, then the longest known beginnings."""

    def __init__(self) -> None:
        following = [f"##{end}" for end in ("s", "ing", "2", "4")]
        listed = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *SIGNS, *following, *WORDS]
        self.ids = {token: number for number, token in enumerate(dict.fromkeys(listed))}
        self.pad, self.unknown = self.ids["[PAD]"], self.ids["[UNK]"]
        self.first, self.end = self.ids["[CLS]"], self.ids["[SEP]"]

    def plain(self, text: str) -> list[int]:
        """Ids without special ones."""
        spaced = "".join(f" {sign} " if self._stands_alone(sign) else sign for sign in text.lower())
        return [token for word in spaced.split() for token in self._word(word)]

    def file(self, **presets: Any) -> dict[str, Any]:
        """The tokenizer.json."""
        post = {"type": "BertProcessing", "sep": ["[SEP]", self.end], "cls": ["[CLS]", self.first]}
        model = {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": self.ids,
        }
        normalizer = {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        }
        special = [added(self.ids[token], token) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")]
        return tokenizer_file(special, normalizer, {"type": "BertPreTokenizer"}, post, model, presets)

    def _stands_alone(self, sign: str) -> bool:
        return "\u4e00" <= sign <= "\u9fff" or unicodedata.category(sign).startswith("P")

    def _word(self, word: str) -> list[int]:
        found, start = [], 0
        while start < len(word):
            beginnings = (word[start:end] for end in range(len(word), start, -1))
            names = (beginning if start == 0 else f"##{beginning}" for beginning in beginnings)
            known = next((name for name in names if name in self.ids), None)
            if known is None:
                return [self.unknown]
            found.append(self.ids[known])
            start += len(known.removeprefix("##"))
        return found


class Pieces:
    """▁ for spaces and in front, then the cut of the greatest sum of scores."""

    def __init__(self) -> None:
        whole = [(f"▁{word}", -4.0 - len(word) / 16) for word in WORDS]
        pieces = [*whole, ("▁", -6.0), ("年假", -7.0), ("什么", -7.5), ("ing", -7.25)]
        singles = [(sign, -9.0 - place / 64) for place, sign in enumerate(SIGNS)]
        self.scores = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), *pieces, *singles]
        self.ids = {piece: number for number, (piece, _) in enumerate(self.scores)}
        self.first, self.pad, self.end, self.unknown = (self.ids[name] for name in ("<s>", "<pad>", "</s>", "<unk>"))

    def plain(self, text: str) -> list[int]:
        """Ids without special ones."""
        text = ("" if text.startswith(" ") else "▁") + text.replace(" ", "▁")
        best: list[tuple[float, list[int]]] = [(0.0, [])]
        for end in range(1, len(text) + 1):
            ways = []
            for start in range(end):
                number = self.ids.get(text[start:end])
                if number is not None:
                    ways.append((best[start][0] + self.scores[number][1], [*best[start][1], number]))
            if text[end - 1] not in self.ids:
                ways.append((best[-1][0] + UNKNOWN_SCORE, [*best[-1][1], self.unknown]))
            best.append(max(ways))
        # Unknown signs side by side are one token.
        found = best[-1][1]
        return [one for before, one in zip([None, *found], found) if one != self.unknown or one != before]

    def file(self, single: str, pair: str, **presets: Any) -> dict[str, Any]:
        """The tokenizer.json; `{}` stands for a text in the two patterns."""
        post = {
            "type": "TemplateProcessing",
            "single": template(single),
            "pair": template(pair),
            "special_tokens": {
                token: {"id": token, "ids": [self.ids[token]], "tokens": [token]} for token in ("<s>", "</s>")
            },
        }
        cut = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False}
        model = {"type": "Unigram", "unk_id": self.unknown, "vocab": [list(pair) for pair in self.scores]}
        special = [added(self.ids[token], token) for token in ("<s>", "<pad>", "</s>", "<unk>")]
        return tokenizer_file(special, None, cut, post, model, presets)


def template(pattern: str) -> list[dict[str, Any]]:
    texts = iter("AB")
    return [
        {"Sequence": {"id": next(texts), "type_id": 0}} if part == "{}" else {"SpecialToken": {"id": part, "type_id": 0}}
        for part in pattern.split()
    ]


def added(number: int, token: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": number, "content": token, **flags}


def tokenizer_file(
    special: list, normalizer: Any, pre_tokenizer: Any, post: Any, model: Any, presets: dict[str, Any]
) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": presets.get("truncation"),
        "padding": presets.get("padding"),
        "added_tokens": special,
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post,
        "decoder": None,
        "model": model,
    }

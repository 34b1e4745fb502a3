#!/usr/bin/env python3
"""Compares what the parsers make of real files with what their manifest expects, and with ground-truth texts.

  files.py EXTRACT [--data DIR]

EXTRACT: the program `extract` (`cargo build --release -p taproot-parse --example extract`, then
target/release/examples/extract). DIR: a folder with `manifest.jsonl` (default: ../shared/data/files beside the repository).
Prints the files that are not as expected, and for each file with a ground truth the share of its words that came out, the
share of what came out that is in it, and how alike the sequences of words are (0 to 1). Standard library only.
"""
from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MAX_WORDS = 4_000  # comparing sequences takes time that grows with the square of their length


def words(text: str) -> list[str]:
    """Words, and single ideographs, without the marks of Markdown and the addresses of links."""
    text = re.sub(r"<!--.*?-->|\\]\\([^)]*\\)", " ", text, flags=re.S)
    return re.findall(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+", unicodedata.normalize("NFKC", text).casefold())


def similarity(found: str, truth: str) -> tuple[float, float, float]:
    got, want = words(found), words(truth)
    shared = sum((Counter(got) & Counter(want)).values())
    alike = difflib.SequenceMatcher(None, got[:MAX_WORDS], want[:MAX_WORDS], autojunk=False).ratio()
    return shared / max(len(want), 1), shared / max(len(got), 1), alike


def main() -> None:
    parser = argparse.ArgumentParser(description="compares extracted texts with what is expected")
    parser.add_argument("extract", type=Path)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data" / "files")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in (arguments.data / "manifest.jsonl").open(encoding="utf-8")]
    command = [str(arguments.extract.resolve()), str(arguments.data), *(row["path"] for row in rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {row["path"]: row for row in map(json.loads, done.stdout.splitlines())}
    sys.path.insert(0, str(arguments.data.parent))
    from metrics import eval_files  # lies beside the data

    report, bad = eval_files(list(found.values()), rows)
    print(json.dumps(report, indent=1, ensure_ascii=False))
    for line in bad:
        print("not as expected:", line)
    slowest = sorted(found.values(), key=lambda row: -row["seconds"])[:3]
    print("slowest:", ", ".join(f"{row['path']} {row['seconds']:.1f} s" for row in slowest))
    print("\n| file | words that came out | of what came out | sequence |\n|---|---|---|---|")
    scores = []
    for row in rows:
        if "ground_truth" in row:
            truth = (arguments.data / row["ground_truth"]).read_text(encoding="utf-8")
            scores.append(similarity(found[row["path"]]["text"], truth))
            print(f"| {row['path']} | " + " | ".join(f"{score:.3f}" for score in scores[-1]) + " |")
    means = [sum(column) / len(scores) for column in zip(*scores)]
    print(f"| all {len(scores)} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")


if __name__ == "__main__":
    main()

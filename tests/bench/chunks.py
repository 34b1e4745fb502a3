#!/usr/bin/env python3
"""Compares sizes and overlaps of chunks by what a reader of a fixed length finds in the passages that come back.

  chunks.py TAPROOT [--data DIR] [--sizes 256+32,128+32,…] [--questions N]

For each question that the documents answer, the passages of a search are read in order until a number of characters is
used up, so that longer passages get no advantage; printed is the share of questions whose answer is in what was read,
of the right document. DIR: the evaluation sets (default: ../shared/data beside the repository). Standard library only.
"""
from __future__ import annotations

import argparse
import json
import os
import tempfile
import unicodedata
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import REPOSITORY, Taproot

SETS = ["qa-en", "qa-zh", "handbook-en", "handbook-zh"]
BUDGETS = [800, 2_000, 5_000]
HITS = 30


def squeezed(text: str) -> str:
    """Letters and digits alone: line breaks and marks of Markdown do not count."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def search(address: str, token: str, question: str) -> list[dict]:
    body = json.dumps({"query": question, "k": HITS}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://{address}/v1/search", data=body, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["hits"]


def found_within(hits: list[dict], row: dict, budget: int) -> bool:
    """Whether an answer stands in the first `budget` characters of the passages, in its own document."""
    documents = {row["doc"], *row.get("doc_alternatives", [])}
    for hit in hits:
        text = hit["text"][:budget]
        if "documents/" + hit["uri"] in documents and any(squeezed(a) in squeezed(text) for a in row["answers"]):
            return True
        budget -= len(hit["text"])
        if budget <= 0:
            return False
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description="compares sizes and overlaps of chunks")
    parser.add_argument("binary", type=Path)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--sizes", default="256+32,256+0,192+32,128+32,128+0")
    parser.add_argument("--questions", type=int, default=500)
    arguments = parser.parse_args()
    print("| tokens+overlap | set | chunks |" + "".join(f" {budget} characters |" for budget in BUDGETS))
    print("|---|---|---|" + "---|" * len(BUDGETS))
    for size in arguments.sizes.split(","):
        tokens, overlap = size.split("+")
        os.environ["TAPROOT_INGEST_CHUNK_TOKENS"], os.environ["TAPROOT_INGEST_OVERLAP_TOKENS"] = tokens, overlap
        for name in SETS:
            rows = [json.loads(line) for line in (arguments.data / name / "questions.jsonl").open(encoding="utf-8")]
            rows = [row for row in rows if row["answerable"] and row["answers"]][: arguments.questions]
            with tempfile.TemporaryDirectory(prefix="taproot-chunks-") as work:
                taproot = Taproot(arguments.binary.resolve(), Path(work))
                report = json.loads(taproot.run("--json", "ingest", str(arguments.data / name / "documents")))
                with taproot.serving() as (address, token, *_), ThreadPoolExecutor(4) as pool:
                    found = list(pool.map(lambda row: search(address, token, row["question"]), rows))
            shares = [sum(found_within(hits, row, b) for hits, row in zip(found, rows)) / len(rows) for b in BUDGETS]
            print(f"| {size} | {name} | {report['chunks']} |" + "".join(f" {share:.3f} |" for share in shares), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures searches and answers in a large store, beside loops that only embed and only read the same. Prints tables.

  scale.py TAPROOT WORK [--chunks N] [--scale X] [--data DIR] [--rounds N] [--only fill|rest|ask|ingest]

TAPROOT: the release binary, with `bench-fill`, `bench-embed` and `bench-read` beside it (`cargo build --release -p taproot-server
-p taproot-bench`). WORK: a folder for the store, kept between runs; it is filled the first time. DIR: the evaluation sets
(default: ../shared/data beside the repository), whose sentences are shuffled into chunks of real length. The vectors are
made up (see `src/fill.rs`), so only times mean something here.

Each round sends every query once over one keep-alive connection and, in turn with it, has `bench-embed` embed the same query,
so that both meet the same load of the machine. All figures are medians over the rounds; a ratio is that of a round. On a busy
machine times say little, and the processor time of a search, with all threads of the server, says more.

Answers are extractive and come from nothing that would answer: the passages are shuffled sentences. They are read and weighed as
any others, and every question is answered (strictness 1).
Standard library only.
"""
from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import REPOSITORY, Taproot, load, post, read_jsonl, resident_mib, table

# Corpora whose sentences are shuffled, the share of the documents that is made of them, and characters of a chunk: both
# are about 190 tokens of the default embedder, which cuts Chinese into single characters.
SOURCES = {
    "en": (["scifact", "qa-en-paragraphs"], 0.7, 800, " "),
    "zh": (["qa-zh-paragraphs", "qa-zh-tw-paragraphs"], 0.3, 190, ""),
}
QUERIES = {"en": ["scifact", "qa-en-paragraphs"], "zh": ["qa-zh-paragraphs"]}
QUERIES_PER_ROUND = 300
# Of answers: questions of a round, clients at the same time, and passages read for one (`answer.passages`).
QUESTIONS, CLIENTS, PASSAGES = 100, 8, 6
PARTS = ["resolve", "search", "read", "compose"]


def sentences(data: Path, corpora: list[str], language: str) -> list[str]:
    texts = [row["text"] for name in corpora for row in read_jsonl(data / "retrieval" / name / "corpus.jsonl")]
    ends = "。！？" if language == "zh" else (". ", "? ", "! ")
    found = []
    for text in texts:
        for end in ends:
            text = text.replace(end, end.strip() + "\n")
        found.extend(part.strip() for part in text.split("\n") if 10 < len(part.strip()) < 600)
    return found


def documents(data: Path, chunks: int, scale: float) -> Iterator[dict]:
    """Documents of 1 to 20 chunks, `chunks` in all, the same for every run."""
    dice = random.Random(1)
    pools = {language: sentences(data, source[0], language) for language, source in SOURCES.items()}
    made = 0
    while made < chunks:
        language = dice.choices(list(SOURCES), [source[1] for source in SOURCES.values()])[0]
        _, _, chars, joiner = SOURCES[language]
        count = min(dice.randint(1, 20), chunks - made)
        texts = []
        for _ in range(count):
            picked, length, wanted = [], 0, chars * scale * dice.uniform(0.6, 1.1)
            while length < wanted:
                picked.append(dice.choice(pools[language]))
                length += len(picked[-1]) + len(joiner)
            texts.append(joiner.join(picked))
        yield {"uri": f"{made // 5_000:03}/{made:07}.txt", "title": texts[0][:50], "language": language, "chunks": texts}
        made += count


def fill(tools: Path, store: Path, data: Path, chunks: int, scale: float) -> None:
    began = time.monotonic()
    command = [tools / "bench-fill", store, REPOSITORY / ".cache/models"]
    filling = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8")
    for document in documents(data, chunks, scale):
        filling.stdin.write(json.dumps(document, ensure_ascii=False) + "\n")
    filling.stdin.close()
    if filling.wait() != 0:
        sys.exit("error: fill failed")
    print(f"filled with {chunks} chunks in {time.monotonic() - began:.0f} s", flush=True)


class Client:
    """One keep-alive connection to a server."""

    def __init__(self, address: str, token: str):
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.rerank = False
        self.headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}

    def search(self, query: str) -> float:
        """Milliseconds until the answer was read."""
        body = json.dumps({"query": query, "rerank": self.rerank}).encode()
        began = time.perf_counter()
        self.connection.request("POST", "/v1/search", body, self.headers)
        response = self.connection.getresponse()
        answer = response.read()
        took = (time.perf_counter() - began) * 1000
        if response.status != 200:
            sys.exit(f"error: {answer.decode()}")
        return took


class Embedding:
    """The loop that only embeds."""

    def __init__(self, tools: Path):
        command = [tools / "bench-embed", REPOSITORY / ".cache/models"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def embed(self, query: str) -> float:
        self.process.stdin.write(query.replace("\n", " ") + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def cpu_ms(pid: int) -> float:
    """Milliseconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def percentiles(times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


HEADER = ["search p50 ms", "p99", "embedding alone p50 ms", "p99", "ratio of p50", "of p99", "processor ms a search", "an embedding"]


def rounds(pid: int, client: Client, embedding: Embedding, queries: list[str], count: int) -> list[str]:
    """The cells of a row under HEADER."""
    found = []
    for _ in range(count):
        used = [cpu_ms(pid), cpu_ms(embedding.process.pid)]
        pairs = [(client.search(query), embedding.embed(query)) for query in queries]
        used = [(cpu_ms(of) - before) / len(queries) for of, before in zip((pid, embedding.process.pid), used)]
        searching, embedded = (percentiles([pair[side] for pair in pairs]) for side in (0, 1))
        found.append((*searching, *embedded, searching[0] / embedded[0], searching[1] / embedded[1], *used))
    return [f"{statistics.median(column):.1f}" for column in zip(*found)]


def queries_of(data: Path, language: str) -> list[str]:
    found = [row["text"] for name in QUERIES[language] for row in read_jsonl(data / "retrieval" / name / "queries.jsonl")]
    random.Random(2).shuffle(found)
    return found[:QUERIES_PER_ROUND]


def at_rest(instance: Taproot, embedding: Embedding, data: Path, count: int) -> None:
    rows = []
    with instance.serving() as (address, token, pid, seconds):
        idle = resident_mib(pid)
        client = Client(address, token)
        for language in QUERIES:
            queries = queries_of(data, language)
            rows.append([language, "first", *rounds(pid, client, embedding, queries, 1)])
            rows.append([language, "again", *rounds(pid, client, embedding, queries, count)])
            client.rerank = True
            rows.append([language, "reread by the reader where they ask", *rounds(pid, client, embedding, queries, 1)])
            client.rerank = False
        loaded = resident_mib(pid)
    table("Searches at rest, one client", ["queries", "", *HEADER], rows)
    table("The process", ["start to ready, s", "resident idle, MiB", "after the searches, MiB"], [[f"{seconds:.2f}", idle, loaded]])


def asking(instance: Taproot, tools: Path, data: Path, count: int) -> None:
    """Answers for one client with their parts, then for as many as CLIENTS beside the reader alone on the same passages."""
    parts, loads = [], []
    with instance.serving() as (address, token, _, _):
        for language in QUERIES:
            questions = queries_of(data, language)[:QUESTIONS]
            bodies = bodies_of(questions)
            load(address, token, "/v1/ask", bodies, 1)
            times, timings = [], []
            for body in bodies * count:
                began = time.perf_counter()
                answer = post(address, token, "/v1/ask", body)
                times.append((time.perf_counter() - began) * 1000)
                timings.append(answer["timings_ms"])
            split = [f"{statistics.median(part[name] for part in timings):.1f}" for name in PARTS]
            parts.append([language, *(f"{cut:.1f}" for cut in percentiles(times)), *split])
        questions = queries_of(data, "en")[:QUESTIONS]
        passages = [passages_of(address, token, question) for question in questions]
        for _ in range(count):
            alone = read_alone(tools, passages)
            _, _, rate = load(address, token, "/v1/ask", bodies_of(questions), CLIENTS)
            loads.append((rate, len(questions) / alone, rate * alone / len(questions)))
    table("Answers, one client", ["questions", "p50 ms", "p99", *(f"of which {name}" for name in PARTS)], parts)
    rate, alone, share = (statistics.median(column) for column in zip(*loads))
    table(f"Answers, {CLIENTS} clients", ["answers/s", "the reader alone", "share"], [[f"{rate:.1f}", f"{alone:.1f}", f"{share:.2f}"]])


def bodies_of(questions: list[str]) -> list[dict]:
    return [{"question": question, "strictness": 1} for question in questions]


def passages_of(address: str, token: str, question: str) -> dict:
    """What is read for a question."""
    found = post(address, token, "/v1/search", {"query": question, "k": PASSAGES, "rerank": False})
    return {"question": question, "passages": [hit["text"] for hit in found["hits"]]}


def read_alone(tools: Path, passages: list[dict]) -> float:
    """Seconds that the reader takes for all, on as many threads as there are processors."""
    lines = "".join(json.dumps(line) + "\n" for line in passages)
    command = [tools / "bench-read", REPOSITORY / ".cache/models", str(os.cpu_count())]
    return float(subprocess.run(command, input=lines, text=True, check=True, capture_output=True).stdout)


def during_ingest(instance: Taproot, embedding: Embedding, data: Path, count: int) -> None:
    """Searches at rest, then while the server ingests a folder that takes longer than they do, in a copy of the store."""
    copy = instance.data.with_name(instance.data.name + "-ingesting")
    shutil.copytree(instance.data, copy, dirs_exist_ok=True)
    instance, queries, rows = Taproot(instance.binary, copy), queries_of(data, "en"), []
    dice, pool = random.Random(3), sentences(data, SOURCES["en"][0], "en")
    try:
        with instance.serving() as (address, token, pid, _), tempfile.TemporaryDirectory() as folder:
            client = Client(address, token)
            rounds(pid, client, embedding, queries, 1)
            rows.append(["at rest", *rounds(pid, client, embedding, queries, count)])
            for number in range(3_000):
                (Path(folder) / f"{number}.txt").write_text(" ".join(dice.choices(pool, k=40)), encoding="utf-8")
            command = [instance.binary, "--data", copy, "ingest", folder, "--collection", "later"]
            ingest = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(5)
            rows.append(["while ingesting", *rounds(pid, client, embedding, queries, count)])
            rows[-1][0] += "" if ingest.poll() is None else " (which ended before)"
            ingest.terminate()
            ingest.wait()
    finally:
        shutil.rmtree(copy)
    table("Searches while the server ingests", ["", *HEADER], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("taproot", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--scale", type=float, default=1.0, help="length of a chunk, beside a real one's")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAPROOT_EVAL_DATA", REPOSITORY.parent / "shared/data")))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["fill", "rest", "ask", "ingest"])
    arguments = parser.parse_args()
    binary, work, data = arguments.taproot.resolve(), arguments.work.resolve(), arguments.data.resolve()
    tools, store = binary.parent, work / f"data-{arguments.chunks}"
    work.mkdir(parents=True, exist_ok=True)
    if not store.exists():
        fill(tools, store, data, arguments.chunks, arguments.scale)
    instance, embedding = Taproot(binary, store), Embedding(tools)
    if arguments.only in (None, "rest"):
        at_rest(instance, embedding, data, arguments.rounds)
    if arguments.only in (None, "ask"):
        asking(instance, tools, data, arguments.rounds)
    if arguments.only in (None, "ingest"):
        during_ingest(instance, embedding, data, arguments.rounds)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures quality and speed of a built `taproot` on public evaluation sets, and prints the figures as tables.

  bench.py TAPROOT [--data DIR] [--only quality|speed] [--repeat N]

TAPROOT: the binary. DIR: the evaluation sets (default: ../shared/data beside the repository), which hold `retrieval/`,
`handbook-en/` and `handbook-zh/`. Standard library only.

Quality is what `taproot eval` says, and deterministic. Times are medians of N runs on this machine, with whatever else
it does; the load comes from threads of this program, which shares the processors with the server it measures.
"""
from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
RANKING_SETS = ["scifact", "qa-en-paragraphs", "qa-zh-paragraphs", "qa-zh-tw-paragraphs"]
HANDBOOKS = ["handbook-en", "handbook-zh"]
REQUESTS_PER_CLIENT = 100


class Taproot:
    """The binary with a data directory of its own."""

    def __init__(self, binary: Path, data: Path):
        self.binary, self.data = binary, data

    def run(self, *arguments: str) -> str:
        command = [str(self.binary), "--data", str(self.data), *arguments]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"error: {' '.join(command)}\n{done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def serving(self):
        """A running server: (address, owner's token, process id, seconds from start to ready)."""
        began = time.perf_counter()
        command = [str(self.binary), "--data", str(self.data), "serve", "--address", "127.0.0.1:0"]
        server = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            lock = self.wait_until_ready(server)
            yield lock["address"], lock["token"], server.pid, time.perf_counter() - began
        finally:
            server.terminate()
            server.wait(timeout=60)

    def wait_until_ready(self, server: subprocess.Popen) -> dict:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError, ValueError, KeyError):
                lock = json.loads((self.data / "taproot.lock").read_text())
                if lock["pid"] == server.pid and get(lock["address"], "/readyz"):
                    return lock
            time.sleep(0.005)
        sys.exit("error: the server did not become ready")


def get(address: str, path: str) -> bool:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as response:
        return response.status == 200


def post(address: str, token: str, path: str, body: dict) -> dict:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://{address}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def read_jsonl(path: Path) -> list[dict]:
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def table(title: str, header: list[str], rows: list[list]) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def evaluated(taproot: Path, folder: Path, kind: str) -> dict:
    """What `taproot eval` says of all questions of a set: metric → value, or None where it is not measured."""
    with tempfile.TemporaryDirectory() as scratch:
        evaluation = json.loads(Taproot(taproot, Path(scratch)).run("--json", "eval", str(folder), "--kind", kind))
    section = evaluation["ranking" if kind == "retrieval" else "answers"]
    figures = {metric["name"]: metric["estimate"] and metric["estimate"]["value"] for metric in section["groups"][0]["metrics"]}
    return {**figures, "rows": section["rows"]}


def quality_of_ranking(taproot: Path, data: Path) -> None:
    """nDCG@10 of the fused list, and of each leg alone by the scores that the hits carry."""
    rows = []
    for name in RANKING_SETS:
        figures = evaluated(taproot, data / "retrieval" / name, "retrieval")
        shown = [figures[metric] for metric in ("ndcg@10", "words_alone_ndcg@10", "meaning_alone_ndcg@10", "recall@100")]
        rows.append([name, *("not run" if value is None else f"{value:.4f}" for value in shown)])
    table("Ranking, nDCG@10", ["set", "fused", "lexical leg", "vector leg", "recall@100"], rows)


def quality_of_answers(taproot: Path, data: Path) -> None:
    rows = []
    for name, folder in [*((name, data / name) for name in HANDBOOKS), ("examples", REPOSITORY / "examples")]:
        figures = evaluated(taproot, folder, "questions")
        held = [row for row in figures["rows"] if row["answerable"]]
        others = [row for row in figures["rows"] if not row["answerable"]]
        right = round(sum(row["scores"]["contains"] for row in held))
        shy = sum(row["abstained"] for row in held)
        refused = sum(row["abstained"] for row in others)
        rows.append([name, f"{right}/{len(held)}", len(held) - right - shy, shy, f"{refused}/{len(others)}", f"{figures['citation_hit']:.4f}"])
    header = ["set", "right (an answer is in it)", "wrong", "refused though answerable", "rightly refused", "cites a right document"]
    table("Answers", header, rows)


def speed_of_ingest(taproot: Path, data: Path, repeat: int) -> None:
    rows = []
    for name, folder in [("handbook-en", data / "handbook-en/documents"), ("handbook-zh", data / "handbook-zh/documents")]:
        reports = []
        for _ in range(repeat):
            with tempfile.TemporaryDirectory() as scratch:
                instance = Taproot(taproot, Path(scratch))
                reports.append(json.loads(instance.run("--json", "ingest", str(folder))))
                again = json.loads(instance.run("--json", "ingest", str(folder)))
        report = sorted(reports, key=lambda report: report["seconds"])[len(reports) // 2]
        stages = report["stage_seconds"]
        embedding = stages["embed_s"] / sum(stages.values())
        rows.append([
            name, report["added"], report["chunks"], f"{report['seconds']:.1f}",
            f"{report['added'] / report['seconds']:.1f}", f"{report['chunks'] / report['seconds']:.1f}",
            f"{embedding:.0%}", f"{again['seconds'] * 1000:.0f}",
        ])
    header = ["folder", "documents", "chunks", "seconds", "documents/s", "chunks/s", "of the work in the embedder", "again, nothing changed, ms"]
    table("Ingest", header, rows)


def speed_of_questions(taproot: Path, data: Path, repeat: int) -> None:
    questions = [row["question"] for row in read_jsonl(data / "handbook-en/questions.jsonl")]
    rows, starts, memory = [], [], {}
    with tempfile.TemporaryDirectory() as scratch:
        instance = Taproot(taproot, Path(scratch))
        instance.run("ingest", str(data / "handbook-en/documents"))
        for _ in range(max(3, repeat)):
            with instance.serving() as (_, _, _, seconds):
                starts.append(seconds)
        with instance.serving() as (address, token, pid, _):
            memory["idle"] = resident_mib(pid)
            for route, field in [("/v1/search", "query"), ("/v1/ask", "question")]:
                for clients in (1, 8):
                    runs = [load(address, token, route, [{field: question} for question in questions], clients) for _ in range(repeat)]
                    p50, p99, rate = (statistics.median(run[i] for run in runs) for i in range(3))
                    rows.append([route, clients, f"{p50:.1f}", f"{p99:.1f}", f"{rate:.0f}"])
                    memory["under load"] = max(memory.get("under load", 0), resident_mib(pid))
    table("Search and ask over HTTP (handbook-en)", ["route", "clients", "p50 ms", "p99 ms", "requests/s"], rows)
    table("The process", ["start to ready, ms", "resident idle, MiB", "resident under load, MiB"],
          [[f"{statistics.median(starts) * 1000:.0f}", memory["idle"], memory["under load"]]])


def load(address: str, token: str, route: str, bodies: list[dict], clients: int) -> tuple[float, float, float]:
    """(p50, p99) in milliseconds and requests per second of `clients` that ask without a pause."""
    times: list[float] = []
    failed: list[int] = []

    def client(number: int) -> None:
        # One connection, and replies that are only received: what a client does is taken from the server here.
        connection = http.client.HTTPConnection(address, timeout=60)
        for request in range(REQUESTS_PER_CLIENT):
            body = json.dumps(bodies[(number * 7 + request) % len(bodies)]).encode()
            began = time.perf_counter()
            connection.request("POST", route, body, headers)
            response = connection.getresponse()
            response.read()
            times.append((time.perf_counter() - began) * 1000)
            if response.status != 200:
                failed.append(response.status)
                return

    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if failed or len(times) != clients * REQUESTS_PER_CLIENT:
        sys.exit(f"error: {route} failed under load: {failed or 'a connection broke'}")
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98], len(times) / elapsed


def resident_mib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return round(kib / 1024)


def main() -> None:
    sys.dont_write_bytecode = True
    default = os.environ.get("TAPROOT_EVAL_DATA", REPOSITORY.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("taproot", type=Path)
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--only", choices=["quality", "speed"])
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    binary, data = arguments.taproot.resolve(), arguments.data.resolve()
    if not (data / "retrieval").is_dir():
        sys.exit(f"error: no evaluation sets at {os.path.relpath(data)}\nhint: give their folder with --data DIR or TAPROOT_EVAL_DATA")
    if arguments.only != "speed":
        quality_of_ranking(binary, data)
        quality_of_answers(binary, data)
    if arguments.only != "quality":
        speed_of_ingest(binary, data, arguments.repeat)
        speed_of_questions(binary, data, arguments.repeat)


if __name__ == "__main__":
    main()

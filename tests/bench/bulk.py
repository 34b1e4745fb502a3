#!/usr/bin/env python3
"""Measures how an ingest stands bulk: many files, large files, a folder of 2 GB. Prints one table.

  bulk.py TAPROOT [--only small|unchanged|large|pages] [--scale X]

TAPROOT: the binary. `small`: 10,000 small files, whose last thousand must go as fast as the first. `unchanged`: 100,000
files that are looked at again. `large`: 2 GB of documents with pictures. `pages`: one PDF of 1,600 pages. `--scale 0.1`
makes all of them smaller. Memory is the peak of the resident set of the program and of all its parser children together,
sampled twenty times a second. Standard library only; works in a temporary folder, which needs 5 GB.
"""
from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples/documents"
MIB = 1 << 20


def vocabulary() -> list[str]:
    """Words of the example documents, so that texts are made of language and not of noise."""
    words = " ".join(path.read_text(encoding="utf-8") for path in EXAMPLES.rglob("*.md")).split()
    return sorted({word for word in words if word.isascii() and word.isalpha()})


class Text:
    """Sentences by a seeded generator: the same for every run."""

    def __init__(self, seed: int):
        self.random, self.words = random.Random(seed), vocabulary()

    def sentence(self) -> str:
        return " ".join(self.random.choices(self.words, k=12)).capitalize() + "."

    def paragraph(self, sentences: int) -> str:
        return " ".join(self.sentence() for _ in range(sentences))


def pdf(pages: list[list[str]], pictures: list[bytes]) -> bytes:
    """A PDF of these lines, a page each list; every page shows its picture, if there is one for it."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for number, lines in enumerate(pages):
        resources = b"/Font << /F1 3 0 R >>"
        draw = b""
        if number < len(pictures):
            side = int(len(pictures[number]) ** 0.5)
            head = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
            head = head % (side, side) + b" /Length %d >>\nstream\n" % len(pictures[number])
            objects.append(head + pictures[number] + b"\nendstream")
            resources += b" /XObject << /I1 %d 0 R >>" % len(objects)
            draw = b"q 100 0 0 100 400 50 cm /I1 Do Q\n"
        shown = b" ".join(b"(%s) Tj 0 -14 Td" % line.encode("ascii") for line in lines)
        content = zlib.compress(draw + b"BT /F1 11 Tf 56 780 Td " + shown + b" ET")
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(content) + content + b"\nendstream")
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << %s >> >>"
        objects.append(page % (len(objects), resources))
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def resident_mib(root: int) -> float:
    """Resident memory of a process and its descendants."""
    parents, resident = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except (OSError, ValueError):
            continue
        parents[int(fields["Pid"])] = int(fields["PPid"])
        resident[int(fields["Pid"])] = int(fields.get("VmRSS", "0 kB").split()[0])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(resident.get(pid, 0) for pid in family) / 1024


class Run:
    """One `taproot ingest` to its end: its report, wall-clock seconds, peak memory, and when documents were there."""

    def __init__(self, binary: str, folder: Path, data: Path):
        command = [binary, "--data", str(data), "--json", "ingest", str(folder)]
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.peak_mib, done = 0.0, threading.Event()

        def watch() -> None:
            while not done.wait(0.05):
                self.peak_mib = max(self.peak_mib, resident_mib(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        out, err = process.communicate()
        self.seconds = time.monotonic() - begun
        done.set()
        watcher.join()
        if process.returncode != 0:
            sys.exit(f"error: {' '.join(command)}\n{err}")
        self.report = json.loads(out)

    def told(self) -> str:
        stages = self.report["stage_seconds"]
        return (
            f"{self.seconds:8.1f} s {self.peak_mib:7.0f} MiB  {self.report['added']:6} added {self.report['unchanged']:6} "
            f"unchanged {self.report['chunks']:6} chunks, failed {len(self.report['failed'])}, seconds of work: "
            + ", ".join(f"{name.removesuffix('_s')} {spent:.1f}" for name, spent in stages.items())
        )


def write_small(folder: Path, count: int) -> None:
    text = Text(1)
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Note {number}. {text.sentence()}\n", encoding="ascii")


def small(binary: str, work: Path, scale: float) -> None:
    """Ten folders of a thousand files, one after the other into one data directory; and all at once into another."""
    count = max(int(10_000 * scale), 100)
    folder = work / "small"
    write_small(folder, count)
    whole = Run(binary, folder, work / "data-small")
    print(f"small      {whole.told()}")
    # The same rate at both ends: a fresh thousand into an empty store, and into one that holds all the others.
    extra = work / "extra"
    write_small(extra, max(count // 10, 10))
    first, last = Run(binary, extra, work / "data-empty"), Run(binary, extra, work / "data-small")
    rate = lambda run: run.report["added"] / run.report["seconds"]
    print(f"  a tenth more into an empty store {rate(first):.0f}/s, into the full one {rate(last):.0f}/s: {rate(last) / rate(first):.2f}")


def unchanged(binary: str, work: Path, scale: float) -> None:
    folder, data = work / "many", work / "data-many"
    write_small(folder, max(int(100_000 * scale), 100))
    print(f"first look {Run(binary, folder, data).told()}")
    for _ in range(3):
        print(f"unchanged  {Run(binary, folder, data).told()}")


def large(binary: str, work: Path, scale: float) -> None:
    folder, text, noise = work / "large", Text(2), random.Random(3)
    folder.mkdir()
    for number in range(max(int(200 * scale), 2)):
        picture = noise.randbytes(10 * MIB)
        lines = [text.sentence()[:90] for _ in range(40)]
        (folder / f"{number:03}.pdf").write_bytes(pdf([lines], [picture]))
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"large      {Run(binary, folder, work / 'data-large').told()}  ({size / MIB:.0f} MiB)")


def pages(binary: str, work: Path, scale: float) -> None:
    for count in (max(int(100 * scale), 1), max(int(1_600 * scale), 2)):
        folder, text = work / f"pages-{count}", Text(4)
        folder.mkdir()
        (folder / "book.pdf").write_bytes(pdf([[text.sentence()[:90] for _ in range(45)] for _ in range(count)], []))
        print(f"{count:5} pages {Run(binary, folder, work / f'data-pages-{count}').told()}")


PARTS = {"small": small, "unchanged": unchanged, "large": large, "pages": pages}


def main() -> None:
    parser = argparse.ArgumentParser(description="measures how an ingest stands bulk")
    parser.add_argument("binary")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="taproot-bulk-") as work:
                part(arguments.binary, Path(work), arguments.scale)
                sys.stdout.flush()


if __name__ == "__main__":
    main()

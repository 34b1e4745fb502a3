"""How the set-up scripts speak: short lines of progress, and one error type that says what to do about it."""
from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

TAIL_LINES = 4


class SetupError(Exception):
    """What happened (lower case, no final stop), and a hint that says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Prints `what`, runs the block, then prints the seconds it took and what the block appended to the list."""
    print(f"  {what} …", flush=True)
    notes: list[str] = []
    started = time.monotonic()
    yield notes
    seconds = time.monotonic() - started
    print(f"    {', '.join([*notes, f'{seconds:.1f} s'])}", flush=True)


def size(path: Path) -> str:
    """The size of a file, or of all files below a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    total_bytes = sum(file.stat().st_size for file in files)
    return f"{total_bytes / 1e6:.1f} MB" if total_bytes >= 1e5 else f"{total_bytes / 1e3:.1f} kB"


def shown(path: Path) -> str:
    """The path as a user would type it: relative to the current folder where it lies below that."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def tail(text: str) -> str:
    """The last lines of a program's messages, indented."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

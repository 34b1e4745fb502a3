#!/usr/bin/env python3
"""Prepares a machine for `make run` and `make test`; does nothing, quickly, where all is there.

  setup.py models            the ONNX Runtime library and the default models, in .cache/models
  setup.py browser           a Chromium and its driver, for the browser tests
  setup.py ocr               tesseract with English and Chinese, for scans and images
  setup.py clients           official clients of the APIs and schemathesis, in .cache/clients, for the tests
  setup.py models browser    more than one of them

Needs Python 3.9 or newer (`clients`: 3.11), and pip for `models` and `clients`. Nothing but `browser` and `ocr` is installed into the system.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the repository stays clean

from setup_browser import prepare_browser
from setup_clients import prepare_clients
from setup_models import ModelCache
from setup_ocr import prepare_ocr
from setup_report import SetupError, shown

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> int:
    """Runs the wanted parts; 0 when all is ready, 1 when something is missing, 2 for wrong usage."""
    arguments = parse_arguments()
    try:
        if "models" in arguments.parts:
            ModelCache(arguments.cache.absolute(), REPOSITORY / "models").prepare()
        if "browser" in arguments.parts:
            prepare_browser()
        if "ocr" in arguments.parts:
            prepare_ocr()
        if "clients" in arguments.parts:
            prepare_clients(arguments.cache.absolute(), REPOSITORY / "tests/clients")
    except SetupError as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" {shown(Path(error.filename))}" if error.filename else ""
        print(f"error: cannot use{where}: {error.strerror or error}", file=sys.stderr)
        hint = "hint: the cache folder must be writable and have 500 MB free; --cache DIR names another"
        print(hint, file=sys.stderr)
        return 1
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="prepares a machine for `make run` and `make test`")
    parser.add_argument("parts", nargs="+", choices=("models", "browser", "ocr", "clients"), help="what to prepare")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache", help="folder to fill (default: .cache)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

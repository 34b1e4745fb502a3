#!/usr/bin/env python3
"""The weighted mean of two readers' weights, which shares the strengths of both. Needs numpy, safetensors.

In : two folders with config.json and model.safetensors, of which one was trained from the other.
Out: such a folder, for build_reader.py.
"""
from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def main() -> None:
    """Reads both, writes the mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("one", type=Path, help="the first reader's folder")
    parser.add_argument("other", type=Path, help="the second reader's folder")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--share", type=float, default=0.25, help="weight of the first (default: 0.25)")
    arguments = parser.parse_args()
    one, other = (load_file(folder / "model.safetensors") for folder in (arguments.one, arguments.other))
    share = np.float32(arguments.share)
    mean = {name: np.ascontiguousarray(share * one[name] + (1 - share) * other[name]) for name in other}
    arguments.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(arguments.other / "config.json", arguments.out / "config.json")
    save_file(mean, str(arguments.out / "model.safetensors"))


if __name__ == "__main__":
    main()

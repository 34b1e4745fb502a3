"""Reads GGUF files, the format of llama.cpp: what the file says of itself, and its tensors. Needs numpy.

In : a file of version 2 or 3. Out: `metadata` by key, and tensors by name as stored or as fp32.
Of the types of tensors it knows those that the shipped recipe meets: F32, Q8_0 and Q4_1.
Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""
from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"GGUF"
BLOCK = 32  # weights that share a scale, in both quantised types
F32, Q4_1, Q8_0 = 0, 3, 8
BYTES_PER_BLOCK = {F32: 4 * BLOCK, Q4_1: 4 + BLOCK // 2, Q8_0: 2 + BLOCK}
# Value types of the metadata by their number; 8 is a string, 9 a list.
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, LIST = 8, 9
DEFAULT_ALIGNMENT = 32


@dataclass
class Tensor:
    """Where a tensor lies. `shape` as numpy has it: the last axis is contiguous."""

    shape: tuple[int, ...]
    kind: int
    offset: int


class Gguf:
    """An open file."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.at = len(MAGIC)
        if self.data[: len(MAGIC)] != MAGIC:
            raise ValueError(f"{path} is no GGUF file")
        version, tensors, entries = self._scalar("I"), self._scalar("Q"), self._scalar("Q")
        if version not in (2, 3):
            raise ValueError(f"{path} has version {version} of GGUF")
        self.metadata: dict[str, Any] = {self._string(): self._value(self._scalar("I")) for _ in range(entries)}
        self.tensors = {self._string(): self._tensor() for _ in range(tensors)}
        alignment = self.metadata.get("general.alignment", DEFAULT_ALIGNMENT)
        self.begin = -(-self.at // alignment) * alignment

    def floats(self, name: str) -> np.ndarray:
        """A tensor as fp32."""
        kind, shape = self.tensors[name].kind, self.tensors[name].shape
        if kind == F32:
            return self._bytes(name).view(np.float32).reshape(shape)
        if kind == Q8_0:
            quantised, scale = self.q8_0(name)
            return (quantised * scale[..., None]).reshape(shape)
        quantised, scale, least = self.q4_1(name)
        return (quantised * scale[..., None] + least[..., None]).reshape(shape)

    def q4_1(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """uint8 [rows, blocks, 32] of 0 to 15, scales and least values [rows, blocks]: weight = scale · q + least."""
        blocks = self._blocks(name, Q4_1)
        scale, least = (halves(blocks[..., start : start + 2]) for start in (0, 2))
        pairs = blocks[..., 4:]
        # The low halves are the first 16 weights, the high ones the others.
        return np.concatenate([pairs & 15, pairs >> 4], -1), scale, least

    def q8_0(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """int8 [rows, blocks, 32] and scales [rows, blocks]: weight = scale · q."""
        blocks = self._blocks(name, Q8_0)
        return np.ascontiguousarray(blocks[..., 2:]).view(np.int8), halves(blocks[..., :2])

    def _blocks(self, name: str, kind: int) -> np.ndarray:
        tensor = self.tensors[name]
        if tensor.kind != kind:
            raise ValueError(f"{name} is of type {tensor.kind}, not {kind}")
        return self._bytes(name).reshape(tensor.shape[0], -1, BYTES_PER_BLOCK[kind])

    def _bytes(self, name: str) -> np.ndarray:
        tensor = self.tensors[name]
        if tensor.kind not in BYTES_PER_BLOCK:
            raise ValueError(f"{name} is of type {tensor.kind}; known are F32, Q4_1 and Q8_0")
        weights = int(np.prod(tensor.shape))
        size = weights * BYTES_PER_BLOCK[tensor.kind] // BLOCK
        return np.frombuffer(self.data, np.uint8, size, self.begin + tensor.offset)

    def _tensor(self) -> Tensor:
        axes = self._scalar("I")
        shape = tuple(self._scalar("Q") for _ in range(axes))
        return Tensor(shape[::-1], self._scalar("I"), self._scalar("Q"))

    def _value(self, kind: int) -> Any:
        if kind == STRING:
            return self._string()
        if kind == LIST:
            inner, count = self._scalar("I"), self._scalar("Q")
            return [self._value(inner) for _ in range(count)]
        return self._scalar(SCALARS[kind])

    def _string(self) -> str:
        length = self._scalar("Q")
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8")

    def _scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self.data, self.at)
        self.at += struct.calcsize(f"<{code}")
        return value


def halves(pairs: np.ndarray) -> np.ndarray:
    """The fp16 numbers in the last axis, two bytes each, as fp32."""
    return np.ascontiguousarray(pairs).view(np.float16)[..., 0].astype(np.float32)

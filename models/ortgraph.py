"""Writes ONNX graphs for ONNX Runtime node by node, and quantises their weights. Needs numpy and onnx.

In : numpy arrays and node descriptions. Out: an onnx.ModelProto. It knows nothing about any architecture.
The bytes of a model depend only on the order of the calls, so a recipe makes the same file every time.
"""
from __future__ import annotations

from typing import Any, Optional

import numpy as np
import onnx
from onnx import helper, numpy_helper

MICROSOFT_DOMAIN = "com.microsoft"
SMALLEST_MAXIMUM = 1e-12  # keeps the scale of an all-zero channel above 0


class Graph:
    """A graph under construction. Values are referred to by name; every method returns the name that it made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def const(self, name: str, array: np.ndarray) -> str:
        """Adds a constant; a second call with the same name uses the first one's value."""
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.array(array, order="C"), name)
        return name

    def op(
        self, op_type: str, inputs: list[str], name: Optional[str] = None, domain: str = "", **attributes: Any
    ) -> str:
        """Adds a node with one output, which has the node's name. An input "" is an optional one left out."""
        return self._node(op_type, inputs, name, domain, 1, attributes)[0]

    def ms_op(self, op_type: str, inputs: list[str], name: Optional[str] = None, **attributes: Any) -> str:
        """`op` for one of ONNX Runtime's own operators."""
        return self.op(op_type, inputs, name, MICROSOFT_DOMAIN, **attributes)

    def ms_node(self, op_type: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        """One of ONNX Runtime's own operators with several outputs, of which "" is left out; returns the first."""
        node = helper.make_node(op_type, inputs, outputs, name=outputs[0], domain=MICROSOFT_DOMAIN, **attributes)
        self.nodes.append(node)
        return outputs[0]

    def split(self, value: str, sizes_name: str, sizes: list[int], axis: int) -> list[str]:
        """Cuts `value` along `axis` into parts of the given sizes."""
        parts = self.const(sizes_name, np.array(sizes, np.int64))
        return self._node("Split", [value, parts], None, "", len(sizes), {"axis": axis})

    def input(self, name: str, element_type: int, shape: list) -> str:
        """Declares an input of the graph; a dimension is a number or a name."""
        self.inputs.append(helper.make_tensor_value_info(name, element_type, shape))
        return name

    def output(self, name: str, element_type: int, shape: list) -> None:
        """Declares the value `name` as an output of the graph."""
        self.outputs.append(helper.make_tensor_value_info(name, element_type, shape))

    def model(self, metadata: dict[str, Any]) -> onnx.ModelProto:
        """The finished model: opset 17, IR 8, which every ONNX Runtime since 1.13 reads."""
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, list(self.initializers.values()), doc_string=""
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT_DOMAIN, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="hand-written")
        for key, value in metadata.items():
            entry = model.metadata_props.add()
            entry.key = key
            entry.value = str(value)
        return model

    def _node(
        self,
        op_type: str,
        inputs: list[str],
        name: Optional[str],
        domain: str,
        output_count: int,
        attributes: dict[str, Any],
    ) -> list[str]:
        name = name or f"{op_type}_{len(self.nodes) + 1}"
        outputs = [name] if output_count == 1 else [f"{name}.{part}" for part in range(output_count)]
        self.nodes.append(helper.make_node(op_type, inputs, outputs, name=name, domain=domain, **attributes))
        return outputs


def quantise_columns(weight: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 with one scale a column: fp32 [K, N] -> int8 [K, N] within ±limit, fp32 scales [N]."""
    scale = np.maximum(np.abs(weight).max(0), SMALLEST_MAXIMUM) / limit
    quantised = np.clip(np.rint(weight / scale), -limit, limit)
    return quantised.astype(np.int8), scale.astype(np.float32)


def quantise_rows(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 with one scale a row, for embedding tables: fp32 [R, C] -> int8 [R, C], fp32 scales [R, 1]."""
    scale = np.maximum(np.abs(weight).max(1, keepdims=True), SMALLEST_MAXIMUM) / 127
    quantised = np.clip(np.rint(weight / scale), -127, 127)
    return quantised.astype(np.int8), scale.astype(np.float32)


def quantise_blocks(weight: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """8-bit operands of MatMulNBits: fp32 [N, K] -> uint8 [N, K/block, block] around 128, fp32 scales [N·K/block]."""
    rows, columns = weight.shape
    blocks = weight.reshape(rows, columns // block, block).astype(np.float32)
    scale = np.maximum(np.abs(blocks).max(-1, keepdims=True), SMALLEST_MAXIMUM) / 127
    quantised = np.clip(np.rint(blocks / scale), -127, 127) + 128
    return quantised.astype(np.uint8), scale.reshape(-1).astype(np.float32)


def pack_nibbles(quantised: np.ndarray) -> np.ndarray:
    """4-bit weights of MatMulNBits: uint8 [..., block] of 0 to 15 -> uint8 [..., block/2], low half first."""
    return (quantised[..., 0::2] | (quantised[..., 1::2] << 4)).astype(np.uint8)


def pack_zero_points(zero_points: np.ndarray) -> np.ndarray:
    """4-bit zero points of MatMulNBits: uint8 [N, blocks] -> flat uint8, each row filled up to whole bytes."""
    if zero_points.shape[1] % 2:
        zero_points = np.pad(zero_points, ((0, 0), (0, 1)))
    return pack_nibbles(zero_points).reshape(-1)

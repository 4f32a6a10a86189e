"""Small random networks, many in one model, for tests that hold a simplified model to a bound."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from support import acuate

ULP = 2.0**-23


@dataclass
class Network:
    """One case: its nodes write `<name>/y` from the input `<name>/x`."""

    name: str
    x: np.ndarray
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    negated: set[str] = field(default_factory=set)  # constants that are subtracted
    unsigned: set[str] = field(default_factory=set)  # constants that are no summand or factor
    products: int = 1  # K of the bound
    left: int = 1  # nodes that shall be left
    last: str = ""

    def __post_init__(self) -> None:
        self.last = f"{self.name}/x"

    def constant(self, stem: str, values: npt.ArrayLike, negated: bool = False) -> str:
        name = f"{self.name}/{stem}{len(self.constants)}"
        self.constants[name] = np.asarray(values)
        if negated:
            self.negated.add(name)
        if not np.issubdtype(self.constants[name].dtype, np.floating):
            self.unsigned.add(name)
        return name

    def then(self, operator: str, *more: str, first: bool = True, **attributes: Any) -> str:
        output = f"{self.name}/t{len(self.nodes)}"
        inputs = [self.last, *more] if first else [*more, self.last]
        name = f"{self.name}/n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        self.last = output
        return output


def build(networks: list[Network], opset: int, magnitudes: bool = False) -> onnx.ModelProto:
    inputs, outputs, nodes, initializers = [], [], [], []
    for network in networks:
        kind = helper.np_dtype_to_tensor_dtype(network.x.dtype)
        inputs.append(helper.make_tensor_value_info(f"{network.name}/x", kind, network.x.shape))
        outputs.append(helper.make_tensor_value_info(network.last, kind, None))
        nodes += network.nodes
        for name, values in network.constants.items():
            if magnitudes and name not in network.unsigned:
                values = -np.abs(values) if name in network.negated else np.abs(values)
            initializers.append(numpy_helper.from_array(values, name))
    graph = helper.make_graph(nodes, "cases", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def run(
    model: onnx.ModelProto, networks: list[Network], magnitudes: bool = False
) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feeds = {f"{n.name}/x": np.abs(n.x) if magnitudes else n.x for n in networks}
    return list(session.run(None, feeds))


def simplified(model: onnx.ModelProto, folder: Path, *flags: str) -> onnx.ModelProto:
    onnx.save(model, folder / "before.onnx")
    acuate("simplify", folder / "before.onnx", "-o", folder / "after.onnx", *flags)
    return onnx.load(folder / "after.onnx")


def count(model: onnx.ModelProto, network: Network) -> int:
    return sum(node.name.startswith(f"{network.name}/") for node in model.graph.node)


RANDOM = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)

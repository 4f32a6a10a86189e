#!/usr/bin/env python3
"""Makes the models that the benchmarks of the graph engine use, and tells where they are.

  bench/models.py [NAME…] [--again]   makes those that are missing, prints path and number of nodes

They lie in ${ACUATE_CACHE:-~/.cache/acuate}/bench-models and are the same wherever they are made:
seeds are fixed, packages pinned. Those that PyTorch exports need 1 GB for an environment of their
own (bench/requirements-export.txt); the one with external data is 2.5 GB.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from environments import HERE, cache_folder, environment
from onnx import TensorProto, helper, numpy_helper

ROOT = HERE.parent


def fixture(name: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        command: list[str | Path] = [sys.executable, ROOT / "scripts/fixtures", "--path", name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        shutil.copyfile(done.stdout.strip(), path)

    return make


def exported(name: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        subprocess.run([environment("export"), HERE / "export_models.py", name, path], check=True)

    return make


def model(
    nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], dims: list[int | str], last: str
) -> onnx.ModelProto:
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)] for name in ("x0", last)
    ]
    graph = helper.make_graph(nodes, "bench", ports[0], ports[1], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def chain(count: int) -> Callable[[Path], None]:
    """Blocks of ten nodes of which four can stay: Add of a constant, Sin, Mul, Cos.

    In every block the Add that makes the constant from two others, an Identity and a pair of
    Transposes can go; in even ones a Shape with a Reshape to it as well, in odd ones two Negs.
    """

    def make(path: Path) -> None:
        random = np.random.default_rng(0)
        nodes: list[onnx.NodeProto] = []
        weights = [numpy_helper.from_array(np.array(0.75, np.float32), "factor")]
        value = "x0"

        def add(op: str, inputs: list[str], **attributes: Any) -> str:
            name = f"x{len(nodes) + 1}"
            nodes.append(helper.make_node(op, inputs, [name], f"n{len(nodes)}", **attributes))
            return name

        for block in range(count // 10):
            for part in ("a", "b"):
                array = random.standard_normal(8, np.float32)
                weights.append(numpy_helper.from_array(array, f"{part}{block}"))
            value = add("Add", [value, add("Add", [f"a{block}", f"b{block}"])])
            value = add("Identity", [add("Sin", [value])])
            value = add("Transpose", [add("Transpose", [value], perm=[1, 0])], perm=[1, 0])
            value = add("Mul", [value, "factor"])
            if block % 2 == 0:
                value = add("Reshape", [value, add("Shape", [value])])
            else:
                value = add("Neg", [add("Neg", [value])])
            value = add("Cos", [value])
        onnx.save(model(nodes, weights, [4, 8], value), path)

    return make


def external(layers: int) -> Callable[[Path], None]:
    """Layers of a MatMul with 67 MB of weights in a data file, Identity, Shape and Reshape."""

    def make(path: Path) -> None:
        size, nodes, weights = 4096, [], []
        data = path.with_suffix(".data")
        with data.open("wb") as file:
            for i in range(layers):
                array = np.random.default_rng(i).standard_normal((size, size), np.float32)
                array /= np.float32(np.sqrt(size))  # values keep their size from layer to layer
                weight = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[size, size])
                weight.data_location = TensorProto.EXTERNAL
                for key, value in (
                    ("location", data.name),
                    ("offset", str(file.tell())),
                    ("length", str(array.nbytes)),
                ):
                    weight.external_data.add(key=key, value=value)
                file.write(array.tobytes())
                weights.append(weight)
                nodes += [
                    helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"m{i}"], f"matmul{i}"),
                    helper.make_node("Identity", [f"m{i}"], [f"i{i}"], f"identity{i}"),
                    helper.make_node("Shape", [f"i{i}"], [f"s{i}"], f"shape{i}"),
                    helper.make_node("Reshape", [f"i{i}", f"s{i}"], [f"x{i + 1}"], f"reshape{i}"),
                ]
        onnx.save(model(nodes, weights, ["rows", size], f"x{layers}"), path)

    return make


@dataclass
class Recipe:
    title: str
    make: Callable[[Path], None]
    runs: list[dict[str, list[int]]]  # input shapes, two where the model is dynamic


def images(name: str, *shapes: list[int]) -> list[dict[str, list[int]]]:
    return [{name: shape} for shape in shapes]


CHAIN_RUNS = images("x0", [4, 8])
RECIPES = {
    "ppocr_det": Recipe(
        "PP-OCRv4 det",
        fixture("ppocr_v4_det.onnx"),
        images("x", [1, 3, 320, 480], [2, 3, 640, 352]),
    ),
    "ppocr_rec": Recipe(
        "PP-OCRv4 rec",
        fixture("ppocr_v4_rec.onnx"),
        images("x", [1, 3, 48, 320], [2, 3, 48, 208]),
    ),
    "swin_t": Recipe(
        "Swin-T, dynamic",
        exported("swin_t"),
        images("image", [1, 3, 224, 256], [2, 3, 200, 168]),
    ),
    "vit_b": Recipe(
        "ViT-B, dynamic batch",
        exported("vit_b"),
        images("image", [1, 3, 224, 224], [2, 3, 224, 224]),
    ),
    "detr_r101": Recipe(
        "DETR-R101, dynamic",
        exported("detr_r101"),
        [
            {"image": [1, 3, 224, 256], "mask": [1, 224, 256]},
            {"image": [1, 3, 320, 200], "mask": [1, 320, 200]},
        ],
    ),
    "chain_1k": Recipe("chain of 10³", chain(1_000), CHAIN_RUNS),
    "chain_10k": Recipe("chain of 10⁴", chain(10_000), CHAIN_RUNS),
    "chain_100k": Recipe("chain of 10⁵", chain(100_000), CHAIN_RUNS),
    "external": Recipe("2.5 GB external data", external(38), images("x0", [1, 4096], [3, 4096])),
}


def model_path(name: str, again: bool = False) -> Path:
    """The model, made when it is missing; it appears whole."""
    folder = cache_folder() / "bench-models"
    path = folder / f"{name}.onnx"
    if again or not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as temporary:
            RECIPES[name].make(Path(temporary) / path.name)
            for file in sorted(Path(temporary).iterdir()):  # the data file before its model
                file.replace(folder / file.name)
    return path


def node_counts(path: Path) -> tuple[int, int]:
    """Nodes with all bodies and functions: all, and those that are not Constants."""
    counts = [0, 0]
    loaded = onnx.load(path, load_external_data=False)
    stack = [loaded.graph.node, *(function.node for function in loaded.functions)]
    while stack:
        for node in stack.pop():
            counts[0] += 1
            counts[1] += node.op_type != "Constant"
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    stack.append(attribute.g.node)
                stack += [graph.node for graph in attribute.graphs]
    return counts[0], counts[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RECIPES)}")
    parser.add_argument("--again", action="store_true", help="make them anew")
    arguments = parser.parse_args()
    for name in arguments.names or RECIPES:
        if name not in RECIPES:
            parser.error(f"no model is named '{name}'; there are {', '.join(RECIPES)}")
        path = model_path(name, arguments.again)
        nodes, computing = node_counts(path)
        print(f"{path}: {nodes:,} nodes, {computing:,} without Constants", flush=True)


if __name__ == "__main__":
    main()

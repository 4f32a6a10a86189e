"""The module tree against `named_modules()` and forward hooks of networks that PyTorch exports.

Needs the environment that `bench/models.py swin_t` makes (1 GB), which no other test does; without
it src/graph/module_tree_truth_test.cpp still checks the exports that are kept in module_tree/.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from support import FIXTURES, ROOT, acuate

sys.path.insert(0, str(ROOT / "bench"))
from environments import installed

CASES = ROOT / "tests" / "module_tree"
EXPORTERS = ("torchscript", "dynamo")
NETWORKS = ("containers", "shared", "reaching", "transformer")


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = installed("export")
    if python is None:
        pytest.skip("PyTorch is not installed for it: `bench/models.py swin_t` does that")
    folder = tmp_path_factory.mktemp("exports")
    subprocess.run([python, CASES / "export.py", folder, *NETWORKS], check=True)
    return folder


def node_modules(model: Path) -> dict[str, list[str]]:
    found = json.loads(acuate("inspect", model, "--nodes", "--json", "-").stdout)
    return {row["node"]: row["modules"] for row in found["node_modules"]}


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_nodes_are_in_their_modules(exports: Path, network: str, exporter: str) -> None:
    path = exports / f"{network}.{exporter}.onnx"
    truth = json.loads(path.with_suffix(".json").read_text())
    found = node_modules(path)
    wrong = []
    for node, module in truth["nodes"]:
        own = found[node][0]
        if truth["same"].get(own, own) != module:
            wrong.append((node, module, own))
    assert len(wrong) <= 0.02 * len(truth["nodes"]), wrong


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_simplification_loses_no_module(
    exports: Path, tmp_path: Path, network: str, exporter: str
) -> None:
    """Every module whose nodes compute something is still that of a node, or holds one.

    Where the first call of a module is simplified away, `relu_1` is all that is left of `relu`.
    """
    path = exports / f"{network}.{exporter}.onnx"
    acuate("simplify", path, "-o", tmp_path / "simple.onnx")
    nodes = {node.name: node for node in onnx.load(path).graph.node}
    constant = {"Constant", "Identity", "Shape", "Cast"}
    before = {
        modules[0]
        for node, modules in node_modules(path).items()
        if nodes[node].op_type not in constant
    }
    after = {
        module for modules in node_modules(tmp_path / "simple.onnx").values() for module in modules
    }
    lost = {module for module in before if not any(is_within(one, module) for one in after)}
    assert not lost


def is_within(path: str, holder: str) -> bool:
    return not holder or path == holder or path.startswith((holder + ".", holder + "_"))


@pytest.mark.parametrize("simplified", [False, True])
def test_compare_names_the_module_that_differs(tmp_path: Path, simplified: bool) -> None:
    original = FIXTURES / "nudenet_320n.onnx"
    model = onnx.load(original)
    weight = next(w for w in model.graph.initializer if w.name == "model.6.m.1.cv1.conv.weight")
    changed = onnx.numpy_helper.to_array(weight) * 1.5
    weight.CopyFrom(onnx.numpy_helper.from_array(changed, weight.name))
    onnx.save(model, tmp_path / "changed.onnx")
    if simplified:
        acuate("simplify", tmp_path / "changed.onnx", "-o", tmp_path / "simple.onnx")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((1, 3, 320, 320), np.float32))
    done = acuate(
        "compare", original, tmp_path / ("simple.onnx" if simplified else "changed.onnx"),
        "--input", f"images={tmp_path / 'x.npy'}", "--json", "-",
    )  # fmt: skip
    first = json.loads(done.stdout)["first_below"]
    assert first["module"].startswith("model.6.m.1.cv1")

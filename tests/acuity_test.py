"""The hand-over for Acuity, and the names that its import gives to layers."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from support import acuate


def artifact(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    weight = numpy_helper.from_array(rng.normal(size=(2, 3, 3, 3)).astype(np.float32), "w")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], name="/m/conv"),
            helper.make_node("Sigmoid", ["c"], ["y"], name="/m/act"),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 6, 6])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "m.onnx")
    np.save(folder / "data.npy", rng.normal(size=(8, 3, 8, 8)).astype(np.float32))
    flags = ["--target", "vsi_npu", "--precision", "int8", "--recover", "none"]
    acuate("convert", folder / "m.onnx", "-o", folder / "a", "--data", folder / "data.npy", *flags)
    return folder / "a"


def test_names_of_the_import_go_into_ranges_and_inputs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    acuate("export", artifact(tmp_path), "--acuity", out)
    # As acuitylite 6.57.1 names them: after tensors, with a permutation of its own.
    layers = {
        "attach_y/out0_0": {
            "name": "attach_y/out0",
            "op": "output",
            "inputs": ["@y_1_perm_4:out0"],
        },
        "c_2": {"name": "c", "op": "convolution", "inputs": ["@x_3:out0"]},
        "x_3": {"name": "x", "op": "input", "inputs": []},
        "y_1_perm_4": {"name": "y_1_perm", "op": "permute", "inputs": ["@c_2:out0"]},
        "s_5": {"name": "s", "op": "softmax", "inputs": ["@c_2:out0"]},
    }
    (out / "acuity.json").write_text(json.dumps({"Layers": layers}))
    pairs = ["model.quantize", "a.quantize", "model_inputmeta.yml", "a.yml"]
    done = subprocess.run(
        [sys.executable, "names.py", "acuity.json", *pairs],
        cwd=out,
        check=True,
        capture_output=True,
        text=True,
    )
    # The layer that this import fused away, and one that it made.
    assert "no layer y;" in done.stderr
    assert "layer s_5 has no range" in done.stderr
    ranges = yaml.safe_load((out / "a.quantize").read_text())["quantize_parameters"]
    assert set(ranges) == {
        "@x_3:out0", "@c_2:out0", "@c_2:weight", "@c_2:bias", "@y_1_perm_4:out0",
        "@attach_y/out0_0:out0",
    }  # fmt: skip
    assert ranges["@attach_y/out0_0:out0"] == ranges["@c_2:out0"]
    bias = ranges["@c_2:bias"]
    assert (bias["qtype"], bias["zero_point"]) == ("i32", 0)
    product = ranges["@x_3:out0"]["scale"] * ranges["@c_2:weight"]["scale"]
    assert bias["scale"] == pytest.approx(product, rel=1e-12)
    assert "- lid: x_3\n" in (out / "a.yml").read_text()
    layers.pop("x_3")
    (out / "acuity.json").write_text(json.dumps({"Layers": layers}))
    failed = subprocess.run(
        [sys.executable, "names.py", "acuity.json", *pairs], cwd=out, check=False
    )
    assert failed.returncode != 0


def test_the_commands_are_those_of_the_toolkit(tmp_path: Path) -> None:
    """A stand-in for pegasus writes down what it is called with."""
    out = tmp_path / "out"
    acuate("export", artifact(tmp_path), "--acuity", out)
    layers = {"x_0": {"name": "x", "op": "input"}, "c_1": {"name": "c", "op": "convolution"}}
    stand_in = tmp_path / "pegasus.py"
    stand_in.write_text(
        "import json, sys\n"
        "open('calls', 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"json.dump({{'Layers': {layers!r}}}, open('acuity.json', 'w'))\n"
    )
    environment = {
        "PEGASUS": f"{sys.executable} {stand_in}",
        "VIV_SDK": "/sdk",
        "PATH": "/usr/bin:/bin",
    }
    missing = subprocess.run([out / "convert.sh"], env=environment, check=False)
    assert missing.returncode != 0
    environment["OPTIMIZE"] = "VIP9000PICO_PID0XEE"
    subprocess.run([out / "convert.sh"], env=environment, check=True)
    calls = (out / "calls").read_text().splitlines()
    assert calls[0].startswith("import onnx --model model.onnx")
    assert "--model-quantize acuity.quantize" in calls[-1]
    assert "--optimize VIP9000PICO_PID0XEE" in calls[-1]
    assert "'@c_1:weight'" in (out / "acuity.quantize").read_text()


def test_layers_that_the_import_adds_get_a_range(tmp_path: Path) -> None:
    """A Clip becomes a layer of its own, a constant too; biases of 16 bits are 64 bits wide."""
    weight = np.random.default_rng(1).normal(size=(2, 3, 1, 1)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w", "b"], ["_c:1"]),
            helper.make_node("Clip", ["_c:1", "low", "high"], ["r"]),
            helper.make_node("Add", ["r", "k"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 8, 8])],
        [
            numpy_helper.from_array(weight, "w"),
            numpy_helper.from_array(np.ones(2, np.float32), "b"),
            numpy_helper.from_array(np.array(0, np.float32), "low"),
            numpy_helper.from_array(np.array(6, np.float32), "high"),
            numpy_helper.from_array(np.array([[[-1]], [[3]]], np.float32), "k"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")
    np.save(tmp_path / "data.npy", np.random.default_rng(2).normal(size=(8, 3, 8, 8)).astype("f4"))
    acuate(
        "convert", tmp_path / "m.onnx", "-o", tmp_path / "a", "--data", tmp_path / "data.npy",
        "--target", "vsi_npu", "--precision", "int8", "--scheme", "dfp16", "--recover", "none",
    )  # fmt: skip
    out = tmp_path / "out"
    acuate("export", tmp_path / "a", "--acuity", out)
    # The tensor between Conv and Clip has no range of ours: the layer is computed on the Clip's.
    layers = {
        "y_1": {"name": "y", "op": "add", "inputs": ["@r_2_relun_6:out0", "@k_3:out0"]},
        "k_3": {"name": "k", "op": "variable", "inputs": []},
        "c_1_4": {"name": "c_1", "op": "convolution", "inputs": ["@x_5:out0"]},
        "x_5": {"name": "x", "op": "input", "inputs": []},
        "r_2_relun_6": {"name": "r_2_relun", "op": "relun", "inputs": ["@c_1_4:out0"]},
    }
    (out / "acuity.json").write_text(json.dumps({"Layers": layers}))
    done = subprocess.run(
        [sys.executable, "names.py", "acuity.json", "model.quantize", "a.quantize"],
        cwd=out, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    ranges = yaml.safe_load((out / "a.quantize").read_text())["quantize_parameters"]
    assert ranges["@c_1_4:out0"] == ranges["@r_2_relun_6:out0"]
    assert ranges["@k_3:out0"]["fl"] == 13  # ±4 in 16 bits
    bias = ranges["@c_1_4:bias"]
    assert bias["qtype"] == "i64"
    assert bias["fl"] == ranges["@x_5:out0"]["fl"] + ranges["@c_1_4:weight"]["fl"]

"""The hand-over for Acuity, and the names that its import gives to layers."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
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
    layers = {"x_0": {"name": "x", "op": "input"}, "/m/conv_2": {"name": "/m/conv", "op": "conv"}}
    (out / "acuity.json").write_text(json.dumps({"Layers": layers}))
    pairs = ["model.quantize", "a.quantize", "model_inputmeta.yml", "a.yml"]
    done = subprocess.run(
        [sys.executable, "names.py", "acuity.json", *pairs],
        cwd=out,
        check=True,
        capture_output=True,
        text=True,
    )
    # The layer that this import fused away.
    assert "no layer /m/act" in done.stderr
    ranges = (out / "a.quantize").read_text()
    assert "'@x_0:out0':" in ranges
    assert "'@/m/conv_2:weight':" in ranges
    assert "act" not in ranges
    assert ranges.count("qtype") == ranges.count("'@")
    assert "- lid: x_0\n" in (out / "a.yml").read_text()
    layers.pop("x_0")
    (out / "acuity.json").write_text(json.dumps({"Layers": layers}))
    failed = subprocess.run(
        [sys.executable, "names.py", "acuity.json", *pairs], cwd=out, check=False
    )
    assert failed.returncode != 0


def test_the_commands_are_those_of_the_toolkit(tmp_path: Path) -> None:
    """A stand-in for pegasus writes down what it is called with."""
    out = tmp_path / "out"
    acuate("export", artifact(tmp_path), "--acuity", out)
    layers = {"x_0": {"name": "x"}, "a_1": {"name": "/m/conv"}, "b_2": {"name": "/m/act"}}
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
    assert "'@a_1:weight'" in (out / "acuity.quantize").read_text()

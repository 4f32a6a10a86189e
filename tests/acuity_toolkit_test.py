"""VeriSilicon's acuitylite as a worker.

Where it is installed (ACUATE_VSI_NPU_PYTHON), two networks in two number formats go through it.
Our side of the conversation is tested without it, on a package of that name that is made here.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from support import BINARY, DETECTOR, FIXTURES, acuate, pages

TOOLKIT = os.environ.get("ACUATE_VSI_NPU_PYTHON", "")
needs_toolkit = pytest.mark.skipif(
    not TOOLKIT, reason="ACUATE_VSI_NPU_PYTHON names no Python with acuitylite (docs/acuity.md)"
)
VSI_NPU = ["--target", "vsi_npu", "--precision", "int8", "--recover", "none"]

# What worker.py calls of the toolkit, on ONNX Runtime: layers are the nodes with a number behind
# the name of what they give, quantized is the output.
STAND_IN = {
    "acuitylib/__init__.py": "",
    "acuitylib/interface/__init__.py": "",
    "acuitylib/vsi_nn.py": """
import json
import onnx, yaml
from pathlib import Path

class Net:
    def __init__(self, model):
        self.model, self.graph, self.ranges = model, model.graph, {}

class VSInn:
    def set_project_dir(self, path): pass
    def load_onnx(self, path):
        net = Net(onnx.load(path))
        if any(node.op_type == "Selu" for node in net.graph.node):
            raise TypeError("'NoneType' object is not iterable")
        return net
    def save_model(self, net, path):
        made = {value.name: f"{value.name}_{i}" for i, value in enumerate(net.graph.input)}
        layers = {made[v.name]: {"name": v.name, "op": "input"} for v in net.graph.input}
        for i, node in enumerate(net.graph.node):
            sources = [f"@{made[name]}:out0" for name in node.input if name in made]
            made[node.output[0]] = f"{node.output[0]}_{i + 100}"
            layers[made[node.output[0]]] = {
                "name": node.output[0], "op": node.op_type.lower(), "inputs": sources}
        Path(path).write_text(json.dumps({"Layers": layers}))
    def save_model_data(self, net, path): Path(path).write_text("data")
    def load_model_quantize(self, net, path):
        net.ranges.update(yaml.safe_load(Path(path).read_text())["quantize_parameters"])
    def load_model_inputmeta(self, net, path):
        assert "- lid: x_0" in Path(path).read_text()
    def get_output_names(self, net):
        return [f"attach_{value.name}/out0" for value in reversed(net.graph.output)]
""",
    "acuitylib/interface/inference.py": """
import re
import numpy as np
import onnxruntime

class Inference:
    def __init__(self, net): self._net = net
    def build_session(self):
        self._session = onnxruntime.InferenceSession(self._net.model.SerializeToString())
    def run_session(self, feeds):
        names = [output.name for output in reversed(self._net.graph.output)]
        outputs = []
        for name, real in zip(names, self._session.run(names, feeds)):
            tensor, = (t for t in self._net.ranges if re.fullmatch(f"@{name}_\\\\d+:out0", t))
            grid = self._net.ranges[tensor]
            steps = np.clip(np.rint(real / grid["scale"]) + grid["zero_point"], 0, 255)
            outputs.append((steps - grid["zero_point"]) * grid["scale"])
        return [], outputs
""",
    "acuitylib/interface/exporter.py": """
import sys
from pathlib import Path

class TimVxExporter:
    def __init__(self, net): pass
    def export(self, prefix): Path(prefix).parent.mkdir(); Path(prefix + ".cc").write_text("int x;")
class OvxlibExporter(TimVxExporter):
    def export(self, prefix, pack_nbg_only=False):
        if not pack_nbg_only: sys.exit(3)
class TFLiteExporter(TimVxExporter):
    def export(self, path): raise ValueError("not today")
""",
    "acuitylite-9.8.7.dist-info/METADATA": "Metadata-Version: 2.1\nName: acuitylite\n"
    "Version: 9.8.7\n",
}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in STAND_IN.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    monkeypatch.setenv("ACUATE_VSI_NPU_PYTHON", sys.executable)


def network(folder: Path, operator: str) -> Path:
    """An artifact of two outputs."""
    weight = np.random.default_rng(1).normal(size=(2, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"]),
        helper.make_node(operator, ["y"], ["z"]),
    ]
    ports = {"x": [1, 3, 8, 8], "y": [1, 2, 6, 6], "z": [1, 2, 6, 6]}
    x, *outputs = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in ports.items())
    graph = helper.make_graph(nodes, "g", [x], outputs, [numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "m.onnx")
    data = np.random.default_rng(2).normal(size=(8, 3, 8, 8)).astype(np.float32)
    np.save(folder / "data.npy", data)
    acuate(
        "convert", folder / "m.onnx", "-o", folder / "a", "--data", folder / "data.npy", *VSI_NPU
    )
    return folder / "a"


@pytest.mark.usefixtures("stand_in")
def test_what_the_toolkit_computes_is_compared_and_its_files_are_kept(tmp_path: Path) -> None:
    artifact = network(tmp_path, "Sigmoid")
    done = acuate("export", artifact, "--acuity", tmp_path / "o", "--data", tmp_path / "data.npy")
    told = json.loads((tmp_path / "o" / "acuitylite.json").read_text())
    assert told["product"] == "acuitylite 9.8.7"
    assert (told["layers"], told["layers_in_float"], told["samples"]) == (3, [], 8)
    assert [entry["output"] for entry in told["outputs"]] == ["y", "z"]
    # What the stand-in computes, once more.
    ranges = yaml.safe_load((tmp_path / "o" / "model.quantize").read_text())["quantize_parameters"]
    session = onnxruntime.InferenceSession(tmp_path / "o" / "model.onnx")
    data = np.load(tmp_path / "data.npy")
    for place, entry in enumerate(told["outputs"]):
        real = np.stack([session.run(None, {"x": x[None]})[place] for x in data]).astype(np.float64)
        grid = ranges[f"@{entry['output']}:out0"]
        steps = np.clip(np.rint(real / grid["scale"]) + grid["zero_point"], 0, 255)
        noise = real - (steps - grid["zero_point"]) * grid["scale"]
        sqnr_db = 10 * np.log10((real**2).sum() / (noise**2).sum())
        assert entry["acuitylite_to_float"]["sqnr_db"] == pytest.approx(sqnr_db, abs=0.01)
        # The simulation has the same grid, and rounds its inputs and weights too.
        assert 20 < entry["simulation_to_float"]["sqnr_db"] < sqnr_db
        assert entry["explained_by_rounding"]
    assert told["exports"]["timvx"] == {"files": ["timvx/model.cc"]}
    assert "ended with 3" in told["exports"]["ovxlib"]["error"]
    assert "not today" in told["exports"]["tflite"]["error"]
    assert "wrote nothing" in told["exports"]["nbg"]["error"]
    assert (tmp_path / "o" / "timvx" / "model.cc").read_text() == "int x;"
    assert not (tmp_path / "o" / "nbg").exists()
    assert "imports 3 layers; every layer has a range" in done.stdout
    assert "does not export tflite" in done.stdout


@pytest.mark.usefixtures("stand_in")
def test_a_network_that_it_refuses_is_handed_over_all_the_same(tmp_path: Path) -> None:
    out = tmp_path / "o"
    done = acuate("export", network(tmp_path, "Selu"), "--acuity", out)
    assert "does not import this network" in done.stdout
    assert "an operator that it does not know" in done.stdout
    assert (out / "convert.sh").exists()
    assert "NoneType" in json.loads((out / "acuitylite.json").read_text())["error"]


def test_without_it_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACUATE_VSI_NPU_PYTHON", raising=False)
    done = acuate("export", network(tmp_path, "Sigmoid"), "--acuity", tmp_path / "o")
    assert "ACUATE_VSI_NPU_PYTHON" in done.stdout
    assert not (tmp_path / "o" / "acuitylite.json").exists()
    targets = json.loads(acuate("targets", "--json", "-").stdout)["targets"]
    (vsi_npu,) = (target for target in targets if target["id"] == "vsi_npu")
    assert "ACUATE_VSI_NPU_PYTHON" in vsi_npu["build"]["reason"]
    refused = subprocess.run(
        [BINARY, "export", tmp_path / "a", "--triton", tmp_path / "t", "--data", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "leave --data out" in refused.stderr


def tried(folder: Path, model: Path, data: Path, *flags: str) -> dict[str, Any]:
    """What the toolkit made of a network's hand-over."""
    acuate("convert", model, "-o", folder / "a", "--data", data, *VSI_NPU, *flags)
    acuate("export", folder / "a", "--acuity", folder / "o", "--data", data)
    told: dict[str, Any] = json.loads((folder / "o" / "acuitylite.json").read_text())
    assert told["layers_in_float"] == []
    for form in ("timvx", "ovxlib", "nbg"):
        assert told["exports"][form]["files"]
    assert (folder / "o" / "nbg" / "network_binary.nb").stat().st_size > 500_000
    (output,) = told["outputs"]
    assert output["explained_by_rounding"]
    return told


LITE = FIXTURES / "efficientnet_lite0.onnx"  # MobileNetV2's blocks with Relu6
PHOTOGRAPHS = FIXTURES / "calibration_photographs"


@needs_toolkit
def test_lite0_in_8_bits(tmp_path: Path) -> None:
    told = tried(tmp_path, LITE, PHOTOGRAPHS, "--preprocess", "imagenet")
    output = told["outputs"][0]
    assert told["ranges_left_out"] == []
    assert output["acuitylite_to_simulation"]["sqnr_db"] > 25
    assert output["tflite_to_simulation"]["most_steps"] < 1.5
    assert output["tflite_to_simulation"]["same_integers"] > 0.85


@needs_toolkit
def test_lite0_in_16_bits(tmp_path: Path) -> None:
    told = tried(tmp_path, LITE, PHOTOGRAPHS, "--preprocess", "imagenet", "--scheme", "dfp16")
    assert told["outputs"][0]["acuitylite_to_simulation"]["sqnr_db"] > 60
    assert "dynamic_fixed_point" in told["exports"]["tflite"]["error"]


@needs_toolkit
@pytest.mark.parametrize(("scheme", "least_db"), [("u8", 8), ("dfp16", 40)])
def test_ppocr_det(tmp_path: Path, scheme: str, least_db: float) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    for page in pages("calibration", 6):
        (folder / page.name).symlink_to(page)
    told = tried(
        tmp_path, DETECTOR, folder,
        "--shape", "x=1x3x320x320", "--preprocess", "ppocr-det", "--scheme", scheme,
    )  # fmt: skip
    assert told["outputs"][0]["acuitylite_to_simulation"]["sqnr_db"] > least_db

"""Artifacts handed over to serving programs, against their published schemas."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf import text_format
from PIL import Image
from support import DETECTOR, FIXTURES, ROOT, acuate, pages


def triton_schema() -> ModuleType:
    """NVIDIA's ModelConfig, compiled."""
    path = FIXTURES / "triton_model_config.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCHEMA = triton_schema()


def config_of(repository: Path, name: str) -> object:
    text = (repository / name / "config.pbtxt").read_text(encoding="utf-8")
    config = text_format.Parse(text, SCHEMA.ModelConfig())
    assert config.name == name
    assert (repository / name / "1").is_dir()
    return config


def serve(repository: Path, name: str, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What Triton does with a repository, with ONNX Runtime for its backends."""
    config = config_of(repository, name)
    for port in config.input:
        assert list(port.dims) == [
            want if want < 0 else found
            for want, found in zip(port.dims, values[port.name].shape, strict=True)
        ]
    if config.platform != "ensemble":
        assert config.backend in ("onnxruntime", "openvino")
        model = repository / name / "1" / config.default_model_filename
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        names = [port.name for port in config.output]
        return dict(zip(names, session.run(names, values), strict=True))
    pool = dict(values)
    for step in config.ensemble_scheduling.step:
        found = serve(repository, step.model_name, {k: pool[v] for k, v in step.input_map.items()})
        pool |= {step.output_map[key]: value for key, value in found.items()}
    return {port.name: pool[port.name] for port in config.output}


def test_triton_serves_a_detector_from_the_image_on(tmp_path: Path) -> None:
    page = pages("calibration", 1)[0]
    folder = tmp_path / "images"
    folder.mkdir()
    for other in pages("calibration", 4):
        (folder / other.name).symlink_to(other)
    artifact = tmp_path / "detector"
    acuate("convert", DETECTOR, "-o", artifact, "--shape", "x=1x3x320x320", "--data", folder,
           "--preprocess", "ppocr-det", "--runs", "0")  # fmt: skip
    acuate("export", artifact, "--triton", tmp_path / "repository")
    names = sorted(path.name for path in (tmp_path / "repository").iterdir())
    assert names == ["detector", "detector_network", "detector_preprocess"]
    pixels = np.asarray(Image.open(page).convert("RGB"))
    found = serve(tmp_path / "repository", "detector", {"image": pixels})
    output = json.loads((artifact / "manifest.json").read_text())["outputs"][0]["name"]
    acuate("run", artifact, "--input", f"x={page}", "-o", tmp_path / "out")
    expected = np.load(next((tmp_path / "out").glob("*.npy")))
    np.testing.assert_allclose(found[output], expected, rtol=0, atol=2e-2)


def test_pieces_are_served_one_after_the_other(tmp_path: Path) -> None:
    text = (ROOT / "tests/composed/detector_mixed.onnxtxt").read_text(encoding="utf-8")
    model = tmp_path / "m.onnx"
    onnx.save(onnx.parser.parse_model(text), model)
    artifact = tmp_path / "artifact"
    acuate("convert", model, "-o", artifact, "--cut", "auto", "--runs", "0")
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert len(manifest["modules"]) > 1
    acuate("export", artifact, "--triton", tmp_path / "r", "--name", "mixed")
    random = np.random.default_rng(2)
    values = {
        port["name"]: random.standard_normal(port["shape"]).astype(np.float32)
        for port in manifest["inputs"]
    }
    found = serve(tmp_path / "r", "mixed", values)
    acuate("export", artifact, "--openvino-model-server", tmp_path / "models")
    by_pipeline = serve_pipeline(tmp_path / "models", values)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_outputs()]
    for name, expected in zip(names, session.run(names, values), strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(by_pipeline[name], expected, rtol=1e-4, atol=1e-4)


def serve_pipeline(folder: Path, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What OpenVINO Model Server does with config.json, with ONNX Runtime for OpenVINO."""
    config = json.loads((folder / "config.json").read_text())
    models = {
        entry["config"]["name"]: folder / entry["config"]["base_path"] / "1" / "model.onnx"
        for entry in config["model_config_list"]
    }
    (pipeline,) = config["pipeline_config_list"]
    found = {("request", name): values[name] for name in pipeline["inputs"]}
    for node in pipeline["nodes"]:
        assert node["type"] == "DL model"
        feeds = {}
        for entry in node["inputs"]:
            for name, source in entry.items():
                feeds[name] = found[source["node_name"], source["data_item"]]
        session = onnxruntime.InferenceSession(
            models[node["model_name"]], providers=["CPUExecutionProvider"]
        )
        names = [entry["data_item"] for entry in node["outputs"]]
        for entry, value in zip(node["outputs"], session.run(names, feeds), strict=True):
            found[node["name"], entry["alias"]] = value
    return {
        name: found[source["node_name"], source["data_item"]]
        for entry in pipeline["outputs"]
        for name, source in entry.items()
    }


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--triton", "there"], "exists already"),
        (["--triton", "new", "--name", "a/b"], "letters, digits"),
        ([], "--triton FOLDER"),
    ],
)
def test_mistakes_are_told(flags: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[4] y) { y = Exp(x) }'
    )
    onnx.save(model, tmp_path / "m.onnx")
    acuate("convert", tmp_path / "m.onnx", "-o", tmp_path / "a", "--runs", "0")
    flags = [str(tmp_path / flag) if flag in ("there", "new") else flag for flag in flags]
    done = acuate("export", tmp_path / "a", *flags, status=2)
    assert says in " ".join(done.stderr.split())
    assert not (tmp_path / "new").exists()
    assert (
        "no artifact" in acuate("export", tmp_path, "--triton", tmp_path / "new", status=2).stderr
    )

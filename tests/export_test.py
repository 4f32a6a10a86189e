"""Artifacts handed over to serving programs, against their published schemas."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import detection_reference as reference
import numpy as np
import onnx
import onnxruntime
import pytest
import yaml
from google.protobuf import text_format
from PIL import Image
from support import BINARY, DETECTOR, FIXTURES, ROOT, acuate, pages


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


# The decoders of real heads, as models of the repository, against decoders in numpy.
BLAZEFACE = {"preset": "raw", "layout": "nhwc", "scale": 1 / 127.5, "mean": [1] * 3, "std": [1] * 3}
DECODED = {
    "yolox": ("ddddocr_det", {"id": "yolox"}, reference.yolox, (416, 416), "raw", "pages"),
    "yolo": ("nudenet_320n", {"id": "yolo"}, reference.yolo_v8, (320, 320), "unit", "photographs"),
    "ssd": (
        "blazeface_128",
        {"id": "ssd"},
        reference.blazeface,
        (128, 128),
        BLAZEFACE,
        "photographs",
    ),
    "gfl": ("picodet_layout_cdla", {"id": "gfl"}, reference.gfl, (800, 608), "imagenet", "pages"),
}


@pytest.mark.parametrize("name", list(DECODED))
def test_triton_serves_detections(name: str, tmp_path: Path) -> None:
    fixture, decoder, decode, (height, width), preset, kind = DECODED[name]
    model = FIXTURES / f"{fixture}.onnx"
    (port,) = onnx.load(model, load_external_data=False).graph.input
    images = sorted((FIXTURES / kind).rglob("*.png")) + sorted((FIXTURES / kind).rglob("*.jp*g"))
    folder = tmp_path / "images"
    folder.mkdir()
    for image in images[:4]:
        (folder / image.name).symlink_to(image)
    artifact = tmp_path / "detector"
    preprocess, shape = preset, f"{port.name}=1x3x{height}x{width}"
    if isinstance(preset, dict):
        preprocess, shape = tmp_path / "preprocess.yaml", f"{port.name}=1x{height}x{width}x3"
        preprocess.write_text(yaml.safe_dump(preset))
    acuate("convert", model, "-o", artifact, "--shape", shape, "--data", folder,
           "--preprocess", preprocess, "--runs", "0")  # fmt: skip
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(
        {"data": "images", "decoder": decoder | {"score": 0.05, "max_detections": 50},
         "metrics": ["sqnr"]}))  # fmt: skip
    acuate("export", artifact, "--triton", tmp_path / "repository", "--eval", spec)
    names = sorted(path.name for path in (tmp_path / "repository").iterdir())
    assert names == ["detector", *(f"detector_{x}" for x in ("decoder", "network", "preprocess"))]
    given = "image" if port.name != "image" else "image_file"
    compared = 0
    for image in images[:4]:
        pixels = np.asarray(Image.open(image).convert("RGB"))
        found = serve(tmp_path / "repository", "detector", {given: pixels})
        network = artifact / "modules" / "model.onnx"
        session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
        prepared = serve(tmp_path / "repository", "detector_preprocess", {given: pixels})
        boxes, scores = decode(session.run(None, prepared), height, width)
        expected = reference.suppress(boxes, scores, 0.05, 0.6, 50)
        assert len(found["detection_scores"]) == len(expected.scores)
        np.testing.assert_allclose(found["detection_scores"], expected.scores, rtol=1e-5)
        np.testing.assert_array_equal(found["detection_classes"], expected.classes)
        np.testing.assert_allclose(found["detection_boxes"], expected.boxes, rtol=1e-4, atol=1e-2)
        compared += len(expected.scores)
    assert compared > 0


def test_a_decoder_that_is_no_arithmetic_is_refused(tmp_path: Path) -> None:
    artifact = tmp_path / "detector"
    acuate("convert", DETECTOR, "-o", artifact, "--shape", "x=1x3x320x320", "--runs", "0")
    spec = tmp_path / "spec.yaml"
    spec.write_text("data: .\ndecoder: db-text\nmetrics: [sqnr]\n")
    done = acuate("export", artifact, "--triton", tmp_path / "r", "--eval", spec, status=2)
    assert "it follows the contours of a map" in " ".join(done.stderr.split())
    assert not (tmp_path / "r").exists()


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


def command(*arguments: str | Path, **more: str) -> str:
    done = subprocess.run(
        [str(argument) for argument in arguments],
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


# As its user does: libacuate installed somewhere, nothing else of acuate, and the program built
# against it. The engines are those of the environment.
def test_a_program_runs_an_artifact_by_libacuate_alone(tmp_path: Path) -> None:
    text = (ROOT / "tests/composed/detector_mixed.onnxtxt").read_text(encoding="utf-8")
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    random = np.random.default_rng(4)
    for target in ("onnxruntime", "openvino"):
        cut = ["--target", target, "--cut", "auto"]
        acuate("convert", tmp_path / "m.onnx", "-o", tmp_path / target, *cut, "--runs", "0")
    manifest = json.loads((tmp_path / "onnxruntime/manifest.json").read_text())
    assert len(manifest["modules"]) > 1
    inputs = []
    for port in manifest["inputs"]:
        values = random.standard_normal(port["shape"]).astype(np.float32)
        np.save(tmp_path / f"{port['name']}.npy", values)
        inputs.append(f"{port['name']}={tmp_path / port['name']}.npy")

    prefix, program = tmp_path / "prefix", tmp_path / "program"
    build = BINARY.resolve().parent.parent
    command("cmake", "--install", build, "--component", "library", "--prefix", prefix)
    assert [path.name for path in (prefix / "include").rglob("*.h")] == ["acuate.h"]
    acuate("export", tmp_path / "onnxruntime", "--standalone", program)
    command("cmake", "-S", program, "-B", program / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    command("cmake", "--build", program / "build")
    engines = {f"ACUATE_{name}_HOME": str(ROOT / ".venv") for name in ("ONNXRUNTIME", "OPENVINO")}
    run = program / "build" / "run"
    said = command(run, **engines)
    assert all(f"{port['name']}: " in said for port in manifest["inputs"] + manifest["outputs"])
    for target in ("onnxruntime", "openvino"):
        shutil.rmtree(program / "artifact")
        shutil.copytree(tmp_path / target, program / "artifact")
        command(run, *inputs, "-o", tmp_path / "by_program", **engines)
        flags = [part for each in inputs for part in ("--input", each)]
        acuate("run", tmp_path / target, "-o", tmp_path / "by_acuate", *flags)
        names = sorted(path.name for path in (tmp_path / "by_acuate").iterdir())
        assert len(names) == len(manifest["outputs"])
        assert sorted(path.name for path in (tmp_path / "by_program").iterdir()) == names
        for name in names:
            found, expected = (
                np.load(tmp_path / f"by_{who}" / name) for who in ("program", "acuate")
            )
            np.testing.assert_array_equal(found, expected)
    done = subprocess.run([run, "nothing=x.npy"], env=os.environ | engines, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"there is no input nothing\n")


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

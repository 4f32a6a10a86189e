"""What `acuate evaluate` says of classifiers and text recognisers, computed again in Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import yaml
from onnx import numpy_helper
from PIL import Image
from support import FIXTURES, acuate, pages

Array = npt.NDArray[Any]


def disturb(path: Path, to: Path, amount: float) -> None:
    """The model with noise on its convolutions and matrices."""
    random = np.random.default_rng(3)
    model = onnx.load(path)
    constants = [a.t for n in model.graph.node if n.op_type == "Constant" for a in n.attribute]
    for tensor in [*model.graph.initializer, *constants]:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim in (2, 4):
            noise = random.standard_normal(values.shape) * values.std() * amount
            changed = numpy_helper.from_array((values + noise).astype(np.float32), tensor.name)
            tensor.CopyFrom(changed)
    onnx.save(model, to)


def outputs_of(path: Path, images: Array) -> list[Array]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [session.run(None, {name: image[np.newaxis]})[0][0] for image in images]


def evaluate(folder: Path, model: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """The values by metric, of noisy.onnx in the folder against the model."""
    (folder / "eval.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    acuate(
        "evaluate", folder / "noisy.onnx", "--baseline", model, "--eval", folder / "eval.yaml",
        "--json", folder / "values.json",
    )  # fmt: skip
    values = json.loads((folder / "values.json").read_text("utf-8"))["metrics"]
    return {value["metric"]: value for value in values}


def test_classes_in_file_names(tmp_path: Path) -> None:
    """EfficientNet-Lite0 on photographs that carry their ImageNet class in the name."""
    model = FIXTURES / "efficientnet_lite0.onnx"
    disturb(model, tmp_path / "noisy.onnx", 0.1)
    photographs = sorted((FIXTURES / "photographs").glob("imagenet_*.jpg"))
    images = []
    for file in photographs:
        pixels = np.asarray(
            Image.open(file).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        )
        images.append(((pixels.astype(np.float32) - 127) / 128).transpose(2, 0, 1))
    truth = np.array([int(file.stem.split("_")[2]) for file in photographs])
    spec = {
        "data": str(FIXTURES / "photographs"),
        "preprocess": {"antialias": True, "mean": [127] * 3, "std": [128] * 3},
        "decoder": "classifier",
        "metrics": ["top1", "top5", "top1-agreement"],
        "labels": {"by": "file-name", "pattern": r"imagenet_\d+_(\d+)"},
    }
    values = evaluate(tmp_path, model, spec)
    scores = [np.stack(outputs_of(m, np.stack(images))) for m in (model, tmp_path / "noisy.onnx")]
    for k in (1, 5):
        first = [np.argsort(-s, axis=1)[:, :k] for s in scores]
        shares = [float((f == truth[:, None]).any(axis=1).mean()) for f in first]
        print(f"top{k}: {shares}")
        assert shares[0] > 0.5
        # An image of one grey level more or less may decide a close pair.
        assert values[f"top{k}"]["baseline"] == pytest.approx(shares[0], abs=0.051)
        assert values[f"top{k}"]["converted"] == pytest.approx(shares[1], abs=0.051)
    agreement = float((scores[0].argmax(1) == scores[1].argmax(1)).mean())
    assert values["top1_agreement"]["converted"] == pytest.approx(agreement, abs=0.051)


def test_classes_in_a_table(tmp_path: Path) -> None:
    """The same arrays on both sides, so the shares are equal to the last digit."""
    model = FIXTURES / "pp_lcnet_orientation.onnx"
    disturb(model, tmp_path / "noisy.onnx", 0.3)
    images, truth = [], []
    for page in pages("evaluation", 6):
        for turns in range(4):
            image = Image.open(page).convert("RGB").rotate(-90 * turns, expand=True)
            pixels: Array = np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR)) / 255
            scaled: Array = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
            images.append(scaled.astype(np.float32).transpose(2, 0, 1))
            truth.append(turns)
    np.save(tmp_path / "images.npy", np.stack(images))
    rows = [f"images.npy[{i}],{category}" for i, category in enumerate(truth)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]), "utf-8")
    spec = {
        "data": "images.npy",
        "decoder": "classifier",
        "metrics": ["top1", "top1-agreement"],
        "labels": "labels.csv",
    }
    values = evaluate(tmp_path, model, spec)
    scores = [np.stack(outputs_of(m, np.stack(images))) for m in (model, tmp_path / "noisy.onnx")]
    shares = [float((s.argmax(1) == np.array(truth)).mean()) for s in scores]
    agreement = float((scores[0].argmax(1) == scores[1].argmax(1)).mean())
    print(f"top1: {shares}, agreement {agreement}")
    assert shares[0] > 0.9
    assert values["top1"]["baseline"] == pytest.approx(shares[0], abs=1e-12)
    assert values["top1"]["converted"] == pytest.approx(shares[1], abs=1e-12)
    assert values["top1_agreement"]["converted"] == pytest.approx(agreement, abs=1e-12)


def symbols_of(steps: Array) -> list[int]:
    best = steps.argmax(axis=1)
    kept = np.concatenate([[True], best[1:] != best[:-1]]) & (best != 0)
    return [int(symbol) for symbol in best[kept]]


def edits(a: list[int], b: list[int]) -> int:
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    table[:, 0] = range(len(a) + 1)
    table[0] = range(len(b) + 1)
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + int(x != y)
            )
    return int(table[-1, -1])


def test_text(tmp_path: Path) -> None:
    """PP-OCRv4's recogniser on strips of pages: lines of text, whole or cut."""
    model = FIXTURES / "ppocr_v4_rec.onnx"
    disturb(model, tmp_path / "noisy.onnx", 0.05)
    images = []
    for page in pages("evaluation", 6):
        image = Image.open(page).convert("RGB")
        for top in range(200, 1000, 200):
            strip = image.crop((100, top, 500, top + 60)).resize((320, 48))
            values: Array = np.asarray(strip).astype(np.float32) / 127.5 - 1
            images.append(values.transpose(2, 0, 1))
    np.save(tmp_path / "lines.npy", np.stack(images))
    spec = {"data": "lines.npy", "decoder": "ctc", "metrics": ["text-agreement"]}
    value = evaluate(tmp_path, model, spec)["text_agreement"]
    expected, found = (
        [symbols_of(steps) for steps in outputs_of(m, np.stack(images))]
        for m in (model, tmp_path / "noisy.onnx")
    )
    wrong = sum(edits(a, b) for a, b in zip(expected, found, strict=True))
    length = sum(max(len(a), len(b)) for a, b in zip(expected, found, strict=True))
    print(f"text agreement {value['converted']:.6f}: {wrong} edits of {length} symbols")
    assert length > 40
    assert 0 < wrong < length
    assert value["details"]["edits"] == wrong
    assert value["converted"] == pytest.approx(1 - wrong / length, abs=1e-9)

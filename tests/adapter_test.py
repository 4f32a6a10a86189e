"""An artifact of one fixed size that takes pages of other sizes (`--adapter pad`).

The reference is the original network, which takes any size, run by ONNX Runtime on the page as it
is.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from PIL import Image
from support import DETECTOR, FIXTURES, acuate, pages

OUTPUT = "sigmoid_0.tmp_0"


def page(height: int, width: int) -> np.ndarray:
    """The upper left of a page, as PP-OCR's detector takes it."""
    with Image.open(pages("evaluation", 4)[3]) as image:
        pixels = np.asarray(image.convert("RGB").resize((640, 832)))
    scaled = pixels[:height, :width, ::-1].astype(np.float32) / 255
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)
    normal = (scaled - mean) / deviation
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None], dtype=np.float32)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapter") / "out"
    acuate(
        "convert", DETECTOR, "-o", folder, "--shape", "x=1x3x640x640", "--adapter", "pad:1",
        "--output-kind", f"{OUTPUT}=mask", "--runs", "0",
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("height", "width", "agreement"), [(640, 640, 1.0), (480, 416, 0.98), (832, 640, 0.96)]
)
def test_the_map_is_that_of_the_page(
    artifact: Path, tmp_path: Path, height: int, width: int, agreement: float
) -> None:
    x = page(height, width)
    np.save(tmp_path / "x.npy", x)
    acuate("run", artifact, "--input", f"x={tmp_path / 'x.npy'}", "-o", tmp_path / "y")
    found = np.load(tmp_path / "y" / f"{OUTPUT}.npy")
    engine = ort.InferenceSession(str(DETECTOR), providers=["CPUExecutionProvider"])
    (expected,) = engine.run(None, {"x": x})
    assert found.shape == expected.shape
    # Padding changes the means that the network takes over the whole image, and where the page is
    # scaled down it sees smaller letters; pixels of text stay pixels of text.
    assert ((found > 0.3) == (expected > 0.3)).mean() >= agreement
    assert ((found > 0.3) & (expected > 0.3)).sum() > 0.8 * (expected > 0.3).sum()


def test_an_image_file_goes_in_at_its_own_size(artifact: Path, tmp_path: Path) -> None:
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert manifest["inputs"][0]["shape"] == [1, 3, "height", "width"]
    assert manifest["adapters"][0]["outputs"] == [{"output": OUTPUT, "kind": "mask@-2"}]
    with_images = tmp_path / "out"
    acuate(
        "convert", DETECTOR, "-o", with_images, "--shape", "x=1x3x320x320", "--adapter", "pad",
        "--output-kind", f"{OUTPUT}=mask", "--runs", "0", "--preprocess", "ppocr-det",
        "--data", FIXTURES / "photographs", "--samples", "2",
    )  # fmt: skip
    photograph = FIXTURES / "photographs" / "imagenet_00_243.jpg"
    with Image.open(photograph) as image:
        width, height = image.size
    acuate("run", with_images, "--input", f"x={photograph}", "-o", tmp_path / "y")
    assert np.load(tmp_path / "y" / f"{OUTPUT}.npy").shape == (1, 1, height, width)
    # Black, as the pre-processing normalises it.
    fill = json.loads((with_images / "manifest.json").read_text())["adapters"][0]["fill"]
    np.testing.assert_allclose(fill, [-2.1179, -2.0357, -1.8044], atol=1e-3)


def test_nothing_is_applied_that_nobody_confirmed(tmp_path: Path) -> None:
    done = acuate(
        "convert", DETECTOR, "-o", tmp_path / "out", "--shape", "x=1x3x640x640", "--adapter", "pad",
        "--data", FIXTURES / "pages" / "evaluation", "--samples", "4", "--preprocess", "ppocr-det",
        "--runs", "0", "--json", "-",
    )  # fmt: skip
    (finding,) = [
        f for f in json.loads(done.stdout)["findings"] if f["id"] == "output_kind_unknown"
    ]
    assert f"--output-kind {OUTPUT}=mask@-2" in finding["evidence"]
    assert (
        json.loads((tmp_path / "out" / "manifest.json").read_text())["adapters"][0]["outputs"] == []
    )

"""The networks of quantize_bench.py: what calibrates them, what judges them, by which measure.

Calibration and evaluation never share a picture: other documents, other photographs. Everything is
drawn by seeds; arrays are as the network takes them, [N, C, H, W] but for BlazeFace.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from common import ROOT
from environments import cache_folder
from models import model_path
from PIL import Image

Array = npt.NDArray[Any]
FIXTURES = cache_folder() / "fixtures"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CALIBRATION_SEED, EVALUATION_SEED = 1, 2


def fixture(name: str) -> Path:
    command = [sys.executable, str(ROOT / "scripts/fixtures"), "--path", name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip())


@cache
def fetched() -> None:
    groups = ["--group", "bench", "--group", "test"]
    subprocess.run([str(ROOT / "scripts/fixtures"), *groups], check=True, stdout=sys.stderr)


def evenly(items: Sequence[Any], count: int) -> list[Any]:
    return [items[i * len(items) // count] for i in range(count)]


def pages(kind: str, count: int) -> list[Path]:
    return evenly(sorted((FIXTURES / "pages" / kind).glob("*.png")), count)


def photographs(kind: str) -> list[Image.Image]:
    """`calibration`: scikit-image's and scikit-learn's; `evaluation`: foolbox's, from ImageNet."""
    folder = "calibration_photographs" if kind == "calibration" else "photographs"
    return [Image.open(path).convert("RGB") for path in sorted((FIXTURES / folder).iterdir())]


def scaled(
    image: Image.Image, size: tuple[int, int], mean: Any, deviation: Any, bgr: bool = False
) -> Array:
    """[3, height, width] of an image that is resized to (width, height)."""
    values = np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float32) / 255
    if bgr:
        values = values[..., ::-1]
    values = (values - np.asarray(mean, np.float32)) / np.asarray(deviation, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)


def crop(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """A crop of 50 to 100 % of the area, of the picture's own proportions."""
    side = np.sqrt(random.uniform(0.5, 1))
    width, height = int(image.width * side), int(image.height * side)
    left = int(random.integers(0, image.width - width + 1))
    top = int(random.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def crops(
    calibration: int, evaluation: int, finish: Callable[[Image.Image], Array]
) -> tuple[Array, Array]:
    sets = []
    for kind, count, seed in (
        ("calibration", calibration, CALIBRATION_SEED),
        ("evaluation", evaluation, EVALUATION_SEED),
    ):
        images, random = photographs(kind), np.random.default_rng(seed)
        sets.append([finish(crop(images[i % len(images)], random)) for i in range(count)])
    return np.stack(sets[0]), np.stack(sets[1])


def efficientnet(calibration: int = 32) -> tuple[Array, Array]:
    deviation = (128 / 255,) * 3
    return crops(calibration, 200, lambda i: scaled(i, (224, 224), (127 / 255,) * 3, deviation))


def vit() -> tuple[Array, Array]:
    return crops(16, 40, lambda image: scaled(image, (224, 224), *IMAGENET))


def blazeface() -> tuple[Array, Array]:
    def finish(image: Image.Image) -> Array:
        return np.ascontiguousarray(
            scaled(image, (128, 128), (0.5,) * 3, (0.5,) * 3).transpose(1, 2, 0)
        )

    return crops(32, 100, finish)


def picodet() -> tuple[Array, Array]:
    sets = []
    for files in (
        sorted((FIXTURES / "pages/calibration").glob("*.png"))[::4][:8],
        sorted((FIXTURES / "pages/evaluation").glob("*.png"))[::3][:10],
    ):
        images = [Image.open(path).convert("RGB") for path in files]
        sets.append(np.stack([scaled(image, (608, 800), *IMAGENET, bgr=True) for image in images]))
    return sets[0], sets[1]


def orientation() -> tuple[Array, Array]:
    def turned(path: Path, quarters: int) -> Array:
        image = Image.open(path).convert("RGB").rotate(-90 * quarters, expand=True)
        ratio = 256 / min(image.size)
        image = image.resize(
            (round(image.width * ratio), round(image.height * ratio)), Image.Resampling.BILINEAR
        )
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        return scaled(image.crop((left, top, left + 224, top + 224)), (224, 224), *IMAGENET)

    calibration = [turned(path, i % 4) for i, path in enumerate(pages("calibration", 32))]
    evaluation = [turned(path, k) for path in pages("evaluation", 20) for k in range(4)]
    return np.stack(calibration), np.stack(evaluation)


def text_detector() -> tuple[Array, Array]:
    def whole(kind: str, count: int) -> Array:
        images = [Image.open(path).convert("RGB") for path in pages(kind, count)]
        return np.stack([scaled(image, (480, 640), *IMAGENET, bgr=True) for image in images])

    return whole("calibration", 16), whole("evaluation", 16)


def lines(path: Path, limit: int) -> list[Array]:
    """Lines of text, cut where rows of a page hold ink, as 48 x 320 pieces from their left end."""
    image = Image.open(path).convert("RGB")
    dark = np.asarray(image.convert("L")) < 128
    inked = np.concatenate([[False], dark.any(axis=1), [False]])
    edges = np.flatnonzero(inked[1:] != inked[:-1]).reshape(-1, 2)
    found = []
    for top, bottom in edges:
        columns = np.flatnonzero(dark[top:bottom].any(axis=0))
        if not 8 <= bottom - top <= 40 or columns[-1] - columns[0] < 100:
            continue
        height, left = bottom - top + 4, max(int(columns[0]) - 2, 0)
        right = min(left + height * 320 // 48, image.width)
        piece = image.crop((left, int(top) - 2, right, int(bottom) + 2))
        width = min(320, round(piece.width * 48 / height))
        canvas = np.zeros((3, 48, 320), np.float32)
        canvas[:, :, :width] = scaled(piece, (width, 48), (0.5,) * 3, (0.5,) * 3, bgr=True)
        found.append(canvas)
    return evenly(found, limit) if len(found) > limit else found


def text_recognizer() -> tuple[Array, Array]:
    sets = []
    for kind, each in (("calibration", 2), ("evaluation", 4)):
        found = [line for path in pages(kind, 32) for line in lines(path, each)]
        sets.append(np.stack(evenly(found, min(len(found), 32 if each == 2 else 100))))
    return sets[0], sets[1]


def yolox() -> tuple[Array, Array]:
    def boxed(path: Path) -> Array:
        bgr = np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1]
        ratio = 416 / max(bgr.shape[:2])
        width, height = int(bgr.shape[1] * ratio), int(bgr.shape[0] * ratio)
        canvas = np.full((416, 416, 3), 114, np.float32)
        canvas[:height, :width] = cv2.resize(np.ascontiguousarray(bgr), (width, height))
        return np.ascontiguousarray(canvas.transpose(2, 0, 1))

    sets = [[boxed(path) for path in pages(kind, 16)] for kind in ("calibration", "evaluation")]
    return np.stack(sets[0]), np.stack(sets[1])


@dataclass(frozen=True)
class Case:
    title: str
    model: Callable[[], Path]
    input: str
    data: Callable[[], tuple[Array, Array]]  # calibration, evaluation
    dims: tuple[int, ...]  # of one sample's input, with the batch of 1
    measure: str  # of quantize_judge.py, beside the signal-to-noise ratio
    protocol: str


def published(name: str) -> Callable[[], Path]:
    return lambda: fixture(name)


CASES = {
    "efficientnet": Case(
        "EfficientNet-Lite0", published("efficientnet_lite0.onnx"), "image", efficientnet,
        (1, 3, 224, 224), "class",
        "32 crops of scikit-image's and scikit-learn's photographs calibrate; 200 crops of 50 to "
        "100 % of foolbox's 20 ImageNet photographs judge",
    ),
    "picodet": Case(
        "PicoDet layout", published("picodet_layout_cdla.onnx"), "image", picodet,
        (1, 3, 800, 608), "gfl",
        "8 pages calibrate, 10 pages of other documents judge",
    ),
    "orientation": Case(
        "PP-LCNet orientation", published("pp_lcnet_orientation.onnx"), "x", orientation,
        (1, 3, 224, 224), "class",
        "32 rotated pages calibrate, 20 pages of other documents in four rotations judge",
    ),
    "ppocr_det": Case(
        "PP-OCRv4 det", published("ppocr_v4_det.onnx"), "x", text_detector,
        (1, 3, 640, 480), "mask",
        "16 pages at 640 by 480 calibrate, 16 of other documents judge",
    ),
    "ppocr_rec": Case(
        "PP-OCRv4 rec", published("ppocr_v4_rec.onnx"), "x", text_recognizer,
        (1, 3, 48, 320), "text",
        "32 lines cut from pages calibrate, 100 of other documents judge, 48 by 320",
    ),
    "yolox": Case(
        "YOLOX type (ddddocr_det)", published("ddddocr_det.onnx"), "images", yolox,
        (1, 3, 416, 416), "yolox",
        "16 pages calibrate, 16 of other documents judge",
    ),
    "blazeface": Case(
        "BlazeFace 128", published("blazeface_128.onnx"), "input:0", blazeface,
        (1, 128, 128, 3), "ssd",
        "32 crops of photographs calibrate, 100 of others judge",
    ),
    "vit_b": Case(
        "ViT-B/16, seeded weights", lambda: model_path("vit_b"), "image", vit,
        (1, 3, 224, 224), "class",
        "16 crops of photographs calibrate, 40 of others judge",
    ),
}  # fmt: skip

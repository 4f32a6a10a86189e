"""decode_text_boxes against PaddleOCR's algorithm on the detector's own maps of real pages."""

from typing import Any

import acuate
import db_text_reference as paddle
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from ppocr_reference import prepare
from support import DETECTOR, pages

Maps = list[npt.NDArray[Any]]


@pytest.fixture(scope="module")
def maps() -> Maps:
    session = onnxruntime.InferenceSession(DETECTOR, providers=["CPUExecutionProvider"])
    return [session.run(None, {"x": prepare(page, 960, 736)})[0] for page in pages("evaluation", 6)]


def test_boxes_are_those_of_paddleocr(maps: Maps) -> None:
    truth = found = matched = close = 0
    for probability in maps:
        expected = paddle.decode(probability[0, 0])
        boxes = list(acuate.decode_text_boxes(probability).corners)
        truth += len(expected)
        found += len(boxes)
        matched += paddle.count_matches(expected, boxes)
        close += paddle.count_matches(expected, boxes, 0.8)
    print(f"{truth} boxes of PaddleOCR, {found} of acuate, {matched} match, {close} at IoU 0.8")
    assert truth > 100
    assert matched >= 0.98 * max(truth, found)
    # PaddleOCR's polygon clipper cuts corners to whole pixels first: thin boxes differ by that.
    assert close >= 0.98 * max(truth, found)


@pytest.mark.parametrize("rotation", [7, 45, 90])
def test_lines_at_an_angle(rotation: int) -> None:
    y, x = np.mgrid[0:200, 0:300].astype(np.float64)
    angle = np.radians(rotation)
    along = (x - 150) * np.cos(angle) + (y - 100) * np.sin(angle)
    across = (y - 100) * np.cos(angle) - (x - 150) * np.sin(angle)
    probability = np.where((abs(along) < 70) & (abs(across) < 8), 0.95, 0.05).astype(np.float32)
    expected = paddle.decode(probability)
    boxes = acuate.decode_text_boxes(probability).corners
    assert len(expected) == len(boxes) == 1
    assert paddle.iou(expected[0], boxes[0]) > 0.9


def test_f1_is_that_of_the_reference(maps: Maps) -> None:
    """The maps against noisy ones, so that boxes appear, move and vanish."""
    random = np.random.default_rng(5)
    noisy = [np.clip(m * random.uniform(0.6, 1.0, m.shape).astype(np.float32), 0, 1) for m in maps]
    agreement = acuate.text_box_f1(maps, noisy)
    matched = sum(
        paddle.count_matches(
            list(acuate.decode_text_boxes(a).corners), list(acuate.decode_text_boxes(b).corners)
        )
        for a, b in zip(maps, noisy, strict=True)
    )
    assert agreement.matched == matched
    assert agreement.f1 == pytest.approx(2 * matched / (agreement.truth + agreement.predicted))
    assert agreement.matched < agreement.truth

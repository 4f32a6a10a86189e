"""Text boxes as PaddleOCR's DBPostProcess finds them (box_type quad, score_mode fast), with OpenCV
and pyclipper: an independent reference for the decoder `db-text`."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyclipper
from shapely.geometry import Polygon

Array = npt.NDArray[Any]
MIN_SIZE = 3


def ordered_box(points: Array) -> tuple[Array, float]:
    """Corners of the least rectangle, top left first and clockwise, and its shorter side."""
    rect = cv2.minAreaRect(points)
    corners = sorted(cv2.boxPoints(rect).tolist())
    left, right = sorted(corners[:2], key=lambda c: c[1]), sorted(corners[2:], key=lambda c: c[1])
    return np.array([left[0], right[0], right[1], left[1]], np.float32), min(rect[1])


def mean_inside(probability: Array, box: Array) -> float:
    height, width = probability.shape
    x0 = int(np.clip(np.floor(box[:, 0].min()), 0, width - 1))
    x1 = int(np.clip(np.ceil(box[:, 0].max()), 0, width - 1))
    y0 = int(np.clip(np.floor(box[:, 1].min()), 0, height - 1))
    y1 = int(np.clip(np.ceil(box[:, 1].max()), 0, height - 1))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(mask, [(box - [x0, y0]).astype(np.int32)], 1)
    return float(cv2.mean(probability[y0 : y1 + 1, x0 : x1 + 1], mask)[0])


def grow(box: Array, ratio: float) -> Array | None:
    area = abs(cv2.contourArea(box))
    distance = area * ratio / cv2.arcLength(box, True)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(box.tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    grown = offset.Execute(distance)
    return np.array(grown[0], np.float32) if len(grown) == 1 else None


def decode(
    probability: Array, threshold: float = 0.3, box_score: float = 0.6, unclip_ratio: float = 1.5
) -> list[Array]:
    """Boxes [4, 2] of a map [H, W], in the map's coordinates."""
    bitmap = (probability > threshold).astype(np.uint8)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for contour in contours[:1000]:
        box, side = ordered_box(contour)
        if side < MIN_SIZE or mean_inside(probability, box) < box_score:
            continue
        grown = grow(box, unclip_ratio)
        if grown is None:
            continue
        box, side = ordered_box(grown)
        if side < MIN_SIZE + 2:
            continue
        height, width = probability.shape
        boxes.append(np.clip(box, 0, [width, height]))
    return boxes


def iou(a: Array, b: Array) -> float:
    p, q = Polygon(a).convex_hull, Polygon(b).convex_hull
    union = p.union(q).area
    return float(p.intersection(q).area / union) if union > 0 else 0.0


def count_matches(truth: list[Array], found: list[Array], least: float = 0.5) -> int:
    """Pairs by falling IoU, each box once."""
    pairs = [
        (overlap, t, f)
        for t, a in enumerate(truth)
        for f, b in enumerate(found)
        if (overlap := iou(a, b)) >= least
    ]
    taken_truth: set[int] = set()
    taken_found: set[int] = set()
    for _, t, f in sorted(pairs, key=lambda pair: -pair[0]):
        if t not in taken_truth and f not in taken_found:
            taken_truth.add(t)
            taken_found.add(f)
    return len(taken_truth)

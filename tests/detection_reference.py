"""Heads of detectors decoded again with NumPy, and COCO's AP from pycocotools.

Written from the papers and from what the vendors' own code does, apart from src/evaluate, to check
what `acuate evaluate` reports.
"""

import contextlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Array = npt.NDArray[Any]


class Detections(NamedTuple):
    """Boxes [n, left top right bottom] in pixels of the network's input, scores, classes."""

    boxes: Array
    scores: Array
    classes: Array

    def at_least(self, score: float) -> "Detections":
        kept = self.scores >= score
        return Detections(self.boxes[kept], self.scores[kept], self.classes[kept])


def from_centers(x: Array, y: Array, width: Array, height: Array) -> Array:
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=-1)


def pairwise_iou(a: Array, b: Array) -> Array:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=-1)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=-1)
    area_b = np.prod(b[:, 2:] - b[:, :2], axis=-1)
    result: Array = common / (area_a[:, None] + area_b[None] - common)
    return result


def suppress(boxes: Array, scores: Array, score: float, iou: float, limit: int) -> Detections:
    """Class by class; `boxes` [n, 4], `scores` [n, classes]."""
    rows: list[tuple[float, int, int]] = []
    for category in range(scores.shape[1]):
        order = np.flatnonzero(scores[:, category].astype(np.float32) >= score)
        order = order[np.argsort(-scores[order, category], kind="stable")]
        overlaps = pairwise_iou(boxes[order], boxes[order]) > iou
        gone = np.zeros(len(order), bool)
        for i in range(len(order)):
            if not gone[i]:
                rows.append((float(scores[order[i], category]), category, int(order[i])))
                gone |= overlaps[i]
    rows.sort(key=lambda row: -row[0])
    rows = rows[:limit]
    chosen = [row[2] for row in rows]
    return Detections(
        boxes[chosen].reshape(-1, 4),
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows], int),
    )


def grid(height: int, width: int, stride: int) -> tuple[Array, Array]:
    """Columns and rows of the cells, row by row."""
    y, x = np.mgrid[0 : -(-height // stride), 0 : -(-width // stride)].astype(np.float64)
    return x.ravel(), y.ravel()


def gfl(outputs: Sequence[Array], height: int, width: int) -> tuple[Array, Array]:
    """PicoDet: levels of scores, then the same levels of distributions over 0 … 7."""
    levels = len(outputs) // 2
    boxes, scores = [], []
    for level, stride in enumerate((8, 16, 32, 64)[:levels]):
        x, y = ((axis + 0.5) * stride for axis in grid(height, width, stride))
        logits = outputs[levels + level].astype(np.float64).reshape(-1, 4, 8)
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        sides = (weights / weights.sum(axis=-1, keepdims=True)) @ np.arange(8) * stride
        box = [x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]]
        boxes.append(np.stack(box, axis=-1))
        scores.append(outputs[level][0])
    return np.concatenate(boxes), np.concatenate(scores)


def yolo_v8(outputs: Sequence[Array], height: int, width: int) -> tuple[Array, Array]:
    rows = outputs[0][0].T.astype(np.float64)
    return from_centers(*rows[:, :4].T), rows[:, 4:]


def yolox(outputs: Sequence[Array], height: int, width: int) -> tuple[Array, Array]:
    rows = outputs[0][0].astype(np.float64)
    x, y, stride = [], [], []
    for size in (8, 16, 32):
        columns, lines = grid(height, width, size)
        x.append(columns)
        y.append(lines)
        stride.append(np.full(len(columns), size))
    strides = np.concatenate(stride)
    boxes = from_centers(
        (rows[:, 0] + np.concatenate(x)) * strides,
        (rows[:, 1] + np.concatenate(y)) * strides,
        np.exp(rows[:, 2]) * strides,
        np.exp(rows[:, 3]) * strides,
    )
    return boxes, rows[:, 4:5] * rows[:, 5:]


def blazeface(outputs: Sequence[Array], height: int, width: int) -> tuple[Array, Array]:
    """Scores of both strides, then boxes of both; 2 anchors a cell of 1/16, 6 of 1/8."""
    logits = np.concatenate([outputs[0][0], outputs[1][0]]).astype(np.float64)
    rows = np.concatenate([outputs[2][0], outputs[3][0]]).astype(np.float64)
    centres = []
    for stride, anchors in ((height // 16, 2), (height // 8, 6)):
        x, y = grid(height, width, stride)
        centres.append(np.repeat(np.stack([x + 0.5, y + 0.5], -1) * stride, anchors, axis=0))
    moved = np.concatenate(centres) + rows[:, :2]
    boxes = from_centers(moved[:, 0], moved[:, 1], rows[:, 2], rows[:, 3])
    return boxes, 1 / (1 + np.exp(-np.maximum(logits, -500)))


def coco_document(truth: Sequence[Detections], names: Sequence[str], classes: int) -> Any:
    """The truth of every image as COCO's instances; class i has the id 10 * i + 1."""
    annotations: list[dict[str, Any]] = []
    for image, found in enumerate(truth):
        for box, category in zip(found.boxes, found.classes, strict=True):
            left, top, right, bottom = (float(v) for v in box)
            size = [left, top, right - left, bottom - top]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(category) * 10 + 1,
                    "bbox": size,
                    "area": size[2] * size[3],
                    "iscrowd": 0,
                }
            )
    return {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(names)],
        "categories": [{"id": i * 10 + 1, "name": str(i)} for i in range(classes)],
        "annotations": annotations,
    }


def coco_ap(document: Any, found: Sequence[Detections]) -> tuple[float, float, float]:
    """AP over the thresholds, at 0.50 and at 0.75."""
    results = [
        {
            "image_id": image,
            "category_id": int(category) * 10 + 1,
            "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
            "score": float(np.float32(score)),
        }
        for image, detections in enumerate(found)
        for box, score, category in zip(
            detections.boxes, detections.scores, detections.classes, strict=True
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = document
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return (
        float(evaluation.stats[0]),
        float(evaluation.stats[1]),
        float(evaluation.stats[2]),
    )

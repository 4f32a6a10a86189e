"""What a quantized network is worth beside the float one, both in ONNX Runtime, nothing fused.

Graph optimization is off, so quantization is exact: each DequantizeLinear gives back the value that
its QuantizeLinear rounded. Detectors are judged by the float network's own detections: those with
score 0.3 or more after non-maximum suppression at IoU 0.6 are the truth, and AP is COCO's (101
points, IoU 0.50 to 0.95), computed by pycocotools.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import detection_reference as reference
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from detection_reference import Detections, coco_ap, coco_document, suppress

Array = npt.NDArray[Any]
TRUTH, CANDIDATE, NMS_IOU, LIMIT = 0.3, 0.05, 0.6, 100
RESAMPLES, SEED = 1000, 0
AP_RESAMPLES = 200  # each is a run of pycocotools


def session(model: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 2
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def outputs(model: Path, data: Array, names: Sequence[str]) -> Iterator[list[Array]]:
    """The named outputs, sample by sample."""
    network = session(model)
    name = network.get_inputs()[0].name
    for i in range(len(data)):
        yield [np.asarray(value) for value in network.run(names, {name: data[i : i + 1]})]


def output_names(model: Path) -> list[str]:
    return [output.name for output in session(model).get_outputs()]


def decibels(signal: Array, noise: Array) -> float:
    """Signal over noise of the worst output; rows are samples, columns outputs."""
    ratio = signal.sum(axis=0) / np.maximum(noise.sum(axis=0), 1e-30)
    return float(10 * np.log10(ratio).min())


def interval(count: int, value: Callable[[Array], float], resamples: int) -> tuple[float, float]:
    """95 % by bootstrap over the samples."""
    random = np.random.default_rng(SEED)
    values = [value(random.integers(0, count, count)) for _ in range(resamples)]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


Decode = Callable[[Sequence[Array], int, int], tuple[Array, Array]]
DETECTORS: dict[str, tuple[Decode, int]] = {
    "gfl": (reference.gfl, 10),
    "yolox": (reference.yolox, 1),
    "ssd": (reference.blazeface, 1),
}


def distance(a: list[int], b: list[int]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            last, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, last + (x != y))
    return row[-1]


def text(output: Array) -> list[int]:
    """CTC: repetitions and blanks (0) fall out."""
    best = output[0].argmax(axis=-1)
    return [int(c) for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1])]


class Judge:
    """Holds what the float network says of the data, and judges models by it."""

    def __init__(self, model: Path, data: Array, measure: str) -> None:
        self.data, self.measure = data, measure
        self.names = output_names(model)
        self.truth = list(outputs(model, data, self.names))
        power = [[float(np.sum(y.astype(np.float64) ** 2)) for y in ys] for ys in self.truth]
        self.signal = np.asarray(power)
        if measure in DETECTORS:
            found = [self.detections(ys, TRUTH) for ys in self.truth]
            self.boxes = sum(len(one.boxes) for one in found)
            self.found = found

    def detections(self, ys: list[Array], score: float) -> Detections:
        shape = self.data.shape[1:]
        height, width = shape[1:] if shape[0] == 3 else shape[:2]
        boxes, scores = DETECTORS[self.measure][0](ys, height, width)
        return suppress(boxes, scores, score, NMS_IOU, LIMIT)

    def average_precision(self, found: list[Detections], chosen: Array) -> float:
        """In percent, over the chosen samples, one of which may be there several times."""
        ours = [found[i] for i in chosen]
        if not any(len(one.boxes) for one in ours):
            return 0.0
        names = [str(i) for i in range(len(chosen))]
        classes = DETECTORS[self.measure][1]
        document = coco_document([self.found[i] for i in chosen], names, classes)
        return 100 * coco_ap(document, ours)[0]

    def score(self, ours: list[Array], float_ones: list[Array]) -> float:
        """Of one sample, 0 to 1."""
        if self.measure == "class":
            return float(ours[0].argmax() == float_ones[0].argmax())
        if self.measure == "mask":
            a, b = ours[0] >= 0.3, float_ones[0] >= 0.3
            return float((a & b).sum() / max((a | b).sum(), 1))
        read, expected = text(ours[0]), text(float_ones[0])
        return 1 - distance(read, expected) / max(len(read), len(expected), 1)

    def judge(self, model: Path) -> dict[str, Any]:
        """Names in `sqnr_db` and `score` (percent), each [value, low, high]."""
        noise, scores, found = [], [], []
        for ys, truth in zip(outputs(model, self.data, self.names), self.truth, strict=True):
            errors = [y.astype(np.float64) - t for y, t in zip(ys, truth, strict=True)]
            noise.append([float(np.sum(error**2)) for error in errors])
            if self.measure in DETECTORS:
                found.append(self.detections(ys, CANDIDATE))
            else:
                scores.append(self.score(ys, truth))
        rows, count = np.asarray(noise), len(noise)
        ratio = decibels(self.signal, rows)
        bounds = interval(count, lambda i: decibels(self.signal[i], rows[i]), RESAMPLES)
        if found:
            ap = self.average_precision(found, np.arange(count))
            spread = interval(count, lambda i: self.average_precision(found, i), AP_RESAMPLES)
            return {"sqnr_db": [ratio, *bounds], "score": [ap, *spread]}
        each = 100 * np.asarray(scores)
        spread = interval(count, lambda i: float(each[i].mean()), RESAMPLES)
        return {"sqnr_db": [ratio, *bounds], "score": [float(each.mean()), *spread]}

"""What `acuate evaluate` says of detectors, against decoders of our own and pycocotools.

Each fixture head runs on real images; the converted model is the same one with noise on its
weights. The labels are the float model's detections as Python decodes them, so that a box in the
wrong place, not only one that moved, lowers the AP.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import detection_reference as reference
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import yaml
from detection_reference import Detections
from onnx import numpy_helper
from PIL import Image
from support import FIXTURES, acuate, pages

Array = npt.NDArray[Any]
SCORE, NMS_IOU, LIMIT = 0.01, 0.6, 100


class Head(NamedTuple):
    model: str
    decoder: dict[str, Any]
    decode: Callable[[Sequence[Array], int, int], tuple[Array, Array]]
    classes: int
    size: tuple[int, int]  # height, width
    scale: float
    mean: Any
    deviation: Any
    nhwc: bool
    images: str


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HEADS = {
    "gfl": Head(
        "picodet_layout_cdla", {"id": "gfl"}, reference.gfl, 10, (800, 608), 1 / 255,
        *IMAGENET, False, "pages",
    ),
    "yolo": Head(
        "nudenet_320n", {"id": "yolo"}, reference.yolo_v8, 18, (320, 320), 1 / 255, 0, 1, False,
        "photographs",
    ),
    "yolox": Head(
        "ddddocr_det", {"id": "yolox"}, reference.yolox, 1, (416, 416), 1, 0, 1, False, "pages"
    ),
    "ssd": Head(
        "blazeface_128", {"id": "ssd"}, reference.blazeface, 1, (128, 128), 1 / 127.5, 1, 1, True,
        "photographs",
    ),
    "ssd_256": Head(
        "blazeface_256", {"id": "ssd", "strides": [16, 32, 32, 32]}, reference.blazeface, 1,
        (256, 256), 1 / 127.5, 1, 1, True, "photographs",
    ),
}  # fmt: skip


def images_of(head: Head) -> Array:
    """[n, …] as the network takes one."""
    photographs = sorted((FIXTURES / "photographs").glob("*.jpg"))
    files = pages("evaluation", 6) if head.images == "pages" else photographs[:12]
    inputs = []
    for file in files:
        height, width = head.size
        image = Image.open(file).convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
        values = np.asarray(image).astype(np.float64) * head.scale
        values = ((values - head.mean) / head.deviation).astype(np.float32)
        inputs.append(values if head.nhwc else values.transpose(2, 0, 1))
    return np.stack(inputs)


def disturb(model: onnx.ModelProto) -> onnx.ModelProto:
    random = np.random.default_rng(3)
    noisy = onnx.ModelProto()
    noisy.CopyFrom(model)
    constants = [a.t for n in noisy.graph.node if n.op_type == "Constant" for a in n.attribute]
    for tensor in [*noisy.graph.initializer, *constants]:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim == 4:
            noise = random.standard_normal(values.shape) * values.std() * 0.05
            changed = numpy_helper.from_array((values + noise).astype(np.float32), tensor.name)
            tensor.CopyFrom(changed)
    return noisy


def detections_of(head: Head, model: onnx.ModelProto, images: Array) -> list[Detections]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    found = []
    for image in images:
        boxes, scores = head.decode(session.run(None, {name: image[np.newaxis]}), *head.size)
        found.append(reference.suppress(boxes, scores, SCORE, NMS_IOU, LIMIT))
    return found


@pytest.mark.parametrize("name", HEADS)
def test_detectors(name: str, tmp_path: Path) -> None:
    head = HEADS[name]
    images = images_of(head)
    np.save(tmp_path / "images.npy", images)
    model = onnx.load(FIXTURES / f"{head.model}.onnx")
    noisy = disturb(model)
    onnx.save(noisy, tmp_path / "noisy.onnx")
    floats, found = (detections_of(head, m, images) for m in (model, noisy))

    sure = [detections.at_least(0.3) for detections in floats]
    # Of networks that are sure of little here, the best ones of each image.
    truth = [
        Detections(*(part[: max(3, len(s.scores))] for part in f))
        for f, s in zip(floats, sure, strict=True)
    ]
    names = [f"images.npy[{i}]" for i in range(len(images))]
    document = reference.coco_document(truth, names, head.classes)
    (tmp_path / "labels.json").write_text(json.dumps(document), "utf-8")
    spec = {
        "data": "images.npy",
        "decoder": head.decoder,
        "metrics": ["coco-ap", "agreement-ap"],
        "labels": "labels.json",
    }
    (tmp_path / "eval.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    acuate(
        "evaluate", tmp_path / "noisy.onnx", "--baseline", FIXTURES / f"{head.model}.onnx",
        "--eval", tmp_path / "eval.yaml", "--json", tmp_path / "values.json",
    )  # fmt: skip
    values = {
        value["metric"]: value
        for value in json.loads((tmp_path / "values.json").read_text("utf-8"))["metrics"]
    }

    labelled = values["coco_ap"]
    expected = reference.coco_ap(document, floats)
    assert expected[0] > 0.7
    assert labelled["baseline"] == pytest.approx(expected[0], abs=1e-6)
    expected = reference.coco_ap(document, found)
    print(f"{name}: AP {labelled['converted']:.6f} of labels, pycocotools {expected[0]:.6f}")
    assert expected[0] < 0.99
    assert labelled["converted"] == pytest.approx(expected[0], abs=1e-6)
    assert labelled["details"]["ap50"] == pytest.approx(expected[1], abs=1e-6)
    assert labelled["details"]["ap75"] == pytest.approx(expected[2], abs=1e-6)
    assert labelled["details"]["detections"] == sum(len(d.scores) for d in found)
    for interval, value in (("interval", "converted"), ("baseline_interval", "baseline")):
        low, high = labelled[interval]
        assert low <= labelled[value] <= high

    agreement = values["agreement_ap"]
    count = sum(len(detections.scores) for detections in sure)
    assert agreement["details"]["truth_boxes"] == count
    if count == 0:
        assert agreement["converted"] is None
        return
    expected = reference.coco_ap(reference.coco_document(sure, names, head.classes), found)
    print(f"{name}: agreement AP {agreement['converted']:.6f}, {count} boxes")
    assert agreement["converted"] == pytest.approx(expected[0], abs=1e-6)


def identity(boxes: int, classes: int) -> onnx.ModelProto:
    """A network that answers with its input, laid out as YOLOv8's output."""
    graph = onnx.parser.parse_graph(
        f"g (float[1, {4 + classes}, {boxes}] x) => (float[1, {4 + classes}, {boxes}] y)"
        " { y = Identity(x) }"
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def test_ap_is_that_of_pycocotools(tmp_path: Path) -> None:
    """Many random detections: ties, crowds, more than 100 of a class, images without truths."""
    random = np.random.default_rng(11)
    samples, boxes, classes = 30, 400, 3
    onnx.save(identity(boxes, classes), tmp_path / "model.onnx")
    truth, rows = [], []
    for _ in range(samples):
        count = int(random.integers(0, 40))
        left_top = random.uniform(0, 400, (count, 2))
        size = random.uniform(5, 120, (count, 2))
        labels = random.integers(0, classes, count)
        box = np.concatenate([left_top, left_top + size], axis=1)
        truth.append(Detections(box, np.ones(count), labels))
        near = random.integers(0, max(count, 1), boxes)
        source = box[near] if count else random.uniform(0, 300, (boxes, 4))
        centre = (source[:, :2] + source[:, 2:]) / 2 + random.normal(0, 4, (boxes, 2))
        extent = np.abs(source[:, 2:] - source[:, :2]) * random.uniform(0.8, 1.25, (boxes, 2)) + 1
        scores = np.round(random.uniform(0, 1, (boxes, classes)), 2)
        scores[scores < 0.4] = 0
        rows.append(np.concatenate([centre, extent, scores], axis=1).T)
    data = np.stack(rows).astype(np.float32)[:, np.newaxis]
    np.save(tmp_path / "rows.npy", data)
    found = []
    for sample in data:
        exact, scores = reference.yolo_v8([sample], 0, 0)
        found.append(reference.suppress(exact, scores, SCORE, 1.0, 10**6))
    document = reference.coco_document(truth, [f"rows.npy[{i}]" for i in range(samples)], classes)
    for annotation in document["annotations"][::17]:
        annotation["iscrowd"] = 1
    (tmp_path / "labels.json").write_text(json.dumps(document), "utf-8")
    spec = {
        "data": "rows.npy",
        "decoder": {"id": "yolo", "nms_iou": 1, "max_detections": 1000000},
        "metrics": ["coco-ap"],
        "labels": "labels.json",
    }
    (tmp_path / "eval.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    # No float model is needed where labels judge.
    acuate(
        "evaluate", tmp_path / "model.onnx", "--eval", tmp_path / "eval.yaml",
        "--json", tmp_path / "values.json",
    )  # fmt: skip
    [value] = json.loads((tmp_path / "values.json").read_text("utf-8"))["metrics"]
    expected = reference.coco_ap(document, found)
    print(f"AP {value['converted']:.9f}, pycocotools {expected[0]:.9f}")
    assert 0.02 < expected[0] < 0.9
    assert value["converted"] == pytest.approx(expected[0], abs=1e-6)
    assert value["details"]["ap50"] == pytest.approx(expected[1], abs=1e-6)
    assert value["details"]["ap75"] == pytest.approx(expected[2], abs=1e-6)
    assert value["baseline"] is None

"""Models that are made here, not fetched, are what they claim to be."""

import numpy as np
import onnxruntime
from PIL import Image
from support import FIXTURES


def test_efficientnet_lite0_knows_the_photographs() -> None:
    session = onnxruntime.InferenceSession(FIXTURES / "efficientnet_lite0.onnx")
    right = 0
    photographs = sorted((FIXTURES / "photographs").glob("imagenet_*.jpg"))
    assert len(photographs) == 20
    for path in photographs:
        image = Image.open(path).convert("RGB")
        # The middle 7/8 of the shorter side, as in the paper's evaluation.
        width, height = image.size
        half = min(width, height) * 7 / 16
        box = (width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half)
        pixels = np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC, box), np.float32)
        x = ((pixels - 127) / 128).transpose(2, 0, 1)[None]
        logits = session.run(None, {"image": x})[0][0]
        right += int(path.stem.split("_")[2]) == logits.argmax()
    assert right == 18

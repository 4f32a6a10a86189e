"""The text detector's pre-processing, written again with Pillow, OpenCV and NumPy."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image


def prepare(path: Path, height: int, width: int) -> npt.NDArray[np.float32]:
    """[1, 3, height, width]: aspect kept, black at right and bottom, BGR, ImageNet's numbers."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    ratio = min(width / rgb.shape[1], height / rgb.shape[0])
    size = (
        min(width, int(rgb.shape[1] * ratio + 0.5)),
        min(height, int(rgb.shape[0] * ratio + 0.5)),
    )
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(rgb[:, :, ::-1], size, interpolation=cv2.INTER_LINEAR)
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    values = (canvas.astype(np.float32) * np.float32(1 / 255) - mean) / deviation
    return np.ascontiguousarray(values.transpose(2, 0, 1)[np.newaxis])

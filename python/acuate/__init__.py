"""acuate converts neural networks for accelerators and proves the result.

>>> result = acuate.convert("model.onnx", output="out", precision="int8", data="images/")
>>> model = acuate.load("out")
>>> y = model(x)
"""

from acuate._convert import Result, convert
from acuate._core import Error, InternalError, __version__
from acuate._model import Model, TensorSpec, load
from acuate._text_boxes import BoxAgreement, TextBoxes, decode_text_boxes, text_box_f1

__all__ = [
    "BoxAgreement",
    "Error",
    "InternalError",
    "Model",
    "Result",
    "TensorSpec",
    "TextBoxes",
    "__version__",
    "convert",
    "decode_text_boxes",
    "load",
    "text_box_f1",
]

"""acuate converts neural networks for accelerators and proves the result.

>>> result = acuate.convert("model.onnx", output="out", precision="int8", data="images/")
>>> model = acuate.load("out")
>>> y = model(x)
"""

from typing import TYPE_CHECKING, Any

from acuate._convert import Result, convert
from acuate._core import Error, InternalError, __version__
from acuate._model import Model, TensorSpec, load
from acuate._text_boxes import BoxAgreement, TextBoxes, decode_text_boxes, text_box_f1

__all__ = [
    "BoxAgreement",
    "ConversionWorkflow",
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

if TYPE_CHECKING:
    from acuate.pytorch.workflow import ConversionWorkflow


def __getattr__(name: str) -> Any:
    # What needs PyTorch is imported when it is asked for.
    if name == "ConversionWorkflow":
        from acuate.pytorch.workflow import ConversionWorkflow

        return ConversionWorkflow
    raise AttributeError(f"module 'acuate' has no attribute '{name}'")

"""Arrays on their way to the core and back: flat bytes, element type, shape; no copy where the
array is contiguous and aligned."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from acuate._core import Error

CoreTensor = tuple[npt.NDArray[np.uint8], str, Sequence[int]]
AnyArray = npt.NDArray[Any]

# Element types that NumPy learns from ml_dtypes, by their names there.
_ML_DTYPES = {
    "bfloat16": "bfloat16",
    "float8e4m3fn": "float8_e4m3fn",
    "float8e4m3fnuz": "float8_e4m3fnuz",
    "float8e5m2": "float8_e5m2",
    "float8e5m2fnuz": "float8_e5m2fnuz",
    "float8e8m0": "float8_e8m0fnu",
}
_ELEMENT_TYPES = {there: here for here, there in _ML_DTYPES.items()}


def dtype_of(element_type: str) -> np.dtype[Any]:
    if element_type in _ML_DTYPES:
        import ml_dtypes

        dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, _ML_DTYPES[element_type]))
        return dtype
    return np.dtype(element_type)


def as_array(value: Any, element_type: str, what: str) -> AnyArray:
    """Arrays as they are; lists and numbers in the given type."""
    typed = hasattr(value, "dtype") or hasattr(value, "__array__")
    try:
        return np.asarray(value, dtype=None if typed else dtype_of(element_type))
    except (TypeError, ValueError, OverflowError) as error:
        raise Error(f"{what}: no array of {element_type} can be made of it: {error}") from error


def to_core(array: AnyArray, what: str) -> CoreTensor:
    foreign = array.dtype.kind in "USVMm" and array.dtype.name not in _ELEMENT_TYPES
    if foreign or array.dtype.hasobject:
        raise Error(f"{what}: arrays of dtype {array.dtype} cannot be fed")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    shape = array.shape  # before require(), which makes a scalar one-dimensional
    array = np.require(array, requirements=["C", "A"])
    name = _ELEMENT_TYPES.get(array.dtype.name, array.dtype.name)
    return array.reshape(-1).view(np.uint8), name, list(shape)


def from_core(tensor: CoreTensor) -> AnyArray:
    data, element_type, shape = tensor
    return data.view(dtype_of(element_type)).reshape(tuple(shape))

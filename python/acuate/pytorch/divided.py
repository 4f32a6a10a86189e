"""A model some of whose modules are engines, while PyTorch runs the rest."""

import copy
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.converted import SIGNATURE_FILE, ConvertedModel, require_weights


class DividedModel(nn.Module):
    """The original with engines in the place of some modules; the original itself is untouched.

    Called like the original. A module that is called in another way than it was converted for, with
    other containers, types or sizes, is run by PyTorch, and a warning says so once. Parameters are
    those of the original: what engines compute with does not follow their changes. Copies and
    pickles are of the original, and open the engines' artifacts again. Several threads may call it
    as far as they may call the original.
    """

    def __init__(self, model: nn.Module, engines: Mapping[str, ConvertedModel]) -> None:
        super().__init__()
        self._original: nn.Module
        self.engines = dict(engines)
        object.__setattr__(self, "_original", model)  # no module of this one
        self.model = _with_engines(model, "", self.engines, {})
        super().train(False)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the original gives for these arguments, without gradients."""
        with torch.no_grad():
            return self.model(*args, **kwargs)

    def train(self, mode: bool = True) -> "DividedModel":
        """Errors: `mode` is True; the weights of the engines are constants."""
        if mode:
            raise Error(
                "a converted model cannot be trained: the weights of its engines are constants; "
                "train the original and convert it again"
            )
        return super().train(False)

    def __reduce__(self) -> Any:
        return DividedModel, (self._original, self.engines)

    def __deepcopy__(self, memo: dict[int, Any]) -> "DividedModel":
        engines = {path: copy.deepcopy(engine, memo) for path, engine in self.engines.items()}
        return DividedModel(copy.deepcopy(self._original, memo), engines)

    def _apply(self, fn: Any, recurse: bool = True) -> "DividedModel":
        # Its weights are the original's, which must not change with it.
        for engine in self.engines.values():
            engine._apply(fn, recurse)
        return self


def _with_engines(
    module: nn.Module,
    path: str,
    engines: Mapping[str, ConvertedModel],
    made: dict[int, nn.Module],
) -> nn.Module:
    """A copy of the modules that hold engines; all others, and all weights, are the original's."""
    if id(module) in made:  # one module under two names
        return made[id(module)]
    if path in engines:
        made[id(module)] = _by_engine(module, path, engines[path])
        return made[id(module)]
    inside = f"{path}." if path else ""
    if not any(name.startswith(inside) for name in engines):
        return module
    again = copy.copy(module)
    made[id(module)] = again
    # A shallow copy shares its dictionaries with the original.
    object.__setattr__(again, "_modules", dict(module._modules))
    for name, child in module._modules.items():
        if child is not None:
            again._modules[name] = _with_engines(child, inside + name, engines, made)
    return again


def _by_engine(module: nn.Module, path: str, engine: ConvertedModel) -> nn.Module:
    """A copy of a module, weights and all, whose forward is the engine's."""
    again = copy.copy(module)
    told = False

    def forward(*args: Any, **kwargs: Any) -> Any:
        nonlocal told
        try:
            return engine(*args, **kwargs)
        except Error as error:
            if not told:
                told = True
                warnings.warn(
                    f"module '{path}' is run by PyTorch where it is called in another way than it "
                    f"was converted for: {error}",
                    stacklevel=2,
                )
            return module.forward(*args, **kwargs)

    object.__setattr__(again, "forward", forward)
    return again


def load_divided(folder: Path, model: nn.Module | None, threads: int) -> DividedModel:
    """Opens an artifact of pieces. Errors: no `model`, or another one than was converted."""
    details = json.loads((folder / SIGNATURE_FILE).read_text("utf-8"))
    if model is None:
        raise Error(
            f"{folder}: parts of the model stay in PyTorch; give the original: "
            "acuate.load(folder, model=original)"
        )
    if model.training:
        raise Error("the given model is in training mode; call model.eval() first")
    require_weights(model, details, folder)
    pieces = details["pieces"]
    known = dict(model.named_modules())
    engines = {}
    for path, place in pieces.items():
        if path not in known or not isinstance(place, str) or "/" in place or place in ("", ".."):
            raise Error(f"{folder}: its {SIGNATURE_FILE} names a piece '{path}' that is not there")
        engines[path] = ConvertedModel(folder / "pieces" / place, threads)
    return DividedModel(model, engines)

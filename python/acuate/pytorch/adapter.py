"""A model as a function of tensors alone, which is what exporters take."""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.structure import flatten

_HOOKS = (
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
)


def as_flat(model: nn.Module, signature: Signature) -> nn.Module:
    """`model` with a forward that takes the signature's input tensors and gives its output tensors,
    both as a tuple.

    It is a shallow copy: modules, parameters and buffers are the model's own, under their own
    paths, so that what an exporter says of scopes are keys of `named_modules()`. Hooks see the
    model's own arguments and results. Errors (when called): a result of another structure than the
    signature's.
    """
    flat = copy.copy(model)

    def forward(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        call = signature.rebuild_call(tensors)
        # With hooks; and past nn.Module.__call__, where exporters ask for a module's path.
        result = model._call_impl(*call.args, **call.kwargs)  # type: ignore[no-untyped-call]
        return flat_result(result, signature)

    # Not a member of the class: nn.Module looks it up on the instance first.
    object.__setattr__(flat, "forward", forward)
    for name in _HOOKS:
        object.__setattr__(flat, name, OrderedDict())
    return flat


def flat_result(result: Any, signature: Signature) -> tuple[torch.Tensor, ...]:
    """The tensors of a result, in the order of the signature's outputs."""
    structure, leaves = flatten(result)
    if difference := signature.output_structure.difference(structure):
        raise Error(f"the result has another structure this time: {difference}")
    return tuple(leaf.tensor for leaf in leaves)


def run_flat(model: nn.Module, call: Call, signature: Signature) -> Sequence[torch.Tensor]:
    """What the model gives for a call, as tensors."""
    with torch.no_grad():
        return flat_result(model(*call.args, **call.kwargs), signature)

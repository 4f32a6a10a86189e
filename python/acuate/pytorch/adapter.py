"""A model as a function of tensors alone, which is what exporters take."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.structure import flatten


def as_flat(model: nn.Module, signature: Signature) -> nn.Module:
    """`model` with a forward that takes the signature's input tensors and gives its output tensors,
    both as a tuple.

    It is a shallow copy: modules, parameters and buffers are the model's own, under their own
    paths, so that what an exporter says of scopes are keys of `named_modules()`. Hooks of the model
    itself are not called, those of modules inside are. Errors (when called): a result of another
    structure than the signature's.
    """
    flat = copy.copy(model)

    def forward(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        call = signature.rebuild_call(tensors)
        return flat_result(model.forward(*call.args, **call.kwargs), signature)

    # Not a member of the class: nn.Module looks it up on the instance first.
    object.__setattr__(flat, "forward", forward)
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

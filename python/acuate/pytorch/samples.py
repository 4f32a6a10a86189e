"""Samples: what a model is called with, once per sample."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch

from acuate._core import Error
from acuate.pytorch.structure import Structure, flatten

MAX_SAMPLES = 1024
"""How many samples are held where no limit is given; an iterable may have no end."""

_ALIKE = (
    "make the samples alike (an optional input is given in all of them or in none), or convert "
    "once for each kind"
)


@dataclass(frozen=True)
class Call:
    """The arguments of one call: `model(*args, **kwargs)`."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def calls(
    samples: Iterable[Any] | None,
    pre: Callable[[Any], Any] | None = None,
    *,
    model: torch.nn.Module | None = None,
    limit: int | None = None,
) -> list[Call]:
    """The calls that samples stand for, in order.

    `samples` is a list of call arguments, a DataLoader or any other iterable; it is read once. A
    sample is
    - a `Call`: as it is;
    - a tuple: the positional arguments (a list is one argument, as it is for a model's forward);
    - a mapping whose keys are parameters of the forward of `model`, the required ones among them:
      the keyword arguments; without `model`, or with other keys, one argument that is a mapping;
    - anything else: one positional argument.
    `pre(sample)`, if given, gives `(args, kwargs)` or a Call in place of these rules. `limit` takes
    the first samples alone.

    Errors: no samples; one tensor, mapping or string in place of an iterable of samples; more than
    MAX_SAMPLES without a limit; an answer of `pre` of another form; samples of another structure
    than the first, or with other values beside tensors (the first difference by key path); a tensor
    that requires grad, or on the meta device.
    """
    if samples is None:
        raise Error(
            "samples: none given; give a list of call arguments, a DataLoader or an iterable"
        )
    if isinstance(samples, (torch.Tensor, Mapping, str, bytes, Call)) or not isinstance(
        samples, Iterable
    ):
        raise Error(
            f"samples: one {type(samples).__name__} is given, expected an iterable of samples; for "
            "a single sample give a list of it: [sample]"
        )
    if limit is not None and limit < 1:
        raise Error(f"samples: a limit of {limit}; at least one sample is needed")
    names = None if model is None else _signature(model)
    taken: list[Call] = []
    for index, sample in enumerate(islice(samples, MAX_SAMPLES + 1 if limit is None else limit)):
        if index == MAX_SAMPLES and limit is None:
            raise Error(
                f"samples: more than {MAX_SAMPLES}, and all of them are held in memory; take the "
                "first N with limit=N"
            )
        taken.append(_call(sample, names) if pre is None else _prepared(pre(sample), index))
    if not taken:
        raise Error("samples: the iterable gives none")
    _check(taken, names)
    return taken


def _check(taken: list[Call], signature: inspect.Signature | None) -> None:
    first: dict[str, Structure] = {}
    for index, call in enumerate(taken):
        given = {}
        for name, value in _named(call, signature):
            structure, leaves = flatten(value, name)
            given[name] = structure
            for leaf in leaves:
                _check_tensor(leaf.tensor, leaf.path, index)
        if index == 0:
            first = given
        elif given.keys() != first.keys():
            raise Error(
                f"samples: sample {index} has the arguments {', '.join(given) or 'none'}, sample 0 "
                f"{', '.join(first) or 'none'}; {_ALIKE}"
            )
        for name, structure in given.items():
            if difference := first[name].difference(structure, name):
                raise Error(
                    f"samples: {difference} in samples 0 and {index}; only tensors, their sizes "
                    f"and values, may differ: {_ALIKE}"
                )


def _check_tensor(tensor: torch.Tensor, path: str, index: int) -> None:
    if tensor.is_meta:
        raise Error(f"samples: {path} of sample {index} is on the meta device and has no values")
    if tensor.requires_grad:
        raise Error(
            f"samples: {path} of sample {index} requires grad, and a converted model gives none; "
            "hand in x.detach()"
        )


def _named(call: Call, signature: inspect.Signature | None) -> Iterator[tuple[str, Any]]:
    """The arguments by the names of forward's parameters, as far as they are known."""
    positional = [
        name
        for name, parameter in (signature.parameters.items() if signature else ())
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    for place, value in enumerate(call.args):
        yield positional[place] if place < len(positional) else f"args[{place}]", value
    yield from call.kwargs.items()


def _call(sample: Any, signature: inspect.Signature | None) -> Call:
    if isinstance(sample, Call):
        return sample
    # A namedtuple is a container that a forward takes apart by name: one argument.
    if isinstance(sample, tuple) and not hasattr(sample, "_fields"):
        return Call(sample)
    if (
        signature is not None
        and isinstance(sample, Mapping)
        and _names_parameters(sample, signature)
    ):
        return Call((), dict(sample))
    return Call((sample,))


def _names_parameters(sample: Mapping[Any, Any], signature: inspect.Signature) -> bool:
    if not all(isinstance(key, str) for key in sample):
        return False
    # A forward with **kwargs takes any name: at least one must be a parameter of its own.
    if not any(key in signature.parameters for key in sample):
        return False
    try:
        signature.bind(**sample)
    except TypeError:
        return False
    return True


def _prepared(given: Any, index: int) -> Call:
    if isinstance(given, Call):
        return given
    match given:
        case (tuple() | list() as args, Mapping() as kwargs) if all(
            isinstance(k, str) for k in kwargs
        ):
            return Call(tuple(args), dict(kwargs))
    raise Error(
        f"samples: pre gives {_form(given)} for sample {index}, expected (args, kwargs): a tuple "
        "of positional arguments and a mapping of keyword arguments"
    )


def _form(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return (
            f"a {type(value).__name__} of {', '.join(type(v).__name__ for v in value) or 'nothing'}"
        )
    return f"a {type(value).__name__}"


def _signature(model: torch.nn.Module) -> inspect.Signature | None:
    try:
        return inspect.signature(model.forward)
    except (TypeError, ValueError):  # a compiled forward may have none
        return None

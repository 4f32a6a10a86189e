"""How a model is called: its tensors by name, the axes that vary, the containers around them."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from acuate._core import Error
from acuate.pytorch.samples import Call
from acuate.pytorch.structure import Leaf, Structure, flatten

Dim = int | str


@dataclass(frozen=True)
class Port:
    """An input or output tensor."""

    name: str
    path: str
    """Key path, beginning with the parameter's name: `samples.tensors`."""
    dtype: str
    """As torch names it: `float32`."""
    shape: tuple[Dim, ...]
    """Sizes; a symbol for an axis that varies over the samples. Axes of one symbol are of one size
    in every sample."""

    def symbols(self) -> dict[int, str]:
        """The varying axes."""
        return {axis: dim for axis, dim in enumerate(self.shape) if isinstance(dim, str)}


@dataclass(frozen=True)
class Signature:
    """Of a module, on its samples."""

    parameters: tuple[str, ...]
    """Names of the positional parameters, for messages."""
    input_structure: Structure
    """Of `(args, kwargs)`."""
    inputs: tuple[Port, ...]
    output_structure: Structure
    outputs: tuple[Port, ...]

    def flatten(self, call: Call) -> list[torch.Tensor]:
        """The tensors of a call, in the order of `inputs`; arguments may be given by position or by
        name.

        Errors: arguments of another structure, with the first difference by its key path.
        """
        structure, leaves = flatten_call(self._arranged(call), self.parameters)
        if difference := self.input_structure.difference(structure):
            where = readable(difference, self.parameters)
            raise Error(
                f"the model is converted for other arguments: {where} (as it was converted and now)"
            )
        return [leaf.tensor for leaf in leaves]

    def _arranged(self, call: Call) -> Call:
        """The call with each argument where the samples have it, as far as its name tells."""
        positional, named = self.input_structure.children
        count = len(positional.children)
        names = self.parameters[: len(call.args)]
        given = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
        wanted = {*self.parameters[:count], *named.keys}
        if len(given) != len(call.args) + len(call.kwargs) or given.keys() != wanted:
            return call
        return Call(
            tuple(given[name] for name in self.parameters[:count]),
            {name: given[name] for name in named.keys},
        )

    def rebuild_call(self, tensors: Sequence[torch.Tensor]) -> Call:
        args, kwargs = self.input_structure.rebuild(tensors)
        return Call(args, kwargs)

    def to_json(self) -> dict[str, Any]:
        return {
            "parameters": list(self.parameters),
            "inputs": _ports_to_json(self.inputs, self.input_structure),
            "outputs": _ports_to_json(self.outputs, self.output_structure),
        }

    @staticmethod
    def from_json(json: Any) -> "Signature":
        """What `to_json` gave. Errors: anything else; it is read as untrusted."""
        try:
            inputs, input_structure = _ports_from_json(json["inputs"])
            outputs, output_structure = _ports_from_json(json["outputs"])
            parameters = tuple(str(name) for name in json["parameters"])
            arguments = [child.kind for child in input_structure.children]
            if input_structure.kind != "tuple" or arguments != ["tuple", "dict"]:
                raise TypeError("the inputs are no arguments of a call")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Error(f"signature: a member is missing or of another form: {error!r}") from error
        return Signature(parameters, input_structure, inputs, output_structure, outputs)


def flatten_call(call: Call, parameters: Sequence[str] = ()) -> tuple[Structure, list[Leaf]]:
    """A call taken apart; key paths begin with the parameters' names."""
    structure, leaves = flatten((call.args, dict(call.kwargs)))
    return structure, [Leaf(readable(leaf.path, parameters), leaf.tensor) for leaf in leaves]


def readable(text: str, parameters: Sequence[str]) -> str:
    """Key paths of `(args, kwargs)` in the terms of the call."""

    def positional(match: re.Match[str]) -> str:
        place = int(match[1])
        return parameters[place] if place < len(parameters) else f"argument{place}"

    text = re.sub(r"^\[0\]\[(\d+)\]", positional, text)
    text = re.sub(r"^\[0\] has (\d+) and (\d+) items", r"\1 and \2 positional arguments", text)
    text = re.sub(r"^\[1\] has", "the call has the keyword arguments", text)
    return re.sub(r"^\[1\]\['([^']*)'\]", r"\1", text)


def parameters_of(forward: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the positional parameters."""
    try:
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in kinds)


def derive(
    calls: Sequence[Call],
    results: Sequence[Any],
    parameters: Sequence[str] = (),
    *,
    names: Sequence[str] = (),
    axes: Mapping[str, Mapping[int, str]] | None = None,
) -> Signature:
    """The signature that the samples show.

    `results` are the model's, one for each call; values of their tensors are not read. `names`, in
    the order of the input tensors, stand in place of those from key paths; `axes` (symbol by input
    name and axis) are open in addition to those that vary. Errors: samples of different structure,
    type or rank, with the first difference by its key path; names that do not fit.
    """
    input_structure, all_inputs = _common(
        [flatten_call(call, parameters) for call in calls], "the arguments", parameters
    )
    output_structure, all_outputs = _common([flatten(result) for result in results], "the result")
    input_paths = [leaf.path for leaf in all_inputs[0]]
    if names and len(names) != len(input_paths):
        raise Error(
            f"{len(names)} input names are given, the model has {len(input_paths)} input tensors: "
            + ", ".join(input_paths)
        )
    input_names = list(names) or port_names(input_paths, "input", set())
    output_paths = [leaf.path for leaf in all_outputs[0]]
    output_names = port_names(output_paths, "output", set(input_names))
    symbols: dict[tuple[int, ...], list[str]] = {}
    inputs = _ports(input_names, all_inputs, symbols, axes or {})
    outputs = _ports(output_names, all_outputs, symbols, {})
    return Signature(tuple(parameters), input_structure, inputs, output_structure, outputs)


def port_names(paths: Sequence[str], fallback: str, taken: set[str]) -> list[str]:
    """A name for each key path: the fewest of its last parts that tell it from all others."""
    parts = [re.findall(r"[A-Za-z0-9_]+", path) or [fallback] for path in paths]
    names: list[str] = []
    for own in parts:
        for length in range(1, len(own) + 1):
            name = ".".join(own[-length:])
            same = sum(other[-length:] == own[-length:] for other in parts)
            # A number alone says nothing.
            if same == 1 and not own[-length].isdigit() and name not in taken:
                break
        else:
            name = ".".join(own)
            name = f"{fallback}.{name}" if name in taken or name[0].isdigit() else name
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def _common(
    samples: Sequence[tuple[Structure, list[Leaf]]], what: str, parameters: Sequence[str] = ()
) -> tuple[Structure, list[list[Leaf]]]:
    first, leaves = samples[0]
    for index, (structure, others) in enumerate(samples[1:], start=1):
        if difference := first.difference(structure):
            raise Error(
                f"{what} of samples 0 and {index} differ: {readable(difference, parameters)}; give "
                "samples that are called alike"
            )
        for a, b in zip(leaves, others, strict=True):
            mine, other = (f"{x.tensor.dtype} of rank {x.tensor.dim()}" for x in (a, b))
            if mine != other:
                where = f"{a.path or 'it'} is {mine} and {other}"
                raise Error(f"{what} of samples 0 and {index} differ: {where}")
    return first, [leaves for _, leaves in samples]


def _ports(
    names: Sequence[str],
    samples: Sequence[Sequence[Leaf]],
    symbols: dict[tuple[int, ...], list[str]],
    axes: Mapping[str, Mapping[int, str]],
) -> tuple[Port, ...]:
    """`symbols`: by the sizes that axes have over the samples, so that axes that change together
    share one; those of one tensor, such as height and width of square images, have one each."""
    if unknown := [name for name in axes if name not in names]:
        raise Error(f"there is no input '{unknown[0]}'; there are: {', '.join(names)}")
    ports = []
    for place, name in enumerate(names):
        leaves = [sample[place] for sample in samples]
        shape: list[Dim] = []
        rank = leaves[0].tensor.dim()
        given = {axis % rank if rank else axis: text for axis, text in axes.get(name, {}).items()}
        if any(not -rank <= axis < rank for axis in axes.get(name, {})):
            raise Error(f"'{name}' has no axis {list(axes[name])}; its rank is {rank}")
        for axis in range(rank):
            sizes = tuple(leaf.tensor.shape[axis] for leaf in leaves)
            if axis in given:
                shape.append(given[axis])
            elif len(set(sizes)) == 1:
                shape.append(sizes[0])
            else:
                alike = symbols.setdefault(sizes, [])
                free = [symbol for symbol in alike if symbol not in shape]
                if not free:
                    free = [f"{name}_{axis}".replace(".", "_")]
                    alike += free
                shape.append(free[0])
        dtype = str(leaves[0].tensor.dtype).removeprefix("torch.")
        ports.append(Port(name, leaves[0].path, dtype, tuple(shape)))
    return tuple(ports)


def _ports_to_json(ports: Sequence[Port], structure: Structure) -> dict[str, Any]:
    return {
        "structure": structure.to_json(),
        "tensors": [
            {"name": p.name, "path": p.path, "dtype": p.dtype, "shape": list(p.shape)}
            for p in ports
        ],
    }


def _ports_from_json(json: Any) -> tuple[tuple[Port, ...], Structure]:
    structure = Structure.from_json(json["structure"])
    ports = []
    for port in json["tensors"]:
        if not isinstance(vars(torch).get(port["dtype"]), torch.dtype):
            raise Error(f"signature: '{port['dtype']}' is no type of torch")
        if not all(isinstance(dim, (int, str)) for dim in port["shape"]):
            raise Error(f"signature: '{port['name']}' has a shape that cannot be read")
        ports.append(
            Port(str(port["name"]), str(port["path"]), port["dtype"], tuple(port["shape"]))
        )
    if structure.leaf_count() != len(ports):
        raise Error(
            f"signature: a structure of {structure.leaf_count()} tensors and {len(ports)} names"
        )
    return tuple(ports), structure

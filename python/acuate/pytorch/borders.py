"""Classes and constants in the structure of a module's arguments or result."""

from collections.abc import Iterator
from typing import Any

from torch.utils import _pytree

from acuate.pytorch.structure import Structure


def strange_classes(
    structure: Structure, known: set[str]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Containers of tensors whose classes are not among the `known`: key path, `module:qualname`,
    names of what they hold."""
    for path, node in _nodes(structure):
        of_torch = node.cls.startswith(("torch:", "torch.return_types:"))
        if node.kind in ("namedtuple", "opaque") or of_torch or node.cls in known:
            continue
        if node.leaf_count():
            yield path, node.cls, tuple(map(str, (*node.keys, *node.attributes)))


def constants(structure: Structure) -> Iterator[tuple[str, Any]]:
    """What is no tensor, None left out: key path and value."""
    for path, node in _nodes(structure):
        if node.kind in ("constant", "opaque") and node.value is not None:
            yield path, node.value


def known_classes() -> set[str]:
    """What exporters take apart themselves; libraries add to it when they are imported."""
    nodes = getattr(_pytree, "SUPPORTED_NODES", {})
    return {"", *(f"{c.__module__}:{c.__qualname__}" for c in nodes if isinstance(c, type))}


def _nodes(structure: Structure, path: str = "") -> Iterator[tuple[str, Structure]]:
    yield path, structure
    names = [*structure.keys, *structure.attributes]
    for index, child in enumerate(structure.children):
        if not names:
            step = f"[{index}]"
        elif structure.kind == "dict" and index < len(structure.keys):
            step = f"[{names[index]!r}]"
        else:
            step = f".{names[index]}" if path else str(names[index])
        yield from _nodes(child, path + step)

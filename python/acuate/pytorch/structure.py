"""Containers: what holds a model's tensors, taken apart and put together again.

Any object that holds tensors in its attributes or items is a container: lists, tuples, named
tuples, dicts and their subclasses (such as the outputs of transformers), dataclasses, and plain
classes, with or without `__slots__`. What they hold beside tensors is constant. A structure is
plain data: it is compared between samples and stored as JSON; classes stand in it as
`module:qualname`, and objects are put together by `__new__` and their attributes, never by pickle
and never by calling a constructor.
"""

import importlib
import keyword
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import torch

from acuate._core import Error

MAX_DEPTH = 64
MAX_NODES = 1 << 20

_CONSTANTS = (type(None), bool, int, float, str)
# Of torch; by what they are called in `torch`.
_NAMED = {torch.dtype: "dtype", torch.layout: "layout", torch.memory_format: "memory_format"}


@dataclass(frozen=True)
class Leaf:
    """A tensor and where it was found."""

    path: str
    """Key path: `tensors`, `[0].mask`, `['pred_logits']`; empty: the value itself."""
    tensor: torch.Tensor


@dataclass(frozen=True)
class Structure:
    """A value with its tensors taken out."""

    kind: str
    """tensor | constant | list | tuple | namedtuple | dict | object | slice | opaque"""
    cls: str = ""
    """`module:qualname` of a container's own class; empty: the built-in one."""
    keys: tuple[Any, ...] = ()
    """Of dict items; names of attributes or fields."""
    children: tuple["Structure", ...] = ()
    value: Any = None
    """Of a constant; the number of a tensor's leaf."""
    attributes: tuple[str, ...] = ()
    """Of a dict subclass: names of what stands in its `__dict__`, the last of `children`."""

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The value, with `leaves` for its tensors in the order of `flatten`.

        Errors: a class that cannot be reached; one that cannot be made without its constructor.
        """
        return _rebuild(self, leaves)

    def leaf_count(self) -> int:
        """How many leaves `rebuild` reads."""
        own = self.value + 1 if self.kind == "tensor" else 0
        return max([own, *(child.leaf_count() for child in self.children)])

    def difference(self, other: "Structure", path: str = "") -> str | None:
        """Where two structures first differ, with what stands on each side; None: nowhere."""
        return next(_differences(self, other, path), None)

    def to_json(self) -> Any:
        """Plain data for JSON. Errors: a constant that has no form there, with its path."""
        return _to_json(self, "")

    @staticmethod
    def from_json(json: Any) -> "Structure":
        """What `to_json` gave. Errors: anything else; it is read as untrusted."""
        return _Reader().read(json, 0)


@dataclass
class _Flattening:
    leaves: list[Leaf] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)


def flatten(value: Any, root: str = "") -> tuple[Structure, list[Leaf]]:
    """Takes a value apart; key paths begin with `root`.

    A tensor that is met twice is one leaf. Errors: a container that holds itself; more than
    MAX_DEPTH containers inside of each other.
    """
    state = _Flattening()
    structure = _flatten(value, root, state, 0)
    return structure, state.leaves


def holds_tensors(value: Any) -> bool:
    """Whether there is a tensor anywhere in the value."""
    return bool(flatten(value)[1])


def _flatten(value: Any, path: str, state: _Flattening, depth: int) -> Structure:
    if isinstance(value, torch.Tensor):
        number = state.numbers.setdefault(id(value), len(state.leaves))
        if number == len(state.leaves):
            state.leaves.append(Leaf(path, value))
        return Structure("tensor", value=number)
    if isinstance(value, _CONSTANTS) and type(value) in _CONSTANTS:
        return Structure("constant", value=value)
    if type(value) in _NAMED or isinstance(value, (torch.device, complex, bytes, range, type)):
        return Structure("constant", value=value)
    if id(value) in state.open:
        raise Error(f"{path or 'the value'} holds itself, so it cannot be taken apart")
    if depth > MAX_DEPTH:
        raise Error(f"{path}: more than {MAX_DEPTH} containers inside of each other")
    state.open.add(id(value))
    try:
        return _flatten_container(value, path, state, depth)
    finally:
        state.open.discard(id(value))


def _flatten_container(value: Any, path: str, state: _Flattening, depth: int) -> Structure:
    def inside(child: Any, key: str) -> Structure:
        return _flatten(child, path + key if path else key.removeprefix("."), state, depth + 1)

    cls = type(value)
    if isinstance(value, slice):
        parts = [value.start, value.stop, value.step]
        return Structure("slice", children=tuple(inside(p, f"[{i}]") for i, p in enumerate(parts)))
    if isinstance(value, Mapping) and isinstance(value, dict):
        keys = tuple(value)
        children = [inside(value[key], f"[{key!r}]") for key in keys]
        extra = _attributes(value) if cls is not dict else {}
        # Subclasses such as ModelOutput keep their items as attributes too: those come back with
        # the items.
        extra = {
            name: held for name, held in extra.items() if not _is_item(value, keys, name, held)
        }
        children += [inside(held, f".{name}") for name, held in extra.items()]
        return Structure("dict", _class_name(cls, dict), keys, tuple(children), None, tuple(extra))
    if isinstance(value, tuple) and hasattr(cls, "_fields"):
        fields = tuple(cls._fields)
        children = [inside(part, f".{name}") for name, part in zip(fields, value, strict=True)]
        return Structure("namedtuple", _name_of(cls), fields, tuple(children))
    if isinstance(value, (list, tuple)):
        kind, plain = ("list", list) if isinstance(value, list) else ("tuple", tuple)
        children = [inside(part, f"[{i}]") for i, part in enumerate(value)]
        return Structure(kind, _class_name(cls, plain), children=tuple(children))
    if not isinstance(value, (torch.nn.Module, ModuleType)) and not callable(value):
        held = _attributes(value)
        before = len(state.leaves), dict(state.numbers)
        children = [inside(part, f".{name}") for name, part in held.items()]
        if any(child.kind == "tensor" or child.leaf_count() for child in children):
            return Structure("object", _name_of(cls), tuple(held), tuple(children))
        del state.leaves[before[0] :]
        state.numbers = before[1]
    return Structure("opaque", _name_of(cls), value=value)


def _attributes(value: Any) -> dict[str, Any]:
    held = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if (
                name not in ("__dict__", "__weakref__")
                and name not in held
                and hasattr(value, name)
            ):
                held[name] = getattr(value, name)
    return held


def _is_item(value: Any, keys: Sequence[Any], name: str, held: Any) -> bool:
    return name in keys and value[name] is held


def _name_of(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _class_name(cls: type, plain: type) -> str:
    return "" if cls is plain else _name_of(cls)


def _find_class(name: str) -> type:
    """The class `module:qualname`; nothing is called on the way."""
    module_name, _, qualname = name.partition(":")
    parts = qualname.split(".")
    names = [*module_name.split("."), *parts]
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in names):
        raise Error(f"class '{name}': expected module:qualname, as for a class of a module")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise Error(
            f"class '{name}': its module cannot be imported ({type(error).__name__}: {error}); "
            "put the code of the model on sys.path"
        ) from error
    for part in parts:
        found = vars(found).get(part) if isinstance(found, (type, ModuleType)) else None
    if not isinstance(found, type):
        raise Error(f"class '{name}': its module has no class of that name")
    return found


def _new(name: str, base: type = object) -> Any:
    cls = _find_class(name)
    if not issubclass(cls, base) or issubclass(cls, (torch.nn.Module, torch.Tensor, type)):
        raise Error(f"class '{name}' is no container of that kind")
    try:
        return cls.__new__(cls)
    except TypeError as error:
        raise Error(f"class '{name}' cannot be made without its constructor: {error}") from error


def _rebuild(node: Structure, leaves: Sequence[Any]) -> Any:
    match node.kind:
        case "tensor":
            return leaves[node.value]
        case "constant" | "opaque":
            return node.value
    parts = [_rebuild(child, leaves) for child in node.children]
    match node.kind:
        case "slice":
            return slice(*parts)
        case "list":
            if not node.cls:
                return parts
            made = _new(node.cls, list)
            list.extend(made, parts)
            return made
        case "tuple":
            if not node.cls:
                return tuple(parts)
            cls = _find_class(node.cls)
            if cls is torch.Size:
                return torch.Size(parts)
            _new(node.cls, tuple)
            return tuple.__new__(cls, parts)
        case "namedtuple":
            cls = _find_class(node.cls)
            if not issubclass(cls, tuple):
                raise Error(f"class '{node.cls}' is no named tuple")
            return tuple.__new__(cls, parts)
        case "dict":
            items = dict(zip(node.keys, parts, strict=False))
            if not node.cls:
                return items
            made = _new(node.cls, dict)
            made.__dict__.update({k: v for k, v in items.items() if _is_field(made, k)})
            # OrderedDict keeps its order beside its items.
            setter: Any = _plain_dict(type(made)).__setitem__
            for key, part in items.items():
                setter(made, key, part)
            for name, part in zip(node.attributes, parts[len(node.keys) :], strict=True):
                object.__setattr__(made, name, part)
            return made
        case "object":
            made = _new(node.cls)
            for name, part in zip(node.keys, parts, strict=True):
                object.__setattr__(made, name, part)
            return made
    raise Error(f"a structure of the unknown kind '{node.kind}'")


def _plain_dict(cls: type) -> Any:
    """The first of a class's bases that is of the standard library."""
    return next(base for base in cls.__mro__ if base.__module__ in ("builtins", "collections"))


def _is_field(made: Any, key: Any) -> bool:
    return isinstance(key, str) and key in getattr(type(made), "__dataclass_fields__", {})


def _differences(a: Structure, b: Structure, path: str) -> Iterator[str]:
    where = path or "the value"
    if (a.kind, a.cls) != (b.kind, b.cls):
        yield f"{where} is {_kind_text(a)} and {_kind_text(b)}"
    elif a.kind in ("constant", "tensor"):
        if a.kind == "tensor" and a.value != b.value:
            yield f"{where} is the same tensor as another one in only one of them"
        elif type(a.value) is not type(b.value) or a.value != b.value:
            yield f"{where} is {a.value!r} and {b.value!r}"
    elif a.kind == "opaque":
        if a.value is not b.value and not _same(a.value, b.value):
            yield f"{where} is another {a.cls.split(':')[1]} each time"
    elif a.keys != b.keys or a.attributes != b.attributes:
        mine, others = [*a.keys, *a.attributes], [*b.keys, *b.attributes]
        yield f"{where} has {mine} and {others}"
    elif len(a.children) != len(b.children):
        yield f"{where} has {len(a.children)} and {len(b.children)} items"
    else:
        for i, (x, y) in enumerate(zip(a.children, b.children, strict=True)):
            yield from _differences(x, y, _child_path(a, i, path))


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except Exception:
        return False


def _child_path(node: Structure, index: int, path: str) -> str:
    names = [*node.keys, *node.attributes]
    if node.kind in ("list", "tuple", "slice"):
        return f"{path}[{index}]"
    if node.kind == "dict" and index < len(node.keys):
        return f"{path}[{names[index]!r}]"
    return f"{path}.{names[index]}" if path else str(names[index])


def _kind_text(node: Structure) -> str:
    match node.kind:
        case "constant":
            return repr(node.value)
        case "tensor":
            return "a tensor"
        case _:
            return f"a {node.cls.split(':')[1] if node.cls else node.kind}"


# ----- JSON -----


def _to_json(node: Structure, path: str) -> Any:
    if node.kind == "tensor":
        return {"tensor": node.value}
    if node.kind == "opaque":
        raise Error(
            f"{path or 'the value'} is a {node.cls.split(':')[1]} without tensors, which cannot be "
            "stored; the converted model needs plain values there"
        )
    if node.kind == "constant":
        return _constant_to_json(node.value, path)
    for key in node.keys:
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise Error(f"{path or 'the value'}: the key {key!r} cannot be stored; use text")
    children = [_to_json(c, _child_path(node, i, path)) for i, c in enumerate(node.children)]
    json: dict[str, Any] = {node.kind: children}
    if node.cls:
        json["class"] = node.cls
    if node.keys:
        json["keys"] = list(node.keys)
    if node.attributes:
        json["attributes"] = list(node.attributes)
    return json


def _constant_to_json(value: Any, path: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if type(value) in _NAMED:
        return {_NAMED[type(value)]: str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, type):
        return {"type": _name_of(value)}
    raise Error(
        f"{path or 'the value'} is {value!r} ({type(value).__name__}), which cannot be stored"
    )


class _Reader:
    def __init__(self) -> None:
        self._count = 0

    def read(self, json: Any, depth: int) -> Structure:
        self._count += 1
        if depth > MAX_DEPTH + 2 or self._count > MAX_NODES:
            raise Error("signature: a structure is too deep or too large")
        if json is None or isinstance(json, (bool, int, float, str)):
            return Structure("constant", value=json)
        if not isinstance(json, dict) or not json:
            raise Error(f"signature: expected a structure, found {str(json)[:60]}")
        kind, content = next(iter(json.items()))
        if reader := _CONSTANT_READERS.get(kind):
            return Structure("constant", value=reader(content))
        if kind == "tensor" and isinstance(content, int) and 0 <= content < MAX_NODES:
            return Structure("tensor", value=content)
        if kind not in ("list", "tuple", "namedtuple", "dict", "object", "slice"):
            raise Error(f"signature: a structure of the unknown kind '{str(kind)[:60]}'")
        keys, attributes = json.get("keys", []), json.get("attributes", [])
        cls = json.get("class", "")
        lists = (content, keys, attributes)
        if not isinstance(cls, str) or not all(isinstance(part, list) for part in lists):
            raise Error(f"signature: a {kind} of another form")
        named = kind in ("namedtuple", "object", "dict")
        if named != (len(keys) + len(attributes) == len(content)) and content:
            raise Error(f"signature: a {kind} with {len(content)} parts and {len(keys)} names")
        if kind == "slice" and len(content) != 3:
            raise Error("signature: a slice needs three parts")
        for name in [*attributes, *(keys if kind in ("namedtuple", "object") else [])]:
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
                raise Error(f"signature: '{str(name)[:60]}' is no attribute")
        if not all(isinstance(key, (str, int)) for key in keys):
            raise Error("signature: keys must be text or whole numbers")
        if kind in ("namedtuple", "object") and not cls:
            raise Error(f"signature: a {kind} without its class")
        children = tuple(self.read(child, depth + 1) for child in content)
        return Structure(kind, cls, tuple(keys), children, None, tuple(attributes))


def _read_named(cls: type) -> Callable[[Any], Any]:
    def read(name: Any) -> Any:
        found = vars(torch).get(name) if isinstance(name, str) else None
        if not isinstance(found, cls):
            raise Error(f"signature: '{str(name)[:60]}' is no {cls.__name__} of torch")
        return found

    return read


def _read_float(text: Any) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise Error(f"signature: '{str(text)[:60]}' is no float")
    return float(text)


def _read_device(text: Any) -> torch.device:
    try:
        return torch.device(text)
    except Exception as error:
        raise Error(f"signature: '{str(text)[:60]}' is no device") from error


_CONSTANT_READERS: dict[str, Callable[[Any], Any]] = {
    "float": _read_float,
    "device": _read_device,
    "type": _find_class,
    **{name: _read_named(cls) for cls, name in _NAMED.items()},
}

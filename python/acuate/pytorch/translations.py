"""Which operators the exporters of torch translate to ONNX, asked of their own registries."""

import importlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

TORCHSCRIPT_OPSET = 20
_DEPTH = 6
# Namespaces of torch itself; operators of any other are custom.
_TORCHS_OWN = frozenset(
    {"aten", "prim", "prims", "debugprims", "rngprims", "profiler", "higher_order", "inductor"}
    | {"quantized", "_quantized", "quantized_decomposed", "sparse", "onnx", "onnx_symbolic"}
    | {"mkldnn", "mkl", "onednn", "cuda", "xpu", "streams", "c10d_functional", "_c10d_functional"}
)
# They have no effect on a graph: exporters drop them, or keep what they are part of whole.
_NO_EFFECT = frozenset(
    {"lift_fresh", "lift_fresh_copy", "detach", "alias", "is_pinned", "_pin_memory", "set_"}
    | {"resize_", "resize_as_", "_local_scalar_dense", "equal", "allclose", "is_same_size"}
    | {"_assert_async", "_assert_scalar", "_linalg_check_errors", "record_stream"}
    | {"_functional_sym_constrain_range", "sym_size", "sym_numel"}
)


def namespace_of(func: Any) -> str:
    return str(getattr(func, "namespace", "higher_order"))


def is_custom(func: Any) -> bool:
    """Whether an operator is not torch's own."""
    return namespace_of(func) not in _TORCHS_OWN


def name_of(func: Any) -> str:
    """`aten.index.Tensor`."""
    return str(func)


class Translations:
    """Answers are kept; opening the registries takes about a second: see `translations`."""

    def __init__(self) -> None:
        self._registry: Any = None
        self._decompositions: dict[Any, Any] = {}
        self._torchscript: Any = None
        self._known: dict[Any, tuple[str, ...]] = {}
        # Not public, and moved more than once: what is not found is not judged.
        try:
            from torch.onnx._internal.exporter import _decomp, _registration

            self._registry = _registration.ONNXRegistry.from_torchlib()
            implemented: Any = _decomp.get_onnx_implemented_overloads(self._registry)
            self._decompositions = _decomp.create_onnx_friendly_decomposition_table(implemented)
        except (ImportError, AttributeError, TypeError):
            self._registry = None
        self._torchscript = _torchscript_registry()

    @property
    def available(self) -> bool:
        return self._registry is not None

    def registered(self, func: Any) -> bool:
        """Whether one of the exporters has a translation for the operator itself."""
        if self._registry is None or self._registry.is_registered(func):
            return True
        if namespace_of(func) == "profiler":  # marks, which no export keeps
            return True
        return hasattr(func, "_schema") and self._in_torchscript(func._schema.name)

    def api_registered(self, name: str) -> bool:
        """Whether a function of torch is one operator that is translated as a whole: `lstm`,
        whatever operators of a backend its run consists of."""
        packet = getattr(torch.ops.aten, name, None) if name.isidentifier() else None
        if packet is None or name.startswith("__"):
            return False
        if self._in_torchscript(f"aten::{name}"):
            return True
        overloads = (getattr(packet, overload) for overload in packet.overloads())
        return any(self._registry.is_registered(overload) for overload in overloads)

    def missing(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, ...]:
        """The operators without translation that `func` comes down to; empty where it exports.
        `args` are those of a call; only their shapes and types are looked at."""
        known = self._known.get(func)
        if known is None:
            known = tuple(dict.fromkeys(self._missing(func, args, kwargs, _DEPTH)))
            self._known[func] = known
        return known

    def _missing(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int
    ) -> Iterator[str]:
        if not hasattr(func, "_schema"):
            if not self.registered(func):
                yield name_of(func)
            return
        name = func._schema.name.partition("::")[2]
        if name in _NO_EFFECT or self.registered(func) or self._functional_registered(func, name):
            return
        decomposition = self._decompositions.get(func)
        if decomposition is None or depth == 0:
            yield name_of(func)
            return
        inner: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        try:
            with torch.no_grad(), _Recorder(inner):
                decomposition(*_on_meta(args), **_on_meta(kwargs))
        except Exception:  # what needs values cannot run without them
            return
        for inner_func, inner_args, inner_kwargs in inner:
            if inner_func is func:
                yield name_of(func)
            else:
                yield from self._missing(inner_func, inner_args, inner_kwargs, depth - 1)

    def _functional_registered(self, func: Any, name: str) -> bool:
        """`add_.Tensor` is exported as `add.Tensor`."""
        if not func._schema.is_mutable:
            return False
        packet = getattr(torch.ops.aten, name.removesuffix("_"), None)
        if packet is None:
            return False
        overloads = [getattr(packet, o) for o in packet.overloads() if "out" not in o]
        return any(self.registered(overload) for overload in overloads)

    def _in_torchscript(self, name: str) -> bool:
        return self._torchscript is not None and self._torchscript.is_registered_op(
            name, TORCHSCRIPT_OPSET
        )


def _torchscript_registry() -> Any:
    for folder in ("torch.onnx._internal.torchscript_exporter", "torch.onnx"):
        try:
            for opset in range(7, TORCHSCRIPT_OPSET + 1):  # each registers its own
                importlib.import_module(f"{folder}.symbolic_opset{opset}")
            place = folder if folder.endswith("exporter") else "torch.onnx._internal"
            return importlib.import_module(f"{place}.registration").registry
        except (ImportError, AttributeError):
            continue
    return None


@lru_cache(maxsize=1)
def translations() -> Translations:
    """Those of this process."""
    return Translations()


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, into: list[tuple[Any, tuple[Any, ...], dict[str, Any]]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._into = into

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self._into.append((func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))


def _on_meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to("meta")
    if isinstance(value, (list, tuple)):
        return type(value)(_on_meta(item) for item in value)
    if isinstance(value, dict):
        return {key: _on_meta(item) for key, item in value.items()}
    return value

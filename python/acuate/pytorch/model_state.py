"""The state of a model around a scan: refused where it cannot run, put back where forward changes
it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from acuate._core import Error
from acuate.pytorch.watch import storage_key

OLDEST_TORCH = (2, 6)
_CONTAINER_LIMIT = 10_000
_REPLICATED = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
_TABLES = ("_parameters", "_buffers", "_modules")


def require_torch() -> None:
    """Error where torch is older than what is supported."""
    version = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if version < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        raise Error(f"torch {torch.__version__} is too old; {oldest} or later is needed")


def require_model(model: Any) -> None:
    """Errors: no nn.Module; a compiled, scripted or replicated one; training mode; weights on the
    meta device or not yet made."""
    if not isinstance(model, torch.nn.Module):
        raise Error(f"model: a {type(model).__name__} is given, expected a torch.nn.Module")
    if isinstance(model, torch.jit.ScriptModule):
        raise Error(
            "model: a torch.jit module is given, whose Python code is gone; give the "
            "nn.Module that it was made of"
        )
    if hasattr(model, "_orig_mod"):
        raise Error(
            "model: the result of torch.compile is given; give the nn.Module itself: "
            "model._orig_mod"
        )
    if isinstance(model, _REPLICATED) and model.device_ids:
        raise Error(
            f"model: a {type(model).__name__} is given, which runs replicas of a model in threads; "
            "give the nn.Module in it: model.module"
        )
    if model.training:
        raise Error(
            "model: it is in training mode, in which dropout draws and batch statistics "
            "change with each call, so that no conversion equals it; call model.eval()"
        )
    for kind, tensors in (
        ("parameter", model.named_parameters()),
        ("buffer", model.named_buffers()),
    ):
        for name, tensor in tensors:
            if torch.nn.parameter.is_lazy(tensor):
                raise Error(
                    f"model: the {kind} '{name}' has no shape yet; call the model once, or "
                    "load its weights, before it is converted"
                )
            if tensor.is_meta:
                raise Error(
                    f"model: the {kind} '{name}' is on the meta device and has no values; "
                    "load the weights before it is converted"
                )


def modules_of(model: torch.nn.Module) -> dict[str, tuple[torch.nn.Module, tuple[str, ...]]]:
    """The modules by their first path of `named_modules()`, each with its other paths."""
    found: dict[int, tuple[str, torch.nn.Module, list[str]]] = {}
    for path, module in model.named_modules():
        found[id(module)] = (path, module, [])
    for path, module, _ in list(found.values()):
        for name, child in module._modules.items():
            if child is None:
                continue
            here = f"{path}.{name}" if path else name
            first, _, aliases = found[id(child)]
            if here != first:
                aliases.append(here)
    return {path: (module, tuple(aliases)) for path, module, aliases in found.values()}


@dataclass(frozen=True)
class StateName:
    """A tensor of the model: `kind` is parameter, buffer or attribute."""

    module: str
    name: str
    kind: str


class ModelState:
    """What a model consists of before it is run. Tensors are copied when they are first changed."""

    def __init__(self, modules: dict[str, torch.nn.Module]) -> None:
        self._modules = modules
        self._tables = {
            path: {table: dict(module.__dict__[table]) for table in _TABLES}
            for path, module in modules.items()
        }
        self._attributes = {path: dict(module.__dict__) for path, module in modules.items()}
        self._containers: list[tuple[Any, Any]] = []
        self.names: dict[int, list[tuple[StateName, torch.Tensor]]] = {}
        self._saved: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        changing: list[int] = []
        self._data: list[tuple[StateName, torch.Tensor, torch.Tensor]] = []
        for path, module in modules.items():
            for kind, name, tensor in _tensors_of(module):
                key = storage_key(tensor)
                if module.training and kind == "buffer":
                    changing.append(key)  # statistics of a batch, which no schema tells of
                named = StateName(path, name, kind)
                self.names.setdefault(key, []).append((named, tensor))
                self._data.append((named, tensor, tensor.data))
            for name, value in module.__dict__.items():
                plain = not name.startswith("_") and type(value) in (list, dict, set)
                if plain and len(value) <= _CONTAINER_LIMIT:
                    self._containers.append((value, value.copy()))
        for key in changing:
            self.save(key)

    def save(self, key: int) -> None:
        """Copies the tensors with this storage before they change."""
        if key not in self._saved:
            self._saved[key] = [(tensor, tensor.detach().clone()) for _, tensor in self.names[key]]

    def changed_attributes(self) -> Iterator[tuple[StateName, torch.nn.Module]]:
        """Plain attributes that hold another tensor than before, and tensors whose `.data` was
        replaced."""
        for named, tensor, data in self._data:
            if storage_key(tensor) != storage_key(data):
                yield named, self._modules[named.module]
        for path, module in self._modules.items():
            before = self._attributes[path]
            for name, value in module.__dict__.items():
                if isinstance(value, torch.Tensor) and before.get(name) is not value:
                    yield StateName(path, name, "attribute"), module

    def restore(self) -> None:
        """Puts everything back as it was; may be called again after another run."""
        with torch.no_grad():
            for _, tensor, data in self._data:
                if storage_key(tensor) != storage_key(data):
                    tensor.data = data
            for copies in self._saved.values():
                for tensor, copy in copies:
                    tensor.detach().copy_(copy)
        for container, content in self._containers:
            if not _alike(container, content):
                container.clear()
                (container.extend if isinstance(container, list) else container.update)(content)
        for path, module in self._modules.items():
            for name, table in self._tables[path].items():
                _put_back(module.__dict__[name], table)
            _put_back(module.__dict__, self._attributes[path])


def _tensors_of(module: torch.nn.Module) -> Iterator[tuple[str, str, torch.Tensor]]:
    for kind, table in (("parameter", "_parameters"), ("buffer", "_buffers")):
        for name, tensor in module.__dict__[table].items():
            if tensor is not None:
                yield kind, name, tensor
    for name, value in module.__dict__.items():
        if isinstance(value, torch.Tensor):
            yield "attribute", name, value


def _alike(a: Any, b: Any) -> bool:
    """The same objects in the same places."""
    if len(a) != len(b):
        return False
    if isinstance(a, list):
        return all(x is y for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return all(name in b and value is b[name] for name, value in a.items())
    return bool(a == b)


def _put_back(current: dict[str, Any], before: dict[str, Any]) -> None:
    if _alike(current, before):
        return
    current.update(before)
    for name in [name for name in current if name not in before]:
        del current[name]

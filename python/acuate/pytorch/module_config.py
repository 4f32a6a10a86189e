"""What makes two modules the same function of their inputs and weights."""

import functools
import hashlib
import types
from typing import Any

import torch


def config_keys(modules: dict[str, torch.nn.Module]) -> dict[int, str]:
    """By id of the module: a digest of class, settings, shapes of weights and the children's keys.

    What cannot be compared counts as itself: two modules that hold different such objects differ.
    """
    keys: dict[int, str] = {}
    # Children come after their parents in named_modules(), but one that is shared may come first.
    for module in reversed(list(modules.values())):
        _key(module, keys)
    return keys


def _key(root: torch.nn.Module, keys: dict[int, str]) -> str:
    pending = [root]
    while pending:
        module = pending[-1]
        if id(module) in keys:
            pending.pop()
            continue
        children = [child for child in module._modules.values() if child is not None]
        missing = [c for c in children if id(c) not in keys and all(c is not p for p in pending)]
        if missing:
            pending += missing
            continue
        keys[id(module)] = _digest(module, keys)
        pending.pop()
    return keys[id(root)]


def _digest(module: torch.nn.Module, keys: dict[int, str]) -> str:
    if isinstance(module, torch.jit.ScriptModule):  # compiled: nothing to look into
        return f"script@{id(module):x}"
    parts = [f"{type(module).__module__}:{type(module).__qualname__}", module.extra_repr()]
    for name, value in sorted(module.__dict__.items()):
        if name not in _TORCHS:
            parts.append(f"{name}={_value(value)}")
    for table in (module._parameters, module._buffers):
        for name, tensor in table.items():
            shape = "None" if tensor is None else f"{tensor.dtype}{list(tensor.shape)}"
            parts.append(f"{name}:{shape}")
    for name, child in module._modules.items():
        parts.append(f"{name}/{'None' if child is None else keys.get(id(child), 'cycle')}")
    hooks = [*module._forward_pre_hooks.values(), *module._forward_hooks.values()]
    parts += [f"hook {_value(hook)}" for hook in hooks]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


_TORCHS = frozenset(torch.nn.Module().__dict__) | {"_version"}


def _value(value: Any) -> str:
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes():
            return repr(value)
        case torch.dtype() | torch.device() | torch.Size():
            return repr(value)
        case tuple() | list():
            return f"{type(value).__name__}({','.join(_value(item) for item in value)})"
        case dict():
            items = (f"{_value(key)}:{_value(item)}" for key, item in value.items())
            return f"{{{','.join(items)}}}"
        case types.FunctionType() if value.__closure__ is None and "<" not in value.__qualname__:
            return f"{value.__module__}:{value.__qualname__}"
        case types.BuiltinFunctionType() | type():
            return f"{value.__module__}:{value.__qualname__}"
        case functools.partial():
            return f"partial({_value(value.func)},{_value(value.args)},{_value(value.keywords)})"
    return f"{type(value).__qualname__}@{id(value):x}"

"""A converted model that is called like the original."""

import hashlib
import json
import os
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acuate import _core
from acuate._core import Error
from acuate.pytorch.padding import Padding, sizes_of
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Port, Signature
from acuate.pytorch.tensors import from_core, to_core

SIGNATURE_FILE = "signature.json"


class ConvertedModel(nn.Module):
    """An artifact of a PyTorch model: the same arguments, containers, keys and dtypes.

    Contiguous CPU tensors are read in place; every result has memory of its own, so that calls
    never overwrite what an earlier one gave. Several threads may call one model. There are no
    gradients: results never require one, and arguments that do are refused unless gradients are
    off (`torch.no_grad`, `torch.inference_mode`). Copies, pickles and forked processes (the workers
    of a DataLoader) open the artifact again. It has no parameters: it computes on the CPU with the
    weights that were converted.
    """

    def __init__(self, folder: str | os.PathLike[str], threads: int = 0) -> None:
        """Opens an artifact; its files are checked against its manifest.

        `threads` of the engine; 0: as many as this process may use. They sleep while they wait, so
        that those of PyTorch have the cores. Errors: no artifact of a PyTorch model.
        """
        super().__init__()
        self._folder = Path(folder).absolute()
        self._threads = threads
        self._lock = threading.Lock()
        self._signature, self._details = read_signature(self._folder)
        stored = self._details.get("padding")
        self._padding = (
            None if stored is None else Padding.from_json(stored, self._signature.inputs)
        )
        self._open()
        super().train(False)

    def _open(self) -> None:
        self._artifact = _core.open_artifact(self._folder, self._threads, False, True)
        self._process = os.getpid()
        by_name = {port.name: port for port in self._signature.inputs}
        # Inputs that the network never reads are not among those of the artifact.
        self._inputs = [(by_name[name], dtype) for name, dtype, _ in self._artifact.inputs]
        places = {name: place for place, (name, _, _) in enumerate(self._artifact.outputs)}
        missing = [port.name for port in self._signature.outputs if port.name not in places]
        if missing:
            raise Error(
                f"{self._folder}: the artifact has no output '{missing[0]}', which its "
                f"{SIGNATURE_FILE} names; convert the model again"
            )
        self._places = [(places[port.name], port) for port in self._signature.outputs]

    @property
    def folder(self) -> Path:
        """The artifact."""
        return self._folder

    @property
    def signature(self) -> Signature:
        """What it is called with, and what it gives."""
        return self._signature

    @property
    def padding(self) -> Padding | None:
        """How inputs are filled up to the network's one size; None: it takes them as they come."""
        return self._padding

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the original gives for these arguments.

        Errors: arguments of another structure, type or size than the model was converted for, by
        their key path.
        """
        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    self._open()
        flat = self._signature.flatten(Call(args, kwargs))
        self._check_sizes(flat)
        sizes: dict[str, int] = {}
        if self._padding is not None:
            sizes = sizes_of(self._signature.inputs, flat)
            flat = self._padding.pad(self._signature.inputs, flat)
        tensors = {p.name: tensor for p, tensor in zip(self._signature.inputs, flat, strict=True)}
        given = [
            to_core(self._checked(port, tensors[port.name], dtype), port.path)
            for port, dtype in self._inputs
        ]
        results = self._artifact.run(given)
        outputs = []
        for place, port in self._places:
            tensor = from_core(results[place])
            wanted = getattr(torch, port.dtype)
            outputs.append(tensor if tensor.dtype == wanted else tensor.to(wanted))
        if self._padding is not None:
            outputs = self._padding.undo(self._signature.outputs, outputs, sizes)
        return self._signature.output_structure.rebuild(outputs)

    def _check_sizes(self, flat: Sequence[torch.Tensor]) -> None:
        """Errors: sizes that are not those of the signature."""
        sizes: dict[str, tuple[int, str]] = {}
        for port, tensor in zip(self._signature.inputs, flat, strict=True):
            found = list(tensor.shape)
            fixed = [
                a if isinstance(a, str) else b for a, b in zip(port.shape, found, strict=False)
            ]
            if len(found) != len(port.shape) or fixed != list(port.shape):
                expected = f"{port.dtype}[{', '.join(map(str, port.shape))}]"
                raise Error(
                    f"{port.path}, input '{port.name}': found {port.dtype}{found}, expected "
                    f"{expected}; sizes are open where they vary over the samples of the conversion"
                )
            for axis, symbol in port.symbols().items():
                size, where = sizes.setdefault(symbol, (found[axis], f"axis {axis} of {port.path}"))
                if size != found[axis]:
                    raise Error(
                        f"axis {axis} of {port.path} is {found[axis]} and {where} is {size}; they "
                        "were alike in every sample of the conversion"
                    )

    def _checked(self, port: Port, tensor: torch.Tensor, dtype: str) -> torch.Tensor:
        if str(tensor.dtype) != f"torch.{port.dtype}":
            raise Error(f"{port.path} is {tensor.dtype}, the model was converted for {port.dtype}")
        if tensor.requires_grad and torch.is_grad_enabled():
            raise Error(
                f"{port.path} requires a gradient, and a converted model has none; call it under "
                "torch.no_grad()"
            )
        # 16-bit floats that the engine takes as float32.
        engine_type = vars(torch).get(dtype)
        if isinstance(engine_type, torch.dtype) and engine_type != tensor.dtype:
            return tensor.to(engine_type)
        return tensor

    def train(self, mode: bool = True) -> "ConvertedModel":
        """Errors: `mode` is True; the weights are constants of the converted network."""
        if mode:
            raise Error(
                "a converted model cannot be trained: its weights are constants; train the "
                "original and convert it again"
            )
        return super().train(False)

    def _apply(self, fn: Any, recurse: bool = True) -> "ConvertedModel":
        ports = [*self._signature.inputs, *self._signature.outputs]
        dtypes = {getattr(torch, port.dtype) for port in ports} | {torch.float32}
        floats = {dtype for dtype in dtypes if dtype.is_floating_point}
        probes = [(dtype, fn(torch.empty(0, dtype=dtype))) for dtype in floats]
        if all(found.device.type == "cpu" and found.dtype == dtype for dtype, found in probes):
            return self  # as in .cpu() and .to("cpu")
        raise Error(
            "a converted model cannot be moved or cast: it computes on the CPU as it was converted"
        )

    def __reduce__(self) -> Any:
        return ConvertedModel, (self._folder, self._threads)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ConvertedModel":
        return ConvertedModel(self._folder, self._threads)

    def extra_repr(self) -> str:
        def listed(ports: tuple[Port, ...]) -> str:
            return ", ".join(f"{p.name}: {p.dtype}{list(p.shape)}" for p in ports)

        name = self._details.get("model_class", "a model")
        inputs, outputs = listed(self._signature.inputs), listed(self._signature.outputs)
        return f"{name} on {self._artifact.target}: {inputs} -> {outputs}"


def read_signature(folder: Path) -> tuple[Signature, dict[str, Any]]:
    """That of an artifact, and the whole of its signature.json. Errors name the file."""
    file, details = _read(folder)
    if "pieces" in details:
        raise Error(f"{file}: parts of the model stay in PyTorch: acuate.load(folder, model=…)")
    return Signature.from_json(details), details


def _read(folder: Path) -> tuple[Path, dict[str, Any]]:
    file = folder / SIGNATURE_FILE
    try:
        details = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise Error(f"{folder} is no artifact of a PyTorch model: no {SIGNATURE_FILE}") from error
    except (ValueError, RecursionError) as error:
        raise Error(f"{file}: no JSON: {error}") from error
    if not isinstance(details, dict) or details.get("schema_version") != 1:
        raise Error(f"{file}: expected schema_version 1; convert the model again")
    return file, details


def state_digest(model: nn.Module, changing: Collection[str] = ()) -> str:
    """Of all parameters and buffers, names and values, but those that a forward itself changes; it
    tells changes, and is no protection."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in model.state_dict(keep_vars=True).items():
        if not isinstance(tensor, torch.Tensor) or name in changing:
            continue
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_artifact(
    folder: str | os.PathLike[str], model: nn.Module | None = None, threads: int = 0
) -> nn.Module:
    """Opens an artifact of a PyTorch model: a ConvertedModel, or a DividedModel where parts stay in
    PyTorch.

    Errors: `model`, the original, has other weights than were converted, or is needed and missing.
    """
    _, details = _read(Path(folder))
    if "pieces" in details:
        from acuate.pytorch.divided import load_divided

        return load_divided(Path(folder), model, threads)
    loaded = ConvertedModel(folder, threads)
    if model is not None:
        require_weights(model, details, folder)
    return loaded


def require_weights(
    model: nn.Module, details: dict[str, Any], folder: str | os.PathLike[str]
) -> None:
    """Errors: the model's weights are not those of which an artifact's signature.json tells."""
    changing = details.get("changing_buffers", ())
    if details.get("state_digest") != state_digest(model, changing):
        raise Error(
            f"{folder}: the weights of the given model are not those that were converted; "
            "convert it again"
        )

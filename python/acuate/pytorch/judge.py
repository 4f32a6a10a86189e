"""What a conversion does to a model's accuracy and speed, measured on the samples."""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, Protocol

import torch

from acuate._core import Error
from acuate.pytorch.samples import Call
from acuate.pytorch.structure import flatten

Caller = Callable[..., Any]
WARMUP_RUNS = 1
MIN_RUNS = 3


class Evaluator(Protocol):
    """Judges a model's results, as AcuiRT has it."""

    def update(self, result: Any, /) -> None:
        """Takes what the model gives for one sample; samples come in order."""

    def aggregate(self) -> Mapping[str, float]:
        """The metrics over all samples since `reset`."""

    def reset(self) -> None:
        """Forgets all samples."""


def accuracy(model: Caller, calls: Iterable[Call], evaluator: Evaluator) -> dict[str, float]:
    """The evaluator's metrics of a model over the samples, one of which is held at a time.

    Errors: `aggregate` gives no mapping from names to numbers. What the evaluator or the model
    raise goes through.
    """
    evaluator.reset()
    with torch.no_grad():
        for call in calls:
            evaluator.update(model(*call.args, **call.kwargs))
    metrics = evaluator.aggregate()
    if not isinstance(metrics, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Real) for name, value in metrics.items()
    ):
        raise Error(
            f"evaluator: aggregate() gives {metrics!r}; expected a mapping from metrics to numbers"
        )
    return {name: float(value) for name, value in metrics.items()}


def time_interleaved(
    contenders: Sequence[Caller],
    calls: Sequence[Call],
    runs: int,
    max_seconds: float = math.inf,
) -> list[list[float]]:
    """Times of each contender in ms, one for each run; fewer than `runs`, but MIN_RUNS at least,
    where they would take longer than `max_seconds`.

    They run in turn, A B A B …, each time on the next sample, after WARMUP_RUNS rounds that do not
    count, so that a drift of the machine's speed meets all of them alike.
    """
    times: list[list[float]] = [[] for _ in contenders]
    started = time.perf_counter()
    with torch.no_grad():
        for run in range(-WARMUP_RUNS if runs else 0, runs):
            if run >= MIN_RUNS and time.perf_counter() - started > max_seconds:
                break
            call = calls[run % len(calls)]
            for contender, taken in zip(contenders, times, strict=True):
                begin = time.perf_counter()
                contender(*call.args, **call.kwargs)
                if run >= 0:
                    taken.append((time.perf_counter() - begin) * 1e3)
    return times


def latency_section(baseline_ms: list[float], converted_ms: list[float]) -> dict[str, Any]:
    """`latency` of report.json."""
    if not baseline_ms:
        reason = "no timed runs were asked for"
        names = ("baseline_ms", "converted_ms", "p95_ms")
        none: dict[str, Any] = dict.fromkeys(names)
        samples: dict[str, Any] = {"baseline_samples_ms": [], "converted_samples_ms": []}
        return {**none, "runs": 0, **samples, "reason": dict.fromkeys(names, reason)}
    ranks = sorted(converted_ms)
    place = 0.95 * (len(ranks) - 1)
    low, high = ranks[int(place)], ranks[min(int(place) + 1, len(ranks) - 1)]
    return {
        "baseline_ms": statistics.median(baseline_ms),
        "converted_ms": statistics.median(converted_ms),
        "p95_ms": low + (high - low) * (place - int(place)),
        "runs": len(baseline_ms),
        "baseline_samples_ms": baseline_ms,
        "converted_samples_ms": converted_ms,
    }


def padding_section(
    padded_ms: Sequence[float], agreement: Mapping[str, Any], metrics: Mapping[str, float]
) -> dict[str, Any]:
    """The cost in `padding` of report.json: of the model itself, its inputs padded."""
    found = agreement["sqnr_db"]
    section: dict[str, Any] = {
        "padded_ms": statistics.median(padded_ms) if padded_ms else None,
        "sqnr_db": found["converted"],
        "metrics": {name: value for name, value in metrics.items() if math.isfinite(value)},
    }
    reason = {} if padded_ms else {"padded_ms": "no timed runs were asked for"}
    if found["converted"] is None:
        reason["sqnr_db"] = found["reason"]["converted"]
    return section | ({"reason": reason} if reason else {})


def accuracy_section(
    baseline: Mapping[str, float], converted: Mapping[str, float], samples: int
) -> dict[str, Any]:
    """The evaluator's metrics in `accuracy` of report.json."""
    return {
        name: {
            "baseline": baseline.get(name),
            "converted": value,
            "n": samples,
            "interval": None,
            "reason": {"interval": "the evaluator gives one number for all samples"},
        }
        for name, value in converted.items()
    }


def agreement_section(model: Caller, converted: Caller, calls: Sequence[Call]) -> dict[str, Any]:
    """How far the converted model's tensors are from the model's own over the samples: the SQNR of
    the worst output, 10·log10(Σx² / Σ(x - x')²)."""
    signal: dict[str, float] = {}
    noise: dict[str, float] = {}
    with torch.no_grad():
        for call in calls:
            expected = flatten(model(*call.args, **call.kwargs))[1]
            found = flatten(converted(*call.args, **call.kwargs))[1]
            for a, b in zip(expected, found, strict=True):
                if not a.tensor.is_floating_point() or a.tensor.shape != b.tensor.shape:
                    continue
                x, y = a.tensor.double(), b.tensor.double()
                fine = x.isfinite() & y.isfinite()
                signal[a.path] = signal.get(a.path, 0) + float((x[fine] ** 2).sum())
                noise[a.path] = noise.get(a.path, 0) + float(((x - y)[fine] ** 2).sum())
    ratios = {
        path: 10 * math.log10(power / noise[path])
        for path, power in signal.items()
        if power > 0 and noise[path] > 0
    }
    reason = {"baseline": "that of the model itself is infinite"}
    reason["interval"] = "one number for all samples"
    if not ratios:
        reason["converted"] = "infinite: no error" if signal else "no output of floats"
    worst = min(ratios.values(), default=None)
    return {
        "sqnr_db": {
            "baseline": None,
            "converted": worst,
            "n": len(calls),
            "interval": None,
            "reason": reason,
        }
    }

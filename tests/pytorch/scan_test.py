"""The eager scan: what stands in the way of an export, all at once, with file and line."""

import copy
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import acuate
import numpy as np
import pytest
import torch
from acuate.pytorch import blockers
from acuate.pytorch.blocker import Blocker
from acuate.pytorch.records import Scan
from acuate.pytorch.samples import Call, calls
from acuate.pytorch.scan import scan
from pytorch.networks import faults
from pytorch.networks.clean import CleanDetector, padded
from torch import nn

HERE = Path(__file__)
# Of each kind one sample that takes the other way.
ROWS = [torch.tensor([[1.0, 2, 3, 4]] * 3), torch.tensor([[-9.0, -9, -9, -9]] * 3)]


def marked(kind: str | None = None) -> dict[int, str]:
    """The lines of the networks that are at fault, and how."""
    lines = Path(faults.__file__).read_text("utf-8").splitlines()
    found = {
        number: match[1]
        for number, line in enumerate(lines, 1)
        if (match := re.search(r"# FAULT: (\w+)$", line))
    }
    return {line: k for line, k in found.items() if kind in (None, k)}


def here(comment: str) -> int:
    """The line of this file that ends in `# comment`."""
    lines = HERE.read_text("utf-8").splitlines()
    (line,) = [n for n, text in enumerate(lines, 1) if text.endswith(f"# {comment}")]
    return line


def scanned(model: nn.Module, *samples: Any) -> Scan:
    return scan(model.eval(), calls(samples, model=model))


def only(found: Scan, kind: str) -> Blocker:
    (blocker,) = found.blockers
    assert blocker.kind == kind
    return blocker


def test_six_faults_in_one_scan() -> None:
    torch.manual_seed(0)
    model = faults.AllFaults()
    found = scanned(model, *ROWS)
    seen = {(b.line, b.kind) for b in found.blockers if b.kind != "containers"}
    assert seen == set(marked().items())
    assert {b.file for b in found.blockers} == {faults.__file__}
    modules = {b.kind: b.module for b in found.blockers if b.kind != "value_read"}
    assert modules["no_translation"] == "digamma"
    assert modules["custom_operator"] == "custom"
    assert modules["numpy_round_trip"] == "numpy"
    assert modules["data_dependent_shape"] == "size"
    assert modules["object_output"] == "summary"
    assert {b.module for b in found.blockers if b.kind == "value_read"} == {"branch", "size"}
    assert all(b.remedy and b.evidence for b in found.blockers)
    # A text that names each.
    assert all(f"faults.py:{line}" in str(found) for line in marked())


@pytest.mark.parametrize(("kind", "network"), faults.FAULTS.items())
def test_each_fault_alone(kind: str, network: type[nn.Module]) -> None:
    found = scanned(network(), *ROWS)
    assert kind in {b.kind for b in found.blockers}
    (line,) = (line for line in marked(kind) if line in {b.line for b in found.blockers})
    assert any((b.kind, b.line, b.module) == (kind, line, "") for b in found.blockers)
    # What no exporter carries is an error; a selection by a mask is carried.
    errors = {b.kind for b in found.errors()}
    assert errors == ({"value_read"} if kind == "data_dependent_shape" else {kind})


def test_a_clean_network_has_its_containers_told_and_nothing_else() -> None:
    found = scanned(CleanDetector(), padded(16, 24), padded(24, 16, seed=1))
    assert [(b.kind, b.severity, b.module) for b in found.blockers] == [
        ("containers", "warning", ""),
        ("containers", "warning", "body"),
        ("containers", "warning", "body"),
    ]
    assert all("mended by the adapter" in b.remedy for b in found.blockers)
    assert all("tensors, mask" in b.evidence for b in found.blockers)
    record = found.modules["body.conv"]
    assert (record.calls_per_sample, record.time_us > 0) == ([1, 1], True)
    assert record.varying() == {"[0][0]": (2, 3), "->": (2, 3)}
    assert found.modules["logits"].calls_per_sample == [2, 2]
    assert found.modules["logits"].varying() == {}


def test_values_that_are_read(tmp_path: Path) -> None:
    class Reads(nn.Module):
        steps: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("steps", torch.tensor(2))

        def forward(self, x: torch.Tensor) -> Any:
            count = int(x.sum())  # count
            x = x[: torch.argmax(x) + 1]  # slice
            if 3.0 in x:  # contains
                x = x + 1
            total = sum(x.tolist())  # list
            x = x * self.steps.item()  # buffer
            assert f"{x.sum():.3f}"  # a text is no read
            last = torch.arange(x.shape[0]).max().item()  # shape
            return x + count + total + last

    found = scanned(Reads(), torch.tensor([1.0, 2, 3]), torch.tensor([1.0, 2, 0]))
    reads = {b.line: b for b in found.blockers if b.kind == "value_read"}
    assert set(reads) == {
        here(c) for c in ("count", "slice", "contains", "list", "buffer", "shape")
    }
    assert {b.severity for b in reads.values() if b.line != here("buffer")} == {"error"}
    assert reads[here("buffer")].severity == "warning"
    assert "6 in sample 0, 3 in sample 1" in reads[here("count")].evidence
    assert "follows from shapes" in reads[here("shape")].evidence


def test_shapes_that_follow_from_values() -> None:
    class Shapes(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            a = x.nonzero()  # nonzero
            b = torch.unique(x)  # unique
            c = x.masked_select(x > 0)  # masked_select
            d = torch.repeat_interleave(x, (x > 0).long())  # repeat
            e = x[torch.tensor([0, 2])]  # a list of indices decides nothing
            x = x.clone()
            x[x > 0] = 1.0  # a write under a mask neither
            return a.sum() + b.sum() + c.sum() + d.sum() + e.sum() + x.sum()

    found = scanned(Shapes(), torch.tensor([1.0, -2, 3]))
    assert {(b.kind, b.severity, b.line) for b in found.blockers} == {
        ("data_dependent_shape", "warning", here(c))
        for c in ("nonzero", "unique", "masked_select", "repeat")
    }


def test_sizes_that_values_decide_may_be_used_but_not_compared() -> None:
    class Uses(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            kept = x[x[:, 0] > 0]
            rows = kept.shape[0]
            y = kept.reshape(rows * 2, -1) + torch.zeros(rows * 2, 2)
            if x.shape[0] > 1:
                y = y + 1
            return y.reshape(rows, 4)

    found = scanned(Uses(), *(torch.eye(4)[:n] + 1 for n in (2, 2)))
    assert only(found, "data_dependent_shape").severity == "warning"


def test_branches_on_shapes_and_loops_over_them() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(2, 2)

        def forward(self, x: torch.Tensor) -> Any:
            h = x.new_zeros(1, 2)
            for t in range(x.shape[0]):  # loop
                h = self.cell(x[t : t + 1], h)
            return h

    blocker = only(scanned(Loop(), torch.ones(3, 2), torch.ones(5, 2)), "branch")
    assert (blocker.severity, blocker.line) == ("error", here("loop"))
    assert not scanned(Loop(), torch.ones(3, 2), torch.zeros(3, 2)).blockers

    class Pads(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            x = x * 2
            if x.shape[0] % 2:  # odd
                x = torch.cat([x, x[:1]])
            return x + 1

    blocker = only(scanned(Pads(), torch.ones(4), torch.ones(6), torch.ones(5)), "branch")
    assert blocker.line == here("odd")
    assert "sample 0 goes on with add" in blocker.evidence
    assert "sample 2 goes on with __getitem__" in blocker.evidence


def test_what_code_leaves_out_while_it_is_exported_is_no_error() -> None:
    class Guards(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            if not torch.compiler.is_compiling() and (x > 0).all():
                return x * 1.0
            return x.clamp(min=-100.0)

    blocker = only(scanned(Guards(), torch.ones(3)), "value_read")
    assert blocker.severity == "warning"
    assert "leaves it out while it is exported" in blocker.evidence
    assert not torch.compiler.is_compiling()


def test_what_a_function_reads_inside_is_its_own_affair() -> None:
    class Encodes(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            with torch.profiler.record_function("a mark"):
                return nn.functional.one_hot(x, num_classes=5)

    class Measures(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return nn.functional.one_hot(x)

    class Compares(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return x if torch.equal(x, x.sort().values) else -x

    assert not scanned(Encodes(), torch.tensor([1, 2])).blockers
    assert (
        "number of classes"
        in only(scanned(Measures(), torch.tensor([1, 2])), "value_read").evidence
    )
    assert only(scanned(Compares(), torch.tensor([1, 2])), "value_read").severity == "error"


def test_statistics_of_a_batch_are_undone() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3)).eval()
    norm = model[0].train()
    before = copy.deepcopy(norm.state_dict())
    found = scan(model, [Call((torch.arange(12.0).reshape(4, 3),))])
    assert only(found, "in_place").module == "0"
    for name, tensor in norm.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_what_only_another_sample_runs_is_not_taken_for_guarded() -> None:
    class Reads(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            if x.shape[0] > 3:
                return x * float(x.sum())  # second
            return x * 2

    found = scanned(Reads(), torch.ones(3), torch.ones(4))
    (read,) = [b for b in found.blockers if b.kind == "value_read"]
    assert (read.severity, read.line) == ("error", here("second"))


def test_operators_are_asked_for_where_they_are_whole() -> None:
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 4)  # on a CPU an operator of its own, which nothing translates
            self.encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

        def forward(self, x: torch.Tensor) -> Any:
            x = self.encoder(self.lstm(x)[0])
            x = torch.cdist(x, x).relu_().to(torch.float64).add_(1)
            return torch.linalg.norm(torch.stack([x, x.mT]))

    assert not scanned(Whole(), torch.ones(1, 3, 4)).blockers


def test_no_exporter_takes_what_is_told_to_have_no_translation() -> None:
    model, x = faults.WithoutTranslation(), (ROWS[0],)
    for dynamo in (False, True):
        with pytest.raises(Exception, match="digamma"):
            torch.onnx.export(model, x, None, dynamo=dynamo, verbose=False)


def test_a_function_of_autograd_is_told() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:  # function
            return x * 2

    class Model(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return Doubled.apply(x)  # type: ignore[no-untyped-call]

    blocker = only(scanned(Model(), torch.ones(3)), "custom_operator")
    assert blocker.severity == "warning"
    assert blocker.operators[0].endswith("Doubled")
    assert blocker.line in (here("function"), here("function") - 1)


class Counts(nn.Module):
    """Changes what it is called with, and itself, in every way there is."""

    count: torch.Tensor
    mean: torch.Tensor

    def __init__(self, matters: bool) -> None:
        super().__init__()
        self.matters = matters
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(3))
        self.scale = nn.Parameter(torch.ones(3))
        self.history: list[torch.Tensor] = []
        self.last: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> Any:  # attributes
        self.count += 1  # count in place
        self.mean = self.mean * 0.5 + x  # mean replaced
        self.scale.data.mul_(0.5)  # scale
        self.last = x
        self.history.append(x)
        y = x + self.scale * self.count if self.matters else x + 1
        x.mul_(0)  # input
        return y


@pytest.mark.parametrize("matters", [True, False])
def test_changes_in_place_are_told_and_undone(matters: bool) -> None:
    model = Counts(matters)
    before = copy.deepcopy(model.state_dict())
    attributes = dict(model.__dict__)
    samples = [torch.tensor([1.0, 2, 3]), torch.tensor([4.0, 5, 6])]
    found = scanned(model, *samples)
    severity = "error" if matters else "warning"
    assert {(b.kind, b.severity, b.line) for b in found.blockers} == {
        ("in_place", severity, here("count in place")),
        ("in_place", severity, here("mean replaced")),
        ("in_place", severity, here("scale")),
        ("in_place", severity, here("attributes")),
        ("in_place", "warning", here("input")),
    }
    assert not found.random
    assert all(
        torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True)
    )
    assert model.__dict__.keys() == attributes.keys()
    assert (model.last, model.history) == (None, [])
    assert [sample.tolist() for sample in samples] == [[1, 2, 3], [4, 5, 6]]


def test_randomness() -> None:
    class Draws(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return x + torch.rand_like(x)  # draws

    class Ignores(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            torch.rand_like(x)
            return nn.functional.dropout(x, training=False)

    class Pythons(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Identity()

        def forward(self, x: torch.Tensor) -> Any:
            return self.inner(x * random.random()) + 1

    states = torch.get_rng_state(), random.getstate()
    found = scanned(Draws(), torch.ones(3))
    blocker = only(found, "random_values")
    assert (found.random, blocker.severity, blocker.line) == (True, "error", here("draws"))
    found = scanned(Ignores(), torch.ones(3))
    assert (found.random, only(found, "random_values").severity) == (False, "warning")
    found = scanned(Pythons(), torch.ones(3))
    assert (found.random, only(found, "random_values").module) == (True, "inner")
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()


def test_numpys_own_functions_and_lists_are_round_trips() -> None:
    class Trips(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            y = torch.as_tensor(np.exp(np.asarray(x)))  # asarray
            return y if y.sum() > 3 else -y  # comes back

    found = scanned(Trips(), torch.ones(3))
    assert {(b.kind, b.line) for b in found.errors()} == {
        ("numpy_round_trip", here("asarray")),
        ("value_read", here("comes back")),
    }


def test_a_module_that_is_called_often_is_counted_in_full() -> None:
    class Often(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> Any:
            for _ in range(40):
                x = self.cell(x)
            return x

    with torch.inference_mode():  # makes no difference
        record = scanned(Often(), torch.ones(1, 2)).modules["cell"]
    assert (record.calls_per_sample, len(record.calls)) == ([40], 16)
    assert record.time_us > sum(call.time_us or 0 for call in record.calls) > 0


def test_types_that_vary() -> None:
    class Doubles(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return x * 2

    found = scanned(Doubles(), torch.ones(3), torch.ones(3, dtype=torch.float64))
    assert "float32[3] in sample 0, float64[3] in sample 1" in only(found, "varying").evidence


def test_objects() -> None:
    class Root(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return {"x": x, "rows": x.shape[0]}

    assert not scanned(Root(), torch.ones(3)).blockers
    blocker = only(scanned(Root(), torch.ones(3), torch.ones(4)), "object_output")
    assert "3 in sample 0, 4 in sample 1" in blocker.evidence
    assert blocker.severity == "error"


def test_modules_are_recorded() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.again = self.first
            self.alike = nn.Linear(4, 4)
            self.other = nn.Linear(4, 4, bias=False)
            self.never = nn.ReLU()

        def forward(self, x: torch.Tensor) -> Any:
            return self.other(self.alike(self.again(self.first(x)[:2])))

    model = Shared()
    model.first.weight.requires_grad = False
    found = scanned(model, torch.ones(3, 4))
    assert list(found.modules) == [path for path, _ in model.named_modules()]
    first = found.modules["first"]
    assert (first.aliases, first.calls_per_sample, first.called) == (("again",), [2], True)
    assert [call.input_leaves[0].shape for call in first.calls] == [(3, 4), (2, 4)]
    assert [call.output_leaves[0].shape for call in first.calls] == [(3, 4), (2, 4)]
    assert not found.modules["never"].called
    configs = {path: record.config for path, record in found.modules.items()}
    assert configs["first"] == configs["alike"] != configs["other"]
    assert found.modules[""].time_us >= first.time_us > 0
    assert first.class_name == "torch.nn.modules.linear:Linear"


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.linear(x)


class Raises(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.inner(x)  # raises


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: nn.Linear(3, 3, device="meta").eval(), "'weight' is on the meta device"),
        (lambda: Lazy().eval(), "'linear.weight' has no shape yet"),
        (lambda: nn.Linear(3, 3), r"training mode.*model.eval\(\)"),
        (lambda: print, "expected a torch.nn.Module"),
        (lambda: torch.jit.script(nn.Linear(3, 3).eval()), "torch.jit"),
        (lambda: torch.compile(nn.Linear(3, 3).eval()), "model._orig_mod"),
    ],
)
def test_models_that_cannot_be_scanned(model: Callable[[], Any], message: str) -> None:
    with pytest.raises(acuate.Error, match=message):
        scan(model(), [Call((torch.ones(2, 3),))])


def test_a_forward_that_raises() -> None:
    model = Raises()
    with pytest.raises(
        acuate.Error,
        match=rf"sample 1: forward of inner raises RuntimeError at \S+:{here('raises')}: mat1",
    ) as caught:
        scanned(model, torch.ones(1, 3), torch.ones(1, 4))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert not model._forward_hooks
    assert not model.inner._forward_pre_hooks
    with pytest.raises(acuate.Error, match="none given"):
        scan(model, [])


def test_an_interrupt_leaves_the_model_as_it_was() -> None:
    class Interrupted(nn.Module):
        count: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x: torch.Tensor) -> Any:
            self.count += 1
            if self.count > 1:
                raise KeyboardInterrupt
            return x

    model = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        scanned(model, torch.ones(3), torch.ones(3))
    assert model.count == 0
    assert not model._forward_hooks
    assert len(torch.overrides._get_current_function_mode_stack()) == 0  # type: ignore[no-untyped-call]
    assert torch.is_grad_enabled()


def test_old_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(acuate.Error, match=r"torch 2\.5\.1\+cpu is too old; 2\.6"):
        scanned(nn.ReLU(), torch.ones(3))


def test_torch_cond_runs_as_before() -> None:
    class Cond(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (x,))

    model = Cond()
    assert not scanned(model, torch.ones(3), -torch.ones(3)).blockers
    assert model(torch.ones(3)).tolist() == [2, 2, 2]


def test_kinds_are_files() -> None:
    assert blockers.kinds() == [
        "branch",
        "containers",
        "custom_operator",
        "data_dependent_shape",
        "in_place",
        "no_translation",
        "numpy_round_trip",
        "object_output",
        "random_values",
        "value_read",
        "varying",
    ]


def test_data_parallel_adds_nothing_where_there_are_no_devices() -> None:
    inside = nn.Linear(4, 4).eval()
    wrapped = nn.DataParallel(inside).eval()
    wrapped.device_ids = []  # as on a machine without CUDA
    found = scan(wrapped, calls([torch.ones(2, 4)]))
    assert list(found.modules) == ["", "module"]
    assert not found.blockers
    wrapped.device_ids = [0]
    with pytest.raises(acuate.Error, match=r"replicas .* give the nn.Module in it: model\.module"):
        scan(wrapped, calls([torch.ones(2, 4)]))

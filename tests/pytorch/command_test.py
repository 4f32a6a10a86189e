"""The command line for PyTorch models: `acuate convert package.module:factory …`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import acuate
import pytest
import torch
from acuate.pytorch.__main__ import _parsed, main
from acuate.pytorch.factory import load, load_callable, load_model, load_samples
from pytorch.networks import faults
from support import BINARY

MODEL = """
import torch

class Doubler(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)

    def forward(self, pair):
        return {"sum": self.linear(pair.left) + pair.right, "left": pair.left}

def build():
    torch.manual_seed(0)
    return Doubler()

class Branches(torch.nn.Module):
    def forward(self, pair):
        return pair.left if pair.left.sum() > 0 else pair.right

ready = Branches()
number = 3

def broken():
    raise RuntimeError("no weights here")

def slow():
    import pathlib, time
    pathlib.Path("started").touch()
    time.sleep(60)
"""
DATA = """
import torch

class Pair:
    def __init__(self, left, right):
        self.left, self.right = left, right

def pairs():
    for n in (2, 3):
        yield Pair(torch.ones(n, 4), torch.arange(4.0))

rows = [(torch.ones(2, 4), torch.ones(4))]

def to_pair(row):
    return (Pair(*row),), {}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder: a package `mine` with a model, and a file of samples."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "mine" / "net.py").write_text(MODEL, "utf-8")
    (tmp_path / "data.py").write_text(DATA, "utf-8")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name == "data" or name.split(".")[0] == "mine"]:
        del sys.modules[name]


def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    """`acuate …`, its Python being this one."""
    environment = os.environ | {
        "ACUATE_PYTHON": sys.executable,
        "PYTHONPATH": str(Path(acuate.__file__).parent.parent),
    }
    done = subprocess.run(
        [str(BINARY), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def test_convert_by_the_name_of_a_factory(folder: Path) -> None:
    done = run(
        "convert", "mine.net:build", "--samples", "data.py:pairs", "-o", "out", "--json", "r.json"
    )
    assert "Conversion Rate: 2/2" in done.stdout
    assert "Written to" in done.stdout
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert report["coverage"]["modules_converted"] == 2
    model = load_model("mine.net:build")
    pair = next(iter(load_samples("data.py:pairs")))
    found, expected = acuate.load(folder / "out")(pair), model(pair)
    assert found.keys() == expected.keys()
    assert torch.allclose(found["sum"], expected["sum"], atol=1e-6)


def test_diagnose_prints_the_blockers(folder: Path) -> None:
    done = run(
        "diagnose",
        "mine.net:ready",
        "--samples",
        "data.py:rows",
        "--pre",
        "data.py:to_pair",
        "--json",
        "-",
        status=1,
    )
    (read,) = [b for b in json.loads(done.stdout)["blockers"] if b["severity"] == "error"]
    assert (read["kind"], read["module"]) == ("value_read", "")
    assert read["file"] == str(folder / "mine" / "net.py")
    line = MODEL.splitlines().index(
        "        return pair.left if pair.left.sum() > 0 else pair.right"
    )
    assert read["line"] == line + 1
    assert f"mine/net.py:{line + 1}" in done.stderr
    done = run("diagnose", "mine.net:build", "--samples", "data:pairs", "--limit=1")
    assert "0 errors, 1 warning" in done.stdout


def test_all_faults_by_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rows.py").write_text(
        "import torch; rows = [torch.eye(4), -9 - torch.eye(4)]", "utf-8"
    )
    assert main(["diagnose", "pytorch.networks.faults:AllFaults", "--samples", "rows.py:rows"]) == 1
    text = capsys.readouterr().out
    assert all(kind in text for kind in faults.FAULTS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mine.net:build", "-o", "out"), "--samples file.py:name is required"),
        (("mine.net:build", "--samples", "data.py:pairs"), "-o DIR is required"),
        (("mine.none:build", "--samples", "data.py:pairs", "-o", "out"), "no module 'mine.none'"),
        (("mine.net:built", "--samples", "data.py:pairs", "-o", "out"), "mine.net has no 'built'"),
        (("mine.net:number", "--samples", "data.py:pairs", "-o", "out"), "is a int, expected what"),
        (
            ("mine.net:broken", "--samples", "data.py:pairs", "-o", "out"),
            r"raises RuntimeError at mine/net.py:24: no weights here",
        ),
        (("mine.net:build", "--samples", "nowhere.py:pairs", "-o", "out"), "there is no file"),
        (
            ("mine.net:build", "--samples", "data.py", "-o", "out"),
            "expected package.module:name or file",
        ),
        (
            ("mine.net:build", "--samples", "data.py:pairs", "-o", "out", "--frobnicate", "1"),
            "no flag --frobnicate",
        ),
        (
            ("mine.net:build", "--samples", "data.py:pairs", "-o", "out", "--threads", "x"),
            "'x' is no number",
        ),
        (
            ("mine.net:build", "--samples", "data.py:pairs", "-o", "out", "--data", "x"),
            "--data is for ONNX files",
        ),
        (("mine.net:build", "--samples", "data.py:pairs", "-o"), "-o needs a value"),
    ],
)
def test_mistakes_end_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main(["convert", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_factory_that_raises_shows_where(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", "mine.net:broken", "--samples", "data.py:pairs"]) == 2
    # The user's own traceback.
    assert 'net.py", line 24, in broken' in capsys.readouterr().err
    with pytest.raises(acuate.Error) as caught:
        load_model("mine.net:broken")
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_ctrl_c_ends_it_with_130(folder: Path) -> None:
    process = subprocess.Popen(
        [BINARY, "diagnose", "mine.net:slow", "--samples", "data.py:pairs"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ
        | {"ACUATE_PYTHON": sys.executable, "PYTHONPATH": str(Path(acuate.__file__).parent.parent)},
    )
    deadline = time.monotonic() + 50
    while not (folder / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130, words
    assert "interrupted" in words


def test_names(folder: Path) -> None:
    assert load("mine.net:number") == 3
    assert load("mine.net:Doubler.forward") is load("mine.net:Doubler").forward
    assert not load_model("mine.net:Doubler").training
    assert load_samples("data.py:rows") is load("data:rows")  # one module, however it is named
    with pytest.raises(acuate.Error, match="expected a function"):
        load_callable("mine.net:number")
    with pytest.raises(acuate.Error, match="gives a dict, expected"):
        load_model("builtins:dict")
    (folder / "json.py").write_text("x = 1", "utf-8")
    with pytest.raises(acuate.Error, match="there is a module 'json' already"):
        load("json.py:x")


def test_flags_become_arguments_of_convert() -> None:
    flags = [
        "--pad=H=800",
        "--pad",
        "W=900",
        "--pad-fill",
        "H=0.5",
        "--exclude",
        "a",
        "--exclude=b",
    ]
    model, given = _parsed(["mine.net:build", *flags, "--threads=2", "--overwrite", "-o", "out"])
    assert (model, given) == (
        "mine.net:build",
        {
            "pad": {"H": 800, "W": 900},
            "pad_fill": {"H": 0.5},
            "exclude": ["a", "b"],
            "threads": 2,
            "overwrite": True,
            "output": "out",
        },
    )
    assert _parsed(["m:f", "--pad", "1333"])[1] == {"pad": 1333}
    assert _parsed(["m:f", "--pad=true", "--input-names=x,y"])[1] == {
        "pad": True,
        "input_names": ("x", "y"),
    }

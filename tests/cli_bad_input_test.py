"""Bad input: every command ends with status 2 and a message that helps, and writes nothing."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from support import BINARY, DETECTOR, FIXTURES, acuate, pages

Call = list[str | Path]

# Arguments of every command that takes a model. M the model, O an output, D a folder with good
# x.npy, data.npy, spec.yaml and empty.acu.
COMMANDS: dict[str, list[str]] = {
    "inspect": ["M"],
    "diagnose": ["M", "--target", "vsi-npu"],
    "edit": ["M", "D/empty.acu", "-o", "O"],
    "diff": ["M", "M"],
    "fix": ["M", "-o", "O"],
    "simplify": ["M", "-o", "O"],
    "convert": ["M", "-o", "O"],
    "quantize": ["M", "-o", "O", "--data", "D/data.npy"],
    "evaluate": ["M", "--eval", "D/spec.yaml", "--baseline", "M"],
    "compare": ["M", "M", "--input", "x=D/x.npy"],
    "run": ["M", "-o", "O", "--input", "x=D/x.npy"],
    "bench": ["M", "--runs", "1"],
}
OPEN_ANYTHING = ("inspect", "diagnose", "edit", "diff")


def arguments(command: str, model: Path, folder: Path, output: Path) -> list[str]:
    return [command] + [
        str(model) if a == "M" else str(output) if a == "O" else a.replace("D/", f"{folder}/")
        for a in COMMANDS[command]
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    np.save(folder / "x.npy", np.ones((1, 4), np.float32))
    np.save(folder / "data.npy", np.random.default_rng(1).normal(size=(6, 1, 4)).astype("f"))
    (folder / "spec.yaml").write_text("data: data.npy\nmetrics: [sqnr]\n", "utf-8")
    (folder / "empty.acu").write_text("", "utf-8")
    return folder


def graph(nodes: list[onnx.NodeProto], x_type: int = TensorProto.FLOAT) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", x_type, [1, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    weight = numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")
    made = helper.make_graph(nodes, "g", [x], [y], [weight])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


GOOD = [helper.make_node("MatMul", ["x", "w"], ["h"], "a"), helper.make_node("Relu", ["h"], ["y"])]


def tagged(field: int, payload: bytes, length: int | None = None) -> bytes:
    """A length-delimited field of the wire format."""
    size = len(payload) if length is None else length
    out = bytearray([field << 3 | 2])
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes(out) + bytes([size]) + payload


def external(location: str, offset: int, length: int) -> bytes:
    model = graph(GOOD)
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        weight.external_data.add(key=key, value=value)
    return bytes(model.SerializeToString())


def write_undecodable(kind: str, path: Path) -> Path:
    """A file that no command takes, in a folder of its own."""
    good = graph(GOOD).SerializeToString()
    if kind == "tflite":
        shutil.copy(FIXTURES / "basic_pitch.tflite", path / "m.tflite")
        return path / "m.tflite"
    if kind == "torch":
        with zipfile.ZipFile(path / "m.pt", "w") as archive:
            archive.writestr("m/data.pkl", b"\x80\x02}q\x00.")
        return path / "m.pt"
    name, content = {
        "tensorflow": ("m.pb", tagged(1, tagged(1, b"input") + tagged(2, b"Placeholder"))),
        "caffe": ("m.prototxt", b'name: "net"\nlayer {\n  type: "Input"\n}\n'),
        "text": ("m.onnx", b"this is no network\n" * 40),
        "empty": ("m.onnx", b""),
        "missing": ("m.onnx", b""),
        "cut": ("m.onnx", good[: len(good) * 2 // 3]),
        "overrun": ("m.onnx", b"\x08\x09" + tagged(7, b"abc", length=1 << 40)),
        "beyond_data": ("m.onnx", external("w.bin", 4096, 64)),
        "no_data": ("m.onnx", external("none.bin", 0, 64)),
        "leaves": ("m.onnx", external("../secret.bin", 0, 64)),
        "absolute": ("m.onnx", external("/etc/passwd", 0, 64)),
    }[kind]
    (path / "w.bin").write_bytes(bytes(64))
    (path.parent / "secret.bin").write_bytes(bytes(64))
    (path / name).write_bytes(content)
    if kind == "missing":
        (path / name).unlink()
    return path / name


UNDECODABLE = {
    "tflite": "tf2onnx",
    "tensorflow": "tf2onnx",
    "caffe": "caffe2onnx",
    "torch": "torch.onnx.export",
    "text": "ONNX",
    "empty": "empty",
    "missing": "No such file",
    "cut": "cut off",
    "overrun": "runs past the end",
    "beyond_data": "w.bin",
    "no_data": "none.bin",
    "leaves": "../secret.bin",
    "absolute": "/etc/passwd",
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", UNDECODABLE)
def test_what_cannot_be_decoded_ends_every_command(
    kind: str, command: str, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    model = write_undecodable(kind, tmp_path / "in")
    call = arguments(command, model, folder, tmp_path / "out" / "o")
    done = acuate(*call, "--json", "-", status=2)
    assert done.stdout == ""
    assert done.stderr.startswith(f"acuate {command}: ")
    assert model.name in done.stderr
    assert UNDECODABLE[kind] in done.stderr, done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def broken(kind: str) -> onnx.ModelProto:
    make = helper.make_node
    if kind == "unknown_domain":
        return graph([*GOOD[:1], make("Magic", ["h"], ["y"], "m", domain="com.nobody")])
    if kind == "duplicate_name":
        return graph([*GOOD, make("Neg", ["h"], ["y"], "twice")])
    if kind == "cycle":
        return graph([make("Add", ["x", "y"], ["h"], "a"), make("Relu", ["h"], ["y"], "r")])
    assert kind == "type_mismatch"
    return graph([make("Add", ["x", "w"], ["y"], "sum")], TensorProto.INT64)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["unknown_domain", "duplicate_name", "cycle", "type_mismatch"])
def test_an_invalid_model_is_opened_by_four_and_refused_by_the_others(
    kind: str, command: str, tmp_path: Path, folder: Path
) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(broken(kind).SerializeToString())
    out = tmp_path / "out"
    out.mkdir()
    call = arguments(command, model, folder, out / "o")
    if command not in OPEN_ANYTHING:
        done = acuate(*call, status=2)
        assert f"{kind}: " in done.stderr
        assert str(model) in done.stderr
        assert list(out.iterdir()) == []
        return
    done = acuate(*call, "--json", "-", status=0)
    answer = json.loads(done.stdout)
    if command in ("inspect", "diagnose"):
        assert kind in [finding["id"] for finding in answer["findings"]]
    if command == "edit":
        assert (out / "o").read_bytes() == model.read_bytes()


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("kind", ["none", "absent", "corrupt", "text", "wrong_size"])
def test_bad_samples(kind: str, precision: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    wanted = "data"
    if kind == "absent":
        data = tmp_path / "nowhere"
        wanted = "nowhere"
    if kind in ("corrupt", "text"):
        for name in ("a.png", "b.png", "c.png", "d.png"):
            Image.new("RGB", (64, 64), "white").save(data / name)
            content = (data / name).read_bytes()
            (data / name).write_bytes(content[:60] if kind == "corrupt" else b"no image")
        wanted = ".png"
    if kind == "wrong_size":
        data = tmp_path / "data.npy"
        np.save(data, np.zeros((4, 3, 65, 64), np.float32))
        wanted = "data.npy"
    out = tmp_path / "out"
    call: Call = ["convert", DETECTOR, "-o", out, "--shape", "x=1x3x64x64", "--data", data]
    done = acuate(*call, "--precision", precision, status=2)
    assert wanted in done.stderr
    if kind == "wrong_size":
        assert "65" in done.stderr
        assert "64" in done.stderr
    assert not out.exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith((".out", "out"))]


def test_an_input_of_the_wrong_size(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(graph(GOOD).SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((1, 5), np.float32))
    call: Call = ["run", tmp_path / "m.onnx", "-o", tmp_path / "out"]
    done = acuate(*call, "--input", f"x={tmp_path / 'x.npy'}", status=2)
    assert "'x'" in done.stderr
    assert not (tmp_path / "out").exists()
    assert "z" in acuate(*call, "--input", f"z={folder / 'x.npy'}", status=2).stderr
    assert "=FILE" in acuate(*call, "--input", "x", status=2).stderr
    assert "no --input for 'x'" in acuate(*call, status=2).stderr


@pytest.mark.parametrize("command", ["fix", "simplify", "edit", "convert", "run", "inspect"])
def test_a_full_disk_leaves_nothing(command: str, tmp_path: Path, folder: Path) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the same place."""
    model = graph(GOOD)
    big = np.zeros((400, 400), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(big, "unused"))
    source = tmp_path / "m.onnx"
    source.write_bytes(model.SerializeToString())
    out = tmp_path / "out"
    out.mkdir()
    (out / "o.old").write_text("precious", "utf-8")
    call = arguments(command, source, folder, out / "o")
    limit = 1 << 16
    if command == "simplify":
        call += ["--disable", "eliminate-dead-code"]
    if command == "inspect":
        call += ["--json", str(out / "o")]
    if command in ("inspect", "run"):
        limit = 64
    if command == "convert":
        limit = 1 << 13  # the weight that nobody reads is gone by then

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [str(BINARY), *call], capture_output=True, text=True, check=False, preexec_fn=limit_files
    )
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert str(out) in done.stderr
    left = [p for p in out.rglob("*") if p.is_file() and p.name != "o.old"]
    assert left == []
    assert (out / "o.old").read_text("utf-8") == "precious"


def test_standard_output_that_is_full_or_closed() -> None:
    with Path("/dev/full").open("w") as full:
        call = [str(BINARY), "passes"]
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    call = [str(BINARY), "inspect", str(DETECTOR), "--json", "-"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as short:
        assert short.stdout is not None
        assert short.stderr is not None
        short.stdout.close()
        assert "bug" not in short.stderr.read()
    assert short.returncode == 2


def test_an_existing_output_folder_is_kept(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(graph(GOOD).SerializeToString())
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work", "utf-8")
    for extra in ([], ["--overwrite"]):
        done = acuate("convert", model, "-o", foreign, *extra, status=2)
        assert "foreign" in done.stderr
        assert [p.name for p in foreign.iterdir()] == ["thesis.txt"]
    ours = tmp_path / "ours"
    acuate("convert", model, "-o", ours, "--runs", "1")
    before = {p: p.read_bytes() for p in ours.rglob("*") if p.is_file()}
    assert "--overwrite" in acuate("convert", model, "-o", ours, status=2).stderr
    assert {p: p.read_bytes() for p in ours.rglob("*") if p.is_file()} == before
    (ours / "stale.txt").write_text("of the last time", "utf-8")
    acuate("convert", model, "-o", ours, "--runs", "1", "--overwrite")
    assert not (ours / "stale.txt").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["foreign", "m.onnx", "ours"]


def test_an_output_file_that_is_a_folder(tmp_path: Path, folder: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(graph(GOOD).SerializeToString())
    (tmp_path / "taken").mkdir()
    for command in ("fix", "simplify", "edit", "quantize"):
        taken = acuate(*arguments(command, model, folder, tmp_path / "taken"), status=2)
        assert "is a folder" in taken.stderr
        nowhere = tmp_path / "nowhere" / "o.onnx"
        done = acuate(*arguments(command, model, folder, nowhere), status=2)
        assert "does not exist" in done.stderr


def test_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    data = pages("calibration", 4)[0].parent
    call: Call = [BINARY, "convert", DETECTOR, "-o", tmp_path / "out", "--precision", "int8"]
    call += ["--data", data, "--preprocess", "ppocr-det", "--shape", "x=1x3x960x736"]
    with subprocess.Popen(
        [str(a) for a in call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()  # the first of calibration: it is well under way
        assert line.startswith("calibrate"), line
        start = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert time.monotonic() - start < 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "call",
    [
        ["convert", "m.onnx"],
        ["diagnose", "m.onnx"],
        ["frobnicate"],
        ["inspect"],
        ["inspect", "m.onnx", "--shape", "x"],
        ["inspect", "m.onnx", "--dim", "n=-1"],
        ["diagnose", "m.onnx", "--target", "abacus"],
        ["simplify", "m.onnx", "-o", "o", "--disable", "no-such-pass"],
        ["explain", "no-such-thing"],
        ["report", "nowhere"],
        ["bench", "m.onnx", "--runs", "0"],
        ["fix", "m.onnx", "-o", "o", "--shape", "z=1x4"],
        [],
    ],
    ids=" ".join,
)
def test_the_callers_mistakes_end_with_2(call: list[str], tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(graph(GOOD).SerializeToString())
    call = [str(model) if a == "m.onnx" else str(tmp_path / a) if a == "o" else a for a in call]
    done = acuate(*call, status=2)
    assert done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.onnx"]


@pytest.mark.parametrize("command", [["convert", "--precision", "int8"], ["quantize"]])
def test_values_that_are_not_finite_name_who_made_them(command: list[str], tmp_path: Path) -> None:
    """Only the product's operand is to be quantized; the logarithm before it made the infinity."""
    port = helper.make_tensor_value_info
    weights = numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")
    nodes = [
        helper.make_node("Log", ["x"], ["logs"], "/head/Log"),
        helper.make_node("Neg", ["logs"], ["n"], "/head/Neg"),
        helper.make_node("MatMul", ["n", "w"], ["y"], "/tail/MatMul"),
    ]
    net = helper.make_graph(
        nodes, "g", [port("x", TensorProto.FLOAT, [1, 4])], [port("y", TensorProto.FLOAT, [1, 4])],
        [weights],
    )  # fmt: skip
    onnx.save(
        helper.make_model(net, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    data = np.ones((16, 1, 4), np.float32)
    data[2, 0, 1] = 0
    np.save(tmp_path / "data.npy", data)
    np.save(tmp_path / "other.npy", data[3:] * 2)
    (tmp_path / "spec.yaml").write_text("data: other.npy\nmetrics: [sqnr]\n", "utf-8")
    judged = ["--eval", tmp_path / "spec.yaml"] if command[0] == "convert" else []
    done = acuate(
        *command, tmp_path / "m.onnx", "-o", tmp_path / "o", "--data", tmp_path / "data.npy",
        *judged, status=2,
    )  # fmt: skip
    assert "not_finite: an activation is NaN or infinite on the data" in done.stderr
    assert "'logs' first in sample 2: 0 NaN, 1 infinite of 4 values" in done.stderr
    assert "made by node '/head/Log' of module 'head'" in done.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--max-drop", "sqnr=20dB"], "--hybrid"),
        (["--hybrid-share", "0.1"], "--hybrid"),
        (["--hybrid", "s16", "--max-drop", "top1=0.5%"], "--eval"),
        (["--hybrid", "s16", "--hybrid-budget", "15"], "15%"),
        (["--hybrid", "s16", "--hybrid-budget", "1ms"], "--costs"),
    ],
)
def test_what_a_hybrid_lacks_is_told(
    folder: Path, tmp_path: Path, flags: list[str], said: str
) -> None:
    onnx.save(graph([helper.make_node("Relu", ["x"], ["y"])]), tmp_path / "m.onnx")
    output = tmp_path / "out.onnx"
    done = subprocess.run(
        [BINARY, *arguments("quantize", tmp_path / "m.onnx", folder, output), *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert not output.exists()

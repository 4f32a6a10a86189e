"""The map in ARCHITECTURE.md against the folders and cmake/rooms.txt."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def rooms_in_order() -> list[str]:
    lines = (ROOT / "cmake/rooms.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def rooms_present() -> list[str]:
    return [room for room in rooms_in_order() if (ROOT / "src" / room / "CMakeLists.txt").exists()]


def rooms_in_map() -> list[str]:
    return re.findall(r"^\| `src/([a-z_0-9]+)/` \|", TEXT, re.MULTILINE)


def rooms_to_come() -> list[str]:
    line = re.search(r"^To come: (.*)$", TEXT, re.MULTILINE)
    return re.findall(r"`([a-z_0-9]+)`", line.group(1)) if line else []


def test_map_lists_the_rooms_that_are_there_in_order() -> None:
    assert rooms_in_map() == rooms_present()


def test_rooms_to_come_are_the_rest_in_order() -> None:
    present = rooms_present()
    assert rooms_to_come() == [room for room in rooms_in_order() if room not in present]


def test_every_folder_of_src_is_a_room() -> None:
    folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
    assert folders <= set(rooms_in_order())


@pytest.mark.parametrize("room", rooms_present())
def test_unit_folders_of_the_table_are_declared(room: str) -> None:
    """A unit folder that exists is one that acuate_units generates a list for."""
    declared = (ROOT / "src" / room / "CMakeLists.txt").read_text("utf-8")
    for folder in re.findall(rf"`src/{room}/([a-z_]+)/<(?:id|family)>\.cpp`", TEXT):
        if (ROOT / "src" / room / folder).is_dir():
            assert re.search(rf"acuate_units\({room} {folder}\b", declared), f"{room}/{folder}"


def test_top_level_folders_named_on_the_map_exist() -> None:
    beside = re.search(r"^Beside `src/`:(.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert beside is not None
    for folder in re.findall(r"`([a-z]+)/`", beside.group(1)):
        assert (ROOT / folder).is_dir(), folder


def test_public_headers_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in sorted((ROOT / "src").rglob("*.h"))
        if (lines := len(path.read_text("utf-8").splitlines())) > 250
    ]
    assert not long, long

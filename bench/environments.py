"""Python environments that only benchmarks need: made on first use, outside the tree.

An environment is ${ACUATE_CACHE:-~/.cache/acuate}/bench-<name>-<hash of its pinned packages>.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def cache_folder() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("ACUATE_CACHE") or home / "acuate")


def folder_of(name: str) -> Path:
    requirements = HERE / f"requirements-{name}.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return cache_folder() / f"bench-{name}-{key}"


def installed(name: str) -> Path | None:
    """The interpreter of an environment that was made before."""
    folder = folder_of(name)
    return folder / "bin" / "python" if (folder / "complete").exists() else None


def environment(name: str) -> Path:
    """The interpreter of the environment that bench/requirements-<name>.txt describes."""
    requirements = HERE / f"requirements-{name}.txt"
    folder = folder_of(name)
    python, done = folder / "bin" / "python", folder / "complete"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            print(f"installing {requirements.name} into {folder}", file=sys.stderr)
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            what = ["--only-binary", ":all:", "-r", str(requirements)]
            subprocess.run([python, *pip, *what], check=True)
            done.touch()
    return python

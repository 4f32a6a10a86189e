"""One command in a process of its own: what it cost, or how it failed."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# A small process starts the command: what a large one had resident would count as the child's peak.
LAUNCHER = """
import json, os, resource, sys, time
limit, command = int(sys.argv[1]), sys.argv[2:]
started = time.perf_counter()
child = os.fork()
if child == 0:
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    os.dup2(2, 1)
    os.execv(command[0], command)
_, status, usage = os.wait4(child, 0)
print(json.dumps([time.perf_counter() - started, usage.ru_utime + usage.ru_stime,
                  usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)]))
"""


@dataclass
class Measurement:
    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    failure: str  # empty when it ended well


def measure(command: list[str | Path], cpu_limit_s: int) -> Measurement:
    launch = [sys.executable, "-S", "-E", "-c", LAUNCHER, str(cpu_limit_s), *map(str, command)]
    done = subprocess.run(launch, capture_output=True, check=True)
    wall, cpu, peak, status = json.loads(done.stdout)
    failure = ""
    if status != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
        failure = f"exit status {status}: {lines[-1][:200]}"
        if cpu >= cpu_limit_s:
            failure = f"not finished in {cpu_limit_s} s of CPU"
        elif status < 0:
            failure = f"killed by signal {-status}"
    return Measurement(wall, cpu, peak, failure)

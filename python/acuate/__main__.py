"""`python -m acuate`: the command line."""

import sys

from acuate._core import run_command_line

if __name__ == "__main__":
    sys.stdout.flush()
    sys.exit(run_command_line(sys.argv[1:]))

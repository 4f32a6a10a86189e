"""Where two runs of one function part: the statement between what both ran and what only one."""

import ast
from functools import lru_cache
from pathlib import Path

_Node = ast.If | ast.IfExp | ast.For | ast.While | ast.comprehension | ast.Match | ast.Try


@lru_cache(maxsize=32)
def _parsed(file: str) -> ast.Module | None:
    try:
        return ast.parse(Path(file).read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None


def branch_line(file: str, lines: tuple[int, ...]) -> int:
    """The line of the innermost statement with a choice (`if`, `for`, `while`, `a if c else b`,
    `match`, `try`) around, or ending before, the first of the lines that differ; that line itself
    where there is none. `lines`: where each run went on."""
    at = min(lines)
    tree = _parsed(file)
    if tree is None:
        return at
    best = 0
    for node in ast.walk(tree):
        if not isinstance(node, (ast.If, ast.IfExp, ast.For, ast.While, ast.Match, ast.Try)):
            continue
        end = node.end_lineno or node.lineno
        if node.lineno <= at <= end and not all(_same_arm(node, line, at) for line in lines):
            best = max(best, node.lineno)
    return best or at


def _same_arm(node: ast.AST, a: int, b: int) -> bool:
    """Whether both lines lie in one list of statements below `node`."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        arm = getattr(node, name, None)
        if not isinstance(arm, list) or not arm:
            continue
        first, last = arm[0], arm[-1]
        start = getattr(first, "lineno", None) or first.pattern.lineno
        end = getattr(last, "end_lineno", None) or last.body[-1].end_lineno
        if start <= a <= end and start <= b <= end:
            # A loop's body is run again: its number of turns is the choice.
            return not isinstance(node, (ast.For, ast.While))
    return False

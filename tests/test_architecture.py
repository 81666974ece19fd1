"""The architecture holds: light imports, private names in one file, short files."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ensembles

PACKAGE = Path(ensembles.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "skorch", "numba", "llvmlite", "matplotlib", "pandas", "polars")


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def test_importing_brings_nothing_heavy_that_scikit_learn_did_not():
    """scikit-learn itself imports pandas where that is installed."""
    code = (
        "import sys, sklearn.ensemble, sklearn.model_selection\n"
        "before = set(sys.modules)\n"
        "import ensembles\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})\n"
        f"assert not set({HEAVY!r}) - before & set(sys.modules) - before"
    )
    finished = run(code)
    brought = set(finished.stdout.split())
    assert "ensembles" in brought
    assert not brought & set(HEAVY)


def test_importing_works_where_nothing_optional_is_installed():
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {HEAVY!r}:\n"
        "            raise ModuleNotFoundError(name, name=name.partition('.')[0])\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import ensembles\n"
        "ensembles.BaggingRegressor(n_estimators=2).fit([[1], [2]], [1, 2])\n"
        "from ensembles import *\n"
        "try:\n"
        "    ensembles.SnapshotEnsembleClassifier\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    finished = run(code)
    assert finished.returncode == 0, finished.stderr
    assert "MissingDependencyError" in finished.stdout
    assert 'pip install "ensembles[nets]"' in finished.stdout


def imported_names(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_private_names_of_others_stand_in_one_file(path):
    if path.name == "_compat.py":
        return
    private = [
        name
        for name in imported_names(path)
        if not name.startswith(("ensembles", "__future__"))
        and re.search(r"(^|\.)_", name)
    ]
    assert private == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_short(path):
    """400 lines of code, docstrings and blank lines not counted."""
    tree = ast.parse(path.read_text())
    documented = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if ast.get_docstring(node) is not None:
                documented |= set(range(first.lineno, first.end_lineno + 1))
    lines = path.read_text().splitlines()
    code = [
        line
        for number, line in enumerate(lines, 1)
        if line.strip() and number not in documented
    ]
    assert len(code) <= 400

"""The demo runs as a user would run it."""

import subprocess
import sys
from pathlib import Path

import pytest

import ensembles

DEMO = Path(ensembles.__file__).parent.parent / "docs" / "demo.py"


@pytest.mark.slow
@pytest.mark.nets
def test_the_demo_tells_its_story(tmp_path):
    finished = subprocess.run(
        [sys.executable, DEMO], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "Seed 0" in finished.stdout
    assert "best by shuffled K-fold: bagged trees" in finished.stdout
    assert "best by RollingOrigin: bagged lines" in finished.stdout
    assert "best by what happened: bagged lines" in finished.stdout
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")

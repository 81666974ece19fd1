"""Pictures of the gallery are those that were looked at.

A picture that differs is left in the folder that the failure names. Look at it; if it
is right, put it in the place of the one in tests/pictures.
"""

import re
import runpy
from pathlib import Path

import pytest

import ensembles.inspection

matplotlib = pytest.importorskip("matplotlib")
from matplotlib import pyplot  # noqa: E402
from matplotlib.testing.compare import compare_images  # noqa: E402

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "docs" / "gallery").glob("*.py"))
LOOKED_AT = Path(__file__).parent / "pictures"
# With which version pictures were drawn: others set letters a little otherwise.
DRAWN_WITH = "3.11."
# Root of the mean squared difference of pixels, of 255: a letter makes 3, a line 17.
TOLERANCE = 2


@pytest.fixture
def plain_style():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        pyplot.switch_backend("agg")
        yield
        pyplot.close("all")


@pytest.mark.skipif(
    not matplotlib.__version__.startswith(DRAWN_WITH),
    reason="pictures were drawn with another version of matplotlib",
)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_pictures_are_those_that_were_looked_at(script, tmp_path, plain_style):
    if "ensembles.nets" in script.read_text():
        pytest.importorskip("skorch")
    runpy.run_path(str(script))
    drawn, looked_at = (
        folder / f"{script.stem}.png" for folder in (tmp_path, LOOKED_AT)
    )
    pyplot.gcf().savefig(drawn, dpi=60)
    assert looked_at.exists(), f"look at {drawn}"
    # compare_images writes what differs beside the first of the two
    expected = tmp_path / f"{script.stem}-expected.png"
    expected.write_bytes(looked_at.read_bytes())
    assert compare_images(str(expected), str(drawn), TOLERANCE) is None


def test_every_display_has_two_pictures():
    names = [name for name in ensembles.inspection.__all__ if name.endswith("Display")]
    texts = [script.read_text() for script in SCRIPTS]
    for name in [*names, "LossCurveDisplay"]:
        assert sum(name in text for text in texts) >= 2, name


def test_the_page_shows_every_picture_once():
    page = (ROOT / "docs" / "gallery" / "index.rst").read_text()
    shown = re.findall(r"\.\. plot:: gallery/(\w+)\.py", page)
    assert sorted(shown) == [script.stem for script in SCRIPTS]
    assert sorted(one.stem for one in LOOKED_AT.glob("*.png")) == sorted(shown)

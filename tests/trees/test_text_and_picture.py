"""Trees written as text and drawn as pictures."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, export_text

from ensembles import HistForestClassifier, HistTreeClassifier, HistTreeRegressor
from ensembles.exceptions import InvalidParameterError, MissingDependencyError

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def data(n=300):
    """Halves of whole numbers, so that cuts are the same in single precision."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 40, (n, 4)) / 2.0
    y = np.sin(X[:, 0]) + X[:, 1] / 10 + 0.1 * rng.normal(size=n)
    return X, y


def fruits():
    """A frame with a column of words and missing sizes."""
    rng = np.random.default_rng(0)
    words = rng.choice(["ash", "birch", "oak"], size=400)
    frame = pd.DataFrame({"size": rng.normal(size=400), "kind": words})
    y = np.where(frame["kind"] == "birch", frame["size"] > 0.5, frame["size"] < -1)
    frame.loc[rng.random(400) < 0.2, "size"] = np.nan
    return frame, np.where(y, "yes", "no")


OPTIONS = [
    {},
    {"show_weights": True},
    {"max_depth": 1, "spacing": 1},
    {"max_depth": 0, "decimals": 0},
    {"max_depth": 3, "decimals": 4, "spacing": 5},
    {"feature_names": ["a", "b", "c", "d"], "class_names": ["u", "v", "w"]},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_text_is_scikit_learns(options):
    X, y = data(3000)
    classes = np.digitize(y, np.quantile(y, [0.4, 0.7]))
    ours = HistTreeClassifier(max_depth=4).fit(X, classes)
    theirs = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, classes)
    assert ours.export_text(**options) == export_text(theirs, **options)
    options = {k: v for k, v in options.items() if k != "class_names"}
    ours = HistTreeRegressor(max_depth=4).fit(X, y)
    theirs = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, y)
    assert ours.export_text(**options) == export_text(theirs, **options)


def test_text_of_several_outputs():
    X, y = data()
    ours = HistTreeRegressor(max_depth=2).fit(X, np.c_[y, -y])
    theirs = DecisionTreeRegressor(max_depth=2, random_state=0).fit(X, np.c_[y, -y])
    assert ours.export_text() == export_text(theirs)
    both = np.c_[y > 1, np.digitize(y, [0, 1])]
    tree = HistTreeClassifier(max_depth=1).fit(X, both)
    names = [["low", "high"], ["a", "b", "c"]]
    lines = tree.export_text(class_names=names).split("\n")
    assert {line.split("class: ")[1] for line in lines if "class" in line} == {
        f"[{names[0][int(one)]}, {names[1][int(other)]}]"
        for one, other in tree.predict(X)
    }


def test_text_tells_categories_and_missing_values():
    frame, y = fruits()
    tree = HistTreeClassifier(max_depth=2).fit(frame, y)
    text = tree.export_text(show_missing=True, show_weights=True)
    assert "kind in {" in text
    assert "kind not in {" in text
    assert text.count("size") == text.count("size <=") + text.count("size > ")
    assert 0 < text.count("or missing") < text.count("\n")
    weights = sum(
        float(part)
        for line in text.split("\n")
        if "weights" in line
        for part in line.split("[")[1].split("]")[0].split(", ")
    )
    assert weights == len(y)
    assert "missing" not in tree.export_text()


def test_text_where_missing_values_alone_are_parted():
    x = np.array([np.nan] * 20 + list(range(20)))[:, None]
    tree = HistTreeRegressor(max_depth=1).fit(x, np.isnan(x[:, 0]) * 1.0)
    assert tree.export_text() == (
        "|--- feature_0 is known\n"
        "|   |--- value: [0.00]\n"
        "|--- feature_0 is missing\n"
        "|   |--- value: [1.00]\n"
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_text_where_missing_words_alone_are_parted(sign):
    words = np.array([None] * 20 + ["p", "q"] * 20, dtype=object)
    frame = pd.DataFrame({"kind": words})
    tree = HistTreeRegressor(max_depth=1).fit(frame, sign * pd.isna(frame["kind"]))
    lines = tree.export_text().split("\n")
    for condition, value in zip(lines[:4:2], lines[1:4:2], strict=True):
        is_missing = f"[{sign:.2f}]" in value
        assert condition.endswith("kind is missing" if is_missing else "kind is known")


def test_categories_are_those_that_come_to_a_node():
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b", "c", "d"], 400)
    value = pd.Series(kind).map({"a": 0.0, "b": 1.0, "c": 5.0, "d": 9.0})
    tree = HistTreeRegressor().fit(pd.DataFrame({"kind": kind}), value)
    text = tree.export_text()
    # Of four categories each is told apart from those that came as far as it did.
    listed = [
        line.split("{")[1].rstrip("}") for line in text.split("\n") if "{" in line
    ]
    assert sorted(listed) == ["a", "a", "a, b", "a, b", "c", "c"]


def test_text_of_a_single_leaf_and_of_deep_trees():
    X, y = data()
    assert HistTreeRegressor().fit(X, y * 0).export_text() == "|--- value: [0.00]\n"
    tree = HistTreeRegressor().fit(X, y)
    assert "truncated branch of depth" in tree.export_text(max_depth=2)
    whole = tree.export_text(max_depth=None)
    assert whole.count("value") == tree.get_n_leaves()
    assert "truncated" not in whole


@pytest.mark.parametrize("method", ["export_text", "plot"])
def test_wrong_names_and_numbers_are_told(method):
    X, y = data()
    tree = HistTreeClassifier(max_depth=2)
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(tree, method)()
    write = getattr(tree.fit(X, y > 1), method)
    with pytest.raises(ValueError, match="must contain 4 elements, got 1"):
        write(feature_names=["a"])
    with pytest.raises(ValueError, match=r"as many items as .* Got 3 .* 2 classes"):
        write(class_names=["a", "b", "c"])
    wrong = {"max_depth": -1, "show_missing": "yes"}
    wrong |= {"spacing": 0} if method == "export_text" else {"precision": 1.5}
    for name, value in wrong.items():
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of"):
            write(**{name: value})


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_picture_has_a_box_for_each_node():
    X, y = data()
    tree = HistTreeClassifier(max_depth=3).fit(X, y > 1)
    ax = tree.plot(class_names=["low", "high"], node_ids=True)
    boxes = [text for text in texts(ax) if text.startswith("node #")]
    assert len(boxes) == tree.tree_.node_count
    assert len(ax.lines) == tree.tree_.node_count - 1
    n_low, n_high = np.bincount(y > 1)
    assert boxes[0].split("\n")[2:] == [
        f"gini = {np.round(2 * n_low * n_high / 300**2, 3):g}",
        "samples = 300",
        f"value = [{n_low}, {n_high}]",
        f"class = {'low' if n_low > n_high else 'high'}",
    ]
    assert [text.strip() for text in texts(ax)[-2:]] == ["True", "False"]


def test_boxes_do_not_overlap_and_children_lie_below():
    X, y = data()
    ax = HistTreeRegressor(max_depth=4).fit(X, y).plot()
    ax.figure.draw_without_rendering()
    boxes = [one for one in ax.texts if one.get_bbox_patch() is not None]
    extents = [one.get_bbox_patch().get_window_extent() for one in boxes]
    assert not any(
        a.overlaps(b) for i, a in enumerate(extents) for b in extents[i + 1 :]
    )
    for line in ax.lines:
        (above, below) = line.get_ydata()
        assert_allclose(below, above - 1)


def test_colours_follow_classes_and_means():
    X, y = data()
    tree = HistTreeClassifier(max_depth=1).fit(X[:, :1] > 5, X[:, 0] > 5)
    _, left, right = (one.get_bbox_patch() for one in tree.plot().texts[:3])
    blue, orange = left.get_facecolor(), right.get_facecolor()
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    ax = HistTreeRegressor(max_depth=1).fit(X, y).plot()
    values = [float(t.split("[")[1].rstrip("]")) for t in texts(ax)[:3]]
    white = [one.get_bbox_patch().get_facecolor()[2] for one in ax.texts[:3]]
    assert np.argmin(values) == np.argmax(white)
    assert np.argmax(values) == np.argmin(white)
    plain = HistTreeRegressor(max_depth=1).fit(X, y).plot(filled=False)
    assert {one.get_bbox_patch().get_facecolor() for one in plain.texts[:3]} == {
        (1.0, 1.0, 1.0, 1.0)
    }


def test_a_picture_leaves_out_what_is_deep_and_shows_what_is_wanted():
    X, y = data()
    tree = HistTreeRegressor().fit(X, y)
    _, given = pyplot.subplots()
    ax = tree.plot(given, max_depth=1, impurity=False, proportion=True, fontsize=7)
    assert ax is given
    assert texts(ax).count("(...)") == 4
    assert not any("squared_error" in text for text in texts(ax))
    assert texts(ax)[0].split("\n")[1] == "samples = 100.0%"
    assert {one.get_fontsize() for one in ax.texts} == {7.0}
    single = HistTreeRegressor().fit(X, y * 0).plot()
    assert len(single.texts) == 1


def test_a_tree_of_a_forest_of_categories_is_drawn():
    frame, y = fruits()
    forest = HistForestClassifier(3, max_depth=3, random_state=0).fit(frame, y)
    ax = forest.estimators_[0].plot(class_names=True, show_missing=True)
    assert any("kind in {" in text for text in texts(ax))
    assert any("or missing" in text for text in texts(ax))


def test_names_come_in_any_array_and_axes_in_any_figure():
    X, y = data()
    tree = HistTreeClassifier(max_depth=2).fit(X, np.where(y > 1, "high", "low"))
    ax = pyplot.figure().subfigures(1, 2)[0].subplots()
    for names in (tree.classes_, pd.Index(tree.classes_), True):
        assert "class = " in texts(tree.plot(ax, class_names=names))[0]
    assert "class = " not in texts(tree.plot(class_names=False))[0]
    with pytest.raises(ValueError, match="Got 0 while"):
        tree.plot(class_names=[])
    assert tree.export_text(class_names=False) == tree.export_text()


def test_a_picture_needs_matplotlib(monkeypatch):
    X, y = data()
    tree = HistTreeRegressor(max_depth=1).fit(X, y)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"ensembles\[plot\]"):
        tree.plot()

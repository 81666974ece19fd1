"""A tree as a picture: a box a node, its children below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import FloatArray
from ensembles._validation import require
from ensembles.trees._wording import Wording

__all__ = ["Look", "draw"]

_LARGEST_FONT, _SMALLEST_FONT = 12.0, 1.0
_FILLED = 0.8  # of a place, by its box


@dataclass(frozen=True)
class Look:
    """What boxes show, and how.

    Parameters
    ----------
    criterion : str or None
        Name of the impurity to write; None writes none.
    shows_classes, shows_numbers, shows_shares : bool
        Whether to write classes, numbers of nodes, shares instead of weights.
    is_filled : bool
        Whether boxes have colours.
    fontsize : float or None
        None fits it.
    """

    criterion: str | None
    shows_classes: bool
    shows_numbers: bool
    shows_shares: bool
    is_filled: bool
    fontsize: float | None


def draw(wording: Wording, look: Look, max_depth: int | None, ax: Any) -> Any:
    """Draw a tree.

    Parameters
    ----------
    wording : Wording
        How nodes are written.
    look : Look
        What boxes show.
    max_depth : int or None
        Depth below which branches are left out.
    ax : matplotlib Axes or None
        None makes a new figure.

    Returns
    -------
    matplotlib Axes
        With an annotation for each node.
    """
    require("matplotlib", "plot", "plot")
    pyplot = require("matplotlib.pyplot", "plot", "plot")
    if ax is None:
        _, ax = pyplot.subplots(layout="constrained")
    limit = wording.tree.max_depth if max_depth is None else max_depth
    places = _places(wording, limit)
    colors = _colors(wording) if look.is_filled else None
    boxes = []
    for node, place in places.items():
        text, fill = _text(wording, look, node), "white"
        if -place[1] > limit:
            text, fill = "(...)", "0.85"
        elif colors is not None:
            fill = colors[node]
        boxes.append(_box(ax, text, place, fill))
    sides = _join(wording, places, limit, ax)
    right = max(x for x, _ in places.values()) + 0.5
    below = min(y for _, y in places.values()) - 0.5
    ax.set(xlim=(-0.5, right), ylim=(below, 0.5))
    ax.set_axis_off()
    size = look.fontsize or _size_that_fits(ax, boxes)
    for text in (*boxes, *sides):
        text.set_fontsize(size)
    return ax


def _box(ax: Any, text: str, place: tuple[float, float], fill: Any) -> Any:
    """Text in a box, in the middle of its place."""
    frame = {"boxstyle": "round", "facecolor": fill, "edgecolor": "0.4", "lw": 0.8}
    return ax.annotate(
        text,
        place,
        horizontalalignment="center",
        verticalalignment="center",
        fontsize=_LARGEST_FONT,
        bbox=frame,
        zorder=3,
    )


def _join(
    wording: Wording, places: dict[int, tuple[float, float]], limit: int, ax: Any
) -> list[Any]:
    """Draw lines to children; return what is written beside those of the root."""
    words = []
    for node, (x, y) in places.items():
        for side, child in enumerate(_children(wording, node, limit, y)):
            ends = np.array([(x, y), places[child]])
            ax.plot(*ends.T, color="0.6", linewidth=1.0)
            if node == 0:
                words.append(
                    ax.annotate(
                        ("True ", " False")[side],
                        ends.mean(axis=0),
                        horizontalalignment=("right", "left")[side],
                        verticalalignment="bottom",
                    )
                )
    return words


def _children(wording: Wording, node: int, limit: int, y: float) -> list[int]:
    """Children that are drawn."""
    if wording.tree.is_leaf[node] or -y > limit:
        return []
    left = int(wording.nodes.left[node])
    return [left, left + 1]


def _places(wording: Wording, limit: int) -> dict[int, tuple[float, float]]:
    """Where nodes stand: leaves side by side, others midway above their children."""
    places: dict[int, tuple[float, float]] = {}
    n_leaves, stack = 0, [(0, 0, False)]
    while stack:
        node, depth, is_placed_below = stack.pop()
        children = _children(wording, node, limit, -depth)
        if not children:
            places[node] = (float(n_leaves), -float(depth))
            n_leaves += 1
        elif is_placed_below:
            x = np.mean([places[child][0] for child in children])
            places[node] = (float(x), -float(depth))
        else:
            stack.append((node, depth, True))
            stack += [(child, depth + 1, False) for child in reversed(children)]
    return dict(sorted(places.items()))


def _text(wording: Wording, look: Look, node: int) -> str:
    """Lines of a box."""
    tree, lines = wording.tree, list[str]()
    if look.shows_numbers:
        lines.append(f"node #{node}")
    if not tree.is_leaf[node]:
        lines.append(wording.condition(node, left=True))
    if look.criterion is not None:
        lines.append(
            f"{look.criterion} = {wording.number(wording.nodes.impurity[node])}"
        )
    n_rows = tree.n_node_samples
    share = f"{100.0 * n_rows[node] / n_rows[0]:.1f}%"
    lines.append(f"samples = {share if look.shows_shares else n_rows[node]}")
    amounts = wording.amounts(node, as_shares=look.shows_shares)
    lines.append(f"value = {' '.join(map(wording.numbers, amounts))}")
    if look.shows_classes and wording.class_names is not None:
        lines.append(f"class = {wording.classes(node)}")
    return "\n".join(lines)


def _colors(wording: Wording) -> FloatArray:
    """Colours of nodes: of the first output's largest class, or from low to high."""
    pyplot = require("matplotlib.pyplot", "plot", "plot")
    value = wording.nodes.value[:, 0]
    if wording.class_names is None:
        low, high = value.min(), value.max()
        shade = (value[:, 0] - low) / (high - low) if high > low else value[:, 0] * 0.0
        hue = np.array(pyplot.get_cmap("tab10")(1)[:3])
    else:
        n_classes = len(wording.class_names[0])
        largest, best = value.max(axis=1), value.argmax(axis=1)
        shade = (largest * n_classes - 1.0) / max(n_classes - 1.0, 1.0)
        hue = np.array(pyplot.get_cmap("tab10")(best % 10))[:, :3]
    shade = 0.75 * shade.clip(0.0, 1.0)[:, None]
    return np.asarray(1.0 - shade * (1.0 - hue))


def _size_that_fits(ax: Any, boxes: list[Any]) -> float:
    """The largest font for which no box is wider or higher than its place."""
    ax.figure.figure.draw_without_rendering()  # of the figure that holds others
    (left, bottom), (right, top) = ax.transData.transform([(0, 0), (1, 1)])
    room = []
    for depth in {box.xy[1] for box in boxes}:
        row = [box for box in boxes if box.xy[1] == depth]
        extents = [box.get_window_extent() for box in row]
        gap = min(np.diff([box.xy[0] for box in row]), default=np.inf)
        room.append((right - left) * gap / max(one.width for one in extents))
        room.append((top - bottom) / max(one.height for one in extents))
    size = _LARGEST_FONT * _FILLED * float(min(room))
    return float(np.clip(size, _SMALLEST_FONT, _LARGEST_FONT))

"""Who descends from whom, and what it was worth: a tree whose height is the score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from rewardsmith.messages import CandidateId
from rewardsmith.report.charts import svg, text
from rewardsmith.report.scales import Scale, scale_of

_LEFT: Final = 52
_TOP: Final = 18
_BOTTOM: Final = 214
_STRIP: Final = 248
"""Height of the row of candidates without a score."""
_NAMED: Final = 24
"""Candidates up to which all are named."""
_NAME_WIDTH: Final = 38
_WIDTH: Final = 560
"""Least width of the picture."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One candidate of the tree."""

    id: CandidateId
    parents: tuple[CandidateId, ...] = ()
    score: float | None = None
    state: str = ""
    """Its outcome, or where it stands."""
    is_best: bool = False
    href: str = ""


def lineage_chart(nodes: Sequence[Node]) -> Markup:
    """The tree: iterations from left to right, scores upwards, unscored ones in a row below."""
    iterations = sorted({node.id.iteration for node in nodes})
    widest = max((_n_in(nodes, i) for i in iterations), default=1)
    room = (_WIDTH - _LEFT - 30) / max(len(iterations), 1)
    column = max(110.0, min(18.0 * widest + 40.0, 420.0), room)
    width = int(_LEFT + column * max(len(iterations), 1) + 30)
    y = scale_of([n.score for n in nodes if n.score is not None], _BOTTOM, _TOP, n_ticks=4)
    places = {node.id: _place(node, nodes, iterations, column, y) for node in nodes}
    best_line = _ancestors(nodes)
    parts = [
        *_ground(iterations, column, width, y, nodes),
        *(edge for node in nodes for edge in _edges(node, places, best_line)),
        *(_dot(node, places[node.id], _label_offset(node, nodes, column)) for node in nodes),
    ]
    return svg(width, _height(nodes), "Lineage of the candidates, by score", parts, "lineage")


def _height(nodes: Sequence[Node]) -> int:
    return (_STRIP if any(n.score is None for n in nodes) else _BOTTOM) + 44


def _n_in(nodes: Sequence[Node], iteration: int) -> int:
    return sum(node.id.iteration == iteration for node in nodes)


def _place(
    node: Node, nodes: Sequence[Node], iterations: list[int], column: float, y: Scale
) -> Place:
    start = _LEFT + column * iterations.index(node.id.iteration) + 20
    peers = sorted(n.id.number for n in nodes if n.id.iteration == node.id.iteration)
    across = (peers.index(node.id.number) + 0.5) / len(peers)
    return start + across * (column - 40), _STRIP if node.score is None else y(node.score)


def _ground(
    iterations: list[int], column: float, width: int, y: Scale, nodes: Sequence[Node]
) -> Iterable[str]:
    for value in y.ticks if any(n.score is not None for n in nodes) else ():
        at = y(value)
        yield f'<line class="rule" x1="{_LEFT}" x2="{width - 30}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield text(_LEFT - 7, at + 3.5, f"{value:g}", "tick", "end")
    if any(n.score is None for n in nodes):
        yield text(_LEFT - 7, _STRIP + 3.5, "none", "tick", "end")
    for index, iteration in enumerate(iterations):
        middle = _LEFT + column * (index + 0.5)
        yield text(middle, _height(nodes) - 6, f"iteration {iteration}", "label", "middle")


def _ancestors(nodes: Sequence[Node]) -> frozenset[tuple[CandidateId, CandidateId]]:
    """Edges from the best candidate down to the first of its line."""
    by_id: Mapping[CandidateId, Node] = {node.id: node for node in nodes}
    open_, edges = [n.id for n in nodes if n.is_best], set[tuple[CandidateId, CandidateId]]()
    while open_:
        child = open_.pop()
        for parent in by_id[child].parents:
            if parent in by_id and (parent, child) not in edges:
                edges.add((parent, child))
                open_.append(parent)
    return frozenset(edges)


def _edges(
    node: Node,
    places: Mapping[CandidateId, Place],
    best_line: frozenset[tuple[CandidateId, CandidateId]],
) -> Iterable[str]:
    x2, y2 = places[node.id]
    for parent in node.parents:
        if parent in places:
            x1, y1 = places[parent]
            kind = "edge win" if (parent, node.id) in best_line else "edge"
            bend = (x1 + x2) / 2
            path = f"M{x1:.1f},{y1:.1f}C{bend:.1f},{y1:.1f} {bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
            yield f'<path class="{kind}" d="{path}"/>'


def _label_offset(node: Node, nodes: Sequence[Node], column: float) -> float | None:
    """Where its name stands below its dot; None where names would only cover each other."""
    if len(nodes) > _NAMED and not node.is_best:
        return None
    peers = sorted(n.id.number for n in nodes if n.id.iteration == node.id.iteration)
    is_dense = (column - 40) / len(peers) < _NAME_WIDTH
    return 19 if is_dense and peers.index(node.id.number) % 2 else -10


def _dot(node: Node, place: Place, label: float | None) -> str:
    x, y = place
    state = node.state.replace(" ", "-").replace("_", "-")
    score = "no score" if node.score is None else f"score {node.score:.4g}"
    note = f"{node.id}, {node.state}, {score}"
    kind = f"node {escape(state)}{' best' if node.is_best else ''}"
    drawn = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{7 if node.is_best else 5}"/>'
    if label is not None:
        kind = "name best" if node.is_best else "name"
        drawn += text(x, y + label, str(node.id), kind, "middle")
    group = f'<g class="series" data-name="{node.id}"><title>{escape(note)}</title>{drawn}</g>'
    return f'<a href="{escape(node.href)}">{group}</a>' if node.href else group

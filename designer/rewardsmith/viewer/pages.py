"""What each page is made of: values from the store, charts from the report, one template each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from rewardsmith.errors import StoreError
from rewardsmith.feedback.selection import open_wait
from rewardsmith.messages import CandidateId, Claim
from rewardsmith.report.charts import Frame, Mark, Point, Series, line_chart
from rewardsmith.report.claim_chart import claim_chart
from rewardsmith.report.highlight import code_lines, diff_lines
from rewardsmith.report.lineage_chart import Node, lineage_chart
from rewardsmith.report.opinions import opinion_of
from rewardsmith.report.rankings import ranking_lines
from rewardsmith.report.table import HEADINGS, claim_lines, search_line
from rewardsmith.store.codec import load
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.layout import RECORDED, trajectories_path
from rewardsmith.viewer.answers import answers_of
from rewardsmith.viewer.calls import Calls
from rewardsmith.viewer.catalogue import is_driven
from rewardsmith.viewer.close_up import (
    CloseUp,
    Rollouts,
    alignment_chart,
    close_up,
    episodes_chart,
    metric_series,
    metrics_by_seed,
    paid_in,
    rollout_chart,
    rollouts_of,
)
from rewardsmith.viewer.editing import edit_view
from rewardsmith.viewer.films import film_states
from rewardsmith.viewer.index import Cost, Index, Row
from rewardsmith.viewer.labelling import drafts_state
from rewardsmith.viewer.library import Opened, regular_file
from rewardsmith.viewer.live import open_bars, stage
from rewardsmith.viewer.log import guarded_log
from rewardsmith.viewer.remarking import remarks_of
from rewardsmith.viewer.studio import Studio

Context = dict[str, Any]

MANY: Final = 24
"""Candidates from which only the leaders' curves are named."""
REPORT: Final = "report.html"


def run_url(name: str) -> str:
    """Address of a run's page."""
    return f"/runs/{quote(name, safe='')}"


def candidate_url(name: str, candidate: CandidateId) -> str:
    """Address of a candidate's page."""
    return f"{run_url(name)}/candidates/{candidate.iteration}/{candidate.number}"


def run_page(opened: Opened, calls: Calls) -> Context:
    """Everything on the page of a run."""
    run, index = opened.run, opened.index
    bars = open_bars(run)
    claim, problem = _claim(opened)
    has_ended = run.recall("run_ended") is not None
    running = not has_ended and is_driven(run.folder)
    total = sum(index.costs.values(), start=Cost())
    references = run.recall("references_recorded") or {}
    return {
        "name": run.folder.name,
        "run": run,
        "task": run.manifest.task,
        "problems": [text for text in (opened.problem, problem) if text],
        "status": "ended" if has_ended else "running" if running else "stopped",
        "stage": stage(run, bars if running else ()),
        "bars": bars if running else (),
        "log": guarded_log(run),
        "last_event": run.events()[-1].time if run.events() else run.manifest.created,
        "rows": index.rows,
        "index": index,
        "best": index.row(index.best) if index.best else None,
        "n_iterations": len(run.events("iteration_ended")),
        "planned_iterations": _planned(opened),
        "total": total,
        "calls": calls,
        "model": run.manifest.config.get("model", {}),
        "claim": claim,
        "claim_headings": HEADINGS,
        "claim_lines": claim_lines(claim, n_episodes=report_episodes(opened)) if claim else (),
        "claim_chart": claim_chart(claim) if claim and claim.rows else None,
        "search_line": search_line(claim) if claim else "",
        "curves": _curves(opened),
        "lineage": _lineage(opened) if _has_lineage(index) else None,
        "video": regular_file(run.folder, WINNER_FILM),
        "lacks_film": has_ended and _lacks_film(opened),
        "has_report": regular_file(run.folder, REPORT) is not None,
        **remarks_of(opened),
        "ranking": ranking_lines(run),
        "ranking_wait": open_wait(run),
        "opinion": opinion_of(run),
        "chosen": run.recall("fitness_chosen"),
        "drafts": drafts_state(run),
        "can_rank": sum(row.state == "trained" for row in index.rows) > 1,
        "answers": answers_of(opened, calls),
        "candidate_href": partial(candidate_url, run.folder.name),
        "sandbox": references.get("sandbox", ""),
        "url": run_url(run.folder.name),
        "candidate_url": candidate_url,
    }


def _lacks_film(opened: Opened) -> bool:
    """Whether the winner has recorded episodes, and no film of the best lies in the run.

    No event names a film: one that was deleted and one that was never made look the same.
    """
    folder, best = opened.run.folder, opened.index.best
    if best is None or regular_file(folder, WINNER_FILM) is not None:
        return False
    return regular_file(folder, trajectories_path(best, RECORDED)) is not None


def candidate_page(
    opened: Opened,
    calls: Calls,
    candidate: CandidateId,
    query: Mapping[str, str],
    studio: Studio,
) -> Context:
    """Everything on the page of a candidate.

    Raises:
        StoreError: It holds a message that this version cannot read.
    """
    index, close = opened.index, seen_close_up(opened, candidate)
    row = index.row(candidate)
    assert row is not None, "the page is only made for candidates of the index"
    metrics = metrics_by_seed(opened, candidate)
    rollouts = rollouts_of(opened, close)
    ids = [one.id for one in index.rows]
    at = ids.index(candidate)
    return {
        "name": opened.run.folder.name,
        "run": opened.run,
        "task": opened.run.manifest.task,
        "row": row,
        "close": close,
        "is_best": index.best == candidate,
        "children": index.children(candidate),
        "before": ids[at - 1] if at else None,
        "after": ids[at + 1] if at + 1 < len(ids) else None,
        "curves": _candidate_curves(row, index),
        "components": component_charts(metric_series(metrics, "reward/"), close.weights),
        "training": component_charts(
            metric_series(metrics, "rollout/"), {"ep_rew_mean": 1, "ep_len_mean": 1}
        ),
        "alignment": alignment_chart(metrics, row.curve),
        "episodes_chart": episodes_chart(rollouts),
        "calls": calls.of(candidate),
        "calls_problem": calls.problem,
        **remarks_of(opened, candidate),
        "answers": answers_of(opened, calls),
        "candidate_href": partial(candidate_url, opened.run.folder.name),
        "edit": edit_view(opened, close.candidate),
        "url": candidate_url(opened.run.folder.name, candidate),
        "candidate_url": candidate_url,
        **code_part(opened, close, query),
        **(shown := rollout_part(opened, close, rollouts, query, studio)),
        **_span_part(shown["episode"], shown["step"], rollouts, query),
    }


def _span_part(episode: int, step: int, rollouts: Rollouts, query: Mapping[str, str]) -> Context:
    """What stands in the form for a remark on a part of the film."""
    length = rollouts.episodes[episode].length if rollouts.episodes else 1
    first = min(step, length - 1)
    return {
        "first_step": first,
        "last_step": max(first, _within(query.get("last", ""), length, length - 1)),
    }


def seen_close_up(opened: Opened, candidate: CandidateId) -> CloseUp:
    """`close_up`, without evaluations where people judge: they measured nothing.

    Raises:
        StoreError: It holds a message that this version cannot read.
    """
    close = close_up(opened, candidate)
    if close.result is None or not opened.run.manifest.task.is_ranked:
        return close
    return replace(close, result=replace(close.result, evaluations=()))


def code_part(opened: Opened, close: CloseUp, query: Mapping[str, str]) -> Context:
    """The program, its compiled form, or its difference to another candidate's."""
    candidate = close.candidate
    show = query.get("show", "program")
    others = [row.id for row in opened.index.rows if row.id != candidate.id]
    other = _other(query.get("to", ""), others) or next(
        (p for p in candidate.parents if p in others), others[0] if others else None
    )
    compiled = close.judged.verdict.compiled if close.judged else None
    context: Context = {"show": show, "others": others, "other": other, "compiled": compiled}
    findings: dict[int, list[Any]] = {}
    if show == "compiled" and compiled:
        context["lines"] = code_lines(compiled)
    elif show == "diff" and other is not None:
        against = close_up(opened, other).candidate
        context["lines"] = diff_lines(against.text, candidate.text)
    elif show == "repairs" and len(close.versions) > 1:
        context["repairs"] = [
            (before, after, diff_lines(before.text, after.text))
            for before, after in zip(close.versions, close.versions[1:], strict=False)
        ]
    else:
        context["show"] = "program"
        context["lines"] = code_lines(candidate.text)
        for finding in close.findings:
            if finding.line is not None:
                findings.setdefault(finding.line, []).append(finding)
    n_lines = len(context.get("lines", ()))
    context["findings_by_line"] = findings
    context["loose_findings"] = [
        f for f in close.findings if f.line is None or not 0 < f.line <= n_lines
    ]
    return context


def rollout_part(
    opened: Opened,
    close: CloseUp,
    rollouts: Rollouts,
    query: Mapping[str, str],
    studio: Studio,
) -> Context:
    """The recorded episodes, one of them in step with its film."""
    episodes = rollouts.episodes
    episode = _within(query.get("episode", ""), len(episodes), rollouts.best)
    length = episodes[episode].length if episodes else 1
    step = _within(query.get("step", ""), length + 1, 0)
    films = film_states(opened, close.candidate.id, rollouts, studio)
    film = films[episode] if films else None
    paid = paid_in(rollouts, close, episode) if episodes else ()
    return {
        "rollouts": rollouts,
        "labels": rollouts.labels,
        "episode": episode,
        "step": step,
        "paid": paid,
        "rollout_chart": rollout_chart(paid, close, episode, step) if paid else None,
        "films": films,
        "film": film,
    }


def component_charts(
    curves: Mapping[str, Sequence[Sequence[Point]]], known: Mapping[str, float]
) -> list[tuple[str, Markup]]:
    """A small chart for every metric, in the order of `known`, then by name."""
    names = {name.partition("/")[2]: name for name in curves}
    order = [*(n for n in known if n in names), *sorted(n for n in names if n not in known)]
    return [(name, _small_chart(name, curves[names[name]], order.index(name))) for name in order]


def report_episodes(opened: Opened) -> int | None:
    """Episodes on which each training of the claim was judged."""
    n = opened.run.manifest.config.get("evaluation", {}).get("report_episodes")
    return n if isinstance(n, int) else None


def _claim(opened: Opened) -> tuple[Claim | None, str]:
    """The claim, or what is wrong with it: the rest of the page does without."""
    data = opened.run.recall("report_ready")
    try:
        return (load(Claim, data["claim"]) if data else None), ""
    except StoreError as error:
        return None, str(error)


def _planned(opened: Opened) -> int | None:
    n = opened.run.manifest.config.get("search", {}).get("iterations")
    return n if isinstance(n, int) else None


def _curves(opened: Opened) -> Markup | None:
    index, name = opened.index, opened.run.folder.name
    drawn = [row for row in index.rows if row.curve]
    if not drawn:
        return None
    leaders = sorted(drawn, key=lambda r: r.curve[-1][1], reverse=True)[:8]
    named = {row.id for row in (drawn if len(drawn) <= MANY else leaders)}
    series = [
        _series(row, index, candidate_url(name, row.id), is_labelled=row.id in named)
        for row in sorted(drawn, key=lambda row: row.id == index.best)
    ]
    frame = Frame(
        title="Fitness over the training, of every candidate",
        width=580,
        height=290,
        x_label="environment steps",
        y_label="fitness on selection episodes",
    )
    marks = [Mark(x=float(step), name=f"rung at {step:,} steps") for step in index.rungs]
    return line_chart(series, frame, marks)


def _series(row: Row, index: Index, href: str, *, is_labelled: bool) -> Series:
    is_best = row.id == index.best
    score = "" if row.score is None else f", score {row.score:.4g}"
    return Series(
        name=str(row.id),
        points=tuple((float(step), fitness) for step, fitness in row.curve),
        kind="best" if is_best else f"c{row.id.iteration % 8}",
        href=href,
        note=f"{row.id}, {row.state.replace('_', ' ')}{score}",
        is_stopped=row.state == "stopped",
        is_labelled=is_labelled or is_best,
    )


def _candidate_curves(row: Row, index: Index) -> Markup | None:
    """Its own curve before those of the others."""
    if not row.curve:
        return None
    others = [
        Series(
            name=str(one.id),
            points=tuple((float(step), fitness) for step, fitness in one.curve),
            kind="faint",
            is_labelled=one.id == index.best,
        )
        for one in index.rows
        if one.curve and one.id != row.id
    ]
    own = Series(
        name=str(row.id),
        points=tuple((float(step), fitness) for step, fitness in row.curve),
        kind="best",
        is_stopped=row.state == "stopped",
    )
    frame = Frame(
        title=f"Fitness of {row.id} over its training, before the other candidates",
        width=560,
        height=260,
        x_label="environment steps",
        y_label="fitness on selection episodes",
    )
    marks = [Mark(x=float(step), name=f"rung at {step:,} steps") for step in index.rungs]
    return line_chart([*others, own], frame, marks)


def _has_lineage(index: Index) -> bool:
    return any(row.score is not None or row.parents for row in index.rows)


def _lineage(opened: Opened) -> Markup:
    name = opened.run.folder.name
    return lineage_chart(
        [
            Node(
                id=row.id,
                parents=row.parents,
                score=row.score,
                state=row.state.replace("_", " "),
                is_best=row.id == opened.index.best,
                href=candidate_url(name, row.id),
            )
            for row in opened.index.rows
        ]
    )


def _small_chart(name: str, curves: Sequence[Sequence[Point]], colour: int) -> Markup:
    frame = Frame(title=f"{name} over the training", width=300, height=130, right=14, kind="small")
    series = [
        Series(name=name, points=tuple(points), kind=f"c{colour % 8}", is_labelled=False)
        for points in curves
    ]
    return line_chart(series, frame)


def _other(written: str, others: Sequence[CandidateId]) -> CandidateId | None:
    return next((one for one in others if str(one) == written), None)


def _within(written: str, n: int, default: int) -> int:
    """A number in [0, n) from an address; anything else is the default."""
    if not (written.isascii() and written.isdigit()) or len(written) > 9:
        return default
    return int(written) if int(written) < n else default

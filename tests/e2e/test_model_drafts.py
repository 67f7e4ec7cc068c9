"""A language model drafts the fitness of a task that has none, over HTTP on loopback."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from tests.chat import completion
from werkzeug import Request as WebRequest
from werkzeug import Response

import rewardsmith.llm
from rewardsmith.cli.labelling import label_run
from rewardsmith.config import load_config
from rewardsmith.environments.cards import ad_hoc_task, load_card
from rewardsmith.errors import ModelError
from rewardsmith.feedback.labelling import LabelSheet, open_sheet
from rewardsmith.feedback.selection import WaitingForPerson
from rewardsmith.isolation.job import Job, JobEnd
from rewardsmith.messages import BY_LABELS, Candidate, CandidateId, Trajectory
from rewardsmith.report.candidates import CandidateLine
from rewardsmith.report.costs import candidate_cost, run_cost
from rewardsmith.report.page import report_html
from rewardsmith.session import finish_run, resume_run, start_run
from rewardsmith.store.calls import CALLS_FILE, read_calls, spent_on_calls
from rewardsmith.store.journal import read_journal
from rewardsmith.store.labels import Label, append_choice, append_label
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card
from rewardsmith.viewer.calls import calls_of

SETTINGS = {
    "search.candidates": 2,
    "search.iterations": 1,
    "search.confirm_top": 0,
    "training.total_timesteps": 512,
    "evaluation.selection_episodes": 3,
    "evaluation.report_episodes": 3,
    "evaluation.report_seeds": 1,
    "evaluation.evals_per_segment": 1,
    "roles.review": False,
    "roles.studied": 0,
    "model.is_free": True,
    "model.concurrency": 1,
}


def measure(name: str, fitness: str, success: str) -> dict[str, str]:
    return {"name": name, "fitness": fitness, "success": success, "why": f"It is {name}."}


NEAR = measure("near", "mean(-abs(position - goal), missing=-3)", "mean(-abs(position - goal)) > 9")
ENDS = measure(
    "there at the end", "last(-abs(position - goal))", "last(abs(position - goal)) < 0.6"
)
SHARE = measure(
    "often there", "mean(gaussian(position - goal))", "held(abs(position - goal) < 1, 3)"
)
WRONG = measure("heavy", "mean(mass)", "last(mass) > 1")
PROGRAM = """\
Nearer is better.

```python
WEIGHTS = {"near": 1.0}

def reward(state, action, xp):
    return {"near": -xp.abs(state.position - state.goal)}
```
"""


def written(*measures: dict[str, str]) -> str:
    return json.dumps({"measures": measures})


class Town:
    """A model server that says to the measurer what a test wrote down, the last line for ever."""

    def __init__(self) -> None:
        self.lines = [written(NEAR, ENDS, SHARE)]
        self.asked: list[str] = []
        self.is_open = True

    @property
    def n_measured(self) -> int:
        return sum("You are the Measurer" in asked for asked in self.asked)

    def __call__(self, request: WebRequest) -> Response:
        body = json.loads(request.get_data())
        if not self.is_open:
            return Response(json.dumps({"error": {"message": "closed"}}), status=401)
        self.asked.append(json.dumps(body["messages"]))
        line = self.lines[min(self.n_measured, len(self.lines)) - 1]
        text = line if "You are the Measurer" in self.asked[-1] else PROGRAM
        return completion(text)


@pytest.fixture
def town(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(rewardsmith.llm, "ALLOW_REQUESTS", "loopback")
    town = Town()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(town)
    return town


def start(folder: Path, server: HTTPServer, **more: object) -> Run:
    card = load_card(write_line_card(folder / "LineWorld"))
    settings = {**SETTINGS, "model.model": "town", "model.base_url": server.url_for("/v1"), **more}
    words = "Reach the goal and stay there."
    task = ad_hoc_task(card, words, fitness=BY_LABELS, success="step < 0")
    return start_run(folder / "runs", task, load_config(None, settings))


def wait(run: Run, **how: Any) -> str:
    """Go on until the run waits for labels; what it says then."""
    how.setdefault("engine", lambda slots: InProcessEngine())
    with run, pytest.raises(WaitingForPerson) as waiting:
        finish_run(run, **how)
    return str(waiting.value)


def sheet_of(run: Run) -> LabelSheet:
    sheet = open_sheet(Run.read(run.folder))
    assert sheet is not None
    return sheet


def authors(run: Run) -> list[str]:
    return [draft.author for draft in sheet_of(run).drafts]


def is_near(rollout: Trajectory) -> bool:
    return bool(abs(rollout.fields["position"][-1] - rollout.fields["goal"][-1]) < 0.6)


def test_the_models_measures_are_labelled_chosen_and_frozen(
    tmp_path: Path,
    httpserver: HTTPServer,
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = start(tmp_path, httpserver)
    assert "3 ways to measure the task are drafted. Label" in wait(run)
    sheet = sheet_of(run)
    assert [draft.text for draft in sheet.drafts] == [m["fitness"] for m in (NEAR, ENDS, SHARE)]
    assert authors(run) == ["model"] * 3
    assert sheet.note == ""

    for number in sheet.order:
        saying = "good" if is_near(sheet.rollouts[number]) else "bad"
        append_label(run.folder, Label(sheet="clip", number=number, saying=saying))  # type: ignore[arg-type]  # the words above
    monkeypatch.setattr("rewardsmith.cli.labelling.ask_key", lambda keys: "2")
    label_run(run.folder, with_film=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "by" in said
    assert "model" in said
    assert "Chosen." in said

    with resume_run(run.folder) as again:
        conclusion = finish_run(again, engine=lambda slots: InProcessEngine())
    task = Run.read(run.folder).manifest.task
    assert (task.fitness, task.success) == (ENDS["fitness"], ENDS["success"])
    assert conclusion.claim is not None
    assert town.n_measured == 1
    assert "by a model" in report_html(Run.read(run.folder))
    designed = [asked for asked in town.asked if "Reward Designer" in asked]
    assert designed
    assert not any(m["fitness"] in asked for asked in designed for m in (NEAR, ENDS, SHARE))


def test_the_measurers_calls_belong_to_no_candidate(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    run = start(tmp_path, httpserver)
    wait(run)
    first = CandidateId(0, 0)
    calls = calls_of(read_journal(run.folder / CALLS_FILE))
    assert [call.address for call in calls.calls] == ["000/measurer/0/0/0"]
    assert calls.of(first) == ()
    assert not calls.calls[0].has_candidate
    line = CandidateLine(
        candidate=Candidate(id=first, text=""),
        state="proposed",
        judged=None,
        result=None,
        analysis=None,
    )
    assert candidate_cost(run, line).calls.calls == 0
    assert run_cost(run, [line]).calls.calls == 1


def test_a_criterion_that_disagrees_with_the_labels_is_not_taken(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    run = start(tmp_path, httpserver)
    wait(run)
    sheet = sheet_of(run)
    for number in sheet.order:
        saying = "good" if is_near(sheet.rollouts[number]) else "bad"
        append_label(run.folder, Label(sheet="clip", number=number, saying=saying))  # type: ignore[arg-type]  # the words above
    append_choice(run.folder, 0, source="test")
    with resume_run(run.folder) as again:
        finish_run(again, engine=lambda slots: InProcessEngine())
    task = Run.read(run.folder).manifest.task
    assert task.fitness == NEAR["fitness"]
    assert task.success.startswith(f"({NEAR['fitness']}) > ")


def test_a_refused_expression_is_mended_by_the_model(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    town.lines = [written(NEAR, WRONG, SHARE), written(ENDS)]
    run = start(tmp_path, httpserver)
    wait(run)
    assert authors(run) == ["model"] * 3
    assert "`mass` is not defined" in town.asked[1]
    assert [e.key["call"] for e in read_calls(run.folder) if e.event == "answered"] == [
        "000/measurer/0/0/0",
        "000/measurer/0/1/0",
    ]
    asked = next(e for e in read_calls(run.folder) if e.event == "asked")
    assert "measurer/task.md.j2" in asked.data["templates"]


def test_what_cannot_be_read_leaves_the_rules_drafts_and_says_why(
    tmp_path: Path,
    httpserver: HTTPServer,
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    town.lines = ["I would rather talk about something else."]
    run = start(tmp_path, httpserver)
    why = "3 of 3 by rules, not by the model: its answer could not be read, twice."
    said = wait(run)
    assert why in said
    assert "rewardsmith label" in said
    assert authors(run) == ["offline"] * 3
    assert town.n_measured == 2
    monkeypatch.setattr("rewardsmith.cli.labelling.ask_key", lambda keys: "c")
    label_run(run.folder, with_film=False)
    assert why in " ".join(capsys.readouterr().out.split())


def test_a_spent_budget_keeps_the_models_measures_and_fills_up(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    town.lines = [written(NEAR, WRONG, WRONG)]
    run = start(tmp_path, httpserver, **{"model.max_calls": 1})
    assert "model.max_calls" in wait(run)
    assert authors(run) == ["model", "offline", "offline"]
    assert "2 of 3 by rules" in sheet_of(run).note
    assert len(town.asked) == 1


def test_a_model_that_cannot_be_asked_stops_the_run_and_it_resumes(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    town.is_open = False
    run = start(tmp_path, httpserver)
    with run, pytest.raises(ModelError, match="401"):
        finish_run(run, engine=lambda slots: InProcessEngine())
    assert Run.read(run.folder).recall("fitness_drafted") is None
    town.is_open = True
    wait(resume_run(run.folder))
    assert authors(run) == ["model"] * 3


class Killed(BaseException):
    """Stands for the driver's death."""


class Dying(InProcessEngine):
    """Dies in the middle of recording rollouts."""

    def _do(self, job: Job) -> JobEnd:
        if len(self.jobs) == 3:
            raise Killed
        return super()._do(job)


@pytest.mark.parametrize("line", [2, 3, None])
def test_an_interrupted_run_buys_nothing_twice(
    tmp_path: Path, httpserver: HTTPServer, town: Town, line: int | None
) -> None:
    town.lines = [written(NEAR, WRONG, SHARE), written(ENDS)]
    run, told = start(tmp_path, httpserver), list[str]()

    def tell(said: str) -> None:
        told.append(said)
        if len(told) == line:
            raise Killed

    engine = Dying if line is None else InProcessEngine
    with run, pytest.raises(Killed):
        finish_run(run, engine=lambda slots: engine(), tell=tell)
    assert Run.read(run.folder).recall("fitness_drafted") is None
    wait(resume_run(run.folder))
    assert authors(run) == ["model"] * 3
    assert max(Counter(town.asked).values()) == 1
    assert town.n_measured == 2 == spent_on_calls(run.folder).calls
    assert len(Run.read(run.folder).events("fitness_drafted")) == 1


def test_drafting_replays_without_a_server(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    town.lines = [written(NEAR, WRONG, SHARE), written(ENDS)]
    first = start(tmp_path, httpserver)
    wait(first)
    for mode in ("replay", "replay-strict"):
        again = start(
            tmp_path, httpserver, **{"model.model": f"{mode}:{first.id}", "model.base_url": None,
                                     "model.is_free": False}
        )  # fmt: skip
        wait(again)
        assert sheet_of(again).drafts == sheet_of(first).drafts
    assert town.n_measured == 2

"""A whole search in which a language model plays the roles, over HTTP on loopback."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.chat import completion
from werkzeug import Request as WebRequest
from werkzeug import Response

import rewardsmith.llm
from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import BudgetExceeded, ConfigError, ModelError, UsageError
from rewardsmith.feedback.spans import remark_on_span
from rewardsmith.messages import CandidateId, Outcome, Span
from rewardsmith.session import Conclusion, finish_run, resume_run, start_run
from rewardsmith.store.calls import read_calls, spent_on_calls
from rewardsmith.store.events import candidate_of
from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run
from rewardsmith.store.states import violations
from rewardsmith.testing import InProcessEngine, write_line_card

GOOD = """\
The distance to the goal is what the task is about.

```python
WEIGHTS = {"near": 1.0}

def reward(state, action, xp):
    return {"near": -xp.abs(state.position - state.goal)}
```
"""
WRONG = GOOD.replace("state.goal", "state.target")
GREEDY = GOOD.replace("-xp.abs(state.position - state.goal)", "xp.abs(state.position)")
REVIEW = {"summary": "It pays for being near the goal.", "verdict": "accept", "findings": []}
STUDY = {
    "causes": [],
    "hacking_suspected": False,
    "components": [],
    "suggestions": ["Pay more near the goal."],
    "missing_observations": [],
}


RECORDED = Path(__file__).parent / "recorded_search"
"""`run.json` and `llm.jsonl` of a search; REWARDSMITH_RECORD=1 records it anew."""


class Town:
    """A model server that answers by role, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_open = True

    def __call__(self, request: WebRequest) -> Response:
        body = json.loads(request.get_data())
        messages = [message["content"] for message in body["messages"]]
        self.asked.append(json.dumps(body["messages"]))
        if not self.is_open:
            return Response(json.dumps({"error": {"message": "closed"}}), status=401)
        text = self.say(messages)
        return completion(text)

    def say(self, messages: list[str]) -> str:
        if "Reward Critic" in messages[0]:
            return json.dumps(REVIEW)
        if "Trajectory Analyzer" in messages[0]:
            return json.dumps(STUDY)
        n = sum("Reward Designer" in asked for asked in self.asked)
        if len(messages) > 2:
            return GOOD  # a repair
        return [WRONG, GREEDY, "I cannot help with that."][n % 3]


@pytest.fixture
def town(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(rewardsmith.llm, "ALLOW_REQUESTS", "loopback")
    town = Town()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(town)
    return town


def start(folder: Path, server: HTTPServer, **more: object) -> Run:
    card = write_line_card(folder / "LineWorld")
    settings = {
        "search.candidates": 3,
        "search.iterations": 2,
        "training.total_timesteps": 256,
        "evaluation.selection_episodes": 3,
        "evaluation.report_episodes": 3,
        "evaluation.report_seeds": 1,
        "evaluation.recorded_episodes": 2,
        "evaluation.evals_per_segment": 1,
        "model.model": "town",
        "model.base_url": server.url_for("/v1"),
        "model.is_free": True,
        "model.concurrency": 1,
        **more,
    }
    return start_run(folder / "runs", task_of(load_card(card)), load_config(None, settings))


def finish(run: Run, told: list[str] | None = None) -> Conclusion:
    with run:
        tell = told.append if told is not None else None
        return finish_run(run, engine=lambda slots: InProcessEngine(), tell=tell)


def test_refused_programs_go_back_and_come_again(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    run = start(tmp_path, httpserver)
    conclusion = finish(run)
    done = Run.read(run.folder)
    rounds = {
        (e.key["candidate"], e.key["round"], e.key["layer"]): e.data["judged"]["verdict"]["ok"]
        for e in done.events("candidate_judged")
    }
    first = [key for key in rounds if key[1] == 0 and key[2] == "static" and not rounds[key]]
    assert len(first) >= 2  # an unknown field, and an answer without a program
    assert all(rounds[(candidate, 1, "review")] for candidate, _, _ in first)
    assert conclusion.claim is not None
    assert conclusion.design.best is not None
    assert conclusion.design.best.judged.candidate.author == "model"
    for line in done.history().iterations[0].judged:
        assert violations(done.events(), line.candidate.id) == ()


def test_the_analyzer_and_remarks_reach_the_next_round(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    run = start(tmp_path, httpserver)
    finish(run)
    second = [m for m in town.asked if "Reward Designer" in m and "Pay more near the goal" in m]
    assert second
    analyses = Run.read(run.folder).history().iterations[0].analyses
    assert any(a.author == "model" and a.suggestions for a in analyses)


def test_a_remark_on_a_film_is_quoted_with_what_was_there_to_designer_and_analyzer(
    tmp_path: Path, httpserver: HTTPServer, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, text = start(tmp_path, httpserver), "It wavers in this part."

    def something_new(messages: list[str]) -> str:
        return Town.say(town, messages).replace('"near": 1.0', f'"near": 1.{len(town.asked)}')

    monkeypatch.setattr(town, "say", something_new)

    def point_at_it(event: Event) -> None:
        candidate = candidate_of(event)
        if event.event == "candidate_analyzed" and candidate == CandidateId(0, 0):
            recorded = run.load_trajectories(candidate)
            last = recorded[0].length - 1
            span = Span(episode=0, first_step=last - 1, last_step=last)
            remark_on_span(run, text, candidate, span)

    run.subscribe(point_at_it)
    finish(run)
    quoting = [asked for asked in town.asked if text in asked]
    for role in ("Reward Designer", "Trajectory Analyzer"):
        mine = [asked for asked in quoting if role in asked]
        assert mine
        assert all("episode 0, steps " in asked for asked in mine)
        assert all("against the rest of that episode: " in asked for asked in mine)
    read = run.history().iterations[0].remarks
    assert all(remark.seen and remark.text == text for remark in read)


def test_no_prompt_holds_the_fitness(tmp_path: Path, httpserver: HTTPServer, town: Town) -> None:
    run = start(tmp_path, httpserver)
    finish(run)
    for asked in town.asked:
        assert run.manifest.task.fitness not in asked
        assert run.manifest.task.success not in asked


class Killed(BaseException):
    """Stands for the driver's death."""


@pytest.mark.parametrize(
    "position",
    [4, 14, 31, *(pytest.param(n, marks=pytest.mark.slow) for n in (9, 23))],
)
def test_an_interrupted_search_buys_nothing_twice(
    tmp_path: Path, httpserver: HTTPServer, town: Town, position: int
) -> None:
    run, seen = start(tmp_path, httpserver), 0

    def count(event: Event) -> None:
        nonlocal seen
        seen += 1
        if seen == position:
            raise Killed

    run.subscribe(count)
    with pytest.raises(Killed):
        finish(run)
    finish(resume_run(run.folder))
    assert max(Counter(town.asked).values()) == 1
    n_received = sum(e.event == "received" for e in read_calls(run.folder))
    assert n_received == len(town.asked) == spent_on_calls(run.folder).calls


def test_a_spent_budget_stops_the_run_and_a_larger_one_continues_it(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    run = start(tmp_path, httpserver, **{"model.max_calls": 4})
    with pytest.raises(BudgetExceeded):
        finish(run)
    assert len(town.asked) <= 4
    with pytest.raises(ConfigError, match="scores rest on"):
        resume_run(run.folder, {"search.candidates": 9})
    conclusion = finish(resume_run(run.folder, {"model.max_calls": 100}))
    assert conclusion.claim is not None
    assert max(Counter(town.asked).values()) == 1


def test_a_refused_key_stops_the_run_with_one_line_and_it_resumes(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    town.is_open = False
    run = start(tmp_path, httpserver)
    with pytest.raises(ModelError, match="401") as refused:
        finish(run)
    assert "\n" not in str(refused.value).strip()
    town.is_open = True
    assert finish(resume_run(run.folder)).claim is not None


def test_a_recorded_search_replays_without_a_server(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    first = start(tmp_path, httpserver)
    finish(first)
    n_asked = len(town.asked)
    again = start(
        tmp_path, httpserver, **{"model.model": f"replay-strict:{first.id}", "model.base_url": None,
                                 "model.is_free": False}
    )  # fmt: skip
    finish(again)
    assert len(town.asked) == n_asked
    assert [r.score for r in Run.read(again.folder).history().results] == [
        r.score for r in Run.read(first.folder).history().results
    ]
    assert Run.read(again.folder).history().results[0].outcome != Outcome.CRASHED
    assert Run.read(again.folder).candidate_folder(CandidateId(0, 0)).exists()


def test_the_kept_journal_replays(tmp_path: Path, httpserver: HTTPServer, town: Town) -> None:
    if os.environ.get("REWARDSMITH_RECORD"):
        run = start(tmp_path / "recorded", httpserver)
        finish(run)
        RECORDED.mkdir(exist_ok=True)
        for name in ("run.json", "llm.jsonl"):
            text = (run.folder / name).read_text(encoding="utf-8")
            text = text.replace(str(tmp_path), "")
            (RECORDED / name).write_text(text, encoding="utf-8")
    n_asked = len(town.asked)
    replayed = {"model.model": f"replay:{RECORDED}", "model.base_url": None, "model.is_free": False}
    run = start(tmp_path, httpserver, **replayed)
    conclusion = finish(run)
    assert len(town.asked) == n_asked
    assert conclusion.claim is not None
    answered = {e.key["call"]: e.data for e in read_calls(RECORDED) if e.event == "answered"}
    programs = [
        e.data["candidate"]["text"] for e in Run.read(run.folder).events("candidate_proposed")
    ]
    assert len(programs) == 6
    assert any("state.target" in program for program in programs)  # refused, then repaired
    assert all(call in answered for call in (e.key["call"] for e in read_calls(run.folder)))


OWN = """\
WEIGHTS = {"mine": 1.0}
def reward(state, action, xp):
    return {"mine": -xp.square(state.position - state.goal)}
"""


def test_a_persons_own_program_is_tried_and_shown_to_the_designer(
    tmp_path: Path, httpserver: HTTPServer, town: Town
) -> None:
    run = start(tmp_path, httpserver, **{"search.init": OWN})
    finish(run)
    events = Run.read(run.folder).events("candidate_proposed")
    first = events[0].data["candidate"]
    assert (first["text"], first["author"]) == (OWN, "human")
    assert len([e for e in events if e.key["candidate"].startswith("000/")]) == 3
    questions = [m for m in town.asked if "Reward Designer" in m and "own program" in m]
    assert len(questions) >= 2
    assert all("xp.square(state.position - state.goal)" in m for m in questions)


def test_an_own_program_that_is_wrong_is_refused_before_a_run_is_made(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        start(tmp_path, httpserver, **{"search.init": OWN.replace("goal", "nowhere")})
    assert not (tmp_path / "runs").exists()

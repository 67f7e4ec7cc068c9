"""A runs folder with one finished run, and the viewer of it answering over real HTTP."""

import http.client
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.messages import (
    Analysis,
    Candidate,
    CandidateId,
    Cause,
    Claim,
    ClaimRow,
    ComponentStats,
    EpisodeScore,
    Evaluation,
    Evidence,
    Finding,
    Judged,
    MetricPoint,
    Outcome,
    Result,
    Training,
    Trajectory,
    Verdict,
)
from rewardsmith.store.calls import open_calls
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task

if TYPE_CHECKING:
    from rewardsmith.viewer.serving import Place

if find_spec("fastapi") is None or find_spec("uvicorn") is None:
    collect_ignore_glob = ["test_*.py"]  # the extra `viewer` is not installed

FIRST = '''"""Distance."""

CONTRACT = 1
WEIGHTS = {"near": 1.0, "effort": 0.1}


def reward(state, action, xp):
    return {"near": -xp.abs(state.position - state.goal), "effort": -xp.sum(action ** 2)}
'''
SECOND = FIRST.replace('"near": 1.0', '"near": 2.0')
A, B, C = CandidateId(0, 0), CandidateId(0, 1), CandidateId(1, 0)
SCRIPT = "<script>alert(1)</script>"
REFUSED = FIRST.replace("state.goal", "state.speed") + f"# {SCRIPT}\n"


class Answer(NamedTuple):
    """What the viewer said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Site:
    """A viewer that answers in a thread; requests go out as written, unlike a browser's."""

    def __init__(self, place: "Place", runs_dir: Path) -> None:
        self.runs_dir, self.url = runs_dir, place.url
        self.port: int = place.sock.getsockname()[1]
        self._server = place.server
        self._thread = threading.Thread(
            target=place.server.run, kwargs={"sockets": [place.sock]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 60
        while not place.server.started and time.monotonic() < deadline:
            time.sleep(0.01)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.ask("GET", path, headers)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: str, headers: Mapping[str, str] | None = None) -> Answer:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, form | dict(headers or {}), body)

    def form_token(self) -> str:
        page = self.get(f"/runs/{next(self.runs_dir.glob('*-done-1')).name}").text
        found = re.search(r'name="token" value="([^"]+)"', page)
        assert found is not None
        return found[1]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder whose one run ended: 000/1 was refused, 001/0 won and was filmed."""
    runs_dir = tmp_path_factory.mktemp("finished") / "runs"
    with Run.create(
        runs_dir,
        name="done",
        config=to_mapping(RunConfig()),
        task=toy_task(),
        versions={"rewardsmith": "0"},
    ) as run:
        _iterate(run, 0, {A: (FIRST, 1.0), B: (REFUSED, None)})
        append_remark(run.folder, "Use both legs.")
        run.new_feedback(1)
        append_remark(run.folder, "Slower, please.", candidate=C)
        _iterate(run, 1, {C: (SECOND, 3.0)})
        run.record("report_ready", claim=_claim())
        run.record("run_ended", reason="finished")
        run.save_artifact("rollout.mp4", bytes(range(256)) * 40)
        _ask_model(run.folder)
    return runs_dir


@pytest.fixture
def runs_dir(finished: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "runs"))


@pytest.fixture
def done(runs_dir: Path) -> Path:
    """The run in the copy."""
    return next(runs_dir.iterdir())


@pytest.fixture
def start() -> Iterator[Callable[..., Site]]:
    """Starts viewers; they end with the test."""
    from rewardsmith.viewer.serving import prepare

    sites: list[Site] = []

    def starting(runs_dir: Path, **options: Any) -> Site:
        sites.append(Site(prepare(runs_dir, port=0, **options), runs_dir))
        return sites[-1]

    yield starting
    for site in sites:
        site.close()


@pytest.fixture
def site(runs_dir: Path, start: Callable[..., Site]) -> Site:
    """The viewer of the copy."""
    return start(runs_dir)


def _iterate(
    run: Run, number: int, candidates: dict[CandidateId, tuple[str, float | None]]
) -> None:
    key = {"iteration": number}
    run.record("iteration_started", key=key, candidates=[])
    for id_, (text, score) in candidates.items():
        _record(run, id_, text, score)
    run.record("iteration_ended", key=key)


def _record(run: Run, id_: CandidateId, text: str, score: float | None) -> None:
    # What a candidate says of itself is anybody's text.
    rationale = f"Pays `near` {SCRIPT} \u202e\x1b[31m."
    parents = (A,) if id_.iteration else ()
    candidate = Candidate(id=id_, text=text, rationale=rationale, parents=parents, author="model")
    key = {"candidate": id_}
    run.record("candidate_proposed", key=key, candidate=candidate)
    judged = _judged(candidate, ok=score is not None)
    layer = {"round": 0, "layer": "probe"}
    run.record("candidate_judged", key=key | layer, judged=judged, accepted=judged.verdict.ok)
    if score is None:
        result = Result(judged=judged, outcome=Outcome.REJECTED, text=f"line 8: {SCRIPT}")
    else:
        result = _train(run, judged, score)
    run.record("candidate_closed", key=key, result=result)
    run.record("candidate_analyzed", key=key, analysis=_analysis(id_))


def _judged(candidate: Candidate, *, ok: bool) -> Judged:
    finding = Finding(
        code="unknown-field", message=f"No field {SCRIPT}.", remedy="Use another.", line=7
    )
    findings = () if ok else (finding,)
    verdict = Verdict(ok=ok, findings=findings, compiled="def components(): ...\n")
    return Judged(candidate=candidate, verdict=verdict)


def _train(run: Run, judged: Judged, score: float) -> Result:
    id_ = judged.candidate.id
    key = {"candidate": id_, "seed": 7, "start_step": 0}
    run.record("segment_started", key=key, end_step=2000, attempt=0)
    for step in (1000, 2000):
        values = {"reward/near": score * step / 2000, "rollout/ep_rew_mean": step / 100}
        run.append_metrics(id_, 7, [MetricPoint(step=step, values=values)])
    training = Training(contender=str(id_), seed=7, start_step=0, end_step=2000, cpu_s=2.0)
    run.record("segment_ended", key=key, training=training, attempt=0)
    evaluations = tuple(_evaluation(step, score * step / 2000) for step in (1000, 2000))
    for one in evaluations:
        place = {"candidate": id_, "seed": 7, "step": one.step, "seed_set": "selection"}
        run.record("candidate_evaluated", key=place, evaluation=one, recorded=None)
    run.save_trajectories(id_, [_trajectory(seed) for seed in (1, 2)])
    return Result(
        judged=judged,
        outcome=Outcome.TRAINED,
        evaluations=evaluations,
        score=score,
        steps=2000,
        cpu_s=3.0,
    )


def _evaluation(step: int, fitness: float) -> Evaluation:
    episodes = tuple(
        EpisodeScore(
            seed=seed, fitness=fitness + seed, success=fitness > 2, length=20, terminated=False
        )
        for seed in (1, 2)
    )
    return Evaluation(step=step, seed_set="selection", episodes=episodes)


def _trajectory(seed: int) -> Trajectory:
    near, effort = np.linspace(-1.0, 0.0, 20), np.repeat([-0.5, -0.75], [14, 6])
    return Trajectory(
        seed=seed,
        fields={"position": np.zeros(21)},
        actions=np.zeros((20, 1)),
        terminated=False,
        components={"near": near, "effort": effort},
        rewards=near + 0.1 * effort,
    )


def _analysis(id_: CandidateId) -> Analysis:
    parts = tuple(
        ComponentStats(
            name=name, weight=w, mean=0.5, std=0.1, share=0.5, return_share=0.5, low=0.0, high=1.0
        )
        for name, w in (("near", 1.0), ("effort", 0.1))
    )
    cause = Cause(
        code="stands-still",
        message=f"It stands still {SCRIPT}.",
        suggestion="Pay moving.",
        evidence=(Evidence(episode=0, step=7),),
    )
    return Analysis(candidate=id_, components=parts, causes=(cause,))


def _claim() -> Claim:
    sparse = ClaimRow(name="sparse", steps=4000, fitness=(0.1,), success_rate=(0.0,), cpu_s=2.0)
    final = ClaimRow(
        name="final",
        steps=2000,
        fitness=(3.0, 3.5),
        success_rate=(1.0, 0.5),
        cpu_s=4.0,
        candidate=C,
    )
    return Claim(rows=(sparse, final), search_steps=4000, search_cpu_s=6.0)


def _ask_model(folder: Path) -> None:
    key = {"call": "001/designer/0/0/0"}
    about = {"step": "ask", "hash": "h", "attempt": 0, "model": "scripted/one"}
    message = {"role": "user", "text": f"Write a reward. {SCRIPT}\u202e\x1b[2J"}
    usage = {"input_tokens": 10, "output_tokens": 5}
    received = about | {
        "text": f"An answer {SCRIPT}",
        "finish": "stop",
        "server_model": "one",
        "is_oversized": False,
        "usage": usage,
        "cost_usd": 0.25,
    }
    with open_calls(folder) as journal:
        asked = {"step": "ask", "hash": "h", "templates": {}, "messages": [message]}
        journal.append("asked", key, asked | {"schema": None, "schema_name": "answer"})
        journal.append("sent", key, about | {"reserved": {}})
        journal.append("received", key, received)

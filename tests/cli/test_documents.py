"""What scripts read: one strict JSON document on standard output, of the documented shape."""

import json
import runpy
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter

from rewardsmith.cli import schemas
from rewardsmith.cli.documents import check_document, evaluate_document, train_document
from rewardsmith.cli.entry import main
from rewardsmith.cli.printing import plain, print_json
from rewardsmith.messages import CandidateId, EpisodeScore, Evaluation, Finding, Verdict
from rewardsmith.store.evaluations import LaterEvaluation
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run

ROOT = Path(__file__).resolve().parents[2]
EVALUATION = Evaluation(
    step=2000,
    seed_set="later",
    episodes=(
        EpisodeScore(
            seed=1, fitness=1.0, success=True, length=9, terminated=False, audit={"falls": 0.0}
        ),
        EpisodeScore(seed=2, fitness=3.0, success=False, length=9, terminated=True),
    ),
)

Called = Callable[..., Any]


@pytest.fixture
def called(capsys: pytest.CaptureFixture[str]) -> Called:
    """Runs a command and parses all of its standard output."""

    def call(*words: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main([*words, "--json"])
        assert left.value.code == 0
        return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)

    return call


def is_a(kind: Any, content: Any) -> None:
    """Every documented field is there, of its type, and no other."""
    one = tuple[kind]  # a runtime type
    adapter: TypeAdapter[Any] = TypeAdapter(one, config=ConfigDict(strict=True, extra="forbid"))
    made = adapter.validate_json(json.dumps([content]))[0]
    assert plain(made) == content


def test_run_document_says_what_the_page_shows(run: Run, called: Called) -> None:
    append_remark(run.folder, "Faster.")
    found = called("inspect", str(run.folder))
    is_a(schemas.RunDocument, found)
    assert found["best"] == "001/0"
    assert [c["state"] for c in found["candidates"]] == ["trained", "rejected", "trained"]
    assert found["claim"][1]["fitness"]["mean"] == 3.25
    assert found["cost"] == {
        "steps": 4000,
        "cpu_s": 6.0,
        "model_calls": 0,
        "tokens": 0,
        "cost_usd": 0.0,
        "n_unpriced": 0,
    }
    assert [(r["text"], r["read_by"]) for r in found["remarks"]] == [("Faster.", None)]


def test_candidate_document_holds_code_curves_and_descent(run: Run, called: Called) -> None:
    found = called("inspect", str(run.folder), "1/0")
    is_a(schemas.CandidateDocument, found)
    assert found["lineage"] == ["001/0", "000/0"]
    assert '+WEIGHTS = {"speed": 2.0}' in found["diff"]
    assert found["curves"]["reward/speed"] == [[1000, 1.5], [2000, 3.0]]
    assert found["causes"][0]["evidence"] == [{"episode": 1, "step": 7}]
    assert found["compiled"] == "def components(): ..."


def test_diff_document_holds_the_unified_diff(run: Run, called: Called) -> None:
    found = called("diff", str(run.folder), "0/0", "best")
    is_a(schemas.DiffDocument, found)
    assert found["old"] == "000/0"
    assert "@@" in found["diff"]


def test_lists_are_documents_too(run: Run, called: Called) -> None:
    found = called("runs", "list", "--runs", str(run.folder.parent))
    is_a(schemas.RunsDocument, found)
    assert [(r["id"], r["environment"]) for r in found["runs"]] == [(run.id, "HalfCheetah-v5")]
    environments = called("envs", "list")
    is_a(schemas.EnvironmentsDocument, environments)
    assert "HalfCheetah-v5" in [e["id"] for e in environments["environments"]]


def test_documents_that_cost_a_training_have_their_shapes(run: Run) -> None:
    made = LaterEvaluation(candidate=CandidateId(1, 0), block=0, evaluation=EVALUATION)
    found = plain(evaluate_document(run, made))
    is_a(schemas.EvaluateDocument, found)
    assert found["evaluation"]["fitness"]["mean"] == 2.0
    assert found["evaluation"]["success_rate"]["mean"] == 0.5
    is_a(schemas.TrainDocument, plain(train_document(run, EVALUATION)))
    is_a(schemas.TrainDocument, plain(train_document(run, None)))
    finding = Finding(code="x", message="It is wrong.", line=3)
    verdict = Verdict(ok=False, findings=(finding,))
    is_a(schemas.CheckDocument, plain(check_document(Path("a.py"), verdict)))


def test_what_is_no_number_becomes_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": float("nan"), "b": (float("inf"), 1.5)})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5]}


def test_every_document_names_its_schema_once() -> None:
    defaults = [signature(document).parameters["schema"].default for document in schemas.DOCUMENTS]
    names = [str(default) for default in defaults]
    assert len(set(names)) == len(names)
    assert all(name.startswith("rewardsmith/") for name in names)


def test_the_page_is_what_the_module_says() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "write_json.py"), run_name="script")
    assert (ROOT / "docs" / "json.md").read_text(encoding="utf-8") == script["page"]()

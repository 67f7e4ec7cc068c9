"""`envs draft --describe`: a model, over HTTP on loopback, says what the fields of a draft mean."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.chat import completion
from werkzeug import Request as WebRequest
from werkzeug import Response

import rewardsmith.llm
from rewardsmith.cli.entry import main
from rewardsmith.environments.cards import load_card

DIALS = Path(__file__).parents[1] / "environments" / "switchboard" / "switchboard_env.py"
ANSWER = {
    "fields": [
        {"name": "obs_0", "meaning": "number that the first dial shall show", "unit": ""},
        {"name": "obs_1", "meaning": "number for the second dial", "unit": "rad"},
    ],
    "action": "numbers of both dials",
}


class Describer:
    """A chat completions server that gives one answer and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: WebRequest) -> Response:
        self.asked.append(request.get_data(as_text=True))
        return completion(json.dumps(ANSWER))


@pytest.fixture
def describer(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Describer:
    monkeypatch.setattr(rewardsmith.llm, "ALLOW_REQUESTS", "loopback")
    describer = Describer()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(describer)
    return describer


def draft(folder: Path, server: HTTPServer, *more: str) -> int:
    (folder / "free.yaml").write_text("model: {is_free: true}\n", encoding="utf-8")
    model = ["--model", "describer", "--base-url", server.url_for("/v1")]
    command = ["envs", "draft", f"{DIALS}:Dials", "-o", str(folder / "card.yaml"), "--describe"]
    with pytest.raises(SystemExit) as ended:
        main([*command, *model, "--config", str(folder / "free.yaml"), *more])
    return int(ended.value.code or 0)


def test_meanings_are_written_marked_and_paid_for_once(
    tmp_path: Path, httpserver: HTTPServer, describer: Describer
) -> None:
    assert draft(tmp_path, httpserver) == 0
    card = load_card(str(tmp_path / "card.yaml"))
    assert card.state.field("obs_0").meaning == "number that the first dial shall show"
    assert card.state.field("obs_1").unit == "rad"
    assert card.unverified == ("obs_0", "obs_1", "action")
    assert draft(tmp_path, httpserver, "--force") == 0
    assert len(describer.asked) == 1, "the answer beside the card is used again"


def test_the_model_sees_source_without_what_rewards_or_judges(
    tmp_path: Path, httpserver: HTTPServer, describer: Describer
) -> None:
    draft(tmp_path, httpserver)
    question = json.loads(describer.asked[0])["messages"][-1]["content"]
    assert "class Dials" in question
    for word in ("reward", "success", "is_right", "terminated"):
        assert word not in question


def test_describing_without_a_model_says_how_to_name_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["envs", "draft", f"{DIALS}:Dials", "-o", str(tmp_path / "c.yaml"), "--describe"])
    assert ended.value.code == 2
    assert "--model" in capsys.readouterr().err
    assert not (tmp_path / "c.yaml").exists()

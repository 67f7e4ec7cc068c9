"""A stranger's card is data until it names code: what data can do wrong, it is refused for."""

import time
from pathlib import Path

import pytest
import yaml

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import ConfigError
from rewardsmith.evaluation.jobs import openings_of
from rewardsmith.testing import LINE_CARD

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def instead(old: str, new: str) -> str:
    assert old in LINE_CARD
    return LINE_CARD.replace(old, new)


CARDS: dict[str, tuple[str, str]] = {
    "alias bomb": (BOMB + LINE_CARD, "aliases are refused"),
    "a Python object": (instead("Line world", "!!python/object/apply:os.system [id]"), "be text"),
    "depth bomb": (LINE_CARD + "known_exploits: " + "[" * 5000 + "]" * 5000, "too deeply"),
    "300 KiB of card": (LINE_CARD + "#" * 300 * 1024, "Keep it below"),
    "the reward as a field": (instead("obs[0]", "info.reward_forward"), "holds a reward"),
    "the verdict as a field": (instead("obs[0]", "info.is_success"), "holds a reward"),
    "the score as a field": (instead("obs[0]", "info.score"), "holds a reward"),
    "the episode's statistics as a field": (instead("obs[0]", "info.episode.r"), "holds a reward"),
    "a dunder as a field": (
        instead("source: obs[0]", "source: {attr: __class__.mro}"), "attribute path"),
    "a hidden attribute as a field": (
        instead("source: obs[0]", "source: {attr: unwrapped._secret}"), "attribute path"),
    "a call as a field": (instead("obs[0]", "'__import__(os)'"), "is not a source"),
    "fitness that is a program": (
        instead("-mean(abs(position - goal))", "__import__('os').getpid()"), "fitness"),
    "fitness that climbs to classes": (
        instead("-mean(abs(position - goal))", "().__class__.__base__"), "fitness"),
    "fitness that never ends": (
        instead("-mean(abs(position - goal))", "9**9**9"), "fitness"),
    "endless episodes": (instead("max_steps: 12", "max_steps: 1e999"), "too large"),
    "a number of five thousand digits": (
        instead("n_envs: 4", "n_envs: " + "9" * 5000), "too large"),
    "an index of five thousand digits": (instead("obs[0]", f"obs[{'9' * 5000}]"), "no index"),
    "an order to the terminal": (
        instead("title: Line world", 'title: "\\e]52;c;aGk=\\a"'), "control character"),
    "text that runs backwards": (instead("Line world", "Line \u202e world"), "control character"),
    "a key twice": (LINE_CARD + "title: another\n", "written twice"),
    "a key that is none": (LINE_CARD + "reward: native\n", "reward"),
}  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_card_is_refused_in_words_and_at_once(tmp_path: Path, name: str) -> None:
    text, reason = CARDS[name]
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    before = time.process_time()
    with pytest.raises(ConfigError, match=reason):
        load_card(str(tmp_path))
    assert time.process_time() - before < 2


def test_usual_loader_runs_what_a_card_says() -> None:
    """The counter-proof: aliases multiply, and a full loader calls what it is told to."""
    small = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert len(str(yaml.safe_load(small)["c"]).split("x")) == 9
    made = yaml.load("!!python/object/apply:os.getpid []", Loader=yaml.UnsafeLoader)
    assert isinstance(made, int)


def test_card_opens_the_code_beside_it_and_no_more(tmp_path: Path) -> None:
    """It may lie in a project's folder, or in the user's home."""
    for name in (".env", "notes.txt", "env.py", "id_rsa"):
        (tmp_path / name).write_text("", encoding="utf-8")
    for folder, files in {"pack": ["__init__.py"], "runs": ["run.json"], ".ssh": ["id"]}.items():
        (tmp_path / folder).mkdir()
        for name in files:
            (tmp_path / folder / name).write_text("", encoding="utf-8")
    text = LINE_CARD + "needs: {read: [meshes, /opt/data]}\n"
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    opened = openings_of(load_card(str(tmp_path)))
    assert set(opened.read) == {
        str(tmp_path / "env.py"), str(tmp_path / "pack"), str(tmp_path / "meshes"), "/opt/data"
    }  # fmt: skip
    assert opened.import_paths == (str(tmp_path),)


def test_shipped_card_opens_nothing() -> None:
    opened = openings_of(load_card("HalfCheetah-v5"))
    assert opened.read == opened.import_paths == ()

"""What a run refuses to begin with, and a resumed one to go on with."""

import sys
from pathlib import Path

import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.session import resume_run, start_run
from rewardsmith.testing import write_line_card


def test_run_does_not_go_on_by_another_measure(tmp_path: Path) -> None:
    ref = write_line_card(tmp_path / "LineWorld")
    with start_run(tmp_path / "runs", task_of(load_card(ref)), load_config(None, {})) as run:
        folder = run.folder
    resume_run(folder).close()
    card = Path(ref)
    changed = card.read_text(encoding="utf-8").replace("source: obs[1]", "source: obs[0]")
    card.write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigError, match="has changed since the run began"):
        resume_run(folder)


def test_better_words_for_a_field_change_no_measure(tmp_path: Path) -> None:
    ref = write_line_card(tmp_path / "LineWorld")
    with start_run(tmp_path / "runs", task_of(load_card(ref)), load_config(None, {})) as run:
        folder = run.folder
    card = Path(ref)
    text = card.read_text(encoding="utf-8").replace("position of the point", "where the point is")
    card.write_text(text, encoding="utf-8")
    resume_run(folder).close()


def test_no_run_is_made_where_the_environments_package_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "metaworld", None)
    task = task_of(load_card("MetaWorld-reach-v3"))
    with pytest.raises(UsageError, match=r'^MetaWorld-reach-v3 needs .*"rewardsmith\[metaworld\]"'):
        start_run(tmp_path / "runs", task, load_config(None, {}))
    assert not (tmp_path / "runs").exists()

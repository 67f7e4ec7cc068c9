"""First layer: what the language refuses, and what would become of it if it did not."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.trust.acts.texts import BOMBS, TEXTS, bomb, source
from tests.trust.conftest import Results, start, victim

from rewardsmith.isolation import landlock, seccomp
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec
from rewardsmith.rewards.contract import read_program

KERNEL = ("landlock", "seccomp", "rlimits")
SPEC = StateSpec(
    fields=(FieldSpec(name="x", unit="m"), FieldSpec(name="hand", shape=(3,))),
    action=ActionSpec(shape=(2,), low=(-1.0, -1.0), high=(1.0, 1.0)),
)


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_refused_by_the_language(name: str) -> None:
    text = TEXTS[name]
    filled = fill(source(text), {"folder": "/tmp", "pid": 1})
    reading = read_program(filled, SPEC)
    errors = {one.code for one in reading.findings if one.severity == "error"}
    assert reading.program is None
    assert text.code in errors, errors


@pytest.fixture(scope="module")
def unchecked() -> Results:
    if sys.platform != "linux" or landlock.abi() < 6 or seccomp.load_library() is None:
        pytest.skip("needs Landlock ABI 6 and libseccomp")
    found: Results = {}
    for layers in ([], list(KERNEL)):
        with victim(None) as aim:
            evil = np.empty(1, dtype=object)
            evil[0] = Path("/")
            np.save(Path(aim["folder"]) / "evil.npy", evil, allow_pickle=True)
            texts = {name: fill(source(text), aim) for name, text in TEXTS.items()}
            hangs = ("long loop", "endless loop") if not layers else ()
            request = {
                "victim": aim,
                "layers": [layers],
                "texts": {name: text for name, text in texts.items() if name not in hangs},
                "environment": {} if layers else {"OPENAI_API_KEY": "sk-secret"},
            }
            found |= start("text_runner.py", request)["results"]
            found[" ".join(layers)] |= dict.fromkeys(hangs, "DONE: nobody waits for it to end")
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_nobody_checks_works_but_for_the_layers_behind(
    unchecked: Results, name: str
) -> None:
    """So that each of them is a real attack, and the layers named behind the first are real."""
    free, locked = unchecked[""][name], unchecked[" ".join(KERNEL)][name]
    if TEXTS[name].code in ("non-ascii", "control-character") or name == "source cookie":
        return  # aimed at people and parsers: what it does where it runs is beside the point
    assert free.startswith("DONE"), free
    assert locked.startswith("DONE") == (not TEXTS[name].behind), locked


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_aimed_at_its_reader_is_refused_in_time(name: str) -> None:
    before = time.process_time()
    reading = read_program(bomb(name), SPEC)
    assert reading.program is None
    assert any(one.severity == "error" for one in reading.findings)
    assert time.process_time() - before < 6


def test_deep_program_is_read_without_recursion() -> None:
    """Nine hundred conditions one after another are a graph deeper than Python's stack."""
    body = "".join(
        f"    if a > {i}.0:\n        a = a + {i}.0\n    else:\n        a = a - {i}.0\n"
        for i in range(500)
    )
    text = f"def reward(state):\n    a = state.x\n{body}    return {{'a': a}}\n"
    assert read_program(text, SPEC).program is not None


def fill(text: str, aim: dict[str, Any]) -> str:
    values = {"secret": f"{aim['folder']}/secret.txt", **aim}
    return text.format(**values)


def test_the_runner_is_told_where_it_is() -> None:
    assert os.path.isabs(fill("{secret}", {"folder": "/tmp", "pid": 1}))

"""What takes long says so, once; what does not says nothing."""

import time

import pytest

from rewardsmith.cli.patience import patience


def test_what_takes_long_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with patience("drafting a card of arm.py:Arm", after_s=0.02):
        time.sleep(0.2)
    said = capsys.readouterr().err
    assert said.count("Still drafting a card of arm.py:Arm after 0 s.") == 1
    assert "Ctrl-C ends it now" in said


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with patience("drafting a card of arm.py:Arm", after_s=0.05):
        pass
    time.sleep(0.15)
    assert capsys.readouterr() == ("", "")

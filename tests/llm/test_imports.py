"""What importing costs: no provider's SDK before it is asked."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import rewardsmith.llm
import rewardsmith.llm.models, rewardsmith.llm.setup, rewardsmith.llm.scripted
from rewardsmith.llm.settings import ModelSettings
rewardsmith.llm.models.open_model("ollama/x", ModelSettings())
rewardsmith.llm.models.open_model("anthropic/x", ModelSettings())
heavy = {"openai", "litellm", "httpx", "jinja2", "torch", "gymnasium"}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_room_is_light_until_a_model_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


QUIET = """
import os, socket, sys

def refuse(*_):
    raise AssertionError("the network was used")

socket.socket.connect = refuse
from rewardsmith.llm.keys import Key
from rewardsmith.llm.litellm_provider import LitellmProvider
LitellmProvider("groq/x", key=Key("0123456789", "$X")).prepare()
print("FROM_DOTENV" in os.environ)
"""


@pytest.mark.xdist_group("litellm")
def test_importing_litellm_uses_no_network_and_no_dotenv(tmp_path: object) -> None:
    with open(f"{tmp_path}/.env", "w", encoding="utf-8") as file:
        file.write("FROM_DOTENV=1\n")
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=str(tmp_path),
    )
    assert (done.stdout, done.stderr, done.returncode) == ("False\n", "", 0)

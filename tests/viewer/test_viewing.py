"""Starting the viewer from the command line."""

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from rewardsmith.cli.viewing import view_runs
from rewardsmith.errors import UsageError
from rewardsmith.viewer.serving import prepare

START = [sys.executable, "-c", "from rewardsmith.cli import main; main()", "view"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no folder"):
        view_runs(tmp_path / "none", host="127.0.0.1", port=None, with_browser=False)


def test_a_taken_port_is_said_if_it_was_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(UsageError, match="--port"):
            prepare(tmp_path, port=taken.getsockname()[1])


def test_an_address_of_another_machine_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot listen on 192"):
        prepare(tmp_path, host="192.0.2.1", port=0)


def test_the_command_says_where_it_is_and_ends_when_interrupted(done: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*START, str(done), "--port", str(port), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = line.split()[-1]
            assert url == f"http://127.0.0.1:{port}/runs/{done.name}"
            process.stdout.readline()
            assert b"Reach the goal" in _patiently(url)
        finally:
            process.send_signal(2)
        assert process.wait(15) in (0, 130)


def _patiently(url: str) -> bytes:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            continue
    raise AssertionError("the viewer did not answer")

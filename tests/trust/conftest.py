"""What several of the hostile tests need: victims, and the layers one by one."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ACTS = Path(__file__).parent / "acts"
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

NOBODY = 65534
_START = (
    "import sys, runpy, types; sys.path[:0] = sys.argv[1:3]; "
    "ours = types.ModuleType('tests'); ours.__path__ = [sys.argv[2] + '/tests']; "
    "sys.modules['tests'] = ours; runpy.run_path(sys.argv[3], run_name='__main__')"
)
"""`tests` is named outright: packages of others bring one of that name, too."""

Results = dict[str, dict[str, str]]
"""Layers that were on, to act, to what became of it."""
TryAll = Callable[[Sequence[Sequence[str]], int | None], Results]


@contextmanager
def victim(user: int | None) -> Iterator[dict[str, Any]]:
    """Somebody else's process, files and sockets, of the same user as the attacker."""
    folder = Path(tempfile.mkdtemp(prefix="rewardsmith-victim-"))
    abstract = f"rewardsmith-{os.getpid()}-{user}"
    groups: list[str | int] | None = None if user is None else []
    sleeper = subprocess.Popen(
        ["/bin/sleep", "600"], user=user, group=user, extra_groups=groups, cwd="/"
    )
    tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
    named, hidden = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    try:
        udp.bind(("127.0.0.1", 0))
        named.bind(str(folder / "socket"))
        hidden.bind("\0" + abstract)
        for listening in (named, hidden):
            listening.listen(64)
        _fill(folder, user)
        yield {
            "pid": sleeper.pid,
            "folder": str(folder),
            "tcp_port": tcp.getsockname()[1],
            "udp_port": udp.getsockname()[1],
            "abstract": abstract,
        }
    finally:
        for sock in (tcp, udp, named, hidden):
            sock.close()
        sleeper.kill()
        sleeper.wait()
        shutil.rmtree(folder)


def _fill(folder: Path, user: int | None) -> None:
    names = ("keep.txt", "swap.txt", "remove.txt", "rename.txt", "reward.py")
    for name in names:
        (folder / name).write_bytes(b"precious")
    (folder / "secret.txt").write_bytes(b"sk-secret")
    (folder / "link.txt").symlink_to(folder / "secret.txt")
    (folder / "empty").mkdir()
    os.mkfifo(folder / "fifo")
    if user is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, user, follow_symlinks=False)


@pytest.fixture(scope="session")
def try_all() -> TryAll:
    """`try_all(layers, user)`: every act of `kernel_acts`, once for each set of layers."""

    def run(layers: Sequence[Sequence[str]], user: int | None) -> Results:
        found: Results = {}
        for one in layers:
            with victim(user) as aim:  # acts that succeed change their victim
                request = {"victim": aim, "layers": [list(one)], "user": user}
                found |= start("kernel_acts.py", request)["results"]
        return found

    return run


def start(script: str, request: dict[str, Any]) -> dict[str, Any]:
    """Run a script of `acts/` outside the product's launcher; JSON in, JSON out."""
    package = str(ROOT / "designer")
    line = [sys.executable, "-I", "-c", _START, package, str(ROOT), str(ACTS / script)]
    done = subprocess.run(
        line, input=json.dumps(request), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

"""Second layer, the kernel's: what code that broke out of the language can still do.

Each act is tried under no layer, under each one alone and under all. The layers that stand beside
an act in `kernel_acts.ACTS` are exactly those that stop it alone: so it fails under the lock, and
gets through once they are off.
"""

import os
import sys
from collections.abc import Mapping

import pytest
from tests.trust.acts.kernel_acts import ACTS, OPEN
from tests.trust.conftest import NOBODY, Results, TryAll

from rewardsmith.isolation import landlock, seccomp

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or landlock.abi() < 6 or seccomp.load_library() is None,
    reason="needs Landlock ABI 6 and libseccomp",
)

LAYERS = ("landlock", "seccomp", "rlimits")
ALL = " ".join(LAYERS)
CONFIGURATIONS = ([], *([layer] for layer in LAYERS), list(LAYERS))
MAY_BE_ABSENT = {
    "call by the x32 gate", "call by the 32-bit gate", "set up io_uring",
    "load a program into the kernel", "open performance counters", "handle page faults",
    "share a message queue", "set an extended attribute", "swap two names", "open the key ring",
    "dump its memory to disk", "compare another's resources", "read the kernel's log",
}  # fmt: skip
"""What some kernels lack or forbid altogether: there nothing can be shown."""


@pytest.fixture(scope="module", params=[None, NOBODY], ids=["root", "ordinary-user"])
def tried(request: pytest.FixtureRequest, try_all: TryAll) -> tuple[int | None, Results]:
    if os.getuid() != 0:
        if request.param is not None:
            pytest.skip("only root can become another user")
        pytest.skip("the victim has to be root's")
    return request.param, try_all(CONFIGURATIONS, request.param)


@pytest.mark.parametrize("name", ACTS, ids=lambda name: f"{name}-by-{ACTS[name].layers}")
def test_act_is_stopped_by_its_layers_and_by_nothing_else(
    tried: tuple[int | None, Results], name: str
) -> None:
    user, results = tried
    act = ACTS[name]
    stopping = set(f"{act.layers} {act.user_layers if user else ''}".split())
    assert not is_done(results[ALL], name), results[ALL][name]
    if "rights" in stopping:
        assert not is_done(results[""], name)
        pytest.skip("an ordinary user may not do it anyway")
    if not is_done(results[""], name):
        assert name in MAY_BE_ABSENT, results[""][name]
        pytest.skip(f"not on this machine: {results[''][name]}")
    stopped_by = {layer for layer in LAYERS if not is_done(results[layer], name)}
    assert stopped_by == stopping, {layer: results[layer][name] for layer in LAYERS}


@pytest.mark.parametrize("name", OPEN)
def test_names_and_sizes_stay_visible(tried: tuple[int | None, Results], name: str) -> None:
    """What SECURITY.md says is not protected; when this fails, say so there."""
    assert is_done(tried[1][ALL], name)


def test_no_lock_failed_to_be_put_in_place(tried: tuple[int | None, Results]) -> None:
    broken = [said for one in tried[1].values() for said in one.values() if "BROKEN" in said]
    assert broken == []


def is_done(results: Mapping[str, str], name: str) -> bool:
    return results[name].startswith("DONE")

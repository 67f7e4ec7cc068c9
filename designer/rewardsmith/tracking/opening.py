"""Opens the trackers that were asked for, before anything is made or spent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from rewardsmith.errors import UsageError, unknown
from rewardsmith.store.run import Run
from rewardsmith.tracking.feed import Feed, Tell, facts_of
from rewardsmith.tracking.readings import settings_of, summary_of
from rewardsmith.tracking.tracker import TRACKERS, Tracker

_CLASSES: Final[Mapping[str, str]] = {
    "wandb": "WandbTracker",
    "mlflow": "MlflowTracker",
    "trackio": "TrackioTracker",
}


def check_trackers(names: Sequence[str]) -> None:
    """Refuse trackers that do not exist, or are not installed.

    Raises:
        UsageError: One is not; it names the extra that brings it.
    """
    for name in names:
        if name not in TRACKERS:
            raise UsageError(unknown("tracker", name, TRACKERS))
        if find_spec(name) is None:
            raise UsageError(
                f"`--track {name}` needs {name}, which is not installed. "
                f"`pip install 'rewardsmith[{name}]'` adds it."
            )


@contextmanager
def tracking(
    run: Run,
    names: Sequence[str],
    tell: Tell,
    make: Callable[[str], Tracker] | None = None,
) -> Iterator[None]:
    """Report what happens to `run` in the block to the trackers called `names`.

    Args:
        run: Open for writing.
        names: Trackers that passed `check_trackers`.
        tell: Hears, in one line, what goes wrong with one.
        make: Makes a tracker from its name; a test passes its own.
    """
    with ExitStack() as stack:
        for name in dict.fromkeys(names):
            feed = _opened(run, name, tell, make or _made)
            if feed is not None:
                stack.callback(_close, feed, run)
                run.subscribe(feed.event)
                run.subscribe_metrics(feed.point)
        yield


def _close(feed: Feed, run: Run) -> None:
    feed.close(summary_of(run))


def _opened(run: Run, name: str, tell: Tell, make: Callable[[str], Tracker]) -> Feed | None:
    try:
        tracker = make(name)
    except Exception as error:  # importing one runs its code
        said = " ".join(str(error).split())[:300]
        tell(f"{name} cannot be used, the run goes on without: {said}")
        return None
    facts = facts_of(run.id, settings_of(run))
    return Feed(name, tracker, facts, tell, is_measured=not run.manifest.task.is_ranked)


def _made(name: str) -> Tracker:
    module = import_module(f"rewardsmith.tracking.{name}_tracker")
    tracker: Tracker = getattr(module, _CLASSES[name])()
    return tracker

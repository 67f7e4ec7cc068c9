"""`rewardsmith train`: one policy with a person's own reward, judged once."""

import sys
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from rewardsmith.cli.documents import train_document
from rewardsmith.cli.driving import Manner, begin
from rewardsmith.cli.printing import print_json
from rewardsmith.cli.request import Request, read_init
from rewardsmith.model_team import OFFLINE
from rewardsmith.report.conclusions import concluding_evaluation
from rewardsmith.store.run import Run

FAILED = 1
"""Exit status where the program was refused by the probe, or its training came to no policy."""


def read_own(file: Path, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a run that trains one program, and nothing else.

    Raises:
        UsageError: The file cannot be read.
    """
    alone = {
        "search.init": read_init(file),
        "search.candidates": 1,
        "search.iterations": 1,
        "search.rungs": (),
        "search.confirm_top": 0,
        "model.model": OFFLINE,
    }
    return {key: value for key, value in (alone | dict(flags)).items() if value is not None}


def train_with(request: Request, runs_dir: Path, manner: Manner, *, as_json: bool) -> int:
    """Train, judge, and print what came of it; returns the exit status.

    Raises:
        UsageError: Something that was asked for does not exist, or the program breaks the contract.
        Interrupted: A person stopped it.
    """
    # Trackers print what they like: standard output is the document's alone.
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        run = Run.read(begin(request, runs_dir, manner))
    evaluation = concluding_evaluation(run)
    if as_json:
        print_json(train_document(run, evaluation))
    return FAILED if evaluation is None else 0

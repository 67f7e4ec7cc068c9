"""Starts the children of this folder."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import Child

CHILDREN = Path(__file__).parent / "children"
Begin = Callable[..., Child]


@pytest.fixture
def begin() -> Begin:
    """`begin(module, **request)`: a child of this folder, bound to one core."""

    def start(
        module: str,
        *,
        limits: Limits | None = None,
        openings: Openings | None = None,
        tensors: bytes = b"",
        **request: Any,
    ) -> Child:
        return spawn(
            module,
            job=encode_job(request, tensors),
            limits=limits or Limits(cpu_s=30),
            cpu=min(os.sched_getaffinity(0)),
            openings=replace(openings or Openings(), import_paths=(str(CHILDREN),)),
        )

    return start

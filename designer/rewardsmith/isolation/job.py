"""What is asked of a child process, and what came back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewardsmith.isolation.frames import Caps, Frame
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.messages import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One process's work: which module, its request, its tensors, its limits."""

    module: str
    """Module that is run as `__main__`, in a fresh interpreter."""
    request: Mapping[str, Any]
    """JSON-ready."""
    tensors: bytes = b""
    """Tensors or arrays the request refers to; empty when there are none."""
    limits: Limits
    caps: Caps = field(default_factory=Caps)
    """How much it may send."""
    openings: Openings = field(default_factory=Openings)
    """What the user's own environment code needs."""
    stall_s: float = 120.0
    """Seconds without a frame after which the process counts as hung."""
    on_metric: Callable[[bytes], None] | None = field(default=None, compare=False)
    """Called with the payload of every metric frame, as it arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """How a job ended; `outcome` is None when it ended well."""

    outcome: Outcome | None
    text: str = ""
    """What it said when it crashed, sanitised."""
    frames: tuple[Frame, ...] = field(default=(), repr=False)
    """Every frame, in order; metrics only where the job has no `on_metric`."""
    cpu_s: float = 0.0
    """CPU-seconds of the process, imports included."""
    is_lost: bool = False
    """Whether it was killed from outside: by the machine, not by its own doing or a limit."""

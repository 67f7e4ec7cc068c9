"""Ways for a locked child to end, one of them per process."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.frames import METRIC, TENSORS, TEXT


def report(place: Workplace) -> None:
    sys.stdout.write("r\x02\x00\x00\x00{}\n")  # a print cannot pass for a frame
    os.write(1, b"m\x02\x00\x00\x00{}")
    place.send_result({"blob": sum(a.size for a in place.arrays().values())})


def burn_cpu(place: Workplace) -> NoReturn:
    while True:
        pass


def burn_cpu_and_catch(place: Workplace) -> NoReturn:
    signal.signal(signal.SIGXCPU, lambda *_: None)
    while True:
        pass


def fill_memory(place: Workplace) -> None:
    held = []
    while True:
        held.append(bytearray(2**24))


def ask_too_much_of_numpy(place: Workplace) -> None:
    import numpy as np  # imported before the lock in `main`

    np.ones(10**12)


def flood_metrics(place: Workplace) -> None:
    while True:
        place.send_metric({"step": 1})


def huge_frame(place: Workplace) -> None:
    place.channel.write(METRIC, b" " * 2**20)


def flood_tensors(place: Workplace) -> None:
    while True:
        place.channel.write(TENSORS, b" " * 2**24)


def flood_stdout(place: Workplace) -> None:
    while True:
        os.write(1, b"y" * 2**16)


def flood_text(place: Workplace) -> None:
    while True:
        place.channel.write(TEXT, b"y" * 2**12)


def one_endless_line(place: Workplace) -> None:
    sys.stderr.write("x" * 2**20 + "\x1b]52;c;ZXZpbA==\x07 the end\n")
    sys.exit(3)


def segfault(place: Workplace) -> None:
    ctypes.string_at(0)


def abort(place: Workplace) -> None:
    os.abort()


def crash(place: Workplace) -> None:
    raise KeyError("height")


def sleep(place: Workplace) -> None:
    time.sleep(60)


def claim_success(place: Workplace) -> None:
    os._exit(0)


def foreign_call_convention(place: Workplace) -> None:
    """x32's getpid, by which a filter for x86-64 could be passed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(0x40000000 + 39)) >= 0:
        place.send_result({"passed": True})


ENDINGS: dict[str, Callable[[Workplace], None]] = {
    act.__name__: act
    for act in (
        report,
        burn_cpu,
        burn_cpu_and_catch,
        fill_memory,
        ask_too_much_of_numpy,
        flood_metrics,
        huge_frame,
        flood_tensors,
        flood_stdout,
        flood_text,
        one_endless_line,
        segfault,
        abort,
        crash,
        sleep,
        claim_success,
        foreign_call_convention,
    )
}


def main() -> None:
    place = open_workplace()
    if place.request["act"] in {"ask_too_much_of_numpy", "report"}:
        import numpy  # noqa: F401
    place.lock("strict")
    ENDINGS[place.request["act"]](place)


if __name__ == "__main__":
    main()

"""A child that does what its request says: works, dies, hangs, eats memory, talks nonsense."""

import ctypes
import os
import sys
import time

from rewardsmith.isolation.child import Workplace, open_workplace


def act(place: Workplace, how: str) -> None:
    if how == "crash":
        raise RuntimeError("the reward divided by zero on line 7")
    if how == "segfault":
        ctypes.string_at(0)
    if how == "hang":
        time.sleep(60)
    if how == "spin":
        while True:
            pass
    if how == "memory":
        blocks = []
        while True:
            blocks.append(bytearray(64 * 1024 * 1024))
    if how == "nonsense":
        os.write(place.channel._fd, b"\xff" * 100)
    if how == "silent exit":
        sys.exit(0)


def main() -> None:
    place = open_workplace()
    act(place, place.request["how"])
    place.send_result({"answer": place.request["how"]})


if __name__ == "__main__":
    main()

"""highway-env behind its cards: what fields say of the traffic, and what the package does."""

import os
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.environments.fitness import compile_step
from rewardsmith.environments.suites.highway import FAR, make_road
from rewardsmith.environments.suites.packages import package
from rewardsmith.environments.suites.parking import driver
from rewardsmith.errors import UsageError
from rewardsmith.evaluation.renderer import render_episode

CARDS = (
    "HighwayEnv",
    "highway-v0",
    "highway-fast-v0",
    "merge-v0",
    "merge-generic-v0",
    "roundabout-v0",
    "roundabout-generic-v0",
    "intersection-v0",
    "parking-v0",
)
QUICK = ("highway-fast-v0", "merge-v0", "roundabout-v0", "intersection-v0", "parking-v0")


class Drive:
    """One environment of a card, with its fields after the last step."""

    def __init__(self, card: EnvCard) -> None:
        self.card = card
        self.env = make_env(card)
        self.raw: Any = self.env.unwrapped
        self._reader = FieldReader(card, self.env)

    def begin(self, seed: int) -> dict[str, np.ndarray]:
        obs, info = self.env.reset(seed=seed)
        return self._reader.read(obs, info, at_start=True)

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], bool]:
        obs, _, terminated, _, info = self.env.step(action)
        return self._reader.read(obs, info), bool(terminated)


@pytest.fixture(autouse=True)
def drivers_as_the_package_ships_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """An intersection rewrites the class of all drivers: it is put back after every test."""
    drivers = package("highway_env.vehicle.behavior", "highway-v0").IDMVehicle
    for name in ("DISTANCE_WANTED", "COMFORT_ACC_MAX", "COMFORT_ACC_MIN"):
        monkeypatch.setattr(drivers, name, getattr(drivers, name))


@cache
def drive(name: str) -> Drive:
    return Drive(load_card(name))


def still(card: EnvCard) -> Any:
    return 1 if card.state.action.kind == "discrete" else np.zeros(2, np.float32)


@pytest.mark.parametrize("name", CARDS)
def test_no_field_reads_what_the_package_puts_into_info(name: str) -> None:
    assert not [f.name for f in load_card(name).state.fields if "info" in f.source]


def test_package_puts_its_rewards_into_info() -> None:
    env = make_env(load_card("merge-v0"))
    assert "rewards" in env.reset(seed=0)[1]


def test_gaps_are_those_of_the_packages_own_drivers() -> None:
    fast = drive("highway-fast-v0")
    fast.begin(3)
    seen = 0
    for action in (1, 0, 1, 2, 1):
        fields, ended = fast.step(action)
        ego, road = fast.raw.vehicle, fast.raw.road
        for side, gap, closing in zip(
            (-1, 0, 1), fields["gap_ahead"], fields["closing_ahead"], strict=True
        ):
            index = (*ego.lane_index[:2], ego.lane_index[2] + side)
            if not 0 <= index[2] < fields["lanes"]:
                assert (gap, closing) == (0.0, 0.0)
                continue
            front, _ = road.neighbour_vehicles(ego, index)
            if front is not None and gap < FAR:
                assert np.isclose(gap, front.position[0] - ego.position[0])
                assert np.isclose(closing, ego.velocity[0] - front.velocity[0])
                seen += 1
        if ended:
            break
    assert seen >= 5


def test_gaps_behind_are_those_of_the_packages_own_drivers() -> None:
    merge = drive("merge-v0")
    fields = merge.begin(2)
    ego = merge.raw.vehicle
    _, rear = merge.raw.road.neighbour_vehicles(ego, ego.lane_index)
    expected = FAR if rear is None else ego.position[0] - rear.position[0]
    assert np.isclose(fields["gap_behind"][1], expected)
    assert fields["gap_behind"][2] == 0.0  # there is no lane to the right before the ramp joins


def test_others_are_seen_from_the_drivers_seat() -> None:
    ring = drive("roundabout-v0")
    ring.begin(1)
    fields, _ = ring.step(1)
    ego = ring.raw.vehicle
    away = [v.position - ego.position for v in ring.raw.road.vehicles if v is not ego]
    nearest = min(away, key=lambda a: float(np.linalg.norm(a)))
    ahead, right = fields["others"][0, :2]
    along = np.array([np.cos(ego.heading), np.sin(ego.heading)])
    assert np.isclose(ahead, nearest @ along)
    assert np.isclose(right, nearest @ np.array([-along[1], along[0]]))
    assert (np.diff(np.hypot(*fields["others"][:, :2].T)) >= -1e-9).all()


def test_lanes_and_density_are_parameters_of_the_card(tmp_path: Path) -> None:
    config = "{lanes_count: 2, vehicles_count: 6, vehicles_density: 2.0}"
    text = f"base: highway-fast-v0\nkwargs: {{config: {config}}}\n"
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    few = Drive(load_card(str(tmp_path)))
    assert few.begin(0)["lanes"] == 2
    assert len(few.raw.road.vehicles) == 7
    assert few.card.tasks["overtake"].references.keys() == {"native", "sparse", "expert"}


@pytest.mark.parametrize("name", QUICK)
def test_same_seed_gives_the_same_traffic(name: str) -> None:
    road = drive(name)
    road.begin(7)
    first = road.step(still(road.card))[0]
    road.begin(8)
    road.step(still(road.card))
    road.begin(7)
    again = road.step(still(road.card))[0]
    assert all(np.array_equal(values, again[field]) for field, values in first.items())


def test_fields_of_a_new_episode_are_not_those_of_the_last_one() -> None:
    merge = drive("merge-v0")
    first, other = merge.begin(1)["gap_ahead"], merge.begin(2)["gap_ahead"]
    assert not np.array_equal(first, other)


def test_crossing_is_passed_where_the_package_says_so() -> None:
    crossing = drive("intersection-v0")
    fields = crossing.begin(0)
    assert fields["to_exit"] > 50
    told = []
    for _ in range(crossing.card.max_steps):
        fields, ended = crossing.step(1)
        has_arrived = bool(crossing.raw.has_arrived(crossing.raw.vehicle))
        assert (fields["to_exit"] < 0.1) == has_arrived
        told.append(has_arrived)
        if ended:
            break
    assert told[-1]
    assert not fields["crashed"]


def test_route_through_the_roundabout_shrinks_as_it_is_driven() -> None:
    ring = drive("roundabout-v0")
    left = [float(ring.begin(0)["route_left"])]
    left += [float(ring.step(1)[0]["route_left"]) for _ in range(5)]
    # not by what is driven where lanes of different forms overlap
    assert all(after <= before + 0.1 for before, after in pairwise(left))
    assert 25 < left[0] - left[-1] < 45


def test_crossing_changes_the_drivers_of_its_whole_process_as_its_card_says() -> None:
    drivers = package("highway_env.vehicle.behavior", "highway-v0").IDMVehicle
    drivers.DISTANCE_WANTED = 10.0
    drive("intersection-v0").begin(0)
    assert drivers.DISTANCE_WANTED == 7


@pytest.mark.parametrize(
    ("away", "turned", "is_parked"), [(0, 0, True), (3, 0, False), (0, 2, False)]
)
def test_parked_is_what_the_package_calls_so(away: float, turned: float, is_parked: bool) -> None:
    lot = drive("parking-v0")
    lot.begin(0)
    ego = lot.raw.vehicle
    ego.position = ego.goal.position + np.array([away, 0.0])
    ego.heading = ego.goal.heading + turned
    fields, ended = lot.step(np.zeros(2, np.float32))
    condition = compile_step(lot.card.tasks["park"].success, lot.card.state, "success", {})
    inputs = {f"state.{name}": values[None] for name, values in fields.items()}
    assert bool(condition.evaluate(np, inputs)[0] > 0) == is_parked
    assert ended == is_parked


def test_heading_of_a_car_park_is_what_is_observed() -> None:
    lot = drive("parking-v0")
    for seed in range(4):
        lot.begin(seed)
        fields, _ = lot.step(np.array([1.0, -1.0], np.float32))
        seen = lot.raw.vehicle.to_dict()
        assert np.isclose(fields["heading"], np.arctan2(seen["sin_h"], seen["cos_h"]))


def test_scripted_driver_parks_most_of_the_time() -> None:
    lot, act = drive("parking-v0"), driver()
    parked = 0
    for seed in range(12):
        obs, _ = lot.env.reset(seed=seed)
        for _ in range(100):
            obs, _, terminated, _, info = lot.env.step(act(obs))
            if terminated:
                parked += bool(info["is_success"])
                break
    assert parked >= 8


def test_package_draws_black_under_the_dummy_video_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = make_road(name="parking-v0", render_mode="rgb_array")
    env.reset(seed=0)
    assert np.asarray(env.render()).max() == 0


def test_film_is_not_black_whatever_video_driver_the_caller_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    film = render_episode(load_card("parking-v0"), np.full((3, 2), 0.5), 1)
    assert film.video is not None, film.reason
    path = tmp_path / "film.mp4"
    path.write_bytes(film.video)
    frames = imageio_ffmpeg.read_frames(str(path))
    width, height = next(frames)["size"]
    picture = np.frombuffer(next(frames), dtype=np.uint8).reshape(height, width, 3)
    frames.close()
    assert picture.std() > 10
    assert os.environ["SDL_VIDEODRIVER"] == "dummy"


def test_unknown_road_is_said() -> None:
    with pytest.raises(UsageError, match="highwai-v0"):
        make_road(name="highwai-v0")

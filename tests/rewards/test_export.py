"""An exported reward lives without rewardsmith and pays exactly what training paid."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.rewards.composition import RewardStream
from rewardsmith.rewards.contract import RewardProgram, read_program
from rewardsmith.rewards.export import export_module

EVERYTHING = '''"""Everything a program may use, "quoted" and \\\\ escaped."""

CONTRACT = 1
PARAMS = {"goal": 2.0}
WEIGHTS = {"speed": 1.0, "smooth": 0.5, "rise": 3.0, "logged": 0.0, "late": 0.1}
TOTAL = {"clip": [-20, 20]}
MEMORY = {"recent": [0.0, 0.0], "peak": -1.0}


def reward(
    state, action, xp, *, initial, previous, params, memory, step, previous_action, terminated
):
    late = 0.0
    if step > 100 or terminated:
        late = 1.0
    components = {
        "speed": xp.tolerance(state.forward_velocity, params.goal, 10.0, margin=5.0),
        "smooth": -xp.sum((action - previous_action) ** 2) + memory.recent[0],
        "rise": state.height - previous.height + state.head_height - initial.head_height,
        "logged": state.x_position,
        "late": late + memory.peak,
    }
    recent = 0.9 * memory.recent + xp.array([0.1, 0.2])
    return components, {"recent": recent, "peak": xp.maximum(memory.peak, state.height)}


def potential(state, xp):
    return xp.norm(state.joint_angles) - 0.1 * state.x_position
'''

RIDER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import gymnasium
from reward import DesignedReward

env = DesignedReward(gymnasium.make("HalfCheetah-v5", max_episode_steps=120))
actions = np.load(sys.argv[1] + "/actions.npy")
paid, parts = [], []
env.reset(seed=5)
for number, action in enumerate(actions):
    obs, reward, terminated, truncated, info = env.step(action)
    paid.append(reward)
    parts.append(info["reward_components"])
    if terminated or truncated:
        env.reset(seed=6)
assert not [name for name in sys.modules if name.startswith("rewardsmith")]
print(json.dumps({"paid": paid, "parts": parts}))
"""


@pytest.fixture(scope="module")
def card() -> EnvCard:
    return load_card("HalfCheetah-v5")


@pytest.fixture(scope="module")
def program(card: EnvCard) -> RewardProgram:
    reading = read_program(EVERYTHING, card.state)
    assert reading.program is not None, reading.findings
    return reading.program


def paid_by_stream(
    program: RewardProgram, card: EnvCard, actions: np.ndarray, *, horizon: int
) -> tuple[list[float], list[dict[str, float]]]:
    """What training pays, over episodes of `horizon` steps."""
    env, stream = make_env(card), RewardStream(program, card.state, 1, gamma=0.97)
    reader = FieldReader(card, env)

    def begin(seed: int) -> None:
        obs, info = env.reset(seed=seed)
        fields = reader.read(obs, info, at_start=True)
        stream.begin({name: value[None] for name, value in fields.items()})

    begin(5)
    paid, parts = [], []
    for number, action in enumerate(actions, start=1):
        obs, _, terminated, _, info = env.step(action)
        fields = {name: value[None] for name, value in reader.read(obs, info).items()}
        ended = np.array([number % horizon == 0])
        step = stream.step(action[None], fields, terminated=np.array([terminated]), truncated=ended)
        paid.append(float(step.total[0]))
        parts.append({name: float(values[0]) for name, values in step.components.items()})
        if ended[0]:
            begin(6)
    return paid, parts


def test_exported_wrapper_pays_what_training_paid_over_an_episode_end(
    program: RewardProgram, card: EnvCard, rng: np.random.Generator, tmp_path: Path
) -> None:
    actions = rng.uniform(-1, 1, (200, 6))
    np.save(tmp_path / "actions.npy", actions)
    export = export_module(program, card, gamma=0.97)
    assert export.refusal is None
    (tmp_path / "reward.py").write_text(export.module, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", RIDER, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    paid, parts = paid_by_stream(program, card, actions, horizon=120)
    assert answer["paid"] == paid
    assert answer["parts"] == parts


@pytest.mark.parametrize("total", ["'sum'", "'product'", "{'clip': [-1, 1]}"])
def test_many_environments_are_paid_as_by_the_stream(
    card: EnvCard, rng: np.random.Generator, total: str
) -> None:
    text = EVERYTHING.replace('{"clip": [-20, 20]}', total)
    program = read_program(text, card.state).program
    assert program is not None
    names: dict[str, object] = {}
    exec(export_module(program, card, gamma=0.9).module, names)
    theirs = names["Reward"](3)  # type: ignore[operator]  # a class that exec defined
    ours = RewardStream(program, card.state, 3, gamma=0.9)
    for stream in (theirs, ours):
        stream.begin(some_fields(card, np.random.default_rng(1)))
    for _ in range(20):
        fields, action = some_fields(card, rng), rng.normal(size=(3, 6))
        terminated, truncated = rng.random(3) < 0.2, rng.random(3) < 0.1
        flags = {"terminated": terminated, "truncated": truncated}
        mine = ours.step(action, fields, **flags)
        paid, parts = theirs.step(action, fields, **flags)
        np.testing.assert_array_equal(paid, mine.total)
        for name, values in mine.components.items():
            np.testing.assert_array_equal(parts[name], values)
        fresh, rows = some_fields(card, rng), terminated | truncated
        ours.begin(fresh, rows)
        theirs.begin(fresh, rows)


def some_fields(card: EnvCard, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {spec.name: rng.normal(size=(3, *spec.shape)) for spec in card.state.fields}


def test_reward_alone_needs_no_gymnasium(
    program: RewardProgram, card: EnvCard, tmp_path: Path
) -> None:
    (tmp_path / "reward.py").write_text(export_module(program, card, gamma=0.9).module)
    text = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.modules['gymnasium'] = None\n"
        "import reward; reward.Reward(2); print(sorted(reward.WEIGHTS))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", text, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "speed" in done.stdout


def test_derived_and_constant_fields_are_generated(rng: np.random.Generator) -> None:
    card = load_card("Pendulum-v1")
    text = "def reward(state, action, xp):\n    return {'up': xp.cos(state.angle)}\n"
    program = read_program(text, card.state).program
    assert program is not None
    names: dict[str, object] = {}
    exec(export_module(program, card, gamma=0.9).module, names)
    env = make_env(card)
    obs, info = env.reset(seed=1)
    fields = names["read_fields"](env, obs, info, at_start=True)  # type: ignore[operator]
    expected = FieldReader(card, env).read(obs, info, at_start=True)
    assert fields["angle"].shape == (1,)
    assert fields["angle"][0] == expected["angle"]


def test_field_that_needs_rewardsmith_refuses_the_wrapper_only(card: EnvCard) -> None:
    fields = tuple(
        replace(spec, source="contact(head, floor)") if spec.name == "height" else spec
        for spec in card.state.fields
    )
    odd = replace(card, state=replace(card.state, fields=fields))
    text = "def reward(state, action, xp):\n    return {'up': state.height}\n"
    program = read_program(text, odd.state).program
    assert program is not None
    export = export_module(program, odd, gamma=0.9)
    assert "class Reward" in export.module
    assert "DesignedReward" not in export.module.split("import numpy")[1]
    assert "'height'" in str(export.refusal)


def test_words_of_the_program_cannot_leave_the_docstring(card: EnvCard) -> None:
    text = (
        "'''A title \"\"\" + __import__('os').getcwd() + \"\"\" \\\\'''\n"
        "def reward(state, action, xp):\n    return {'up': state.height}\n"
    )
    program = read_program(text, card.state).program
    assert program is not None
    compile(export_module(program, card, gamma=0.9).module, "reward.py", "exec")

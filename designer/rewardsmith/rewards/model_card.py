"""The README of an exported folder: a model card, with the front matter that Hugging Face reads.

Pure: what was measured comes in as numbers and tables, and is repeated with what it measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, Final

import yaml

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.own_code import OwnCode
from rewardsmith.messages import FieldSpec, Task
from rewardsmith.rewards.composition import fields_read
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.export import Export, title_of
from rewardsmith.rewards.export_policy import needs_rewardsmith

_TEXT: Final = Template("""\
# $title

A reward for `$env`$and_policy, designed by rewardsmith $version for the task: $instruction

| file | what it is |
|---|---|
$files

## Use the reward

$use_reward
`Reward(n_envs)` computes the same for any number of environments side by side, from their state
fields: `begin(fields)` where episodes start, `step(action, fields, terminated=...)` after every
step. It reads these fields:

| field | shape | unit | source | meaning |
|---|---|---|---|---|
$fields
$use_policy
## What was measured

$judged

$measured

## Limits

$limits
""")

_BY_FITNESS: Final = Template("""\
Fitness is the task's own measure, never the reward: `$fitness` (higher is better). An episode
succeeds where `$success` ($semantics).""")

_BY_PEOPLE: Final = """\
Nothing measures this task: people compared rollouts of the candidates, and the ranking that follows
from their answers chose among them. There is no fitness and no success rate."""

_NOT_YET: Final = "Nothing yet: the fitness of this task waits to be chosen."

_USE_REWARD: Final = """\
```python
from environment import make

env = make()  # pays the designed reward; make(designed=False) pays the environment's own
obs, info = env.reset(seed=0)
obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
print(reward, info["reward_components"])
```

"""

_USE_POLICY: Final = """
## Use the policy

```python
from environment import make
from policy import Policy

act, env = Policy(), make()
obs, info = env.reset(seed=0)
obs, reward, terminated, truncated, info = env.step(act(obs))
```

`python play.py` plays episodes. Tanh layers on normalised observations; deterministic.
"""

_TRAIN_AGAIN: Final = """\
`python train.py` trains one again with these hyperparameters, with Gymnasium and
Stable-Baselines3 alone.
"""

_FILES: Final = {
    "reward.py": "the reward as a module of its own; needs only NumPy",
    "original_reward.py": "the program as it was written, for reading",
    "environment.py": "makes the environment as the policy saw it",
    "policy.safetensors": "the trained policy",
    "policy.py": "loads it; needs NumPy and safetensors",
    "play.py": "plays episodes with it",
    "train.py": "trains one again; needs Gymnasium and Stable-Baselines3",
    "measured.json": "everything that was measured, for scripts; people's remarks are left out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of the front matter."""

    kind: str
    """As in `success_rate`."""
    name: str
    """What it is a measure of."""
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is known of a reward and its policy."""

    metrics: tuple[Metric, ...]
    paragraphs: tuple[str, ...]
    """Markdown, in order."""
    run: str
    """Id of the run it comes from."""
    candidate: str
    version: str
    """Of rewardsmith."""


def model_card(
    program: RewardProgram,
    card: EnvCard,
    task: Task,
    export: Export,
    *,
    files: Sequence[str],
    measured: Measured,
    algorithm: str,
    own: OwnCode | None = None,
) -> str:
    """The text of `README.md`.

    Args:
        program: The exported reward.
        card: The environment's.
        task: What the reward was designed for.
        export: Its module.
        files: Names of the files that lie beside it.
        measured: What is known.
        algorithm: Who trains the policies, as presets call it.
        own: The environment's module, where it is a person's own.
    """
    title, has_policy = title_of(program, card), "policy.safetensors" in files
    specs = [card.state.field(name) for name in fields_read(program, card.state)]
    use = _USE_REWARD if export.refusal is None else f"No Gymnasium wrapper: {export.refusal}\n\n"
    use_policy = _USE_POLICY + (_TRAIN_AGAIN if "train.py" in files else "")
    text = _TEXT.substitute(
        title=title,
        env=card.id,
        and_policy=" and a policy trained with it" if has_policy else "",
        version=measured.version,
        instruction=task.instruction,
        files="\n".join(_file_rows(files, own)),
        use_reward=use,
        fields="\n".join(map(_field_row, specs)),
        use_policy=use_policy if has_policy else "",
        judged=_judged(task),
        measured="\n\n".join(measured.paragraphs) or "Nothing yet.",
        limits="\n".join(
            f"- {limit}" for limit in _limits(card, measured, own, has_policy=has_policy)
        ),
    )
    name = f"{algorithm.upper()}: {title}"
    return f"---\n{_front_matter(name, card, measured, has_policy=has_policy)}---\n\n{text}"


def _file_rows(files: Sequence[str], own: OwnCode | None) -> list[str]:
    rows = {name: words for name, words in _FILES.items() if name in files}
    rows |= {path.name: "the environment's own code" for path in (own.files if own else ())}
    return [f"| `{name}` | {words} |" for name, words in rows.items()]


def _judged(task: Task) -> str:
    """What the numbers of the card are measures of."""
    if not task.is_measured:
        return _BY_PEOPLE if task.is_ranked else _NOT_YET
    return _BY_FITNESS.substitute(
        fitness=task.fitness, success=task.success, semantics=task.semantics
    )


def _front_matter(name: str, card: EnvCard, measured: Measured, *, has_policy: bool) -> str:
    content: dict[str, Any] = {
        "library_name": "rewardsmith",
        "pipeline_tag": "reinforcement-learning",
        "tags": ["reinforcement-learning", "reward-design", "rewardsmith", card.id],
    }
    if has_policy and measured.metrics:
        result = {
            "task": {"type": "reinforcement-learning", "name": "reinforcement-learning"},
            "dataset": {"name": card.id, "type": card.id},
            "metrics": [
                {"type": m.kind, "value": round(m.value, 6), "name": m.name, "verified": False}
                for m in measured.metrics
            ],
        }
        content["model-index"] = [{"name": name, "results": [result]}]
    written: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    return written


def _limits(
    card: EnvCard, measured: Measured, own: OwnCode | None, *, has_policy: bool
) -> list[str]:
    said = [f"From run `{measured.run}`, candidate {measured.candidate}; no licence was chosen."]
    if has_policy:
        said.append("The policy is that of one training; another training seed gives another.")
    if needs_rewardsmith(card):
        said.append(f"The environment `{card.id}` is rewardsmith's own: it has to be installed.")
    if own is not None and own.files:
        said.append(
            "The environment's own code is that of the export; files that it reads are not here."
        )
    elif own is not None:
        said.append(
            f"The environment's module `{own.module}` is not here. Install it, put it beside "
            "`environment.py`, or name the folder that holds it in the variable "
            "`REWARDSMITH_ENV_PATH`."
        )
    return said


def _field_row(spec: FieldSpec) -> str:
    cells = (f"`{spec.name}`", str(spec.shape), spec.unit or "-", f"`{spec.source}`", spec.meaning)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"

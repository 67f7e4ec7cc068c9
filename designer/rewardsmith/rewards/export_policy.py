"""Writes what a policy needs to live on by itself: a loader, its environment, a training script.

Pure: a card and hyperparameters in, the texts of files out.
"""

import itertools
import json
from collections.abc import Mapping
from pprint import pformat
from typing import Any, Final

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.own_code import OwnCode
from rewardsmith.rewards.export_policy_template import (
    ENVIRONMENT,
    OWN_MODULE,
    PLAY,
    POLICY,
    TRAIN,
)

_NETWORK: Final = (
    "algorithm",
    "hidden",
    "log_std_init",
    "n_envs",
    "activation",
    "ent_coef_init",
    "n_sampled_goal",
)
"""Hyperparameters of a preset that are no argument of SB3's algorithm, or have another name."""
_LAYERS: Final = {
    "tanh": "np.tanh(x @ weight + bias)",
    "relu": "np.maximum(x @ weight + bias, 0.0)",
}


_RELABELLING: Final = """
The policy beside it also learnt from goals that were achieved later (hindsight experience replay);
this script does not relabel goals, and may need many more timesteps or not learn at all.
"""


def policy_files(card: EnvCard, preset: Mapping[str, Any]) -> dict[str, str]:
    """`policy.py`, and a script that plays in the environment beside it.

    Args:
        card: The environment's.
        preset: Hyperparameters, as `preset_mapping` gives them.
    """
    return {
        "policy.py": POLICY.substitute(
            layer=_LAYERS[preset.get("activation", "tanh")],
            head=_head(card, is_squashed=preset["algorithm"] == "sac"),
        ),
        "play.py": PLAY,
    }


def environment_text(
    card: EnvCard,
    *,
    horizon: int,
    has_wrapper: bool,
    own: OwnCode | None = None,
    env_path: str = "",
) -> str:
    """The text of `environment.py`.

    Args:
        card: The environment's.
        horizon: Timesteps after which an episode is truncated.
        has_wrapper: Whether the exported reward comes with a Gymnasium wrapper.
        own: The module that makes the environment, where it is the person's own.
        env_path: Folder where that one is looked for at last; empty: nowhere.
    """
    imports = _import_of(card) if own is None else _own_import(card, own, env_path)
    return ENVIRONMENT.substitute(
        imports=imports, make=_make_text(card), horizon=horizon, designed=has_wrapper
    )


def training_script(preset: Mapping[str, Any], total_timesteps: int) -> str:
    """The text of `train.py`.

    Args:
        preset: Hyperparameters, as `preset_mapping` gives them.
        total_timesteps: Of one training.
    """
    settings = {name: value for name, value in preset.items() if name not in _NETWORK}
    network: dict[str, Any] = {"net_arch": list(preset["hidden"])}
    if preset["algorithm"] == "sac":
        settings["ent_coef"] = f"auto_{preset['ent_coef_init']}"
        layers = {"hidden": "actor.latent_pi", "output": "actor.mu"}
        activation = {"relu": "ReLU", "tanh": "Tanh"}[preset["activation"]]
    else:
        network |= {"log_std_init": preset["log_std_init"], "optimizer_kwargs": {"eps": 1e-5}}
        layers = {"hidden": "mlp_extractor.policy_net", "output": "action_net"}
        activation = "Tanh"
    return TRAIN.substitute(
        layers,
        relabelling=_RELABELLING if preset.get("n_sampled_goal") else "",
        algorithm=preset["algorithm"].upper(),
        activation=activation,
        timesteps=f"{total_timesteps:_}",
        n_envs=preset["n_envs"],
        settings=pformat(settings, width=88, sort_dicts=False),
        network=pformat(network, width=88, sort_dicts=False),
    )


def needs_rewardsmith(card: EnvCard) -> bool:
    """Whether the environment itself is one of rewardsmith's own."""
    return card.id.startswith("rewardsmith.")


def _import_of(card: EnvCard) -> str:
    module, colon, name = card.id.partition(":")
    return f"from {module} import {name}" if colon and name.isidentifier() else "import gymnasium"


def _own_import(card: EnvCard, own: OwnCode, env_path: str) -> str:
    """Statements that import a module which may lie elsewhere."""
    registers = not card.id.rpartition(":")[2].isidentifier()
    return OWN_MODULE.substitute(
        before="import gymnasium\n\n" if registers else "",
        statement=f"import {own.module}" if registers else _import_of(card),
        module=own.module,
        first=own.module.partition(".")[0],
        path=json.dumps(env_path, ensure_ascii=False),
    ).rstrip()


def _make_text(card: EnvCard) -> str:
    """A call that makes the environment of `card`, without a horizon."""
    fixed = "".join(f"{name}={value!r}, " for name, value in card.kwargs.items())
    _, colon, name = card.id.partition(":")
    if colon and name.isidentifier():
        return f"{name}({fixed}**kwargs)"
    return f'gymnasium.make("{card.id}", max_episode_steps=-1, {fixed}**kwargs)'


def _head(card: EnvCard, *, is_squashed: bool) -> str:
    """Statements that turn outputs (B, n) into actions of the environment."""
    action = card.state.action
    if action.choices:
        ends = list(itertools.accumulate(action.choices))[:-1]
        return (
            f"parts = np.split(x, {ends}, axis=1)\n"
            "        chosen = np.stack([np.argmax(part, axis=1) for part in parts], axis=1)\n"
            f"        return chosen.reshape(len(x), *{action.shape})"
        )
    low, high = list(action.low), list(action.high)
    outputs = "np.tanh(x)" if is_squashed else "x"
    return (
        f"low, high = np.array({low}), np.array({high})\n"
        f"        unit = np.clip({outputs}.astype(np.float64), -1.0, 1.0)\n"
        "        scaled = low + (unit + 1.0) * 0.5 * (high - low)\n"
        f"        return scaled.reshape(len(x), *{action.shape})"
    )

"""What a training is between two segments, as named tensors.

Networks, Adam's moments and the running statistics; beside them, where a next segment follows, the
transitions that an off-policy learner goes on learning from. The driver knows every name and shape
from the preset and the step, so a worker cannot hand in anything else.
"""

import math
from collections.abc import Mapping

from rewardsmith.errors import ConfigError
from rewardsmith.evaluation.policy import PolicySpec, network_tensors, policy_tensors
from rewardsmith.isolation.tensors import ITEM_BYTES, MAX_HEADER_BYTES, TensorSpec
from rewardsmith.training.preset import Preset, SacPreset, is_relabelled

ADAM_MOMENTS = ("exp_avg", "exp_avg_sq")
SAC_OPTIMIZERS = ("actor", "critic", "ent_coef")
N_CRITICS = 2
"""Of SAC, which believes the smaller of their values."""
MAX_EXPERIENCE_BYTES = 256 * 1024 * 1024
"""Of the transitions beside a checkpoint: while a worker takes or hands them over it holds up to
six copies, and has 4 GiB of address space."""


def checkpoint_tensors(spec: PolicySpec) -> dict[str, TensorSpec]:
    """Names, dtypes and shapes of a checkpoint of a policy of shape `spec`."""
    weights, number = trained_tensors(spec), TensorSpec("F64", ())
    return {
        **policy_tensors(spec),
        **weights,
        **(_critics(spec, "target") if spec.algorithm == "sac" else {}),
        **{
            f"adam.{name}.{moment}": tensor
            for name, tensor in weights.items()
            for moment in ADAM_MOMENTS
        },
        **dict.fromkeys(_adam_steps(spec), number),
        "obs.count": number,
        "return.mean": number,
        "return.var": number,
        "return.count": number,
    }


def trained_tensors(spec: PolicySpec) -> dict[str, TensorSpec]:
    """The tensors that gradients change."""
    weights = network_tensors(spec, "actor", spec.n_outputs)
    if spec.algorithm == "sac":
        return {
            **weights,
            **_critics(spec, "critic"),
            "log_std.weight": TensorSpec("F32", (spec.n_outputs, (spec.obs_dim, *spec.hidden)[-1])),
            "log_std.bias": TensorSpec("F32", (spec.n_outputs,)),
            "log_ent_coef": TensorSpec("F32", (1,)),
        }
    weights |= network_tensors(spec, "critic", 1)
    if spec.action.kind == "continuous":
        weights["log_std"] = TensorSpec("F32", (spec.n_outputs,))
    return weights


def experience_tensors(spec: PolicySpec, preset: Preset, step: int) -> dict[str, TensorSpec]:
    """Names, dtypes and shapes of what a next segment from `step` needs beside the checkpoint.

    In the environment's and the reward's own units; empty for PPO, which uses a rollout once.
    """
    if not isinstance(preset, SacPreset):
        return {}
    n = min(preset.capacity, step)
    ends = {"replay.ended": TensorSpec("BOOL", (n,))} if is_relabelled(preset) else {}
    return {
        "replay.obs": TensorSpec("F32", (n, spec.obs_dim)),
        "replay.next_obs": TensorSpec("F32", (n, spec.obs_dim)),
        "replay.actions": TensorSpec("F32", (n, spec.n_outputs)),
        "replay.rewards": TensorSpec("F32", (n,)),
        "replay.terminated": TensorSpec("BOOL", (n,)),
        **ends,
    }


def blob_bytes(tensors: Mapping[str, TensorSpec]) -> int:
    """The most bytes that `tensors` take: their numbers and the largest header."""
    numbers = sum(math.prod(tensor.shape) * ITEM_BYTES[tensor.dtype] for tensor in tensors.values())
    return numbers + MAX_HEADER_BYTES + 8


def require_room(spec: PolicySpec, preset: Preset) -> None:
    """Refuse a preset whose transitions do not fit between two segments.

    Raises:
        ConfigError: With the largest `buffer_size` that does.
    """
    whole, one = (
        blob_bytes(experience_tensors(spec, preset, n)) - blob_bytes({}) for n in (2**40, 1)
    )
    if whole > MAX_EXPERIENCE_BYTES:
        raise ConfigError(
            f"A checkpoint would hold {whole / 2**20:.0f} MiB of transitions; at most "
            f"{MAX_EXPERIENCE_BYTES // 2**20} are carried from one segment to the next. Lower "
            f"`training.preset.buffer_size` to {MAX_EXPERIENCE_BYTES // one} or less."
        )


def _critics(spec: PolicySpec, name: str) -> dict[str, TensorSpec]:
    """SAC's critics, which judge an observation and an action."""
    return {
        tensor: wanted
        for i in range(N_CRITICS)
        for tensor, wanted in network_tensors(
            spec, f"{name}{i}", 1, n_more_inputs=spec.n_outputs
        ).items()
    }


def _adam_steps(spec: PolicySpec) -> tuple[str, ...]:
    """Names of the optimizers' step counts."""
    if spec.algorithm == "sac":
        return tuple(f"adam.{name}.step" for name in SAC_OPTIMIZERS)
    return ("adam.step",)

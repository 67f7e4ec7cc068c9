"""What a training is between two segments, as named tensors.

Actor, critic, Adam's moments and the running statistics; nothing else survives a segment. The
driver knows every name and shape from the preset, so a worker cannot hand in anything else.
"""

import math

from rewardsmith.evaluation.policy import PolicySpec, network_tensors, policy_tensors
from rewardsmith.isolation.tensors import MAX_HEADER_BYTES, TensorSpec

ADAM_MOMENTS = ("exp_avg", "exp_avg_sq")


def checkpoint_tensors(spec: PolicySpec) -> dict[str, TensorSpec]:
    """Names, dtypes and shapes of a checkpoint of a policy of shape `spec`."""
    weights = trained_tensors(spec)
    return {
        **policy_tensors(spec),
        **weights,
        **{
            f"adam.{name}.{moment}": tensor
            for name, tensor in weights.items()
            for moment in ADAM_MOMENTS
        },
        "adam.step": TensorSpec("F64", ()),
        "obs.count": TensorSpec("F64", ()),
        "return.mean": TensorSpec("F64", ()),
        "return.var": TensorSpec("F64", ()),
        "return.count": TensorSpec("F64", ()),
    }


def checkpoint_bytes(spec: PolicySpec) -> int:
    """The most bytes that a checkpoint takes: its numbers and the largest header."""
    widest = 8  # F64
    numbers = sum(math.prod(tensor.shape) for tensor in checkpoint_tensors(spec).values())
    return widest * numbers + MAX_HEADER_BYTES + 8


def trained_tensors(spec: PolicySpec) -> dict[str, TensorSpec]:
    """The tensors that gradients change."""
    weights = network_tensors(spec, "actor", spec.n_outputs) | network_tensors(spec, "critic", 1)
    if spec.action.kind == "continuous":
        weights["log_std"] = TensorSpec("F32", (spec.n_outputs,))
    return weights

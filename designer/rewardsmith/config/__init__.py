"""The configuration of a run: built from a YAML file and flags, written whole into `run.json`.

Invariant: what cannot be meant is refused by name before anything is spent.
"""

from rewardsmith.config.reading import (
    from_mapping,
    load_config,
    parse_setting,
    to_mapping,
    with_overrides,
)
from rewardsmith.config.seeds import (
    MAX_EPISODES,
    MAX_TRAINING_SEED,
    episode_seeds,
    most_episodes,
    training_seed,
)
from rewardsmith.config.tree import (
    EvaluationConfig,
    LimitsConfig,
    RolesConfig,
    RunConfig,
    SearchConfig,
    TrainingConfig,
)

__all__ = [
    "MAX_EPISODES",
    "MAX_TRAINING_SEED",
    "EvaluationConfig",
    "LimitsConfig",
    "RolesConfig",
    "RunConfig",
    "SearchConfig",
    "TrainingConfig",
    "episode_seeds",
    "from_mapping",
    "load_config",
    "most_episodes",
    "parse_setting",
    "to_mapping",
    "training_seed",
    "with_overrides",
]

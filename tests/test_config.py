"""The configuration's tree, its errors, and the seeds derived from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.config import (
    MAX_EPISODES,
    RunConfig,
    SearchConfig,
    TrainingConfig,
    episode_seeds,
    from_mapping,
    load_config,
    parse_setting,
    to_mapping,
    training_seed,
    with_overrides,
)
from rewardsmith.errors import ConfigError
from rewardsmith.messages import CandidateId


def test_file_flags_and_defaults_build_one_tree(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("search:\n  candidates: 8\n  rungs: [0.5]\nseed: 3\n", encoding="utf-8")

    config = load_config(path, {"search.candidates": 2, "training.preset.gamma": 0.98})

    assert config == RunConfig(
        seed=3,
        search=SearchConfig(candidates=2, rungs=(0.5,)),
        training=TrainingConfig(preset={"gamma": 0.98}),
    )


def test_empty_file_means_defaults(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("", encoding="utf-8")

    assert load_config(path) == RunConfig() == load_config()


def test_mapping_is_read_back_as_the_same_configuration() -> None:
    config = RunConfig(
        search=SearchConfig(rungs=(), keep=0.25),
        training=TrainingConfig(total_timesteps=50_000, preset={"net_arch": "64,64", "n": 1}),
    )

    assert from_mapping(to_mapping(config)) == config


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("search:\n  candidate: 8\n", "run.yaml: Unknown key 'search.candidate'. Did you mean"),
        ("serch: {}\n", "run.yaml: Unknown key 'serch'. Did you mean 'search'"),
        ("search:\n  candidates: many\n", "search.candidates is 'many'. Should be a valid integer"),
        ("training:\n  total_timesteps: 1e6\n", "YAML reads 1e6 as text: write 1000000."),
        (
            "training:\n  device: gpu\n",
            "training.device is 'gpu'. Should be 'auto', 'cpu' or 'cuda'",
        ),
        ("search:\n  candidates: 0\n", "search.candidates is 0, but has to be at least 1"),
        ("search:\n  rungs: [0.5, 0.25]\n", "search.rungs have to rise"),
        ("limits:\n  stall_s: .nan\n", "limits.stall_s"),
        ("limits:\n  stall_s: -1\n", "limits.stall_s has to be positive"),
        ("search: 3\n", "search has to be a section"),
        ("- 1\n", "expected sections with keys"),
        ("seed: 1\nseed: 2\n", "line 2: not valid YAML: key 'seed' is given twice"),
        ("a: &x [1]\nb: *x\n", "line 2: not valid YAML: aliases are not allowed"),
        ("seed: [\n", "not valid YAML"),
        ("seed: 2026-01-01\n", "seed is datetime.date(2026, 1, 1)"),
        ("seed: !!python/object:os.system {}\n", "not valid YAML"),
    ],
)
def test_mistake_is_named_with_file_and_key(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_config(path)

    assert message in str(caught.value)
    assert "run.yaml" in str(caught.value)


def test_flag_that_names_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"command line: Unknown key 'search.candidats'"):
        with_overrides(RunConfig(), {"search.candidats": 8})
    with pytest.raises(ConfigError, match="'seed' has no parts"):
        with_overrides(RunConfig(), {"seed.x": 8})
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        parse_setting("search.candidates")


def test_missing_file_is_an_error_about_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read configuration .*none.yaml"):
        load_config(tmp_path / "none.yaml")


@given(
    run=st.integers(0, 2**64),
    other=st.integers(0, 2**64),
    salt=st.integers(0, 2**16 - 1),
    number=st.integers(0, 10**6),
)
def test_no_seed_serves_two_purposes_in_any_run(
    run: int, other: int, salt: int, number: int
) -> None:
    selection = set(episode_seeds(run, "selection", 200, salt=salt))
    report = set(episode_seeds(other, "report", 200, salt=salt))
    probes = set(episode_seeds(run, "training", 200, salt=salt))
    later = set(episode_seeds(other, "later", 2048, salt=salt))
    first = training_seed(other, CandidateId(number, number), number)
    trainings = set(range(first, first + 4096))

    sets = (selection, report, probes, later, trainings)
    assert len(set().union(*sets)) == sum(len(s) for s in sets)
    assert max(report | later) < 2**31


def test_seeds_are_pinned() -> None:
    assert episode_seeds(0, "selection", 2) == (1282981888, 1282981889)
    assert training_seed(0, CandidateId(0, 0)) == 195299391


def test_fresh_episodes_share_none_with_the_former() -> None:
    blocks = [set(episode_seeds(7, "selection", MAX_EPISODES, salt=s)) for s in range(50)]

    assert len(set().union(*blocks)) == 50 * MAX_EPISODES


def test_fewer_episodes_are_the_first_of_more() -> None:
    assert episode_seeds(7, "report", 50)[:10] == episode_seeds(7, "report", 10)


def test_candidates_and_replicates_train_on_different_seeds() -> None:
    seeds = {
        training_seed(0, CandidateId(i, k), r) for i in range(9) for k in range(9) for r in range(9)
    }

    assert len(seeds) == 729

"""No way to run bytes as code, other than the one, is in the source: a grep over the package."""

import re

import pytest
import yaml
from tests.trust.conftest import ROOT

from rewardsmith.config import reading

PACKAGE = ROOT / "designer" / "rewardsmith"
FORBIDDEN = (
    r"\btorch\.load\(",
    r"\b(PPO|SAC|TQC|TD3|DQN|A2C|VecNormalize|BaseAlgorithm)\.load\(",
    r"\b(cloudpickle|pickle|dill|joblib|marshal)\.(loads?|Unpickler)\b",
    r"^\s*(import|from)\s+(pickle|cloudpickle|dill|joblib|marshal|shelve|zodb)\b",
    r"allow_pickle\s*=\s*True",
    r"\byaml\.(full_load|unsafe_load|load_all)\(",
    r"\byaml\.load\((?!text, Loader=_PlainLoader\))",
    r"\byaml\.(Unsafe|Full)?Loader\b(?<!SafeLoader)",
    r"(?<![\w.])eval\(",
    r"\bos\.(system|popen)\(",
    r"shell\s*=\s*True",
    r"weights_only\s*=\s*False",
)


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_source_holds_no(pattern: str) -> None:
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(pattern, line)
    ]
    assert found == []


def test_one_loader_of_yaml_is_a_safe_one_with_less() -> None:
    assert issubclass(reading._PlainLoader, yaml.SafeLoader)
    with pytest.raises(yaml.YAMLError):
        yaml.load("!!python/object/apply:os.getpid []", Loader=reading._PlainLoader)


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path)", "model = PPO.load(path)", "import pickle", "from joblib import load",
        "np.load(path, allow_pickle=True)", "yaml.load(text, Loader=L)", "eval(text)",
        "os.system('id')", "run(line, shell=True)", "load(path, weights_only=False)",
        "Loader=yaml.UnsafeLoader",
    ],
)  # fmt: skip
def test_grep_would_find(line: str) -> None:
    assert any(re.search(pattern, line) for pattern in FORBIDDEN)

"""Try the built distributions from a folder that holds everything a user might have there.

    python tests/packaging/try_distributions.py dist

The wheel was built from the sdist. It is unpacked away from the checkout, and used from a decoy
folder with its own `envs/`, `cli.py`, `types.py`, `random.py`, `rewardsmith/` and a pyproject of
the same name.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PROGRAM = """\
WEIGHTS = {"up": 1.0, "still": 0.1}
def reward(state, action, xp):
    return {"up": state.up, "still": -state.angular_velocity ** 2 / 64.0}
"""
NEEDED = ("prompts/", "envs/HalfCheetah-v5/card.yaml", "cli.py", "LICENSE", "tests/conftest.py")


def main() -> None:
    folder = Path(sys.argv[1])
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    _check_sdist(sdist)
    with tempfile.TemporaryDirectory() as scratch:
        installed, decoy = Path(scratch) / "installed", Path(scratch) / "decoy"
        zipfile.ZipFile(wheel).extractall(installed)
        _write_decoys(decoy)
        where = _run(installed, decoy, "import rewardsmith; print(rewardsmith.__file__)")
        assert where.startswith(str(installed)), where
        tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
        assert tops == {"rewardsmith"}, f"the wheel also installs {tops - {'rewardsmith'}}"
        assert "HalfCheetah-v5" in _cli(installed, decoy, "envs", "list")
        assert "angular_velocity" in _cli(installed, decoy, "envs", "show", "Pendulum-v1")
        told = _cli(installed, decoy, "check", "reward.py", "--env", "Pendulum-v1")
        assert "accepted" in told, told
    print("1 passed, 0 failed")


def _check_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    for needed in NEEDED:
        assert any(name.startswith(needed) for name in names), f"the sdist lacks {needed}"


def _write_decoys(decoy: Path) -> None:
    for package in ("envs", "rewardsmith", "prompts", "designer"):
        (decoy / package).mkdir(parents=True)
        (decoy / package / "__init__.py").write_text("raise ImportError('decoy')\n")
    for module in ("cli", "types", "random", "typing", "numpy"):
        (decoy / f"{module}.py").write_text("raise ImportError('decoy')\n")
    (decoy / "pyproject.toml").write_text('[project]\nname = "rewardsmith"\nversion = "0"\n')
    (decoy / "reward.py").write_text(PROGRAM)


def _cli(installed: Path, decoy: Path, *arguments: str) -> str:
    code = "from rewardsmith.cli import main; main()"
    return _run(installed, decoy, code, *arguments)


def _run(installed: Path, decoy: Path, code: str, *arguments: str) -> str:
    first = f"import sys; sys.path.insert(0, {str(installed)!r}); {code}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", first, *arguments],
        cwd=decoy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


if __name__ == "__main__":
    main()

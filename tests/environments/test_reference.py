"""What `--env` says besides cards."""

from pathlib import Path

import pytest

from rewardsmith.environments.reference import parse_reference
from rewardsmith.errors import UsageError


def test_id_of_the_registry_has_no_folder(tmp_path: Path) -> None:
    ref = parse_reference("Hopper-v5", tmp_path)
    assert (ref.id, ref.code) == ("Hopper-v5", None)
    assert parse_reference("ALE/Pong-v5", tmp_path).id == "ALE/Pong-v5"


def test_modules_are_looked_for_in_the_persons_folder(tmp_path: Path) -> None:
    ref = parse_reference("my_pkg.envs:MyEnv-v0", tmp_path)
    assert (ref.id, ref.code) == ("my_pkg.envs:MyEnv-v0", tmp_path.resolve())


def test_file_is_a_module_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "arm.py").write_text("", encoding="utf-8")
    ref = parse_reference("arm.py:Arm", tmp_path)
    assert (ref.id, ref.code) == ("arm:Arm", tmp_path.resolve())
    assert parse_reference(str(tmp_path / "arm.py"), Path("/")).id == "arm"


def test_file_in_a_package_is_imported_by_its_whole_name(tmp_path: Path) -> None:
    folder = tmp_path / "envs" / "arms"
    folder.mkdir(parents=True)
    for path in (folder.parent / "__init__.py", folder / "__init__.py", folder / "arm.py"):
        path.write_text("", encoding="utf-8")
    ref = parse_reference("envs/arms/arm.py:Arm", tmp_path)
    assert (ref.id, ref.code) == ("envs.arms.arm:Arm", tmp_path.resolve())


def test_file_that_is_no_module_has_to_be_renamed(tmp_path: Path) -> None:
    (tmp_path / "my-arm.py").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"Rename the file, as in my_arm.py"):
        parse_reference("my-arm.py:Arm", tmp_path)

"""What a person's own environment is made of is told as files, or why it is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.own_code import OwnCode, own_code

CARD = load_card("Pendulum-v1")


def code_of(id_: str, folder: Path, **files: str) -> OwnCode | None:
    for name, text in files.items():
        path = folder / name.replace("__in__", "/").replace("_py", ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return own_code(replace(CARD, id=id_, code=folder), taken=("policy",))


def test_module_comes_with_the_files_that_it_imports_wherever_it_does_so(tmp_path: Path) -> None:
    found = code_of(
        "arm:Arm",
        tmp_path,
        arm_py="import math, numpy\ndef make():\n    from joints import angle\n",
        joints_py="import arm\n",
        other_py="",
    )
    assert found is not None
    assert [path.name for path in found.files] == ["arm.py", "joints.py"]
    assert found.obstacle == ""


@pytest.mark.parametrize(
    ("id_", "files", "said"),
    [
        ("arms.arm:Arm", {"arms__in__arm_py": ""}, "'arms' is a package"),
        ("arm:Arm", {"arm_py": "import arms", "arms__in____init___py": ""}, "'arms' is a package"),
        ("arm:Arm", {"arm_py": "MODEL = __file__"}, "arm.py looks for files beside itself"),
        ("arm:Arm", {"arm_py": "import policy", "policy_py": ""}, "the export has a policy.py of"),
        ("arm:Arm", {"arm_py": "def"}, "arm.py cannot be read"),
        ("arm:Arm", {}, "it is not in "),
    ],
)
def test_what_files_alone_do_not_make_is_not_copied_and_says_why(
    tmp_path: Path, id_: str, files: dict[str, str], said: str
) -> None:
    found = code_of(id_, tmp_path, **files)
    assert found is not None
    assert (found.files, found.folder) == ((), tmp_path)
    assert found.obstacle.startswith(said)


def test_installed_environments_are_nobodys_own(tmp_path: Path) -> None:
    assert code_of("Pendulum-v1", tmp_path) is None
    assert code_of("rewardsmith.testing:LineWorld", tmp_path) is None
    assert own_code(load_card("Crafter")) is None

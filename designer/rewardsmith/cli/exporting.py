"""Exports a candidate: its reward, its policy, and everything that both need to live on alone."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Final

from rewardsmith import session
from rewardsmith.cli.candidate_page import find_candidate
from rewardsmith.cli.documents import run_document
from rewardsmith.cli.printing import plain
from rewardsmith.cli.terminal import cleaned, console, safe
from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.judging import without_folder
from rewardsmith.environments.own_code import OwnCode, own_code
from rewardsmith.errors import UsageError
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.report.candidates import CandidateLine
from rewardsmith.report.measurements import measured_of
from rewardsmith.rewards.contract import RewardProgram, read_program
from rewardsmith.rewards.export import export_module
from rewardsmith.rewards.export_policy import environment_text, policy_files, training_script
from rewardsmith.rewards.model_card import model_card
from rewardsmith.store.disk import replace_file
from rewardsmith.store.run import Run
from rewardsmith.training.preset import preset_mapping
from rewardsmith.training.stored_policy import stored_policy

MARK: Final = "measured.json"
"""Says that a folder was written by an export: another one may replace it."""
EXPORTED_MODULES: Final = ("reward", "original_reward", "environment", "policy", "play", "train")


def export_candidate(run: Run, name: str, to: Path, env_path: Path | None = None) -> None:
    """Write the files of the candidate that `name` means into the folder `to`.

    Args:
        run: Opened for reading.
        name: As in 001/2; `best` for the winner.
        to: A new folder, an empty one, or one that an export wrote.
        env_path: Folder of the environment's own module, which is then named and not copied.

    Raises:
        UsageError: There is no such candidate, it was never accepted, or `to` holds other files.
            Also, after everything else was written: its fields need rewardsmith to be read.
    """
    line, card, task = (
        find_candidate(run, name),
        load_card(run.manifest.task.env),
        run.manifest.task,
    )
    program, policy = _program(line, card), _policy(run, line)
    preset, timesteps = session.training_of(card, task, session.config_of(run))
    export = export_module(program, card, gamma=preset.gamma)
    files = {
        MARK: _measured_json(run, line),  # the first: an export that was cut off is known by it
        "reward.py": export.module,
        "original_reward.py": cleaned(line.candidate.text) + "\n",
    }
    has_wrapper = export.refusal is None
    own = _own_code(card, env_path) if has_wrapper or policy is not None else None
    if policy is not None:
        files |= policy_files(card, preset_mapping(preset))
    if has_wrapper:
        files["train.py"] = training_script(preset_mapping(preset), timesteps)
    if has_wrapper or policy is not None:
        files["environment.py"] = environment_text(
            card,
            horizon=task.horizon,
            has_wrapper=has_wrapper,
            own=own,
            env_path=str(env_path.resolve()) if env_path else "",
        )
    copied = {path.name: path.read_bytes() for path in own.files} if own else {}
    names = [*files, *(["policy.safetensors"] if policy else [])]
    measured = measured_of(run, line)
    files["README.md"] = model_card(
        program,
        card,
        replace(task, fitness=without_folder(task.fitness), success=without_folder(task.success)),
        export,
        files=names,
        measured=measured,
        algorithm=preset.algorithm,
        own=own,
    )
    blobs = {file: text.encode("utf-8") for file, text in files.items()} | copied
    _write(to, blobs | ({"policy.safetensors": policy} if policy else {}))
    console().print(safe(f"Exported {line.id} to {to}"), soft_wrap=True)
    if own is not None:
        console().print(safe(_said_of(own, to, env_path)), soft_wrap=True)
    if export.refusal is not None:
        raise UsageError(f"Everything but the Gymnasium wrapper was written. {export.refusal}")


def _own_code(card: EnvCard, env_path: Path | None) -> OwnCode | None:
    """What the environment takes of the person's own; no files of it where a folder is named.

    Raises:
        UsageError: A folder is named, and the environment is not the person's own.
    """
    own = own_code(card, taken=EXPORTED_MODULES)
    if own is None and env_path is not None:
        raise UsageError(
            f"{card.id!r} is no module of your own, so there is no folder to name. Leave "
            "--env-path out."
        )
    return own if own is None or env_path is None else replace(own, files=(), obstacle="")


def _said_of(own: OwnCode, to: Path, env_path: Path | None) -> str:
    """What became of the environment's own module, and what to do about it."""
    if own.files:
        names = ", ".join(path.name for path in own.files)
        return f"Copied along, as environment.py imports it: {names}. Look at it before you share."
    if env_path is not None:
        return (
            f"environment.py looks for {own.module!r} in {env_path.resolve()}: that is its "
            "ENV_PATH, for you to change before you share it."
        )
    where = shlex.quote(str(own.folder))
    return (
        f"environment.py imports {own.module!r}, which was not copied: {own.obstacle}. Export with "
        f"`--env-path {where}` to write that folder into it, or say it in each call: "
        f"`REWARDSMITH_ENV_PATH={where} python {shlex.quote(str(to / 'train.py'))}`."
    )


def _program(line: CandidateLine, card: EnvCard) -> RewardProgram:
    program = read_program(line.candidate.text, card.state).program
    if program is None:
        raise UsageError(f"Candidate {line.id} was refused; `rewardsmith inspect` says why.")
    return program


def _policy(run: Run, line: CandidateLine) -> bytes | None:
    """The policy at the end of the candidate's own training; None when it was never trained."""
    spec = session.policy_spec(run)
    found = stored_policy(run, line.id, spec) if spec else None
    return dump_tensors(found.tensors) if found else None


def _measured_json(run: Run, line: CandidateLine) -> str:
    """The run's document, with the candidate that was exported.

    Where the run lay on this machine, and what people remarked on it, is nobody else's business.
    """
    content = plain(run_document(run)) | {"exported": str(line.id)}
    content |= {key: without_folder(content[key]) for key in ("fitness", "success")}
    del content["folder"], content["remarks"]
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _write(folder: Path, files: dict[str, bytes]) -> None:
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    beside = {".git", ".gitattributes", "__pycache__"}  # the last: its scripts were run
    foreign, replaced = present - files.keys() - beside, present & files.keys()
    if foreign:
        what = f"holds other files, such as {min(foreign)!r}"
    elif replaced and not _is_export(folder):
        what = f"was not written by an export, and its {min(replaced)!r} would be replaced"
    else:
        what = ""
    if what:
        raise UsageError(f"{str(folder)!r} {what}. Name a new or an empty folder.")
    for name, content in files.items():
        replace_file(folder / name, content)


def _is_export(folder: Path) -> bool:
    try:
        content = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    is_ours = isinstance(content, dict) and "exported" in content
    return is_ours and str(content.get("schema")).startswith("rewardsmith/run/")

"""Exports a candidate: its reward as a module of its own, its policy, and how to use both."""

from pathlib import Path

from rewardsmith import session
from rewardsmith.cli.candidate_page import find_candidate
from rewardsmith.cli.terminal import cleaned, console, safe
from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.errors import UsageError
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.messages import Training
from rewardsmith.report.candidates import CandidateLine
from rewardsmith.rewards.contract import RewardProgram, read_program
from rewardsmith.rewards.export import export_module, export_readme
from rewardsmith.store.codec import load
from rewardsmith.store.disk import replace_file
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.layout import checkpoint_path
from rewardsmith.store.run import Run

POLICY_PARTS = ("actor.", "obs.mean", "obs.var")
"""Tensors that acting needs; the rest of a checkpoint is for training on."""


def export_candidate(run: Run, name: str, to: Path) -> None:
    """Write the files of the candidate that `name` means into the folder `to`.

    Raises:
        UsageError: There is no such candidate, it was never accepted, or `to` holds other files.
            Also, after everything else was written: its fields need rewardsmith to be read.
    """
    line, card = find_candidate(run, name), load_card(run.manifest.task.env)
    program, policy = _program(line, card), _policy(run, line)
    gamma = session.training_of(card, run.manifest.task, session.config_of(run))[0].gamma
    export = export_module(program, card, gamma=gamma)
    task = run.manifest.task
    readme = export_readme(program, card, task, export, has_policy=policy is not None)
    files = {
        "reward.py": export.module.encode(),
        "original_reward.py": (cleaned(line.candidate.text) + "\n").encode(),
        "README.md": readme.encode(),
    }
    _write(to, files | ({"policy.safetensors": policy} if policy else {}))
    console().print(safe(f"Exported {line.id} to {to}"), soft_wrap=True)
    if export.refusal is not None:
        raise UsageError(f"Everything but the Gymnasium wrapper was written. {export.refusal}")


def _program(line: CandidateLine, card: EnvCard) -> RewardProgram:
    program = read_program(line.candidate.text, card.state).program
    if program is None:
        raise UsageError(f"Candidate {line.id} was refused; `rewardsmith inspect` says why.")
    return program


def _policy(run: Run, line: CandidateLine) -> bytes | None:
    """The policy at the end of the candidate's own training; None when it was never trained."""
    ended = [e for e in run.events("segment_ended") if candidate_of(e) == line.id and is_search(e)]
    trainings = [load(Training, event.data["training"]) for event in ended]
    saved = [t for t in trainings if t.checkpoints]
    if not saved:
        return None
    last = max(saved, key=lambda training: training.end_step)
    step, sha = last.checkpoints[-1]
    blob = run.load_artifact(checkpoint_path(line.id, last.seed, step), sha)
    arrays = {k: v for k, v in parse_arrays(blob).items() if k.startswith(POLICY_PARTS)}
    return dump_tensors(arrays)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if present - files.keys():
        raise UsageError(f"{str(folder)!r} holds other files. Name a new or an empty folder.")
    for name, content in files.items():
        replace_file(folder / name, content)

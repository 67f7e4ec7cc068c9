"""Environments without a card: drafts one for a command, or writes it for a person to correct."""

import json
import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import gymnasium

from rewardsmith.cli.describing import Describer
from rewardsmith.cli.patience import patience
from rewardsmith.cli.terminal import console, safe
from rewardsmith.environments.cards import (
    CARD_FILE,
    card_names,
    environment_name,
    has_card,
    load_card,
)
from rewardsmith.environments.constructor import derived_card, parse_arguments
from rewardsmith.environments.drafting.draft import Draft
from rewardsmith.environments.reference import parse_reference
from rewardsmith.errors import RewardsmithError, UsageError
from rewardsmith.evaluation.surveyor import survey_draft


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCard:
    """A card that a command can work with."""

    ref: str
    """What `load_card` takes; of a draft only as long as the command runs."""
    is_draft: bool
    """Whether it was written for this command: a run has to keep it."""


@contextmanager
def card_for(
    env: str, arguments: Sequence[str] = (), *, keeps: bool = False, quiet: bool = False
) -> Iterator[FoundCard]:
    """The card that `--env` means; one is drafted where there is none.

    Args:
        env: A card's id or path, an environment's id, `module:Class`, a .py file.
        arguments: `KEY=VALUE` of its constructor; a card then becomes one that is based on it.
        keeps: Whether a draft will be kept in a run.
        quiet: Whether nothing is said of a draft.

    Raises:
        UsageError: There is no such card, and no environment that one could be drafted for.
    """
    kwargs = parse_arguments(arguments)
    if has_card(env):
        if keeps and not quiet:
            warn_of_unverified(env)
        if not kwargs:
            yield FoundCard(ref=env, is_draft=False)
            return
        text = derived_card(env, kwargs)
    else:
        ref = replace(parse_reference(env, Path.cwd()), kwargs=kwargs)
        with patience(f"drafting a card of {env}"):
            draft = survey_draft(ref)
        text = draft.text
        if not quiet:
            show_draft(env, draft, keeps=keeps)
    with tempfile.TemporaryDirectory(prefix="rewardsmith-") as folder:
        path = Path(folder) / _folder_name(env) / CARD_FILE
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        with _called(env, arguments, path):
            yield FoundCard(ref=str(path), is_draft=True)


@contextmanager
def _called(env: str, arguments: Sequence[str], path: Path) -> Iterator[None]:
    """Let messages call a card as it was asked for: it lies nowhere that lasts."""
    try:
        yield
    except RewardsmithError as error:
        lies = str(path.resolve())
        command = shlex.join([env, *(word for one in arguments for word in ("--env-arg", one))])
        error.args = tuple(
            str(said).replace(f"check {lies}", f"check {command}").replace(lies, env)
            for said in error.args
        )
        raise


def draft_to(
    env: str,
    to: Path | None,
    arguments: Sequence[str] = (),
    *,
    force: bool = False,
    describer: Describer | None = None,
) -> None:
    """Write the drafted card of an environment, or print it.

    Args:
        env: An id, `module:Class` or a .py file.
        to: File or folder; None prints it.
        arguments: `KEY=VALUE` of its constructor.
        force: Whether to replace what is there.
        describer: Who says what fields mean that nothing explains; None: nobody.

    Raises:
        UsageError: The environment cannot be drafted, has a card, or the file exists.
    """
    _require_no_card(env)
    path = None if to is None else to / CARD_FILE if to.is_dir() or not to.suffix else to
    if path is not None and path.exists() and not force:
        raise UsageError(f"{str(path)!r} exists. Choose another path, or say --force.")
    if describer is not None and path is None:
        raise UsageError(
            "--describe keeps what was asked and answered beside the card. Say where with -o."
        )
    ref = replace(parse_reference(env, Path.cwd()), kwargs=parse_arguments(arguments))
    with patience(f"drafting a card of {env}"):
        draft = survey_draft(ref)
    if describer is not None and path is not None:
        draft = survey_draft(ref, describer.words(draft, env, path))
    if path is None:
        print(draft.text, end="")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draft.text, encoding="utf-8")
    show_notes(draft)
    if path is not None:
        said = f"Wrote {path}. Correct what says TODO, then `rewardsmith envs check {path}`."
        console().print(safe(said), soft_wrap=True)


def _require_no_card(env: str) -> None:
    """Refuse to draft a card from a card; an id may have a shipped one, and be drafted too."""
    if has_card(env) and env not in gymnasium.registry:
        shown = f"`rewardsmith envs show {shlex.quote(env)}` shows it"
        base = json.dumps(env if env in card_names() else str(Path(env).resolve()))
        raise UsageError(
            f"{env!r} is a card already: {shown}. Change it, or write one that is based on it, "
            f"`base: {base}`."
        )


def show_draft(env: str, draft: Draft, *, keeps: bool) -> None:
    """Say that a card was drafted, and what was assumed."""
    out = console(stderr=True)
    out.print(safe(f"{env} has no card, so one was drafted:"), soft_wrap=True)
    show_notes(draft)
    kept = f"It is kept in the run, as {CARD_FILE}; " if keeps else ""
    said = f"  {kept}`rewardsmith envs draft {env} -o {CARD_FILE}` writes one to correct."
    out.print(safe(said, "dim"), soft_wrap=True)


def warn_of_unverified(env: str) -> None:
    """Say that a card rests on a model's words that nobody has checked."""
    card = load_card(env)
    if card.unverified:
        said = (
            f"Warning: what {', '.join(card.unverified)} mean was said by a model and is "
            f"unverified: `rewardsmith envs check {env}`."
        )
        console(stderr=True).print(safe(said, "yellow"), soft_wrap=True)


def show_notes(draft: Draft) -> None:
    """Print what a draft assumes and warns of."""
    out = console(stderr=True)
    for note in draft.notes:
        lead, style = ("warning", "yellow") if note.kind == "warning" else ("assumed", "dim")
        out.print(safe(f"  {lead}: {note.text}", style), soft_wrap=True)


def _folder_name(env: str) -> str:
    """A short name that runs are called by: that of the class or id."""
    env = environment_name(env) if has_card(env) else env
    name = Path(env.rpartition(":")[2] or env).name.removesuffix(".py")
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "env"

"""Has a language model say what a drafted card's fields mean; every call stays beside the card."""

from dataclasses import dataclass
from pathlib import Path

from rewardsmith.cli.terminal import console, safe
from rewardsmith.config import load_config
from rewardsmith.environments.cards import parse_card
from rewardsmith.environments.drafting.draft import Draft
from rewardsmith.environments.drafting.field_draft import Words
from rewardsmith.errors import UsageError
from rewardsmith.llm.models import open_model
from rewardsmith.llm.settings import ModelSettings
from rewardsmith.model_team import OFFLINE
from rewardsmith.roles.model.describer import Undescribed, describe
from rewardsmith.roles.model.prompts import load_prompts
from rewardsmith.store.journal import Journal, read_journal

CALLS_SUFFIX = ".llm.jsonl"
"""What a card's journal of calls ends in: `card.yaml` has `card.llm.jsonl` beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Describer:
    """A model that is asked what fields mean."""

    settings: ModelSettings

    def words(self, draft: Draft, ref: str, card: Path) -> Words:
        """What the model says of a draft's unexplained fields.

        Args:
            draft: Whose fields.
            ref: What messages call its environment.
            card: The file to come; what was asked and answered is kept beside it, so that the same
                question is not paid for twice.

        Raises:
            ConfigError: The model cannot be used.
            ModelError: It failed beyond its retries.
            StoreError: The journal cannot be read or written.
        """
        asked = Undescribed(
            card=parse_card(draft.text, ref=ref), unsaid=draft.unsaid, source=draft.source
        )
        card.parent.mkdir(parents=True, exist_ok=True)
        with Journal(card.with_suffix(CALLS_SUFFIX)) as journal:
            model = open_model(
                self.settings.model,
                self.settings,
                journal=journal,
                tell=_tell,
                read_run=lambda path: read_journal(Path(path)).events,
                folder=card.parent / "prompts",
            )
            return describe(model, load_prompts(), asked, self.settings.model)


def describer_of(model: str | None, base_url: str | None, config: Path | None) -> Describer:
    """From the options of a command.

    Raises:
        UsageError: No model is named.
        ConfigError: A setting is wrong.
    """
    given = {"model.model": model, "model.base_url": base_url}
    settings = load_config(config, {k: v for k, v in given.items() if v is not None}).model
    if settings.model == OFFLINE:
        raise UsageError(
            "--describe asks a language model. Name one with --model; `rewardsmith models` says "
            "which can be asked."
        )
    return Describer(settings=settings)


def _tell(line: str) -> None:
    console(stderr=True).print(safe(line, "yellow"), soft_wrap=True)

"""What each of a round's programs is asked for; the words lie in the prompts folder."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rewardsmith.errors import ConfigError
from rewardsmith.roles.model.prompts import Prompts

FILE = "designer/emphases.yaml"


class Emphasis(BaseModel):
    """One idea that a designer is asked to follow."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str
    parents: Annotated[int, Field(ge=0, le=2)]
    """How many of the best programs so far it builds on."""
    text: str
    turn: int = 0
    """0 for the first program with this idea in a round, then 1, ..."""


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    first_round: Annotated[list[Emphasis], Field(min_length=1)]
    later_rounds: Annotated[list[Emphasis], Field(min_length=1)]


def emphases(prompts: Prompts, n: int, *, n_scored: int) -> list[Emphasis]:
    """An idea for each of `n` programs.

    Args:
        prompts: Where the ideas are.
        n: Programs of this round.
        n_scored: Earlier programs that were scored; without any, the first round's ideas serve.
            An idea that builds on more than there are is passed over.

    Raises:
        ConfigError: The file does not say something valid.
    """
    table = _read(prompts.table(FILE))
    ideas = table.later_rounds if n_scored else table.first_round
    fitting = [idea for idea in ideas if idea.parents <= n_scored] or table.first_round
    turns = (divmod(i, len(fitting)) for i in range(n))
    return [fitting[at].model_copy(update={"turn": turn}) for turn, at in turns]


def _read(value: Any) -> _File:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{FILE} holds no table. Give it first_round and later_rounds.")
    try:
        return _File.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{FILE}: {where}: {first['msg']}. Correct it.") from error

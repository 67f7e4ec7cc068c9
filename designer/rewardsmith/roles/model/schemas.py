"""What the roles have to answer in JSON: strict, closed, and short whatever a model writes.

Texts are neutralised and lists shortened as they are read, so that nothing long or hostile gets
past this edge.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rewardsmith.messages import Severity
from rewardsmith.roles.model.fencing import inline

MAX_TEXT = 600
MAX_STEP = 10**9


def _short(text: str) -> str:
    return inline(text, MAX_TEXT, in_table=False)


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _first(n: int) -> BeforeValidator:
    return BeforeValidator(lambda value: value[:n] if isinstance(value, list) else value)


Text = Annotated[str, BeforeValidator(_or_empty), AfterValidator(_short)]
"""What a model says; null is nothing."""
Name = Annotated[str, AfterValidator(lambda text: inline(text, 64))]
Expression = Annotated[str, AfterValidator(lambda text: " ".join(text.split()))]
"""What is compiled, on one line; its compiler refuses whatever else is wrong with it."""
Index = Annotated[int, Field(ge=0, le=MAX_STEP)]


class Answered(BaseModel):
    """Base of all answers in JSON."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ReviewFinding(Answered):
    """One thing a critic found."""

    line: Index | None = None
    component: Name | None = None
    severity: Severity
    message: Text
    remedy: Text = ""


class ReviewAnswer(Answered):
    """A critic's answer."""

    verdict: Literal["accept", "repair", "reject"]
    summary: Text = ""
    findings: Annotated[list[ReviewFinding], _first(8)] = Field(default_factory=list)


class Moment(Answered):
    """A step of a recorded episode."""

    episode: Index
    step: Index


class StudyCause(Answered):
    """One cause an analyzer found."""

    message: Text
    severity: Severity
    component: Name | None = None
    field: Name | None = None
    suggestion: Text = ""
    evidence: Annotated[list[Moment], _first(6)] = Field(default_factory=list)


class StudyComponent(Answered):
    """What an analyzer says of a component."""

    name: Name
    verdict: Literal["keep", "rescale", "rewrite", "drop"]
    reason: Text = ""


class StudyAnswer(Answered):
    """An analyzer's answer."""

    causes: Annotated[list[StudyCause], _first(6)]
    hacking_suspected: bool = False
    components: Annotated[list[StudyComponent], _first(16)] = Field(default_factory=list)
    suggestions: Annotated[list[Text], _first(4)] = Field(default_factory=list)
    missing_observations: Annotated[list[Text], _first(4)] = Field(default_factory=list)


class DescribedField(Answered):
    """What a field means."""

    name: Name
    meaning: Text = ""
    unit: Annotated[Name, BeforeValidator(_or_empty)] = ""


class DescriptionAnswer(Answered):
    """A describer's answer."""

    fields: Annotated[list[DescribedField], _first(128)] = Field(default_factory=list)
    action: Text = ""


class DraftedMeasure(Answered):
    """One way to measure a task."""

    name: Name = ""
    fitness: Expression
    success: Expression
    why: Text = ""


class MeasuresAnswer(Answered):
    """A measurer's answer."""

    measures: Annotated[list[DraftedMeasure], _first(6)]


def schema_of(kind: type[Answered]) -> dict[str, Any]:
    """The JSON schema of an answer, with the keywords that every provider understands.

    All keys are required there: what may be missing is written as null or as an empty list.
    """
    return _portable(kind.model_json_schema())  # type: ignore[no-any-return]  # JSON


def _portable(node: Any) -> Any:
    if isinstance(node, list):
        return [_portable(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = ("properties", "$defs")  # their keys are names, not keywords
    kept = {
        key: {name: _portable(v) for name, v in value.items()} if key in named else _portable(value)
        for key, value in node.items()
        if key in _KEYWORDS
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


_KEYWORDS = frozenset(("type", "properties", "items", "enum", "anyOf", "$ref", "$defs", "const"))

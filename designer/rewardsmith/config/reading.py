"""From YAML, flags and JSON to the configuration's tree, and back.

Strict: an unknown key, a value of the wrong type, a key given twice and a YAML alias are errors,
with the file, the key's path and what to write instead.
"""

import dataclasses
import json
from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from rewardsmith.config.tree import RunConfig
from rewardsmith.errors import ConfigError, unknown

MAX_CONFIG_BYTES = 256 * 1024

T = TypeVar("T")


def load_config(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    """Build a configuration from a YAML file, then flags; defaults fill the rest.

    Args:
        path: A YAML file; None for defaults.
        overrides: Dotted key to value, as in `{"search.candidates": 8}`.

    Raises:
        ConfigError: The file cannot be read, or a key or value is not valid.
    """
    content = _read_yaml(path) if path else {}
    config = from_mapping(content, source=str(path) if path else "the configuration")
    return with_overrides(config, overrides or {})


def with_overrides(config: RunConfig, overrides: Mapping[str, Any]) -> RunConfig:
    """`config` with the values of `overrides`, by dotted key.

    >>> with_overrides(RunConfig(), {"search.candidates": 8}).search.candidates
    8

    Raises:
        ConfigError: A key does not exist, or a value is not valid.
    """
    content = to_mapping(config)
    for dotted, value in overrides.items():
        *sections, name = dotted.split(".")
        target = content
        for section in sections:
            target = target.setdefault(section, {})
            if not isinstance(target, dict):
                raise ConfigError(f"`{dotted}` on the command line: {section!r} has no parts.")
        target[name] = value
    return from_mapping(content, source="the command line")


def parse_setting(text: str) -> tuple[str, Any]:
    """Read one `--set`: a dotted key and a YAML value.

    >>> parse_setting("search.rungs=[0.5]")
    ('search.rungs', [0.5])

    Raises:
        ConfigError: It has no `=`, or the value is not YAML.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"{text!r} sets nothing. Write KEY=VALUE, as in search.candidates=8.")
    return key.strip(), _parse_yaml(value, source=f"--set {key.strip()}")


def to_mapping(config: RunConfig) -> dict[str, Any]:
    """The whole configuration as JSON values; `from_mapping` is its inverse."""
    content: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return content


def from_mapping(content: Mapping[str, Any], *, source: str = "the configuration") -> RunConfig:
    """Build a configuration from JSON values; what is missing keeps its default.

    Args:
        content: Sections and values, nested.
        source: Where it came from, for messages.

    Raises:
        ConfigError: A key is unknown (with the nearest known ones), or a value is not valid.
    """
    return _build(RunConfig, content, where=(), source=source)


def _build(kind: type[T], content: object, *, where: tuple[str, ...], source: str) -> T:
    if not isinstance(content, Mapping):
        raise ConfigError(
            f"{source}: {_dotted(where)} has to be a section with keys, got {content!r}."
        )
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in content.items():
        path = (*where, str(name))
        if name not in types:
            raise ConfigError(f"{source}: {unknown('key', _dotted(path), _known(kind, where))}")
        if dataclasses.is_dataclass(types[name]):
            values[name] = _build(types[name], value, where=path, source=source)
        else:
            values[name] = _value(types[name], value, where=path, source=source)
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{source}: {'.'.join([*where, str(error)])}.") from error


def _value(kind: Any, value: object, *, where: tuple[str, ...], source: str) -> object:
    try:
        return _adapter(cast(Hashable, kind)).validate_json(json.dumps(value))
    except (ValidationError, TypeError, ValueError) as error:
        wanted = _wanted(error)
        raise ConfigError(
            f"{source}: {_dotted(where)} is {value!r}. {wanted}{_hint(value)}"
        ) from None


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind), config=ConfigDict(strict=True, allow_inf_nan=False))


def _wanted(error: Exception) -> str:
    if isinstance(error, ValidationError):
        texts = dict.fromkeys(e["msg"].removeprefix("Input s") for e in error.errors())
        return " or ".join(f"S{t}" if t.startswith("hould") else t for t in texts) + "."
    return "It has to be a plain value."


def _hint(value: object) -> str:
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        return f" YAML reads {value} as text: write {number:.12g}." if "e" in value.lower() else ""
    return ""


def _known(kind: type[Any], where: tuple[str, ...]) -> list[str]:
    return [_dotted((*where, f.name)) for f in dataclasses.fields(kind)]


def _dotted(where: tuple[str, ...]) -> str:
    return ".".join(where) or "the file"


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        blob = path.read_bytes()[: MAX_CONFIG_BYTES + 1]
        text = blob.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"Cannot read configuration {str(path)!r}: {why}.") from error
    if len(blob) > MAX_CONFIG_BYTES:
        raise ConfigError(f"Configuration {str(path)!r} is longer than {MAX_CONFIG_BYTES} bytes.")
    content = _parse_yaml(text, source=str(path))
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ConfigError(
            f"{path}: expected sections with keys, as in `search: {{candidates: 4}}`."
        )
    return content


def _parse_yaml(text: str, *, source: str) -> Any:
    try:
        return _PlainLoader(text).get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "nested too deeply"
        raise ConfigError(f"{source}{where}: not valid YAML: {why}.") from error


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, which can explode, and without keys that hide each other."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # stub lacks it
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: list[object] = []
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} is given twice", key.start_mark
                )
            seen.append(key.value)
        return super().construct_mapping(node, deep=deep)

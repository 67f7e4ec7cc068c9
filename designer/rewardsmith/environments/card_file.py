"""Reads a card's YAML into nodes that remember their line; knows nothing of environments.

Every value is taken by name and type, and what was not taken is an error with a suggestion, so a
misspelt key can never be ignored. Aliases and files above 256 KiB are refused.
"""

import math
import re
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

from rewardsmith.errors import ConfigError, unknown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_TEXT_TAG = "tag:yaml.org,2002:str"
_BOOLS = {"true": True, "false": False}


class Value:
    """One YAML value and where it stands."""

    def __init__(self, node: yaml.Node, file: str, name: str, folder: Path | None = None) -> None:
        self._node = node
        self._file = file
        self.name = name
        """Dotted path of the value within the card, as messages quote it."""
        self.folder = folder
        """Folder of the file it was written in, against which a path in it is resolved."""

    @property
    def line(self) -> int:
        """1-based line of the file."""
        return int(self._node.start_mark.line) + 1

    def error(self, reason: str, remedy: str) -> ConfigError:
        """An error that names file, line, reason and remedy."""
        return ConfigError(f"{self._file}:{self.line}: {reason} {remedy}")

    def text(self) -> str:
        """The value as text."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(
                f"{self.name!r} has to be text.", "Write one line, or a block after '>'."
            )
        if node.tag != _TEXT_TAG:
            raise self.error(
                f"{self.name!r} has to be text, and YAML reads {node.value!r} as something else.",
                f"Put it into quotes: '{node.value}'.",
            )
        return self._plain_line(str(node.value))

    def _plain_line(self, text: str) -> str:
        """On one line; nothing that a terminal obeys or that reorders the text is let through."""
        line = " ".join(text.split())
        odd = next((c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs")), None)
        if odd is not None:
            raise self.error(
                f"{self.name!r} holds the control character U+{ord(odd):04X}.", "Remove it."
            )
        return line

    def number(self) -> float:
        """The value as a number; `1e-3` counts, which YAML itself reads as text."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode) or not _NUMBER.fullmatch(str(node.value)):
            raise self.error(f"{self.name!r} has to be a number.", "Write 0.5 or 1e-3.")
        if not math.isfinite(float(node.value)):
            raise self.error(f"{self.name!r} is too large.", "Write a finite number.")
        return float(node.value)

    def integer(self) -> int:
        """The value as a whole number."""
        number = self.number()
        if number != int(number):
            raise self.error(f"{self.name!r} has to be a whole number.", "Write 1000.")
        return int(number)

    def boolean(self) -> bool:
        """The value as true or false."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode) or str(node.value).lower() not in _BOOLS:
            raise self.error(f"{self.name!r} has to be true or false.", "Write true or false.")
        return _BOOLS[str(node.value).lower()]

    def numbers(self) -> tuple[float, ...]:
        """The value as a list of numbers; a single number counts as a list of one."""
        if isinstance(self._node, yaml.ScalarNode):
            return (self.number(),)
        return tuple(item.number() for item in self.items())

    def items(self) -> list["Value"]:
        """The entries of a list."""
        node = self._node
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(
                f"{self.name!r} has to be a list.", "Write [a, b], or lines that start with '-'."
            )
        return [
            Value(n, self._file, f"{self.name}[{i}]", self.folder) for i, n in enumerate(node.value)
        ]

    def scalar(self) -> str | float | int | bool:
        """The value as the plain scalar it looks like."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(f"{self.name!r} has to be a single value.", "Write text or a number.")
        raw = str(node.value)
        is_plain = not node.style  # None from the Python loader, "" from the C one
        if is_plain and _NUMBER.fullmatch(raw):
            number = self.number()
            return int(raw) if re.fullmatch(r"[-+]?\d+", raw) else number
        if is_plain and raw.lower() in _BOOLS:
            return _BOOLS[raw.lower()]
        return self._plain_line(raw)

    def plain(self) -> object:
        """The value as plain lists, tables and scalars."""
        if isinstance(self._node, yaml.SequenceNode):
            return [item.plain() for item in self.items()]
        if isinstance(self._node, yaml.MappingNode):
            return {key: value.plain() for key, value in self.table().entries()}
        return None if self.is_null else self.scalar()

    @property
    def is_null(self) -> bool:
        """Whether nothing was written after the colon."""
        return isinstance(self._node, yaml.ScalarNode) and self._node.tag.endswith(":null")

    @property
    def is_table(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    def table(self) -> "Table":
        """The value as a table of named values."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error(
                f"{self.name!r} has to be a table.", "Write 'key: value' lines below it."
            )
        return Table(self._node, self._file, self.name, self.folder)


class Table(Value):
    """A YAML mapping whose values are taken one by one."""

    def __init__(self, node: yaml.Node, file: str, name: str, folder: Path | None = None) -> None:
        super().__init__(node, file, name, folder)
        self._values: dict[str, Value] = {}
        self._taken: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = Value(key_node, file, key)
            if not isinstance(key_node, yaml.ScalarNode):
                raise here.error("A key has to be a word.", "Write 'key: value'.")
            if key in self._values:
                raise here.error(f"{key!r} is written twice.", "Keep one of them.")
            path = f"{name}.{key}" if name else key
            self._values[key] = Value(value_node, file, path, folder)

    def take(self, key: str) -> Value:
        """The value of `key`, which has to be there."""
        value = self.find(key)
        if value is None:
            where = f" in {self.name!r}" if self.name else ""
            raise self.error(f"{key!r} is missing{where}.", f"Add '{key}: ...'.")
        return value

    def find(self, key: str) -> Value | None:
        """The value of `key`; None when it is absent or empty."""
        self._taken.add(key)
        value = self._values.get(key)
        return None if value is None or value.is_null else value

    def entries(self) -> Iterator[tuple[str, Value]]:
        """All keys and values, in the order of the file."""
        self._taken.update(self._values)
        yield from self._values.items()

    def over(self, base: "Table", nested: Collection[str]) -> "Table":
        """This table laid over `base`: its own values win, and an empty one removes the base's.

        Args:
            base: What this one starts from.
            nested: Keys whose tables are laid over each other in the same way.
        """
        merged = Table(self._node, self._file, self.name, self.folder)
        merged._values = dict(base._values)
        for key, value in self._values.items():
            below = base._values.get(key)
            if value.is_null:
                merged._values.pop(key, None)
            elif key in nested and value.is_table and below is not None and below.is_table:
                merged._values[key] = value.table().over(below.table(), ())
            else:
                merged._values[key] = value
        return merged

    def table(self) -> "Table":
        """The table itself."""
        return self

    def finish(self) -> None:
        """Raise for the first key nobody took."""
        for key, value in self._values.items():
            if key not in self._taken:
                where = f"key in {self.name!r}" if self.name else "key"
                raise value.error(unknown(where, key, self._taken), "Remove or rename it.")


def read_card_file(path: Path) -> Table:
    """Read a card's file.

    Raises:
        ConfigError: It is too large, no YAML, uses aliases, or is not a table.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ConfigError(f"{path}: the card has {size} bytes. Keep it below {MAX_BYTES}.")
    try:
        return parse_card_text(path.read_text(encoding="utf-8"), str(path), path.parent)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text. Save it as UTF-8.") from error


def parse_card_text(text: str, file: str, folder: Path | None = None) -> Table:
    """Parse a card's text; `file` is quoted by messages, paths count from `folder`."""
    try:
        _refuse_aliases_and_depth(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or "the text cannot be read"
        raise ConfigError(
            f"{file}:{line}: not valid YAML: {reason}. "
            "Check indentation, and quote values that hold ': ' or start with a sign."
        ) from error
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{file}:1: a card is a table. Write 'id: ...' on its first line.")
    return Table(node, file, "", folder)


def _refuse_aliases_and_depth(text: str, file: str) -> None:
    """Look at the stream before it is built: libyaml crashes the process on deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark = event.start_mark
        line = 1 if mark is None else mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{file}:{line}: aliases are refused. Write the value out.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{file}:{line}: nested too deeply. Flatten the card.")

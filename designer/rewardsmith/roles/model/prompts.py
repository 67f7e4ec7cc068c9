"""Loads and renders the prompt templates; knows no role and no task.

Every word a model reads lies in the shipped `prompts/` folder or in a folder of the user's that
replaces single files of it. A template is known by the hash of its text with all its includes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rewardsmith import resources
from rewardsmith.errors import ConfigError, unknown
from rewardsmith.roles.model.fencing import cite, fence, inline, neutralise, said
from rewardsmith.roles.model.formats import interval, listed, number, percent

MAX_FILE_BYTES = 128 * 1024
SUFFIXES = (".md.j2", ".yaml")
FOLDERS = ("analyzer", "critic", "describer", "designer", "measurer", "shared")
"""Parts of the prompts folder that are the roles'; the gateway's own few words are not."""


class Rendered(NamedTuple):
    """A message's text and where it came from."""

    text: str
    templates: Mapping[str, str]
    """Template name to the SHA-256 of its text with all its includes."""


@dataclass(frozen=True)
class Prompts:
    """A complete set of templates, by name: `designer/system.md.j2`."""

    files: Mapping[str, str]

    def render(self, name: str, **context: Any) -> Rendered:
        """Render one template.

        Raises:
            ConfigError: The template is wrong, or uses a name that it is not given.
        """
        try:
            text = self._environment.get_template(name).render(**context)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise ConfigError(self._problem(name, error)) from error
        return Rendered(text.strip() + "\n", {name: self.digest(name)})

    def table(self, name: str) -> Any:
        """The value of a YAML file.

        Raises:
            ConfigError: It is not YAML.
        """
        try:
            return yaml.safe_load(self.files[name])
        except yaml.YAMLError as error:
            raise ConfigError(f"The prompt file {name!r} is not YAML: {error}.") from error

    def digest(self, name: str) -> str:
        """SHA-256 of a file with everything it includes."""
        if name not in self._digests:
            text = "\0".join(f"{part}\0{self.files[part]}" for part in self.closure(name))
            self._digests[name] = hashlib.sha256(text.encode()).hexdigest()
        return self._digests[name]

    def closure(self, name: str) -> list[str]:
        """The file and all it includes, each once, in the order of their names."""
        found, waiting = {name}, [name]
        while waiting:
            part = waiting.pop()
            if part.endswith(".j2"):
                tree = self._environment.parse(self.files[part])
                for other in meta.find_referenced_templates(tree):
                    if other is not None and other in self.files and other not in found:
                        found.add(other)
                        waiting.append(other)
        return sorted(found)

    @cached_property
    def _digests(self) -> dict[str, str]:
        """Those asked for already: finding what a template includes means parsing it again."""
        return {}

    @cached_property
    def _environment(self) -> jinja2.Environment:
        environment = ImmutableSandboxedEnvironment(
            loader=jinja2.DictLoader(self.files),
            undefined=jinja2.StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(fence=fence, neutral=neutralise)
        environment.filters.update(
            cite=cite,
            said=said,
            inline=inline,
            number=number,
            percent=percent,
            listed=listed,
            interval=interval,
        )
        return environment

    def _problem(self, name: str, error: Exception) -> str:
        line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        return f"The prompt template {name!r}{line} cannot be rendered: {error}. Correct it."


def load_prompts(folder: Path | None = None) -> Prompts:
    """The shipped templates, with those of `folder` in place of their namesakes.

    Raises:
        ConfigError: The folder is missing, or holds a file that replaces no template.
    """
    root = resources.root("prompts")
    files = {n: text for f in FOLDERS for n, text in _shipped(root.joinpath(f), f"{f}/").items()}
    if folder is not None:
        files |= _replacements(folder, files)
    return Prompts(files)


def _shipped(folder: Traversable, prefix: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            found |= _shipped(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIXES):
            found[f"{prefix}{entry.name}"] = entry.read_text(encoding="utf-8")
    return found


def _replacements(folder: Path, known: Mapping[str, str]) -> Mapping[str, str]:
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {str(folder)!r}. Copy the templates you want to change into one, "
            "each under its own name, as in designer/system.md.j2."
        )
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name[0] != "."):
        name = path.relative_to(folder).as_posix()
        if name not in known:
            raise ConfigError(unknown("prompt template", name, known, f"It lies in {folder}."))
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"{str(path)!r} is larger than {MAX_FILE_BYTES} bytes. Shorten it.")
        try:
            found[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{str(path)!r} is not UTF-8. Save it as UTF-8.") from error
    return found

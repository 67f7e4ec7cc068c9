"""Imports the package that a family of environments comes from, when one is made."""

import importlib
from typing import Any

from rewardsmith.environments.absences import missing_package
from rewardsmith.errors import UsageError


def package(name: str, ref: str) -> Any:
    """The module called `name`.

    Args:
        name: Dotted name of the module.
        ref: What messages call the environment that needs it.

    Raises:
        UsageError: It is not installed; names the extra that brings it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(missing_package(ref, f"No module named {error.name!r}")) from error

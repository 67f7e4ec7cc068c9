"""`rewardsmith models`: what is configured, whether it answers, and how to set a model up."""

from pathlib import Path

from rewardsmith.cli.terminal import console, heading, safe
from rewardsmith.config import load_config
from rewardsmith.llm.setup import HOW_TO, Setup, check_model, describe_setup
from rewardsmith.model_team import OFFLINE


def show_models(model: str | None, base_url: str | None, config: Path | None) -> int:
    """Print the set-up and ask the model one tiny question, if there is one; the exit code."""
    given = {"model.model": model, "model.base_url": base_url}
    settings = load_config(config, {k: v for k, v in given.items() if v is not None}).model
    out = console()
    _show_setup(describe_setup(settings))
    is_ok = True
    if settings.model in (OFFLINE, "manual") or settings.model.startswith("replay"):
        out.print(heading(f"{settings.model} needs no key and is not asked."))
    else:
        check = check_model(settings.model, settings)
        is_ok = check.is_ok
        out.print(heading(f"{check.model}: {'it answers' if is_ok else 'it does not answer'}"))
        out.print(safe(check.text, "green" if is_ok else "red"), soft_wrap=True)
    out.print(heading("How to"))
    for name, text in HOW_TO.items():
        out.print(safe(f"  {name:16s}{text}"), soft_wrap=True)
    return 0 if is_ok else 1


def _show_setup(setup: Setup) -> None:
    out = console()
    out.print(heading("What is here"))
    keys = [name for name, is_set in setup.variables.items() if is_set]
    out.print(safe(f"  keys in the environment  {', '.join(keys) or 'none'}"), soft_wrap=True)
    installed = "installed" if setup.is_litellm_installed else "not installed"
    out.print(safe(f"  litellm                  {installed}"))
    if setup.base_url:
        out.print(safe(f"  base URL                 {setup.base_url}"), soft_wrap=True)

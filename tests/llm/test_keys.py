"""Keys are found where the user put them, and shown nowhere."""

import pickle
from pathlib import Path

import pytest

from rewardsmith.errors import ConfigError
from rewardsmith.llm.keys import Key, key_for, redact_environment

SECRET = "sk-test-0123456789abcdef"


def key_file(folder: Path, content: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_provider_has_its_own_variable() -> None:
    key = key_for("anthropic", environ={"ANTHROPIC_API_KEY": SECRET, "OPENAI_API_KEY": "other"})
    assert key is not None
    assert (key.reveal(), key.source) == (SECRET, "$ANTHROPIC_API_KEY")


def test_no_key_is_no_error_yet() -> None:
    assert key_for("openai", environ={"OPENAI_API_KEY": "  "}) is None
    assert key_for("bedrock", environ={}) is None


def test_a_named_variable_goes_before_the_providers_own() -> None:
    environ = {"MY_KEY": SECRET, "OPENAI_API_KEY": "other"}
    key = key_for("openai", variable="MY_KEY", environ=environ)
    assert key is not None
    assert key.reveal() == SECRET
    with pytest.raises(ConfigError, match=r"\$MY_KEY is not set"):
        key_for("openai", variable="MY_KEY", environ={"OPENAI_API_KEY": "other"})


def test_a_file_holds_a_key(tmp_path: Path) -> None:
    key = key_for("openai", file=key_file(tmp_path, f"{SECRET}\n"), environ={})
    assert key is not None
    assert key.reveal() == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="chmod 600"):
        key_for("openai", file=key_file(tmp_path, mode=mode))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.*cannot be read: No such file"):
        key_for("openai", file=tmp_path / "gone")


@pytest.mark.parametrize("content", ["", "two words", "a\nb", "sk-\u00e9", "sk-\x00"])
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match="holds no API key") as caught:
        key_for("openai", file=key_file(tmp_path, content))
    assert not content or content not in str(caught.value)


def test_a_key_shows_itself_nowhere() -> None:
    key = Key(SECRET, "$MY_KEY")
    assert f"{key} {key!r} {[key]}" == "Key(from $MY_KEY) Key(from $MY_KEY) [Key(from $MY_KEY)]"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert key.redact(f"Bearer {SECRET}!") == "Bearer [key from $MY_KEY]!"


def test_secrets_of_the_environment_are_taken_out_of_texts() -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": "abcdefghij", "HOME": "/home/me/somewhere", "X_KEY": "a"}
    text = redact_environment("abcdefghij in /home/me/somewhere, a", environ)
    assert text == "[key from $AWS_SECRET_ACCESS_KEY] in /home/me/somewhere, a"

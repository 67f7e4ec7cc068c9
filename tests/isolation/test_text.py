import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.isolation.text import clean_text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain\n\ttext\n", "plain\n\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;https://bad\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;ZXZpbA==\x07", ""),
        ("\x1b]52;c;never ended", ""),
        ("\x1bP1;2q sixel \x1b\\x", "x"),
        ("\x9b2Jx", "x"),
        ("\x1bcreset", "reset"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("a\x00b\x07c\x08d", "abcd"),
        ("progress 1\rprogress 2\r\n", "progress 1\nprogress 2\n"),
        ("line\u2028separator", "lineseparator"),
        ("tag\U000e0041", "tag"),
        ("half \ud800 pair", "half  pair"),
        ("Füße 机器 γΦ", "Füße 机器 γΦ"),
    ],
)
def test_text_keeps_only_what_prints(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@given(st.text(max_size=300))
def test_nothing_that_controls_a_terminal_survives(text: str) -> None:
    cleaned = clean_text(text)
    assert all(c in "\n\t" or unicodedata.category(c)[0] != "C" for c in cleaned)
    assert clean_text(cleaned) == cleaned


def test_long_text_keeps_its_end_within_8_kib() -> None:
    cleaned = clean_text("ä" * 100_000 + "ValueError: the end")
    assert cleaned.endswith("äValueError: the end")
    assert 8 * 1024 - 1 <= len(cleaned.encode()) <= 8 * 1024

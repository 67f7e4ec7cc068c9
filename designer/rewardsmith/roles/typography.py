"""Writes the code of a program in ASCII, as the language asks: models and people write more.

Pure. Typography is replaced by what it stands for, everywhere; what else is not ASCII only in
comments and strings, where it means nothing to the program.
"""

import io
import tokenize
from typing import NamedTuple

_TYPOGRAPHY = {
    0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2032: "'", 0x2010: "-", 0x2011: "-",
    0x2012: "-", 0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2026: "...", 0x00D7: "*", 0x00B7: "*",
    0x2022: "*", 0x00F7: "/", 0x2264: "<=", 0x2265: ">=", 0x2260: "!=", 0x2248: "~", 0x00B1: "+-",
    0x2192: "->", 0x2190: "<-", 0x21D2: "=>", 0x00B0: " deg", 0x00B2: "^2", 0x00B3: "^3",
    0x221E: "inf", 0x00A0: " ", 0x202F: " ", 0x2009: " ", 0x3000: " ", 0xFEFF: "", 0x200B: "",
}  # fmt: skip
"""Characters that are written for beauty, and what they stand for."""


class Ascii(NamedTuple):
    """A program's text in ASCII where that changes no meaning."""

    code: str
    n_replaced: int


def in_ascii(code: str) -> Ascii:
    """Replace typography everywhere, and other characters in comments and strings alone.

    >>> in_ascii("x = 1.0  # \u2264 2 \u6d4b")
    Ascii(code='x = 1.0  # <= 2 ?', n_replaced=2)
    """
    n = sum(not c.isascii() for c in code)
    if not n:
        return Ascii(code, 0)
    plain = code.translate(_TYPOGRAPHY)
    if not plain.isascii():
        plain = _plain_comments(plain)
    return Ascii(plain, n - sum(not c.isascii() for c in plain))


def _plain_comments(code: str) -> str:
    lines = code.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return code
    for token in tokens:
        if token.type in (tokenize.COMMENT, tokenize.STRING) and not token.string.isascii():
            for row in range(token.start[0] - 1, token.end[0]):
                start = token.start[1] if row == token.start[0] - 1 else 0
                end = token.end[1] if row == token.end[0] - 1 else len(lines[row])
                plain = "".join(c if c.isascii() else "?" for c in lines[row][start:end])
                lines[row] = lines[row][:start] + plain + lines[row][end:]
    return "\n".join(lines)

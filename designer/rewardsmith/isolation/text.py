"""Text that a child wrote, made safe to show and to store: stderr, crash messages, log lines.

What remains is printable characters, newlines and tabs. It is still text by an untrusted author:
escape it for HTML, print it without markup, and fence it before a model reads it.
"""

import re
import unicodedata
from typing import Final

KEPT_BYTES: Final = 8 * 1024
"""UTF-8 bytes kept, counted from the end: a traceback's last line is what matters."""

_ESCAPES: Final = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"  # two-character escapes
)
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_text(text: str, *, kept_bytes: int = KEPT_BYTES) -> str:
    r"""Strip escapes, control and format characters (bidi among them); keep the end.

    >>> clean_text("\x1b[31mred\x1b[0m \u202eno\r\n")
    'red no\n'
    """
    text = text[-4 * kept_bytes :]
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _DROPPED)
    return text.encode()[-kept_bytes:].decode(errors="ignore")

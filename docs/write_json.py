"""Writes docs/json.md, the documents that `--json` prints, from the module that shapes them."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from rewardsmith.cli import schemas

PAGE = Path(__file__).parent / "json.md"
HEAD = """\
# What `--json` prints

Written by `docs/write_json.py` from `rewardsmith/cli/schemas.py`. Standard output holds one
document and nothing else; people are told things on standard error. `schema` names it and its
version: fields are added without a new version, and never renamed or taken away within one. What is
no finite number is `null`.

```
rewardsmith inspect last --json | jq -r '.candidates[] | [.id, .state, .score] | @tsv'
```
"""


def page() -> str:
    """The whole page: the documents first, then what they are made of."""
    tree = ast.parse(inspect.getsource(schemas))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    documents = [document.__name__ for document in schemas.DOCUMENTS]
    parts = [name for name in classes if name not in documents]
    lines = [HEAD]
    for title, names in (("Documents", documents), ("Parts", parts)):
        lines += [f"## {title}", ""]
        for name in names:
            lines += [*_section(classes[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(node: ast.ClassDef) -> Iterator[str]:
    yield f"### {node.name}"
    yield ""
    yield ast.get_docstring(node) or ""
    yield ""
    yield "| field | type | |"
    yield "|---|---|---|"
    for field, said in _fields(node):
        assert isinstance(field.target, ast.Name), "a dataclass names its fields"
        kind = ast.unparse(field.annotation).replace("None", "null").replace("|", "\\|")
        yield f"| `{field.target.id}` | `{kind}` | {said} |"


def _fields(node: ast.ClassDef) -> Iterator[tuple[ast.AnnAssign, str]]:
    """Every field with the docstring under it."""
    for one, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(one, ast.AnnAssign):
            said = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                said = " ".join(str(after.value.value).split())
            yield one, said


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

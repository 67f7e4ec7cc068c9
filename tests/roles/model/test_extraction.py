"""What is read out of answers: literal answers in, programs or findings out."""

import textwrap

import pytest

from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec
from rewardsmith.rewards.contract import read_program
from rewardsmith.roles.model.extraction import Extraction, extract

STATE = StateSpec(
    fields=(FieldSpec(name="x", unit="m", meaning="position"),), action=ActionSpec(shape=(1,))
)

PROGRAM = textwrap.dedent('''\
    """Go right."""

    CONTRACT = 1
    WEIGHTS = {"right": 1.0}


    def reward(state, action, xp):
        return {"right": xp.tanh(state.x)}
    ''')
OTHER = PROGRAM.replace("Go right", "Go left").replace("state.x", "-state.x")
HELPER = "def squash(value):\n    return xp.tanh(value)\n"
USING = PROGRAM.replace("xp.tanh(state.x)", "squash(state.x)")
HELPER_AFTER = f"{USING}\n\n{HELPER}"
HELPER_BEFORE = USING.replace("def reward", f"{HELPER}\n\ndef reward")
TABLES, FUNCTION = PROGRAM[: PROGRAM.index("def")], PROGRAM[PROGRAM.index("def") :]
JSON_PROGRAM = PROGRAM.replace("\n", "\\n").replace('"', '\\"')


def fenced(code: str, info: str = "python", fence: str = "```") -> str:
    return f"{fence}{info}\n{code}{fence}"


READ = {
    "one fence": (fenced(PROGRAM), PROGRAM),
    "prose around": (f"I pay for x.\n\n{fenced(PROGRAM)}\n\nGood luck!", PROGRAM),
    "no language": (fenced(PROGRAM, info=""), PROGRAM),
    "py": (fenced(PROGRAM, info="py"), PROGRAM),
    "capitals": (fenced(PROGRAM, info="Python3 title=reward.py"), PROGRAM),
    "tildes": (fenced(PROGRAM, fence="~~~"), PROGRAM),
    "four backticks": (fenced(PROGRAM, fence="````"), PROGRAM),
    "no fence at all": (f"Here it is:\n\n{PROGRAM}\nIt pays for x.", PROGRAM),
    "nothing but code": (PROGRAM, PROGRAM),
    "unclosed fence": (f"```python\n{PROGRAM}", PROGRAM),
    "windows line ends": (fenced(PROGRAM).replace("\n", "\r\n"), PROGRAM),
    "byte order mark": ("\ufeff" + fenced(PROGRAM), PROGRAM),
    "indented in a list": (textwrap.indent(fenced(PROGRAM), "   "), PROGRAM),
    "quoted as in a mail": (textwrap.indent(fenced(PROGRAM), "> ", lambda _: True), PROGRAM),
    "thinking before": (f"<think>{fenced(OTHER)} or so?</think>\n{fenced(PROGRAM)}", PROGRAM),
    "thinking without a start": (f"{fenced(OTHER)}\n</think>\n{fenced(PROGRAM)}", PROGRAM),
    "thinking without an end": (f"<think>I see.\n{fenced(PROGRAM)}", PROGRAM),
    "snippet first": (f"{fenced('speed = state.x')}\nAll of it:\n{fenced(PROGRAM)}", PROGRAM),
    "shell after": (f"{fenced(PROGRAM)}\n{fenced('pip install it', 'bash')}", PROGRAM),
    "broken draft, then whole": (f"{fenced(PROGRAM[:-4])}\n{fenced(PROGRAM)}", PROGRAM),
    "the same twice": (f"{fenced(PROGRAM)}\nAgain:\n{fenced(PROGRAM)}", PROGRAM),
    "two programs": (f"{fenced(PROGRAM)}\nOr:\n{fenced(OTHER)}", PROGRAM),
    "helper after": (fenced(HELPER_AFTER), HELPER_AFTER),
    "helper before": (fenced(HELPER_BEFORE), HELPER_BEFORE),
    "in JSON": (f'{{"rationale": "Right.", "code": "{JSON_PROGRAM}"}}', PROGRAM),
    "in fenced JSON": (f'```json\n{{"program": "{JSON_PROGRAM}"}}\n```', PROGRAM),
    "in nested JSON": (f'{{"answer": {{"reward_code": "{JSON_PROGRAM}"}}}}', PROGRAM),
    "fence in JSON": (f'{{"code": "```python\\n{JSON_PROGRAM}```"}}', PROGRAM),
    "list of lines in JSON": (
        '{"code": [' + ", ".join(f'"{line}"' for line in JSON_PROGRAM.split("\\n")) + "]}",
        PROGRAM,
    ),
    "closed behind the last line": (f"```python\n{PROGRAM.rstrip()}```\nDone.", PROGRAM),
    "another name": (
        fenced(PROGRAM.replace("def reward", "def compute_reward")),
        PROGRAM.replace("def reward", "def compute_reward"),
    ),
    "typography in a comment": (
        fenced(PROGRAM.replace('"""Go right."""', '"""Go right \u2014 at \u2264 2 m."""')),
        PROGRAM.replace('"""Go right."""', '"""Go right - at <= 2 m."""'),
    ),
    "Chinese in a comment": (
        fenced(PROGRAM.replace("\n    return", "  # \u5411\u53f3\n    return")),
        PROGRAM.replace("\n    return", "  # ??\n    return"),
    ),
    "Chinese prose": (f"\u5956\u52b1\u5411\u53f3\u3002\n{fenced(PROGRAM)}", PROGRAM),
    "tables in a block of their own": (
        f"{fenced(TABLES)}\nand\n{fenced(FUNCTION)}",
        f"{TABLES.rstrip()}\n\n{FUNCTION}",
    ),
}

SYNTAX_ERROR = PROGRAM.replace("return {", "return [")

REFUSED = {
    "nothing": ("", "empty-answer"),
    "blanks": (" \n\t\n", "empty-answer"),
    "only thinking": ("<think>What shall I do?</think>", "cut-answer"),
    "prose only": ("I would pay for going right, and charge effort.", "no-program"),
    "Chinese prose only": ("\u6211\u4f1a\u5956\u52b1\u5411\u53f3\u3002", "no-program"),
    "refusal to answer": ("I cannot help with that.", "no-program"),
    "JavaScript": (
        fenced("function reward(state) {\n  return state.x;\n}\n", "js"),
        "other-language",
    ),
    "C++": (fenced("#include <cmath>\nfloat reward(State s) {}\n", "cpp"), "other-language"),
    "Rust": (fenced("fn reward(state: State) -> f32 { 1.0 }\n", "rust"), "other-language"),
    "cut in the middle": (f"```python\n{PROGRAM[:-12]}", "cut-answer"),
    "cut before the function": (f"```python\n{PROGRAM[:40]}", "cut-answer"),
    "unified diff": (
        fenced("--- a.py\n+++ b.py\n@@ -7,2 +7,2 @@\n def reward(state, action, xp):\n", "diff"),
        "diff-answer",
    ),
    "plus and minus lines": (
        fenced('def reward(state, action, xp):\n-    return {"x": 1}\n+    return {"x": 2}\n'),
        "diff-answer",
    ),
    "search and replace": (
        fenced("<<<<<<< SEARCH\ndef reward(state):\n=======\n>>>>>>> REPLACE\n"),
        "diff-answer",
    ),
    "bare ellipsis": (fenced("def reward(state, action, xp):\n    ...\n"), "elided-program"),
    "ellipsis in a comment": (
        fenced(PROGRAM.replace("    return", "    # ... as before ...\n    return")),
        "elided-program",
    ),
    "rest unchanged": (
        fenced(PROGRAM + "# the rest of the components is unchanged\n"),
        "elided-program",
    ),
    "class without the function": (fenced("class Reward:\n    x = 1\n"), "no-program"),
    "JSON without code": ('{"verdict": "accept"}', "no-program"),
}


def codes(found: Extraction) -> list[str]:
    return [f.code for f in found.findings]


@pytest.mark.parametrize("name", READ)
def test_program_is_read_out_of_an_answer(name: str) -> None:
    answer, expected = READ[name]
    found = extract(answer)
    assert found.program == expected
    assert not [f for f in found.findings if f.severity == "error"]


@pytest.mark.parametrize("name", sorted(READ))
def test_what_is_read_keeps_the_contract(name: str) -> None:
    program = extract(READ[name][0]).program
    assert program is not None
    reading = read_program(program, STATE)
    assert reading.program is not None, reading.findings


@pytest.mark.parametrize("name", REFUSED)
def test_answer_without_a_program_says_why(name: str) -> None:
    answer, code = REFUSED[name]
    found = extract(answer)
    assert found.program is None
    assert codes(found) == [code]
    assert found.findings[0].severity == "error"
    assert found.findings[0].remedy


def test_reading_is_stable_under_itself() -> None:
    for answer, _ in READ.values():
        program = extract(answer).program
        assert program is not None
        assert extract(program).program == program


def test_broken_program_is_handed_on_for_the_static_check_to_explain() -> None:
    found = extract(fenced(SYNTAX_ERROR))
    assert found.program == SYNTAX_ERROR
    reading = read_program(SYNTAX_ERROR, STATE)
    assert [f.code for f in reading.findings] == ["syntax-error"]
    assert reading.findings[0].line


def test_two_different_programs_are_noted() -> None:
    assert codes(extract(READ["two programs"][0])) == ["several-programs"]
    assert codes(extract(READ["the same twice"][0])) == []


def test_joined_blocks_and_replaced_characters_are_noted() -> None:
    assert codes(extract(READ["tables in a block of their own"][0])) == ["joined-blocks"]
    assert codes(extract(READ["typography in a comment"][0])) == ["made-ascii"]


@pytest.mark.parametrize(
    "comment",
    [
        "# remaining distance, above the mark",
        "# the rest of the way pays less",
        "# other components guide...",
        "# unchanged height means standing",
        "# same sign as before the turn: no pay",
    ],
)
def test_ordinary_comments_are_no_omissions(comment: str) -> None:
    program = PROGRAM.replace("    return", f"    {comment}\n    return")
    assert extract(fenced(program)).program == program


def test_greek_names_are_left_for_the_static_check() -> None:
    program = PROGRAM.replace("state.x", "state.x * \u03b1")
    found = extract(fenced(program))
    assert found.program == program
    assert "non-ascii" in {f.code for f in read_program(program, STATE).findings}


@pytest.mark.parametrize(
    ("answer", "rationale"),
    [
        (f"It pays.\n\n{fenced(PROGRAM)}", "It pays."),
        (f"## Rationale\nIt pays.\n{fenced(PROGRAM)}", "Rationale\nIt pays."),
        (f"{fenced(PROGRAM)}\nIt pays.", "It pays."),
        (f"<think>secret</think>It pays.\n{fenced(PROGRAM)}", "It pays."),
        (READ["in JSON"][0], "Right."),
        (fenced(PROGRAM), ""),
    ],
)
def test_rationale_is_the_prose(answer: str, rationale: str) -> None:
    assert extract(answer).rationale == rationale


def test_rationale_is_shortened() -> None:
    assert len(extract(f"{'Because. ' * 1000}\n{fenced(PROGRAM)}").rationale) <= 1500


@pytest.mark.parametrize(
    "answer",
    [
        "```" * 5000,
        "{" * 20_000,
        "def reward(" * 3000,
        "<think>" * 3000,
        "~~~\n" * 3000,
        "```python\ndef reward(state):\n    return " + "(" * 5000,
        '{"code": ' * 3000,
        "def reward(s):\n  return 1\n" + "x\n" * 5000,
        "\x00\x1b[31m def reward(): pass",
    ],
    ids=range(9),
)
@pytest.mark.timeout(20)
def test_hostile_answers_end_soon_and_raise_nothing(answer: str) -> None:
    found = extract(answer)
    assert found.program is not None or found.findings

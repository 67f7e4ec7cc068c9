"""What ties a candidate to a remark is said as strongly as it is known, and no stronger."""

import pytest

from rewardsmith.report.remarks import Link, link_of

REMARK = "Stay calm: use little effort near the goal."


@pytest.mark.parametrize(
    ("rationale", "question", "link"),
    [
        ("Because you asked to use little effort near the goal.", "", Link.ANSWERS),
        ("From 000/0. Charges effort (answers a person's remark).", "", Link.ANSWERS),
        ("Pays speed.", f"A person said:\n> {REMARK.replace(' ', chr(10))}", Link.ASKED),
        ("Pays speed.", "Nothing of the kind.", Link.UNSAID),
        ("The goal is little.", "", Link.AFTER),
        ("", "", Link.AFTER),
    ],
)
def test_link_is_no_stronger_than_what_is_known(rationale: str, question: str, link: Link) -> None:
    assert link_of(REMARK, rationale, question) == link


def test_of_several_remarks_an_unnamed_one_is_tied_to_none() -> None:
    said = "answers a person's remark"
    assert link_of(REMARK, said, "", is_only=False) == Link.NAMES


def test_a_short_remark_is_never_found_by_chance() -> None:
    assert link_of("Faster!", "It runs faster.", "") == Link.AFTER

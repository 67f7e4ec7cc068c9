"""What people said is quoted whole or not at all, and what there is no room for is counted."""

from rewardsmith.messages import CandidateId, Departure, Feedback, Span
from rewardsmith.roles.model.history_view import MAX_REMARK_CHARS, quoted
from rewardsmith.store.remarks import MAX_TEXT


def remark(text: str, line: int = 1) -> Feedback:
    return Feedback(text=text, line=line)


def test_short_remarks_are_all_quoted_in_their_order() -> None:
    said = [remark(f"remark {i}", i) for i in range(200)]
    shown = quoted(said)
    assert [one.text for one in shown.remarks] == [one.text for one in said]
    assert shown.n_left_out == 0


def test_older_ones_give_way_and_are_counted() -> None:
    said = [remark(letter * (MAX_REMARK_CHARS // 3), i) for i, letter in enumerate("abcde")]
    shown = quoted(said)
    assert [one.text[0] for one in shown.remarks] == ["c", "d", "e"]
    assert shown.n_left_out == 2


def test_the_latest_is_quoted_whole_however_long() -> None:
    shown = quoted([remark("a"), remark("b" * MAX_TEXT, 2)], max_chars=100)
    assert [len(one.text) for one in shown.remarks] == [MAX_TEXT]
    assert shown.n_left_out == 1


def test_nothing_said_is_nothing_quoted() -> None:
    assert quoted([]) == ([], 0)


def test_a_remark_on_a_film_comes_with_what_stood_out() -> None:
    seen = (Departure(name="speed", unit="m/s", what="change", inside=0.125, elsewhere=2.0),)
    span = Span(episode=1, first_step=4, last_step=9)
    said = Feedback(text="Here.", candidate=CandidateId(1, 2), span=span, seen=seen, line=1)
    (shown,) = quoted([said]).remarks
    assert shown.about == "001/2, episode 1, steps 4 to 9"
    assert shown.is_on_film
    assert shown.seen == ("speed changes by 0.125 m/s a step (elsewhere 2)",)

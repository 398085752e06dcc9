"""Who was told what: nothing twice, nothing lost, and many messages as one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.notifications import (
    FailedRun,
    Item,
    Message,
    NotificationError,
    Outbox,
    combine,
    deliver,
    failure_message,
)
from gem_assets.notifications.message import MOST_COMBINED, MOST_SINGLE
from gem_assets.notifications.outbox import Delivered


class Person:
    """Somebody who is told, or is out for so many messages."""

    def __init__(self, name: str = "kim", error: Exception | None = None) -> None:
        self.name = name
        self.heard: list[str] = []
        self.error = error

    def notify(self, message: Message) -> None:
        if self.error:
            raise self.error
        self.heard.append(message.text())


def item(name: str, state: str = "open") -> Item:
    return Item(Message(f"{name} is {state}") if state else None, state)


def tell(
    outbox: Outbox, states: dict[str, str], *people: Person, new: Iterable[str] | None = None
) -> Delivered:
    """Let a tick be, with its cursor as text, as Dagster keeps it."""
    delivered = deliver(
        Outbox.from_cursor(outbox.cursor()),
        states if new is None else new,
        lambda name: item(name, states[name]) if name in states else None,
        people,
        what="datasets are open",
    )
    assert Outbox.from_cursor(delivered.outbox.cursor()) == delivered.outbox
    return delivered


def test_a_state_is_told_once_and_a_new_one_again() -> None:
    kim = Person()
    outbox = Outbox()
    for state in ("a", "a", "b", "b", "", "b"):
        outbox = tell(outbox, {"lungs": state}, kim).outbox
    assert kim.heard == ["lungs is a", "lungs is b", "lungs is b"]


def test_who_is_out_is_told_later_and_nobody_else_twice() -> None:
    kim, lou = Person("kim", NotificationError("kim is out")), Person("lou")
    first = tell(Outbox(), {"lungs": "a"}, kim, lou)
    assert first.problems == ("kim is out",)
    assert first.outbox.waiting == {"kim": ("lungs",)}
    kim.error = None
    second = tell(first.outbox, {"lungs": "a"}, kim, lou, new=())
    assert not second.outbox.waiting
    assert not second.problems
    assert kim.heard == lou.heard == ["lungs is a"]


def test_what_is_told_later_is_what_is_true_then() -> None:
    kim = Person(error=NotificationError("out"))
    outbox = tell(Outbox(), {"lungs": "a", "heart": "a"}, kim).outbox
    kim.error = None
    tell(outbox, {"lungs": "b", "heart": ""}, kim, new=())
    assert kim.heard == ["lungs is b"]


def test_a_notifier_of_the_users_that_breaks_stops_nobody_and_tells_no_secret() -> None:
    broken = Person("own", RuntimeError("https://hooks.example.org/secret"))
    lou = Person("lou")
    delivered = tell(Outbox(), {"lungs": "a"}, broken, lou)
    assert delivered.problems == ("The notifier own failed with RuntimeError.",)
    assert "secret" not in delivered.outbox.cursor()
    assert lou.heard == ["lungs is a"]


def test_once_a_notifier_is_down_it_is_not_tried_again_in_the_same_tick() -> None:
    class Counting(Person):
        tries = 0

        def notify(self, message: Message) -> None:
            self.tries += 1
            super().notify(message)

    kim = Counting(error=NotificationError("out"))
    delivered = tell(Outbox(), {"a": "x", "b": "x", "c": "x"}, kim)
    assert kim.tries == 1
    assert delivered.outbox.waiting == {"kim": ("a", "b", "c")}


def test_what_can_not_be_looked_at_waits() -> None:
    kim = Person()
    delivered = tell(Outbox(), {"heart": "a"}, kim, new=["lungs", "heart"])
    assert kim.heard == ["heart is a"]  # and holds up nobody
    assert delivered.outbox.waiting == {"kim": ("lungs",)}
    assert not delivered.problems
    tell(delivered.outbox, {"lungs": "a"}, kim, new=())
    assert kim.heard == ["heart is a", "lungs is a"]


def test_what_there_is_no_time_for_waits() -> None:
    kim = Person()
    answers = iter([False])  # time for one
    delivered = deliver(
        Outbox(), ["a", "b"], item, [kim], what="are open", is_time_up=lambda: next(answers, True)
    )
    assert kim.heard == ["a is open"]
    assert delivered.outbox.waiting == {"kim": ("b",)}
    assert "no time left" in delivered.problems[0]


def test_of_many_datasets_one_message_is_made() -> None:
    kim = Person()
    names = [f"d{i:02}" for i in range(MOST_COMBINED + 3)]
    delivered = tell(Outbox(), dict.fromkeys(names, "a"), kim)
    [heard] = kim.heard
    assert heard.splitlines()[0] == f"{len(names)} datasets are open."
    assert heard.splitlines()[-1] == "and 3 more."
    assert not delivered.outbox.waiting
    assert len(delivered.outbox.told["kim"]) == len(names)
    few = dict.fromkeys(names[:MOST_SINGLE], "b")
    tell(delivered.outbox, few, kim)
    assert len(kim.heard) == 1 + MOST_SINGLE


def test_a_combined_message_keeps_the_note_that_a_reader_must_not_miss() -> None:
    messages = [Message(f"d{i}", ("a line",), "not GEM-1" if i else "") for i in range(3)]
    combined = combine(messages, "are open")
    assert combined.text().splitlines() == ["3 are open.", "not GEM-1", "• d0", "• d1", "• d2"]


@pytest.mark.parametrize("cursor", [None, "", "{", "7", '{"waiting": 3}', '{"seen": "x"}'])
def test_a_cursor_that_can_not_be_understood_is_a_new_one(cursor: str | None) -> None:
    assert Outbox.from_cursor(cursor) == Outbox()


STATES = st.sampled_from(["", "a", "b"])
TICKS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("xyz"), STATES), st.booleans()), max_size=12
)


@given(TICKS)
def test_after_a_tick_that_went_well_everybody_knows_the_present_state(
    ticks: list[tuple[dict[str, str], bool]],
) -> None:
    kim, outbox = Person(), Outbox()
    present: dict[str, str] = dict.fromkeys("xyz", "")
    last_heard: dict[str, str] = {}
    for changed, is_out in ticks:
        present |= changed
        kim.error = NotificationError("out") if is_out else None
        kim.heard.clear()
        outbox = tell(outbox, present, kim, new=changed).outbox
        for text in kim.heard:
            name, _, state = text.partition(" is ")
            assert last_heard.get(name) != state  # a change, or it would not have been told
            last_heard[name] = state
        for name in changed:
            if not present[name]:  # then the same state is news again
                last_heard.pop(name, None)
        if not is_out:
            assert not outbox.waiting
            assert outbox.told.get("kim", {}) == {n: s for n, s in present.items() if s}


# The message on a failed run


def test_a_failed_run_is_told_with_dataset_step_and_sentence() -> None:
    run = FailedRun("r-1", "gem_bulk_refresh", "lungs", {"raw_counts": "It holds TPM."}, "no")
    assert failure_message("gem_bulk", run).text().splitlines() == [
        "gem_bulk/lungs: a run failed at raw_counts",
        "• raw_counts: It holds TPM.",
        "gem_bulk_refresh, run r-1",
    ]


def test_tracebacks_and_signed_addresses_are_not_told() -> None:
    sentence = "boom at https://u:p@host/x?sig=1 Bearer abc\nTraceback (most recent call last):\n x"
    run = FailedRun("r-1", "job", None, {"qc": sentence}, "")
    told = failure_message("gem_bulk", run).text()
    assert "• qc: boom at https://host/x?*** Bearer ***" in told
    assert "Traceback" not in told


def test_a_run_that_failed_at_no_step_says_what_dagster_says() -> None:
    run = FailedRun("r-1", "job", None, {}, "The process was killed.\nTraceback...")
    assert failure_message("gem_bulk", run).lines[0] == "The process was killed."
    silent = FailedRun("r-1", "job", None, {}, "")
    assert failure_message("gem_bulk", silent).lines[0] == "Dagster says no more."


def test_of_many_steps_the_first_are_named() -> None:
    run = FailedRun("r-1", "job", "lungs", {f"s{i}": "no" for i in range(7)}, "")
    told = failure_message("gem_bulk", run)
    assert told.title.endswith("at s0, s1, s2, s3, s4")
    assert "and 2 steps more." in told.lines

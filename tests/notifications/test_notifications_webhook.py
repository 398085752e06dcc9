"""The webhook: what it posts, what it makes of every answer, and that its URL stays a secret."""

from __future__ import annotations

import logging
import pickle
import time
import traceback
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_receiver import SECRET, Mood, Receiver, receiving

from gem_assets.notifications import LogNotifier, Message, NotificationError, SlackWebhook
from gem_assets.notifications.slack import LONGEST_TEXT, escaped, slack_payload

VARIABLE = "LAB_WEBHOOK"
MESSAGE = Message("gem_bulk/lungs: 1 sample to look at", ("• S_1: is <b>liver</b> & @channel",))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def webhook(url: str, patience: float = 5.0) -> SlackWebhook:
    return SlackWebhook(VARIABLE, patience=patience, environ={VARIABLE: url})


def refusal(url: str, patience: float = 5.0) -> NotificationError:
    with pytest.raises(NotificationError) as raised:
        webhook(url, patience).notify(MESSAGE)
    return raised.value


def test_a_message_is_posted_as_plain_text_in_which_names_do_nothing(receiver: Receiver) -> None:
    webhook(receiver.url).notify(MESSAGE)
    [post] = receiver.posts
    assert post == {
        "text": "gem_bulk/lungs: 1 sample to look at\n"
        "• S_1: is &lt;b&gt;liver&lt;/b&gt; &amp; @\u200bchannel",
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert receiver.paths == [f"/services/{SECRET}"]


@pytest.mark.parametrize("mood", [200, 202, 204])
def test_every_answer_of_success_is_one(receiver: Receiver, mood: Mood) -> None:
    receiver.mood = mood
    webhook(receiver.url).notify(MESSAGE)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        (500, "answered 500."),
        (404, "answered 404 (there is no such webhook any more)."),
        (429, "answered 429 (too many messages)."),
        (307, "answered 307: it has moved, and a secret is not sent elsewhere."),
        ("garbage", "can't be reached (RemoteProtocolError)."),
        ("silent", "did not answer within 0.2 s."),
        ("dripping", "did not answer within 0.2 s."),
    ],
)
def test_every_other_answer_is_told_in_a_sentence_without_the_url(
    receiver: Receiver, mood: Mood, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.mood = mood
    started = time.monotonic()
    error = refusal(receiver.url, 0.2 if mood in ("silent", "dripping") else 5.0)
    assert time.monotonic() - started < 20  # the receiver would be silent for 30
    assert str(error) == f"The webhook in {VARIABLE} {said}"
    assert len(receiver.posts) == 1  # a redirect is not followed, and nothing is posted twice
    assert_secret(error, caplog.text)


def test_a_host_that_is_not_there_is_told_without_the_url(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.close()
    error = refusal(receiver.url)
    assert str(error) == f"The webhook in {VARIABLE} can't be reached (ConnectError)."
    assert_secret(error, caplog.text)


def assert_secret(error: BaseException, *logs: str) -> None:
    """Look for the URL wherever an exception or a log could carry it."""
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [f"{one.line} {one.locals}" for one in shown.stack if "gem_assets" in one.filename]
    assert ours
    for text in (*ours, repr(error), *logs):
        assert SECRET not in text
        assert "127.0.0.1" not in text
    assert SECRET.encode() not in pickle.dumps(error)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", f"{VARIABLE} is not set"),
        ("hooks.slack.com/services/T/B/x", f"{VARIABLE} holds no https URL."),
        ("https://", f"{VARIABLE} holds no https URL."),
        ("https://a b:c/\x00", f"{VARIABLE} holds no https URL."),
        ("file:///etc/passwd", f"{VARIABLE} holds no https URL."),
        ("http://hooks.slack.com/services/T/B/x", "must be https"),
        ("http://127.0.0.1.example.org/x", "must be https"),
        ("http://10.0.0.7/x", "must be https"),
    ],
)
def test_a_url_that_can_not_be_used_is_refused_before_anything_is_sent(url: str, said: str) -> None:
    error = refusal(url)
    assert said in str(error)
    assert not url or url not in str(error)


def test_whoever_gives_the_url_for_the_name_is_told_so_without_it() -> None:
    with pytest.raises(ValueError, match="must be the NAME") as raised:
        SlackWebhook("https://hooks.slack.com/services/T0/B0/abc")
    assert "abc" not in str(raised.value)


def test_the_url_is_read_when_a_message_is_sent(receiver: Receiver) -> None:
    environ: dict[str, str] = {}
    later = SlackWebhook(VARIABLE, environ=environ)
    environ[VARIABLE] = f" {receiver.url}\n"
    later.notify(MESSAGE)
    assert len(receiver.posts) == 1
    assert SECRET not in repr(vars(SlackWebhook(VARIABLE)))


@given(st.text(alphabet="&<>@a!|ü\n", max_size=6_000))
def test_no_text_has_control_characters_or_mentions_or_is_too_long(text: str) -> None:
    shown = escaped(text)
    assert len(shown) <= LONGEST_TEXT
    assert "<" not in shown
    assert ">" not in shown
    assert "@" not in shown.replace("@\u200b", "")
    entities = shown.count("&amp;") + shown.count("&lt;") + shown.count("&gt;")
    assert shown.count("&") == entities  # none was cut in two


def test_a_short_text_is_kept_whole() -> None:
    assert slack_payload(Message("a", ("b", "c")))["text"] == "a\nb\nc"


def test_the_reports_address_is_the_one_link_and_no_cut_reaches_it() -> None:
    long = ("see https://example.org " * 300,)
    text = slack_payload(Message("a", long, report_url="https://qc.lab/a&b|c/x.html"))["text"]
    assert str(text).endswith("\nReport: <https://qc.lab/a&amp;b%7Cc/x.html>")
    assert str(text).count("<") == 1


def test_the_log_is_told_as_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    LogNotifier().notify(MESSAGE)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("gem_assets.notifications", "WARNING")
    assert record.getMessage() == MESSAGE.text()

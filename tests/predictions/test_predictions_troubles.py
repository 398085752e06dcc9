"""One query's trouble is its own; what may be paid twice is known and counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from predictions_lab import Lab, cohort, hash_of, no_sleep

from gem_assets.endpoint.errors import (
    EndpointUnauthorized,
    QueryFailed,
    QueryRejected,
    QueryTimedOut,
    SubmitUncertain,
)
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.asking import SENT_AGAIN
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.ledger_schema import claims as claims_table
from gem_assets.predictions.query_records import AskedSample, QueryState
from gem_assets.predictions.troubles import TROUBLES_IN_A_ROW

FAULT = 500, {"error": "oops"}
ONE_AT_A_TIME = {"concurrency": 1}


def question_of(lab: Lab) -> Question:
    model = lab.model()
    return Question(
        model.served_by,
        model.base_url,
        model.model_id,
        model.model_version,
        hash_gene_ids(model.gene_order),
        42,
    )


def asked_samples(lab: Lab, samples: Mapping[str, Sequence[int]]) -> list[AskedSample]:
    hashes = [hash_of(counts) for counts in samples.values()]
    return [AskedSample(question_of(lab).key(hashed), hashed) for hashed in hashes]


def states(lab: Lab) -> dict[str, int]:
    with lab.ledger() as ledger:
        return ledger.query_states()


# -- submissions whose answer never arrives --------------------------------------------------------


def test_a_query_whose_submit_answer_never_arrived_is_sent_again_and_counted(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.endpoint.on_accepted = lambda n: FAULT if n == 1 else None
    run = lab.predict(cohort(8), **ONE_AT_A_TIME)
    assert (run.failures, run.asked, run.possibly_paid_twice) == ({}, 8, 4)
    assert len(lab.endpoint.asked) == 12
    assert states(lab) == {QueryState.UNCERTAIN: 1, QueryState.ANSWERED: 2}
    assert "4 samples are possibly paid twice" in caplog.text


def test_a_later_run_still_tells_what_is_possibly_paid_twice_and_asks_nothing(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.endpoint.on_accepted = lambda n: FAULT if n == 1 else None
    lab.predict(cohort(8), **ONE_AT_A_TIME)
    caplog.clear()
    run = lab.predict(cohort(8))
    assert (run.asked, run.possibly_paid_twice) == (0, 4)
    assert caplog.text == ""


def test_it_is_sent_again_within_bounds(lab: Lab) -> None:
    lab.endpoint.on_submit = lambda _: FAULT
    with pytest.raises(SubmitUncertain):
        lab.predict(cohort(3))
    assert lab.endpoint.submits == 1 + SENT_AGAIN
    assert states(lab) == {QueryState.UNCERTAIN: 1 + SENT_AGAIN}


def test_samples_that_are_sent_in_vain_are_named_when_others_are_answered(lab: Lab) -> None:
    lab.endpoint.on_submit = lambda n: FAULT if n <= 1 + SENT_AGAIN else None
    run = lab.predict(cohort(8), **ONE_AT_A_TIME)
    assert sorted(run.failures) == ["s0", "s1", "s2", "s3"]
    assert "may run, and be paid for" in run.failures["s0"]
    assert lab.predict(cohort(8)).failures == {}


def test_a_refused_submission_is_no_payment(lab: Lab) -> None:
    lab.endpoint.on_submit = lambda n: (401, {"error": "key"}) if n == 1 else None
    with pytest.raises(EndpointUnauthorized):
        lab.predict(cohort(2))
    assert states(lab) == {QueryState.REFUSED: 1}
    assert lab.predict(cohort(2)).possibly_paid_twice == 0


def test_what_a_dead_run_was_sending_is_known(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    with lab.ledger() as ledger:
        ledger.sendings.begin(question_of(lab), asked_samples(lab, cohort(3)))
    run = lab.predict(cohort(5))
    assert (run.asked, run.possibly_paid_twice, run.failures) == (5, 3, {})
    assert "1 queries were being sent when their run ended" in caplog.text
    assert states(lab)[QueryState.UNCERTAIN] == 1


# -- queries without an answer ---------------------------------------------------------------------


def test_a_query_that_the_endpoint_lost_is_sent_again_and_counted(lab: Lab) -> None:
    def forget_the_first() -> None:
        if len(lab.endpoint.queries) == 1 and "query-1" in lab.endpoint.queries:
            lab.endpoint.queries["lost"] = lab.endpoint.queries.pop("query-1")

    lab.endpoint.on_status = forget_the_first
    run = lab.predict(cohort(4))
    assert (run.failures, run.asked, run.possibly_paid_twice) == ({}, 4, 4)
    assert len(lab.endpoint.asked) == 8


def test_a_query_that_stays_fails_its_samples_and_is_fetched_by_the_next_run(lab: Lab) -> None:
    lab.endpoint.stays = lambda samples: (0, 7, 0) in [s[:3] for s in samples]
    run = lab.predict(cohort(8), settings={"prediction_timeout": 0.0})
    assert sorted(run.failures) == ["s0", "s1", "s2", "s3"]
    assert "running" in run.failures["s0"]
    lab.endpoint.stays = lambda _: False
    run = lab.predict(cohort(8))
    assert (run.asked, run.resumed, run.failures) == (0, 4, {})
    assert len(lab.endpoint.asked) == 8


def test_an_output_that_cannot_be_read_fails_its_sample_alone(lab: Lab) -> None:
    plain = lab.endpoint.output

    def odd(counts: tuple[int, ...]) -> dict[str, object]:
        output = plain(counts)
        return output | {"latents": {"biological": [float("nan")]}} if counts[0] == 2 else output

    lab.endpoint.output = odd
    samples = cohort(6)
    run = lab.predict(samples)
    assert list(run.failures) == ["s2"]
    assert "1 of 4 outputs can't be read" in run.failures["s2"]
    assert set(lab.table(samples, run, "latents").sample_id) == set(samples) - {"s2"}
    lab.endpoint.output = plain
    again = lab.predict(samples)
    assert (again.asked, again.reused, again.possibly_paid_twice) == (1, 5, 1)


def test_an_endpoint_on_which_every_query_fails_ends_the_run(lab: Lab) -> None:
    lab.endpoint.fails = lambda _: "out of memory"
    with pytest.raises(QueryFailed):
        lab.predict(cohort(40), **ONE_AT_A_TIME)
    assert len(lab.endpoint.queries) == TROUBLES_IN_A_ROW


def test_failures_of_a_run_that_raises_are_not_asked_anew_by_the_next(lab: Lab) -> None:
    lab.endpoint.fails = lambda samples: (
        "out of memory" if (0, 7, 0) in [s[:3] for s in samples] else None
    )
    lab.endpoint.on_submit = lambda n: (401, {"error": "key"}) if n == 2 else None
    with pytest.raises(EndpointUnauthorized):
        lab.predict(cohort(8), **ONE_AT_A_TIME)
    run = lab.predict(cohort(8))
    assert sorted(run.failures) == ["s0", "s1", "s2", "s3"]
    assert len(lab.endpoint.asked) == 8
    assert run.possibly_paid_twice == 0


# -- refusals --------------------------------------------------------------------------------------


def test_one_large_sample_fails_alone_and_leaves_the_queries_their_size(lab: Lab) -> None:
    large = cohort(1)["s0"]
    plain = lab.endpoint.submit

    def submit(query: dict[str, list[dict[str, list[int]]]]) -> tuple[int, object]:
        if any(item["counts"] == large for item in query["inputs"]):
            return 413, {"error": "too large"}
        return plain(query)

    lab.endpoint.submit = submit  # type: ignore[method-assign]
    run = lab.predict(cohort(24), chunk_size=8, **ONE_AT_A_TIME)
    assert list(run.failures) == ["s0"]
    sizes = sorted(len(samples) for samples in lab.endpoint.queries.values())
    assert sum(sizes) == 23
    assert sizes == [1, 2, 4, 8, 8]


def test_a_sample_that_a_refusal_does_not_name_is_found_by_halves(lab: Lab) -> None:
    plain = lab.endpoint.submit

    def submit(query: dict[str, list[dict[str, list[int]]]]) -> tuple[int, object]:
        if any(item["counts"][0] == 5 for item in query["inputs"]):
            return 400, {"error": "bad input"}
        return plain(query)

    lab.endpoint.submit = submit  # type: ignore[method-assign,assignment]
    run = lab.predict(cohort(8))
    assert list(run.failures) == ["s5"]
    assert len(lab.endpoint.asked) == 7


def test_a_refusal_of_everything_ends_the_run_soon(lab: Lab) -> None:
    lab.endpoint.refuse_query = "seed is out of range"
    with pytest.raises(QueryRejected):
        lab.predict(cohort(200))
    assert lab.endpoint.submits < 40


# -- other runs, clocks, models --------------------------------------------------------------------


def test_what_another_run_took_over_meanwhile_is_left_to_it(lab: Lab) -> None:
    engine = sa.create_engine(f"sqlite:///{lab.folder}/ledger.sqlite")
    taken: list[int] = []

    def take_over(n: int) -> None:
        if n == 1:
            keys = [s.content_key for s in asked_samples(lab, cohort(4, first=4))]
            with engine.begin() as connection:
                mine = claims_table.c.content_key.in_(keys)
                statement = claims_table.update().where(mine).values(owner="elsewhere|1|x")
                taken.append(connection.execute(statement).rowcount)

    async def wait(_: float) -> None:
        # The other run dies: nobody renews its claims.
        lab.clock.advance(100)
        await no_sleep(0)

    lab.endpoint.on_accepted = take_over
    run = lab.predict(cohort(8), sleep=wait, **ONE_AT_A_TIME)
    engine.dispose()
    assert taken == [4]
    assert (run.failures, run.asked, len(lab.endpoint.asked)) == ({}, 8, 8)


@pytest.mark.parametrize("jump", [-7 * 86400.0, 7 * 86400.0])
def test_a_wall_clock_that_jumps_during_a_run_costs_nothing(lab: Lab, jump: float) -> None:
    lab.endpoint.on_status = lambda: lab.clock.jump(jump)
    run = lab.predict(cohort(8))
    assert (run.failures, run.asked, len(lab.endpoint.asked)) == ({}, 8, 8)
    assert lab.predict(cohort(8)).asked == 0


def test_a_query_of_the_version_before_that_the_new_one_answers_is_not_asked_again(
    lab: Lab,
) -> None:
    lab.endpoint.held = True
    with pytest.raises(QueryTimedOut):
        lab.predict(cohort(4), settings={"prediction_timeout": 0.0})
    lab.endpoint.held = False
    lab.endpoint.model_version = "3"
    run = lab.predict(cohort(4), model=lab.model("3"))
    assert (run.asked, run.resumed, len(lab.endpoint.asked)) == (0, 4, 4)


def test_an_old_answer_of_the_version_before_is_kept_and_the_samples_are_asked(lab: Lab) -> None:
    lab.endpoint.held = True
    with pytest.raises(QueryTimedOut):
        lab.predict(cohort(4), settings={"prediction_timeout": 0.0})
    lab.endpoint.held = False
    before = lab.endpoint.result

    def result(query_id: str) -> tuple[int, object]:
        lab.endpoint.model_version = "2" if query_id == "query-1" else "3"
        return before(query_id)

    lab.endpoint.result = result  # type: ignore[method-assign]
    run = lab.predict(cohort(4), model=lab.model("3"))
    assert (run.asked, run.resumed, run.possibly_paid_twice) == (4, 0, 0)
    assert lab.predict(cohort(4), model=lab.model("2")).reused == 4


# -- interrupts ------------------------------------------------------------------------------------

INTERRUPTED_RUN = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[3])
from predictions_lab import Lab, cohort
from scripted_endpoint import ScriptedEndpoint
from gem_assets.predictions.claims import utc_now

lab = Lab(ScriptedEndpoint(base_url=sys.argv[1]), Path(sys.argv[2]), utc_now)
try:
    lab.predict(cohort(8))
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.skipif(os.name != "posix", reason="interrupts a process the POSIX way")
@pytest.mark.parametrize("during", ["a submission", "the wait for an answer"])
def test_an_interrupted_run_leaves_its_queries_recorded_and_its_claims_free(
    lab: Lab, tmp_path: Path, during: str
) -> None:
    reached, interrupted = threading.Event(), threading.Event()
    if during == "a submission":

        def hold(n: int) -> None:
            if n == 1:
                reached.set()
                interrupted.wait(20)

        lab.endpoint.on_accepted = hold
    else:
        lab.endpoint.held = True
        lab.endpoint.on_status = reached.set
    script = [sys.executable, "-c", INTERRUPTED_RUN, lab.endpoint.base_url, str(tmp_path)]
    process = subprocess.Popen([*script, str(Path(__file__).parent)])  # noqa: S603 (our own script)
    assert reached.wait(60)
    process.send_signal(signal.SIGINT)
    interrupted.set()
    assert process.wait(60) == 7
    lab.endpoint.held = False
    submitted = len(lab.endpoint.asked)
    with Ledger(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        assert set(ledger.query_states()) <= {QueryState.SUBMITTED, QueryState.ANSWERED}
    with lab.ledger() as ledger:
        keys = [s.content_key for s in asked_samples(lab, cohort(8))]
        claims = ledger.claims()
        assert claims.claim(keys) == set(keys)
        claims.release()
    run = lab.predict(cohort(8))
    assert (run.failures, run.possibly_paid_twice, len(lab.endpoint.asked)) == ({}, 0, 8)
    assert run.asked == 8 - submitted

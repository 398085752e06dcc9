from __future__ import annotations

import logging

import pytest
from predictions_lab import Lab, cohort
from scripted_endpoint import GENES

from gem_assets.endpoint.errors import (
    EndpointUnreachable,
    QueryRejected,
    QueryTimedOut,
    QueryTooLarge,
)
from gem_assets.predictions.errors import (
    GeneOrderChangedError,
    ModelVersionChangedError,
    TooManyNewSamplesError,
)


def test_every_sample_gets_the_answer_to_its_own_counts(lab: Lab) -> None:
    samples = cohort(10)
    run = lab.predict(samples)
    ages = lab.table(samples, run, "predicted_metadata").query("field == 'age'")
    assert dict(zip(ages.sample_id, ages.value_number, strict=True)) == {
        name: counts[2] for name, counts in samples.items()
    }
    assert (run.asked, run.reused, run.resumed, run.failures) == (10, 0, 0, {})


def test_a_second_run_asks_nothing(lab: Lab) -> None:
    samples = cohort(10)
    lab.predict(samples)
    requests = list(lab.endpoint.requests)
    run = lab.predict(samples)
    assert lab.endpoint.requests == requests
    assert (run.asked, run.reused) == (0, 10)


def test_three_new_samples_are_asked_alone(lab: Lab) -> None:
    lab.predict(cohort(5))
    lab.endpoint.asked.clear()
    run = lab.predict(cohort(8))
    assert sorted(lab.endpoint.asked) == sorted(map(tuple, cohort(3, first=5).values()))
    assert (run.asked, run.reused) == (3, 5)


def test_samples_with_the_same_counts_are_asked_once(lab: Lab) -> None:
    samples = {**cohort(2), "copy": cohort(1)["s0"]}
    run = lab.predict(samples)
    assert len(lab.endpoint.asked) == 2
    assert run.keys["copy"] == run.keys["s0"]
    tissue = lab.table(samples, run, "predicted_metadata").query("field == 'tissue'")
    assert sorted(tissue.sample_id) == ["copy", "s0", "s1"]


def test_another_seed_is_another_question(lab: Lab) -> None:
    lab.predict(cohort(2), seed=1)
    lab.predict(cohort(2), seed=2, parameters={"deterministic_latents": True})
    assert [body["seed"] for body in lab.endpoint.bodies] == [1, 2]
    assert lab.endpoint.bodies[1]["deterministic_latents"] is True


def test_samples_are_sent_in_queries_of_the_size_that_is_set(lab: Lab) -> None:
    lab.predict(cohort(10), chunk_size=3)
    assert sorted(len(samples) for samples in lab.endpoint.queries.values()) == [1, 3, 3, 3]


def test_no_samples_need_no_endpoint(lab: Lab) -> None:
    with lab.ledger() as ledger, lab.connection() as connection:
        from scipy import sparse

        from gem_assets.predictions.flow import predict_counts

        run = predict_counts(
            connection,
            sparse.csr_array((0, len(GENES)), dtype="int32"),
            [],
            [],
            lab.model(),
            ledger,
            lab.store,
        )
    assert lab.endpoint.requests == []
    assert run.keys == {}


# -- more than allowed -----------------------------------------------------------------------------


def test_more_new_samples_than_allowed_are_refused_before_one_is_sent(lab: Lab) -> None:
    lab.predict(cohort(2))
    lab.endpoint.requests.clear()
    with pytest.raises(TooManyNewSamplesError, match=r"5 samples .* max_new_samples_per_run to 5"):
        lab.predict(cohort(7), max_new_samples=4)
    assert lab.endpoint.requests == []
    assert lab.predict(cohort(7), max_new_samples=5).asked == 5


def test_what_will_be_sent_is_announced_with_its_host(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "gem_assets.predictions"):
        lab.predict(cohort(3))
    host = lab.endpoint.base_url.removeprefix("http://")
    assert f"Sending 3 samples to {host}" in caplog.text
    assert "hush" not in caplog.text


def test_progress_ends_with_all_samples_done(lab: Lab) -> None:
    lab.predict(cohort(4))
    told: list[tuple[int, int, int]] = []
    lab.predict(cohort(10), on_progress=lambda *numbers: told.append(numbers))
    assert told[0] == (4, 10, 4)
    assert told[-1] == (10, 10, 4)
    assert told == sorted(told)


# -- runs that die ---------------------------------------------------------------------------------


def test_an_answer_that_a_dead_run_did_not_wait_for_is_fetched_not_asked_again(lab: Lab) -> None:
    lab.endpoint.held = True
    with pytest.raises(QueryTimedOut):
        lab.predict(cohort(6), settings={"prediction_timeout": 0.0})
    lab.endpoint.held = False
    submitted = len(lab.endpoint.asked)
    assert submitted >= 4
    run = lab.predict(cohort(6))
    assert len(lab.endpoint.asked) == 6
    assert (run.resumed, run.asked) == (submitted, 6 - submitted)
    assert run.failures == {}


def test_an_answer_that_was_stored_but_not_indexed_is_found(lab: Lab) -> None:
    lab.predict(cohort(6))
    (lab.folder / "ledger.sqlite").unlink()
    lab.endpoint.requests.clear()
    assert lab.predict(cohort(6)).reused == 6
    assert lab.endpoint.requests == []


def test_a_forgotten_query_is_asked_anew(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.endpoint.held = True
    with pytest.raises(QueryTimedOut):
        lab.predict(cohort(3), settings={"prediction_timeout": 0.0})
    lab.endpoint.held = False
    lab.endpoint.queries.clear()
    lab.endpoint.asked.clear()
    run = lab.predict(cohort(3))
    assert (run.asked, run.resumed) == (3, 0)
    assert "asked for anew" in caplog.text


def test_a_query_that_has_no_word_for_a_day_is_given_up(lab: Lab) -> None:
    impatient = {"prediction_timeout": 0.0}
    lab.endpoint.held = True
    for _ in range(2):
        with pytest.raises(QueryTimedOut):
            lab.predict(cohort(3), settings=impatient)
    assert len(lab.endpoint.asked) == 3
    lab.clock.advance(25 * 3600)
    with pytest.raises(QueryTimedOut):
        lab.predict(cohort(3), settings=impatient)
    assert len(lab.endpoint.asked) == 6


def test_a_damaged_file_that_the_ledger_does_not_know_is_named(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.predict(cohort(2))
    (name,) = lab.store.names()
    (lab.store.folder / name).write_bytes(b"")
    (lab.folder / "ledger.sqlite").unlink()
    assert lab.predict(cohort(2)).asked == 2
    assert name in caplog.text


def test_a_deleted_file_of_answers_is_asked_anew(lab: Lab) -> None:
    lab.predict(cohort(4))
    for name in lab.store.names():
        (lab.store.folder / name).unlink()
    assert lab.predict(cohort(4)).asked == 4


def test_a_damaged_file_of_answers_is_named_set_aside_and_asked_anew(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.predict(cohort(4))
    (name,) = lab.store.names()
    path = lab.store.folder / name
    path.write_bytes(path.read_bytes()[:-100])
    assert lab.predict(cohort(4)).asked == 4
    assert str(path) in caplog.text
    assert path.with_name(f"{name}.unreadable").exists()
    assert lab.predict(cohort(4)).reused == 4


# -- the endpoint refuses or fails -----------------------------------------------------------------


def test_a_refused_sample_is_reported_and_the_others_are_predicted(lab: Lab) -> None:
    samples = cohort(6)
    lab.endpoint.refuse = lambda counts: "too few reads" if counts[0] == 2 else None
    run = lab.predict(samples)
    assert run.failures == {"s2": "The endpoint refused this sample: too few reads"}
    assert len(lab.endpoint.asked) == 5
    assert sorted(lab.table(samples, run, "decoded_counts").sample_id) == [
        "s0", "s1", "s3", "s4", "s5",
    ]  # fmt: skip


def test_a_sample_refused_in_two_names_is_reported_under_both(lab: Lab) -> None:
    samples = {**cohort(3), "copy": cohort(3)["s2"]}
    lab.endpoint.refuse = lambda counts: "bad" if counts[0] == 2 else None
    assert sorted(lab.predict(samples).failures) == ["copy", "s2"]


def test_a_query_in_which_every_sample_is_refused_sends_nothing_more(lab: Lab) -> None:
    lab.endpoint.refuse = lambda _: "bad"
    assert len(lab.predict(cohort(3)).failures) == 3
    assert lab.endpoint.asked == []


def test_a_refusal_that_names_no_sample_is_raised(lab: Lab) -> None:
    lab.endpoint.refuse_query = "seed is out of range"
    with pytest.raises(QueryRejected, match="seed is out of range"):
        lab.predict(cohort(3))


def test_queries_that_are_too_large_are_halved_until_they_fit(lab: Lab) -> None:
    lab.endpoint.largest_query = 3
    run = lab.predict(cohort(16), chunk_size=16)
    assert run.failures == {}
    assert len(lab.endpoint.asked) == 16
    assert {len(samples) for samples in lab.endpoint.queries.values()} == {2}


def test_several_queries_that_fail_at_once_are_all_told(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.endpoint.held = True
    with pytest.raises(QueryTimedOut):
        lab.predict(cohort(8), settings={"prediction_timeout": 0.0})
    assert "Another query of this run ended so" in caplog.text


def test_a_fault_that_names_no_sample_of_the_query_is_raised(lab: Lab) -> None:
    lab.endpoint.refuse_input = "inputs[9].counts"
    with pytest.raises(QueryRejected):
        lab.predict(cohort(2))


def test_a_single_sample_that_is_too_large_is_raised(lab: Lab) -> None:
    lab.endpoint.largest_query = 0
    with pytest.raises(QueryTooLarge):
        lab.predict(cohort(2))


def test_a_failed_query_is_reported_for_its_samples_and_asked_anew_next_time(lab: Lab) -> None:
    lab.endpoint.fails = lambda samples: (
        "out of memory" if (0, 7, 0) in [s[:3] for s in samples] else None
    )
    run = lab.predict(cohort(8), chunk_size=4)
    assert sorted(run.failures) == ["s0", "s1", "s2", "s3"]
    assert "out of memory" in run.failures["s0"]
    lab.endpoint.fails = lambda _: None
    run = lab.predict(cohort(8))
    assert (run.asked, run.reused, run.failures) == (4, 4, {})


def test_too_few_outputs_make_the_query_bad_and_nothing_of_it_is_kept(lab: Lab) -> None:
    lab.endpoint.drop_outputs = 1
    run = lab.predict(cohort(3))
    assert "2 outputs for 3 samples" in run.failures["s0"]
    assert "query-1" in run.failures["s0"]
    assert lab.store.names() == set()


def test_an_unreadable_answer_is_fetched_again_before_it_is_paid_again(
    lab: Lab,
) -> None:
    lab.endpoint.drop_outputs = 1
    lab.predict(cohort(3))
    lab.endpoint.drop_outputs = 0
    run = lab.predict(cohort(3))
    assert (run.asked, run.resumed, run.failures) == (0, 3, {})


def test_an_endpoint_that_vanishes_leaves_the_answers_that_came(lab: Lab) -> None:
    lab.predict(cohort(4))
    with pytest.raises(EndpointUnreachable):
        lab.predict(cohort(8), settings={"base_url": "http://127.0.0.1:9"})
    assert lab.predict(cohort(8)).asked == 4


# -- the model changes -----------------------------------------------------------------------------


def test_answers_of_another_version_are_kept_under_it_and_the_run_is_to_be_repeated(
    lab: Lab,
) -> None:
    lab.endpoint.model_version = "3"
    with pytest.raises(ModelVersionChangedError, match="'2' but answered in version '3'") as raised:
        lab.predict(cohort(8), concurrency=1)
    assert (raised.value.expected, raised.value.found) == ("2", "3")
    assert len(lab.endpoint.asked) == 4
    run = lab.predict(cohort(8), model=lab.model("3"))
    assert (run.asked, run.reused) == (4, 4)
    assert set(lab.table(cohort(8), run, "latents").model_version) == {"3"}


def test_answers_for_another_gene_order_are_not_kept(lab: Lab) -> None:
    lab.endpoint.gene_order = tuple(reversed(GENES))
    with pytest.raises(GeneOrderChangedError):
        lab.predict(cohort(2))
    assert lab.store.names() == set()


def test_an_answer_without_a_gene_order_is_taken_for_the_one_that_was_asked(lab: Lab) -> None:
    lab.endpoint.gene_order = None
    assert lab.predict(cohort(2)).failures == {}


@pytest.mark.parametrize(
    ("counts", "names", "hashes", "what"),
    [
        ((2, 11), ["a", "b"], ["1", "2"], "takes 12 genes"),
        ((2, 12), ["a", "b"], ["1"], "1 content hashes for 2"),
        ((2, 12), ["a", "a"], ["1", "2"], "unique"),
    ],
)
def test_counts_names_and_hashes_must_fit(
    lab: Lab, counts: tuple[int, int], names: list[str], hashes: list[str], what: str
) -> None:
    from scipy import sparse

    from gem_assets.predictions.flow import predict_counts

    with (
        lab.ledger() as ledger,
        lab.connection() as connection,
        pytest.raises(ValueError, match=what),
    ):
        predict_counts(
            connection,
            sparse.csr_array(counts, dtype="int32"),
            names,
            hashes,
            lab.model(),
            ledger,
            lab.store,
        )

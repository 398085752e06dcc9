from __future__ import annotations

import math

import pytest
from predictions_lab import Lab, cohort
from scripted_endpoint import GENES

from gem_assets.endpoint.observation import ObservedModel
from gem_assets.predictions.errors import GeneOrderChangedError, ModelVersionChangedError
from gem_assets.predictions.observations import latest_observation, observe


def look(lab: Lab, max_age_seconds: float = 600) -> ObservedModel:
    with lab.ledger() as ledger, lab.connection() as connection:
        return observe(connection, ledger, lab.store, max_age_seconds)


def test_a_second_look_within_minutes_asks_nothing(lab: Lab) -> None:
    first = look(lab)
    assert first == lab.model()
    assert len(lab.endpoint.queries) == 1
    lab.clock.advance(599)
    assert look(lab) == first
    assert len(lab.endpoint.queries) == 1


def test_an_old_observation_is_made_anew(lab: Lab) -> None:
    look(lab)
    lab.endpoint.model_version = "3"
    lab.clock.advance(600)
    assert look(lab, math.inf).model_version == "2"
    assert look(lab).model_version == "3"


def test_an_observation_whose_gene_order_is_gone_is_made_anew(lab: Lab) -> None:
    look(lab)
    (path,) = (lab.store.folder / "gene_orders").iterdir()
    path.unlink()
    look(lab)
    assert len(lab.endpoint.queries) == 2


def test_the_latest_observation_asks_nobody(lab: Lab) -> None:
    with lab.ledger() as ledger, lab.connection() as connection:
        assert latest_observation(connection.settings, ledger, lab.store) is None
        observe(connection, ledger, lab.store)
        lab.endpoint.requests.clear()
        assert latest_observation(connection.settings, ledger, lab.store) == lab.model()
    assert lab.endpoint.requests == []


def test_an_answer_of_a_new_version_is_the_next_observation(lab: Lab) -> None:
    look(lab)
    lab.endpoint.model_version = "3"
    with pytest.raises(ModelVersionChangedError):
        lab.predict(cohort(2))
    asked = len(lab.endpoint.queries)
    assert look(lab).model_version == "3"
    assert len(lab.endpoint.queries) == asked


def test_an_answer_of_a_new_gene_order_is_the_next_observation(lab: Lab) -> None:
    look(lab)
    lab.endpoint.gene_order = GENES[::-1]
    with pytest.raises(GeneOrderChangedError):
        lab.predict(cohort(2))
    assert look(lab).gene_order == GENES[::-1]


def test_a_new_version_without_a_gene_order_makes_the_next_look_ask(lab: Lab) -> None:
    look(lab)
    lab.endpoint.model_version, lab.endpoint.gene_order = "3", None
    with pytest.raises(ModelVersionChangedError):
        lab.predict(cohort(2))
    lab.endpoint.gene_order = GENES
    assert look(lab).model_version == "3"

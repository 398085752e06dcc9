"""The endpoint over loopback, hosted and counting, that no refused case may ask anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "face"))

from face_server import loopback
from hosted import Hosted
from wrong_cases import model_genes

from gem_assets.endpoint.observation import ObservedModel
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import remember
from gem_assets.predictions.store import Store
from gem_assets.settings import MODALITIES, Settings


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    results = tmp_path_factory.mktemp("hosted") / "results"
    results.mkdir()
    with pytest.MonkeyPatch.context() as patch, loopback() as server:
        for name in [n for n in os.environ if n.startswith("GEM_ASSETS_")]:
            patch.delenv(name)
        for modality in MODALITIES:
            endpoint = EndpointSettings.from_environment("hosted", modality)
            model = ObservedModel(
                model_id=endpoint.model_id,
                model_version="embedded-1",
                gene_order=model_genes(modality),
                served_by="embedded",
                base_url=endpoint.base_url,
            )
            with Ledger(f"sqlite:///{results / 'ledger.sqlite'}") as ledger:
                remember(model, ledger, Store(results / "predictions"))
        yield Hosted(server, Settings(results=str(results), endpoint="hosted"))

"""The vendor's own client and our assets ask one server, and must see the same values."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from face_lab import Done, Project

from gem_assets.counts.arrow import lists_to_csr
from gem_assets.endpoint.model_names import MODEL_IDS
from gem_assets.labels.fields import field_of_api_name

pysynthbio = pytest.importorskip("pysynthbio")

KEY = "sk-loopback-fedcba9876543210"
SEED = 42  # what our assets send, see GemEndpoint
CELLS = 6


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Serve the embedded endpoint as a user would, and return its address."""
    command = "from gem_assets.cli import main; main()"
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", command, "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert " at http://127.0.0.1:" in line, line
        yield line.split(" at ")[1].split()[0]
        process.terminate()


@dataclass
class Asked:
    """Samples as both clients know them: our tables of them, and the official client's frames."""

    samples: Sequence[str]
    tables: dict[str, pd.DataFrame]
    frames: dict[str, pd.DataFrame]
    gene_ids: Sequence[str]


def ask(project: Project, dataset: str, samples: Sequence[str], server: str) -> Asked:
    """Ask the official client about samples that our assets have asked about."""
    order = project.table("gene_order")
    aligned = project.table("aligned_counts", dataset).set_index("sample_id").loc[list(samples)]
    lists = project.warehouse.read("aligned_counts", dataset)
    names = lists.column("sample_id").to_pylist()
    counts = lists_to_csr(lists.column("gene_index"), lists.column("count"), len(order))
    dense = counts[[names.index(sample) for sample in samples]].toarray()
    assert dense.sum() > 0
    assert len(aligned) == len(samples)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHESIZE_API_KEY", KEY)
        frames = pysynthbio.predict_query(
            {"inputs": [{"counts": row.tolist()} for row in dense], "seed": SEED},
            model_id=MODEL_IDS[project.modality],
            api_base_url=server,
            auto_authenticate=False,
        )
    tables = {
        name: rows[rows["sample_id"].isin(samples)]
        for name in ("predicted_metadata", "classifier_probs", "latents", "decoded_counts")
        for rows in [project.table(name, dataset)]
    }
    return Asked(samples, tables, frames, order["gene_id"].tolist())


@pytest.fixture(scope="module")
def bulk(shipped: Done, server: str) -> Asked:
    # Not the order of the dataset: an answer must not depend on the neighbours in its query.
    samples = ("NA20512", "NA20502", "NA20504")
    return ask(shipped.project, "geuvadis_planted", samples, server)


@pytest.fixture(scope="module")
def cells(
    repository: Path, shipped: Done, tmp_path_factory: pytest.TempPathFactory, server: str
) -> Asked:
    folder = tmp_path_factory.mktemp("cells")
    every = ad.read_h5ad(repository / "data" / "sc" / "celltypist_demo" / "counts.h5ad")
    (folder / "data" / "sc" / "few").mkdir(parents=True)
    every[:CELLS].copy().write_h5ad(folder / "data" / "sc" / "few" / "counts.h5ad")
    instance = shipped.project.instance
    project = Project(folder / "data", folder / "results", instance, "sc")
    observed, run = project.observe(), project.refresh("few")
    assert observed.success, observed.failed
    assert run.success, run.failed
    assert project.report("few").is_file()
    samples = project.table("qc_samples", "few")["sample_id"].tolist()
    assert len(samples) == CELLS
    return ask(project, "few", samples[::-2], server)


@pytest.fixture(params=["bulk", "cells"])
def asked(request: pytest.FixtureRequest) -> Asked:
    asked = request.getfixturevalue(request.param)
    assert isinstance(asked, Asked)
    return asked


def field_name(api_name: str) -> str:
    field = field_of_api_name(api_name)
    return api_name if field is None else field.name


def test_every_predicted_value_is_the_official_clients(asked: Asked) -> None:
    ours = asked.tables["predicted_metadata"].set_index(["sample_id", "field"])
    theirs = asked.frames["metadata"]
    assert len(theirs) == len(asked.samples)
    compared = 0
    for sample, row in zip(asked.samples, theirs.to_dict("records"), strict=True):
        for api_name, value in row.items():
            if pd.isna(value):
                assert (sample, field_name(api_name)) not in ours.index
                continue
            found = ours.loc[(sample, field_name(api_name))]
            number = isinstance(value, float | int)
            assert (found["value_number"] if number else found["predicted_id"]) == value
            compared += 1
    assert compared == len(ours)


def test_every_probability_is_the_official_clients(asked: Asked) -> None:
    ours = asked.tables["classifier_probs"].set_index(["sample_id", "field"])
    compared = 0
    for sample, row in zip(
        asked.samples, asked.frames["classifier_probs"].to_dict("records"), strict=True
    ):
        for api_name, theirs in row.items():
            if not isinstance(theirs, dict):
                continue
            found = ours.loc[(sample, field_name(api_name))]
            mine = dict(zip(found["value"], found["probability"], strict=True))
            assert mine.keys() == theirs.keys()
            values = np.array([theirs[value] for value in mine])
            # The table's contract: a sum of exactly 1, where the answer's rounding misses it.
            scaled = values / values.sum()
            np.testing.assert_allclose(list(mine.values()), scaled, rtol=1e-12, atol=0)
            assert abs(values.sum() - 1) < 1e-4
            assert (np.diff(values) <= 0).all()
            compared += 1
    assert compared == len(ours)


def test_every_latent_is_the_official_clients(asked: Asked) -> None:
    ours = asked.tables["latents"].set_index(["sample_id", "space"])["vector"]
    compared = 0
    for sample, row in zip(asked.samples, asked.frames["latents"].to_dict("records"), strict=True):
        for space, theirs in row.items():
            if len(theirs):
                vector = np.asarray(theirs, dtype=np.float32)
                np.testing.assert_array_equal(ours[sample, space], vector)
                compared += 1
    assert compared == len(ours)


def test_every_decoded_count_of_bulk_is_the_official_clients(bulk: Asked) -> None:
    theirs = bulk.frames["expression"]
    assert theirs.columns.tolist() == bulk.gene_ids
    ours = bulk.tables["decoded_counts"].set_index("sample_id")
    for sample, counts in zip(bulk.samples, theirs.to_numpy(), strict=True):
        mine = np.zeros(len(bulk.gene_ids), dtype=np.int64)
        mine[ours.loc[sample, "gene_index"]] = ours.loc[sample, "count"]
        assert mine.sum() > 0
        np.testing.assert_array_equal(mine, counts)


def test_decoded_counts_of_cells_are_left_out_but_their_agreement_is_kept(cells: Asked) -> None:
    ours = cells.tables["decoded_counts"]
    assert ours["count"].isna().all()
    assert ours["reconstruction_r"].between(-1, 1).all()
    assert cells.frames["expression"].columns.tolist() == cells.gene_ids


def test_over_http_the_assets_fill_the_same_tables_and_leave_the_key_nowhere(
    repository: Path,
    tmp_path: Path,
    shipped: Done,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SYNTHESIZE_API_KEY", KEY)
    monkeypatch.setenv("SYNTHESIZE_API_BASE_URL", server)
    project = replace(
        shipped.project, data=repository / "data", results=tmp_path / "results", endpoint="hosted"
    )
    observed, run = project.observe(), project.refresh("lncap")
    assert observed.success, observed.failed
    assert run.success, run.failed
    for name in ("predicted_metadata", "classifier_probs", "latents", "decoded_counts"):
        pd.testing.assert_frame_equal(
            project.table(name, "lncap").drop(columns="predicted_at"),
            shipped.project.table(name, "lncap").drop(columns="predicted_at"),
        )
    # What the embedded model predicts says so, however it was reached.
    assert set(project.table("annotations", "lncap")["served_by"]) == {"embedded"}
    for path in project.results.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in str(observed.result.all_events) + str(run.result.all_events)
    said = capfd.readouterr()
    assert KEY not in said.out + said.err

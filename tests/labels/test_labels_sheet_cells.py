"""A sheet goes into a table as cells, and comes back as it was."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.datasets.config import DatasetConfig
from gem_assets.labels.columns import KNOWN_COLUMNS, SAMPLE_ID
from gem_assets.labels.sheet import SampleSheet
from gem_assets.labels.sheet_cells import CELLS, cells_of_sheet, sheet_of_cells
from gem_assets.labels.statements import stated_labels

COLUMNS = [name for name in KNOWN_COLUMNS if name != SAMPLE_ID]


@st.composite
def sheets(draw):
    samples = draw(st.lists(st.text("abc1", min_size=1), min_size=1, max_size=6, unique=True))
    columns = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True))
    cells = st.lists(st.text("xy ", max_size=3), min_size=len(samples), max_size=len(samples))
    frame = pd.DataFrame({SAMPLE_ID: samples, **{name: draw(cells) for name in columns}})
    return SampleSheet(frame.astype(object))


@given(sheets())
def test_a_sheet_comes_back_from_its_cells_in_the_same_order(sheet):
    cells = cells_of_sheet("study", sheet, sheet.sample_ids).to_pandas()

    back = sheet_of_cells(cells)

    kept = [SAMPLE_ID, *(c for c in COLUMNS if c in sheet.frame.columns)]
    assert back[kept].to_dict("list") == sheet.frame[kept].to_dict("list")


@given(sheets(), st.data())
def test_rows_of_samples_without_counts_are_left_out_and_the_others_keep_their_place(sheet, data):
    here = data.draw(st.sets(st.sampled_from(sheet.sample_ids)))

    cells = cells_of_sheet("study", sheet, here).to_pandas()

    assert set(cells["sample_id"]) == here
    places = {name: i for i, name in enumerate(sheet.sample_ids)}
    assert cells["row"].tolist() == [places[name] for name in cells["sample_id"]]
    assert cells.columns.tolist() == CELLS.names


def test_no_cells_are_a_sheet_without_rows():
    assert sheet_of_cells(CELLS.empty_table().to_pandas()).columns.tolist() == [SAMPLE_ID]


def test_the_column_that_dataset_yaml_names_holds_the_batches(tmp_path):
    sheet = tmp_path / "samples.csv"
    sheet.write_text("sample_id,sex,plate,batch id\nA,male,p1,x\nB,female,p2,y\n")
    config = DatasetConfig(batch="plate")

    stated = stated_labels("study", sheet, ("A", "B"), columns=config.sheet_columns())

    batches = sheet_of_cells(stated.cells.to_pandas())["batch"]
    assert batches.tolist() == ["p1", "p2"]


def test_a_change_of_donor_alone_is_a_new_version_of_the_labels(tmp_path):
    sheet = tmp_path / "samples.csv"
    hashes = []
    for donor in ("d1", "d2"):
        sheet.write_text(f"sample_id,sex,donor\nA,male,{donor}\n")
        hashes.append(stated_labels("study", sheet, ("A",)).content_hash())
    assert hashes[0] != hashes[1]

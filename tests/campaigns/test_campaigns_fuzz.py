"""200 damaged files: refused in words, or read as their bytes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns import fuzz
from campaigns.fuzz_files import fuzz_files
from campaigns.mutations import HARMFUL, SAFE


@pytest.mark.parametrize("first_seed", range(0, 200, 50))
def test_no_damaged_file_is_read_as_something_else(first_seed: int) -> None:
    outcomes = list(fuzz.campaign(first_seed, 50))
    assert not [outcome for outcome in outcomes if not outcome.good]
    assert {outcome.verdict for outcome in outcomes} == {"refused", "same", "changed"}


@pytest.mark.parametrize("file", fuzz_files(), ids=lambda file: file.name)
def test_the_references_read_what_was_written(file: fuzz.FuzzFile) -> None:
    table = file.reference(file.content)
    assert len(table.rows) == 60
    assert all(value > 0 for _, values in table.rows for value in values)


def test_every_mutation_is_drawn() -> None:
    drawn = {
        part
        for outcome in fuzz.campaign(1000, 400)
        for part in outcome.mutations.split(" + ")
        if part
    }
    assert drawn == set(HARMFUL) | set(SAFE)


# Found by the campaign.
@pytest.mark.parametrize(
    ("seed", "named"),
    [
        (349, "salmon_genes"),
        (425, "featurecounts"),
        (1028, "rsem"),
        (5917, "htseq"),
        (8308, "rsem"),
        (11977, "htseq"),
        (5002851, "htseq"),
        (9001363, "htseq"),
        (9004578, "semicolons"),
    ],
)
def test_what_was_found_once_is_not_found_again(seed: int, named: str, tmp_path: Path) -> None:
    assert fuzz.run_case(seed, tmp_path, named).good

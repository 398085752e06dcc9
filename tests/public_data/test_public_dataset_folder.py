"""A dataset's folder is made whole or not at all, and never written over."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gem_assets.public_data import PublicDataError, place_dataset

TABLE = b"gene_id\tA\nENSG00000000003\t7\n"
FILES = {
    "counts.tsv.gz": gzip.compress(TABLE, mtime=0),
    "samples.csv": b"sample_id,tissue\nA,liver\n",
    "README.md": b"# A\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bulk" / "some"


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_folder_is_made_with_all_its_files_and_nothing_beside_it(folder: Path) -> None:
    assert place_dataset(folder, FILES) is True
    assert content(folder) == FILES
    assert list(folder.parent.iterdir()) == [folder]


def test_a_folder_that_is_there_is_used_with_what_the_user_added(folder: Path) -> None:
    place_dataset(folder, FILES)
    (folder / "review.csv").write_text("sample_id,field\n")
    (folder / "README.md").write_text("# Mine\n")
    before = content(folder)
    assert place_dataset(folder, FILES) is False
    assert content(folder) == before


def test_the_same_counts_packed_otherwise_are_the_same(folder: Path) -> None:
    place_dataset(folder, FILES)
    (folder / "counts.tsv.gz").write_bytes(gzip.compress(TABLE, compresslevel=1, mtime=1))
    assert place_dataset(folder, FILES) is False


@pytest.mark.parametrize(
    ("name", "edited"),
    [
        ("samples.csv", b"sample_id,tissue\nA,lung\n"),
        ("counts.tsv.gz", gzip.compress(TABLE.replace(b"7", b"8"), mtime=0)),
        ("counts.tsv.gz", b"no gzip"),
    ],
)
def test_what_the_user_edited_is_refused_and_left_alone(
    folder: Path, name: str, edited: bytes
) -> None:
    place_dataset(folder, FILES)
    (folder / name).write_bytes(edited)
    with pytest.raises(PublicDataError, match=f"its {name} is not what") as refusal:
        place_dataset(folder, FILES)
    assert str(folder) in str(refusal.value)
    assert (folder / name).read_bytes() == edited


def test_a_folder_of_something_else_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    with pytest.raises(PublicDataError, match=r"counts\.tsv\.gz and samples\.csv are not"):
        place_dataset(folder, FILES)
    assert list(folder.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(folder: Path) -> None:
    with pytest.raises(PublicDataError, match="can't be written"):
        place_dataset(folder, {**FILES, "no/such/place": b""})
    assert list(folder.parent.iterdir()) == []


def test_a_place_that_can_not_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(PublicDataError, match="--data DIR"):
        place_dataset(tmp_path / "data" / "bulk" / "some", FILES)

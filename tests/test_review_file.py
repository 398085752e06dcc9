"""review.csv: read whatever wrote it, and added to without touching what stands in it."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from gem_assets.datasets import add_review_row, open_dataset, read_review_file
from gem_assets.problems import RefusedInputError
from gem_assets.safe_csv import FORMULA_STARTS, plain_cell, safe_cell

COLUMNS = ("sample_id", "decision", "comment")
ROW = {"sample_id": "S1", "decision": "exclude", "comment": "a spill, they say"}


def add(path: Path, cells: dict[str, str] | None = None) -> None:
    add_review_row(UPath(path), COLUMNS, ROW if cells is None else cells)


def rows(path: Path) -> list[list[str]]:
    return read_review_file(UPath(path)).rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "review.csv"


def test_the_first_review_makes_the_file(path: Path) -> None:
    add(path)
    assert path.read_text() == 'sample_id,decision,comment\nS1,exclude,"a spill, they say"\n'
    assert rows(path) == [list(ROW.values())]


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (b"sample_id,decision,comment\n", b'S1,exclude,"a spill, they say"\n'),
        # Columns of the file's own, in its own order.
        (b"Decision,plate,sample_id\nx,7,S0\n", b"exclude,,S1\n"),
        # A comment of several lines, and no end of the last one.
        (
            b'sample_id,decision,comment\nS0,x,"two\nlines"',
            b'\nS1,exclude,"a spill, they say"\n',
        ),
        # As a spreadsheet saves it where the comma is a decimal sign.
        (
            b"\xef\xbb\xbfsample_id;decision;comment\r\nS0;x;\r\n",
            b"S1;exclude;a spill, they say\r\n",
        ),
        (
            "\ufeffsample_id\tdecision\r\nS0\tx\r\n".encode("utf-16-le"),
            "S1\texclude".encode("utf-16-le"),
        ),
        (b"", b"sample_id,decision,comment\nS1,"),
    ],
    ids=["header only", "own columns", "open end", "semicolons", "utf-16", "empty"],
)
def test_what_stands_in_the_file_stays_byte_by_byte(
    path: Path, before: bytes, added: bytes
) -> None:
    path.write_bytes(before)
    earlier = rows(path)
    add(path)
    assert path.read_bytes().startswith(before + added)
    assert rows(path)[:-1] == earlier
    assert {"S1", "exclude"} <= set(rows(path)[-1])


def test_an_empty_file_has_no_reviews(path: Path) -> None:
    path.write_text("\n")
    assert read_review_file(UPath(path)).header == ()
    path.write_text("sample_id,decision,,\n")
    assert read_review_file(UPath(path)).header == ("sample_id", "decision")
    assert rows(path) == []


def test_a_packed_file_is_unpacked_when_it_is_added_to(path: Path) -> None:
    path.write_bytes(gzip.compress(b"sample_id,decision\nS0,x\n"))
    add(path)
    assert path.read_text() == "sample_id,decision\nS0,x\nS1,exclude\n"


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"sample_id,decision\nS0,a,b\n", b'a,"b\n'])
def test_nothing_is_added_to_a_file_that_is_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RefusedInputError, match=r"review\.csv"):
        add(path)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["review.csv"]  # noqa: PTH208 - the names alone


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        add(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["review.csv"]  # noqa: PTH208


def test_a_row_that_could_not_be_read_back_is_not_written(path: Path) -> None:
    add(path)
    before = path.read_bytes()
    with pytest.raises(RefusedInputError):
        add(path, {"sample_id": "S\x00"})
    assert path.read_bytes() == before


def test_links_within_the_folder_and_rights_stay(tmp_path: Path, path: Path) -> None:
    kept = tmp_path / "decisions.csv"
    add(kept)
    kept.chmod(0o640)
    path.symlink_to(kept)
    add(path)
    assert path.is_symlink()
    assert len(rows(kept)) == 2
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def _add_ten(path: Path, who: str) -> None:
    for i in range(10):
        add(path, {"sample_id": f"{who}{i}"})


def test_of_people_who_review_at_once_every_row_is_kept(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=_add_ten, args=(path, who)) for who in "abc"]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    assert sorted(row[0] for row in rows(path)) == [f"{w}{i}" for w in "abc" for i in range(10)]


def test_reviews_lie_where_the_dataset_lies(tmp_path: Path) -> None:
    folder = UPath(f"memory://{tmp_path.name}-reviews/bulk/lungs")
    folder.mkdir(parents=True)
    (folder / "counts.csv").write_text("x")
    data = str(folder.parents[1])
    assert open_dataset(data, "bulk", "lungs").reviews is None
    for _ in range(2):
        add_review_row(folder / "review.csv", COLUMNS, ROW)
    found = open_dataset(data, "bulk", "lungs").reviews
    assert found is not None
    assert read_review_file(found).rows == [list(ROW.values())] * 2


def test_a_review_is_a_change_of_the_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "bulk" / "lungs"
    folder.mkdir(parents=True)
    (folder / "counts.csv").write_text("x")
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    seen = {dataset.fingerprint()}
    for _ in range(2):
        add(folder / "review.csv")
        assert dataset.fingerprint() not in seen
        seen.add(dataset.fingerprint())


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bulk" / "lungs"
    folder.mkdir(parents=True)
    (folder / "counts.csv").write_text("x")
    (tmp_path / "elsewhere.csv").touch()
    (folder / "review.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(RefusedInputError, match="outside the dataset's folder"):
        open_dataset(str(tmp_path), "bulk", "lungs")


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1)


@given(st.lists(names | st.sampled_from(["=1+1", "'=1", "-1", "@a", '"', "a,b"]), min_size=1))
def test_every_name_comes_back_and_none_is_a_formula(found: list[str]) -> None:
    path = UPath("memory://names-come-back/review.csv")
    path.unlink(missing_ok=True)
    for name in found:
        add_review_row(path, COLUMNS, {"sample_id": name})
    assert [row[0] for row in read_review_file(path).rows] == found


@given(names | st.text("'=+a", max_size=4))
def test_a_safe_cell_is_no_formula_and_is_plain_again(text: str) -> None:
    assert not safe_cell(text).startswith(FORMULA_STARTS)
    assert plain_cell(safe_cell(text)) == text

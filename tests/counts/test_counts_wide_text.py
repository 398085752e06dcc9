"""Numbers in text: exact to the last bit, and traps of spreadsheets that must not pass silently."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.counts.readers import text_blocks, text_lines
from gem_assets.counts.readers.registry import read_counts
from gem_assets.counts.readers.text_numbers import LONGEST, read_numbers
from gem_assets.problems import InputProblem, RefusedInputError

PLAIN = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)


def read_all(cells: list[str]):
    """Read cells as they lie in a file, tab-separated."""
    text = np.frombuffer(("\0" * LONGEST + "\t".join([*cells, ""])).encode("latin-1"), np.uint8)
    ends = np.flatnonzero(text == ord("\t")).astype(np.int32)
    starts = np.concatenate([[LONGEST], ends[:-1] + 1]).astype(np.int32)
    numbers, strange = read_numbers(text, ends, ends - starts)
    return numbers, np.zeros(len(cells), bool) if strange is None else strange


def assert_exact(cells: list[str]) -> None:
    numbers, strange = read_all(cells)
    for cell, number, is_strange in zip(cells, numbers.tolist(), strange.tolist(), strict=True):
        plain = PLAIN.fullmatch(cell) is not None and len(cell) <= LONGEST
        assert is_strange != plain, cell
        assert not plain or number == float(cell), cell


def test_a_hundred_thousand_numbers_are_those_that_float_gives():
    rng = random.Random(1)  # noqa: S311 - no secret
    cells = ["", ".", "..", "9" * 16, "9" * 15 + ".", "." + "9" * 15, "99999999.9999999"]
    cells += ["12345678", "123456789", "1234567.8", "12345678.", ".12345678", "1.234567.", "0.000"]
    for _ in range(100_000):
        digits = "".join(rng.choices("0123456789", k=rng.randint(1, 17)))
        cut = rng.randint(0, len(digits))
        cells.append(rng.choice([digits, f"{digits[:cut]}.{digits[cut:]}"]))
    assert_exact(cells)


@given(st.lists(st.text('0123456789.,eE+-/: "x\x00\x80\xff', max_size=19), max_size=8))
def test_what_is_no_plain_number_is_told(cells):
    assert_exact(cells)


def test_whole_numbers_stay_integers():
    assert read_all(["0", "12", "1234567890123456"])[0].dtype == np.int64


@pytest.fixture
def read(tmp_path: Path):
    """Return a function that writes text and reads it as a dense matrix, samples x genes."""

    def write_and_read(content: str) -> list[list[float]]:
        path = tmp_path / "counts.csv"
        path.write_text(content)
        return read_counts(path).matrix.counts.toarray().tolist()

    return write_and_read


@pytest.fixture
def refusal(read):
    """Return a function that expects the refusal of a text and returns its one problem."""

    def refused(content: str) -> InputProblem:
        with pytest.raises(RefusedInputError) as caught:
            read(content)
        (problem,) = caught.value.problems
        assert problem.action
        return problem

    return refused


def genes(*cells: str, delimiter: str = ",") -> str:
    return "".join(f"ENSG{i:011d}{delimiter}{cell}\n" for i, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["+5", "-5", "1e2"], [5, -5, 100]),
        (["740.9989999999999", "0.30000000000000004", "1"], [740.9989999999999, 0.1 + 0.2, 1]),
        (['"12"', " 7", "0.0"], [12, 7, 0]),
        (["3000000000", "1", "9007199254740993"], [3_000_000_000, 1, 2**53 + 1]),
        (["1e300", "1", "0"], [1e300, 1, 0]),
    ],
)
def test_numbers_written_in_other_ways_are_read(read, cells, values):
    assert read("gene_id,A\n" + genes(*cells)) == [values]


def test_a_name_may_hold_the_delimiter_in_quotes(read):
    text = 'gene_id,gene_name,A\nENSG00000000003,"a, b",5\nENSG00000000005,"say ""x""",6\n'
    assert read(text) == [[5, 6]]


def test_a_quoted_line_break_is_refused(refusal):
    assert refusal('gene_id,A,B\nENSG00000000003,"1\n2",5\n').code in {
        "unreadable_text", "not_a_number", "ragged_rows",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gene_id;A;B\n" + genes("1,5;2", "0,25;3", delimiter=";"), "decimal_commas"),
        ("gene_id\tA\tB\n" + genes("5\t1,500", "7\t0,25", delimiter="\t"), "decimal_commas"),
        ("gene_id,A\n" + genes('"1,234"', '"7"'), "thousands_separators"),
        ("gene_id;A\n" + genes("1.234.567", "8", delimiter=";"), "thousands_separators"),
        ("gene_id;A\n" + genes("12'345", "8", delimiter=";"), "thousands_separators"),
        ("gene_id\tA\n" + genes("12 345", "8", delimiter="\t"), "thousands_separators"),
        ("gene_id,A\n" + genes("1,5", "2,5"), "header_too_short"),
        ("gene_id,A,B\n" + genes("1,234,5", "2,7"), "header_too_short"),
        ("gene_id,Treated,,Control,\n" + genes("1,2,3,4"), "merged_header"),
        (",Treated,,Control,\ngene_id,A,B,C,D\n" + genes("1,2,3,4"), "merged_header"),
    ],
)
def test_what_a_spreadsheet_did_to_the_table_is_named(refusal, text, code):
    assert refusal(text).code == code


def test_points_between_thousands_that_pass_for_fractions_are_refused(refusal):
    cells = [f"{i % 900 + 1}.{i % 1000:03d}" for i in range(1, 60)] + ["999", "0"]
    problem = refusal("gene_id;A\n" + genes(*cells, delimiter=";"))
    assert problem.code == "thousands_separators"
    assert "no value is 1,000 or more" in problem.sentence


@pytest.mark.parametrize("also", ["0.5", "1234.5", "12.3456"])
def test_estimated_counts_are_not_taken_for_points_between_thousands(read, also):
    cells = [f"{i % 900 + 1}.{i % 1000:03d}" for i in range(1, 60)]
    assert read("gene_id;A\n" + genes(*cells, also, delimiter=";"))[0][-1] == float(also)


def test_a_line_without_end_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(text_lines, "LONGEST_LINE", 3 << 20)
    assert refusal("gene_id,A\n" + "1" * (4 << 20)).code == "long_line"


def test_a_line_without_end_far_down_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(text_lines, "LONGEST_LINE", 3 << 20)
    monkeypatch.setattr(text_blocks, "LONGEST_LINE", 3 << 20)
    text = "gene_id,A\n" + genes(*map(str, range(100))) + "1" * (5 << 20)
    assert refusal(text).code == "long_line"


def test_the_first_fault_in_many_blocks_is_the_one_that_is_told(refusal, monkeypatch):
    monkeypatch.setattr(text_blocks, "_BLOCK_BYTES", 200)
    cells = [str(i) for i in range(3_000)]
    cells[500], cells[2_500] = "x", "y"
    problem = refusal("gene_id,A\n" + genes(*cells))
    assert "row 502 (gene 'ENSG00000000500'), column 2 (sample 'A') is 'x'" in problem.sentence
    assert len(problem.where) == 2

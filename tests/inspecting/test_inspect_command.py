"""``gem-assets inspect``: what it says of an input, and what it never does."""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
from pathlib import Path
from re import MULTILINE

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from gem_assets.cli import main
from gem_assets.genes.identifiers import KINDS
from gem_assets.inspecting import SampleFacts, Status, inspect_path
from gem_assets.inspection_view import BINS, MOST_ROWS, inspection_record, print_inspection


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def lncap(repository: Path) -> Path:
    return repository / "data" / "bulk" / "lncap"


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)], catch_exceptions=False)


def record(*arguments: str | Path) -> dict[str, object]:
    (found,) = json.loads(inspect("--json", *arguments).stdout)["inputs"]
    return dict(found)


def write_counts(path: Path, samples: int = 2, genes: int = 20_000) -> Path:
    """Write whole numbers under the first genes of the embedded order."""
    from gem_assets.embedded.model import BULK, load_model

    rng = np.random.default_rng(3)
    names = [f"s{i}" for i in range(samples)]
    counts = rng.negative_binomial(0.5, 0.002, (genes, samples))
    counts = counts * (1 + np.arange(samples))
    frame = pd.DataFrame(counts, list(load_model(BULK).gene_ids[:genes]), names)
    frame.to_csv(path, sep="\t", index_label="gene_id")
    return path


def test_a_dataset_is_shown_with_its_sheet_and_its_warnings(lncap: Path) -> None:
    result = inspect(lncap)
    assert result.exit_code == 1
    assert "tsv, genes x samples" in result.stdout
    assert "7: lane1, lane2, lane3, lane4, lane5, ..." in result.stdout
    assert re.search(r"7\d\.\d% of the 44,592 genes", result.stdout)
    assert "labels      14 id, 14 label" in result.stdout
    assert "warning few_reads" in result.stdout
    assert "sample lane8: 816,171 counts, 13,700 detected genes" in result.stdout


def test_a_file_alone_has_no_sheet(lncap: Path) -> None:
    found = record(lncap / "counts.tsv.gz")
    assert found["sheet"] is None
    assert found["format"] == "tsv"


def test_a_good_file_ends_with_0_and_the_worst_of_several_counts(
    lncap: Path, tmp_path: Path
) -> None:
    good = write_counts(tmp_path / "good.tsv", genes=40_000)
    bad = tmp_path / "bad.tsv"
    bad.write_text("gene_id\ts1\nENSG00000000003\t1\nENSG00000000005\tten\n")
    assert inspect(good).exit_code == 0
    assert inspect(good, lncap).exit_code == 1
    result = inspect(bad, good, lncap)
    assert result.exit_code == 2
    assert f"{bad}: refused" in result.stdout
    assert "not_a_number" in result.stdout
    assert f"{good}: fine" in result.stdout


def test_what_does_not_exist_is_refused_in_a_sentence() -> None:
    result = inspect("nowhere/counts.tsv")
    assert result.exit_code == 2
    assert "file_not_found" in result.stdout


def test_the_keys_for_machines_are_those_of_the_docs(lncap: Path, repository: Path) -> None:
    page = (repository / "docs" / "inspect.md").read_text()
    documented = set(re.findall(r"`([a-z_]+)`", page.split("## `--json`")[1]))
    found = record(lncap)
    keys = set(found)
    for part in ("genes", "sheet"):
        keys |= set(dict(found[part]))  # type: ignore[call-overload]
    for part in ("samples", "problems"):
        keys |= set(found[part][0])  # type: ignore[index]
    identifiers = dict(found["genes"]["identifiers"])  # type: ignore[index,call-overload]
    keys |= set(identifiers) | set(identifiers["repairs"][0]) | {"name", "candidates"}
    assert keys <= documented
    words = {*KINDS, "mixed", "bulk", "sc", "fine", "warnings", "refused", "null", "tsv", "h5ad"}
    assert documented - keys - words <= {"gem_assets", "inputs"}


def test_a_dataset_is_weighed_as_it_says(lncap: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(lncap, tmp_path / "bulk" / "copy"))
    (folder / "dataset.yaml").write_text("severity: {few_reads: ignore}\n")
    assert inspect(folder).exit_code == 0
    (folder / "dataset.yaml").write_text("severity: {few_reads: error}\n")
    assert inspect(folder).exit_code == 2


def test_a_sheet_of_other_samples_is_told_beside_the_counts(lncap: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(lncap, tmp_path / "bulk" / "copy"))
    (folder / "samples.csv").write_text("sample_id,tissue\nother,liver\n")
    found = inspect_path(str(folder))
    assert found.status is Status.REFUSED
    assert found.problems[0].code == "samples_do_not_match"
    assert found.samples is not None


def test_a_dataset_without_sheet_and_yaml_is_known_by_its_folder(
    lncap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bulk" / "bare"
    folder.mkdir(parents=True)
    shutil.copy(lncap / "counts.tsv.gz", folder)
    assert inspect_path(str(folder)).counts == str(folder / "counts.tsv.gz")
    monkeypatch.chdir(folder)
    assert inspect_path(".").format == "tsv"


def test_a_broken_dataset_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dataset.yaml").write_text("counts: nothing.tsv\n")
    found = inspect_path(str(tmp_path))
    assert [p.code for p in found.problems] == ["file_missing"]


def test_cells_are_told_by_folder_and_by_word(repository: Path, lncap: Path) -> None:
    cells = inspect_path(str(repository / "data" / "sc" / "celltypist_demo"))
    assert cells.modality == "sc"
    assert cells.genes is not None
    assert cells.genes.model_genes == 37_125
    assert inspect_path(str(lncap), "sc").modality == "sc"


def printed(samples: int, *, terminal: bool, tmp_path: Path) -> str:
    found = inspect_path(str(write_counts(tmp_path / "counts.tsv", samples, 10_000)))
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None)
    print_inspection(console, found)
    return stream.getvalue()


def test_a_terminal_shows_bars_and_a_file_does_not(tmp_path: Path) -> None:
    drawn = printed(3, terminal=True, tmp_path=tmp_path)
    bars = [line.count("█") for line in drawn.splitlines() if re.match(r"\s+s\d ", line)]
    assert len(bars) == 3
    assert bars == sorted(bars)
    plain = printed(3, terminal=False, tmp_path=tmp_path)
    assert "█" not in plain
    lines = re.findall(r"^  sample s\d: [\d,]+ counts, [\d,]+ detected genes$", plain, MULTILINE)
    assert len(lines) == 3


def test_one_is_said_in_the_singular(tmp_path: Path) -> None:
    path = tmp_path / "one.tsv"
    path.write_text("gene_id\ts1\nENSG00000000003\t1\nENSG00000000005\t0\n")
    assert "  sample s1: 1 count, 1 detected gene\n" in inspect(path).stdout


def test_names_that_were_mended_are_ambiguous_or_lost_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "names.tsv"
    names = ["TP53", "MLL2", "C1ORF220", "2-Sep", "2.31E+13", "LINC01115", "ACTB", "GAPDH"]
    path.write_text("gene\ts1\n" + "".join(f"{name}\t{i + 3}\n" for i, name in enumerate(names)))
    said = inspect(path).stdout
    assert "named by    gene symbols\n" in said
    assert "mended      1: symbol restored that a spreadsheet had made a date (2-Sep -> " in said
    assert "mended      1: letter case of the symbol restored (C1ORF220 -> C1orf220)" in said
    assert re.search(r"ambiguous   1, left out: LINC01115 may be LINC\S+ \(ENSG\d+\) or LINC", said)
    assert "lost        to a spreadsheet, and no gene's: 2.31E+13\n" in said
    identifiers = dict(record(path)["genes"]["identifiers"])  # type: ignore[index,call-overload]
    assert identifiers["kind"] == "symbols"
    assert identifiers["ambiguous_rows"] == 1
    assert identifiers["ambiguous"][0]["name"] == "LINC01115"
    assert identifiers["lost"] == ["2.31E+13"]
    assert {repair["evidence"] for repair in identifiers["repairs"]} >= {"spreadsheet_date"}


def test_of_many_samples_the_distribution_is_shown(tmp_path: Path) -> None:
    plain = printed(MOST_ROWS + 1, terminal=False, tmp_path=tmp_path)
    shown = re.findall(r"^  counts .+: (\d+) samples?$", plain, MULTILINE)
    assert 2 < len(shown) <= BINS
    assert sum(map(int, shown)) == MOST_ROWS + 1
    assert "█" in printed(MOST_ROWS + 1, terminal=True, tmp_path=tmp_path)


@pytest.mark.parametrize(
    "totals", [[0.0] * 50, [1.0] * 50, [0.0, *[5.0] * 49], [0.25] * 50, [1e9, *range(1, 50)]]
)
def test_every_sample_is_somewhere_in_the_distribution(totals: list[float]) -> None:
    from dataclasses import replace

    names = tuple(f"s{i}" for i in range(50))
    facts = SampleFacts(names, np.array(totals), np.arange(50))
    found = replace(inspect_path("nowhere"), samples=facts)
    stream = io.StringIO()
    print_inspection(Console(file=stream, width=100), found)
    for word in ("counts", "detected genes"):
        shown = re.findall(rf"^  {word} .+: (\d+) samples?$", stream.getvalue(), MULTILINE)
        assert sum(map(int, shown)) == 50
        assert len(shown) <= BINS


def test_names_of_a_file_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "evil.tsv"
    path.write_text("gene_id\t\x1b[2J:x:[red]\nENSG00000000003\t1\n")
    said = inspect(path).stdout
    assert "\x1b" not in said
    assert r"\x1b[2J:x:[red]" in said
    assert inspection_record(inspect_path(str(path)))["samples"][0]["sample_id"].startswith("\x1b")  # type: ignore[index]


def test_nothing_is_written(lncap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inspect(lncap)
    assert not list(tmp_path.iterdir())

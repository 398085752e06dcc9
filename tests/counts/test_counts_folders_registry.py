"""How readers are found, how a location is looked at, and what no file may do."""

from __future__ import annotations

import bz2
import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import zstandard
from upath import UPath

from gem_assets.counts.readers import READERS, CountsSource, expansion, folder, read_counts
from gem_assets.counts.readers.folder import describe, list_members
from gem_assets.counts.readers.nfcore_results import find_merged_counts
from gem_assets.counts.readers.registry import find_readers, holds_counts
from gem_assets.problems import RefusedInputError

READER = (
    "class R:\n rank = {}\n reads = 'x'\n def recognises(self, s): ...\n def read(self, s): ...\n"
)


def package(folder: Path, modules: dict[str, str]) -> ModuleType:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    made = ModuleType(f"formats_of_{folder.name}")
    made.__path__ = [str(folder)]
    return made


@pytest.fixture
def import_from(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType], ModuleType]:
    def register(made: ModuleType) -> ModuleType:
        monkeypatch.setitem(sys.modules, made.__name__, made)
        return made

    return register


def test_a_new_format_is_one_new_module(tmp_path: Path, import_from) -> None:
    made = package(
        tmp_path,
        {"b": READER.format(50), "a": READER.format(50), "c": READER.format(10), "_x": "oops"},
    )
    found = find_readers(import_from(made))
    assert [type(reader).__module__.rpartition(".")[2] for reader in found] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("text", "held"), [("", 0), (READER.format(1) + READER.format(1).replace("R:", "Q:"), 2)]
)
def test_a_module_of_formats_holds_one_reader(
    tmp_path: Path, import_from, text: str, held: int
) -> None:
    with pytest.raises(TypeError, match=f"must hold one Reader; it holds {held}"):
        find_readers(import_from(package(tmp_path, {"a": text})))


def test_no_reader_recognises_nothing(tmp_path: Path) -> None:
    for content in (b"x", b"\x89HDF\r\n\x1a\n", b"\0\1\2", b"\n\n", b"%%MatrixMarke", b"\t\t\t"):
        path = tmp_path / "file"
        path.write_bytes(content)
        source = CountsSource.open(path)
        for reader in READERS:
            reader.recognises(source)
        with pytest.raises(RefusedInputError):
            read_counts(path)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 9, mtime=0),
    "gz of gz members": lambda data: gzip.compress(data[:99], mtime=0) + gzip.compress(data),
    "bz2": bz2.compress,
    "zst": zstandard.compress,
}


@pytest.mark.parametrize("kind", PACK)
def test_a_file_that_expands_absurdly_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(expansion, "HARMLESS_BYTES", 1 << 20)
    table = "gene_id\tS1\tS2\n" + "ENSG00000000000\t0\t0\n" * 100_000
    path = tmp_path / "counts.tsv.gz"
    path.write_bytes(PACK[kind](table.encode()))
    monkeypatch.setattr(expansion, "MOST_EXPANSION", 100)
    with pytest.raises(RefusedInputError, match="unpacks to more than 100 times") as caught:
        read_counts(path)
    assert str(path) in str(caught.value)
    assert caught.value.problems[0].code == "expands_too_far"
    for sample in ("S1", "S2"):
        member = tmp_path / "run" / f"{sample}.htseq.txt.gz"
        member.parent.mkdir(exist_ok=True)
        member.write_bytes(PACK[kind]((table.partition("\n")[2].replace("\t0\t0", "\t0")).encode()))
    with pytest.raises(RefusedInputError, match=r"S1\.htseq\.txt\.gz: it unpacks"):
        read_counts(tmp_path / "run")


def test_what_expands_as_counts_do_is_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(expansion, "HARMLESS_BYTES", 1000)
    rows = "".join(f"ENSG{i:011d}\t{i * 7919 % 1000}\t0\n" for i in range(20_000))
    path = tmp_path / "counts.tsv.gz"
    path.write_bytes(gzip.compress(f"gene_id\tS1\tS2\n{rows}".encode(), mtime=0))
    assert read_counts(path).matrix.n_genes == 20_000


def test_a_sample_of_too_many_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gem_assets.counts.readers import sample_table

    monkeypatch.setattr(sample_table, "MOST_GENES", 1000)
    path = tmp_path / "S1.htseq.txt"
    path.write_text("".join(f"ENSG{i:011d}\t1\n" for i in range(2000)), encoding="utf-8")
    with pytest.raises(RefusedInputError, match="more than 1,000 rows"):
        read_counts(path)


def test_a_folder_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_FILES", 3)
    for i in range(5):
        (tmp_path / f"S{i}.txt").write_text("x")
    with pytest.raises(RefusedInputError, match="more than 3 files"):
        read_counts(tmp_path)
    assert not holds_counts(tmp_path)


def test_folders_are_looked_into_three_levels_deep(tmp_path: Path) -> None:
    for name in ("a", "b/c", "d/e/f", "g/h/i/j", ".hidden", "__MACOSX/x", "k/.y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    names = [member.name for member in list_members(tmp_path)]
    assert names == ["a", "b/c", "d/e/f"]
    there = UPath(f"memory://{tmp_path.name}-levels")
    for name in ("a", "b/c", "d/e/f", "g/h/i/j", ".hidden"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text("x")
    members = list_members(there)
    assert [member.name for member in members] == names
    assert all(member.size == 1 and member.changed and not member.leaves for member in members)


def test_a_name_of_an_object_store_that_leads_out_is_not_followed() -> None:
    there = UPath("memory://store-of-names/run")
    there.mkdir(parents=True, exist_ok=True)
    there.fs.pipe_file("/store-of-names/run/a\\b.htseq.txt", b"x\t1\ny\t2\n")
    (member,) = list_members(there)
    assert member.leaves
    with pytest.raises(RefusedInputError, match="outside the folder"):
        read_counts(there)


def test_a_file_is_described_by_size_and_change(tmp_path: Path) -> None:
    path = tmp_path / "a"
    there = UPath(f"memory://{tmp_path.name}-words/a")
    there.parent.mkdir(parents=True)
    for place in (path, there):
        place.write_bytes(b"a")
        before = describe(place)
        assert describe(place) == before
        place.write_bytes(b"b")
        assert describe(place) != before


def test_nf_core_results_are_read_by_their_folder(tmp_path: Path) -> None:
    table = tmp_path / "results" / "star_salmon" / "salmon.merged.gene_counts.tsv"
    table.parent.mkdir(parents=True)
    table.write_text(
        "gene_id\tgene_name\tS1\tS2\nENSG00000141510\tTP53\t4\t740.999\n"
        "ENSG00000012048\tBRCA1\t2\t1\n",
        encoding="utf-8",
    )
    for place in (tmp_path / "results", table.parent):
        assert read_counts(place).matrix.sample_ids == ("S1", "S2")
        assert holds_counts(place)
    twin = table.with_name("salmon.merged.gene_counts_length_scaled.tsv")
    table.rename(twin)
    found = find_merged_counts(table.parent)
    assert found is not None
    assert found.name == twin.name
    other = tmp_path / "results" / "star_rsem" / "rsem.merged.gene_counts.tsv"
    other.parent.mkdir()
    for path in (table, other):
        path.write_text("x", encoding="utf-8")
    with pytest.raises(RefusedInputError, match="hold 2 tables of counts") as caught:
        read_counts(tmp_path / "results")
    assert caught.value.problems[0].code == "counts_ambiguous"
    assert holds_counts(tmp_path / "results")


def test_what_is_no_folder_or_is_not_there_holds_no_counts(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("gene_id\tS1\nENSG00000141510\t4\n", encoding="utf-8")
    assert not holds_counts(tmp_path / "a.tsv")
    assert not holds_counts(tmp_path / "nothing")
    assert not holds_counts(tmp_path)

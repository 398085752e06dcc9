"""Delimited text: layouts that must be understood, and faults that must be named."""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from upath import UPath

from gem_assets.counts.readers import CountsFile, read_counts
from gem_assets.counts.readers.text_layout import ANNOTATIONS, find_delimiter, find_layout
from gem_assets.problems import RefusedInputError

GENES = ["ENSG00000000003", "ENSG00000000005.6", "ENSG00000000419"]
PLAIN = "gene_id\tA\tB\nENSG00000000003\t1\t2\nENSG00000000005.6\t0\t40\nENSG00000000419\t7\t0\n"
EXPECTED = [[1, 0, 7], [2, 40, 0]]


@pytest.fixture
def read(tmp_path: Path):
    """Return a function that writes text or bytes to a file and reads it as counts."""

    def write_and_read(content: str | bytes, name: str = "counts.tsv") -> CountsFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_counts(path)

    return write_and_read


@pytest.fixture
def refusal(read):
    """Return a function that writes a file, expects its refusal, and returns the one problem."""

    def refused(content: str | bytes, name: str = "counts.tsv"):
        with pytest.raises(RefusedInputError) as caught:
            read(content, name)
        (problem,) = caught.value.problems
        assert name in problem.sentence
        assert problem.action
        assert "\n" not in str(caught.value)
        return problem

    return refused


def transposed(text: str) -> str:
    rows = [line.split("\t") for line in text.splitlines()]
    return "\n".join("\t".join(row) for row in zip(*rows, strict=True)) + "\n"


@pytest.mark.parametrize(
    ("content", "format_name"),
    [
        (PLAIN, "tsv"),
        (PLAIN.replace("\t", ","), "csv"),
        (PLAIN.replace("\t", ";"), "csv"),
        (PLAIN.replace("\t", "|"), "csv"),
        (PLAIN.replace("\t", " "), "csv"),
        ("\ufeff" + PLAIN, "tsv"),
        (PLAIN.replace("\n", "\r\n"), "tsv"),
        (PLAIN.rstrip("\n"), "tsv"),
        ("\n" + PLAIN + "\n\n", "tsv"),
        (PLAIN.removeprefix("gene_id"), "tsv"),
        (PLAIN.removeprefix("gene_id\t"), "tsv"),
        (PLAIN.replace("\tA\t", '\t"A"\t').replace("ENSG00000000419", '"ENSG00000000419"'), "tsv"),
        (PLAIN.replace("\t40", '\t"40"'), "tsv"),
        (PLAIN.replace("\t40", "\t4e1"), "tsv"),
        (PLAIN.replace("\t40", "\t40.0"), "tsv"),
        (PLAIN.replace("\tA\t", "\t A \t"), "tsv"),
    ],
    ids=[
        *("tab", "comma", "semicolon", "bar", "space", "byte-order mark", "CRLF"),
        *("no last newline", "empty lines", "no heading", "short header", "quoted names"),
        *("quoted number", "exponent", "decimal point", "padded name"),
    ],
)
def test_ways_to_write_the_same_counts(read, content, format_name):
    file = read(content)
    assert file.matrix.counts.toarray().tolist() == EXPECTED
    assert file.matrix.counts.dtype == np.int32
    assert file.matrix.sample_ids == ("A", "B")
    assert file.matrix.gene_ids == tuple(GENES)
    assert file.matrix.gene_symbols is None
    assert (file.format, file.orientation) == (format_name, "genes x samples")
    assert not file.problems


def test_samples_in_rows_are_understood(read):
    file = read(transposed(PLAIN))
    assert file.orientation == "samples x genes"
    assert file.matrix.counts.toarray().tolist() == EXPECTED
    assert file.matrix.gene_ids == tuple(GENES)
    assert "the column names are Ensembl gene ids" in file.notes[1]


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, bz2.compress, lambda b: pa.Codec("zstd").compress(b, asbytes=True)],
    ids=["gzip", "bz2", "zstd"],
)
def test_compression_is_told_by_content_whatever_the_name(read, compress):
    assert read(compress(PLAIN.encode()), "counts.tsv").matrix.counts.toarray().tolist() == EXPECTED


def test_a_gzip_of_several_members_is_read_to_its_end(read):
    half = PLAIN.index("ENSG00000000419")
    content = gzip.compress(PLAIN[:half].encode()) + gzip.compress(PLAIN[half:].encode())
    assert read(content).matrix.counts.toarray().tolist() == EXPECTED


def test_any_fsspec_location_can_be_read():
    for name, content in (("a.tsv", PLAIN.encode()), ("b.tsv.gz", gzip.compress(PLAIN.encode()))):
        path = UPath(f"memory://counts-text/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        assert read_counts(path).matrix.counts.toarray().tolist() == EXPECTED


def test_nf_core_counts_have_ids_and_symbols(read):
    file = read(
        "gene_id\tgene_name\tWT_1\tWT_2\n"
        "ENSG00000000003\tTSPAN6\t740.999\t3\n"
        "ENSG00000000005\tTNMD\t0\t1\n"
    )
    assert file.matrix.gene_ids == ("ENSG00000000003", "ENSG00000000005")
    assert file.matrix.gene_symbols == ("TSPAN6", "TNMD")
    assert file.matrix.sample_ids == ("WT_1", "WT_2")
    assert file.matrix.counts.dtype == np.float64
    assert file.matrix.counts.toarray().tolist() == [[740.999, 0], [3, 1]]
    assert any("'gene_name' names the genes once more" in note for note in file.notes)


def test_ensembl_ids_win_as_ids_in_whichever_column_they_stand(read):
    file = read("symbol,ensembl,S1\nTSPAN6,ENSG00000000003,5\nTNMD,ENSG00000000005,6\n")
    assert file.matrix.gene_ids == ("ENSG00000000003", "ENSG00000000005")
    assert file.matrix.gene_symbols == ("TSPAN6", "TNMD")


def test_columns_that_describe_genes_are_no_samples(read):
    file = read(
        "Geneid\tChr\tStart\tLength\tgene_name\tA\n"
        "ENSG00000000003\tX\t100\t4535\tTSPAN6\t5\nENSG00000000005\tX;Y\t200\t1610\tTNMD\t6\n"
    )
    assert file.matrix.sample_ids == ("A",)
    assert file.matrix.gene_symbols == ("TSPAN6", "TNMD")
    assert any("'Chr', 'Start', 'Length'" in note for note in file.notes)


def test_a_sample_named_like_an_annotation_is_kept(read):
    file = read("gene_id\tlength\tA\tstart\nENSG00000000003\t900\t5\t6\n")
    assert file.matrix.sample_ids == ("A", "start")
    assert file.matrix.counts.toarray().tolist() == [[5], [6]]


@pytest.mark.parametrize(
    ("names", "samples"),
    [
        (["GAPDH", "ACTB", "TP53", "MALAT1"], ["NA20502", "NA20504"]),
        (["Gapdh", "Actb", "Trp53", "Malat1"], ["Liver", "Heart"]),
        (["TP53", "BRCA1", "C1orf112", "HLA-DRA", "ZNF91"], ["NA20502", "NA20504", "NA20505"]),
        (["TP53", "BRCA1", "MYC", "EGFR"], ["patient 1", "patient 2"]),
        (["TP53", "BRCA1", "MYC", "EGFR"], ["SRR1039508"]),
    ],
)
@pytest.mark.parametrize("flip", [False, True], ids=["genes in rows", "samples in rows"])
def test_symbols_tell_the_genes_from_the_samples(read, names, samples, flip):
    text = "\t".join(["", *samples]) + "\n"
    text += "".join("\t".join([name, *"5" * len(samples)]) + "\n" for name in names)
    file = read(transposed(text) if flip else text)
    assert file.matrix.gene_ids == tuple(names)
    assert file.matrix.sample_ids == tuple(samples)


@pytest.mark.parametrize(
    ("heading", "orientation"),
    [
        ("gene_id", "genes x samples"),
        ("Gene Symbol", "genes x samples"),
        ("sample_id", "samples x genes"),
        ("Barcode", "samples x genes"),
    ],
)
def test_the_heading_decides_where_names_do_not(read, heading, orientation):
    file = read(f"{heading},LIVER,HEART\nTP53,1,2\nMYC,3,4\n")
    assert file.orientation == orientation
    assert repr(heading) in file.notes[1]


def test_a_tie_is_refused_with_examples_of_both_axes(refusal):
    problem = refusal("x,LIVER,HEART,LUNG,BRAIN\nTP53,1,2,3,4\nMYC,3,4,5,6\n")
    assert problem.code == "orientation_unclear"
    assert "row names (TP53, MYC)" in problem.sentence
    assert "column names (LIVER, HEART, LUNG, ...)" in problem.sentence
    assert "gene_id" in problem.action
    assert "sample_id" in problem.action


BAD_CELLS = {
    "": ("missing_value", "is empty"),
    "NA": ("missing_value", "is 'NA'"),
    "NaN": ("missing_value", "is 'NaN'"),
    "inf": ("infinite_value", "is 'inf'"),
    "-Inf": ("infinite_value", "is '-Inf'"),
    "many": ("not_a_number", "is 'many', not a number"),
    "1,234": ("thousands_separators", "is '1,234'"),
    "1.234.567": ("thousands_separators", "is '1.234.567'"),
    "1\u202f234": ("thousands_separators", "separators between the thousands"),
    "0,5": ("decimal_commas", "with a comma for its decimal point"),
    "0x1F": ("not_a_number", "is '0x1F'"),
    "1e999": ("infinite_value", "is '1e999'"),
    "٣": ("not_a_number", "is '٣'"),
}


@pytest.mark.parametrize("cell", BAD_CELLS, ids=repr)
def test_a_bad_cell_is_named_by_row_and_column(refusal, cell):
    code, said = BAD_CELLS[cell]
    problem = refusal(PLAIN.replace("40", cell))
    assert problem.code == code
    assert "row 3 (gene 'ENSG00000000005.6'), column 3 (sample 'B')" in problem.sentence
    assert said in problem.sentence
    assert len(problem.where) == 1


def test_a_bad_cell_of_a_file_of_samples_in_rows_is_named_so(refusal):
    problem = refusal(transposed(PLAIN).replace("40", "x"))
    assert "row 3 (sample 'B'), column 3 (gene 'ENSG00000000005.6')" in problem.sentence


def test_a_bad_cell_of_a_file_of_unclear_orientation_is_named_without_guessing(refusal):
    problem = refusal("x,one,two\nthree,1,\nfour,5,6\n")
    assert "row 2 ('three'), column 3 ('two') is empty" in problem.sentence


def test_all_bad_cells_are_counted_and_the_first_hundred_listed(refusal):
    rows = "".join(f"ENSG{i:011d}\tNA\n" for i in range(150))
    problem = refusal("gene_id\tA\n" + rows)
    assert "149 more cells are bad" in problem.sentence
    assert len(problem.where) == 100


def test_a_fault_far_down_a_large_file_is_still_named_by_its_row(refusal):
    rows = [f"ENSG{i:011d}\t{i}\t12345678\n" for i in range(200_000)]
    rows[190_000] = rows[190_000].replace("12345678", "oops")
    problem = refusal(gzip.compress(("gene_id\tA\tB\n" + "".join(rows)).encode(), 1))
    assert "row 190002 (gene 'ENSG00000190000'), column 3 (sample 'B') is 'oops'" in (
        problem.sentence
    )


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", "empty_file", "the file is empty"),
        (gzip.compress(b"", mtime=0), "empty_file", "empty inside its gzip compression"),
        (PLAIN.replace("\n", "\r"), "line_breaks", "line 1 holds carriage returns"),
        ("gene_id\tA\tB\n", "no_rows", "a header of 3 columns and no row"),
        (PLAIN + "ENSG00000000457\t1\n", "ragged_rows", "row 5 (starting 'ENSG00000000457') has 2"),
        (PLAIN.replace("40", "40\t5"), "ragged_rows", "row 3 (starting 'ENSG00000000005.6') has 4"),
        (PLAIN.encode("utf-16"), "not_utf8", "the mark of UTF-16"),
        (PLAIN.replace("A", "Nöl").encode("latin-1"), "not_utf8", "line 1 holds the byte 0xf6"),
        ("gene_id\tA\t\nENSG00000000003\t1\t2\n", "unnamed_column", "column 3 has no name"),
        ("A\t\nENSG00000000003\t1\t2\n", "unnamed_column", "column 2 has no name"),
        ("ENSG00000000003,1,2\nENSG00000000005,2,3\n", "no_header", "already a row of counts"),
        ("__no_feature,1,2,3\n__ambiguous,1,2,3\n", "no_header", "already a row of counts"),
        ("ENSG00000000003,\x182\nENSG00000000005,2\n", "no_header", "already a row of counts"),
        ("gene_id\tA\tA\nENSG00000000003\t1\t2\n", "duplicate_sample_ids", "'A'"),
        ("gene_id\tgene_name\nENSG00000000003\tTSPAN6\n", "no_samples", "no column of counts"),
        ("gene_id\tlength\nENSG00000000003\t5\n", "no_samples", "no column of counts"),
        (
            "sample,condition,ENSG00000000003\nA,treated,5\nB,control,6\n",
            "not_a_number",
            "the column 'condition' does not hold counts",
        ),
        (
            "gene_id,gene_name,note,A\nENSG00000000003,TSPAN6,good,5\n",
            "not_a_number",
            "column 3 (sample 'note') is 'good'",
        ),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_in_one_sentence(refusal, content, code, said):
    problem = refusal(content)
    assert problem.code == code
    assert said in problem.sentence


def test_another_encoding_far_down_is_named_by_its_line(refusal):
    rows = "".join(f"ENSG{i:011d}\t1\n" for i in range(50_000))
    content = ("gene_id\tA\n" + rows).encode() + b"g\xe9ne\t1\n"
    problem = refusal(content)
    assert problem.code == "not_utf8"
    assert "line 50002 holds the byte 0xe9" in problem.sentence


@pytest.mark.parametrize("kept", [10, 0.3, 0.9, -4])
def test_a_gzip_cut_off_anywhere_is_refused(refusal, kept):
    rng = np.random.default_rng(1)
    rows = "".join(f"ENSG{i:011d}\t{n}\n" for i, n in enumerate(rng.integers(0, 9999, 40_000)))
    whole = gzip.compress(("gene_id\tA\n" + rows).encode())
    problem = refusal(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    assert problem.code == "damaged_file"
    assert "gzip compression is cut off or damaged" in problem.sentence


def test_a_gzip_with_a_flipped_bit_is_refused(refusal):
    content = bytearray(gzip.compress(PLAIN.encode()))
    content[-5] ^= 1  # in its check sum
    assert refusal(bytes(content)).code == "damaged_file"


def test_a_row_of_many_megabytes_in_a_narrow_file_is_refused_without_a_traceback(refusal):
    rows = "".join(f"ENSG{i:011d}\t1\n" for i in range(30))
    problem = refusal(f"gene_id\tA\n{rows}{'x ' * 6_000_000}\t1\n")
    assert problem.code == "unreadable_text"


WIDE_GENES = [f"ENSG{i:011d}" for i in range(3_000)]


def wide_text(n_samples: int = 3, quote: str = "", newline: str = "\n") -> str:
    row = np.arange(len(WIDE_GENES))
    lines = ["sample," + ",".join(WIDE_GENES)]
    lines += [
        f"{quote}S, {k}{quote}," + ",".join(map(str, row * (k + 1)))
        if quote
        else f"S{k}," + ",".join(map(str, row * (k + 1)))
        for k in range(n_samples)
    ]
    return "".join(line + newline for line in lines)


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_wide_file_is_read_by_lines(read, quote, newline):
    file = read(wide_text(3, quote, newline))
    assert file.orientation == "samples x genes"
    assert file.matrix.sample_ids == (("S, 0", "S, 1", "S, 2") if quote else ("S0", "S1", "S2"))
    assert file.matrix.gene_ids == tuple(WIDE_GENES)
    assert np.array_equal(file.matrix.counts.toarray(), np.outer([1, 2, 3], range(3_000)))


def test_a_wide_file_of_many_blocks_is_read_whole(read):
    counts = read(gzip.compress(wide_text(400).encode(), 1)).matrix.counts
    assert np.array_equal(counts.sum(axis=1), np.arange(1, 401) * np.arange(3_000).sum())


def test_the_last_block_of_a_wide_file_may_be_full(read, monkeypatch):
    monkeypatch.setattr("gem_assets.counts.readers.text_blocks._BLOCK_BYTES", 1_000)
    assert read(wide_text(4)).matrix.n_samples == 4


def test_many_cells_in_columns_are_read_by_lines_with_both_names_of_a_gene(read):
    cells = [f"cell{i}" for i in range(2_500)]
    text = "gene_id\tgene_name\t" + "\t".join(cells) + "\n"
    text += "ENSG00000000003\tTSPAN6\t" + "\t".join("2" * 2_500) + "\n\n"
    text += 'ENSG00000000005\t"TNMD"\t' + "\t".join("3" * 2_500) + "\n"
    matrix = read(text).matrix
    assert matrix.gene_symbols == ("TSPAN6", "TNMD")
    assert matrix.counts.toarray().tolist() == [[2, 3]] * 2_500


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("S1,0,2,", "S1,0,,", "missing_value", "row 3 (sample 'S1'), column 3 (gene 'ENSG0000"),
        ("5998\n", "\n", "missing_value", "row 3 (sample 'S1'), column 3001"),
        ("S1,0,2,", "S1,0,two,", "not_a_number", "is 'two'"),
        ("S1,0,2,", "S1,0,1\r2,", "line_breaks", "line 3 holds carriage returns"),
        ("S25,0,26,", "S25,0,1\r2,", "line_breaks", "line 27 holds carriage returns"),
        ("\nS25,0,26,", "\rS25,0,26,", "line_breaks", "line 26 holds carriage returns"),
        ("S1,0,2,", "S1,0,2,2,", "ragged_rows", "row 3 (starting 'S1') has 3002 cells"),
        ("S1,0,2,", "S1\nS1,0,2,", "ragged_rows", "row 3 (starting 'S1') has 1 cells"),
    ],
)
def test_a_fault_in_a_wide_file_is_named(refusal, old, new, code, said):
    text = wide_text(30)
    assert old in text
    problem = refusal(text.replace(old, new, 1))
    assert problem.code == code
    assert said in problem.sentence


def test_line_ends_may_be_doubled_on_their_way(read):
    rows = "".join(f"ENSG{i:011d}\t{i}\r\r\n" for i in range(1, 60))
    matrix = read("gene_id\tA\r\r\n" + rows).matrix
    assert matrix.counts.toarray().tolist() == [list(range(1, 60))]


def test_another_encoding_in_a_wide_file_is_named_by_its_line(refusal):
    problem = refusal(wide_text(30).replace("S25,", "S\xe9,").encode("latin-1"))
    assert problem.code == "not_utf8"
    assert "line 27 holds the byte 0xe9" in problem.sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89XYZ\x00\x01", "binary file"),
        (b"just\nsome\nlines\n", "text without columns of numbers (it begins 'just')"),
        (b"# a comment\n#1.2 x\ngene\tA\nx\t1\n", "begins '# a comment'"),
    ],
)
def test_what_no_reader_recognises_is_refused_with_a_list_of_what_can_be_read(
    refusal, content, said
):
    problem = refusal(content, "counts.dat")
    assert problem.code == "unrecognised_format"
    assert said in problem.sentence
    assert "CSV or TSV" in problem.action
    assert ".h5ad" in problem.action


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(RefusedInputError, match="this is a folder"):
        read_counts(tmp_path)
    with pytest.raises(RefusedInputError, match="no such file"):
        read_counts(tmp_path / "absent.tsv")


def test_a_file_that_may_not_be_read_is_refused():
    class Locked(type(Path())):
        def open(self, *_args, **_kwargs):
            raise PermissionError(13, "Permission denied")

        def is_dir(self, **_kwargs):
            return False

    with pytest.raises(RefusedInputError, match="may not be read by this user"):
        read_counts(Locked("counts.tsv"))


def test_a_fault_of_the_disk_while_reading_is_no_fault_of_the_file(tmp_path):
    rng = np.random.default_rng(1)
    rows = "".join(f"ENSG{i:011d}\t{n}\n" for i, n in enumerate(rng.integers(0, 9999, 60_000)))
    content = gzip.compress(("gene_id\tA\n" + rows).encode())

    class FailingFile(io.BytesIO):
        left = 2

        def read(self, *args):
            if not self.left:
                raise OSError(5, "Input/output error")
            self.left -= 1
            return super().read(*args)

    class Failing(type(tmp_path)):
        def open(self, *_args, **_kwargs):
            return FailingFile(content)

    with pytest.raises(OSError, match="Input/output error"):
        read_counts(Failing(tmp_path / "counts.tsv.gz"))


def test_a_line_of_a_hundred_thousand_columns_is_divided():
    assert find_delimiter(["name," + ",".join("1" * 100_000)] * 2) == (",", True)


def test_lines_without_columns_have_no_layout():
    with pytest.raises(RefusedInputError, match="not divided into columns"):
        find_layout(io.BytesIO(b"just\nlines\n"))


def test_a_fault_of_the_disk_is_no_fault_of_the_file(tmp_path):
    path = tmp_path / "counts.tsv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))

    class Failing(type(path)):
        def open(self, *args, **kwargs):
            file = super().open(*args, **kwargs)
            if self.with_suffix(".opened").exists():
                file.close()
                raise OSError(5, "Input/output error")
            self.with_suffix(".opened").touch()
            return file

    with pytest.raises(OSError, match="Input/output error"):
        read_counts(Failing(path))


table = st.integers(1, 6).flatmap(
    lambda n: st.integers(1, 30).flatmap(
        lambda m: hnp.arrays(
            np.float64,
            (n, m),
            elements=st.integers(0, 2**40)
            | st.floats(0, 1e6, allow_subnormal=False).map(lambda x: round(x, 3)),
        )
    )
)
sample_names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"'),
    min_size=1,
    max_size=8,
).filter(lambda name: name.lower() not in ANNOTATIONS)


@settings(deadline=None, max_examples=60)
@given(
    dense=table,
    names=st.lists(sample_names, min_size=6, max_size=6, unique=True),
    flip=st.booleans(),
    delimiter=st.sampled_from("\t,"),
    newline=st.sampled_from(["\n", "\r\n"]),
    zipped=st.booleans(),
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory, dense, names, flip, delimiter, newline, zipped
):
    n_samples, n_genes = dense.shape
    samples = names[:n_samples]
    genes = [f"ENSG{i:011d}" for i in range(n_genes)]
    rows, columns, values = (samples, genes, dense) if flip else (genes, samples, dense.T)
    quoted = [f'"{name}"' for name in columns]
    lines = [delimiter.join(["sample_id" if flip else "gene_id", *quoted])]
    lines += [
        delimiter.join([f'"{name}"', *map(repr, cells.tolist())])
        for name, cells in zip(rows, values, strict=True)
    ]
    content = "".join(line + newline for line in lines).encode()
    path = tmp_path_factory.mktemp("text") / "counts.txt"
    path.write_bytes(gzip.compress(content) if zipped else content)

    matrix = read_counts(path).matrix
    assert matrix.sample_ids == tuple(samples)
    assert matrix.gene_ids == tuple(genes)
    assert np.array_equal(matrix.counts.toarray(), dense)
    whole = np.array_equal(dense, np.rint(dense))
    assert (matrix.counts.dtype.kind == "i") == whole


def test_the_real_cohorts_are_read_whole(cohorts):
    assert {name: (m.n_samples, m.n_genes) for name, m in cohorts.items()} == {
        "bodymap": (16, 48_267),
        "castle": (11, 43_921),
        "geuvadis_lcl": (85, 10_101),
        "lncap": (7, 49_506),
    }
    bodymap = cohorts["bodymap"]
    assert bodymap.sample_ids[4] == "Skeletal muscle"
    assert bodymap.total_counts[bodymap.sample_ids.index("Thyroid")] > 1e6
    assert all(m.counts.dtype == np.int32 for m in cohorts.values())

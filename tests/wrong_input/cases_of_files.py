"""Files that can't be read as counts."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
from wrong_cases import case, few, good, text, write

FILES = "Files"
TABLES = "Tables"
ANNDATA = "h5ad"


@case(FILES)
def empty_file(folder: Path) -> None:
    """An empty file."""
    write(folder, b"")


@case(FILES)
def empty_gzip(folder: Path) -> None:
    """A gzip of nothing."""
    write(folder, b"", "counts.tsv.gz")


@case(FILES)
def truncated_gzip(folder: Path) -> None:
    """A download that broke off."""
    whole = gzip.compress(text(good()).encode(), mtime=0)
    write(folder, b"", "counts.tsv.gz").write_bytes(whole[: len(whole) // 2])


@case(FILES)
def damaged_gzip(folder: Path) -> None:
    """A gzip with bytes overwritten in its middle."""
    whole = bytearray(gzip.compress(text(good()).encode(), mtime=0))
    middle = len(whole) // 2
    whole[middle : middle + 64] = b"\xff" * 64
    write(folder, b"", "counts.tsv.gz").write_bytes(whole)


@case(FILES)
def truncated_bz2(folder: Path) -> None:
    """A bz2 that breaks off."""
    whole = bz2.compress(text(few()).encode())
    write(folder, whole[: len(whole) // 2], "counts.tsv.bz2")


@case(FILES)
def truncated_zst(folder: Path) -> None:
    """A zst that breaks off."""
    import pyarrow as pa

    whole = pa.compress(text(few()).encode(), codec="zstd", asbytes=True)
    write(folder, whole[: len(whole) // 2], "counts.tsv.zst")


@case(FILES)
def excel_workbook(folder: Path) -> None:
    """An Excel workbook that is called .csv."""
    write(folder, b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(200), "counts.csv")


@case(FILES)
def pdf(folder: Path) -> None:
    """A PDF that is called .txt."""
    write(folder, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\n", "counts.txt")


@case(FILES)
def picture(folder: Path) -> None:
    """A picture that is called .tsv."""
    write(folder, b"\x89PNG\r\n\x1a\n" + bytes(100))


@case(FILES)
def r_data(folder: Path) -> None:
    """What R's saveRDS wrote."""
    write(folder, gzip.compress(b"X\n\0\0\0\3\0\4\3\1\0\3\5\0" + bytes(200)), "counts.rds")


@case(FILES)
def aligned_reads(folder: Path) -> None:
    """A BAM file instead of counts."""
    write(folder, gzip.compress(b"BAM\1" + bytes(200)), "counts.bam")


@case(FILES)
def reads(folder: Path) -> None:
    """Reads instead of counts."""
    write(folder, "@r1 1/1\nACGTN\n+\nIIIII\n@r2 1/1\nACGTA\n+\nIIIII\n", "counts.txt")


@case(FILES)
def packed_folder(folder: Path) -> None:
    """A tar archive that is called .tsv."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("S1.tsv"), io.BytesIO())
    write(folder, packed.getvalue())


@case(FILES)
def login_page(folder: Path) -> None:
    """The page of a login, saved as counts."""
    page = "<!doctype html>\n<html><head><title>Sign in | Lab cloud</title></head>\n"
    write(folder, page + "<body><form>\n</form></body>\n</html>\n", "counts.tsv.gz")


@case(FILES)
def web_page(folder: Path) -> None:
    """The page of a web server's error, saved as counts."""
    page = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n"
    write(folder, page + "<body><h1>Not Found</h1></body>\n</html>\n")


@case(FILES)
def json_text(folder: Path) -> None:
    """JSON."""
    write(folder, '{"genes": ["ENSG00000000003"], "counts": [[1, 2]]}\n')


@case(FILES)
def prose(folder: Path) -> None:
    """A note instead of counts."""
    write(folder, "Ask Maria for the counts.\nThey are on the old server.\n", "counts.txt")


@case(FILES)
def utf_16(folder: Path) -> None:
    """Text as Excel saves it as 'Unicode'."""
    write(folder, text(few()).encode("utf-16"))


@case(FILES)
def latin_1(folder: Path) -> None:
    """A sample name in Latin-1."""
    write(folder, text(few().rename(columns={"S2": "Müller"})).encode("latin-1"))


@case(FILES)
def old_line_ends(folder: Path) -> None:
    """The line ends of old Macintosh programs."""
    write(folder, text(few()).replace("\n", "\r"))


@case(FILES)
def not_permitted(folder: Path) -> object:
    """A file that this user may not read."""
    path = write(folder, few())

    class Forbidden(type(path)):  # type: ignore[misc]
        def open(self, *_: object, **__: object) -> object:
            raise PermissionError

    from gem_assets.counts.readers import read_counts

    return lambda: read_counts(Forbidden(path))


@case(FILES)
def not_there(folder: Path) -> object:
    """A path that does not exist."""
    from gem_assets.counts.readers import read_counts

    return lambda: read_counts(folder / "cuonts.tsv")


@case(TABLES)
def no_header(folder: Path) -> None:
    """A table without its header."""
    write(folder, text(few(), header=False))


@case(TABLES)
def header_only(folder: Path) -> None:
    """A header, and nothing below it."""
    write(folder, "gene_id\tS1\tS2\n")


@case(TABLES)
def one_column(folder: Path) -> None:
    """A list of genes, without counts."""
    write(folder, "gene_id\n" + "\n".join(few().index) + "\n")


@case(TABLES)
def names_only(folder: Path) -> None:
    """Two columns of names, and none of counts."""
    names = "\n".join(f"{gene}\tGENE{i}" for i, gene in enumerate(few().index))
    write(folder, f"gene_id\tgene_name\n{names}\n")


@case(TABLES)
def unnamed_sample(folder: Path) -> None:
    """A column without a heading, in the middle."""
    write(folder, text(few()).replace("\tS3\t", "\t\t"))


@case(TABLES)
def last_row_cut_off(folder: Path) -> None:
    """A file that ends in the middle of a row."""
    write(folder, text(few())[:-9])


@case(TABLES)
def row_too_long(folder: Path) -> None:
    """A row with a cell too many."""
    lines = text(few()).splitlines()
    lines[7] += "\t12"
    write(folder, "\n".join(lines) + "\n")


def with_cell(value: object) -> pd.DataFrame:
    frame = few().astype(object)
    frame.iloc[4, 2] = value
    return frame


@case(TABLES)
def word_in_a_cell(folder: Path) -> None:
    """A word where a count should be."""
    write(folder, with_cell("low"))


@case(TABLES)
def missing_value(folder: Path) -> None:
    """NA where a count should be."""
    write(folder, with_cell("NA"))


@case(TABLES)
def empty_cell(folder: Path) -> None:
    """A cell with nothing in it."""
    write(folder, with_cell(""))


@case(TABLES)
def infinite_value(folder: Path) -> None:
    """Infinity: something was divided by zero."""
    write(folder, with_cell("inf"))


@case(TABLES)
def thousands_separators(folder: Path) -> None:
    """1,234 as Excel shows it."""
    frame = few().map(lambda count: f"{count * 50:,}")
    write(folder, frame)


@case(TABLES)
def decimal_commas(folder: Path) -> None:
    """12,5 as a German Excel writes it."""
    frame = (few() / 4).map(lambda count: f"{count:.2f}".replace(".", ","))
    write(folder, text(frame, sep=";"), "counts.csv")


@case(TABLES)
def merged_header_cells(folder: Path) -> None:
    """Two header rows, the upper one of merged cells."""
    write(folder, "\ttreated\t\tcontrol\t\n" + text(few()))


@case(TABLES)
def group_row(folder: Path) -> None:
    """A row of groups below the header."""
    header, _, rows = text(few()).partition("\n")
    write(folder, f"{header}\ngroup\ttreated\ttreated\tcontrol\tcontrol\n{rows}")


@case(TABLES)
def same_sample_twice(folder: Path) -> None:
    """Two columns of the same name."""
    write(folder, few().set_axis(["S1", "S2", "S2", "S4"], axis=1))


@case(TABLES)
def labels_among_the_counts(folder: Path) -> None:
    """Samples in rows, with a column of labels."""
    frame = few().T
    frame.insert(0, "tissue", ["liver", "liver", "lung", "lung"])
    write(folder, text(frame, sep=",", index_label="sample_id"), "counts.csv")


@case(TABLES)
def sides_alike(folder: Path) -> None:
    """Rows and columns that nothing tells apart."""
    names = [f"x{i}" for i in range(30)]
    write(folder, few().set_axis(pd.Index(names, name="name")))


@case(TABLES)
def statistics(folder: Path) -> None:
    """The result of a differential test instead of counts."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "baseMean": rng.gamma(1, 500, 30).round(2),
            "log2FoldChange": rng.normal(0, 1, 30).round(3),
            "pvalue": rng.random(30).round(4),
        },
        index=few().index,
    )
    write(folder, frame)


@case(ANNDATA)
def other_hdf5(folder: Path) -> None:
    """HDF5, but no AnnData."""
    import h5py

    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "counts.h5ad", "w") as file:
        file["table"] = np.arange(10)


@case(ANNDATA)
def loom(folder: Path) -> None:
    """A Loom file."""
    import h5py

    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "counts.loom", "w") as file:
        file["matrix"] = np.ones((3, 2))
        file.create_group("row_attrs")


@case(ANNDATA)
def text_called_h5ad(folder: Path) -> None:
    """Text that is called .h5ad."""
    write(folder, text(few()), "counts.h5ad")


def write_h5ad(folder: Path, values: np.ndarray) -> Path:
    import anndata as ad

    names = {
        "obs": pd.DataFrame(index=[f"cell{i}" for i in range(values.shape[0])]),
        "var": pd.DataFrame(index=list(good().index[: values.shape[1]])),
    }
    folder.mkdir(parents=True, exist_ok=True)
    ad.AnnData(values, **names).write_h5ad(folder / "counts.h5ad")
    return folder / "counts.h5ad"


@case(ANNDATA, "sc")
def truncated_h5ad(folder: Path) -> None:
    """An h5ad that breaks off."""
    path = write_h5ad(folder, np.random.default_rng(1).poisson(2, (40, 500)).astype(np.float32))
    path.write_bytes(path.read_bytes()[:9000])


@case(ANNDATA, "sc")
def log_normalised_h5ad(folder: Path) -> None:
    """An h5ad in which only log-normalised values are left."""
    counts = np.random.default_rng(1).poisson(2, (40, 9000)).astype(np.float32)
    write_h5ad(folder, np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4))


@case(ANNDATA, "sc")
def nan_in_h5ad(folder: Path) -> None:
    """An h5ad with a NaN."""
    counts = np.random.default_rng(1).poisson(2, (40, 9000)).astype(np.float32)
    counts[3, 5] = np.nan
    write_h5ad(folder, counts)


@case(ANNDATA, "sc")
def h5ad_without_matrix(folder: Path) -> None:
    """An h5ad with labels, and no counts."""
    import anndata as ad

    folder.mkdir(parents=True, exist_ok=True)
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(5)])
    ad.AnnData(obs=obs).write_h5ad(folder / "counts.h5ad")

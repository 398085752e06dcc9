"""Find the counts of a dataset: the one file, or the one folder, that may be them."""

from __future__ import annotations

from collections.abc import Collection

from upath import UPath

from gem_assets.datasets.config import CONFIG_NAME
from gem_assets.datasets.places import found_path
from gem_assets.problems import RefusedInputError, refuse

COUNT_SUFFIXES = (
    ".tsv", ".csv", ".txt", ".tab", ".gct", ".parquet", ".feather", ".h5ad", ".h5", ".mtx",
    ".results", ".sf", ".counts",
)  # fmt: skip
COMPRESSION_SUFFIXES = (".gz", ".zst", ".bz2")

_NEVER_COUNTS = ("review.csv", "samplesheet.", "readme", "manifest", "gdc_sample_sheet", "licen")
"""Beginnings of names that accompany counts."""


def find_counts(folder: UPath, others: Collection[str] = ()) -> UPath:
    """Find the counts of a dataset whose ``dataset.yaml`` names none.

    In this order: a file ``counts.*`` or a folder ``counts``; the only count-like file; the
    dataset's folder itself, if it holds a 10x matrix or files of one sample each; the only folder
    in it that holds counts, of which an nf-core results folder stands for its merged table.

    Parameters
    ----------
    folder
        The dataset's folder.
    others
        Names of files that are something else, e.g. the sample sheet.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``counts_missing``, ``counts_ambiguous``, or ``path_leaves_folder``.
    """
    entries = [p for p in folder.iterdir() if not p.name.startswith(".")]
    files = sorted(p.name for p in entries if is_count_like(p.name, others) and p.is_file())
    folders = sorted(p.name for p in entries if p.is_dir())
    named = [name for name in files if name.lower().startswith("counts.")]
    named += [name for name in folders if name.lower() == "counts"]
    if len(named) == 1:
        return merged_table(found_path(folder, named[0]))
    if not named and len(files) == 1 and not folders:
        return found_path(folder, files[0])
    candidates = named or _candidates(folder, files, folders)
    if len(candidates) == 1:
        return merged_table(found_path(folder, candidates[0]))
    if not candidates:
        called = [p.name for p in entries if p.name.lower().startswith("counts.") and p.is_file()]
        if len(called) == 1:  # whoever reads it says what it is
            return found_path(folder, called[0])
        present = sorted(p.name for p in entries)
        listed = ", ".join(present[:5]) + (", ..." if len(present) > 5 else "")
        raise refuse(
            "counts_missing",
            f"{folder} holds no counts file" + (f"; it holds {listed}." if present else "."),
            "Put counts.tsv.gz, counts.csv, counts.h5ad or a 10x folder into it, or name the "
            f"counts in {CONFIG_NAME}.",
        )
    raise _ambiguous(folder, candidates)


def is_count_like(name: str, others: Collection[str] = ()) -> bool:
    """Tell by its name whether a file may be counts."""
    lower = name.lower()
    if name in others or lower.startswith(_NEVER_COUNTS):
        return False
    for suffix in COMPRESSION_SUFFIXES:
        lower = lower.removesuffix(suffix)
    return lower.endswith(COUNT_SUFFIXES)


def merged_table(path: UPath) -> UPath:
    """Return the merged counts in an nf-core results folder; any other path as it is.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``counts_ambiguous``, if several quantifiers have written one.
    """
    if not path.is_dir():
        return path
    from gem_assets.counts.readers.nfcore_results import find_merged_counts
    from gem_assets.counts.readers.source import naming

    with naming(path):
        table = find_merged_counts(path)
        if table is None:
            return path
        if table.leaves:
            raise refuse(
                "path_leaves_folder",
                f"{table.name} is a link to somewhere outside the folder, which is not followed.",
                "Copy what it points to into the folder.",
            )
    return path / table.name


def _candidates(folder: UPath, files: list[str], folders: list[str]) -> list[str]:
    """Return what may be the counts; ``.`` is the folder itself."""
    from gem_assets.counts.readers.registry import holds_counts

    holding = [name for name in folders if holds_counts(found_path(folder, name))]
    if len(files) == 1:
        return [*files, *holding]
    # Several count-like files may be the samples of one run, or the parts of one matrix.
    if holds_counts(folder) and not (len(holding) == 1 and not files):
        return ["."]
    return [*files, *holding]


def _ambiguous(folder: UPath, names: list[str]) -> RefusedInputError:
    listed = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    return refuse(
        "counts_ambiguous",
        f"{folder} holds {len(names)} files or folders that may be the counts: {listed}.",
        f"Name one of them in {CONFIG_NAME}, e.g. 'counts: {names[0]}', or remove the others.",
        tuple(names[:100]),
    )

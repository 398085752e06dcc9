"""A dataset: its folder, and the files in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from upath import UPath

from gem_assets.datasets.catalogue import DATASET_NAME
from gem_assets.datasets.config import CONFIG_NAME, DatasetConfig, read_config
from gem_assets.datasets.counts import find_counts, merged_table
from gem_assets.datasets.places import found_path, named_path, reaching
from gem_assets.datasets.review_file import REVIEW_NAME, review_path
from gem_assets.problems import refuse
from gem_assets.settings import Modality

SHEET_NAMES = tuple(
    f"samples.{ending}"
    for ending in ("csv", "tsv", "txt", "csv.gz", "tsv.gz", "txt.gz", "xlsx", "xls", "ods")
)
"""Workbooks are among them so that they are refused with what to do, and not passed over."""


@dataclass(frozen=True)
class Dataset:
    """A dataset that was found, with the files that it consists of.

    Attributes
    ----------
    name
        Name of the folder and of the partition.
    modality
        ``bulk`` or ``sc``.
    folder
        Its location.
    counts
        The counts file.
    sheet
        The sample sheet; None where the dataset has no stated labels.
    config
        What ``dataset.yaml`` says; the defaults where there is none.
    alias_file
        The table of aliases, if they are not in ``dataset.yaml`` itself.
    reviews
        What people decided about the labels; None where nothing was reviewed.
    """

    name: str
    modality: Modality
    folder: UPath
    counts: UPath
    sheet: UPath | None = None
    config: DatasetConfig = field(default_factory=DatasetConfig)
    alias_file: UPath | None = None
    reviews: UPath | None = None

    @property
    def aliases(self) -> dict[str, dict[str, str]] | UPath:
        """The dataset's own aliases, or the table they are in."""
        return (
            self.alias_file or {} if isinstance(self.config.aliases, str) else self.config.aliases
        )

    def fingerprint(self) -> str:
        """Return a word that changes when one of the files does (name, size or time of change).

        Of a folder of counts, every file counts. Nothing is read but the file system's lists.
        """
        digest = blake2b(digest_size=8)
        with reaching(str(self.folder)):
            for word in self._words():
                digest.update(f"{word}\n".encode())
        return digest.hexdigest()

    def _words(self) -> Iterator[str]:
        from gem_assets.counts.readers.folder import describe, list_members

        self.folder.fs.invalidate_cache()  # a list of yesterday would hide what has changed
        # The names of a matrix lie beside it.
        beside = ".mtx" in self.counts.name and not self.counts.is_dir()
        counts = self.counts.parent if beside else self.counts
        if counts.is_dir():
            for member in list_members(counts):
                yield f"{member.name}\0{member.size} {member.changed}"
        else:
            yield f"{counts.name}\0{describe(counts)}" if counts.exists() else ""
        for path in (
            self.sheet,
            self.alias_file,
            self.folder / CONFIG_NAME,
            self.folder / REVIEW_NAME,
        ):
            if path is not None and path.exists():
                yield f"{path.name}\0{describe(path)}"


def open_dataset(data: str, modality: Modality, name: str) -> Dataset:
    """Find the files of one dataset.

    Reads ``dataset.yaml``, and the beginnings of files where several may be the counts.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the folder, its counts file or a file that ``dataset.yaml`` names is missing, if several
        files may be the counts, or if ``dataset.yaml`` can't be understood.
    """
    if not DATASET_NAME.fullmatch(name):
        raise refuse(
            "dataset_name",
            f"{name!r} can't be the name of a dataset.",
            "Use letters, digits, '_', '-' and '.' only.",
        )
    with reaching(data):
        folder = UPath(data) / modality / name
        present = folder.is_dir()
    if not present:
        raise refuse(
            "dataset_missing",
            f"There is no dataset {name!r}: the folder {folder} does not exist.",
            "Make it and put a counts file (e.g. counts.tsv.gz) and, if you have one, samples.csv "
            "into it; or check GEM_ASSETS_DATA, or the instance's data.",
        )
    return dataset_in(folder, modality)


def dataset_in(folder: UPath, modality: Modality) -> Dataset:
    """Find the files of a dataset in its folder, wherever that lies.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `open_dataset`.
    """
    with reaching(str(folder)):
        config = read_config(found_path(folder, CONFIG_NAME))
        sheet = _sheet(folder, config)
        aliases = config.aliases
        alias_file = named_path(folder, aliases, "aliases") if isinstance(aliases, str) else None
        reviews = review_path(folder)
        has_reviews = reviews.exists()
        if config.counts:
            counts = merged_table(named_path(folder, config.counts, "counts"))
        else:
            others = {path.name for path in (sheet, alias_file) if path is not None}
            counts = find_counts(folder, others | set(SHEET_NAMES))
    return Dataset(
        folder.name,
        modality,
        folder,
        counts,
        sheet,
        config,
        alias_file,
        reviews if has_reviews else None,
    )


def dataset_config(data: str, modality: Modality, name: str) -> DatasetConfig:
    """Read ``dataset.yaml`` of one dataset; the defaults where there is none.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be understood.
    """
    with reaching(data):
        return read_config(found_path(UPath(data) / modality / name, CONFIG_NAME))


def _sheet(folder: UPath, config: DatasetConfig) -> UPath | None:
    """Return the sheet that is named, or the one that is there; None if there is none."""
    if config.samples:
        return named_path(folder, config.samples, "samples")
    found = [name for name in SHEET_NAMES if (folder / name).exists()]
    if len(found) > 1:
        raise refuse(
            "sheet_ambiguous",
            f"{folder} holds two sample sheets: {', '.join(found)}.",
            f"Remove one, or name one in {CONFIG_NAME}, e.g. 'samples: {found[0]}'.",
        )
    return found_path(folder, found[0]) if found else None

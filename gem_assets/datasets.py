"""What belongs to a dataset: its folder, the files in it, and its ``dataset.yaml``.

A dataset is a folder ``bulk/NAME/`` or ``sc/NAME/`` below the data location (a local folder or any
fsspec location). Nothing here is ever written to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
from upath import UPath

from gem_assets.problems import InputProblem, Severity, refuse
from gem_assets.settings import MODALITIES, Modality
from gem_assets.severities import check_severities

DATASET_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Names that may be a partition, a folder and a file: letters, digits, ``_``, ``-``, ``.``."""

CONFIG_NAME = "dataset.yaml"
SHEET_NAMES = tuple(
    f"samples.{ending}"
    for ending in ("csv", "tsv", "txt", "csv.gz", "tsv.gz", "txt.gz", "xlsx", "xls", "ods")
)
"""Workbooks are among them so that they are refused with what to do, and not passed over."""

COUNT_SUFFIXES = (".tsv", ".csv", ".txt", ".h5ad")
COMPRESSION_SUFFIXES = (".gz",)
_NEVER_COUNTS = frozenset({*SHEET_NAMES, "review.csv"})


class DatasetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``dataset.yaml`` may say.

    Attributes
    ----------
    counts, samples
        Paths of the counts file and of the sample sheet, relative to the dataset's folder.
    columns
        Columns of the sheet that mean one of ours, e.g. ``{body_site: tissue}``.
    aliases
        For a field, words of the sheet and the ontology term they stand for, e.g.
        ``{tissue: {gut: UBERON:0000160}}``; or the path of a table ``field,text,term``.
    thresholds
        Settings of the verdicts that differ from the defaults.
    severity
        For the code of a problem, how much it matters here: ``error``, ``warning`` or ``ignore``;
        what may be changed is in `gem_assets.severities`.
    """

    counts: str | None = None
    samples: str | None = None
    columns: dict[str, str] = msgspec.field(default_factory=dict)
    aliases: dict[str, dict[str, str]] | str = msgspec.field(default_factory=dict)
    thresholds: dict[str, float] = msgspec.field(default_factory=dict)
    severity: dict[str, str] = msgspec.field(default_factory=dict)


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
    """

    name: str
    modality: Modality
    folder: UPath
    counts: UPath
    sheet: UPath | None = None
    config: DatasetConfig = field(default_factory=DatasetConfig)
    alias_file: UPath | None = None

    @property
    def aliases(self) -> dict[str, dict[str, str]] | UPath:
        """The dataset's own aliases, or the table they are in."""
        return (
            self.alias_file or {} if isinstance(self.config.aliases, str) else self.config.aliases
        )

    def fingerprint(self) -> str:
        """Return a word that changes when one of the files does (name, size or time of change)."""
        digest = blake2b(digest_size=8)
        for path in (self.counts, self.sheet, self.alias_file, self.folder / CONFIG_NAME):
            if path is not None and path.exists():
                stat = path.stat()
                changed = getattr(stat, "st_mtime", 0)
                digest.update(f"{path.name}\0{stat.st_size}\0{changed}\n".encode())
        return digest.hexdigest()


def dataset_names(
    data: str, modality: Modality
) -> tuple[tuple[str, ...], tuple[InputProblem, ...]]:
    """List the datasets of a modality.

    Parameters
    ----------
    data
        The data location, which holds ``bulk/`` and ``sc/``.
    modality
        Which of the two.

    Returns
    -------
    names, problems
        Names in alphabetical order (none where the location is absent), and a warning for each
        folder whose name can't be a dataset's.
    """
    root = UPath(data) / modality
    if not root.is_dir():
        return (), ()
    folders = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    names = tuple(name for name in folders if DATASET_NAME.fullmatch(name))
    problems = tuple(
        InputProblem(
            "dataset_name",
            Severity.WARNING,
            f"{root / name} is not taken as a dataset: its name has characters other than "
            "letters, digits, '_', '-' and '.'.",
            "Rename the folder.",
        )
        for name in folders
        if name not in names
    )
    return names, problems


def choose_datasets(data: str, names: Sequence[str] = ()) -> dict[Modality, list[str]]:
    """Return the datasets that a person means, by modality.

    Parameters
    ----------
    data
        The data location.
    names
        Datasets as ``NAME`` (in both modalities) or ``bulk/NAME``; all, if none is named.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no dataset, or none of a given name.
    """
    found = {modality: dataset_names(data, modality)[0] for modality in MODALITIES}
    known = {f"{modality}/{name}" for modality in MODALITIES for name in found[modality]}
    if not known:
        raise refuse(
            "no_datasets",
            f"There is no dataset in {data!r}: neither bulk/NAME/ nor sc/NAME/ exists.",
            "Make data/bulk/NAME/ with counts.tsv.gz and samples.csv, or name another folder with "
            "--data.",
        )
    unknown = [n for n in names if n not in known and not any(k.endswith(f"/{n}") for k in known)]
    if unknown:
        raise refuse(
            "dataset_missing",
            f"There is no dataset {', '.join(map(repr, unknown))} in {data!r}; it holds "
            f"{', '.join(sorted(known))}.",
            "Check the spelling.",
        )
    chosen = {
        modality: [
            name
            for name in found[modality]
            if not names or name in names or f"{modality}/{name}" in names
        ]
        for modality in MODALITIES
    }
    return {modality: datasets for modality, datasets in chosen.items() if datasets}


def open_dataset(data: str, modality: Modality, name: str) -> Dataset:
    """Find the files of one dataset; reads nothing but ``dataset.yaml``.

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
    folder = UPath(data) / modality / name
    if not folder.is_dir():
        raise refuse(
            "dataset_missing",
            f"There is no dataset {name!r}: the folder {folder} does not exist.",
            "Make it and put a counts file (e.g. counts.tsv.gz) and, if you have one, samples.csv "
            "into it; or check GEM_ASSETS_DATA.",
        )
    return dataset_in(folder, modality)


def dataset_in(folder: UPath, modality: Modality) -> Dataset:
    """Find the files of a dataset in its folder, wherever that lies.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `open_dataset`.
    """
    config = _read_config(folder / CONFIG_NAME)
    counts = _named(folder, config.counts, "counts") if config.counts else _find_counts(folder)
    sheet = _named(folder, config.samples, "samples") if config.samples else _find_sheet(folder)
    aliases = config.aliases
    alias_file = _named(folder, aliases, "aliases") if isinstance(aliases, str) else None
    return Dataset(folder.name, modality, folder, counts, sheet, config, alias_file)


def dataset_config(data: str, modality: Modality, name: str) -> DatasetConfig:
    """Read ``dataset.yaml`` of one dataset; the defaults where there is none.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be understood.
    """
    return _read_config(UPath(data) / modality / name / CONFIG_NAME)


def _read_config(path: UPath) -> DatasetConfig:
    if not path.exists():
        return DatasetConfig()
    try:
        config = msgspec.yaml.decode(path.read_bytes() or b"{}", type=DatasetConfig)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise refuse(
            "dataset_yaml",
            f"{path} can't be understood: {reason}.",
            f"It may hold {', '.join(DatasetConfig.__struct_fields__)}; see docs.",
        ) from None
    check_severities(config.severity, str(path))
    return config


def _named(folder: UPath, relative: str, key: str) -> UPath:
    path = folder / relative
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refuse(
            "path_leaves_folder",
            f"{folder / CONFIG_NAME} names {relative!r} as {key}, which lies outside the dataset's "
            "folder.",
            "Put the file (or its results folder) into the dataset's folder.",
        )
    if not path.exists():
        raise refuse(
            "file_missing",
            f"{folder / CONFIG_NAME} names {relative!r} as {key}, but {path} does not exist.",
            "Correct the path; it is relative to the dataset's folder.",
        )
    return path


def _is_count_like(name: str) -> bool:
    lower = name.lower()
    for suffix in COMPRESSION_SUFFIXES:
        lower = lower.removesuffix(suffix)
    return lower.endswith(COUNT_SUFFIXES) and name.lower() not in _NEVER_COUNTS


def _find_counts(folder: UPath) -> UPath:
    candidates = sorted(
        (p for p in folder.iterdir() if p.is_file() and _is_count_like(p.name)),
        key=lambda p: p.name,
    )
    named = [p for p in candidates if p.name.lower().startswith("counts.")]
    chosen = named or candidates
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise refuse(
            "counts_missing",
            f"{folder} holds no counts file.",
            "Put counts.tsv.gz, counts.csv or counts.h5ad into it.",
        )
    names = tuple(p.name for p in chosen)
    raise refuse(
        "counts_ambiguous",
        f"{folder} holds {len(names)} files that may be the counts: {', '.join(names)}.",
        f"Name one of them in {CONFIG_NAME}, e.g. 'counts: {names[0]}', or remove the others.",
        names,
    )


def _find_sheet(folder: UPath) -> UPath | None:
    found = [folder / name for name in SHEET_NAMES if (folder / name).exists()]
    if len(found) > 1:
        names = ", ".join(p.name for p in found)
        raise refuse(
            "sheet_ambiguous",
            f"{folder} holds two sample sheets: {names}.",
            f"Remove one, or name one in {CONFIG_NAME}, e.g. 'samples: {found[0].name}'.",
        )
    return found[0] if found else None

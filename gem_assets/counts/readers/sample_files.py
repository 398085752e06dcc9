"""Gather files of one sample each into a matrix: what STAR, HTSeq, RSEM and salmon write."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.counts.readers.folder import Member
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource, naming
from gem_assets.problems import InputProblem, refuse

_COMPRESSION = re.compile(r"\.(gz|bz2|zst)$", re.IGNORECASE)

_TEXT = re.compile(
    r"(^[^.]*|\.(tsv|txt|tab|csv|out|results|sf|counts?|htseq|genes))$", re.IGNORECASE
)
"""Endings of files that may be a table, or none (as of links to folders). Others (BAM, logs,
indices) are not looked into."""

_BESIDES = re.compile(
    r"(samples|review|samplesheet)\.[ct]sv|dataset\.yaml|readme.*|manifest.*|.*md5.*|"
    r"gdc_sample_sheet.*|annotations\.txt|.*\.log|.*\.json|.*\.ya?ml",
    re.IGNORECASE,
)
"""Files that accompany counts, not worth a word when they are left out."""

_ENDING = re.compile(r"(\.(tsv|txt|tab|csv|out|sf|results))+$", re.IGNORECASE)

_PEEKED = 40
"""So many files of a folder are looked into before it is known not to be of a format."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen in reading one file, where its format leaves a choice.

    Attributes
    ----------
    taken
        What was taken, e.g. the strand.
    evidence
        Why, in numbers.
    doubtful
        Whether the evidence is weak.
    """

    taken: str
    evidence: str
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """The counts of one sample.

    Attributes
    ----------
    gene_ids
        Names of the genes, without rows that sum up.
    counts
        float64, one a gene.
    symbols
        Second names of the genes, where the format has them.
    choice
        What was chosen in reading the file; None if there was no choice.
    """

    gene_ids: pa.StringArray
    counts: NDArray[np.float64]
    symbols: pa.StringArray | None = None
    choice: Choice | None = None


class SampleFilesReader(ABC):
    """Reader of a format whose files hold one sample each; takes a file, or a folder of them.

    A folder is looked into three levels deep. Its files must have the same genes, in any order.
    Files whose heads are not of the format are left out, and named in a note, unless their names
    are of the format: these are refused, so that no damaged sample goes missing unseen.
    """

    rank: int
    reads: str
    format: str
    """Public name of the format."""

    spoken: str
    """Name of the format in a sentence."""

    named: re.Pattern[str]
    """What the program calls its files: the part of the name that isn't the sample's."""

    assumed: tuple[str, ...] = ()
    """What is assumed of every file, a sentence each."""

    @abstractmethod
    def fits(self, head: bytes) -> bool:
        """Tell by the first bytes whether a file is of the format. Never raises."""

    @abstractmethod
    def read_sample(self, source: CountsSource) -> SampleCounts:
        """Read one file that fits."""

    def belongs(self, name: str, head: bytes) -> bool:  # noqa: ARG002 (the head is mostly enough)
        """Tell whether a file is of the format by name and head, where the head isn't enough."""
        return self.fits(head)

    def conclude(
        self,
        choices: Mapping[str, Choice],  # noqa: ARG002 (most formats leave no choice)
    ) -> tuple[tuple[str, ...], tuple[InputProblem, ...]]:
        """Return notes and warnings about what was chosen, by sample."""
        return (), ()

    def recognises(self, source: CountsSource) -> bool:
        """Tell whether it is such a file, or a folder with one."""
        if not source.is_folder:
            return self.belongs(source.path.name, source.head)
        candidates = [m for m in _candidates(source) if not _BESIDES.fullmatch(m.base)]
        named = [m for m in candidates if self._is_named(m)]
        if named:
            return any(m.leaves or self._fits(source, m) for m in named[:_PEEKED])
        fitting = [self._fits(source, m) for m in candidates[:_PEEKED]]
        return any(fitting) and sum(fitting) >= len(fitting) / 2

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file or folder; see ``Reader.read``."""
        gathered = _Gathered()
        if not source.is_folder:
            name = self._sample_id(source.path.name, source.path.parent.name)
            gathered.add(name, self.read_sample(source))
            told = [f"The sample is named by its file ({source.path.name}): {name}."]
        else:
            members, left_out = self._members(source)
            names = self._sample_ids(members)
            for name, member in zip(names, members, strict=True):
                with naming(member.name):
                    gathered.add(name, self.read_sample(source.open_member(member)), member.name)
            told = [
                f"Gathered {len(members)} file(s) of {self.spoken}; the samples are named by "
                f"their files ({members[0].name}: {names[0]})."
            ]
            if left_out:
                told.append(f"Left out {len(left_out)} other file(s): {_few(left_out)}.")
        notes, problems = self.conclude(gathered.choices)
        told += [*self.assumed, *notes]
        return CountsFile(gathered.matrix(), self.format, None, tuple(told), problems)

    def _members(self, source: CountsSource) -> tuple[list[Member], list[str]]:
        """Divide the files of a folder into those to read, and those to tell of."""
        members: list[Member] = []
        left_out: list[Member] = []
        for member in _candidates(source):
            if self._fits(source, member):
                members.append(member)
            elif member.leaves or self._is_named(member):
                self._refuse(source, member)
            elif not _BESIDES.fullmatch(member.base):
                left_out.append(member)
        endings = {_ending(member) for member in members}
        for member in left_out:
            # An empty or damaged file is told from one of another kind by its name alone.
            if _ending(member) in endings and not source.member_head(member):
                self._refuse(source, member)
        return members, [member.name for member in left_out]

    def _refuse(self, source: CountsSource, member: Member) -> NoReturn:
        with naming(member.name):
            source.open_member(member)  # most often refused here, with its reason
            raise refuse(
                "unrecognised_format",
                f"it is named like a file of {self.spoken}, but does not hold what such a file "
                "does.",
                "Write or copy the file again, or move it out of the folder.",
            )

    def _fits(self, source: CountsSource, member: Member) -> bool:
        return self.belongs(member.base, source.member_head(member))

    def _is_named(self, member: Member) -> bool:
        return self.named.search(_plain(member.base)) is not None

    def _sample_ids(self, members: Sequence[Member]) -> list[str]:
        names = [self._sample_id(m.base, m.parent.rsplit("/", 1)[-1]) for m in members]
        seen: dict[str, Member] = {}
        for name, member in zip(names, members, strict=True):
            if name in seen:
                raise refuse(
                    "duplicate_sample_ids",
                    f"{seen[name].name} and {member.name} would both be sample {name!r}; every "
                    "sample needs a name of its own.",
                    "Rename one of the files, or move it out of the folder if it is a copy.",
                    (name,),
                )
            seen[name] = member
        return names

    def _sample_id(self, name: str, parent: str) -> str:
        """Return a file's name without what the program adds; its folder's where none is left."""
        own = _ENDING.sub("", self.named.sub("", _plain(name)))
        return own.strip("._- ") or parent or _plain(name)


def _candidates(source: CountsSource) -> list[Member]:
    return [m for m in source.members if _TEXT.search(_plain(m.base))]


def _plain(name: str) -> str:
    return _COMPRESSION.sub("", name)


def _ending(member: Member) -> str:
    return PurePosixPath(_plain(member.base)).suffix.lower()


class _Gathered:
    """The samples read so far, sparse: a thousand dense ones would fill the memory."""

    def __init__(self) -> None:
        self.choices: dict[str, Choice] = {}
        self._names: list[str] = []
        self._places: list[NDArray[np.int32]] = []
        self._counts: list[NDArray[np.int32] | NDArray[np.float64]] = []
        self._first: SampleCounts | None = None
        self._first_file = ""

    def add(self, name: str, sample: SampleCounts, file: str = "") -> None:
        """Add a sample, in the order of genes of the first.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            ``no_genes``, or ``genes_differ`` if its genes are not those of the first.
        """
        if self._first is None:
            if not len(sample.gene_ids):
                raise refuse("no_genes", "there is no row of a gene.", "Write the file again.")
            self._first, self._first_file = sample, file
            counts = sample.counts
        elif sample.gene_ids.equals(self._first.gene_ids):
            counts = sample.counts
        else:
            counts = _reordered(sample, self._first.gene_ids, self._first_file)
        places = np.flatnonzero(counts).astype(np.int32)
        self._names.append(name)
        self._places.append(places)
        found = counts[places]
        # Half the memory for what nearly every file holds.
        small = not found.size or np.abs(found).max() < 2**31
        self._counts.append(
            found.astype(np.int32) if small and np.array_equal(found, np.rint(found)) else found
        )
        if sample.choice is not None:
            self.choices[name] = sample.choice

    def matrix(self) -> CountMatrix:
        """Return the samples in the order they came in, and give them up; at least one has."""
        assert self._first is not None  # noqa: S101 (a recognised source has a sample)
        indptr = np.concatenate([[0], np.cumsum([len(places) for places in self._places])])
        genes, symbols = self._first.gene_ids, self._first.symbols
        data, self._counts = np.concatenate(self._counts), []
        places, self._places = np.concatenate(self._places), []
        shape = (len(self._names), len(genes))
        counts = sparse.csr_array((data, places, indptr), shape=shape)
        return CountMatrix(
            tuple(self._names),
            tuple(genes.to_pylist()),
            narrowest(counts),
            None if symbols is None else tuple(symbols.to_pylist()),
        )


def _reordered(
    sample: SampleCounts, expected: pa.StringArray, first_file: str
) -> NDArray[np.float64]:
    """Return a sample's counts in the order of the expected genes."""
    genes = sample.gene_ids
    places = pc.index_in(expected, value_set=genes)
    missing = expected.filter(pc.is_null(places))
    more = genes.filter(pc.is_null(pc.index_in(genes, value_set=expected)))
    repeats = pc.count_distinct(genes).as_py() != len(genes)
    if len(missing) or len(more) or len(genes) != len(expected) or repeats:
        raise refuse(
            "genes_differ",
            f"it has {len(genes):,} genes, {first_file} has {len(expected):,}: "
            f"{_difference(missing, more)}. Files of one run have the same genes.",
            "Count all samples with one annotation, or make a dataset of each annotation.",
        )
    return np.asarray(sample.counts[places.to_numpy()])


def _difference(missing: pa.StringArray, more: pa.StringArray) -> str:
    parts = [
        f"{len(genes):,} {what} ({_few(genes[:4].to_pylist())})"
        for genes, what in ((missing, "missing"), (more, "not in that file"))
        if len(genes)
    ]
    return " and ".join(parts) or "some names are repeated, in another order"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")

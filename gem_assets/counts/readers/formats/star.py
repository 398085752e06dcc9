"""Reader of STAR's ``ReadsPerGene.out.tab`` (``--quantMode GeneCounts``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.compute as pc

from gem_assets.counts.readers.sample_files import Choice, SampleCounts, SampleFilesReader
from gem_assets.counts.readers.sample_table import (
    SampleColumns,
    SampleTable,
    first_lines,
    read_sample_table,
)
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import InputProblem, Severity

STRANDED_SHARE = 0.8
"""Of the reads that count on either strand, the share on one that makes a library stranded (the
default of nf-core/rnaseq's ``stranded_threshold``)."""

UNSTRANDED_SHARE = 0.6
"""Up to this share on one strand a library is unstranded. What lies between is unclear."""

_COLUMNS = SampleColumns(gene=0, values=(1, 2, 3), width=4, header_lines=0)

_STRANDS = ("unstranded", "forward", "reverse")


class StarReader(SampleFilesReader):
    """Reads STAR's counts, from the column of the strand that the library was made for.

    The columns after the gene are counts of an unstranded library, of one whose first read has
    the sense of the RNA (forward), and of one whose second has it (reverse). In a stranded
    library, the right column holds most reads and has the fewer ``N_noFeature``.
    """

    rank = 10
    reads = "STAR ReadsPerGene.out.tab, one or a folder of them"
    format = "star"
    spoken = "STAR (ReadsPerGene.out.tab)"
    named = re.compile(r"ReadsPerGene(\.out)?(\.tab|\.tsv|\.txt)?$", re.IGNORECASE)

    def fits(self, head: bytes) -> bool:
        """Tell whether the first row is ``N_unmapped`` with three numbers."""
        rows = first_lines(head, 1)
        return bool(rows) and rows[0][0] == "N_unmapped" and len(rows[0]) == 4

    def read_sample(self, source: CountsSource) -> SampleCounts:
        """Read one file."""
        table = read_sample_table(source, _COLUMNS)
        summary = np.asarray(pc.starts_with(table.gene_ids, "N_").to_numpy(zero_copy_only=False))
        genes = table.take(~summary)
        choice = _strand(genes, table.take(summary))
        counts = genes.values[:, _STRANDS.index(choice.taken)]
        return SampleCounts(genes.gene_ids, counts, choice=choice)

    def conclude(
        self, choices: Mapping[str, Choice]
    ) -> tuple[tuple[str, ...], tuple[InputProblem, ...]]:
        """Tell the strand, the samples whose strand is unclear, and a disagreement of samples."""
        by_strand: dict[str, list[str]] = {}
        for sample, choice in choices.items():
            by_strand.setdefault(choice.taken, []).append(sample)
        notes = [
            f"Took the {strand} counts of {_samples(samples)}: {choices[samples[0]].evidence}."
            for strand, samples in by_strand.items()
        ]
        problems = []
        doubtful = tuple(sample for sample, choice in choices.items() if choice.doubtful)
        if doubtful:
            problems.append(
                InputProblem(
                    "strand_unclear",
                    Severity.WARNING,
                    f"it is not clear on which strand {_samples(doubtful)} was sequenced "
                    f"({choices[doubtful[0]].evidence}); the unstranded counts were taken.",
                    "Check the protocol of the library: a mixture, DNA in it, or few reads.",
                    doubtful[:100],
                )
            )
        clear = {
            strand: [sample for sample in samples if sample not in doubtful]
            for strand, samples in by_strand.items()
        }
        found = {strand: samples for strand, samples in clear.items() if samples}
        if len(found) > 1:
            parts = "; ".join(f"{strand}: {_samples(samples)}" for strand, samples in found.items())
            rarest = min(found.values(), key=len)
            problems.append(
                InputProblem(
                    "strands_differ",
                    Severity.WARNING,
                    f"the samples disagree on the strand of their libraries ({parts}); of each, "
                    "the column of its own strand was taken.",
                    "Check whether they were prepared with one protocol. If not, name it as batch.",
                    tuple(rarest[:100]),
                )
            )
        return tuple(notes), tuple(problems)


def _strand(genes: SampleTable, summary: SampleTable) -> Choice:
    totals = genes.values.sum(axis=0)
    stranded = totals[1] + totals[2]
    if not stranded:
        return Choice("unstranded", "no read counts on either strand")
    best = 1 if totals[1] >= totals[2] else 2
    share = totals[best] / stranded
    no_feature = summary.values[np.asarray(pc.equal(summary.gene_ids, "N_noFeature"))].sum(axis=0)
    evidence = (
        f"{totals[1]:,.0f} reads count forward and {totals[2]:,.0f} reverse, N_noFeature "
        f"{no_feature[1]:,.0f} and {no_feature[2]:,.0f}"
    )
    if share <= UNSTRANDED_SHARE:
        return Choice("unstranded", evidence)
    if share >= STRANDED_SHARE and no_feature[best] <= no_feature[3 - best]:
        return Choice(_STRANDS[best], evidence)
    return Choice("unstranded", evidence, doubtful=True)


def _samples(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{len(names)} samples ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"

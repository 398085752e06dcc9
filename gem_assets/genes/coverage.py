"""Whether a file and a model share enough genes for a prediction to mean something."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gem_assets.problems import InputProblem, Severity

MANY = 100
"""Offenders that a problem lists at most."""

MOST = 0.5
"""Share of the names from which on they are called by their kind."""


@dataclass(frozen=True, slots=True)
class CoverageLimits:
    """Shares below which an alignment is refused or warned of.

    The defaults let filtered matrices of 10,000 to 15,000 genes pass with a warning, measured
    against an order of 44,592: 10,101 genes of filtered lymphoblastoid lines cover 22 %.

    Attributes
    ----------
    refused_model_genes
        Refuse a file that has less than this share of the model's genes.
    expected_model_genes
        Warn of a file that has less than this share of the model's genes.
    expected_counts
        Warn of a file in which less than this share of all counts finds a gene of the model.

    Raises
    ------
    ValueError
        If a limit lies outside 0 to 1, or files are refused that aren't even warned of.
    """

    refused_model_genes: float = 0.20
    expected_model_genes: float = 0.60
    expected_counts: float = 0.90

    def __post_init__(self) -> None:
        if not 0 <= self.refused_model_genes <= self.expected_model_genes <= 1:
            raise ValueError(
                "shares of model genes must be 0 <= refused <= expected <= 1, got refused "
                f"{self.refused_model_genes} and expected {self.expected_model_genes}"
            )
        if not 0 <= self.expected_counts <= 1:
            raise ValueError(f"a share of counts lies in 0 to 1, got {self.expected_counts}")


def coverage_problems(
    record: pd.DataFrame, n_model_genes: int, limits: CoverageLimits
) -> tuple[InputProblem, ...]:
    """Return what is wrong with the genes that a file shares with a model.

    Parameters
    ----------
    record
        One row a raw gene: ``raw_gene_id``, ``action``, ``model_gene_id``, ``share_of_counts``.
    n_model_genes
        Length of the model's gene order.

    Returns
    -------
    tuple of InputProblem
        ``few_model_genes`` (error) or ``model_genes_missing`` (warning), and ``counts_unplaced``
        (warning).
    """
    problems = []
    n_found = record["model_gene_id"].nunique()
    share = n_found / n_model_genes
    found = (
        f"the file names {len(record):,} genes, of which {n_found:,} are among the model's "
        f"{n_model_genes:,} ({_percent(share)})"
    )
    unplaced = record[record["model_gene_id"].isna()].sort_values(
        "share_of_counts", ascending=False, kind="stable"
    )
    names = tuple(unplaced["raw_gene_id"].iloc[:MANY])
    if share < limits.refused_model_genes:
        problems.append(
            InputProblem(
                "few_model_genes",
                Severity.ERROR,
                f"Too few genes: {found}; at least {_percent(limits.refused_model_genes)} are "
                "needed.",
                _few_genes_action(record),
                names,
            )
        )
    elif share < limits.expected_model_genes:
        problems.append(
            InputProblem(
                "model_genes_missing",
                Severity.WARNING,
                f"Genes are missing: {found}; the others count as 0.",
                "Prefer the unfiltered counts of all genes, if there are any.",
            )
        )
    unplaced_share = unplaced["share_of_counts"].sum()
    if 1 - unplaced_share < limits.expected_counts:
        problems.append(
            InputProblem(
                "counts_unplaced",
                Severity.WARNING,
                f"{_percent(unplaced_share)} of all counts lie on {len(unplaced):,} genes that "
                f"found no place among the model's, {_biggest(unplaced)}.",
                "Look at these genes in gene_alignment: another annotation, spike-ins, or shared "
                "names?",
                names,
            )
        )
    return tuple(problems)


def _few_genes_action(record: pd.DataFrame) -> str:
    names = record["raw_gene_id"]
    share = record["evidence"].value_counts(normalize=True)
    if names.str.startswith("ENSMUSG").sum() > len(names) / 2:
        return "These are genes of the mouse (ENSMUSG...); the model reads human genes."
    if share.get("transcript", 0) > MOST:
        return (
            f"These are transcripts ({names.iloc[0]}...); sum them to genes first, with tximport "
            "or salmon's --geneMap."
        )
    if share.get("number", 0) > MOST:
        return (
            f"The rows are named by numbers ({', '.join(names.iloc[:3])}...) that aren't Entrez "
            "ids: write the table again with its gene names."
        )
    return (
        "Give the counts of all genes, named by Ensembl ids (ENSG...) or approved human symbols; "
        f"the file's first names are {names.iloc[:3].tolist()}."
    )


def _biggest(unplaced: pd.DataFrame) -> str:
    first = unplaced.iloc[0]
    return f"most of them on {first['raw_gene_id']} ({_percent(first['share_of_counts'])})"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"

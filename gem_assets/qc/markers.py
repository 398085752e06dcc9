"""Sex by marker genes: a witness that no model has heard.

Counted on the input, not on the model's genes, so that it stays independent of the alignment
too. For bulk samples: a single cell holds too few reads of any one gene.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.labels.ontology import ancestors
from gem_assets.labels.resolution import RESOLVED
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.reasons import CELL_LINE
from gem_assets.qc.settings import QcSettings

XIST = ("ENSG00000229807", "XIST")
CHRY_GENES: tuple[tuple[str, str], ...] = (
    ("ENSG00000129824", "RPS4Y1"),
    ("ENSG00000067048", "DDX3Y"),
    ("ENSG00000012817", "KDM5D"),
    ("ENSG00000183878", "UTY"),
    ("ENSG00000114374", "USP9Y"),
    ("ENSG00000198692", "EIF1AY"),
    ("ENSG00000067646", "ZFY"),
)
"""Single-copy genes of the male-specific region of Y, expressed in nearly all tissues."""

NEOPLASM = "MONDO:0005070"
"""Tumours lose Y often enough that its absence says nothing."""

MARKER_COLUMNS = ("sample_id", "xist_cpm", "chry_cpm", "chry_genes_present", "call", "sentence")


def sex_markers(
    matrix: CountMatrix, settings: QcSettings, *, may_lack_y: Collection[str] = ()
) -> pd.DataFrame:
    """Call the sex of each bulk sample from XIST and seven genes of chromosome Y.

    Male: the mean CPM of the chrY genes in the file is above ``settings.sex_male_cpm``. There is
    no rule on XIST alone, since files filtered by expression often lack it (measured on 85
    GEUVADIS lines: an XIST-against-Y rule calls all of them male).

    Parameters
    ----------
    matrix
        Raw counts, samples x genes. Genes are found by Ensembl id (a version is ignored) or by
        symbol, in ``gene_ids`` or ``gene_symbols``; several rows of one gene are summed.
    settings
        Thresholds (``sex_*``).
    may_lack_y
        Samples whose cells may have lost Y (cell lines, tumours; see
        :func:`samples_that_may_lack_y`): its absence is ``unclear`` there.

    Returns
    -------
    pandas.DataFrame
        One row a sample, in the matrix's order: sample_id; xist_cpm, chry_cpm (mean of the genes
        present; both per million of the library size of the input, NaN where the file lacks the
        genes); chry_genes_present (0 to 7, in the file); call (male, female, unclear,
        not_assessed); sentence.
    """
    names = _gene_names(matrix)
    scale = np.divide(
        1e6, matrix.total_counts, out=np.zeros(matrix.n_samples), where=matrix.total_counts > 0
    )
    xist_columns = _columns_of(names, XIST)
    chry_columns = [columns for gene in CHRY_GENES if (columns := _columns_of(names, gene))]
    xist = _sum(matrix.counts, xist_columns) * scale if xist_columns else None
    chry = (
        np.mean([_sum(matrix.counts, columns) for columns in chry_columns], axis=0) * scale
        if chry_columns
        else None
    )
    lacking = set(may_lack_y)
    rows = [
        (
            sample,
            *_call(
                None if xist is None else float(xist[i]),
                None if chry is None else float(chry[i]),
                len(chry_columns),
                settings,
                may_lack_y=sample in lacking,
            ),
        )
        for i, sample in enumerate(matrix.sample_ids)
    ]
    calls = pd.DataFrame(rows, columns=["sample_id", "call", "sentence"])
    nothing = np.full(matrix.n_samples, np.nan)
    return calls.assign(
        xist_cpm=nothing if xist is None else xist,
        chry_cpm=nothing if chry is None else chry,
        chry_genes_present=np.full(matrix.n_samples, len(chry_columns), dtype=np.int64),
    )[list(MARKER_COLUMNS)]


def samples_that_may_lack_y(
    sample_labels: pd.DataFrame, predicted_metadata: pd.DataFrame | None = None
) -> frozenset[str]:
    """Return the samples stated or predicted to be cell lines, or stated to be tumours.

    Parameters
    ----------
    sample_labels
        The ``sample_labels`` table of a dataset.
    predicted_metadata
        The ``predicted_metadata`` table, where there are predictions already.
    """
    resolved = sample_labels[sample_labels["resolution"].isin(RESOLVED)]
    lines = resolved["field"].eq("cell_line") | (
        resolved["field"].eq("sample_type") & resolved["provided_id"].eq(CELL_LINE)
    )
    samples = set(resolved.loc[lines, "sample_id"])
    diseased = resolved[resolved["field"].eq("disease") & resolved["provided_id"].notna()]
    tumours = [i for i in diseased["provided_id"].unique() if _is_tumour(str(i))]
    samples |= set(diseased.loc[diseased["provided_id"].isin(tumours), "sample_id"])
    if predicted_metadata is not None:
        predicted = predicted_metadata["field"].eq("sample_type") & (
            predicted_metadata["predicted_label"].eq(CELL_LINE)
            | predicted_metadata["predicted_id"].eq(CELL_LINE)
        )
        samples |= set(predicted_metadata.loc[predicted, "sample_id"])
    return frozenset(str(sample) for sample in samples)


def _is_tumour(joined_ids: str) -> bool:
    return any(NEOPLASM in ancestors(term) for term in joined_ids.split(VALUE_SEPARATOR))


def _gene_names(matrix: CountMatrix) -> tuple[NDArray[np.str_], ...]:
    """Upper-case names without version, one array a kind of name that the file has."""
    kinds: list[Sequence[str]] = [matrix.gene_ids]
    if matrix.gene_symbols is not None:
        kinds.append(matrix.gene_symbols)
    # ENSG00000129824.16_PAR_Y and the like: only what precedes the version names the gene.
    return tuple(
        np.array([str(name).strip().split(".")[0].upper() for name in kind], dtype=np.str_)
        for kind in kinds
    )


def _columns_of(names: tuple[NDArray[np.str_], ...], gene: tuple[str, str]) -> list[int]:
    found: set[int] = set()
    for kind in names:
        found.update(np.flatnonzero(np.isin(kind, gene)).tolist())
    return sorted(found)


def _sum(counts: sparse.csr_array, columns: list[int]) -> NDArray[np.float64]:
    return np.asarray(counts[:, columns].sum(axis=1), dtype=np.float64).ravel()


def _call(
    xist: float | None, chry: float | None, present: int, settings: QcSettings, *, may_lack_y: bool
) -> tuple[str, str]:
    """Return the call and its sentence."""
    if chry is None or present < settings.sex_min_chry_genes:
        return (
            "not_assessed",
            f"The file holds {present} of the seven chrY marker genes, "
            f"{settings.sex_min_chry_genes} are needed.",
        )
    seen = f"chrY genes {chry:.1f} CPM"
    seen += ", XIST not in the file" if xist is None else f", XIST {xist:.1f} CPM"
    if chry == 0 and not xist:
        return "not_assessed", "Neither XIST nor any chrY gene has a read: no answer."
    if xist is not None and xist >= settings.sex_xist_cpm and chry >= settings.sex_mixed_chry_cpm:
        return "unclear", f"Marker genes of both sexes are expressed ({seen}): a pool or admixture."
    if chry > settings.sex_male_cpm:
        return "male", f"Marker genes say male ({seen})."
    if chry >= settings.sex_female_cpm:
        return "unclear", f"Marker genes lie between the sexes ({seen})."
    if may_lack_y:
        return (
            "unclear",
            f"Y is not expressed ({seen}), but cell lines and tumours may have lost it.",
        )
    return "female", f"Marker genes say female ({seen})."

"""Cells of another kind by single genes: both sexes in one sample, and blood in an organ.

Both look at the counts alone; no model is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gem_assets.counts.matrix import CountMatrix
from gem_assets.labels.hierarchy import broader
from gem_assets.labels.ontology import label_of
from gem_assets.qc.findings import Finding
from gem_assets.qc.settings import QcSettings

HAEMOGLOBIN: tuple[tuple[str, str], ...] = (
    ("ENSG00000206172", "HBA1"),
    ("ENSG00000188536", "HBA2"),
    ("ENSG00000244734", "HBB"),
)
"""The globins of adult red cells."""

BLOOD_CPM = 1000.0
"""Their summed reads per million from which an organ carries blood. Fixed on the training
references: without `BLOOD_RICH`, the 61 tissue profiles of the Human Protein Atlas reach 562
(gallbladder), their median is 49 in counts and 118 in TPM."""

BLOOD_RICH: tuple[str, ...] = (
    "UBERON:0000178",  # blood
    "UBERON:0002371",  # bone marrow
    "UBERON:0002106",  # spleen
    "UBERON:0001987",  # placenta
)
"""Tissues that hold red cells by nature, with all below them."""


def mixed_sex_findings(markers: pd.DataFrame, settings: QcSettings) -> tuple[Finding, ...]:
    """Return a finding for each sample that expresses XIST and chromosome Y.

    Parameters
    ----------
    markers
        The result of :func:`gem_assets.qc.markers.sex_markers`.
    settings
        Thresholds ``sex_xist_cpm``, ``sex_mixed_chry_cpm`` and ``sex_min_chry_genes``.

    Returns
    -------
    tuple of Finding
        Kind ``mixed_sex``, reason ``both_sexes``; the score is the mean CPM of the chrY genes.
    """
    mixed = (
        (markers["xist_cpm"] >= settings.sex_xist_cpm)
        & (markers["chry_cpm"] >= settings.sex_mixed_chry_cpm)
        & (markers["chry_genes_present"] >= settings.sex_min_chry_genes)
    )
    rows = markers.loc[mixed, ["sample_id", "xist_cpm", "chry_cpm"]]
    return tuple(
        Finding(
            kind="mixed_sex",
            sample_ids=(str(sample),),
            reason="both_sexes",
            sentence=(
                f"{sample} expresses XIST ({xist:.0f} CPM) and genes of chromosome Y ({chry:.0f} "
                "CPM): cells of both sexes, as a pool of donors, a transplant or a mix-up of "
                "tubes has."
            ),
            score=float(chry),
        )
        for sample, xist, chry in rows.itertuples(index=False)
    )


def haemoglobin_cpm(matrix: CountMatrix) -> pd.Series:
    """Return the summed reads per million on the haemoglobin genes.

    Parameters
    ----------
    matrix
        Raw counts; genes are found by Ensembl id (a version is ignored) or symbol.

    Returns
    -------
    pandas.Series
        Float64, one a sample, by sample id; NaN where the file holds none of the genes or the
        sample no read.
    """
    names = {name for gene in HAEMOGLOBIN for name in gene}
    kinds = [matrix.gene_ids, *([matrix.gene_symbols] if matrix.gene_symbols is not None else [])]
    found = np.zeros(matrix.n_genes, dtype=bool)
    for kind in kinds:
        found |= np.array([str(name).strip().split(".")[0].upper() in names for name in kind])
    cpm = np.full(matrix.n_samples, np.nan)
    if found.any():
        reads = matrix.counts @ found.astype(np.float64)
        np.divide(reads * 1e6, matrix.total_counts, out=cpm, where=matrix.total_counts > 0)
    return pd.Series(cpm, index=list(matrix.sample_ids), name="haemoglobin_cpm")


def blood_findings(
    matrix: CountMatrix, tissues: Mapping[str, str | None], threshold: float = BLOOD_CPM
) -> tuple[Finding, ...]:
    """Return a finding for each sample of an organ with the haemoglobin of blood.

    Parameters
    ----------
    matrix
        Raw bulk counts.
    tissues
        Sample -> UBERON id of its tissue; without one, nothing says that blood is out of place.
    threshold
        Reads per million from which there is one.

    Returns
    -------
    tuple of Finding
        Kind ``blood``, reason ``haemoglobin``; the score is the reads per million.
    """
    findings = []
    for sample, cpm in haemoglobin_cpm(matrix).items():
        tissue = tissues.get(str(sample))
        if tissue is None or _holds_blood(tissue) or not cpm >= threshold:
            continue
        findings.append(
            Finding(
                kind="blood",
                sample_ids=(str(sample),),
                reason="haemoglobin",
                sentence=(
                    f"{sample} has {cpm:,.0f} reads per million on haemoglobin genes, which "
                    f"{label_of(tissue) or tissue} does not make: blood was carried along."
                ),
                score=float(cpm),
            )
        )
    return tuple(findings)


def _holds_blood(tissue: str) -> bool:
    return not broader(tissue).isdisjoint(BLOOD_RICH)

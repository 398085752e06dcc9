"""What Body Map's adrenal sample shows, in words and numbers taken from a run's results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gem_assets.qc.sentences import probability
from gem_assets.qc.tissue_levels import TissueLevels, load_tissue_levels

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = "Adrenal"
ADRENAL_GLAND, LYMPH_NODE = "UBERON:0002369", "UBERON:0000029"

ADRENAL_GENES = {
    "STAR": "ENSG00000147465",
    "CYP17A1": "ENSG00000148795",
    "CYP11B1": "ENSG00000160882",
}
"""They make the hormones of the adrenal cortex: cholesterol's carrier and two enzymes."""

LYMPH_NODE_GENES = {"MS4A1": "ENSG00000156738", "CCL21": "ENSG00000137077"}
"""CD20 of B cells, and what calls lymphocytes into a lymph node."""

MUSCLE_GENE = ("CKM", "ENSG00000104879")
"""The creatine kinase of skeletal muscle and heart."""

_ABSENT, _PRESENT = 0.01, 0.1
"""Shares of a tissue's reference level below which a gene is missing, from which it is there."""

_MUSCLE_SHARE = 0.01
_OF_MUSCLE = ("Skeletal muscle", "Heart")


def adrenal_lines(verdicts: pd.DataFrame, counts: pd.DataFrame) -> Iterator[str]:
    """Yield what is to be said of the adrenal sample, and of muscle in two others.

    Parameters
    ----------
    verdicts
        ``qc_verdicts`` of the dataset.
    counts
        Its counts, genes x samples, by Ensembl id.
    """
    rows = {(row["sample_id"], row["field"]): row for row in verdicts.to_dict("records")}
    tissue = rows[SAMPLE, "tissue"]
    if tissue["status"] == "fail":
        yield (
            f"{SAMPLE} (ERS025092) is stated to be {tissue['provided_label']}; its expression says "
            f"{tissue['predicted_label']} (p {probability(float(tissue['p_top']))})."
        )
    else:
        yield (
            f"{SAMPLE} (ERS025092) does not fail in this run: its tissue, stated to be "
            f"{tissue['provided_label']}, has the verdict '{tissue['status']}' (this model's best "
            f"guess: {tissue['predicted_label']}). Its marker genes all the same:"
        )
    cpm = counts / counts.sum() * 1e6
    yield from _markers(cpm[SAMPLE], load_tissue_levels())
    sexes = [rows[name, "sex"]["predicted_label"] for name in (SAMPLE, "Lymph node")]
    if set(sexes) == {"male", "female"}:
        yield (
            f"It was not exchanged with the lymph node of this set: by their expression, {SAMPLE} "
            f"is {sexes[0]} and Lymph node is {sexes[1]}."
        )
    yield "This is our finding; no publication that confirms it was found."
    yield from _muscle(cpm)


def _markers(sample: pd.Series, levels: TissueLevels) -> Iterator[str]:
    genes = ADRENAL_GENES | LYMPH_NODE_GENES
    columns = [levels.gene_ids.index(gene) for gene in genes.values()]
    adrenal, node = (
        dict(zip(genes, levels.middle[levels.row(tissue), columns], strict=True))
        for tissue in (ADRENAL_GLAND, LYMPH_NODE)
    )
    reads = {symbol: float(sample[gene]) for symbol, gene in genes.items()}
    yield ""
    yield f"  {'reads per million':<18}{SAMPLE:>9}{'adrenal gland*':>17}{'lymph node*':>14}"
    for symbol in genes:
        yield (
            f"  {symbol:<18}{_rounded(reads[symbol]):>9}{_rounded(adrenal[symbol], 2):>17}"
            f"{_rounded(node[symbol], 2):>14}"
        )
    yield "  * what references have (Human Protein Atlas, to a factor of two)"
    yield ""
    missing = [gene for gene in ADRENAL_GENES if reads[gene] < _ABSENT * adrenal[gene]]
    there = [gene for gene in LYMPH_NODE_GENES if reads[gene] >= _PRESENT * node[gene]]
    yield (
        f"Of the genes of an adrenal gland {_listed(missing)} {_are(missing)} missing (less than "
        f"1 % of its level); of those of a lymph node {_listed(there)} {_are(there)} there."
    )


def _muscle(cpm: pd.DataFrame) -> Iterator[str]:
    symbol, gene = MUSCLE_GENE
    reads = {str(name): float(n) for name, n in zip(cpm.columns, cpm.loc[gene], strict=True)}
    muscle, heart = (reads.pop(name) for name in _OF_MUSCLE)
    high = {name: n for name, n in reads.items() if n > _MUSCLE_SHARE * muscle}
    if not high:
        return
    told = _listed(f"{name} ({_rounded(n)})" for name, n in sorted(high.items()))
    most = max(n for name, n in reads.items() if name not in high)
    yield (
        f"Muscle came along with {told}: reads per million of {symbol}, of which Skeletal muscle "
        f"has {_rounded(muscle)}, Heart {_rounded(heart)} and every other sample {_rounded(most)} "
        "at most. Their labels may be right all the same."
    )


def _rounded(number: float, digits: int = 0) -> str:
    """Write a number with a comma at thousands, one decimal below ten; or few digits of it."""
    if digits:
        number = float(f"{number:.{digits}g}")
    return f"{number:,.1f}" if number < 9.95 else f"{number:,.0f}"


def _listed(names: Iterable[str]) -> str:
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def _are(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"

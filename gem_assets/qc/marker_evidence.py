"""What marker genes say of a bulk dataset: sex, the vote on each doubted tissue, foreign cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.contamination import blood_findings, haemoglobin_cpm, mixed_sex_findings
from gem_assets.qc.findings import Finding
from gem_assets.qc.foreign_tissues import find_foreign_tissues, foreign_tissue_findings
from gem_assets.qc.markers import samples_that_may_lack_y, sex_markers
from gem_assets.qc.mixtures import find_mixtures, mixture_findings
from gem_assets.qc.reasons import CELL_LINE, Reason, Status
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.tissue_levels import load_tissue_levels, marker_counts
from gem_assets.qc.vote import TissueVote, Vote, sex_vote, taken_tissues, tissue_vote

_VOTED_ON = (str(Status.FAIL), str(Status.WARN), str(Status.UNCLEAR))


@dataclass(frozen=True, slots=True, eq=False)
class MarkerEvidence:
    """The third voice beside label and prediction.

    Attributes
    ----------
    sexes
        The result of :func:`gem_assets.qc.markers.sex_markers`.
    haemoglobin
        The result of :func:`gem_assets.qc.contamination.haemoglobin_cpm`.
    votes
        By sample, the vote on a tissue that fails, warns or is unclear.
    find
        Searches for mixtures, cells of both sexes and blood, which takes longer than all else:
        only a judgement asks for it.
    """

    sexes: pd.DataFrame
    haemoglobin: pd.Series
    votes: Mapping[str, TissueVote]
    find: Callable[[], tuple[Finding, ...]]


def hear_markers(
    raw_counts: CountMatrix,
    tables: Mapping[str, pd.DataFrame],
    verdicts: pd.DataFrame,
    settings: QcSettings,
) -> MarkerEvidence:
    """Return what the marker genes of a bulk dataset say.

    Parameters
    ----------
    raw_counts
        As read.
    tables
        ``sample_labels``, ``predicted_metadata`` and ``gene_alignment`` (raw_gene_id,
        model_gene_id: genes that the file names otherwise are found by it).
    verdicts
        The verdicts of :func:`gem_assets.qc.verdicts.judge` on the same samples.
    settings
        Thresholds.
    """
    counts = _by_model_gene(raw_counts, tables["gene_alignment"])
    sexes = marker_calls(counts, tables, settings)
    levels = load_tissue_levels()
    seen = marker_counts(counts, levels)
    tissue = verdicts[verdicts["field"].eq("tissue")].set_index("sample_id")
    stated: dict[str, str | None] = {
        str(sample): term for sample, term in tissue["provided_id"].items() if isinstance(term, str)
    }
    predicted = _predicted_tissues(tables["predicted_metadata"])
    row = {sample: i for i, sample in enumerate(counts.sample_ids)}
    votes = {
        sample: tissue_vote(seen.cpm[row[sample]], seen, levels, one, other)
        for sample in map(str, tissue.index[tissue["status"].isin(_VOTED_ON)])
        if (one := stated.get(sample)) and (other := predicted.get(sample)) and sample in row
    }

    def find() -> tuple[Finding, ...]:
        failing = frozenset(map(str, tissue.index[tissue["status"].eq(str(Status.FAIL))]))
        # A line is no tissue, whatever the model makes of it: its markers are of no reference.
        lines = _cell_lines(tables)
        taken = {
            sample: None if sample in lines else held
            for sample, held in taken_tissues(seen, levels, stated, predicted, failing).items()
        }
        mixtures = find_mixtures(seen, levels, taken)
        explained = {mixture.sample_id for mixture in mixtures}
        # References tell a second tissue only beside a first that is certain: stated, not failing.
        others = [name for name in seen.sample_ids if stated.get(name) and name not in failing]
        others = [name for name in others if name not in explained]
        return (
            *mixture_findings(mixtures),
            *foreign_tissue_findings(find_foreign_tissues(seen, levels, taken, others)),
            *mixed_sex_findings(sexes, settings),
            *blood_findings(counts, taken),
        )

    return MarkerEvidence(sexes, haemoglobin_cpm(counts), votes, find)


def marker_calls(
    raw_counts: CountMatrix, tables: Mapping[str, pd.DataFrame], settings: QcSettings
) -> pd.DataFrame:
    """Return what the sex marker genes of each sample say, knowing which samples may lack Y."""
    lacking = samples_that_may_lack_y(tables["sample_labels"], tables["predicted_metadata"])
    return sex_markers(raw_counts, settings, may_lack_y=lacking)


def weigh_markers(verdicts: pd.DataFrame, evidence: MarkerEvidence) -> pd.DataFrame:
    """Return the verdicts with the marker genes heard.

    A tissue or sex that fails, but whose marker genes agree with the label and not with the
    prediction, warns: more likely the model errs. One that only warns, since the model reconstructs
    the sample poorly, fails where the marker genes agree with the prediction: it need not be
    trusted alone. A sex that passes while its marker genes say the other one warns: label and model
    may share an error of the sheet's.
    """
    verdicts = verdicts.copy()
    call = verdicts["sample_id"].map(evidence.sexes.set_index("sample_id")["call"])
    of_sex = verdicts["field"].eq("sex")
    heard = zip(
        verdicts["sample_id"],
        verdicts["field"],
        verdicts["provided_id"],
        verdicts["predicted_id"],
        call,
        strict=True,
    )
    votes = pd.Series(
        [_vote(evidence, str(sample), field, *said) for sample, field, *said in heard],
        index=verdicts.index,
        dtype=object,
    )
    rebutted = verdicts["status"].eq(str(Status.FAIL)) & votes.eq(Vote.MODEL_ERROR)
    verdicts.loc[rebutted, "status"] = str(Status.WARN)
    verdicts.loc[rebutted, "reason"] = str(Reason.MARKERS_AGREE_WITH_LABEL)
    damped = verdicts["reason"].eq(str(Reason.PREDICTION_NOT_TRUSTWORTHY))
    damped &= verdicts["status"].eq(str(Status.WARN))
    borne_out = damped & votes.eq(Vote.LABEL_ERROR)
    verdicts.loc[borne_out, "status"] = str(Status.FAIL)
    verdicts.loc[borne_out, "reason"] = str(Reason.CONTRADICTS)
    sexes = {"female", "male"}
    denied = of_sex & verdicts["status"].eq(str(Status.PASS)) & call.isin(sexes)
    denied &= verdicts["provided_id"].isin(sexes) & verdicts["provided_id"].ne(call)
    verdicts.loc[denied, "status"] = str(Status.WARN)
    verdicts.loc[denied, "reason"] = str(Reason.MARKERS_CONTRADICT_LABEL)
    return verdicts


def _vote(evidence: MarkerEvidence, sample: str, field: object, *said: object) -> Vote:
    """Return whose error it is; ``said`` are the sexes stated, predicted and called."""
    if field == "sex":
        stated, predicted, called = map(str, said)
        return sex_vote(stated, predicted, called)
    known = evidence.votes.get(sample) if field == "tissue" else None
    return Vote.UNDECIDED if known is None else known.vote


def _by_model_gene(counts: CountMatrix, alignment: pd.DataFrame) -> CountMatrix:
    """Return the counts with the model's Ensembl ids for the genes that were found in it."""
    known = alignment.dropna(subset="model_gene_id")
    names = dict(zip(known["raw_gene_id"], known["model_gene_id"], strict=True))
    genes = tuple(str(names.get(gene, gene)) for gene in counts.gene_ids)
    return CountMatrix(counts.sample_ids, genes, counts.counts, counts.gene_symbols)


def _cell_lines(tables: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """Return the samples stated to be cell lines, or predicted to be, if nothing is stated."""
    labels, predicted = tables["sample_labels"], tables["predicted_metadata"]
    types = labels[labels["field"].eq("sample_type") & labels["provided_id"].notna()]
    named = labels["field"].eq("cell_line") & labels["provided_id"].notna()
    lines = set(types.loc[types["provided_id"].eq(CELL_LINE), "sample_id"])
    lines |= set(labels.loc[named, "sample_id"])
    of_type = predicted[predicted["field"].eq("sample_type")]
    is_line = of_type["predicted_id"].eq(CELL_LINE) | of_type["predicted_label"].eq(CELL_LINE)
    lines |= set(of_type.loc[is_line, "sample_id"]) - set(types["sample_id"])
    return frozenset(str(sample) for sample in lines)


def _predicted_tissues(predicted_metadata: pd.DataFrame) -> dict[str, str | None]:
    of_tissue = predicted_metadata[predicted_metadata["field"].eq("tissue")]
    of_tissue = of_tissue.dropna(subset="predicted_id")
    return dict(zip(of_tissue["sample_id"], of_tissue["predicted_id"], strict=True))

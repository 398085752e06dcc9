"""Judge single cells: donor by donor and label by label, never one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.sheet_cells import sheet_of_cells
from gem_assets.problems import InputProblem
from gem_assets.qc.cell_exchanges import contradicted_everywhere, group_exchange_findings
from gem_assets.qc.cell_hearing import hear_groups, voices_of
from gem_assets.qc.cell_membership import NO_LABEL, CellGroups, cell_groups
from gem_assets.qc.cell_words import cells_without_label, in_groups, summarise_groups
from gem_assets.qc.confused_labels import SUGGESTION_COLUMNS, stated_column
from gem_assets.qc.corrected_sheet import suggest_sheet
from gem_assets.qc.dataset import JudgedDataset, QcInput
from gem_assets.qc.dataset_cause import UNEXPLAINED, cause_finding, dataset_cause
from gem_assets.qc.duplicates import duplicates_across
from gem_assets.qc.exchanges import Exchange
from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.latent_vectors import coordinates
from gem_assets.qc.review import apply_reviews
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.signatures import hashes_only
from gem_assets.qc.stored_signatures import signature_table
from gem_assets.qc.summary import summarise_samples
from gem_assets.qc.verdicts import judge


def judge_cells(given: QcInput, settings: QcSettings) -> JudgedDataset:
    """Judge the stated labels of a single-cell dataset, by donor and label.

    The rules of samples are applied to the mean of a group's probabilities; where they leave it
    doubtful, the cells are heard jointly (`gem_assets.qc.cell_rules`). Then, as with samples:
    partners, exchanges, the dataset as a whole, copies in other datasets, and what people have
    decided. Marker genes, reconstruction, mixtures and batches are not asked: a cell's few reads
    settle none of them.

    Parameters
    ----------
    given
        Tables of the dataset. Lists of ``classifier_probs`` may be Arrow's (`pandas.ArrowDtype`):
        100,000 cells are then judged without a Python object for each of their probabilities.
    settings
        Thresholds.

    Returns
    -------
    JudgedDataset
        Verdicts and samples have a row a group and field, a row a group, in place of cells; their
        ``sample_id`` is the group's name (:class:`gem_assets.qc.cell_membership.CellGroups`). Where
        no cell states a label there are no groups, and each cell has its row.
    """
    tables, dataset = given.tables, given.dataset
    hashes = [str(name) for name in tables["aligned_counts"]["content_hash"]]
    order = str(tables["aligned_counts"]["gene_order_hash"].iloc[0]) if hashes else ""
    signatures = hashes_only(dataset, order, given.sample_ids, hashes)
    copies = duplicates_across(signatures, given.others)
    groups = _groups(given)
    if not len(groups.labels):
        verdicts = judge(
            groups.labels, tables["predicted_metadata"], tables["classifier_probs"], settings
        )
        return JudgedDataset(
            verdicts,
            summarise_samples(verdicts, given.sample_ids, dataset=dataset),
            findings_table(dataset, copies),
            pd.DataFrame(columns=list(SUGGESTION_COLUMNS), dtype=object),
            signature_table(signatures),
        )

    heard = hear_groups(groups, voices_of(groups, tables), settings)
    verdicts, search = heard.verdicts, heard.search
    cause = dataset_cause(verdicts, settings, aligned_counts=tables["aligned_counts"])
    cause = None if cause is None else in_groups(cause)
    exchanges: list[Exchange] = []
    if cause is None or cause.cause == UNEXPLAINED:
        exchanges = search.exchanges(verdicts)
        if cause and set(cause.sample_ids) <= {n for one in exchanges for n in one.sample_ids}:
            cause = None  # labels that changed places are the common cause
    findings: list[Finding] = [] if cause is None else [cause_finding(cause)]
    findings += group_exchange_findings(exchanges, verdicts)
    findings += contradicted_everywhere(verdicts, exchanges, groups.donor_by_name())
    findings += copies
    problems: tuple[InputProblem, ...] = ()
    if given.reviews is not None:
        reviewed = apply_reviews(verdicts, given.reviews)
        verdicts, problems = reviewed.verdicts, reviewed.problems
    samples = summarise_groups(
        verdicts,
        heard.counts,
        dataset=dataset,
        least=settings.group_min_cells,
        cause=cause,
        partners=_partners(exchanges),
        vocabularies=heard.vocabularies,
    )
    if groups.unlabelled:
        rest = cells_without_label(dataset, NO_LABEL, groups.unlabelled)
        samples = pd.concat([samples, rest], ignore_index=True)
    return JudgedDataset(
        verdicts,
        samples,
        findings_table(dataset, findings),
        _suggestions(dataset, groups, exchanges),
        signature_table(signatures),
        problems,
        closed_set_skipped=heard.closed_set_skipped,
    )


def group_predictions(given: QcInput) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what the model answered for each group of cells, to show beside its verdicts.

    Returns
    -------
    tuple
        Rows like those of ``predicted_metadata`` (with ``probability``, and without runner-up and
        entropy) and ``classifier_probs``; ``sample_id`` is the group's name, probabilities are
        means over its cells, descending. Only fields that cells state a label of.
    """
    metadata, probs = [given.tables["predicted_metadata"].head(0)], []
    for voice in voices_of(_groups(given), given.tables):
        rows, mean = voice.metadata, voice.mean
        p_top = pd.Series(mean.p_top, index=mean.samples)
        metadata.append(rows.assign(probability=p_top.reindex(rows["sample_id"]).to_numpy()))
        known = np.flatnonzero(np.isfinite(mean.p_top))
        ranked = np.argsort(-mean.probability[known], axis=1, kind="stable")
        told = rows.set_index("sample_id").loc[mean.samples[known]]
        told = told.rename_axis("sample_id").reset_index()
        told["value"] = list(np.array(mean.classes, dtype=object)[ranked])
        told["probability"] = list(np.take_along_axis(mean.probability[known], ranked, axis=1))
        probs.append(told)
    columns = given.tables["classifier_probs"].columns
    empty = given.tables["classifier_probs"].head(0)
    return (
        pd.concat(metadata, ignore_index=True),
        pd.concat([empty, *probs], ignore_index=True)[list(columns)],
    )


def group_latents(given: QcInput) -> pd.DataFrame:
    """Return the mean latent vector of each group's cells, to show which groups are alike.

    Returns
    -------
    pandas.DataFrame
        Columns sample_id (the group's name), space and vector (float64). A group whose cells have
        no latents is left out.
    """
    latents, groups = given.tables["latents"], _groups(given)
    names = groups.labels["sample_id"].to_numpy(dtype=object)
    rows = []
    for space, own in latents.groupby("space", sort=False):
        vectors = coordinates(own)
        place = pd.Index(own["sample_id"])
        sums = np.zeros((len(names), vectors.shape[1]))
        cells = np.zeros(len(names))
        for field, of_field in groups.cells.items():
            at = place.get_indexer(of_field)
            group, at = groups.group[field][at >= 0], at[at >= 0]
            np.add.at(sums, group, vectors[at])
            np.add.at(cells, group, 1)
        rows += [(names[i], space, sums[i] / cells[i]) for i in np.flatnonzero(cells)]
    found = pd.DataFrame(rows, columns=["sample_id", "space", "vector"])
    return found.drop_duplicates(["sample_id", "space"], ignore_index=True)


def _groups(given: QcInput) -> CellGroups:
    donors = stated_column(sheet_of_cells(given.tables["sample_sheet"]), "donor")
    return cell_groups(given.tables["sample_labels"], given.sample_ids, donors)


def _partners(exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Return, by group, the one it may have exchanged labels with, where that is known."""
    partners: dict[str, str] = {}
    for one in exchanges:
        for name, partner in zip(one.sample_ids, one.takes_from, strict=False):
            if one.kind == "swap":
                partners.setdefault(name, partner)
    return partners


def _suggestions(dataset: str, groups: CellGroups, exchanges: Sequence[Exchange]) -> pd.DataFrame:
    """Return the ``qc_suggestions`` table: labels that groups would have by the exchanges."""
    labels = groups.labels
    sheet = pd.DataFrame({"sample_id": labels["sample_id"].unique()}, dtype=object)
    for field in groups.cells:
        texts = labels[labels["field"].eq(field)].set_index("sample_id")["provided_text"]
        column = FIELD_BY_NAME[field].sheet_columns[0]
        sheet[column] = texts.astype(object).reindex(sheet["sample_id"]).to_numpy()
    diff = suggest_sheet(sheet, exchanges).diff.rename(columns={"column": "sheet_column"})
    return diff.assign(dataset=dataset)[list(SUGGESTION_COLUMNS)]

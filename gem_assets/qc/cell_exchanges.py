"""Labels that changed places between groups of cells: within donors, or between them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.cell_membership import CellGroups
from gem_assets.qc.exchange_findings import exchange_findings
from gem_assets.qc.exchanges import MUTUAL_PAIR, Exchange, find_exchanges
from gem_assets.qc.findings import Finding
from gem_assets.qc.label_fit import LabelFits
from gem_assets.qc.partners import with_partners
from gem_assets.qc.reasons import Status

LEAST_DONORS = 3
"""Donors in whom a label has to fail before it is doubted as such."""


class GroupSearch:
    """The search for exchanged labels of groups of cells.

    A cell type is given to a cluster of a donor's cells, so that partners are sought within the
    donor. A sex or a tissue, of which a donor has one, can only have been exchanged between
    donors.

    Parameters
    ----------
    groups
        The groups.
    fits
        How well each label fits each group.
    """

    def __init__(self, groups: CellGroups, fits: LabelFits) -> None:
        self._donor = groups.donor_by_name()
        within = {
            str(field)
            for field, places in groups.labels.groupby("field").indices.items()
            if _several_in_a_donor(groups.donors[places])
        }
        fields = fits.fields.items()
        self._within = LabelFits(fits.samples, {n: fit for n, fit in fields if n in within})
        self._between = LabelFits(fits.samples, {n: fit for n, fit in fields if n not in within})

    def hear_partners(self, verdicts: pd.DataFrame) -> pd.DataFrame:
        """Return the verdicts with the partner rule applied."""
        return with_partners(
            with_partners(verdicts, self._within, batches=self._donor), self._between
        )

    def exchanges(self, verdicts: pd.DataFrame) -> list[Exchange]:
        """Return the exchanges that the labels are consistent with, the strongest first."""
        found = find_exchanges(self._between, verdicts)
        found += [
            one
            for one in find_exchanges(self._within, verdicts, batches=self._donor)
            # That two donors each have one wrong cluster is no exchange.
            if self._donor is None or self._donor.reindex(one.sample_ids).nunique() <= 1
        ]
        return sorted(found, key=lambda one: -one.log_ratio)


def group_exchange_findings(exchanges: Sequence[Exchange], verdicts: pd.DataFrame) -> list[Finding]:
    """Return exchanges as findings; one for all donors in whom the same two labels changed places.

    Parameters
    ----------
    exchanges
        The result of `GroupSearch.exchanges`.
    verdicts
        The verdicts on the same labels.
    """
    texts = {
        (str(name), str(field)): str(text)
        for name, field, text in zip(
            verdicts["sample_id"], verdicts["field"], verdicts["provided_text"], strict=True
        )
    }
    alike: dict[tuple[str, ...], list[Exchange]] = defaultdict(list)
    others = []
    for one in exchanges:
        if one.reason == MUTUAL_PAIR and len(one.fields) == 1:
            labels = sorted(texts[name, one.fields[0]] for name in one.sample_ids)
            alike[one.fields[0], *labels].append(one)
        else:
            others.append(one)
    repeated = {key: found for key, found in alike.items() if len(found) > 1}
    others += [one for key, found in alike.items() if key not in repeated for one in found]
    return [
        *(_everywhere(key, found) for key, found in repeated.items()),
        *exchange_findings(others, (), verdicts),
    ]


def contradicted_everywhere(
    verdicts: pd.DataFrame, exchanges: Sequence[Exchange], donors: pd.Series | None
) -> list[Finding]:
    """Return, as findings, labels that fail in every donor who has them.

    Nobody errs so in one donor after the other: either the key from clusters to labels is wrong,
    or the model takes this kind of cell for another. The score is the number of groups.

    Parameters
    ----------
    verdicts
        The verdicts on the groups.
    exchanges
        What labels exchanged explain is left out.
    donors
        Donor by group; without donors there are no repetitions to tell this from.
    """
    if donors is None:
        return []
    explained = {name for one in exchanges for name in one.sample_ids}
    judged = verdicts[verdicts["status"].ne(str(Status.NOT_ASSESSED))]
    judged = judged[judged["sample_id"].isin(donors.index)]
    findings = []
    for (field, text), rows in judged.groupby(["field", "provided_text"], sort=False):
        names = tuple(rows["sample_id"])
        if (
            donors[list(names)].nunique() < LEAST_DONORS
            or rows["status"].ne(str(Status.FAIL)).any()
            or not explained.isdisjoint(names)
        ):
            continue
        seen = rows["predicted_label"].fillna(rows["predicted_id"]).value_counts()
        findings.append(
            Finding(
                kind="label_issue",
                sample_ids=names,
                reason="contradicted_everywhere",
                sentence=(
                    f"All {len(names)} judged groups of cells labelled {str(text)!r} contradict "
                    f"this {str(field).replace('_', ' ')}; most look like {seen.index[0]} "
                    f"({seen.iloc[0]} of {len(names)}). Either the label was given to the wrong "
                    "cells throughout, or the model takes such cells for others: look at their "
                    "marker genes before changing it."
                ),
                score=float(len(names)),
            )
        )
    return findings


def _everywhere(key: tuple[str, ...], found: Sequence[Exchange]) -> Finding:
    field, one, other = key
    weakest = min(exchange.log_ratio for exchange in found) / math.log(10)
    return Finding(
        kind="swap",
        sample_ids=tuple(name for exchange in found for name in exchange.sample_ids),
        reason=MUTUAL_PAIR,
        sentence=(
            f"{len(found)} times over, cells labelled {one!r} and cells labelled {other!r} each "
            f"look like what the other is labelled: consistent with an exchange of these two "
            f"{field.replace('_', ' ')} labels wherever they were given (joint likelihood ratio "
            f"about 1e{math.floor(weakest)} or more each). Check the key from clusters to labels."
        ),
        score=weakest,
    )


def _several_in_a_donor(donors: NDArray[np.object_]) -> bool:
    """Return whether a donor has several of a field's groups; without donors all are of one."""
    known = [donor for donor in donors if donor is not None]
    return not known or len(set(known)) < len(known)

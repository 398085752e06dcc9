"""Exchanged labels: pairs, longer cycles, and groups of which the partners can't be told.

Only samples whose label is in doubt are compared, in blocks, on the labels they hold. First whole
rows of the sheet, so that sex, cell line or age tell apart what the tissue cannot; then one field
alone, where the other labels of the samples are right and only one column was confused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.label_fit import LabelFits, gain_together
from gem_assets.qc.matching import BLOCK, closed_parts, cycles, mutual_pairs
from gem_assets.qc.partners import DOUBTED, LOG_JOINT_RATIO, batch_codes, places_of
from gem_assets.qc.reasons import EVIDENCE_GROUP, FIELD_CAP, Status

MUTUAL_PAIR = "mutual_pair"
SAME_DONOR = "same_donor"
CYCLE = "cycle"
PARTNERS_OPEN = "partners_open"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Samples that fit each other's labels better than their own.

    Attributes
    ----------
    kind
        ``swap``, where it is known who took whose label, else ``exchange_group``.
    reason
        ``mutual_pair``, ``same_donor`` (a pair told from others by its donor), ``cycle`` (three
        or more in a ring), ``partners_open``.
    sample_ids
        The samples; of a cycle in its order.
    fields
        Fields whose labels contradict the samples and fit once exchanged.
    whole_row
        Whether independent fields fit better once exchanged, and none worse: then samples or rows
        of the sheet changed places, rather than entries of a column.
    takes_from
        For each sample, one that holds the label it should have; in a group any such sample.
        Empty where even the label is open.
    log_ratio
        Natural log of the joint likelihood ratio, exchanged against as stated.
    rows_possible
        Whether nothing that is stated tells an exchange of these fields from one of whole rows.
    across_batches
        Whether the samples are of several batches; then no partner was found within.
    """

    kind: str
    reason: str
    sample_ids: tuple[str, ...]
    fields: tuple[str, ...]
    whole_row: bool
    takes_from: tuple[str, ...]
    log_ratio: float
    across_batches: bool = False
    rows_possible: bool = False


def find_exchanges(
    fits: LabelFits,
    verdicts: pd.DataFrame,
    *,
    batches: pd.Series | None = None,
    donors: pd.Series | None = None,
    explained: Mapping[str, frozenset[str]] | None = None,
) -> list[Exchange]:
    """Return the exchanges of labels that a dataset is consistent with.

    Both sides of a pair, and each sample of a cycle, must gain, and what each takes must hold in
    every field that its own label is accused in: of three labels that went round, one side of any
    two would only be less wrong. A pair gains by a joint likelihood ratio of 1e3; partners count as
    known where no other partner comes within 1e3.

    Parameters
    ----------
    fits
        How well each label fits each sample.
    verdicts
        The verdicts on the same labels, partner rule and adjustments applied.
    batches, donors
        By sample. Partners are sought within a batch, and across batches for what is left.
    explained
        By field, samples whose label something else explains: a shifted sheet.

    Returns
    -------
    list of Exchange
        The strongest first; no sample twice for the same field.
    """
    left = {}
    for name, places in suspects(fits, verdicts, explained or {}).items():
        left[name] = np.zeros(len(fits.samples), dtype=np.bool_)
        left[name][places] = True
    batch = batch_codes(fits, batches)
    found: list[Exchange] = []
    areas = [np.flatnonzero(batch == one) for one in np.unique(batch[batch >= 0])]
    everywhere = np.arange(len(fits.samples))
    for area in [*areas, everywhere] if len(areas) != 1 or (batch < 0).any() else [everywhere]:
        for names in (tuple(fits.fields), *((name,) for name in fits.accusing())):
            search = _Search(fits, names, donors, batch, left)
            accused = [left[name][area] for name in names if name in left]
            if not accused:
                continue
            for exchange in search.run(area[np.logical_or.reduce(accused)]):
                found.append(exchange)
                gone = fits.samples.get_indexer(pd.Index(exchange.sample_ids))
                # An exchange of rows explains whatever else is wrong with them.
                for name in left if exchange.whole_row else exchange.fields:
                    left[name][gone] = False
    return sorted(found, key=lambda one: -one.log_ratio)


def suspects(
    fits: LabelFits, verdicts: pd.DataFrame, explained: Mapping[str, Iterable[str]]
) -> dict[str, NDArray[np.intp]]:
    """Return, by field, the places of the samples whose label fails or is doubted, ascending."""
    doubted = verdicts["reason"].isin(DOUBTED)
    doubted &= verdicts["status"].isin([str(Status.WARN), str(Status.UNCLEAR)])
    doubted |= verdicts["status"].eq(str(Status.FAIL))
    found = {}
    for name, fit in fits.accusing().items():
        other = ~verdicts["sample_id"].isin(list(explained.get(name, ())))
        places = places_of(verdicts, doubted & other & verdicts["field"].eq(name), fits)
        found[name] = places[fit.code[places] >= 0]
    return found


class _Search:
    """A search for exchanges of some fields' labels together."""

    def __init__(
        self,
        fits: LabelFits,
        names: tuple[str, ...],
        donors: pd.Series | None,
        batch: NDArray[np.intp],
        accused: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        self._fits = fits
        self._names = names
        self._batch = batch
        self._accused = accused
        self._donor = None if donors is None else donors.reindex(fits.samples).to_numpy(object)

    def run(self, some: NDArray[np.intp]) -> Iterator[Exchange]:
        """Yield the exchanges among some samples: pairs and groups, then cycles of the rest."""
        free = np.ones(len(self._fits.samples), dtype=np.bool_)
        uneven = []
        for linked in mutual_pairs(some, self._gain, LOG_JOINT_RATIO):
            takers, givers = self._labels_of_group(linked.members)
            if not len(takers) and not linked.partners_known:
                # Somebody is left over, whom a longer cycle may explain.
                uneven.append(linked.members)
                continue
            free[linked.members] = False
            if linked.partners_known:
                yield self._swap(linked.members, MUTUAL_PAIR)
            elif pairs := self._pairs_by_donor(linked.members):
                yield from (self._swap(pair, SAME_DONOR) for pair in pairs)
            else:
                yield self._group(linked.members, takers, givers)
        yield from self._cycles(some[free[some]], uneven)

    def _cycles(self, some: NDArray[np.intp], uneven: list[NDArray[np.intp]]) -> Iterator[Exchange]:
        """Yield cycles, and the uneven groups that they do not explain as a whole."""
        takers, givers = cycles(some, self._gain, LOG_JOINT_RATIO)
        held = self._held(np.concatenate([takers, givers]))
        parts = closed_parts(takers, held[len(takers) :], held[: len(takers)])
        for group in uneven:
            if np.isin(group, takers).all():
                continue
            touching = [part for part in parts if np.isin(takers[part[0]], group).any()]
            parts = [part for part in parts if not np.isin(takers[part[0]], group).any()]
            members = np.unique(np.concatenate([group, *(takers[one] for one, _ in touching)]))
            yield self._group(members, members[:0], members[:0])
        for members, single in parts:
            if single:
                yield self._swap(takers[members], CYCLE)
            else:
                yield self._group(takers[members], takers[members], givers[members])

    def _gain(self, takers: NDArray[np.intp], givers: NDArray[np.intp]) -> NDArray[np.float32]:
        fields = self._fits.fields
        gained = gain_together(self._names, lambda name: fields[name].gain(takers, givers))
        for name in self._accusing():
            wrong = self._accused[name][takers]
            if wrong.any():
                still_wrong = ~fields[name].would_hold(takers[wrong], givers)
                gained[wrong] = np.where(still_wrong, np.minimum(gained[wrong], 0), gained[wrong])
        return gained

    def _held(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the labels that samples hold, equal ones as equal numbers; ages don't count."""
        fields = [self._fits.fields[name] for name in self._accusing()]
        codes = np.stack([fit.code[places] for fit in fields], axis=1)
        return np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)

    def _swap(self, members: NDArray[np.intp], reason: str) -> Exchange:
        return self._exchange("swap", reason, members, members, np.roll(members, -1))

    def _group(
        self, members: NDArray[np.intp], takers: NDArray[np.intp], givers: NDArray[np.intp]
    ) -> Exchange:
        return self._exchange("exchange_group", PARTNERS_OPEN, members, takers, givers)

    def _exchange(
        self,
        kind: str,
        reason: str,
        members: NDArray[np.intp],
        takers: NDArray[np.intp],
        givers: NDArray[np.intp],
    ) -> Exchange:
        """Make an exchange; without takers only its members are known."""
        names = self._fits.samples
        if not len(takers):
            return Exchange(
                kind, reason, tuple(names[members]), self._told(members), False, (), LOG_JOINT_RATIO
            )
        gains = {
            name: float(fit.gain_of_each(takers, givers).sum())
            for name, fit in self._fits.fields.items()
        }
        accusing = [name for name in self._accusing() if gains[name] > 0]
        fields = tuple(name for name in accusing if gains[name] >= LOG_JOINT_RATIO)
        others = self._fits.accusing().keys() - set(fields or accusing)
        by_group: dict[str, float] = {}
        for name, gained in gains.items():
            group = EVIDENCE_GROUP.get(name, name)
            by_group[group] = by_group.get(group, 0.0) + gained
        strong = [one for one in by_group.values() if one >= LOG_JOINT_RATIO]
        none_worse = min(by_group.values()) > -LOG_JOINT_RATIO
        return Exchange(
            kind,
            reason,
            tuple(names[takers]),
            fields or tuple(accusing),
            len(self._names) > 1 and len(strong) > 1 and none_worse,
            tuple(names[givers]),
            float(
                gain_together(
                    self._names, lambda name: self._fits.fields[name].gain_of_each(takers, givers)
                ).sum()
            ),
            across_batches=len(np.unique(self._batch[takers])) > 1,
            rows_possible=len(strong) <= 1
            and none_worse
            and not any(self._accused[name][takers].any() for name in others),
        )

    def _told(self, members: NDArray[np.intp]) -> tuple[str, ...]:
        """Return the fields in which a member would gain clearly by another's label."""
        fits = self._fits.fields
        best = {name: fits[name].gain(members, members).max() for name in self._accusing()}
        told = tuple(name for name, gained in best.items() if gained >= LOG_JOINT_RATIO / 2)
        return told or self._accusing()

    def _accusing(self) -> tuple[str, ...]:
        return tuple(name for name in self._names if name not in FIELD_CAP)

    def _pairs_by_donor(self, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Return the members as pairs of one donor each, if they are just that, else nothing."""
        if self._donor is None:
            return []
        donors = pd.Series(self._donor[members])
        if donors.isna().any() or not donors.value_counts().eq(2).all():
            return []
        pairs = [members[np.asarray(where)] for where in donors.groupby(donors).indices.values()]
        for pair in pairs:
            gains = self._gain(pair, pair)[[0, 1], [1, 0]]
            if gains.min() <= 0 or gains.sum() < LOG_JOINT_RATIO:
                return []
        return pairs

    def _labels_of_group(
        self, members: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return who takes a label like whose, if labels taken are labels given up, else nothing.

        Each member takes the label, among the group's, that fits it best.
        """
        held = self._held(members)
        holders, first = np.unique(held, return_index=True)
        wanted = np.concatenate(
            [
                self._gain(members[start : start + BLOCK], members[first]).argmax(axis=1)
                for start in range(0, len(members), BLOCK)
            ]
        )
        if not np.array_equal(np.sort(holders[wanted]), np.sort(held)):
            return members[:0], members[:0]
        givers = np.empty_like(members)
        givers[np.argsort(wanted, kind="stable")] = members[np.argsort(held, kind="stable")]
        return members, givers

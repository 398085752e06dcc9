"""Which samples could have exchanged what they hold: pairs, groups, cycles, from gains alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components

BLOCK = 512
"""Samples compared with all others at once, so that no samples x samples matrix is ever held."""

MOST_IN_CYCLES = 2000
"""Of more samples than this no cycles are sought: the assignment's matrix would be large, and a
sheet so scrambled is no matter of cycles."""

MOST_IN_PAIRS = 4000
"""Of more samples than this no pairs are sought: with so many wrong labels, many would fit each
other by chance, and the fault is the dataset's."""

NEVER = -1e6
"""Gain of what may not be assigned: below any sum of log-likelihoods."""

Gain = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float32]]
"""``gain(takers, givers)``: log-likelihood that each taker gains by what each giver holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """Samples that exchanged with each other.

    Attributes
    ----------
    members
        Places of the samples. A pair, or a group of which any pairs may be the true ones.
    partners_known
        Whether the two are each other's only partners.
    """

    members: NDArray[np.intp]
    partners_known: bool


def mutual_pairs(suspects: NDArray[np.intp], gain: Gain, least: float) -> list[Linked]:
    """Return the suspects that fit each other's label, as pairs, or groups where it is open who.

    An exchange counts where both sides gain, together ``least`` or more, and neither side has a
    partner better by ``least``. Where that leaves one way to pair them all off, these are pairs.
    None among more than `MOST_IN_PAIRS` suspects.

    Parameters
    ----------
    suspects
        Places of the samples to compare, ascending.
    gain
        See `Gain`.
    least
        Log of the joint likelihood ratio that counts.
    """
    n = len(suspects)
    if n > MOST_IN_PAIRS:
        return []
    found = [_edges(suspects, start, gain, least) for start in range(0, n, BLOCK)]
    if not any(len(one) for one, _, _ in found):
        return []
    one, other, joint = (np.concatenate(parts) for parts in zip(*found, strict=True))
    best = np.zeros(n, dtype=np.float32)
    np.maximum.at(best, one, joint)
    close = joint > np.maximum(best[one], best[other]) - least
    one, other = one[close], other[close]
    graph = sparse.csr_array((np.ones(len(one), np.int8), (one, other)), shape=(n, n))
    linked: list[Linked] = []
    for members in _components(graph):
        pairs = _only_pairing(graph, members) if len(members) > 2 else [members]
        linked += (
            [Linked(suspects[members], partners_known=False)]
            if pairs is None
            else [Linked(suspects[pair], partners_known=True) for pair in pairs]
        )
    return linked


def cycles(
    suspects: NDArray[np.intp], gain: Gain, least: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return who takes whose label, in the best exchange of labels among all suspects at once.

    The assignment of labels to samples that gains most, where every change gains half of
    ``least`` or more, so that an exchange of two gains ``least``. None of more than
    `MOST_IN_CYCLES` suspects.

    Returns
    -------
    takers, givers
        Places of the samples that change and of those that hold their label; empty for none.
    """
    none = np.zeros(0, dtype=np.intp)
    if not 1 < len(suspects) <= MOST_IN_CYCLES:
        return none, none
    gained = gain(suspects, suspects)
    gained[gained < least / 2] = NEVER
    np.fill_diagonal(gained, 0)
    takers, givers = [none], [none]
    # An exchange closes: each of its samples can be reached from each other one.
    for members in _components(sparse.csr_array(gained > 0), connection="strong"):
        places = suspects[members]
        takes = linear_sum_assignment(gained[np.ix_(members, members)], maximize=True)[1]
        moved = takes != np.arange(len(places))
        takers.append(places[moved])
        givers.append(places[takes[moved]])
    return np.concatenate(takers), np.concatenate(givers)


def closed_parts(
    takers: NDArray[np.intp], codes_taken: NDArray[np.intp], codes_left: NDArray[np.intp]
) -> list[tuple[NDArray[np.intp], bool]]:
    """Split an exchange into parts that share no label, and tell whether each is a single cycle.

    Where a label changes hands once in its part, there is one way round; else it is open who
    took it from whom.

    Parameters
    ----------
    takers
        The samples that change, shape (n,).
    codes_taken, codes_left
        Which label each takes and gives up, as numbers, shape (n,).

    Returns
    -------
    list of (indices into ``takers``, is a single cycle)
        Of a single cycle in its order: each sample takes from the next.
    """
    if not len(takers):
        return []
    n_codes = int(max(codes_taken.max(initial=-1), codes_left.max(initial=-1))) + 1
    graph = sparse.csr_array(
        (np.ones(len(takers), np.int8), (codes_left, codes_taken)), shape=(n_codes, n_codes)
    )
    part_of = connected_components(graph, directed=False)[1][codes_left]
    parts = []
    for part in np.unique(part_of):
        members = np.flatnonzero(part_of == part)
        left = codes_left[members]
        single = len(np.unique(left)) == len(left)
        if single:
            holder = dict(zip(left.tolist(), members.tolist(), strict=True))
            order = [int(members[0])]
            while len(order) < len(members):
                order.append(holder[int(codes_taken[order[-1]])])
            members = np.array(order, dtype=np.intp)
        parts.append((members, single))
    return parts


def _edges(
    suspects: NDArray[np.intp], start: int, gain: Gain, least: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return (one, other, joint gain) of the exchanges of a block of suspects with any other."""
    some = suspects[start : start + BLOCK]
    mine, theirs = gain(some, suspects), gain(suspects, some).T
    joint = mine + theirs
    one, other = np.nonzero((mine > 0) & (theirs > 0) & (joint >= least))
    return one + start, other, joint[one, other]


def _components(
    graph: sparse.csr_array, connection: Literal["weak", "strong"] = "weak"
) -> list[NDArray[np.intp]]:
    """Return the parts of a graph that hold more than one node."""
    n, part_of = connected_components(graph, directed=True, connection=connection)
    by_part = np.argsort(part_of, kind="stable")
    sizes = np.bincount(part_of, minlength=n)
    return [members for members in np.split(by_part, np.cumsum(sizes)[:-1]) if len(members) > 1]


def _only_pairing(
    graph: sparse.csr_array, members: NDArray[np.intp]
) -> list[NDArray[np.intp]] | None:
    """Return the pairs, if there is one way only to pair all members off, else None.

    Whoever has a single partner left must have it; a pairing that this does not settle has an
    alternative (or leaves somebody alone).
    """
    partners = {
        int(m): set(graph.indices[graph.indptr[m] : graph.indptr[m + 1]].tolist()) for m in members
    }
    pairs = []
    settled = [m for m, others in partners.items() if len(others) == 1]
    while settled:
        one = settled.pop()
        if len(partners.get(one, ())) != 1:
            continue
        (other,) = partners[one]
        pairs.append(np.array(sorted((one, other)), dtype=np.intp))
        for gone in (one, other):
            for neighbour in partners.pop(gone):
                if neighbour in partners:
                    partners[neighbour].discard(gone)
                    if len(partners[neighbour]) == 1:
                        settled.append(neighbour)
    return None if partners else pairs

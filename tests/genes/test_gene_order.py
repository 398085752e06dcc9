"""A gene order knows its columns and has a name of its own."""

from __future__ import annotations

import hashlib

import pytest

from gem_assets.genes.order import GeneOrder, hash_gene_ids

XIST, TSPAN6, TNMD = "ENSG00000229807", "ENSG00000000003", "ENSG00000000005"


def test_the_hash_is_that_of_the_ids_and_of_their_order() -> None:
    order = GeneOrder((TSPAN6, TNMD))
    digest = hashlib.sha256(b"ENSG00000000003\nENSG00000000005").hexdigest()
    assert order.hash == hash_gene_ids([TSPAN6, TNMD]) == f"sha256:{digest[:16]}"
    assert order.hash != GeneOrder((TNMD, TSPAN6)).hash


def test_positions_are_columns_and_strangers_have_none() -> None:
    assert GeneOrder((TNMD, TSPAN6)).positions([TSPAN6, XIST, TNMD]).tolist() == [1, -1, 0]


def test_symbols_are_the_approved_ones() -> None:
    order = GeneOrder((XIST, "ENSG00000226958", TSPAN6, "ENSG00000230623"))
    assert order.symbols() == ("XIST", None, "TSPAN6", None)


def test_orders_of_the_same_genes_are_equal() -> None:
    assert GeneOrder((XIST, TNMD)) == GeneOrder((XIST, TNMD)) != GeneOrder((TNMD, XIST))
    assert len(GeneOrder((XIST, TNMD))) == 2


def test_an_order_in_which_a_gene_occurs_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 gene.* more than once .* 'ENSG00000229807'"):
        GeneOrder((XIST, TNMD, XIST))


def test_an_order_without_genes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one gene"):
        GeneOrder(())


def test_the_representation_of_an_order_does_not_list_its_genes() -> None:
    assert XIST not in repr(GeneOrder((XIST,)))

"""Poor coverage is told in counts that a user can check, and what to do about it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.alignment import align_counts
from gem_assets.genes.coverage import CoverageLimits
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.table import load_gene_table
from gem_assets.problems import InputProblem, Severity

IDS = tuple(load_gene_table()["gene_id"].iloc[:1000])
ORDER = GeneOrder(IDS)


def problems_of(
    gene_ids: tuple[str, ...], counts: list[int] | None = None, limits: CoverageLimits | None = None
) -> tuple[InputProblem, ...]:
    values = np.array([counts or [1] * len(gene_ids)])
    matrix = CountMatrix(("s",), gene_ids, sparse.csr_array(values))
    return align_counts(matrix, ORDER, limits).problems


def test_a_file_with_all_genes_has_no_problem() -> None:
    assert problems_of(IDS) == ()


def test_few_model_genes_are_an_error() -> None:
    problems = problems_of((*IDS[:19], "ERCC-00002"))
    assert [(p.code, p.severity) for p in problems] == [("few_model_genes", Severity.ERROR)]
    assert (
        "the file names 20 genes, of which 19 are among the model's 1,000 (1.9 %); at least 20 %"
        in problems[0].sentence
    )
    assert IDS[0] in problems[0].action
    assert problems[0].where == ("ERCC-00002",)


def test_missing_model_genes_are_a_warning() -> None:
    problems = problems_of(IDS[:599])
    assert [(p.code, p.severity) for p in problems] == [("model_genes_missing", Severity.WARNING)]
    assert "599 are among the model's 1,000 (59.9 %)" in problems[0].sentence
    assert problems_of(IDS[:600]) == ()


def test_a_gene_that_is_named_twice_counts_once() -> None:
    (problem,) = problems_of((*IDS[:300], *IDS[:300]))
    assert "the file names 600 genes, of which 300 are" in problem.sentence


def test_counts_without_a_place_are_a_warning_that_names_the_biggest() -> None:
    problems = problems_of((*IDS[:998], "ERCC-1", "ERCC-2"), [1] * 998 + [200, 802])
    assert [(p.code, p.severity) for p in problems] == [("counts_unplaced", Severity.WARNING)]
    assert problems[0].sentence == (
        "50.1 % of all counts lie on 2 genes that found no place among the model's, "
        "most of them on ERCC-2 (40.1 %)."
    )
    assert problems[0].where == ("ERCC-2", "ERCC-1")


def test_genes_of_the_mouse_are_called_so() -> None:
    mouse = tuple(f"ENSMUSG{number:011d}" for number in range(500))
    error, warning = problems_of(mouse)
    assert "of which 0 are among" in error.sentence
    assert "mouse" in error.action
    assert warning.code == "counts_unplaced"
    assert len(error.where) == len(warning.where) == 100


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ([f"ENST{number:011d}.3" for number in range(500)], "sum them to genes first"),
        ([str(number) for number in range(500)], "The rows are named by numbers (0, 1, 2...)"),
    ],
)
def test_names_of_no_genes_are_called_what_they_are(names: list[str], what: str) -> None:
    error, *_ = problems_of(tuple(names))
    assert error.code == "few_model_genes"
    assert what in error.action


def test_a_file_without_counts_has_none_without_a_place() -> None:
    assert problems_of((*IDS, "other"), [0] * 1001) == ()


def test_a_file_without_genes_is_refused() -> None:
    (problem,) = problems_of(())
    assert problem.code == "few_model_genes"
    assert "names 0 genes" in problem.sentence


def test_limits_can_be_set() -> None:
    limits = CoverageLimits(refused_model_genes=0.0, expected_model_genes=0.01, expected_counts=0.0)
    assert problems_of((*IDS[:20], "ERCC-00002"), [1] * 20 + [500], limits) == ()


@pytest.mark.parametrize(
    "limits",
    [
        {"refused_model_genes": 0.7},
        {"refused_model_genes": -0.1},
        {"expected_model_genes": 60.0},
        {"expected_counts": 90.0},
    ],
)
def test_limits_that_contradict_each_other_are_an_error(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got"):
        CoverageLimits(**limits)

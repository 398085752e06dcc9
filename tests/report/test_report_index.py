"""The page over all datasets names what needs a look first, and leads to the reports."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from report_examples import PROVENANCE, Page

from gem_assets.report.index_page import IndexEntry, build_index


def entry(
    name: str = "study", *, rates: tuple[float, ...] = (0.125,), **statuses: int
) -> IndexEntry:
    history = pd.DataFrame(
        [
            PROVENANCE
            | {
                "dataset": name,
                "run_id": f"r{i}",
                "at": pd.Timestamp("2026-01-02 03:04", tz="UTC") + pd.Timedelta(days=i),
                "flagged_rate": rate,
                "ci_low": rate / 2,
                "ci_high": min(1.0, 2 * rate),
            }
            for i, rate in enumerate(rates)
        ]
    )
    return IndexEntry(
        "gem_bulk",
        "bulk",
        name,
        True,
        statuses or {"pass": 21, "fail": 3},
        history,
        f"gem_bulk/{name}.html",
    )


def rows(html: str) -> list[str]:
    """Return the names of the datasets in the order of the table."""
    return re.findall(r'<th scope="row">(?:<a [^>]*>)?([^<]*)', html)


def test_a_dataset_is_told_of_in_its_headline_with_its_rate_and_its_model() -> None:
    page = Page(build_index([entry()]))
    assert "1 of 1 dataset holds labels that the expression contradicts." in page.text
    assert "3 of 24 samples contradict their label; 21 agree." in page.text
    assert "12% (4% to 31%)" in page.text
    assert "2026-01-02 03:04" in page.text
    assert "not GEM-1" in page.text
    assert page.links == ["gem_bulk/study.html"]


def test_the_datasets_with_most_contradictions_come_first() -> None:
    entries = [
        entry("calm", **{"pass": 5}),
        entry("doubtful", warn=2, **{"pass": 5}),
        entry("worst", fail=4, **{"pass": 5}),
        entry("bad", fail=1, warn=9),
    ]
    html = build_index(entries)
    assert rows(html) == ["worst", "bad", "doubtful", "calm"]
    assert "2 of 4 datasets hold labels that the expression contradicts." in Page(html).text


def test_what_was_reviewed_is_told_and_a_dataset_that_waits_comes_before_it() -> None:
    settled = replace(entry("settled", fail=9, **{"pass": 5}), reviewed=9)
    begun = replace(entry("begun", fail=2, **{"pass": 5}), reviewed=1)
    html = build_index([settled, begun, entry("calm", **{"pass": 5})])
    assert rows(html) == ["begun", "settled", "calm"]
    assert Page(html).text.count("flagged reviewed") == 2
    assert "1 of 2 flagged reviewed" in Page(html).text


def test_without_a_contradiction_the_page_says_so_and_without_a_dataset_too() -> None:
    calm = Page(build_index([entry(**{"pass": 5})])).text
    assert "No label of 1 dataset is contradicted by the expression." in calm
    empty = Page(build_index([]))
    assert "No dataset was judged yet." in empty.text
    assert "table" not in empty.tags


def test_a_trend_is_drawn_and_told_from_the_second_run_on() -> None:
    once, again = (Page(build_index([entry(rates=r)])) for r in ((0.5,), (0.5, 0.25, 0.125)))
    assert "svg" not in once.tags
    assert "1 run" in once.text
    assert "svg" in again.tags
    assert "From 50% to 12% in 3 runs" in again.text


def test_cells_without_labels_are_annotated_and_have_no_rate() -> None:
    given = entry(not_assessed=559, rates=(float("nan"),))
    text = Page(build_index([replace(given, modality="sc", labelled=False)])).text
    assert "559 cells annotated; no labels were stated." in text
    assert "none judged" in text


def test_a_dataset_that_was_judged_and_not_reported_has_no_link() -> None:
    given = replace(entry(), report=None, history=entry().history.head(0))
    page = Page(build_index([given]))
    assert page.links == []
    assert "no report" in page.text


def test_an_instance_of_another_prefix_is_named() -> None:
    assert "lab_b" not in Page(build_index([entry()])).text
    assert "lab_b" in Page(build_index([replace(entry(), schema="lab_b")])).text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>'])
def test_names_are_text_and_the_page_may_ask_nobody(name: str) -> None:
    given = replace(entry(), dataset=name)
    page = Page(build_index([given]))
    assert name in page.text
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert page.policy.startswith("default-src 'none'; script-src 'sha256-")

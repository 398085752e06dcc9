"""Input that can't be used is refused in a sentence, and what was there before stays."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import dagster as dg
import numpy as np
import pandas as pd
import pytest
from face_lab import NO_SENTENCE, Project, Run, problems_of

from gem_assets.markdown import plain

DOWNSTREAM = {"aligned_counts", "predictions", "sample_labels", "qc", "qc_report"}
TABLES = ("raw_genes", "raw_counts", "aligned_counts", "predicted_metadata", "qc_verdicts")

Spoilt = Callable[[str], tuple[Project, Path]]
"""Makes a dataset that was materialised from good files, and returns where they lie."""


def counts_of(folder: Path) -> pd.DataFrame:
    """Return genes x samples."""
    return pd.read_csv(folder / "counts.tsv.gz", sep="\t", index_col=0)


def replace_counts(folder: Path, frame: pd.DataFrame) -> None:
    (folder / "counts.tsv.gz").unlink()
    frame.to_csv(folder / "counts.tsv", sep="\t", float_format="%.6g")


def replace_by_h5ad(folder: Path, frame: pd.DataFrame) -> None:
    """Write samples x genes as AnnData."""
    (folder / "counts.tsv.gz").unlink()
    names = {"obs": pd.DataFrame(index=frame.index), "var": pd.DataFrame(index=frame.columns)}
    ad.AnnData(frame.to_numpy(dtype=np.float32), **names).write_h5ad(folder / "counts.h5ad")


def tpm(folder: Path) -> None:
    frame = counts_of(folder)
    lengths = 500 + 37 * (np.arange(len(frame)) % 211)
    per_base = frame.div(lengths, axis=0)
    replace_counts(folder, per_base / per_base.sum() * 1e6)


def rounded_cpm(folder: Path) -> None:
    frame = counts_of(folder)
    replace_counts(folder, (frame / frame.sum() * 1e6).round().astype(int))


def log_normalised(folder: Path) -> None:
    frame = counts_of(folder)
    replace_by_h5ad(folder, np.log1p(frame / frame.sum() * 1e4).T)


def lying_on_its_side(folder: Path) -> None:
    replace_by_h5ad(folder, counts_of(folder))


def mouse(folder: Path) -> None:
    replace_counts(folder, counts_of(folder).rename(index=lambda g: g.replace("ENSG", "ENSMUSG")))


def repeated_samples(folder: Path) -> None:
    frame = counts_of(folder)
    frame.columns = ["lane1", "lane1", *frame.columns[2:]]
    replace_counts(folder, frame)


def negative(folder: Path) -> None:
    frame = counts_of(folder)
    frame.iloc[3, 2] = -4
    replace_counts(folder, frame)


def without_a_value(folder: Path) -> None:
    frame = counts_of(folder).astype(object)
    frame.iloc[3, 2] = "NA"
    replace_counts(folder, frame)


def empty_file(folder: Path) -> None:
    (folder / "counts.tsv.gz").unlink()
    (folder / "counts.tsv").touch()


def empty_gzip(folder: Path) -> None:
    (folder / "counts.tsv.gz").write_bytes(gzip.compress(b""))


def truncated(folder: Path) -> None:
    whole = (folder / "counts.tsv.gz").read_bytes()
    (folder / "counts.tsv.gz").write_bytes(whole[: len(whole) // 2])


def no_counts(folder: Path) -> None:
    (folder / "counts.tsv.gz").unlink()


def no_folder(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def broken_config(folder: Path) -> None:
    (folder / "dataset.yaml").write_text("counts: [unclosed\n")


def two_counts(folder: Path) -> None:
    counts_of(folder).to_csv(folder / "counts.tsv", sep="\t")


def assert_refused_in_words(run: Run, step: str, check: str, words: tuple[str, ...]) -> None:
    """Hold one failed step to a sentence, and its check to the same and a table of problems."""
    assert not run.success
    assert set(run.failed) == {step}
    sentence = run.failed[step]
    evaluation = run.failed_checks[check]
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert evaluation.blocking
    assert "RefusedInputError" not in "".join(run.stacks)
    # The sentence has the errors of all checks, a check its warnings, too; errors come first.
    assert plain(str(evaluation.description)).splitlines()[0] in sentence.splitlines()
    for word in words:
        assert word in sentence
    for noise in ("Traceback", "Error:", "Exception", ".py", "/site-packages"):
        assert noise not in sentence
    assert sentence.rstrip().endswith((".", "?", ")"))
    rows = problems_of(evaluation)
    assert any(row["severity"] == "error" for row in rows)
    assert all(row["code"] and row["what"] and row["what to do"] for row in rows)


@pytest.mark.parametrize(
    ("spoil_with", "check", "words"),
    [
        (tpm, "is_raw_counts", ("TPM", "counts.tsv")),
        (rounded_cpm, "is_raw_counts", ("million", "counts.tsv")),
        (log_normalised, "is_raw_counts", ("log", "counts.h5ad")),
        (lying_on_its_side, "can_be_read", ("side", "ENSG")),
        (mouse, "is_human", ("mouse", "ENSMUSG")),
        (repeated_samples, "can_be_read", ("lane1",)),
        (negative, "is_raw_counts", ("-4", "lane3")),
        (without_a_value, "can_be_read", ("NA", "lane3")),
        (empty_file, "can_be_read", ("counts.tsv", "empty")),
        (empty_gzip, "can_be_read", ("counts.tsv.gz", "empty")),
        (truncated, "can_be_read", ("counts.tsv.gz",)),
        (no_counts, "can_be_read", ("no counts file", "counts.tsv.gz")),
        (no_folder, "can_be_read", ("no dataset", "lncap")),
        (broken_config, "can_be_read", ("dataset.yaml",)),
        (two_counts, "can_be_read", ("counts.tsv", "dataset.yaml")),
    ],
)
def test_counts_that_are_none_are_refused_and_the_old_rows_stay(
    spoil: Spoilt, spoil_with: Callable[[Path], None], check: str, words: tuple[str, ...]
) -> None:
    project, folder = spoil("lncap")
    before = {table: project.rows(table, "lncap") for table in TABLES}
    report = project.report("lncap").read_bytes()
    spoil_with(folder)

    run = project.refresh("lncap")

    assert_refused_in_words(run, "raw_counts", f"raw_counts.{check}", words)
    assert run.started == {"raw_counts"}
    assert run.retries == 0
    assert not run.metadata
    for table, rows in before.items():
        assert len(rows)
        assert project.rows(table, "lncap").equals(rows), table
    assert project.report("lncap").read_bytes() == report


def test_a_text_file_may_lie_on_either_side(spoil: Spoilt) -> None:
    project, folder = spoil("geuvadis_planted")
    upright = project.refresh("geuvadis_planted", ["raw_counts"])
    frame = counts_of(folder)
    (folder / "counts.tsv.gz").unlink()
    frame.T.to_csv(folder / "counts.csv", index_label="sample_id")
    lying = project.refresh("geuvadis_planted", ["raw_counts"])
    assert lying.success
    assert lying.data_versions == upright.data_versions


def of_other_samples(folder: Path) -> None:
    sheet = (folder / "samples.csv").read_text()
    (folder / "samples.csv").write_text(sheet.replace("lane", "patient"))


def with_an_alias_for_no_term(folder: Path) -> None:
    (folder / "dataset.yaml").write_text("aliases: {tissue: {gut: 'UBERON:9999999'}}\n")


def with_a_threshold_of_no_name(folder: Path) -> None:
    (folder / "dataset.yaml").write_text("thresholds: {contradict_ratio: 50}\n")


def test_a_sheet_of_other_samples_stops_the_verdicts_but_not_what_was_paid(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    before = {table: project.rows(table, "lncap") for table in ("sample_labels", "qc_verdicts")}
    of_other_samples(folder)

    run = project.refresh("lncap")

    words = ("None of the 7 samples of the sheet", "patient1", "lane1")
    assert_refused_in_words(run, "sample_labels", "sample_labels.sheet_fits_counts", words)
    assert run.started == {"raw_counts", "aligned_counts", "predictions", "sample_labels"}
    for table, rows in before.items():
        assert project.rows(table, "lncap").equals(rows), table


@pytest.mark.parametrize(
    ("spoil_with", "word"),
    [
        (of_other_samples, "patient1"),
        (with_an_alias_for_no_term, "UBERON:9999999"),
        (with_a_threshold_of_no_name, "contradict_ratio"),
    ],
)
def test_no_sample_is_sent_while_what_is_stated_of_it_is_refused(
    spoil: Spoilt, spoil_with: Callable[[Path], None], word: str
) -> None:
    project, folder = spoil("lncap")
    frame = counts_of(folder)
    frame.loc["ENSG00000075624", "lane3"] += 1  # ACTB: it was never predicted like this
    replace_counts(folder, frame)
    spoil_with(folder)
    ledger = project.ledger.read_bytes()

    run = project.refresh("lncap")

    assert word in run.failed["predictions"]
    assert "nothing was sent" in run.failed["predictions"]
    assert run.retries == 0
    assert not {"predicted_metadata", "latents"} & set(run.metadata)
    assert project.ledger.read_bytes() == ledger


def test_a_sheet_that_fits_in_part_is_used_and_the_rest_is_named(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    sheet = (folder / "samples.csv").read_text()
    (folder / "samples.csv").write_text(sheet.replace("lane8", "lane 8").replace("lane6", "gone"))

    run = project.refresh("lncap", ["sample_labels", "qc_verdicts", "qc_samples", "qc_findings"])

    assert run.success
    evaluation = run.failed_checks["sample_labels.sheet_fits_counts"]
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    found = {row["code"]: str(row["what"]) for row in problems_of(evaluation)}
    assert "2 of 7 samples of the counts have no row" in found["samples_without_row"]
    assert "lane8" in found["samples_without_row"]
    assert "gone" in found["rows_without_sample"]
    assert set(project.table("sample_labels", "lncap")["sample_id"]) == {
        f"lane{i}" for i in range(1, 6)
    }
    samples = project.table("qc_samples", "lncap").set_index("sample_id")["status"]
    assert len(samples) == 7
    assert samples[["lane6", "lane8"]].eq("not_assessed").all()


def test_a_sheet_with_a_sample_twice_is_refused(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    with (folder / "samples.csv").open("a") as sheet:
        sheet.write("lane1,CVCL_0395,UBERON:0002367,female,cell line,mock\n")
    run = project.refresh("lncap", ["sample_labels", "qc_verdicts", "qc_samples", "qc_findings"])
    assert_refused_in_words(
        run, "sample_labels", "sample_labels.sheet_fits_counts", ("lane1", "samples.csv")
    )


def test_a_dataset_without_a_sheet_is_annotated_and_nothing_of_it_is_judged(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    (folder / "samples.csv").unlink()
    run = project.refresh("lncap")
    assert run.success, run.failed
    assert run.metadata["sample_labels"]["sheet"] == "none: nothing is judged"
    assert project.warehouse.row_count("annotations", "lncap") == 7
    assert project.warehouse.row_count("qc_verdicts", "lncap") == 0
    assert set(project.table("qc_samples", "lncap")["status"]) == {"not_assessed"}
    assert project.report("lncap").exists()


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        ("{contradict_ratio: 50}", ("'contradict_ratio'", "Did you mean contradicts_ratio?")),
        ("{mass_agrees: 50}", ("mass_agrees", "50", "a number from 0 to 1")),
    ],
)
def test_a_threshold_that_is_none_stops_the_verdicts(
    spoil: Spoilt, thresholds: str, words: tuple[str, ...]
) -> None:
    project, folder = spoil("lncap")
    before = {table: project.rows(table, "lncap") for table in ("qc_samples", "qc_history")}
    (folder / "dataset.yaml").write_text(f"thresholds: {thresholds}\n")
    run = project.refresh("lncap", ["qc_verdicts", "qc_samples", "qc_findings", "qc_report"])
    assert_refused_in_words(run, "qc", "qc_verdicts.thresholds_are_known", words)
    assert run.started == {"qc"}
    for table, rows in before.items():
        assert project.rows(table, "lncap").equals(rows), table


@pytest.mark.parametrize(
    "config", ["thresholds: {contradict_ratio: 50}\n", "counts: [unclosed\n", "count: x.tsv\n"]
)
def test_a_report_alone_is_refused_in_a_sentence_too(spoil: Spoilt, config: str) -> None:
    project, folder = spoil("lncap")
    report = project.report("lncap").read_bytes()
    (folder / "dataset.yaml").write_text(config)
    run = project.refresh("lncap", ["qc_report"])
    assert not run.success
    assert NO_SENTENCE not in run.failed["qc_report"]
    assert run.retries == 0
    assert project.report("lncap").read_bytes() == report


def test_counts_of_hardly_any_model_gene_are_refused_before_they_are_sent(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    replace_counts(folder, counts_of(folder).iloc[::20])
    ledger = project.ledger.read_bytes()
    run = project.refresh("lncap")
    assert_refused_in_words(
        run, "aligned_counts", "aligned_counts.covers_model_genes", ("44,592", "20")
    )
    assert run.started == {"raw_counts", "aligned_counts", "sample_labels"}
    assert project.ledger.read_bytes() == ledger


def test_a_dataset_may_have_few_genes_if_it_says_so(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    replace_counts(folder, counts_of(folder).iloc[::20])
    (folder / "dataset.yaml").write_text(
        "severity: {few_model_genes: warning, few_reads: ignore}\n"
    )
    run = project.refresh("lncap", ["raw_counts", "aligned_counts"])
    assert run.success, run.failed
    evaluation = run.failed_checks["aligned_counts.covers_model_genes"]
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert [row["code"] for row in problems_of(evaluation)] == ["few_model_genes"]
    assert "raw_counts.is_deep_enough" not in run.failed_checks


def test_a_dataset_may_be_stricter_than_the_rules(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    frame = counts_of(folder)
    frame["lane1"] //= 100
    replace_counts(folder, frame)
    (folder / "dataset.yaml").write_text("severity: {few_reads: error}\n")
    run = project.refresh("lncap")
    assert_refused_in_words(run, "raw_counts", "raw_counts.is_deep_enough", ("lane1", "1,000,000"))


def test_a_count_beyond_every_library_is_refused_in_words(spoil: Spoilt) -> None:
    project, folder = spoil("lncap")
    frame = counts_of(folder)
    frame.loc["ENSG00000075624", "lane3"] = 3_000_000_000  # ACTB
    replace_counts(folder, frame.astype("int64"))
    before = project.rows("aligned_counts", "lncap")
    run = project.refresh("lncap")
    assert_refused_in_words(
        run, "aligned_counts", "aligned_counts.covers_model_genes", ("lane3", "3000000000")
    )
    assert project.rows("aligned_counts", "lncap").equals(before)

"""Small valid frames of every table, the way the assets would write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from gem_assets.settings import Modality
from gem_assets.warehouse import TABLES, LockPatience

ORDER_HASH = "sha256:0123456789abcdef"
WHEN = datetime(2026, 3, 29, 1, 30, 0, 250, tzinfo=UTC)
PROVENANCE = {
    "model_id": "gem-1-bulk_predict-metadata",
    "model_version": "embedded-1",
    "served_by": "embedded",
    "predicted_at": WHEN,
}
SAMPLES = ("liver_1", "brain_1", "brain_2")

NO_PATIENCE = LockPatience(
    timeout=5.0, attempts=2, wait_initial=0.001, wait_max=0.001, wait_jitter=0.0
)
"""Gives up on a locked file at once."""


def example(table: str, dataset: str = "study", modality: Modality = "bulk") -> pa.Table:
    """Return a valid frame of a table, with the contract's types."""
    rows = _ROWS[table](dataset)
    schema = TABLES[table].arrow_schema(modality)
    return pa.Table.from_pylist(rows, schema=schema)


def partition(dataset: str = "study", modality: Modality = "bulk") -> dict[str, pa.Table]:
    """Return a valid frame of every table that is replaced with its dataset."""
    return {
        name: example(name, dataset, modality)
        for name, table in TABLES.items()
        if table.partitioned and not table.history
    }


def counts_of(dataset: str, modality: Modality = "bulk") -> dict[str, pa.Table]:
    """Return valid frames of the two tables of raw counts."""
    return {name: example(name, dataset, modality) for name in ("raw_genes", "raw_counts")}


def _raw_genes(dataset: str) -> list[dict[str, object]]:
    ids = ["ENSG00000000003.14", "ENSG00000000005.6", "Xist", "__no_feature"]
    return [
        {"dataset": dataset, "gene_index": i, "gene_id": gene, "gene_symbol": [None, "TNMD"][i % 2]}
        for i, gene in enumerate(ids)
    ]


def _raw_counts(dataset: str) -> list[dict[str, object]]:
    genes = [[0, 1, 3], [2], []]
    counts = [[5.0, 7.0, 1.0], [12.0], []]
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "gene_index": genes[i],
            "count": counts[i],
            "total_count": sum(counts[i]),
            "detected_genes": len(counts[i]),
        }
        for i, sample in enumerate(SAMPLES)
    ]


def _gene_order(_dataset: str) -> list[dict[str, object]]:
    return [
        {
            "model_id": PROVENANCE["model_id"],
            "model_version": PROVENANCE["model_version"],
            "gene_order_hash": ORDER_HASH,
            "gene_index": i,
            "gene_id": gene,
            "gene_symbol": symbol,
        }
        for i, (gene, symbol) in enumerate(
            [("ENSG00000000003", "TSPAN6"), ("ENSG00000000005", "TNMD"), ("ENSG00000229807", None)]
        )
    ]


def _aligned_counts(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "gene_index": [[0, 1], [2], []][i],
            "count": [[5, 7], [12], []][i],
            "total_count": [13.0, 12.0, 0.0][i],
            "matched_share": [12 / 13, 1.0, 0.0][i],
            "gene_order_hash": ORDER_HASH,
            "content_hash": f"{i:032x}",
        }
        for i, sample in enumerate(SAMPLES)
    ]


def _gene_alignment(dataset: str) -> list[dict[str, object]]:
    found = [
        ("ENSG00000000003.14", "version_stripped", "ENSG00000000003", 0.2, "ensembl_version"),
        ("ENSG00000000005.6", "version_stripped", "ENSG00000000005", 0.28, "ensembl_version"),
        ("XIST", "symbol", "ENSG00000229807", 0.48, "approved_symbol"),
        ("__no_feature", "dropped", None, 0.04, "summary_row"),
    ]
    names = ("raw_gene_id", "action", "model_gene_id", "share_of_counts", "evidence")
    return [
        {
            "dataset": dataset,
            **dict(zip(names, row, strict=True)),
            "read_as": None,
            "candidates": None,
        }
        for row in found
    ]


def _sample_labels(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "field": field,
            "provided_text": text,
            "provided_id": term,
            "provided_label": label,
            "resolution": how,
        }
        for sample in SAMPLES
        for field, text, term, label, how in [
            ("tissue", "Liver", "UBERON:0002107", "liver", "label"),
            ("sex", "n/a", None, None, "unknown"),
        ]
    ]


def _predicted_metadata(dataset: str) -> list[dict[str, object]]:
    answers = {
        "tissue": ("UBERON:0002107", "liver", None, 0.9, "UBERON:0000955", 0.06, 0.4),
        "sex": ("male", "male", None, 0.8, "female", 0.2, 0.5),
        "age": (None, None, 43.1, None, None, None, None),
        "ethnicity": (None, None, None, None, None, None, None),
    }
    names = (
        "predicted_id",
        "predicted_label",
        "value_number",
        "probability",
        "runner_up",
        "runner_up_probability",
        "entropy",
    )
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "field": field,
            **dict(zip(names, answer, strict=True)),
            **PROVENANCE,
        }
        for sample in SAMPLES
        for field, answer in answers.items()
    ]


def _classifier_probs(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "field": field,
            "value": values,
            "probability": probabilities,
            **PROVENANCE,
        }
        for sample in SAMPLES
        for field, values, probabilities in [
            ("tissue", ["UBERON:0002107", "UBERON:0000955", "UBERON:0000178"], [0.9, 0.06, 0.04]),
            ("sex", ["male", "female"], [0.8, 0.2]),
        ]
    ]


def _latents(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "space": space,
            "vector": [0.5, -1.25, 3.0],
            **PROVENANCE,
        }
        for sample in SAMPLES
        for space in ("biological", "technical")
    ]


def _decoded_counts(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "gene_index": [[0, 2], [1], None][i],
            "count": [[4, 9], [3], None][i],
            "reconstruction_r": [0.97, -0.1, None][i],
            **PROVENANCE,
        }
        for i, sample in enumerate(SAMPLES)
    ]


def _qc_verdicts(dataset: str) -> list[dict[str, object]]:
    verdicts = [
        ("pass", "same_term", 0.9, 0.9, 0.92, 0.98, 0.99),
        ("fail", "contradicts", 0.9, 0.001, 0.002, 450.0, 0.01),
        ("not_assessed", "unmapped", None, None, None, None, None),
    ]
    names = ("status", "reason", "p_top", "p_provided", "p_compatible", "ratio", "label_quality")
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "field": "tissue",
            "provided_text": "Liver",
            "provided_id": "UBERON:0002107",
            "provided_label": "liver",
            "predicted_id": "UBERON:0000955",
            "predicted_label": "brain",
            **dict(zip(names, verdict, strict=True)),
            "reviewed_by": None,
            **PROVENANCE,
        }
        for sample, verdict in zip(SAMPLES, verdicts, strict=True)
    ]


def _qc_samples(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "status": ["pass", "fail", "not_assessed"][i],
            "reasons": [["tissue:same_term"], ["tissue:contradicts", "sex:doubtful"], []][i],
            "sentence": f"{sample} is judged.",
            "suggestion": [None, "Look at the tube.", None][i],
        }
        for i, sample in enumerate(SAMPLES)
    ]


def _qc_findings(dataset: str) -> list[dict[str, object]]:
    findings = [
        ("swap", ["liver_1", "brain_1"], None, 12.5, None, None, "labels_fit_exchanged"),
        ("mixture", ["brain_2"], "other_study", 0.2, 0.15, 0.24, "marker_ratio"),
        ("dataset_cause", [], None, None, None, None, "shifted_sheet"),
    ]
    names = ("kind", "sample_ids", "other_dataset", "score", "ci_low", "ci_high", "reason")
    return [
        {
            "dataset": dataset,
            **dict(zip(names, row, strict=True)),
            "sentence": "Consistent with a swap.",
        }
        for row in findings
    ]


def _qc_history(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "run_id": "run-1",
            "at": WHEN,
            "samples": 3,
            "assessed": 2,
            "failed": 1,
            "warned": 0,
            "flagged_rate": 0.5,
            "ci_low": 0.09,
            "ci_high": 0.91,
            "rules_version": "1",
            "settings_hash": "a1b2c3",
            **PROVENANCE,
        }
    ]


def _sample_sheet(dataset: str) -> list[dict[str, object]]:
    return [
        {"dataset": dataset, "row": i, "sample_id": name, "sheet_column": "donor", "text": text}
        for i, (name, text) in enumerate(zip(SAMPLES, ["d1", "d2", ""], strict=True))
    ]


def _qc_suggestions(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "sheet_column": "tissue",
            "stated": "liver",
            "suggested": "brain",
            "taken_from": source,
            "why": why,
        }
        for sample, source, why in [("liver_1", "brain_1", "swap"), ("brain_2", None, "shift")]
    ]


def _qc_changes(dataset: str) -> list[dict[str, object]]:
    changes = [
        ("liver_1", "pass", "fail", "newly_failing", ["label_changed"]),
        ("brain_1", None, "pass", "added", ["sample_added"]),
        ("brain_2", "fail", None, "removed", ["sample_removed"]),
    ]
    return [
        {
            "dataset": dataset,
            "run_id": "run-2",
            "since": WHEN,
            "sample_id": sample,
            "field": "tissue",
            "was_status": was,
            "status": status,
            "change": change,
            "why": why,
            "sentence": f"{sample}: tissue was judged otherwise.",
        }
        for sample, was, status, change, why in changes
    ]


def _qc_signatures(dataset: str) -> list[dict[str, object]]:
    return [
        {
            "dataset": dataset,
            "sample_id": sample,
            "gene_order_hash": ORDER_HASH,
            "content_hash": "0" * 32,
            "cutoff": 0.995,
            "vector": vector,
        }
        for sample, vector in zip(SAMPLES, [[0.6, 0.8], [1.0, 0.0], None], strict=True)
    ]


def _qc_selftest(dataset: str) -> list[dict[str, object]]:
    tested = [
        ("swap", None, 50, 50, 49, None, 40, 45),
        ("mixture", 0.1, 4, 3, 2, 1, None, None),
        ("mixture", 0.2, 4, 4, 4, 4, None, None),
    ]
    names = ("kind", "share", "planted", "found", "named", "close", "tellable", "possible")
    return [
        {
            "dataset": dataset,
            **dict(zip(names, row, strict=True)),
            "samples": 10,
            "sensitivity": 0.75,
            "ci_low": 0.3,
            "ci_high": 0.95,
            "untouched": 30,
            "false_positives": 1,
            "false_positive_rate": 1 / 30,
            "fp_ci_low": 0.0,
            "fp_ci_high": 0.17,
            "judgements": 4,
            "sentence": "3 of 4 were found.",
            "run_id": "run-1",
            "at": WHEN,
            "seed": 0,
            "rules_version": "2",
            "settings_hash": "a1b2c3",
            **PROVENANCE,
        }
        for row in tested
    ]


_ROWS = {
    "raw_genes": _raw_genes,
    "raw_counts": _raw_counts,
    "gene_order": _gene_order,
    "aligned_counts": _aligned_counts,
    "gene_alignment": _gene_alignment,
    "sample_labels": _sample_labels,
    "sample_sheet": _sample_sheet,
    "predicted_metadata": _predicted_metadata,
    "classifier_probs": _classifier_probs,
    "latents": _latents,
    "decoded_counts": _decoded_counts,
    "qc_verdicts": _qc_verdicts,
    "qc_samples": _qc_samples,
    "qc_findings": _qc_findings,
    "qc_history": _qc_history,
    "qc_suggestions": _qc_suggestions,
    "qc_changes": _qc_changes,
    "qc_signatures": _qc_signatures,
    "qc_selftest": _qc_selftest,
}

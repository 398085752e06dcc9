"""The table of what a check found of errors planted in a dataset's own data."""

from __future__ import annotations

from gem_assets.warehouse.contract import Column, Table
from gem_assets.warehouse.qc_tables import CI_HIGH, CI_LOW, INTERVAL_RULES
from gem_assets.warehouse.row_rules import both_or_neither, not_above, unique
from gem_assets.warehouse.shared_columns import (
    DATASET,
    INSTANT,
    NUMBER,
    PROVENANCE,
    TEXT,
    number_of,
    probability,
    text,
)
from gem_assets.warehouse.value_rules import between, one_of

PLANTED_KINDS = frozenset({"swap", "shift", "mixture"})
"""What is planted."""


QC_SELFTEST = Table(
    "qc_selftest",
    "How many of the errors of one kind, planted in the dataset's own data, were found.",
    (
        DATASET,
        Column("kind", TEXT, "What was planted.", rules=(one_of(PLANTED_KINDS),)),
        Column(
            "share",
            NUMBER,
            "Share of the reads that are of another tissue; mixtures only.",
            nullable=True,
            rules=(between(0.0, 1.0),),
        ),
        number_of("samples", "Samples that errors may be planted in: judged, and not accused."),
        number_of("planted", "Errors that were planted."),
        number_of("found", "Those that were found."),
        probability("sensitivity", "Share of the planted errors that was found."),
        CI_LOW,
        CI_HIGH,
        number_of("named", "Those found that were told as what they are."),
        number_of("close", "Mixtures found whose share was estimated within .05.", nullable=True),
        number_of("untouched", "Those of the samples judged with nothing wrong planted."),
        number_of("false_positives", "Those of them that were accused then, however often."),
        probability("false_positive_rate", "Share of these samples that was accused."),
        probability("fp_ci_low", "Lower end of that share's 95 % interval."),
        probability("fp_ci_high", "Upper end of that share's 95 % interval."),
        number_of("judgements", "How often the dataset was judged."),
        number_of(
            "tellable", "Pairs of samples, or slips, that the labels could tell.", nullable=True
        ),
        number_of("possible", "All pairs of samples, or slips.", nullable=True),
        text("sentence", "What was found, in words."),
        text("run_id", "Id of the run."),
        Column("at", INSTANT, "When it was tested (UTC)."),
        number_of("seed", "Where chance began."),
        text("rules_version", "Version of the rules."),
        text("settings_hash", "Hash of the thresholds."),
        *PROVENANCE,
    ),
    (
        unique("dataset", "kind", "share"),
        not_above("found", "planted"),
        not_above("named", "found"),
        not_above("close", "found"),
        not_above("false_positives", "untouched"),
        not_above("tellable", "possible"),
        *INTERVAL_RULES,
        both_or_neither("fp_ci_low", "fp_ci_high"),
        not_above("fp_ci_low", "fp_ci_high"),
    ),
    asset="qc_selftest",
)

"""Tables of the comparison between stated labels and predictions."""

from __future__ import annotations

from gem_assets.warehouse.contract import Column, Table
from gem_assets.warehouse.prediction_tables import ONE_MODEL
from gem_assets.warehouse.row_rules import both_or_neither, not_above, sum_not_above, unique
from gem_assets.warehouse.shared_columns import (
    DATASET,
    FIELD,
    GENE_ORDER_HASH,
    INSTANT,
    NUMBER,
    PROVENANCE,
    SAMPLE_ID,
    TEXT,
    VECTOR,
    names,
    number_of,
    probability,
    text,
)
from gem_assets.warehouse.value_rules import IS_COUNT, IS_FINITE, between, matching, one_of

STATUSES = frozenset({"pass", "unclear", "warn", "fail", "not_assessed"})
"""What a comparison comes to."""

MISMATCHES: tuple[str, ...] = ("warn", "fail")
"""The statuses that somebody should look at."""

FINDING_KINDS = frozenset(
    {
        "swap",
        "exchange_group",
        "shift",
        "duplicate",
        "mixture",
        "mixed_sex",
        "blood",
        "label_issue",
        "batch",
        "dataset_cause",
    }
)
"""What can be found about several samples together."""

IS_WORD = matching("[a-z][a-z0-9_]*", "is a word in snake_case")
STATUS = Column("status", TEXT, "What the comparison comes to.", rules=(one_of(STATUSES),))
CI_LOW = Column(
    "ci_low", NUMBER, "Lower end of the 95 % interval.", nullable=True, rules=(IS_FINITE,)
)
CI_HIGH = Column(
    "ci_high", NUMBER, "Upper end of the 95 % interval.", nullable=True, rules=(IS_FINITE,)
)
SHEET_COLUMN = text("sheet_column", "Column of the sample sheet, under our name of it.")
IS_R = between(-1.0, 1.0)
INTERVAL_RULES = (both_or_neither("ci_low", "ci_high"), not_above("ci_low", "ci_high"))


QC_VERDICTS = Table(
    "qc_verdicts",
    "The verdict on a stated label of a sample.",
    (
        DATASET,
        SAMPLE_ID,
        FIELD,
        Column("provided_text", TEXT, "The label as the sheet has it."),
        text("provided_id", "Ids of its terms; several are joined by ' || '.", nullable=True),
        text("provided_label", "Names of its terms.", nullable=True),
        text("predicted_id", "Id of the predicted value.", nullable=True),
        text("predicted_label", "Name of the predicted value.", nullable=True),
        STATUS,
        Column("reason", TEXT, "Why, as a word of a closed list.", rules=(IS_WORD,)),
        probability("p_top", "Probability of the predicted value."),
        probability("p_provided", "Probability mass on the label and the terms below it."),
        probability(
            "p_compatible", "That mass, and the mass on the terms above that are not too general."
        ),
        Column(
            "ratio",
            NUMBER,
            "Probability of the predicted value over the compatible mass.",
            nullable=True,
            rules=(IS_COUNT,),
        ),
        probability(
            "label_quality", "How well the label fits among the dataset's labels; 1 is best."
        ),
        text("reviewed_by", "Who reviewed the finding.", nullable=True),
        *PROVENANCE,
    ),
    (unique("dataset", "sample_id", "field"), ONE_MODEL),
    asset="qc_verdicts",
)

QC_SAMPLES = Table(
    "qc_samples",
    "What the verdicts on a sample come to together.",
    (
        DATASET,
        SAMPLE_ID,
        STATUS,
        names("reasons", "Reasons of the status, the worst first, as field:reason."),
        text("sentence", "The finding in one sentence."),
        text("suggestion", "What to do or to look at.", nullable=True),
    ),
    (unique("dataset", "sample_id"),),
    asset="qc_samples",
)

QC_FINDINGS = Table(
    "qc_findings",
    "Something found about several samples together, or about the whole dataset.",
    (
        DATASET,
        Column("kind", TEXT, "What kind of thing was found.", rules=(one_of(FINDING_KINDS),)),
        names("sample_ids", "The samples it is about; none where it is about the dataset."),
        text("other_dataset", "Dataset of the other sample, where not this one.", nullable=True),
        Column(
            "score",
            NUMBER,
            "Strength of the finding; the unit is the kind's and stated in the sentence.",
            nullable=True,
            rules=(IS_FINITE,),
        ),
        CI_LOW,
        CI_HIGH,
        Column("reason", TEXT, "Why, as a word of a closed list.", rules=(IS_WORD,)),
        text("sentence", "The finding in one sentence."),
    ),
    INTERVAL_RULES,
    asset="qc_findings",
)

QC_HISTORY = Table(
    "qc_history",
    "What one quality-control run of a dataset came to.",
    (
        DATASET,
        text("run_id", "Id of the run."),
        Column("at", INSTANT, "When it was assessed (UTC)."),
        number_of("samples", "Samples in the dataset."),
        number_of("assessed", "Samples with at least one label that could be judged."),
        number_of("failed", "Samples whose worst status is fail."),
        number_of("warned", "Samples whose worst status is warn."),
        probability("flagged_rate", "Share of the assessed samples that failed or warned."),
        CI_LOW,
        CI_HIGH,
        text("rules_version", "Version of the rules."),
        text("settings_hash", "Hash of the thresholds."),
        *PROVENANCE,
    ),
    (
        unique("dataset", "run_id"),
        not_above("assessed", "samples"),
        sum_not_above(("failed", "warned"), "assessed"),
        *INTERVAL_RULES,
    ),
    asset="qc_verdicts",
    history=True,
)

QC_SUGGESTIONS = Table(
    "qc_suggestions",
    "A cell of the sample sheet that an exchange or a shift of labels would have otherwise.",
    (
        DATASET,
        SAMPLE_ID,
        SHEET_COLUMN,
        Column("stated", TEXT, "What the sheet has."),
        Column("suggested", TEXT, "What it may have to be; empty where the label was lost."),
        text("taken_from", "The sample whose row has it; none where that is open.", nullable=True),
        Column("why", TEXT, "Kind of the finding: swap, exchange_group, shift.", rules=(IS_WORD,)),
    ),
    (unique("dataset", "sample_id", "sheet_column"),),
    asset="qc_findings",
)

QC_CHANGES = Table(
    "qc_changes",
    "A label that the last run judged otherwise than the run before.",
    (
        DATASET,
        text("run_id", "Id of the last run."),
        Column("since", INSTANT, "Time of the run before (UTC)."),
        SAMPLE_ID,
        FIELD,
        Column(
            "was_status",
            TEXT,
            "Status in the run before; none where the label was not there.",
            nullable=True,
            rules=(one_of(STATUSES),),
        ),
        Column(
            "status",
            TEXT,
            "Status in the last run; none where the label is gone.",
            nullable=True,
            rules=(one_of(STATUSES),),
        ),
        Column("change", TEXT, "What became of it, as a word of a closed list.", rules=(IS_WORD,)),
        names("why", "What differs and bears on it, the nearest to the label first.", filled=True),
        text("sentence", "The change in one sentence."),
    ),
    (unique("dataset", "sample_id", "field"),),
    asset="qc_verdicts",
)

QC_SIGNATURES = Table(
    "qc_signatures",
    "What a sample is recognised by in other datasets. Those of too few genes have none.",
    (
        DATASET,
        SAMPLE_ID,
        GENE_ORDER_HASH,
        text("content_hash", "Hash of the aligned counts."),
        Column("cutoff", NUMBER, "Correlation from which a sample is the same.", rules=(IS_R,)),
        Column(
            "vector",
            VECTOR,
            "Random projection of the centred log1p CPM to unit length; none for single cells.",
            nullable=True,
        ),
    ),
    (unique("dataset", "sample_id"),),
    asset="qc_findings",
)

QC_TABLES: tuple[Table, ...] = (
    QC_VERDICTS,
    QC_SAMPLES,
    QC_FINDINGS,
    QC_HISTORY,
    QC_SUGGESTIONS,
    QC_CHANGES,
    QC_SIGNATURES,
)

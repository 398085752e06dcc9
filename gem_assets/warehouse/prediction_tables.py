"""Tables of stated labels and of what the model predicts."""

from __future__ import annotations

from gem_assets.labels.resolution import Resolution
from gem_assets.warehouse.contract import Column, Table
from gem_assets.warehouse.row_rules import (
    both_or_neither,
    one_a_dataset,
    same_length,
    unique,
)
from gem_assets.warehouse.shared_columns import (
    DATASET,
    FIELD,
    INDICES,
    INTEGER,
    IS_PROBABILITY,
    NUMBER,
    NUMBERS,
    PREDICTED_FIELD,
    PROVENANCE,
    SAMPLE_ID,
    TEXT,
    TEXTS,
    VECTOR,
    probability,
    text,
)
from gem_assets.warehouse.value_rules import (
    ARE_DISTINCT,
    HAS_VALUES,
    IS_ASCENDING,
    IS_COUNT,
    IS_DESCENDING,
    IS_FINITE,
    IS_TEXT,
    SUMS_TO_ONE,
    between,
    each,
    one_of,
)

RESOLUTIONS = frozenset(resolution.value for resolution in Resolution)
"""How a stated label's text became a term, or why it did not."""

ONE_MODEL = one_a_dataset("model_id", "model_version")
"""A partition never mixes the predictions of two versions of a model."""

SAMPLE_LABELS = Table(
    "sample_labels",
    "A label that the sample sheet states, and the term it stands for.",
    (
        DATASET,
        SAMPLE_ID,
        FIELD,
        Column("provided_text", TEXT, "The label as the sheet has it."),
        text("provided_id", "Ids of its terms; several are joined by ' || '.", nullable=True),
        text("provided_label", "Names of its terms; several are joined by ' || '.", nullable=True),
        Column(
            "resolution",
            TEXT,
            "How the text became a term, or why it did not.",
            rules=(one_of(RESOLUTIONS),),
        ),
    ),
    (unique("dataset", "sample_id", "field"),),
    asset="sample_labels",
)

SAMPLE_SHEET = Table(
    "sample_sheet",
    "A cell of the sample sheet: a label's text, or what places a sample in the experiment.",
    (
        DATASET,
        Column(
            "row",
            INTEGER,
            "Place of the sample's row in the sheet, from 0.",
            rules=(between(0, 2**31 - 1),),
        ),
        SAMPLE_ID,
        text("sheet_column", "Column, under our name of it: tissue, donor, batch..."),
        Column("text", TEXT, "The cell as the sheet has it."),
    ),
    (unique("dataset", "sample_id", "sheet_column"),),
    asset="sample_labels",
)

PREDICTED_METADATA = Table(
    "predicted_metadata",
    "The model's answer for a field of a sample.",
    (
        DATASET,
        SAMPLE_ID,
        PREDICTED_FIELD,
        text("predicted_id", "Id of the predicted value.", nullable=True),
        text("predicted_label", "Name of the predicted value.", nullable=True),
        Column(
            "value_number",
            NUMBER,
            "Predicted number (age in years), for fields that are numbers.",
            nullable=True,
            rules=(IS_FINITE,),
        ),
        probability("probability", "Probability of the predicted value."),
        text("runner_up", "Id of the most probable other value.", nullable=True),
        probability("runner_up_probability", "Probability of the runner-up."),
        Column(
            "entropy",
            NUMBER,
            "Entropy of the field's probabilities (nats); 0 is certainty.",
            nullable=True,
            rules=(IS_COUNT,),
        ),
        *PROVENANCE,
    ),
    (
        unique("dataset", "sample_id", "field"),
        both_or_neither("runner_up", "runner_up_probability"),
        ONE_MODEL,
    ),
    asset="predicted_metadata",
)

CLASSIFIER_PROBS = Table(
    "classifier_probs",
    "The probabilities of a field's values in a sample.",
    (
        DATASET,
        SAMPLE_ID,
        PREDICTED_FIELD,
        Column(
            "value",
            TEXTS,
            "Ids of the values, the most probable first.",
            rules=(HAS_VALUES, each(IS_TEXT), ARE_DISTINCT),
        ),
        Column(
            "probability",
            NUMBERS,
            "Their probabilities, descending; they sum to 1.",
            rules=(each(IS_PROBABILITY), IS_DESCENDING, SUMS_TO_ONE),
        ),
        *PROVENANCE,
    ),
    (unique("dataset", "sample_id", "field"), same_length("value", "probability"), ONE_MODEL),
    asset="classifier_probs",
)

LATENTS = Table(
    "latents",
    "A sample's position in one of the model's latent spaces.",
    (
        DATASET,
        SAMPLE_ID,
        text("space", "Latent space: biological, technical, perturbation or encoded."),
        Column(
            "vector",
            VECTOR,
            "Coordinates; comparable within a space and model version only.",
            rules=(HAS_VALUES, each(IS_FINITE)),
        ),
        *PROVENANCE,
    ),
    (unique("dataset", "sample_id", "space"), ONE_MODEL),
    asset="latents",
)

DECODED_COUNTS = Table(
    "decoded_counts",
    "The counts that the model expects of a sample, sparse; missing where it returns none.",
    (
        DATASET,
        SAMPLE_ID,
        Column(
            "gene_index",
            INDICES,
            "Positions (from 0, ascending) in the model's gene order.",
            nullable=True,
            rules=(IS_ASCENDING, each(between(0, 2**31 - 1))),
        ),
        Column(
            "count",
            INDICES,
            "Expected reads of these genes; others have 0.",
            nullable=True,
            rules=(each(IS_COUNT),),
        ),
        Column(
            "reconstruction_r",
            NUMBER,
            "Pearson correlation of log CPM between aligned and decoded counts.",
            nullable=True,
            rules=(between(-1.0, 1.0),),
        ),
        *PROVENANCE,
    ),
    (unique("dataset", "sample_id"), same_length("gene_index", "count"), ONE_MODEL),
    asset="decoded_counts",
)

PREDICTION_TABLES: tuple[Table, ...] = (
    SAMPLE_LABELS,
    SAMPLE_SHEET,
    PREDICTED_METADATA,
    CLASSIFIER_PROBS,
    LATENTS,
    DECODED_COUNTS,
)

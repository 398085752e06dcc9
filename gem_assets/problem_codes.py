"""Every code that a problem of an input may have: its family, and how much it matters.

A new code is a word in the right list here; a test finds the codes that are used and not listed.
What a dataset may change of them (``severity:`` in ``dataset.yaml``) is in
`gem_assets.severities`; ``docs/problems.md`` has an example of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gem_assets.problems import Severity


class Family(StrEnum):
    """What a problem is about; one asset check shows the problems of a family or two."""

    DATASET = "dataset"
    FILE = "file"
    VALUES = "values"
    SPECIES = "species"
    DEPTH = "depth"
    IDENTIFIERS = "identifiers"
    COVERAGE = "coverage"
    SHEET = "sheet"
    LABELS = "labels"
    THRESHOLDS = "thresholds"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """What is known of a code before it is met.

    Attributes
    ----------
    name
        The code, e.g. ``few_genes``.
    family
        What it is about.
    severity
        How much it matters unless the dataset says otherwise.
    changeable
        Whether a dataset may say otherwise. All warnings are: they may be ignored, or refuse. Of
        the errors only judgements are: what a person may know better than a rule. A file that
        can't be read can't be read with a warning either.
    """

    name: str
    family: Family
    severity: Severity
    changeable: bool


def _family(
    family: Family, *, errors: str = "", lowerable: str = "", warnings: str = ""
) -> Iterator[ProblemCode]:
    for code in errors.split():
        yield ProblemCode(code, family, Severity.ERROR, changeable=False)
    for code in lowerable.split():
        yield ProblemCode(code, family, Severity.ERROR, changeable=True)
    for code in warnings.split():
        yield ProblemCode(code, family, Severity.WARNING, changeable=True)


_ALL = (
    *_family(
        Family.DATASET,
        errors="""
            no_datasets dataset_missing dataset_name dataset_yaml unknown_severity fixed_severity
            path_leaves_folder file_missing counts_missing counts_ambiguous sheet_ambiguous
        """,
    ),
    *_family(
        Family.FILE,
        errors="""
            file_not_found file_not_readable empty_file damaged_file unrecognised_format
            not_utf8 line_breaks no_delimiter no_header no_rows unnamed_column ragged_rows
            unreadable_text missing_value infinite_value not_a_number
            thousands_separators decimal_commas merged_header header_too_short header_unknown
            long_line no_names gct_version gct_malformed feather_version
            named_as_scaled columns_not_samples coverage_sums gene_lengths summary_table
            sample_names_clash
            not_hdf5 no_matrix shape_mismatch damaged_matrix links_elsewhere
            member_missing several_matrices several_genomes mtx_malformed mtx_incomplete
            genes_differ unnamed_gene too_many_rows transcript_level
            location_unreachable too_many_files expands_too_far
            orientation_unclear transposed no_samples no_genes duplicate_sample_ids unknown_sample
        """,
        warnings="strand_unclear strands_differ raw_droplets",
    ),
    *_family(
        Family.VALUES,
        # TPM is never rounded, so no dataset may lower what says that values are scaled.
        errors="""
            not_finite negative_counts zscore_like log_like tpm_like scaled_counts equal_sums
            impossible_count
        """,
        lowerable="quantile_normalised",
        warnings="fractional_counts maybe_tpm equal_depth",
    ),
    *_family(Family.SPECIES, errors="wrong_species transcripts", warnings="mixed_species"),
    *_family(Family.DEPTH, errors="empty_samples", warnings="few_genes few_reads"),
    *_family(Family.IDENTIFIERS, warnings="excel_mangled_names ambiguous_gene_names"),
    *_family(
        Family.COVERAGE,
        # A filtered matrix may be all there is: its owner decides.
        lowerable="few_model_genes",
        warnings="model_genes_missing counts_unplaced",
    ),
    *_family(
        Family.SHEET,
        errors="""
            sample_sheet_missing sample_sheet_unreadable sample_sheet_not_text
            sample_sheet_not_utf8 sample_sheet_malformed sample_sheet_empty sample_sheet_ragged
            sample_sheet_unnamed_column sample_sheet_repeated_column sample_sheet_column_missing
            sample_sheet_column_unknown sample_sheet_without_sample_id sample_sheet_unnamed_sample
            sample_sheet_duplicate_samples samples_do_not_match
            sample_sheet_workbook sample_sheet_too_large sample_sheet_title
            sample_sheet_rows_disagree sample_sheet_not_human
        """,
        warnings="""
            sample_sheet_column_not_read samples_without_row rows_without_sample
            sample_sheet_columns_disagree sample_sheet_merged_cells sample_sheet_mixed_organisms
        """,
    ),
    *_family(
        Family.LABELS,
        errors="""
            unknown_alias_field unknown_alias_term
            alias_file_columns alias_file_gap alias_file_repeat
        """,
        warnings="labels_disagree labels_not_understood",
    ),
    *_family(Family.THRESHOLDS, errors="unknown_threshold bad_threshold"),
    *_family(Family.REVIEW, errors="review_columns review_cell", warnings="review_not_applied"),
)

CODES: dict[str, ProblemCode] = {code.name: code for code in _ALL}
"""Every code by its name, family by family."""


def family_of(code: str) -> Family:
    """Return what a problem of this code is about; what no list names is about the file."""
    known = CODES.get(code)
    return known.family if known else Family.FILE

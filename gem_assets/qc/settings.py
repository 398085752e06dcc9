"""The thresholds of the verdicts: documented defaults, and how a dataset changes them."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Self

from gem_assets.labels.fields import COMPARABLE_FIELDS
from gem_assets.problems import refuse

RULES_VERSION = "2"
"""Version of the rules themselves: raised when the same settings would judge otherwise."""

_SHARES = frozenset(
    {
        "mass_agrees",
        "contradicts_compatible",
        "doubtful_p_top",
        "doubtful_compatible",
        "same_organ_p_top",
        "too_general",
        "probability_floor",
        "dataset_cause_share",
        "low_matched_share",
        "low_gene_share",
        "low_reconstruction_r",
        "one_class_share",
        "cell_correlation",
    }
)
_COUNTS = frozenset(
    {
        "outlier_min_samples",
        "dataset_cause_min_judged",
        "dataset_cause_min_failed",
        "sex_min_chry_genes",
        "group_min_cells",
    }
)


@dataclass(frozen=True, slots=True)
class QcSettings:
    """Thresholds of the verdicts, and which fields are judged at all.

    Every threshold may be set in a dataset's ``thresholds:``, and for all datasets of an instance
    by ``build_gem_assets(thresholds=...)``; the fields by ``build_gem_assets(fields=...)``.

    Probabilities are shares of a row normalised to 1. What the defaults of the ontology rules cost
    and find is measured on libraries of a reference source left out (docs/thresholds.md), and then
    on real samples that no choice was made by (benchmarks/results/label_errors.md).

    Attributes
    ----------
    mass_agrees
        Compatible mass from which a label passes although the top value lies elsewhere.
    contradicts_compatible
        A label fails only with less compatible mass than this.
    contradicts_ratio
        A label fails only if the top value is this many times as probable as all that is
        compatible with the label. A ratio, because ``p_top`` alone misses real errors (the
        Body Map adrenal: .66 against .0035) and accuses admixed samples (its breast: .94
        against .032).
    doubtful_p_top, doubtful_compatible
        A different organ warns from this top probability, with less compatible mass than this.
    same_organ_p_top
        An unrelated term of the same organ or cell family warns from this top probability.
    too_general
        Labels of less information content are not judged (anatomical system .013, hematopoietic
        cell .19, brain .21, liver .55).
    probability_floor
        Least compatible mass that the ratio divides by, so that rounding to 0 decides nothing.
    age_years
        Least difference, in years, between stated and predicted age that warns.
    age_expected_error
        Expected error of the predicted age in years; twice it replaces ``age_years`` where it is
        more. 0: unknown, as no endpoint states it.
    outlier_mads
        Scaled median absolute deviations below the dataset's median from which a low
        ``reconstruction_r`` makes a prediction untrustworthy (three: Leys et al. 2013,
        doi:10.1016/j.jesp.2013.03.013).
    outlier_min_samples
        Fewer samples than this have no such outlier: their spread is not known.
    dataset_cause_share
        Above this share of failing among judged samples, the dataset is suspected, not samples.
    dataset_cause_min_judged, dataset_cause_min_failed
        At least so many samples must be judged and fail. Three failing, because the exchange of
        one pair in six samples is already 33 %, and no fault of the dataset.
    low_matched_share
        Median share of the reads on the model's genes below which genes explain a dataset's
        failure (the alignment warns at the same .9).
    low_gene_share
        The same for the share of the model's genes that the file holds (the alignment warns at
        the same .6).
    low_reconstruction_r
        Median correlation of log CPM with the decoded counts below which values or gene order
        explain it: .7 is half of the variance told back. Chosen a priori; measured afterwards
        with the embedded model on Body Map: .97 as it is, .53 with the genes shifted by one, 0
        with the genes permuted. (CPM in place of counts give .96: they are for the inspection
        of the counts to find.)
    one_class_share
        Share of the failing samples with the same prediction, from which "the model answers the
        same for all" explains it.
    sex_male_cpm
        Mean CPM of the seven chrY genes above which a sample is male. Measured on 108 real
        samples: females reach 1.5, males begin at 22.
    sex_female_cpm
        Mean CPM of the seven below which Y is absent; between the two there is no call.
    sex_xist_cpm, sex_mixed_chry_cpm
        XIST and chrY from these CPM on, together, are cells of both sexes (four of the Castle
        2010 pools of both sexes; none of the 16 Body Map samples).
    sex_min_chry_genes
        Fewer of the seven chrY genes in the file than this: no call.
    group_min_cells
        Single cells are judged by donor and label, in groups of at least so many predicted cells.
        With fewer than twenty, one cell is more than 5 % of them.
    cell_correlation
        Correlation of the model's errors between the cells of a group: what a model gets wrong of
        one cell it tends to get wrong of all of its kind, so that n cells count as
        n / (1 + (n - 1) r) independent ones (Kish 1965, Survey Sampling), with .1 as at most ten.
        Chosen a priori, as the training references hold no cells.
    judged_fields
        The fields whose labels are judged; None: all that there is a rule for. Labels of the others
        are read, shown and used to tell what samples are, but called right or wrong by nobody.
    """

    mass_agrees: float = 0.5
    contradicts_compatible: float = 0.05
    contradicts_ratio: float = 100.0
    doubtful_p_top: float = 0.5
    doubtful_compatible: float = 0.2
    same_organ_p_top: float = 0.5
    too_general: float = 0.15
    probability_floor: float = 1e-4
    age_years: float = 10.0
    age_expected_error: float = 0.0
    outlier_mads: float = 3.0
    outlier_min_samples: int = 8
    dataset_cause_share: float = 0.3
    dataset_cause_min_judged: int = 5
    dataset_cause_min_failed: int = 3
    low_matched_share: float = 0.9
    low_gene_share: float = 0.6
    low_reconstruction_r: float = 0.7
    one_class_share: float = 0.9
    sex_male_cpm: float = 10.0
    sex_female_cpm: float = 3.0
    sex_xist_cpm: float = 10.0
    sex_mixed_chry_cpm: float = 3.0
    sex_min_chry_genes: int = 3
    group_min_cells: int = 20
    cell_correlation: float = 0.1
    judged_fields: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for name in threshold_names():
            _check(name, getattr(self, name))
        for field in sorted(self.judged_fields or ()):
            _check_field(field)
        if self.sex_female_cpm > self.sex_male_cpm:
            raise refuse(
                "bad_threshold",
                f"sex_female_cpm is {self.sex_female_cpm}, above sex_male_cpm "
                f"({self.sex_male_cpm}); a sample could be both.",
                "Set sex_female_cpm to at most sex_male_cpm.",
            )

    @classmethod
    def from_mapping(cls, thresholds: Mapping[str, float]) -> Self:
        """Return the defaults with the named thresholds replaced.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If a name is unknown (the nearest is suggested), or a value is no number or outside
            its range.
        """
        known = threshold_names()
        for name in thresholds:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
                hint = f"Did you mean {near[0]}? " if near else ""
                raise refuse(
                    "unknown_threshold",
                    f"There is no threshold named {name!r}.",
                    f"{hint}The thresholds are: {', '.join(sorted(known))}.",
                    (str(name),),
                )
        return cls(**thresholds)  # type: ignore[arg-type]  # whole numbers are checked to be whole

    def judging(self, judged_fields: Iterable[str] | None) -> Self:
        """Return the settings with only these fields judged; None: all.

        Raises
        ------
        ValueError
            If none is named, or there is no rule to judge one of them by.
        """
        if judged_fields is None:
            return replace(self, judged_fields=None)
        chosen = frozenset(judged_fields)
        if not chosen:
            raise ValueError(
                f"fields names no field, so nothing would be judged. {_NAME_FIELDS} Leave it out "
                "for all of them."
            )
        return replace(self, judged_fields=chosen)

    def judges(self, field: str) -> bool:
        """Tell whether labels of a field may be judged, if there is a rule for it."""
        return self.judged_fields is None or field in self.judged_fields

    def hash(self) -> str:
        """Return ``sha256:`` and 16 hex digits over rules version, thresholds and fields."""
        # 3 and 3.0 are the same threshold, so they must be the same text.
        told: dict[str, object] = {name: float(getattr(self, name)) for name in threshold_names()}
        if self.judged_fields is not None:  # else the hash is that of before they could be chosen
            told["judged_fields"] = sorted(self.judged_fields)
        text = json.dumps({"rules_version": RULES_VERSION, **told}, sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def threshold_names() -> tuple[str, ...]:
    """Return the names of all thresholds, in the order in which they are documented."""
    return tuple(field.name for field in fields(QcSettings) if field.name != "judged_fields")


_NAME_FIELDS = f"The fields that can be judged are: {', '.join(COMPARABLE_FIELDS)}."


def _check_field(name: str) -> None:
    if name not in COMPARABLE_FIELDS:
        near = difflib.get_close_matches(str(name), COMPARABLE_FIELDS, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise ValueError(f"There is no field {name!r} to be judged. {hint}{_NAME_FIELDS}")


def _check(name: str, value: object) -> None:
    if name in _COUNTS:
        expected = "a whole number of at least 1"
    elif name in _SHARES:
        expected = "a number from 0 to 1"
    else:
        expected = "a number of at least 0"
    if name == "probability_floor":
        expected = "a number above 0, at most 1"  # the ratio divides by it
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    number = float(value) if isinstance(value, int | float) else math.nan
    fits = numeric and math.isfinite(number) and number >= 0
    if name in _COUNTS:
        fits = fits and number >= 1 and number.is_integer()
    elif name in _SHARES:
        fits = fits and number <= 1 and (number > 0 or name != "probability_floor")
    if not fits:
        raise refuse(
            "bad_threshold",
            f"The threshold {name} is {value!r}, expected {expected}.",
            "Correct it in the dataset's thresholds, or leave it out for the default.",
            (name,),
        )

"""Why a question about a dataset could not be asked: without this, silence looks like an answer."""

from __future__ import annotations

from dataclasses import dataclass

from gem_assets.labels.words import says_nothing
from gem_assets.qc.batch_tests import LEAST_IN_BATCH
from gem_assets.qc.dataset import COUNTS_HOLD, LABELS_MAY_BE_ELSEWHERE, JudgedDataset, QcInput
from gem_assets.qc.reasons import Status
from gem_assets.qc.settings import QcSettings


@dataclass(frozen=True, slots=True, eq=False)
class Unasked:
    """A judged dataset, of which may be asked why it says nothing.

    Attributes
    ----------
    given
        What it was judged by.
    judged
        What it was judged to be.
    settings
        The thresholds that were used.
    cells
        Whether it is of single cells: much is not looked for in these.
    """

    given: QcInput
    judged: JudgedDataset
    settings: QcSettings
    cells: bool

    def why(self, question: str) -> str | None:
        """Return why a question could not be asked, None if it was.

        Parameters
        ----------
        question
            Name of one of `gem_assets.qc.outcomes.QUESTIONS`.
        """
        return _WHY[question](self)

    def cause(self) -> str | None:
        """Why no common cause was looked for."""
        if not self._n_judged:
            return self._no_label()
        least = self.settings.dataset_cause_min_judged
        if self._n_judged >= least:
            return None
        units = "groups of cells" if self.cells else "samples"
        return f"a common cause shows in {least} judged {units} or more; here {self._n_judged} are."

    def exchanges(self) -> str | None:
        """Why no labels that changed places were looked for."""
        if not self._n_judged:
            return self._no_label()
        if self._named_cause not in LABELS_MAY_BE_ELSEWHERE:
            return "the whole dataset fails for one cause, beside which no label can be placed."
        return None

    def label_issues(self) -> str | None:
        """Why labels were not compared with each other."""
        if (why := self.exchanges()) is not None:
            return why
        # Groups of cells are compared by their verdicts alone.
        if self.cells or self.judged.verdicts["label_quality"].notna().any():
            return None
        return " ".join(self.judged.closed_set_skipped) or "no label could be compared with others."

    def mixtures(self) -> str | None:
        """Why no marker genes of other cells were looked for."""
        if self.cells:
            return "single cells hold too few reads of marker genes; use a doublet finder."
        if self.judged.markers is None:
            return "the raw counts were not read."
        if self._named_cause not in COUNTS_HOLD:
            return "the counts of the whole dataset can't be trusted, so marker genes can't be."
        return None

    def duplicates(self) -> str | None:
        """Why no samples were compared with each other."""
        n, others = len(self.judged.signatures), bool(self.given.others)
        if self.given.aligned is None and not others:
            if self.cells:
                return "single cells are compared with those of other datasets, and there are none."
            return "the aligned counts were not read."
        if not n:
            return "no sample has enough genes to be recognised by."
        return None if n > 1 or others else "there is one sample only."

    def batches(self) -> str | None:
        """Why no batches were compared."""
        if self.cells:
            return "batches of single cells are not compared."
        sheet = self.given.tables["sample_sheet"]
        stated = sheet.loc[sheet["sheet_column"].eq("batch"), "text"].astype(str)
        size = stated[[not says_nothing(text) for text in stated]].value_counts()
        if len(size) < 2:
            return "the sample sheet states no two batches (column batch)."
        if int(size.ge(LEAST_IN_BATCH).sum()) < 2:
            return f"there are no two batches of {LEAST_IN_BATCH} samples or more."
        return None

    @property
    def _n_judged(self) -> int:
        verdicts = self.judged.verdicts
        judged = verdicts["status"].ne(str(Status.NOT_ASSESSED))
        return int(verdicts.loc[judged, "sample_id"].nunique())

    @property
    def _named_cause(self) -> str | None:
        findings = self.judged.findings
        causes = findings.loc[findings["kind"].eq("dataset_cause"), "reason"]
        return str(causes.iloc[0]) if len(causes) else None

    def _no_label(self) -> str:
        if self.given.tables["sample_labels"].empty:
            return "no label is stated."
        return "none of the stated labels could be judged."


_WHY = {
    "no_cause_in_the_dataset": Unasked.cause,
    "no_exchanged_labels": Unasked.exchanges,
    "no_label_issues": Unasked.label_issues,
    "no_mixed_samples": Unasked.mixtures,
    "no_duplicates": Unasked.duplicates,
    "batches_are_comparable": Unasked.batches,
}

"""Single cells of known types: donor by donor, with true labels and with exchanged ones."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gem_assets.counts.readers import read_counts
from gem_assets.embedded.evaluate import CELL_COHORT, CELL_LINEAGES
from gem_assets.labels.columns import STRUCTURE_COLUMNS
from gem_assets.labels.obs import read_obs
from gem_assets.labels.sheet import SampleSheet
from gem_assets.labels.sheet_cells import cells_of_sheet
from gem_assets.labels.table import label_table
from gem_assets.qc.cell_groups import judge_cells
from gem_assets.qc.dataset import JudgedDataset, QcInput
from parts.cohorts import SETTINGS, predict
from parts.label_methods import named
from parts.section import Bound, Section, rate

DATASET = "onek1k"
SUBTYPES: Mapping[str, str] = {
    "cd4nc": "CL:0000624",  # CD4-positive, alpha-beta T cell
    "bmem": "CL:0000787",  # memory B cell
    "monoc": "CL:0000860",  # classical monocyte
    "mononc": "CL:0000875",  # non-classical monocyte
}
"""The file's own words as exactly as they name a type of cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells with their sheet, and what the model answered about them."""

    sheet: SampleSheet
    tables: Mapping[str, pd.DataFrame]

    def judged(self, words: Mapping[str, str], types: pd.Series | None = None) -> JudgedDataset:
        """Return the judgement on groups of cells.

        Parameters
        ----------
        words
            What the file's words mean.
        types
            Other words of the cells, in the order of the sheet; None: its own.
        """
        frame = self.sheet.frame if types is None else self.sheet.frame.assign(cell_type=types)
        sheet = replace(self.sheet, frame=frame)
        labels = label_table(DATASET, sheet, {"cell_type": words})
        cells = cells_of_sheet(DATASET, sheet, sheet.sample_ids, STRUCTURE_COLUMNS)
        own = {"sample_labels": labels.to_pandas(), "sample_sheet": cells.to_pandas()}
        return judge_cells(QcInput(DATASET, {**self.tables, **own}), SETTINGS)


@dataclass
class Tally:
    """What came of exchanged groups.

    Attributes
    ----------
    wrong, failing, found
        Groups with another lineage's label, those that fail, and those that fail or are named in
        a finding about labels.
    untouched, accused
        The other groups, and those of them that fail.
    """

    wrong: int = 0
    failing: int = 0
    found: int = 0
    untouched: int = 0
    accused: int = 0


def exchanged_cells(shared: Path, *, every: int) -> tuple[Section, list[str]]:
    """Return the section, and a line on each group that was judged wrongly.

    Parameters
    ----------
    shared
        Folder of the cohorts.
    every
        1, or only each n-th exchange.
    """
    cells = _read(shared / CELL_COHORT)
    lines, rows = [], []
    bad: list[str] = []
    for name, words in (("subtypes", SUBTYPES), ("lineages", CELL_LINEAGES)):
        verdicts = _of_groups(cells.judged(words))
        n, counts = len(verdicts), verdicts["status"].value_counts().to_dict()
        passing, failing = counts.get("pass", 0), counts.get("fail", 0)
        lines.append((f"true labels, {name}", f"{n}", rate(passing, n), f"{failing}", ""))
        rows.append({"planted": f"nothing, {name}", "n": n, **counts})
    bad += [f"true: {_told(row)}" for row in verdicts[verdicts["status"].ne("pass")].itertuples()]

    exchanges = _exchanges(cells)[::every]
    tally = Tally()
    for touched, types in exchanges:
        bad += _count(tally, cells.judged(CELL_LINEAGES, types), touched)
    k, m = tally.failing, tally.wrong
    lines += [
        (f"lineages exchanged in a donor x {len(exchanges)}", f"{m}", "", f"{k}", rate(k, m)),
        (
            "the untouched groups beside them",
            f"{tally.untouched:,}",
            "",
            f"{tally.accused}",
            rate(tally.accused, tally.untouched),
        ),
    ]
    rows.append({"planted": "exchanged lineages", "exchanges": len(exchanges), **asdict(tally)})
    section = Section(
        title="Groups of cells: OneK1K",
        about=f"{len(cells.sheet.frame):,} cells of 1,000 genes, 40 donors; groups are one "
        f"donor's cells with one label, of {SETTINGS.group_min_cells} cells or more. The embedded "
        "model was trained on sorted cells of the Human Protein Atlas and saw nothing of these "
        "donors, so that none needs to be left out. Labels are given to the lineage, as far as "
        "1,000 genes tell cells apart; beside it, what comes of the file's own subtypes. "
        "Exchanged are two groups of one donor and different lineages, one exchange a judgement.",
        head=("groups", "n", "pass", "n failing", "fail"),
        lines=tuple(lines),
        bounds=(
            Bound(f"{passing} of {n} true groups pass (all).", passing == n),
            Bound(f"{k} of {m} exchanged groups fail (all).", k == m),
            Bound(
                f"{tally.accused} of {tally.untouched:,} untouched groups fail (none).",
                not tally.accused,
            ),
        ),
        rows=rows,
    )
    return section, bad


def _count(tally: Tally, judged: JudgedDataset, touched: frozenset[str]) -> list[str]:
    """Count one judgement, and return a line on each exchanged group that does not fail."""
    verdicts = _of_groups(judged)
    is_wrong = verdicts.index.isin(list(touched))
    fails = verdicts["status"].eq("fail").to_numpy()
    is_named = verdicts.index.isin(list(named(judged)))
    tally.wrong += int(is_wrong.sum())
    tally.failing += int((is_wrong & fails).sum())
    tally.found += int((is_wrong & (fails | is_named)).sum())
    tally.untouched += int((~is_wrong).sum())
    tally.accused += int((~is_wrong & fails).sum())
    planted = " and ".join(sorted(touched))
    return [f"{planted}: {_told(row)}" for row in verdicts[is_wrong & ~fails].itertuples()]


def _told(row: Any) -> str:
    return (
        f"{row.Index} is {row.status} ({row.reason}, {row.predicted_label} {row.p_top:.2f}, "
        f"label {row.p_compatible:.3f})"
    )


def _read(path: Path) -> Cells:
    raw = read_counts(path).matrix
    sheet = read_obs(path, {"indiv": "donor"}, raw.sample_ids)
    if sheet is None:
        raise ValueError(f"{path} states nothing of its cells")
    tables, _ = predict(DATASET, raw, "sc")
    # Its words of sex are numbers, and ages are not predicted: only the type of cell is judged.
    kept = ["sample_id", "donor", "cell_type"]
    return Cells(replace(sheet, frame=sheet.frame[kept]), tables)


def _of_groups(judged: JudgedDataset) -> pd.DataFrame:
    """Return the verdicts on groups that are large enough."""
    verdicts = judged.verdicts[judged.verdicts["reason"].ne("too_few_cells")]
    return verdicts.set_index("sample_id")


def _exchanges(cells: Cells) -> list[tuple[frozenset[str], pd.Series]]:
    """Return each exchange of two groups of a donor: their names, and the words of all cells."""
    frame = cells.sheet.frame
    donors, types = frame["donor"], frame["cell_type"]
    found = []
    for donor, own in types.groupby(donors, sort=False):
        sizes = own.value_counts()
        for one, other in itertools.combinations(sorted(sizes.index), 2):
            if CELL_LINEAGES[one] == CELL_LINEAGES[other]:
                continue
            if sizes[[one, other]].max() < SETTINGS.group_min_cells:
                continue
            exchanged = {one: other, other: one}
            words = types.mask(donors.eq(donor), types.replace(exchanged))
            found.append((frozenset({f"{donor}: {one}", f"{donor}: {other}"}), words))
    return found

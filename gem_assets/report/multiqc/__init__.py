"""The verdicts for MultiQC, which shows them beside other tools' results on the same samples.

MultiQC takes them in as "custom content" (https://docs.seqera.io/multiqc/custom_content): a JSON
file a section, found by its name ``*_mqc.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gem_assets.qc.summary import headline
from gem_assets.report.multiqc.plots import status_bars, value_heatmaps
from gem_assets.report.multiqc.tables import general_statistics, label_table
from gem_assets.report.multiqc.words import shown
from gem_assets.report.report_input import ReportInput
from gem_assets.report.trust import provenance

Content = Mapping[str, Any]
"""What one file holds, as JSON has it."""


def multiqc_files(given: ReportInput, prefix: str) -> dict[str, Content]:
    """Return what MultiQC should show of a dataset: file names, and what each holds.

    General statistics, a table of the labels, stated against predicted values of each judged
    field, and the number of samples by status and by predicted value. What would be empty is left
    out.

    Parameters
    ----------
    given
        The tables; may be empty but for ``samples``.
    prefix
        Key prefix of the assets. With the dataset's name it is part of every id, file and title,
        so that the files of many datasets can lie in one MultiQC report.
    """
    # MultiQC makes '.' an '_' in its ids, where a.b and a_b would be one.
    name = f"{prefix}-{given.dataset.replace('-', '--').replace('.', '-d')}"
    title = f"{prefix}/{given.dataset}"
    files: dict[str, Content] = {}
    general = general_statistics(given)
    if general is not None:
        # Columns of MultiQC's own table, which has a title of its own.
        files["general"] = {"namespace": name, **general}
    sections = {"labels": label_table(given), "status": status_bars(given)}
    sections |= {f"stated_{field}": section for field, section in value_heatmaps(given)}
    for kind, section in sections.items():
        if section is not None:
            files[kind] = {
                "parent_id": name,
                "parent_name": f"GEM metadata QC: {title}",
                "parent_description": _about(given),
                **section,
                "section_name": f"{section['section_name']} ({title})",
                "pconfig": {
                    "id": f"{name}-{kind}-plot",
                    "title": f"{title}: {section['section_name']}",
                    **section["pconfig"],
                },
            }
    return {
        f"{name}-{kind}_mqc.json": {"id": f"{name}-{kind}", **content}
        for kind, content in files.items()
    }


def _about(given: ReportInput) -> str:
    """Return what is true of all sections: how much is flagged, and who says so."""
    said = (
        headline(given.samples, given.unit.one, given.unit.several)
        if given.labelled
        else "No labels were stated, so nothing was judged."
    )
    return shown(f"{said} {provenance(given)}")

"""All that is known of each sample that the page lists: what its panel shows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.latent_vectors import coordinates
from gem_assets.qc.open_findings import open_findings
from gem_assets.qc.reasons import EXPLANATIONS, STATUS_ORDER
from gem_assets.qc.sentences import probability
from gem_assets.report.chances import Chances
from gem_assets.report.finding_groups import kind_title
from gem_assets.report.neighbours import NEIGHBOURS, chosen_space, nearest
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import (
    STATUS_WORDS,
    field_words,
    number_or_none,
    share,
    stated_word,
    stated_words,
    text_or_none,
)

Record = dict[str, Any]
"""What goes into the page as JSON: texts, numbers, lists and records of these."""

NEIGHBOUR_FIELDS = ("tissue", "cell_type", "cell_line", "sex", "sample_type")
"""A neighbour is named by the first of these fields that its dataset has labels of."""

MAX_NAMED = 5_000
"""Samples of one finding that are told of it: one on a whole dataset says nothing of a sample."""

_FIELD_ORDER = {field.name: i for i, field in enumerate(FIELDS)}


def page_data(given: ReportInput, sample_ids: Sequence[str], shown: Chances) -> Record:
    """Return what the page's script reads.

    Parameters
    ----------
    given
        The dataset's tables.
    sample_ids
        Samples, or groups of cells, that the page lists, in its order.
    shown
        The result of :func:`gem_assets.report.chances.chances` on them.

    Returns
    -------
    dict
        ``unit`` and ``units``, what a sample and several are called; ``statuses``, their words;
        ``why``, the sentence of each
        reason; ``findings``, each as title, sentence and whether it was reviewed; ``samples``, a
        record of each; ``words``, the values that these name by their places, since a few hundred
        names are told ten thousand times. What a sample's row of the table says, its sentence, is
        read from there.
    """
    wanted = set(sample_ids)
    words = _Words()
    fields = _fields(given, wanted, shown, words)
    markers, quality = _markers(given, wanted), _quality(given, wanted)
    near, (findings, named) = _neighbours(given, sample_ids, words), _findings(given, wanted)
    rows = given.samples[given.samples["sample_id"].isin(wanted)].drop_duplicates("sample_id")
    said = {str(row["sample_id"]): row for row in rows.to_dict("records")}
    return {
        "unit": given.unit.one,
        "units": given.unit.several,
        "statuses": STATUS_WORDS,
        "why": {str(reason): sentence for reason, sentence in EXPLANATIONS.items()},
        "findings": findings,
        "samples": [
            {
                "id": sample,
                **_said(said[sample], labelled=given.labelled),
                "fields": fields.get(sample, []),
                "markers": markers.get(sample, []),
                "near": near.get(sample, []),
                "findings": named.get(sample, []),
                "quality": quality.get(sample, []),
            }
            for sample in sample_ids
        ],
        "words": list(words.places),
    }


class _Words:
    """Texts, each kept once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Return the place of a text, which is added if it is new."""
        return self.places.setdefault(text, len(self.places))


def _said(row: Mapping[Hashable, object], *, labelled: bool) -> Record:
    if not labelled:
        return {"status": "", "next": ""}
    return {
        "status": str(row["status"]),
        "next": text_or_none(row["suggestion"]) or "",
    }


def _fields(
    given: ReportInput, wanted: set[str], shown: Chances, words: _Words
) -> dict[str, list[Record]]:
    """Return the fields of each sample, the worst first, then those that have no label."""
    found: dict[tuple[str, str], Record] = {}
    verdicts = given.verdicts[given.verdicts["sample_id"].isin(wanted)]
    for row in verdicts.to_dict("records"):
        key = (str(row["sample_id"]), str(row["field"]))
        found[key] = {
            "name": field_words(key[1]),
            "stated": stated_word(row),
            "found": text_or_none(row["predicted_label"]) or text_or_none(row["predicted_id"]),
            "status": str(row["status"]),
            "why": str(row["reason"]),
            "p": _p(row["p_top"]),
            "fit": _p(row.get("p_compatible")),
            "by": text_or_none(row["reviewed_by"]),
        }
    predicted = given.predicted_of_units
    predicted = predicted[predicted["sample_id"].isin(wanted)]
    for row in predicted.to_dict("records"):
        key = (str(row["sample_id"]), str(row["field"]))
        answer = text_or_none(row["predicted_label"]) or text_or_none(row["predicted_id"])
        if key not in found and answer is not None:
            found[key] = {
                "name": field_words(key[1]),
                "found": answer,
                "p": _p(row["probability"]),
            }
    by_sample: dict[str, list[Record]] = {}
    for key in sorted(found, key=lambda key: (_badness(found[key]), _place(key[1]))):
        bars = [
            [words.place(c.name), c.p, c.text, *([1] if c.stated else [])]
            for c in shown.get(key, ())
        ]
        told = {name: value for name, value in found[key].items() if value is not None}
        by_sample.setdefault(key[0], []).append(told | {"bars": bars})
    return by_sample


def _badness(told: Record) -> int:
    return -STATUS_ORDER.index(told["status"]) if "status" in told else 1


def _place(field: str) -> int:
    return _FIELD_ORDER.get(field, len(_FIELD_ORDER))


def _p(value: object) -> str | None:
    p = number_or_none(value)
    return None if p is None else probability(p)


def _markers(given: ReportInput, wanted: set[str]) -> dict[str, list[list[str]]]:
    """Return the marker genes of each sample: what is looked at, and what it says."""
    found: dict[str, list[list[str]]] = {}
    if given.markers is not None:
        own = given.markers[given.markers["sample_id"].isin(wanted)]
        for row in own.to_dict("records"):
            genes = int(cast("int", row["chry_genes_present"]))
            levels = (
                ("XIST", _cpm(row["xist_cpm"])),
                (
                    f"Chromosome Y, mean of {genes} genes",
                    _cpm(row["chry_cpm"]),
                ),
                ("Haemoglobin, HBA1 + HBA2 + HBB", _cpm(row.get("haemoglobin_cpm"))),
            )
            told = [[name, cpm] for name, cpm in levels if cpm is not None]
            found[str(row["sample_id"])] = [*told, ["Sex", str(row["sentence"])]]
    if given.votes is not None:
        own = given.votes[given.votes["sample_id"].isin(wanted)]
        for sample, sentence in zip(own["sample_id"], own["sentence"], strict=True):
            found.setdefault(str(sample), []).append(["Tissue", str(sentence)])
    return found


def _cpm(value: object) -> str | None:
    cpm = number_or_none(value)
    return None if cpm is None else f"{cpm:,.1f} CPM"


def _quality(given: ReportInput, wanted: set[str]) -> dict[str, list[list[str]]]:
    """Return how well each sample could be read and understood."""
    if given.quality is None:
        return {}
    found = {}
    for row in given.quality[given.quality["sample_id"].isin(wanted)].to_dict("records"):
        matched, r = (number_or_none(row[name]) for name in ("matched_share", "reconstruction_r"))
        told = (
            ("Reads on the model's genes", None if matched is None else share(matched)),
            ("Reconstruction, r of log counts", None if r is None else f"{r:.3f}"),
        )
        found[str(row["sample_id"])] = [[name, text] for name, text in told if text is not None]
    return found


def _neighbours(
    given: ReportInput, sample_ids: Sequence[str], words: _Words
) -> dict[str, list[list[Any]]]:
    """Return the nearest samples of each: name, distance, stated and predicted label."""
    latents = chosen_space(given.latents_of_units)
    names = [str(name) for name in latents["sample_id"]]
    place = {name: i for i, name in enumerate(names)}
    asked = [sample for sample in sample_ids if sample in place]
    if not asked:
        return {}
    rows = np.array([place[sample] for sample in asked], dtype=np.intp)
    places, distances = nearest(coordinates(latents), rows, NEIGHBOURS)
    stated, predicted = _labels(given)
    return {
        sample: [
            [
                names[i],
                round(float(d), 3),
                *(words.place(of.get(names[i], "")) for of in (stated, predicted)),
            ]
            for i, d in zip(near, far, strict=True)
        ]
        for sample, near, far in zip(asked, places, distances, strict=True)
    }


def _labels(given: ReportInput) -> tuple[dict[str, str], dict[str, str]]:
    """Return by sample the stated and the predicted value that a neighbour is named by."""
    stated, answers = given.verdicts, given.predicted_of_units
    known = set(stated["field"]) if len(stated) else set(answers["field"])
    field = next((name for name in NEIGHBOUR_FIELDS if name in known), "")
    stated = stated[stated["field"].eq(field)]
    answers = answers[answers["field"].eq(field)]
    answer = answers["predicted_label"].astype(object)
    answer = answer.where(answer.notna(), answers["predicted_id"]).dropna()
    ids = answers.loc[answer.index, "sample_id"]
    return (
        {
            str(s): str(text)
            for s, text in zip(stated["sample_id"], stated_words(stated), strict=True)
        },
        {str(s): str(text) for s, text in zip(ids, answer, strict=True)},
    )


def _findings(given: ReportInput, wanted: set[str]) -> tuple[list[Record], dict[str, list[int]]]:
    """Return the findings that name a sample of the page, and for each sample their places."""
    if given.findings.empty:
        return [], {}
    still_open = set(open_findings(given.findings, given.verdicts).index)
    told: list[Record] = []
    named: dict[str, list[int]] = {}
    for place, row in given.findings.iterrows():
        samples = wanted.intersection(map(str, row["sample_ids"]))
        if not samples or len(row["sample_ids"]) > MAX_NAMED:
            continue
        for sample in samples:
            named.setdefault(sample, []).append(len(told))
        told.append(
            {
                "title": kind_title(str(row["kind"])),
                "sentence": str(row["sentence"]),
                "reviewed": place not in still_open,
            }
        )
    return told, named

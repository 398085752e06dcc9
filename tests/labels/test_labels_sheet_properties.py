"""What holds for any sample sheet."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gem_assets.labels.alias_file import read_alias_file
from gem_assets.labels.columns import KNOWN_COLUMNS, SYNONYMS, meaning_of
from gem_assets.labels.matching import match_samples
from gem_assets.labels.sheet import read_sample_sheet, sheet_formats
from gem_assets.labels.sheet_file import SheetText
from gem_assets.problems import RefusedInputError, Severity

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8
).map(str.strip)
_FORMULA = st.tuples(st.sampled_from("=+-@'"), _TEXT).map(lambda pair: pair[0] + pair[1].strip())
_CELL = st.one_of(_TEXT, _FORMULA, st.sampled_from(["NA", "", "=1+1", '="001"', "-5", "@x"]))
_NAMES = st.lists(_TEXT.filter(bool), min_size=1, max_size=6, unique=True)


def read(content: bytes, name: str = "samples.csv", **options):
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read_sample_sheet(path, **options)


def read_or_refuse(content: bytes):
    try:
        return read(content)
    except RefusedInputError as refusal:
        return refusal


@given(st.data(), st.sampled_from("\t,;"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_every_cell_survives_as_text(data, delimiter, encoding) -> None:
    names = data.draw(_NAMES)
    rows = [[name, data.draw(_CELL), data.draw(_CELL)] for name in names]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["sample_id", "tissue", "note"], *rows])
    content = text.getvalue().encode(encoding)
    if data.draw(st.booleans()):
        content = gzip.compress(content, mtime=0)
    sheet = read(content)
    assert sheet.frame.to_numpy().tolist() == rows
    assert list(sheet.frame.columns) == ["sample_id", "tissue", "note"]


@given(st.text(max_size=200), st.sampled_from(["", "!Sample_geo_accession\t", "Run\tBioSample\n"]))
def test_any_text_is_read_or_refused_in_words(text, beginning) -> None:
    content = (beginning + text).encode("utf-8", "surrogatepass")
    found = read_or_refuse(content)
    if isinstance(found, RefusedInputError):
        assert all(problem.sentence and problem.action for problem in found.problems)
    else:
        assert len(set(found.sample_ids)) == len(found.frame) > 0


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused_in_words(content) -> None:
    assert read_or_refuse(content) is not None


@given(st.text(max_size=80))
def test_recognising_never_raises(text) -> None:
    assert any(one.recognises(SheetText(text, "x")) for one in sheet_formats())


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.randoms())
def test_lanes_give_the_same_sheet_in_any_order(lanes, random) -> None:
    tissue = {"a": "liver", "b": "lung", "c": "NA"}
    rows = [f"{name},{name}_{i}.fq.gz,,auto,{tissue[name]}" for i, name in enumerate(lanes)]
    header = "sample,fastq_1,fastq_2,strandedness,tissue"
    straight = read("\n".join([header, *rows]).encode())
    random.shuffle(rows)
    shuffled = read("\n".join([header, *rows]).encode())
    columns = ["sample_id", "tissue"]
    assert (
        straight.frame[columns].sort_values("sample_id").to_numpy().tolist()
        == shuffled.frame[columns].sort_values("sample_id").to_numpy().tolist()
    )


@given(st.lists(st.permutations(["tissue: liver", "sex: male", "age: 60 y"]), min_size=1))
def test_the_order_of_characteristics_means_nothing(orders) -> None:
    accessions = "\t".join(f'"GSM{i}"' for i in range(len(orders)))
    lines = [f"!Sample_geo_accession\t{accessions}"]
    lines += [
        "!Sample_characteristics_ch1\t" + "\t".join(f'"{order[k]}"' for order in orders)
        for k in range(3)
    ]
    frame = read("\n".join(lines).encode()).frame
    assert set(frame["tissue"]) == {"liver"}
    assert set(frame["sex"]) == {"male"}
    assert set(frame["age_years"]) == {"60 y"}


@given(_NAMES, _NAMES)
def test_samples_are_matched_exactly_or_told(in_sheet, in_counts) -> None:
    problems = match_samples(in_sheet, in_counts)
    common = set(in_sheet) & set(in_counts)
    refused = any(problem.severity is Severity.ERROR for problem in problems)
    assert refused == (not common)
    told = {problem.code: set(problem.where) for problem in problems}
    if common:
        assert told.get("samples_without_row", set()) == set(in_counts) - common
        assert told.get("rows_without_sample", set()) == set(in_sheet) - common


@pytest.mark.parametrize(
    ("sheet", "counts", "suggestion"),
    [
        ("S1", "S1_S1_L001", "'S1': 'S1_S1_L001'"),
        ("S1", "S1_S12_L001_R1_001", "'S1': 'S1_S12_L001_R1_001'"),
        ("donor-3", "DONOR.3.sorted.bam", "'donor-3': 'DONOR.3.sorted.bam'"),
        ("a1", "a1Aligned.sortedByCoord.out.bam", "'a1': 'a1Aligned.sortedByCoord.out.bam'"),
        ("a1", "a1_ReadsPerGene.out.tab", "'a1': 'a1_ReadsPerGene.out.tab'"),
        ("a1.fastq.gz", "a1", "'a1.fastq.gz': 'a1'"),
        ("LIVER", "GSM123_liver.txt.gz", "'LIVER': 'GSM123_liver.txt.gz'"),
        ("10-A", "X10.A", "'10-A': 'X10.A'"),
    ],
)
def test_what_programs_append_to_a_name_is_suggested_and_not_applied(
    sheet, counts, suggestion
) -> None:
    (problem,) = match_samples([sheet], [counts])
    assert problem.where == (suggestion,)
    assert problem.severity is Severity.ERROR


def test_lanes_of_a_sample_are_suggested_together() -> None:
    (problem,) = match_samples(["S1"], ["S1_L001", "S1_L002", "S10_L001"])
    assert problem.where == ("'S1': one of 'S1_L001', 'S1_L002'",)
    (problem,) = match_samples(["S1"], [f"S1_L{i:03}" for i in range(20)])
    assert problem.where == ()


@given(st.sampled_from(sorted(SYNONYMS)), st.data())
def test_a_synonym_is_known_in_any_case_and_punctuation(ours, data) -> None:
    name = data.draw(st.sampled_from(SYNONYMS[ours]))
    joint = data.draw(st.sampled_from([" ", "_", ".", "-", "  "]))
    case = data.draw(st.sampled_from([str.upper, str.title, str.lower]))
    assert meaning_of(case(name).replace(" ", joint)).column == ours


def test_no_name_means_two_things() -> None:
    names = [name for names in SYNONYMS.values() for name in names]
    assert len(names) == len(set(names))
    for name in KNOWN_COLUMNS:
        assert meaning_of(name).column == name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *[("age", None), ("Age (years)", "years"), ("AGE_MONTHS", "months"), ("age [wk]", "weeks")],
        *[("donor age", None), ("age at sample collection (days)", "days"), ("age.in.y", "years")],
    ],
)
def test_ages_are_known_with_their_unit(name, unit) -> None:
    meaning = meaning_of(name)
    assert (meaning.column, meaning.unit) == ("age_years", unit)


@pytest.mark.parametrize("name", ["age at diagnosis", "age of onset", "stage", "cage", "page"])
def test_ages_at_other_times_are_none(name) -> None:
    assert meaning_of(name) is None


@given(
    st.dictionaries(
        st.sampled_from(["tissue", "sex"]),
        st.dictionaries(_TEXT.filter(bool), _TEXT.filter(bool), min_size=1, max_size=4),
        min_size=1,
    )
)
def test_an_alias_file_is_read_as_it_was_written(aliases) -> None:
    folded = [(f, " ".join(t.casefold().split())) for f, ts in aliases.items() for t in ts]
    assume(len(folded) == len(set(folded)))
    text = io.StringIO()
    rows = [(f, t, term) for f, texts in aliases.items() for t, term in texts.items()]
    csv.writer(text).writerows([("Field", "Text", "Term"), *rows])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "aliases.csv"
        path.write_text(text.getvalue(), "utf-8")
        assert read_alias_file(path) == aliases

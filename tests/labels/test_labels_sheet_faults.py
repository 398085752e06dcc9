"""What is wrong with a sheet is said in words: which file, which line, and what to do."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from gem_assets.labels import sheet_file
from gem_assets.labels.alias_file import read_alias_file
from gem_assets.labels.sheet import read_sample_sheet
from gem_assets.labels.statements import stated_labels
from gem_assets.problems import RefusedInputError, Severity


@pytest.fixture
def sheet_of(tmp_path):
    """Return a function that writes a text (or bytes) to a sheet and reads it."""

    def read(content: str | bytes, name: str = "samples.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_sample_sheet(path, **options)

    return read


def refusal_of(read, *args, **options) -> str:
    with pytest.raises(RefusedInputError) as refusal:
        read(*args, **options)
    return str(refusal.value)


def archive(*names: str, first: bytes = b"") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("mimetype", first)
        for name in names:
            file.writestr(name, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (archive("xl/workbook.xml"), "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "an Excel workbook"),
        (
            archive(first=b"application/vnd.oasis.opendocument.spreadsheet"),
            "an OpenDocument workbook",
        ),
        (archive("readme.txt"), "a zip archive"),
    ],
)
def test_workbooks_are_refused_with_how_to_save_them(sheet_of, content, what) -> None:
    told = refusal_of(sheet_of, content, "samples.xlsx")
    assert what in told
    assert "CSV UTF-8 (comma delimited)" in told


def test_unicode_text_of_excel_is_read_and_told(sheet_of) -> None:
    sheet = sheet_of("sample_id\ttissue\r\nÅ1\tliver\r\n".encode("utf-16"))
    assert sheet.sample_ids == ("Å1",)
    assert "UTF-16" in sheet.notes[0]


def test_a_line_that_is_not_utf_8_is_shown(sheet_of) -> None:
    told = refusal_of(sheet_of, "sample_id,tissue\nMüller,liver\n".encode("latin-1"))
    assert "line 2: byte 0xfc is not UTF-8" in told
    assert "'Müller,liver'" in told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("My study\nsample_id,tissue\nA,liver\n", "holds only 'My study', but line 2 has 2 cells"),
        ("My study,,\nsample_id,tissue,sex\nA,liver,male\n", "Delete the lines above the header"),
        ("sample_id,labels,\nA,liver,male\n", "line 2: 3 cells, but the header has 2 columns"),
        ("sample_id,,labels\nA,liver,male\n", "(merged header cells are saved so)"),
        ("sample_id,sex,sex\nA,male,male\n", "occurs more than once (columns 2, 3)"),
        ("sample_id,tissue\nA,liver\n,lung\n", "merged cells are saved as one name"),
        ("x,tissue\nA,liver\n", "has no column 'sample_id'; it has: x, tissue"),
    ],
)
def test_what_spreadsheets_leave_behind_is_said(sheet_of, text, sentence) -> None:
    assert sentence in refusal_of(sheet_of, text)


def test_the_column_that_holds_the_samples_is_suggested(sheet_of) -> None:
    told = refusal_of(sheet_of, "patient,lib,tissue\np1,A,x\np2,B,x\n", sample_ids=["A", "B", "C"])
    assert "Its column 'lib' holds 2 of the 3 samples of the counts" in told
    assert "'columns: {lib: sample_id}'" in told


@pytest.mark.parametrize(
    "text",
    [
        ",tissue,sex\nA,liver,male\nB,lung,female\n",
        '"tissue","sex"\n"A","liver","male"\n"B","lung","female"\n',
        "tissue\tsex\nA\tliver\tmale\nB\tlung\tfemale\n",
        "Unnamed: 0,tissue,sex\nA,liver,male\nB,lung,female\n",
        "Sample Name,organ,Gender\nA,liver,male\nB,lung,female\n",
        "SAMPLE,Body_Site,patient.sex\nA,liver,male\nB,lung,female\n",
    ],
    ids=["pandas", "R without a corner", "R by tabs", "pandas twice", "synonyms", "more synonyms"],
)
def test_row_names_and_synonyms_are_understood_and_told(sheet_of, text) -> None:
    sheet = sheet_of(text)
    assert list(sheet.frame.columns) == ["sample_id", "tissue", "sex"]
    assert sheet.frame.to_numpy().tolist() == [["A", "liver", "male"], ["B", "lung", "female"]]
    assert any("as sample_id" in note for note in sheet.notes)


def test_of_several_names_the_one_of_the_counts_is_taken(sheet_of) -> None:
    text = "Sample,Run,tissue\nliver 1,R1,liver\nliver 2,R2,liver\n"
    assert sheet_of(text).sample_ids == ("liver 1", "liver 2")
    assert sheet_of(text, sample_ids=["R2", "R3"]).sample_ids == ("R1", "R2")


def test_the_column_that_the_dataset_names_is_taken_whatever_the_counts_say(sheet_of) -> None:
    text = "Run,BioSample,BioProject,sample_id,tissue\nR1,S1,P,x,liver\n"
    assert sheet_of(text, sample_ids=["R1"]).sample_ids == ("R1",)
    assert "sample_id (not read)" in sheet_of(text, sample_ids=["R1"]).frame
    assert sheet_of(text).sample_ids == ("x",)


def test_units_in_the_header_are_units_of_the_cells(sheet_of) -> None:
    sheet = sheet_of("sample_id,Age (months)\nA,18\nB,2 years\nC,NA\n")
    assert list(sheet.frame["age_years"]) == ["18 months", "2 years", "NA"]
    sheet = sheet_of("sample_id,donor_age_years\nA,60\n")
    assert list(sheet.frame["age_years"]) == ["60"]
    sheet = sheet_of("sample_id,x (days)\nA,60\n", columns={"x (days)": "age_years"})
    assert list(sheet.frame["age_years"]) == ["60"]


def test_a_more_exact_column_does_not_disagree(sheet_of) -> None:
    sheet = sheet_of("sample_id,tissue,organ\nA,hippocampus,brain\nB,,lung\nC,liver,kidney\n")
    assert list(sheet.frame["tissue"]) == ["hippocampus", "lung", "liver"]
    (problem,) = sheet.problems
    assert problem.where == ("line 4",)
    assert "('liver', 'kidney'). 'tissue' is taken" in problem.sentence
    only = sheet_of("sample_id,a,organ\nA,liver,kidney\n", columns={"a": "tissue"})
    assert (list(only.frame["tissue"]), only.problems) == (["liver"], ())


def test_patients_that_differ_in_two_columns_are_told(sheet_of) -> None:
    (problem,) = sheet_of("sample_id,patient,subject_id\nA,p1,s1\n").problems
    assert problem.code == "sample_sheet_columns_disagree"


def test_cells_that_look_merged_are_told_and_not_filled(sheet_of) -> None:
    sheet = sheet_of("sample_id,tissue,sex\nA,liver,m\nB,,f\nC,,f\nD,lung,m\nE,,m\n")
    assert list(sheet.frame["tissue"]) == ["liver", "", "", "lung", ""]
    (problem,) = sheet.problems
    assert problem.code == "sample_sheet_merged_cells"
    assert "filled in lines 2, 5 only" in problem.sentence
    for tissues in (["", "a", "", ""], ["a", "b", "", ""], ["a", "", "a", ""], ["a", "", "b", "c"]):
        rows = "".join(f"S{i},{t}\n" for i, t in enumerate(tissues))
        assert sheet_of(f"sample_id,tissue\n{rows}").problems == ()


@pytest.mark.parametrize(
    ("organism", "outcome"),
    [
        ("Homo sapiens", None),
        ("9606", None),
        ("NCBITaxon:9606", None),
        ("", None),
        ("human (Homo sapiens)", None),
        ("human; Homo sapiens", None),
        ("Homo sapiens; Mus musculus", Severity.WARNING),
        ("mouse", Severity.ERROR),
        ("10090", Severity.ERROR),
    ],
)
def test_only_human_samples_are_taken(sheet_of, organism, outcome) -> None:
    text = f"sample_id,Species\nA,{organism}\n"
    if outcome is Severity.ERROR:
        assert "not human: line 2" in refusal_of(sheet_of, text)
        return
    problems = sheet_of(text).problems
    assert [p.code for p in problems] == (["sample_sheet_mixed_organisms"] if outcome else [])


def test_rows_without_a_name_are_left_out_where_rows_are_runs(sheet_of) -> None:
    header = "Source Name\tComment[ENA_RUN]\tCharacteristics[sex]\n"
    text = f"{header}a\tR1\tmale\nb\t\tfemale\n"
    sheet = sheet_of(text, sample_ids=["R1"])
    assert sheet.sample_ids == ("R1",)
    assert "1 row(s) name no sample and are left out." in sheet.notes
    told = refusal_of(sheet_of, f"{header}\t\tmale\n", columns={"Comment[ENA_RUN]": "sample_id"})
    assert "no row names a sample" in told


def test_more_than_ten_lines_are_cut(sheet_of) -> None:
    rows = "".join(f"S{i},mouse\n" for i in range(12))
    told = refusal_of(sheet_of, f"sample_id,species\n{rows}")
    assert "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...." in told


def test_what_unpacks_without_end_is_refused(sheet_of, monkeypatch) -> None:
    monkeypatch.setattr(sheet_file, "MAX_SHEET_BYTES", 1000)
    assert "more than 0 MiB of text" in refusal_of(sheet_of, gzip.compress(b"x" * 2000, mtime=0))
    assert "more than 0 MiB of text" in refusal_of(sheet_of, b"x" * 2000)


def test_a_folder_is_no_sheet(tmp_path) -> None:
    assert "is a folder" in refusal_of(read_sample_sheet, tmp_path)


def test_a_quotation_mark_in_the_header_that_is_not_closed_is_refused(sheet_of) -> None:
    assert "quotation mark" in refusal_of(sheet_of, '"sample_id,tissue\nA,liver')


def test_a_cell_that_has_no_end_is_refused(sheet_of) -> None:
    told = refusal_of(sheet_of, f"sample_id,{'x' * 200_000}\nA,b\n")
    assert "line 1: field larger than field limit" in told


# ------------------------------------------------------------------ alias files


def test_a_datasets_words_may_be_in_a_file(tmp_path) -> None:
    (tmp_path / "samples.csv").write_text("sample_id,tissue\na,Biopsy A\nb,biopsy b\n")
    aliases = tmp_path / "aliases.tsv"
    aliases.write_text(
        "term\tfield\ttext\twho\nUBERON:0002107\ttissue\tbiopsy a\tme\nlung\ttissue\tBiopsy B\t\n"
        "lung\ttissue\tBIOPSY B\t\n"
    )
    stated = stated_labels("d", tmp_path / "samples.csv", ("a", "b"), aliases=aliases)
    assert stated.table["provided_label"].to_pylist() == ["liver", "lung"]
    assert stated.resolutions() == {"alias": 2}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("field,text\ntissue,x\n", "has no column 'term'; it has: field, text"),
        ("a,b,c\n1,2,3\n", "no column 'field' and no column 'text' and no column 'term'"),
        ("field,text,term\ntissue,,liver\n", "line 2: field, text and term must all be filled"),
        (
            "field,text,term\ntissue,x,liver\ntissue,X,lung\n",
            "lines 2 and 3: 'X' of tissue stands for both 'liver' and 'lung'",
        ),
    ],
)
def test_alias_files_that_can_not_be_meant_are_refused(tmp_path, text, sentence) -> None:
    path = tmp_path / "aliases.csv"
    path.write_text(text)
    assert sentence in refusal_of(read_alias_file, path)


def test_aliases_of_a_file_must_name_terms(tmp_path) -> None:
    (tmp_path / "samples.csv").write_text("sample_id,tissue\na,x\n")
    (tmp_path / "aliases.csv").write_text("field,text,term\ntisue,x,liver\n")
    told = refusal_of(
        stated_labels, "d", tmp_path / "samples.csv", ("a",), aliases=tmp_path / "aliases.csv"
    )
    assert "Did you mean 'tissue'?" in told

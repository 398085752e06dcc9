"""Reading sample sheets, matching them with counts, and the table of labels."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from upath import UPath

from gem_assets.labels.matching import match_samples
from gem_assets.labels.sheet import read_sample_sheet
from gem_assets.labels.table import label_problems, label_table
from gem_assets.problems import RefusedInputError, Severity


@pytest.fixture
def sheet_of(tmp_path):
    """Return a function that writes a text (or bytes) to a sheet and reads it."""

    def read(content: str | bytes, name: str = "samples.csv", columns=None):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_sample_sheet(path, columns)

    return read


def refusal_of(read, *args, **kwargs) -> str:
    with pytest.raises(RefusedInputError) as refusal:
        read(*args, **kwargs)
    return str(refusal.value)


def test_a_cell_stays_the_text_it_is(sheet_of):
    sheet = sheet_of("sample_id,tissue,age_years\n001,NA,60\nS2, liver ,\n")
    assert sheet.frame.to_dict("list") == {
        "sample_id": ["001", "S2"],
        "tissue": ["NA", "liver"],
        "age_years": ["60", ""],
    }
    assert sheet.sample_ids == ("001", "S2")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfsample_id,tissue\r\nA,liver\r\n\r\nB,kidney\r\n",
        b"sample_id\ttissue\nA\tliver\nB\tkidney",
        b"sample_id;tissue\nA;liver\n;\nB;kidney\n",
        b"sample_id,tissue,,\nA,liver,,\nB,kidney,,\n",
        b"\nsample_id,tissue\rA,liver\rB,kidney\r",
        gzip.compress(b"sample_id,tissue\nA,liver\nB,kidney\n", mtime=0),
        b'sample_id,tissue\n"A","liver"\nB,"kidney"\n',
    ],
    ids=["bom and CRLF", "tabs", "semicolons", "Excel's tail", "old Mac", "gzip", "quotes"],
)
def test_every_common_dialect_reads_alike(sheet_of, content):
    sheet = sheet_of(content)
    assert list(sheet.frame.columns) == ["sample_id", "tissue"]
    assert sheet.frame.to_numpy().tolist() == [["A", "liver"], ["B", "kidney"]]


def test_a_sheet_is_read_from_any_file_system():
    path = UPath("memory://labels/samples.csv")
    path.write_text("sample_id,sex\nA,male\n")
    assert read_sample_sheet(path).sample_ids == ("A",)


def test_columns_of_nobody_are_kept_and_near_misses_are_told(sheet_of):
    sheet = sheet_of("sample_id,tisue,treatment,batch\nA,liver,mock,1\n")
    assert sheet.extra_columns == ("tisue", "treatment")
    (problem,) = sheet.problems
    assert problem.where == ("tisue",)
    assert "ours is 'tissue'" in problem.sentence
    assert problem.severity is Severity.WARNING


def test_a_datasets_own_column_names_become_ours(sheet_of):
    sheet = sheet_of(
        "run,body_site\nA,liver\n", columns={"run": "sample_id", "body_site": "tissue"}
    )
    assert list(sheet.frame.columns) == ["sample_id", "tissue"]


def test_a_column_that_has_our_name_already_needs_no_other(sheet_of):
    columns = {"run": "sample_id", "body_site": "tissue", "plate": "batch"}
    sheet = sheet_of("sample_id,tissue,plate\nA,liver,1\n", columns=columns)
    assert list(sheet.frame.columns) == ["sample_id", "tissue", "batch"]
    assert sheet.frame.loc[0, "tissue"] == "liver"
    [note] = [note for note in sheet.notes if "'body_site'" in note]
    assert note.endswith(
        "has no column 'body_site', which should be read as 'tissue', but one named 'tissue': that "
        "one is read."
    )
    assert not any("has no column 'plate'" in note for note in sheet.notes)


@pytest.mark.parametrize(
    ("content", "columns", "sentence"),
    [
        ("", None, "is empty"),
        ("sample_id,tissue\n", None, "has a header, but no samples"),
        ("Samples,tissue\nA,liver\n", None, "it has: Samples, tissue. Rename 'Samples'"),
        ("name,tissue\nA,liver\n", None, "Rename 'name' to sample_id"),
        ("foo,bar\nA,liver\n", None, "Name the column that holds the samples' names"),
        ("sample_id,tissue\nA,liver\nB,liver\nA,lung\n", None, "the first is 'A' in lines 2, 4"),
        ("sample_id,tissue\nA,liver\n,lung\n", None, "line 3: the sample_id is empty"),
        ("sample_id,tissue,sex\nA,liver\n", None, "line 2: 2 cells, but the header has 3"),
        ("sample_id,tissue\nA,liver,oops\n", None, "line 2: 3 cells, but the header has 2"),
        ("sample_id,,sex\nA,liver,male\n", None, "column 2 of 3 has no name"),
        ("sample_id,sex,sex\nA,male,male\n", None, "'sex' occurs more than once"),
        ('sample_id,tissue\nA,"liver\n', None, "quotation mark"),
        (b"sample_id,tissue\nA,liver\nB,caf\xe9\n", None, "line 3: byte 0xe9 is not UTF-8"),
        ("sample_id,tissue\nA,liver\n".encode("utf-16-le"), None, "not text: it holds zero bytes"),
        ("sample_id\nA\n".encode("utf-16")[:-1], None, "UTF-16 text, but is damaged"),
        (b"PK\x03\x04rest of a workbook", None, "looks like an Excel workbook"),
        (gzip.compress(b"sample_id\nA\n", mtime=0)[:-6], None, "gzipped, but damaged or cut short"),
        ("sample_id,x\nA,1\n", {"y": "tissue"}, "has no column 'y'"),
        ("sample_id,x,batch\nA,1,2\n", {"y": "tissue"}, "has no column 'y'"),
        ("sample_id,qqqq\nA,1\n", {"y": "qqqq"}, "has no column 'y'"),
        ("sample_id,site\nA,1\n", {"sitee": "tissue"}, "Did you mean 'site'?"),
        ("sample_id,x\nA,1\n", {"x": "tisue"}, "Did you mean 'tissue'?"),
        ("sample_id,x\nA,1\n", {"x": "qqqq"}, "Ours are: sample_id, tissue"),
        ("sample_id,tissue,x\nA,1,2\n", {"x": "tissue"}, "two columns would be read as 'tissue'"),
    ],
)
def test_a_sheet_that_can_not_be_meant_is_refused(sheet_of, content, columns, sentence):
    assert sentence in refusal_of(sheet_of, content, columns=columns)


def test_a_missing_sheet_is_refused(tmp_path):
    assert "no sample sheet at" in refusal_of(read_sample_sheet, tmp_path / "samples.csv")


def test_stated_labels_are_one_row_a_sample_and_field(sheet_of):
    sheet = sheet_of("sample_id,sex,tissue,tissue_ontology_id,disease_ontology_id\nA,M,liver,,X\n")
    expected = pd.DataFrame(
        [
            ("A", "tissue", "liver", ""),
            ("A", "disease", "", "X"),
            ("A", "sex", "M", ""),
        ],
        columns=["sample_id", "field", "provided_text", "provided_id_text"],
    )
    pd.testing.assert_frame_equal(sheet.stated(), expected, check_dtype=False)


def test_a_sheet_that_states_nothing_has_an_empty_table(sheet_of):
    sheet = sheet_of("sample_id,batch\nA,1\n")
    assert sheet.stated().empty
    assert label_table("demo", sheet).num_rows == 0


def test_the_label_table_holds_resolved_and_unresolved_labels(sheet_of):
    sheet = sheet_of(
        "sample_id,tissue,tissue_ontology_id,sex\n"
        "A,Liver,,M\nB,liver;kidney,,\nC,b7,UBERON:0002113,female\nD,b7,,2\n"
    )
    table = label_table("demo", sheet)
    assert table.column_names == [
        *("dataset", "sample_id", "field", "provided_text"),
        *("provided_id", "provided_label", "resolution"),
    ]
    rows = [tuple(row.values())[1:] for row in table.to_pylist()]
    assert rows == [
        ("A", "tissue", "Liver", "UBERON:0002107", "liver", "label"),
        (
            *("B", "tissue", "liver;kidney"),
            *("UBERON:0002107 || UBERON:0002113", "liver || kidney", "label"),
        ),
        ("C", "tissue", "b7", "UBERON:0002113", "kidney", "id"),
        ("D", "tissue", "b7", None, None, "unmapped"),
        ("A", "sex", "M", "male", "male", "synonym"),
        ("B", "sex", "", None, None, "unknown"),
        ("C", "sex", "female", "female", "female", "label"),
        ("D", "sex", "2", None, None, "unmapped"),
    ]
    own = label_table("demo", sheet, {"tissue": {"B7": "lung"}, "sex": {"2": "female"}})
    assert own["provided_label"].to_pylist()[3] == "lung"
    assert own["resolution"].to_pylist()[7] == "alias"


def test_a_label_that_contradicts_its_id_is_told(sheet_of):
    sheet = sheet_of(
        "sample_id,tissue,tissue_ontology_id\n"
        "A,liver,UBERON:0002113\n"  # kidney
        "B,brain,UBERON:0002421\n"  # hippocampal formation: the same, more exactly
        "C,liver,UBERON:9999999\n"
        "D,anything,UBERON:0002107\n"
        "E,liver,NA\n"
    )
    (problem,) = label_problems(sheet)
    assert problem.code == "labels_disagree"
    assert [where.split(":")[0] for where in problem.where] == ["A", "C"]
    assert "A: 'liver', but UBERON:0002113 (kidney)" in problem.sentence
    assert "(unmapped)" in problem.where[1]


def test_labels_that_are_not_understood_are_listed_once(sheet_of):
    texts = "".join(f"S{i},gizzard {i % 7},\n" for i in range(20))
    (problem,) = label_problems(sheet_of(f"sample_id,tissue,sex\n{texts}"))
    assert problem.code == "labels_not_understood"
    assert "7 different value(s) of tissue" in problem.sentence
    assert problem.sentence.endswith("....")
    aliases = {"tissue": {f"gizzard {i}": "stomach" for i in range(7)}}
    assert label_problems(sheet_of(f"sample_id,tissue,sex\n{texts}"), aliases) == ()


def test_the_demonstration_sheets_resolve_without_a_problem(repository):
    for name in ("geuvadis_lcl", "geuvadis_planted", "lncap"):
        sheet = read_sample_sheet(repository / "data" / "bulk" / name / "samples.csv")
        assert label_problems(sheet) == ()
        assert set(label_table(name, sheet)["resolution"].to_pylist()) <= {"id", "label"}


def test_the_cohorts_sheets_resolve_without_a_problem(shared_data):
    for path in sorted((shared_data / "cohorts").glob("*_samples.csv")):
        sheet = read_sample_sheet(path)
        assert label_problems(sheet) == ()
        assert "unmapped" not in label_table("cohort", sheet)["resolution"].to_pylist()


def test_samples_that_match_need_no_words():
    assert match_samples(["A", "B"], ["B", "A"]) == ()


def test_sheets_of_another_dataset_are_refused_with_the_near_misses():
    (problem,) = match_samples(["S-1", "1A", "donor3"], ["s.1", "X1A", "donor3.bam", "zz"])
    assert problem.severity is Severity.ERROR
    assert problem.code == "samples_do_not_match"
    assert problem.where == ("'S-1': 's.1'", "'1A': 'X1A'", "'donor3': 'donor3.bam'")


def test_near_misses_are_not_invented():
    (problem,) = match_samples(["sample1"], ["sample10", "sample11"])
    assert problem.where == ()
    assert "Near misses" not in problem.sentence
    (problem,) = match_samples(["S1"], [])
    assert "first: none" in problem.sentence


def test_samples_without_a_row_and_rows_without_a_sample_are_listed():
    without_row, without_sample = match_samples(["A", "B", "c"], ["A", "C", "D"])
    assert (without_row.code, without_row.where) == ("samples_without_row", ("C", "D"))
    assert (without_sample.code, without_sample.where) == ("rows_without_sample", ("B", "c"))
    assert "'c': 'C'" in without_row.sentence
    assert without_row.severity is without_sample.severity is Severity.WARNING
    (only,) = match_samples(["A"], ["A", "B"])
    assert only.code == "samples_without_row"
    (only,) = match_samples(["A", "B"], ["A"])
    assert only.code == "rows_without_sample"

"""Every format of sample sheets gives the labels that our own sheet of the same cohort gives.

The fixtures are written to each format's documented layout from the cohorts' sheets.
"""

from __future__ import annotations

import csv
import gzip
import io

import pandas as pd
import pytest

from gem_assets.labels.sheet import read_sample_sheet
from gem_assets.labels.table import label_problems, label_table
from gem_assets.problems import RefusedInputError


@pytest.fixture
def bodymap(shared_data) -> pd.DataFrame:
    """Return the sheet of Body Map: tissue, sex and age of 16 samples with accessions."""
    return read_sample_sheet(shared_data / "cohorts" / "bodymap_samples.csv").frame


@pytest.fixture
def lncap(shared_data) -> pd.DataFrame:
    """Return the sheet of seven lanes of a cell line, treated or not."""
    return read_sample_sheet(shared_data / "cohorts" / "lncap_samples.csv").frame


@pytest.fixture
def write(tmp_path):
    """Return a function that writes rows as a delimited file."""

    def write(rows, name="sheet.csv", delimiter=","):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
        path = tmp_path / name
        path.write_text(text.getvalue())
        return path

    return write


def terms(sheet, *fields: str) -> dict[tuple[str, str], str | None]:
    """Return the resolved terms of a sheet by sample and field."""
    rows = label_table("d", sheet).to_pylist()
    return {
        (r["sample_id"], r["field"]): r["provided_id"]
        for r in rows
        if not fields or r["field"] in fields
    }


def own(frame: pd.DataFrame, *fields: str) -> dict[tuple[str, str], str | None]:
    """Return the resolved terms of one of our sheets."""
    from gem_assets.labels.sheet import SampleSheet

    return terms(SampleSheet(frame), *fields)


def refusal_of(*args) -> str:
    with pytest.raises(RefusedInputError) as refusal:
        read_sample_sheet(*args)
    return str(refusal.value)


# ------------------------------------------------------------------ nf-core


def nfcore_rows(frame: pd.DataFrame, lanes: int = 2) -> list[list[str]]:
    rows = [["sample", "fastq_1", "fastq_2", "strandedness", "tissue", "sex", "age_years"]]
    for sample in frame.itertuples():
        for lane in range(1, lanes + 1):
            file = f"{sample.sample_id}_S1_L00{lane}_R"
            files = [f"{file}1_001.fastq.gz", f"{file}2_001.fastq.gz"]
            labels = [sample.tissue, sample.sex, sample.age_years]
            rows.append([sample.sample_id, *files, "auto", *labels])
    return rows


def test_lanes_of_an_nfcore_samplesheet_are_one_sample(bodymap, write) -> None:
    sheet = read_sample_sheet(write(nfcore_rows(bodymap)))
    assert sheet.format == "nfcore"
    assert sheet.sample_ids == tuple(bodymap["sample_id"])
    assert terms(sheet) == own(bodymap.drop(columns="tissue_ontology_id"), "tissue", "sex", "age")
    assert "16 sample(s) have several rows (runs or lanes)" in " ".join(sheet.notes)
    assert sheet.frame["fastq_1"][0] == (
        "Thyroid_S1_L001_R1_001.fastq.gz; Thyroid_S1_L002_R1_001.fastq.gz"
    )


def test_lanes_that_state_different_labels_are_refused_with_their_rows(bodymap, write) -> None:
    rows = nfcore_rows(bodymap)
    rows[4][5] = "female"  # the second lane of Testis
    told = refusal_of(write(rows))
    assert "'Testis' in lines 4, 5: sex is 'male', 'female'" in told


def test_a_lane_that_states_nothing_agrees_with_one_that_does(bodymap, write) -> None:
    rows = nfcore_rows(bodymap)
    rows[4][5] = "NA"
    assert read_sample_sheet(write(rows)).frame["sex"][1] == "male"


# ------------------------------------------------------------------ SDRF


def sdrf_rows(frame: pd.DataFrame) -> list[list[str]]:
    """Two files a run, as ArrayExpress lists the reads of a pair."""
    header = ["Source Name", "Comment[ENA_SAMPLE]", "Characteristics[organism]", "Term Source REF"]
    header += ["Term Accession Number", "Characteristics[organism part]", "Term Source REF"]
    header += ["Term Accession Number", "Characteristics [age]", "Unit[time unit]"]
    header += ["Term Source REF", "Term Accession Number", "Characteristics[sex]", "Protocol REF"]
    header += ["Protocol REF", "Extract Name", "Assay Name", "Comment[ENA_RUN]", "Scan Name"]
    header += ["Factor Value[organism part]"]
    rows = [header]
    for number, sample in enumerate(frame.itertuples()):
        for read in (1, 2):
            run = f"ERR0308{number:02}"
            term = sample.tissue_ontology_id.replace(":", "_")
            source = [f"HCT{number}", sample.accession, "Homo sapiens", "NCBITaxon"]
            tissue = ["NCBITaxon_9606", sample.tissue, "UBERON", term]
            person = [sample.age_years, "year", "UO", "UO_0000036", sample.sex, "P-1", "P-2"]
            files = [sample.sample_id, f"{run}_a", run, f"{run}_{read}.fastq.gz", sample.tissue]
            rows.append([*source, *tissue, *person, *files])
    return rows


def test_an_sdrf_gives_the_labels_of_our_sheet(bodymap, write) -> None:
    sheet = read_sample_sheet(
        write(sdrf_rows(bodymap), "E-MTAB-513.sdrf.txt", "\t"), None, list(bodymap["sample_id"])
    )
    assert sheet.format == "sdrf"
    assert terms(sheet, "tissue", "sex", "age") == own(bodymap, "tissue", "sex", "age")
    assert label_problems(sheet) == ()
    assert sheet.frame["age_years"][0] == "60 year"
    assert any("'Extract Name': it holds 16 of the 16 samples" in note for note in sheet.notes)


@pytest.mark.parametrize(
    ("column", "first"),
    [("Source Name", "HCT0"), ("Comment[ENA_RUN]", "ERR030800"), ("Assay Name", "ERR030800_a")],
)
def test_the_column_that_the_counts_know_names_the_samples(bodymap, write, column, first) -> None:
    rows = sdrf_rows(bodymap)
    place = rows[0].index(column)
    samples = list(dict.fromkeys(row[place] for row in rows[1:]))
    sheet = read_sample_sheet(write(rows, "x.sdrf.txt", "\t"), None, samples)
    assert sheet.sample_ids == tuple(samples)
    assert sheet.sample_ids[0] == first
    assert len(sheet.frame) == 16


def test_without_counts_the_first_node_of_an_sdrf_names_the_samples(bodymap, write) -> None:
    sheet = read_sample_sheet(write(sdrf_rows(bodymap), "x.sdrf.txt", "\t"))
    assert sheet.sample_ids[0] == "HCT0"
    assert any("the first of Source Name, Extract Name" in note for note in sheet.notes)


def test_ages_of_an_sdrf_have_their_unit(write) -> None:
    header = ["Source Name", "Characteristics[age]", "Unit[time unit]"]
    rows = [["a", "18", "month"], ["b", "3", "week"], ["c", "40", ""], ["d", "20 to 30", "year"]]
    sheet = read_sample_sheet(write([header, *rows], "x.txt", "\t"))
    assert terms(sheet) == {
        ("a", "age"): "1.5",
        ("b", "age"): f"{21 / 365.25:g}",
        ("c", "age"): "40",
        ("d", "age"): None,
    }


def test_terms_of_other_ontologies_are_left_to_their_labels(write) -> None:
    header = ["Source Name", "Characteristics[disease]", "Term Source REF", "Term Accession Number"]
    sheet = read_sample_sheet(write([header, ["a", "asthma", "EFO", "EFO_0000270"]], "x.txt", "\t"))
    assert terms(sheet) == {("a", "disease"): "MONDO:0004979"}
    assert label_problems(sheet) == ()
    assert "(EFO) are left out" in sheet.notes[0]


def test_an_experiment_design_of_expression_atlas_is_an_sdrf(write) -> None:
    header = ["Run", "Sample Characteristic[organism part]"]
    header += ["Sample Characteristic Ontology Term[organism part]", "Factor Value[disease]"]
    term = "http://purl.obolibrary.org/obo/UBERON_0002107"
    sheet = read_sample_sheet(write([header, ["ERR1", "liver", term, "normal"]], "d.tsv", "\t"))
    assert sheet.format == "sdrf"
    assert terms(sheet) == {
        ("ERR1", "tissue"): "UBERON:0002107",
        ("ERR1", "disease"): "PATO:0000461",
    }


def test_samples_of_another_organism_are_refused(bodymap, write) -> None:
    rows = sdrf_rows(bodymap)
    for row in rows[1:3]:
        row[2] = "Mus musculus"
    path = write(rows, "x.sdrf.txt", "\t")
    assert "2 row(s) are of 'Mus musculus', not human: lines 2, 3" in refusal_of(path)
    human = [f"HCT{i}" for i in range(1, 16)]
    assert len(read_sample_sheet(path, None, human).frame) == 16  # the counts hold none of them


# ------------------------------------------------------------------ GEO


def geo_text(frame: pd.DataFrame) -> str:
    """Every second sample has its characteristics in another order, as GEO's often have."""
    n = len(frame)
    lines = {
        "title": [f"LNCaP {name}" for name in frame["sample_id"]],
        "geo_accession": [f"GSM{443817 + i}" for i in range(n)],
        "status": ["Public on Sep 01 2009"] * n,
        "source_name_ch1": ["LNCaP cells"] * n,
        "organism_ch1": ["Homo sapiens"] * n,
    }
    keyed = [
        ["cell line: LNCaP", "Sex: male", f"treatment: {t}", "sample type: cell line"]
        for t in frame["treatment"]
    ]
    for i in range(1, n, 2):
        keyed[i] = keyed[i][::-1]
    keyed[0].append("treatment: serum free")
    rows = [(f"!Sample_{name}", cells) for name, cells in lines.items()]
    rows += [
        ("!Sample_characteristics_ch1", [row[k] if k < len(row) else "" for row in keyed])
        for k in range(5)
    ]
    link = "https://www.ncbi.nlm.nih.gov/"
    rows += [
        ("!Sample_relation", [f"BioSample: {link}biosample/SAMN0{i}" for i in range(n)]),
        ("!Sample_relation", [f"SRA: {link}sra?term=SRX00{i}" for i in range(n)]),
        ("!Sample_description", list(frame["sample_id"])),
    ]
    body = "\n".join("\t".join([name, *(f'"{cell}"' for cell in cells)]) for name, cells in rows)
    return (
        '!Series_title\t"Digital expression"\n!Series_geo_accession\t"GSE17782"\n\n'
        f'{body}\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\n!series_matrix_table_end\n'
    )


def test_a_series_matrix_gives_the_labels_of_our_sheet(lncap, tmp_path) -> None:
    path = tmp_path / "GSE17782_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(geo_text(lncap).encode(), mtime=0))
    sheet = read_sample_sheet(path, None, list(lncap["sample_id"]))
    assert sheet.format == "geo_series_matrix"
    assert sheet.sample_ids == tuple(lncap["sample_id"])
    fields = ("cell_line", "sex", "sample_type")
    assert terms(sheet, *fields) == own(lncap, *fields)
    assert any("'description': it holds 7 of the 7" in note for note in sheet.notes)
    assert list(sheet.frame["treatment"])[:2] == ["mock || serum free", "mock"]
    assert ("lane1", "tissue") not in terms(sheet)  # 'LNCaP cells' names no tissue


@pytest.mark.parametrize("name", ["GSM443817", "SAMN00", "SRX000", "LNCaP lane1"])
def test_samples_of_a_series_matrix_go_by_any_of_their_names(lncap, tmp_path, name) -> None:
    path = tmp_path / "matrix.txt"
    path.write_text(geo_text(lncap))
    assert read_sample_sheet(path, None, [name]).sample_ids[0] == name


def test_the_source_is_the_tissue_where_it_names_one(tmp_path) -> None:
    path = tmp_path / "matrix.txt"
    path.write_text(
        '!Series_title\t"x"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"\n'
        '!Sample_source_name_ch1\t"liver"\t"biopsy, caf\xe9"\t""\n',
        "latin-1",
    )
    sheet = read_sample_sheet(path)
    assert terms(sheet) == {
        ("GSM1", "tissue"): "UBERON:0002107",
        ("GSM2", "tissue"): None,
        ("GSM3", "tissue"): None,
    }
    assert label_problems(sheet) == ()
    told = " ".join(sheet.notes)
    assert "read as Latin-1" in told
    assert "1 of its 3 values, which name none ('biopsy, caf\xe9')" in told


def test_repeated_and_nameless_attributes_of_a_series_matrix_lose_nothing(tmp_path) -> None:
    path = tmp_path / "matrix.txt"
    path.write_text(
        '!Sample_geo_accession\t"GSM1"\t"GSM2"\n!Sample_title\t"a"\t"b"\n'
        '!Sample_contact\t"x"\t"y"\n!Sample_contact\t"z"\t"y"\n!Sample_label_ch2\t"Cy3"\t""\n'
        '!Sample_characteristics_ch1\t"title: t"\t"frozen"\n'
    )
    frame = read_sample_sheet(path).frame
    assert frame.to_dict("list") == {
        "sample_id": ["GSM1", "GSM2"],
        "title": ["a", "b"],
        "contact": ["x || z", "y"],
        "title (characteristics)": ["t", ""],
        "characteristics": ["", "frozen"],
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('!Sample_title\t"a"\n', "no line !Sample_geo_accession"),
        (
            '!Sample_geo_accession\t"GSM1"\t"GSM2"\n!Sample_title\t"a"\n',
            "line 2: !Sample_title has 1 cells, but there are 2 samples",
        ),
        ('!Sample_geo_accession\t"GSM1\n', "line 1: unexpected end of data"),
        (
            '!Sample_geo_accession\t"GSM1"\n!Sample_organism_ch1\t"Rattus norvegicus"\n',
            "are of 'Rattus norvegicus', not human: column 2",
        ),
    ],
)
def test_a_series_matrix_that_can_not_be_meant_is_refused(tmp_path, text, sentence) -> None:
    path = tmp_path / "matrix.txt"
    path.write_text(text)
    assert sentence in refusal_of(path)


# ------------------------------------------------------------------ SRA


def sra_text(frame: pd.DataFrame) -> str:
    lines = [
        "Run,Assay Type,AvgSpotLen,BioProject,BioSample,AGE,Center Name,gender,Organ,"
        "geo_loc_name,Library Name,LibraryLayout,Organism,Sample Name,source_name,SRA Study",
        "",
    ]
    for i, sample in enumerate(frame.itertuples()):
        for run in "12":
            lines += [
                f"ERR{i:03}{run},RNA-Seq,50,PRJEB2445,{sample.accession},{sample.age_years},"
                f'"BI, Broad",{sample.sex},{sample.tissue},USA: Boston\\, MA,L{run},'
                f"SINGLE,Homo sapiens,{sample.sample_id},blood,ERP000546"
            ]
    return "\n".join(lines) + "\n"


def test_a_run_table_gives_the_labels_of_our_sheet(bodymap, tmp_path) -> None:
    path = tmp_path / "SraRunTable.csv"
    path.write_text(sra_text(bodymap))
    sheet = read_sample_sheet(path, None, list(bodymap["accession"]))
    assert sheet.format == "sra_run_table"
    expected = own(
        bodymap.drop(columns="tissue_ontology_id").assign(sample_id=bodymap["accession"]),
        *("tissue", "sex", "age"),
    )
    assert terms(sheet) == expected
    assert sheet.frame["geo_loc_name"][0] == "USA: Boston, MA"
    runs = read_sample_sheet(path)
    assert (runs.sample_ids[:2], len(runs.frame)) == (("ERR0001", "ERR0002"), 32)


def test_a_run_table_of_before_2019_has_other_endings(tmp_path) -> None:
    path = tmp_path / "SraRunTable.txt"
    path.write_text(
        "BioSample_s\tMBases_l\tRun_s\tSample_Name_s\tgender_s\ttissue_s\n"
        "SAMN1\t3\tSRR1\tx\tfemale\tlung\n"
    )
    sheet = read_sample_sheet(path)
    assert terms(sheet) == {("SRR1", "tissue"): "UBERON:0002048", ("SRR1", "sex"): "female"}


def test_columns_of_one_meaning_fill_each_others_gaps(tmp_path) -> None:
    path = tmp_path / "SraRunTable.csv"
    path.write_text(
        "Run,BioSample,BioProject,gender,sex\nR1,S1,P,male,\nR2,S2,P,,female\nR3,S3,P,male,Male\n"
        "R4,S4,P,male,female\n"
    )
    sheet = read_sample_sheet(path)
    assert list(sheet.frame["sex"]) == ["male", "female", "Male", "female"]
    (problem,) = sheet.problems
    assert problem.code == "sample_sheet_columns_disagree"
    assert "'sex' and 'gender' both state sex, and differ in line 5" in problem.sentence


# ------------------------------------------------------------------ GTEx


def test_gtex_attributes_have_ready_terms(tmp_path) -> None:
    path = tmp_path / "GTEx_Analysis_v8_Annotations_SampleAttributesDS.txt"
    path.write_text(
        "SAMPID\tSMATSSCR\tSMTS\tSMTSD\tSMUBRID\tSMGEBTCH\tSEX\tAGE\n"
        "GTEX-1117F-0003-SM-58Q7G\t\tBlood\tWhole Blood\t0013756\tLCSET-4574\t2\t60-69\n"
        "GTEX-111CU-0226-SM-5GZXC\t1\tLiver\tLiver\t0001114\tLCSET-1\t1\t50-59\n"
        "GTEX-111CU-0008-SM-5Q5B9\t\tSkin\tCells - Cultured fibroblasts\tEFO_0002009\tL\t1\t50-59\n"
    )
    sheet = read_sample_sheet(path)
    assert sheet.format == "gtex"
    found = {field: id_ for (sample, field), id_ in terms(sheet).items() if "1117F" in sample}
    assert found == {"tissue": "UBERON:0013756", "sex": "female", "age": None}
    assert terms(sheet, "tissue")["GTEX-111CU-0008-SM-5Q5B9", "tissue"] is None
    assert list(sheet.frame["donor"]) == ["GTEX-1117F", "GTEX-111CU", "GTEX-111CU"]
    assert sheet.frame["age_years"][0] == "60-69"
    assert sheet.frame["batch"][0] == "LCSET-4574"
    assert not any(problem.code == "labels_disagree" for problem in label_problems(sheet))


def test_gtex_attributes_joined_with_subjects_use_their_ids(tmp_path) -> None:
    path = tmp_path / "gtex.tsv"
    path.write_text("SAMPID\tSMTSD\tSUBJID\nGTEX-A-1\tLung\tGTEX-A\nother\tLung\tB\n")
    sheet = read_sample_sheet(path)
    assert list(sheet.frame["donor"]) == ["GTEX-A", "B"]
    path.write_text("SAMPID\tSMTSD\tSMUBRID\nother\tLung\tUBERON:0008952\n")
    assert list(read_sample_sheet(path).frame["donor"]) == [""]


# ------------------------------------------------------------------ CELLxGENE


def cellxgene_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tissue_ontology_term_id": ["UBERON:0000178", "UBERON:0002048", "CVCL_0395", "unknown"],
            "tissue": ["blood", "lung", "LNCaP", "unknown"],
            "tissue_type": ["tissue", "organoid", "cell line", "primary cell culture"],
            "cell_type_ontology_term_id": ["CL:0000084", "unknown", "CL:0000003", "CL:0000236"],
            "cell_type": ["T cell", "unknown", "native cell", "B cell"],
            "disease_ontology_term_id": [
                *("PATO:0000461", "MONDO:0100096 || MONDO:0004979", "PATO:0000461", "PATO:0000461")
            ],
            "sex_ontology_term_id": ["PATO:0000383", "PATO:0000384", "unknown", "na"],
            "development_stage": [
                "60-year-old stage",
                "adult stage",
                "unknown",
                "18-year-old stage",
            ],
            "self_reported_ethnicity": ["European", "na", "na", "multiethnic"],
            "organism_ontology_term_id": ["NCBITaxon:9606"] * 4,
            "donor_id": ["d1", "d2", "pooled", "d4"],
            "suspension_type": ["cell"] * 4,
        },
        index=["AAAC-1", "AAAG-1", "AAAT-1", "AACA-1"],
    )


def check_cellxgene(sheet) -> None:
    assert sheet.format == "cellxgene"
    found = terms(sheet)
    assert [found[s, "tissue"] for s in sheet.sample_ids] == [
        *("UBERON:0000178", "UBERON:0002048", None, None)
    ]
    assert [found[s, "cell_line"] for s in sheet.sample_ids] == [None, None, "CVCL_0395", None]
    assert [found[s, "sample_type"] for s in sheet.sample_ids] == [
        *(None, "organoid", "cell line", "primary cells")
    ]
    assert [found[s, "sex"] for s in sheet.sample_ids] == ["female", "male", None, None]
    assert [found[s, "age"] for s in sheet.sample_ids] == ["60", None, None, "18"]
    assert [found[s, "cell_type"] for s in sheet.sample_ids][1] is None
    assert found["AAAG-1", "disease"] == "MONDO:0100096 || MONDO:0004979"
    assert found["AAAC-1", "developmental_stage"] == "HsapDv:0000154"
    assert list(sheet.frame["donor"]) == ["d1", "d2", "pooled", "d4"]
    assert not any(problem.code == "labels_disagree" for problem in label_problems(sheet))


def test_obs_of_cellxgene_exported_as_a_table_is_understood(tmp_path) -> None:
    path = tmp_path / "obs.csv"
    cellxgene_frame().to_csv(path)
    check_cellxgene(read_sample_sheet(path))


def test_tissues_of_older_schemas_say_what_was_cultured(tmp_path) -> None:
    path = tmp_path / "obs.csv"
    path.write_text(
        "barcode,tissue_ontology_term_id,tissue,sex_ontology_term_id,sex\n"
        "A-1,UBERON:0002048 (organoid),lung (organoid),PATO:0000384,male\n"
        "B-1,UBERON:0002048 (cell culture),lung (cell culture),PATO:0000384,male\n"
        "C-1,UBERON:0002048,lung,PATO:0000384,male\n"
    )
    sheet = read_sample_sheet(path)
    found = terms(sheet)
    assert [found[s, "tissue"] for s in sheet.sample_ids] == ["UBERON:0002048"] * 3
    assert [found[s, "sample_type"] for s in sheet.sample_ids] == ["organoid", None, None]
    assert found["A-1", "sex"] == "male"
    path.write_text(
        "tissue_ontology_term_id,ethnicity_ontology_term_id,cell_id\nCVCL_0395,HANCESTRO:0005,A\n"
    )
    found = terms(read_sample_sheet(path))
    assert found["A", "cell_line"] == "CVCL_0395"
    assert found["A", "ethnicity"] == "HANCESTRO:0005"
    path.write_text("cell_id,sex_ontology_term_id,disease_ontology_term_id\nA,PATO:0000384,na\n")
    assert terms(read_sample_sheet(path), "sex") == {("A", "sex"): "male"}

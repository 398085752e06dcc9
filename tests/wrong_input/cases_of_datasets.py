"""Mistakes in sample sheets, in dataset.yaml, in folders and in names."""

from __future__ import annotations

import gzip
from pathlib import Path

from wrong_cases import case, config, few, good_counts, text, with_sheet, write

SHEETS = "Sample sheets"
LABELS = "Labels"
CONFIG = "dataset.yaml"
FOLDERS = "Folders"
REVIEWS = "Reviews"

ROWS = "S1,liver\nS2,liver\nS3,lung\nS4,lung\n"


@case(SHEETS)
def excel_sheet(folder: Path) -> None:
    """An Excel workbook that is called .csv."""
    with_sheet(folder, b"PK\x03\x04\x14\x00\x06\x00" + bytes(200))


@case(SHEETS)
def sheet_in_latin_1(folder: Path) -> None:
    """A sheet in Latin-1."""
    with_sheet(
        folder, f"sample_id,tissue\n{ROWS}".replace("lung", "peau (épiderme)").encode("latin-1")
    )


@case(SHEETS)
def empty_sheet(folder: Path) -> None:
    """An empty sheet."""
    with_sheet(folder, "")


@case(SHEETS)
def sheet_of_a_header(folder: Path) -> None:
    """A sheet without rows."""
    with_sheet(folder, "sample_id,tissue\n")


@case(SHEETS)
def ragged_sheet(folder: Path) -> None:
    """A comma in a label that is not quoted."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("S3,lung", "S3,lung, left"))


@case(SHEETS)
def unclosed_quote(folder: Path) -> None:
    """A quotation mark that is never closed."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("S3,lung", 'S3,"lung'))


@case(SHEETS)
def column_without_name(folder: Path) -> None:
    """A column without a heading."""
    with_sheet(folder, "sample_id,,tissue\nS1,a,liver\nS2,b,liver\nS3,c,lung\nS4,d,lung\n")


@case(SHEETS)
def column_twice(folder: Path) -> None:
    """Two columns of one name."""
    with_sheet(folder, "sample_id,tissue,tissue\nS1,liver,lung\n")


@case(SHEETS)
def no_sample_id(folder: Path) -> None:
    """No column of sample names."""
    with_sheet(folder, f"specimen,tissue\n{ROWS}".replace("S", "specimen "))


@case(SHEETS)
def sample_without_name(folder: Path) -> None:
    """A row that names no sample."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("S3,", ","))


@case(SHEETS)
def sample_in_two_rows(folder: Path) -> None:
    """A sample with two rows that differ."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}S2,kidney\n")


@case(SHEETS)
def sheet_of_another_dataset(folder: Path) -> None:
    """A sheet of other samples."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("S", "patient_"))


@case(SHEETS)
def spelt_otherwise(folder: Path) -> None:
    """Sample names spelt otherwise than in the counts."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("S", "s."))


@case(SHEETS)
def rows_missing_and_left_over(folder: Path) -> None:
    """A sheet that fits in part."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("S4", "S-4").replace("S3", "S9"))


@case(SHEETS)
def column_nearly_ours(folder: Path) -> None:
    """A column whose name is nearly one of ours."""
    with_sheet(folder, f"sample_id,tisue\n{ROWS}")


@case(SHEETS)
def two_sheets(folder: Path) -> None:
    """Two sample sheets."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    write(folder, f"sample_id,tissue\n{ROWS}".replace(",", "\t"), "samples.tsv")


@case(SHEETS)
def columns_that_are_not_there(folder: Path) -> None:
    """`columns:` names a column that the sheet lacks."""
    with_sheet(folder, f"sample_id,bodysite\n{ROWS}")
    config(folder, "columns: {body_site: tissue}\n")


@case(SHEETS)
def columns_that_mean_nothing(folder: Path) -> None:
    """`columns:` names a field that does not exist."""
    with_sheet(folder, f"sample_id,organ\n{ROWS}")
    config(folder, "columns: {organ: tissues}\n")


@case(LABELS)
def label_and_id_disagree(folder: Path) -> None:
    """A tissue and the ontology id of another."""
    rows = "S1,liver,UBERON:0002048\nS2,liver,UBERON:0002107\n"
    with_sheet(folder, f"sample_id,tissue,tissue_ontology_id\n{rows}S3,lung,\nS4,lung,\n")


@case(LABELS)
def labels_of_the_lab(folder: Path) -> None:
    """Words that no ontology knows."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}".replace("lung", "blob 7"))


@case(LABELS)
def alias_of_no_field(folder: Path) -> None:
    """`aliases:` for a field that does not exist."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    config(folder, "aliases: {tisue: {gut: 'UBERON:0000160'}}\n")


@case(LABELS)
def alias_for_no_term(folder: Path) -> None:
    """`aliases:` that leads to no term."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    config(folder, "aliases: {tissue: {gut: 'UBERON:9999999'}}\n")


@case(CONFIG)
def no_yaml(folder: Path) -> None:
    """Text that is no YAML."""
    good_counts(folder)
    config(folder, "counts: [unclosed\n")


@case(CONFIG)
def yaml_of_a_list(folder: Path) -> None:
    """A list where keys are expected."""
    good_counts(folder)
    config(folder, "- counts.tsv\n- samples.csv\n")


@case(CONFIG)
def unknown_key(folder: Path) -> None:
    """A key that is misspelt."""
    good_counts(folder)
    config(folder, "count: counts.tsv\n")


@case(CONFIG)
def wrong_type(folder: Path) -> None:
    """A list of counts files."""
    good_counts(folder)
    config(folder, "counts: [a.tsv, b.tsv]\n")


@case(CONFIG)
def counts_that_are_not_there(folder: Path) -> None:
    """`counts:` names a file that does not exist."""
    good_counts(folder)
    config(folder, "counts: results/counts.tsv\n")


@case(CONFIG)
def sheet_that_is_not_there(folder: Path) -> None:
    """`samples:` names a file that does not exist."""
    good_counts(folder)
    config(folder, "samples: labels.csv\n")


@case(CONFIG)
def path_upwards(folder: Path) -> None:
    """`counts:` leads out of the dataset's folder."""
    write(folder.parent, few(), "shared.tsv")
    folder.mkdir(parents=True, exist_ok=True)
    config(folder, "counts: ../shared.tsv\n")


@case(CONFIG)
def absolute_path(folder: Path) -> None:
    """`counts:` is an absolute path."""
    config(folder, "counts: /etc/hostname\n")


@case(CONFIG)
def link_outwards(folder: Path) -> None:
    """The counts file is a link to a file elsewhere."""
    elsewhere = write(folder.parent.parent / "elsewhere", few())
    folder.mkdir(parents=True)
    (folder / "counts.tsv").symlink_to(elsewhere.resolve())
    config(folder, "counts: counts.tsv\n")


@case(CONFIG)
def unknown_threshold(folder: Path) -> None:
    """A threshold that is misspelt."""
    good_counts(folder)
    config(folder, "thresholds: {contradict_ratio: 50}\n")


@case(CONFIG)
def threshold_out_of_range(folder: Path) -> None:
    """A share of 50."""
    good_counts(folder)
    config(folder, "thresholds: {mass_agrees: 50}\n")


@case(CONFIG)
def severity_of_no_code(folder: Path) -> None:
    """A severity for a code that is misspelt."""
    good_counts(folder)
    config(folder, "severity: {few_model_gene: warning}\n")


@case(CONFIG)
def severity_that_is_none(folder: Path) -> None:
    """A severity that is none."""
    good_counts(folder)
    config(folder, "severity: {few_reads: low}\n")


@case(CONFIG)
def severity_off(folder: Path) -> None:
    """The word off, which YAML takes for false."""
    good_counts(folder)
    config(folder, "severity: {few_reads: off}\n")


@case(CONFIG)
def severity_of_a_fact(folder: Path) -> None:
    """TPM let through."""
    good_counts(folder)
    config(folder, "severity: {tpm_like: warning}\n")


@case(FOLDERS)
def empty_folder(folder: Path) -> None:
    """A folder without counts."""
    write(folder, "Counts will follow.\n", "README.md")


@case(FOLDERS)
def two_counts_files(folder: Path) -> None:
    """Two files that may be the counts."""
    write(folder, text(few()), "batch1.tsv")
    write(folder, text(few()), "batch2.tsv")


@case(FOLDERS)
def no_such_dataset(folder: Path) -> object:
    """A dataset whose folder does not exist."""
    from gem_assets.datasets import open_dataset

    return lambda: open_dataset(str(folder.parent.parent), "bulk", "lungs")


@case(FOLDERS)
def name_that_is_none(folder: Path) -> object:
    """A dataset's name with a slash."""
    from gem_assets.datasets import open_dataset

    return lambda: open_dataset(str(folder.parent.parent), "bulk", "../lungs")


@case(FOLDERS)
def dataset_misspelt(folder: Path) -> object:
    """A dataset's name on the command line, misspelt."""
    from gem_assets.datasets import choose_datasets

    good_counts(folder / "bulk" / "lungs")
    return lambda: choose_datasets(str(folder), ["lugns"])


@case(FOLDERS)
def no_datasets(folder: Path) -> object:
    """A data folder without datasets."""
    from gem_assets.datasets import choose_datasets

    folder.mkdir(parents=True)
    return lambda: choose_datasets(str(folder))


@case(FOLDERS)
def sample_that_is_not_there(folder: Path) -> object:
    """`predict --sample` of a name that the file lacks."""
    from gem_assets.one_file import predict_file
    from gem_assets.settings import Settings

    path = good_counts(folder)
    settings = Settings(results=str(folder / "results"))
    return lambda: predict_file(path, "bulk", settings, "S9")


@case(SHEETS)
def sheet_of_zero_bytes(folder: Path) -> None:
    """A sheet of binary data."""
    with_sheet(folder, b"sample_id,tissue\nS1,li\x00ver\n")


@case(SHEETS)
def truncated_sheet(folder: Path) -> None:
    """A gzipped sheet that breaks off."""
    whole = gzip.compress(f"sample_id,tissue\n{ROWS}".encode(), mtime=0)
    with_sheet(folder, b"")
    (folder / "samples.csv").write_bytes(whole[:-12])


@case(SHEETS)
def title_above_the_header(folder: Path) -> None:
    """A line with a title above the header."""
    with_sheet(folder, f"Samples of the liver study\nsample_id,tissue\n{ROWS}")


@case(SHEETS)
def mouse_among_the_samples(folder: Path) -> None:
    """A sheet that states a mouse."""
    rows = "S1,Homo sapiens\nS2,Homo sapiens\nS3,Mus musculus\nS4,Homo sapiens\n"
    with_sheet(folder, f"sample_id,organism\n{rows}")


@case(SHEETS)
def xenografts(folder: Path) -> None:
    """A sheet that states two organisms of a sample."""
    rows = "S1,Homo sapiens\nS2,Homo sapiens\nS3,Homo sapiens; Mus musculus\nS4,Homo sapiens\n"
    with_sheet(folder, f"sample_id,organism\n{rows}")


@case(SHEETS)
def merged_cells(folder: Path) -> None:
    """Labels in merged cells: named once, empty below."""
    with_sheet(folder, "sample_id,tissue\nS1,liver\nS2,\nS3,lung\nS4,\n")


@case(SHEETS)
def two_columns_of_one_meaning(folder: Path) -> None:
    """Two columns that state the sex, and differ."""
    rows = "S1,female,male\nS2,female,female\nS3,male,male\nS4,male,male\n"
    with_sheet(folder, f"sample_id,sex,gender\n{rows}")


@case(SHEETS)
def lanes_that_disagree(folder: Path) -> None:
    """nf-core's sheet with two lanes of a sample that state different labels."""
    rows = "S1,a_1.fq.gz,,auto,liver\nS1,b_1.fq.gz,,auto,lung\nS2,c_1.fq.gz,,auto,lung\n"
    with_sheet(folder, f"sample,fastq_1,fastq_2,strandedness,tissue\n{rows}")


@case(SHEETS)
def sheet_read_by_itself(folder: Path) -> object:
    """A path of a sheet that does not exist."""
    from gem_assets.labels.sheet import read_sample_sheet

    return lambda: read_sample_sheet(folder / "samples.csv")


@case(LABELS)
def alias_file_without_columns(folder: Path) -> None:
    """A file of aliases with other columns."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    write(folder, "word,meaning\ngut,UBERON:0000160\n", "aliases.csv")
    config(folder, "aliases: aliases.csv\n")


@case(LABELS)
def alias_file_with_a_gap(folder: Path) -> None:
    """A file of aliases with an empty cell."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    write(folder, "field,text,term\ntissue,gut,\n", "aliases.csv")
    config(folder, "aliases: aliases.csv\n")


@case(LABELS)
def alias_file_with_two_meanings(folder: Path) -> None:
    """A file of aliases that gives a word two meanings."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    rows = "tissue,gut,UBERON:0000160\ntissue,gut,UBERON:0002107\n"
    write(folder, f"field,text,term\n{rows}", "aliases.csv")
    config(folder, "aliases: aliases.csv\n")


REVIEW_HEADER = "sample_id,field,decision,reviewer,date,comment\n"


def with_reviews(folder: Path, content: str) -> None:
    """Write good counts, a sheet, and a review.csv."""
    with_sheet(folder, f"sample_id,tissue\n{ROWS}")
    write(folder, content, "review.csv")


@case(REVIEWS)
def reviews_without_a_column(folder: Path) -> None:
    """A review.csv that does not say who decided."""
    with_reviews(folder, "sample_id,field,decision,date,comment\nS1,tissue,exclude,2026-01-31,\n")


@case(REVIEWS)
def reviews_misspelt(folder: Path) -> None:
    """Words and dates in a review.csv that are none."""
    rows = "S1,tissu,label_wrong,kim,2026-01-31,\nS2,tissue,wrong_label,kim,31.1.2026,\n"
    with_reviews(folder, f"{REVIEW_HEADER}{rows}")


@case(REVIEWS)
def reviews_ragged(folder: Path) -> None:
    """A comma in a comment that is not quoted."""
    row = "S1,tissue,exclude,kim,2026-01-31,thawed, they say\n"
    with_reviews(folder, f"{REVIEW_HEADER}{row}")


@case(REVIEWS)
def review_of_no_label(folder: Path) -> None:
    """A review of a sample that is not there."""
    with_reviews(folder, f"{REVIEW_HEADER}S9,tissue,label_correct,kim,2026-01-31,\n")

"""Make bulk/geuvadis_planted from bulk/geuvadis_lcl: 24 samples, three of them with a false sex.

Run it from anywhere: ``python data/plant_sex_errors.py``. The result is the same to the byte.
"""

import gzip
from pathlib import Path

import pandas as pd

SAMPLES_OF_EACH_SEX = 12
SWAPPED = ("NA20502", "NA20509")  # a woman's and a man's sample exchange their labels
FLIPPED = "NA20512"  # one man's sample is labelled female

bulk = Path(__file__).parent / "bulk"
counts = pd.read_csv(bulk / "geuvadis_lcl" / "counts.tsv.gz", sep="\t", index_col="gene_id")
sheet = pd.read_csv(bulk / "geuvadis_lcl" / "samples.csv", index_col="sample_id")

chosen = sheet.groupby("sex").head(SAMPLES_OF_EACH_SEX).copy()
first, second = SWAPPED
chosen.loc[[first, second], "sex"] = chosen.loc[[second, first], "sex"].to_numpy()
chosen.loc[FLIPPED, "sex"] = "female"

target = bulk / "geuvadis_planted"
target.mkdir(exist_ok=True)
chosen.to_csv(target / "samples.csv", lineterminator="\n")
text = counts[chosen.index].to_csv(sep="\t", lineterminator="\n")
(target / "counts.tsv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))

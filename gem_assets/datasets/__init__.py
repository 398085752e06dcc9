"""What belongs to a dataset: its folder, the files in it, and its ``dataset.yaml``.

A dataset is a folder ``bulk/NAME/`` or ``sc/NAME/`` below the data location (a local folder or any
fsspec location). Nothing outside the folder is read, and nothing in it is ever written to but its
``review.csv``, by a person's command.
"""

from gem_assets.datasets.catalogue import (
    DATASET_NAME,
    choose_datasets,
    dataset_names,
    has_datasets_folder,
)
from gem_assets.datasets.config import CONFIG_NAME, DatasetConfig
from gem_assets.datasets.dataset import (
    SHEET_NAMES,
    Dataset,
    dataset_config,
    dataset_in,
    open_dataset,
)
from gem_assets.datasets.review_file import (
    REVIEW_NAME,
    add_review_row,
    read_review_file,
    review_path,
)
from gem_assets.datasets.stamps import Stamp, stamp_dataset

__all__ = [
    "CONFIG_NAME",
    "DATASET_NAME",
    "REVIEW_NAME",
    "SHEET_NAMES",
    "Dataset",
    "DatasetConfig",
    "Stamp",
    "add_review_row",
    "choose_datasets",
    "dataset_config",
    "dataset_in",
    "dataset_names",
    "has_datasets_folder",
    "open_dataset",
    "read_review_file",
    "review_path",
    "stamp_dataset",
]

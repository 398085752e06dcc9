"""What belongs to a dataset: its folder, the files in it, and its ``dataset.yaml``.

A dataset is a folder ``bulk/NAME/`` or ``sc/NAME/`` below the data location (a local folder or any
fsspec location). Nothing here is ever written to, and nothing outside the folder is read.
"""

from gem_assets.datasets.catalogue import DATASET_NAME, choose_datasets, dataset_names
from gem_assets.datasets.config import CONFIG_NAME, DatasetConfig
from gem_assets.datasets.dataset import (
    SHEET_NAMES,
    Dataset,
    dataset_config,
    dataset_in,
    open_dataset,
)

__all__ = [
    "CONFIG_NAME",
    "DATASET_NAME",
    "SHEET_NAMES",
    "Dataset",
    "DatasetConfig",
    "choose_datasets",
    "dataset_config",
    "dataset_in",
    "dataset_names",
    "open_dataset",
]

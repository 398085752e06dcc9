"""Public data that a demonstration fetches: downloaded, checked, and laid out as a dataset.

Nothing here knows an API key: what is fetched is public, and asked for without a name.
"""

from gem_assets.public_data.bodymap import BODY_MAP, body_map_files, read_body_map
from gem_assets.public_data.dataset_folder import place_dataset
from gem_assets.public_data.download import PublicFile, download
from gem_assets.public_data.errors import PublicDataError

__all__ = [
    "BODY_MAP",
    "PublicDataError",
    "PublicFile",
    "body_map_files",
    "download",
    "place_dataset",
    "read_body_map",
]

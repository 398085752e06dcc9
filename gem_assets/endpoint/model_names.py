"""How a model is called: in our tables, and in the addresses and queries of an endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from gem_assets.settings import Modality, ModelFamily

Family: TypeAlias = ModelFamily

MODEL_IDS: Mapping[Modality, str] = {
    "bulk": "gem-1-bulk_predict-metadata",
    "sc": "gem-1-sc_predict-metadata",
}

GEM2_MODEL_IDS: Mapping[Modality, str] = {
    "bulk": "gem-2-bulk_predict-metadata",
    "sc": "gem-2-sc_predict-metadata",
}
"""The vendor's aliases. GEM-2 is called so in our tables whichever way it is asked: its canonical
id leaves open which modality, and so which gene order, is meant."""

FAMILIES: Mapping[Family, Mapping[Modality, str]] = {
    "gem-1": MODEL_IDS,
    "gem-2": GEM2_MODEL_IDS,
    "gem-2-alias": GEM2_MODEL_IDS,
}
"""``gem-2`` is asked by its canonical id, ``gem-2-alias`` by the alias."""

CANONICAL_GEM2 = "gem-2"
"""Id of all of GEM-2; a query to it names the operation and the modality."""

CANONICAL_MODALITY: Mapping[str, str] = {
    "gem-2-bulk_predict-metadata": "bulk",
    "gem-2-sc_predict-metadata": "single-cell",
}
"""GEM-2's word for the modality, by our name of the model."""

BASE_URL_VARIABLE = "SYNTHESIZE_API_BASE_URL"

# Variants of a model are served at the address of their base model (pysynthbio 4.2.4).
_VARIANT = re.compile(r"_(reference-conditioning|predict-metadata)$")


def base_url_variable(model_id: str) -> str:
    """Return the variable that holds the address of one model, shared by its variants.

    Examples
    --------
    >>> base_url_variable("gem-1-bulk_predict-metadata")
    'SYNTHESIZE_API_BASE_URL__GEM_1_BULK'
    """
    base_model = _VARIANT.sub("", model_id).upper()
    return f"{BASE_URL_VARIABLE}__{re.sub(r'[^A-Z0-9]+', '_', base_model)}"

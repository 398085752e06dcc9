"""The label of a term, for those who need nothing else of its ontology.

`gem_assets.labels.ontology.label_of` keeps whole ontologies in memory: 180 MB and 0.75 s for
UBERON, CL, MONDO and Cellosaurus. Here their labels alone are read from the same files.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from gem_assets.labels.ontology import ONTOLOGY_OF_PREFIX, prefix_of


class _Term(msgspec.Struct, gc=False):
    label: str | None = None


def term_label(term_id: str) -> str | None:
    """Return the label of a term, None for an id that no ontology of ours holds.

    Parameters
    ----------
    term_id
        In its usual spelling (`gem_assets.labels.ontology.canonical_id`).
    """
    name = ONTOLOGY_OF_PREFIX.get(prefix_of(term_id) or "")
    term = _terms(name).get(term_id) if name else None
    return term.label if term else None


@cache
def _terms(ontology: str) -> dict[str, _Term]:
    import zstandard
    from cellxgene_ontology_guide._constants import DATA_ROOT, ONTOLOGY_FILENAME_SUFFIX
    from cellxgene_ontology_guide.supported_versions import CXGSchema

    version = CXGSchema().supported_ontologies[ontology]["version"]
    path = Path(DATA_ROOT) / f"{ontology}-ontology-{version}{ONTOLOGY_FILENAME_SUFFIX}"
    text = zstandard.ZstdDecompressor().decompress(path.read_bytes())
    return msgspec.json.decode(text, type=dict[str, _Term])

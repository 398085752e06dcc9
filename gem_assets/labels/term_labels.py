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


_START, _BETWEEN, _END = b"\x01", b"\x02", b"\x03"


@cache
def term_label(term_id: str) -> str | None:
    """Return the label of a term, None for an id that no ontology of ours holds.

    Parameters
    ----------
    term_id
        In its usual spelling (`gem_assets.labels.ontology.canonical_id`).
    """
    name = ONTOLOGY_OF_PREFIX.get(prefix_of(term_id) or "")
    if name is None:
        return None
    listing, entry = _listing(name), _entry(term_id, "")
    at = listing.find(entry)
    if at < 0:
        return None
    start = at + len(entry)
    return listing[start : listing.index(_END, start)].decode()


def _entry(term_id: str, label: str) -> bytes:
    return _START + term_id.encode() + _BETWEEN + label.encode()


@cache
def _listing(ontology: str) -> bytes:
    """Return the ids and labels of an ontology end to end: 2 MB, where a dictionary takes 15."""
    import zstandard
    from cellxgene_ontology_guide._constants import DATA_ROOT, ONTOLOGY_FILENAME_SUFFIX
    from cellxgene_ontology_guide.supported_versions import CXGSchema

    version = CXGSchema().supported_ontologies[ontology]["version"]
    path = Path(DATA_ROOT) / f"{ontology}-ontology-{version}{ONTOLOGY_FILENAME_SUFFIX}"
    text = zstandard.ZstdDecompressor().decompress(path.read_bytes())
    terms = msgspec.json.decode(text, type=dict[str, _Term])
    labelled = (_entry(i, term.label) for i, term in terms.items() if term.label is not None)
    return _END.join([*labelled, b""])

"""What ``dg scaffold defs gem_assets.GemMetadataQc NAME`` writes: an instance that loads."""

import re
from pathlib import Path

import dagster as dg
import yaml
from pydantic import BaseModel, Field, field_validator

from gem_assets.graph import AssetGraph
from gem_assets.settings import EndpointMode, Modality
from gem_assets.warehouse.schema_names import RESERVED

_LONGEST = 32
"""Characters of a derived prefix, so that names made from it stay readable."""

_YAML = """\
type: {type_name}

attributes:
  modality: {modality}  # bulk: a sample is a library; sc: it is a single cell
  # Who predicts. embedded: a small model on this machine, not GEM-1, and nothing is sent.
  # hosted: Synthesize Bio's API (sends counts; paid). self_hosted: your own container.
  endpoint: {endpoint}
  data: {data}  # holds {modality}/NAME/counts.tsv.gz and samples.csv; from the project's root
  results: {results}  # everything that is made; instances may share it
  key_prefix: {key_prefix}  # of asset keys, and the DuckDB schema; every instance has its own
"""

_PYTHON = """\
import dagster as dg

from {module} import {name}


@dg.component_instance
def load(context: dg.ComponentLoadContext) -> {name}:
    return {name}(
        modality={modality!r},
        endpoint={endpoint!r},  # embedded: nothing is sent; hosted sends counts, and is paid
        data={data!r},
        results={results!r},
        key_prefix={key_prefix!r},  # every instance has its own
    )
"""


class ScaffoldParams(BaseModel):
    """What may be said when an instance is scaffolded; all of it may be edited afterwards."""

    modality: Modality = Field(default="bulk", description="bulk or sc.")
    endpoint: EndpointMode = Field(
        default="embedded", description="embedded, hosted or self_hosted."
    )
    data: str = Field(default="data", description="Folder or fsspec location of the datasets.")
    results: str = Field(default="results", description="Local folder of everything that is made.")
    key_prefix: str | None = Field(
        default=None,
        description="First part of every asset key; derived from the name unless said.",
    )

    @field_validator("key_prefix")
    @classmethod
    def _is_a_prefix(cls, prefix: str | None) -> str | None:
        """Refuse what can't be one before a folder is made for it."""
        return None if prefix is None else AssetGraph("bulk", prefix).key_prefix


class GemMetadataQcScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes an instance with the endpoint mode said, and a key prefix that no other one has."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        """Return the parameters of the command."""
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        """Write ``defs.yaml``, or ``component.py`` where Python is asked for."""
        params = request.params
        prefix = params.key_prefix or _free_prefix(request)
        told = {"modality": params.modality, "endpoint": params.endpoint}
        if request.scaffold_format == "python":
            module, _, name = request.type_name.rpartition(".")
            text = _PYTHON.format(
                module=module,
                name=name,
                data=params.data,
                results=params.results,
                key_prefix=prefix,
                **told,
            )
            (request.target_path / "component.py").write_text(text, encoding="utf-8")
            return
        text = _YAML.format(
            type_name=request.type_name,
            data=_scalar(params.data),
            results=_scalar(params.results),
            key_prefix=_scalar(prefix),  # null, yes and off would be words of YAML
            **told,
        )
        if request.append:
            text = f"---\n{text}"
        with (request.target_path / "defs.yaml").open("a", encoding="utf-8") as file:
            file.write(text)


def _free_prefix(request: dg.ScaffoldRequest[ScaffoldParams]) -> str:
    """Return a prefix made of the instance's place among the definitions, which none there has.

    Of the whole place, since two instances may have one name in different folders.
    """
    definitions = _definitions_folder(request)
    place = request.target_path.relative_to(definitions)
    word = re.sub(r"[^a-z0-9]+", "_", str(place).casefold()).strip("_")
    word = word if word.startswith("gem_") else f"gem_{word}"
    prefix = word = word[:_LONGEST].strip("_")
    taken = {*RESERVED, *_prefixes(definitions)}
    number = 2
    while prefix in taken:
        prefix = f"{word}_{number}"
        number += 1
    return prefix


def _definitions_folder(request: dg.ScaffoldRequest[ScaffoldParams]) -> Path:
    """Return the folder of all definitions: ``defs``, as dg has it, else where this one lies."""
    below = request.target_path.parents
    return next((folder for folder in below if folder.name == "defs"), request.target_path.parent)


def _prefixes(definitions: Path) -> list[str]:
    """Return the key prefixes that are written below a folder, in YAML or Python."""
    files = [
        path
        for pattern in ("defs.yaml", "defs.yml", "component.py")
        for path in definitions.rglob(pattern)
    ]
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in files)
    return [
        prefix
        for text in texts
        for prefix in re.findall(r"""\bkey_prefix\s*[:=]\s*["']?(\w+)""", text)
    ]


def _scalar(text: str) -> str:
    """Return a text as YAML reads it back, quoted where it must be."""
    return yaml.safe_dump(text, default_flow_style=True, width=10_000).removesuffix("...\n").strip()

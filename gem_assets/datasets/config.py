"""What ``dataset.yaml`` says, and what is wrong with it in words of a person."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import msgspec
import yaml
from upath import UPath

from gem_assets.problems import RefusedInputError, refuse
from gem_assets.severities import check_severities

CONFIG_NAME = "dataset.yaml"

_MOST_BYTES = 1_000_000

_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`"
    r"(?: - at (?P<key>`key` in )?`\$\.?(?P<at>.*)`)?"
)
"""What msgspec says of a value of another type."""

_WORDS = {
    "str": "text",
    "str | null": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "a yes/no word",
    "null": "nothing",
    "array": "a list",
    "object": "a table (key: value)",
    "object | str": "a table (key: value), or the path of a file",
    "date": "a date",
    "datetime": "a time",
}


class DatasetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``dataset.yaml`` may say.

    Attributes
    ----------
    counts, samples
        Paths of the counts (a file, a folder of them, or the results folder of nf-core/rnaseq) and
        of the sample sheet, relative to the dataset's folder.
    columns
        Columns of the sheet that mean one of ours, e.g. ``{body_site: tissue}``.
    aliases
        For a field, words of the sheet and the ontology term they stand for, e.g.
        ``{tissue: {gut: UBERON:0000160}}``; or the path of a table ``field,text,term``.
    batch
        Column of the sheet that names the batches.
    thresholds
        Settings of the verdicts that differ from the defaults.
    severity
        For the code of a problem, how much it matters here: ``error``, ``warning`` or ``ignore``;
        what may be changed is in `gem_assets.severities`.
    """

    counts: str | None = None
    samples: str | None = None
    columns: dict[str, str] = msgspec.field(default_factory=dict)
    aliases: dict[str, dict[str, str]] | str = msgspec.field(default_factory=dict)
    batch: str | None = None
    thresholds: dict[str, float] = msgspec.field(default_factory=dict)
    severity: dict[str, str] = msgspec.field(default_factory=dict)

    def sheet_columns(self) -> dict[str, str]:
        """Return the sheet's own column names to ours: `columns`, and what `batch` names."""
        return self.columns if self.batch is None else {**self.columns, self.batch: "batch"}


def read_config(path: UPath) -> DatasetConfig:
    """Read ``dataset.yaml``; the defaults where there is none.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``dataset_yaml`` with line or key, and what `check_severities` refuses.
    """
    if not path.exists():
        return DatasetConfig()
    stated = _parse(path)
    unknown = [key for key in stated if key not in DatasetConfig.__struct_fields__]
    if unknown:
        near = get_close_matches(str(unknown[0]), DatasetConfig.__struct_fields__, 1)
        hint = f"; {near[0]!r} may be meant" if near else ""
        raise _refusal(path, f"{unknown[0]!r} is no key of it{hint}")
    try:
        config = msgspec.convert(stated, DatasetConfig)
    except msgspec.ValidationError as error:
        raise _refusal(path, _spoken(str(error))) from None
    check_severities(config.severity, str(path))
    return config


def _parse(path: UPath) -> dict[str, Any]:
    content = path.read_bytes()
    if len(content) > _MOST_BYTES:
        raise _refusal(path, f"it has {len(content):,} bytes, expected a page of text")
    try:
        # A loader of plain data only: no tag of YAML makes an object.
        stated = yaml.load(content, Loader=_UniqueKeys)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _refusal(path, f"{where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _refusal(path, f"it is not text ({getattr(error, 'reason', error)})") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise _refusal(path, f"it can't be read as YAML ({error})") from None
    except RecursionError:
        raise _refusal(path, "its tables and lists are nested too deep") from None
    if stated is None:
        return {}
    if not isinstance(stated, dict):
        raise _refusal(path, "it is no table of lines 'key: value'")
    return {key: value for key, value in stated.items() if value is not None}


class _UniqueKeys(yaml.SafeLoader):
    """Plain data, and no key twice: YAML would keep the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping, after looking that no key is repeated."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _spoken(error: str) -> str:
    """Say in plain words what msgspec says of a value."""
    match = _EXPECTED.match(error)
    if match is None:
        return error
    at = match["at"] or ""
    place = repr(at.replace("[...]", ""))
    wanted, got = (_WORDS.get(match[which], match[which]) for which in ("wanted", "got"))
    if match["key"]:
        place = f"a key of {place}"
    elif at.endswith("[...]"):
        place = f"a value of {place}"
    quotes = "; put it in quotes if it is text" if match["wanted"].startswith("str") else ""
    return f"{place} must be {wanted}, but is {got}{quotes}"


def _refusal(path: UPath, what: str) -> RefusedInputError:
    return refuse(
        "dataset_yaml",
        f"{path} can't be understood: {what.rstrip('.')}.",
        f"It may hold {', '.join(DatasetConfig.__struct_fields__)}, each as 'key: value'.",
    )

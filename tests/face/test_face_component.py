"""The component: what its YAML comes to, several instances, its hook, and what it refuses."""

from __future__ import annotations

import inspect
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox
from face_lab import Project, Run

from gem_assets import GemMetadataQc, build_gem_assets
from gem_assets.datasets import DatasetConfig
from gem_assets.graph import PARTITIONED, QC_TABLES
from gem_assets.labels.fields import COMPARABLE_FIELDS
from gem_assets.resources import GemDatasets
from gem_assets.settings import Settings

pytestmark = [
    # Dagster's own: it reads every YAML so, and links each asset to the line that declares it.
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Class `LocalFileCodeReference` is currently in beta"),
    pytest.mark.filterwarnings("ignore:Class `CodeReferencesMetadataValue` is currently in beta"),
    pytest.mark.filterwarnings("ignore:Parameter `owners` of initializer `SensorDefinition"),
]

PLANTED = "geuvadis_planted"
LEAST = {"modality": "bulk", "endpoint": "embedded"}


@pytest.fixture
def sandbox() -> Iterator[DefsFolderSandbox]:
    """Return a project of somebody else's, still empty."""
    with create_defs_folder_sandbox() as sandbox:
        yield sandbox


def load(
    sandbox: DefsFolderSandbox, attributes: dict[str, Any], cls: type[GemMetadataQc] = GemMetadataQc
) -> dg.Definitions:
    """Return the definitions of one instance that is declared in YAML."""
    declared = {"type": f"{cls.__module__}.{cls.__name__}", "attributes": attributes}
    path = sandbox.scaffold_component(cls, "qc", defs_yaml_contents=declared)
    with sandbox.load_component_and_build_defs(path) as (component, definitions):
        assert isinstance(component, cls)
        return definitions


def refusal(
    sandbox: DefsFolderSandbox, attributes: dict[str, Any], cls: type[GemMetadataQc] = GemMetadataQc
) -> str:
    """Return what is said when an instance is refused, by Dagster and by us."""
    with pytest.raises(ComponentTreeException) as refused:
        load(sandbox, attributes, cls)
    said: list[str] = []
    error: BaseException | None = refused.value
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or error.__context__
    return " ".join(said)


def specs_of(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    """Return the specs of our assets, without where Dagster found them declared."""
    return {
        spec.key.path[-1]: spec.replace_attributes(
            metadata={
                name: value
                for name, value in spec.metadata.items()
                if name not in ("dagster/code_references", "dagster/component_origin")
            }
        )
        for asset in definitions.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs
    }


def resource_of(definitions: dg.Definitions, key: str) -> Any:
    return (definitions.resources or {})[key]


# What the YAML comes to


def test_the_least_yaml_is_the_graph_that_the_function_builds(sandbox: DefsFolderSandbox) -> None:
    declared = load(sandbox, LEAST)
    built = build_gem_assets("bulk", settings=Settings())
    assert specs_of(declared) == specs_of(built)
    for of in ("jobs", "sensors", "schedules"):
        names = [[one.name for one in getattr(some, of)] for some in (declared, built)]
        assert names[0] == names[1] != []
    assert set(declared.resources or ()) == set(built.resources or ())


def test_every_attribute_is_one_of_the_function_and_explained() -> None:
    in_code = set(inspect.signature(build_gem_assets).parameters)
    in_code -= {"settings", "translation", "notifiers"}  # of Python only
    explained = GemMetadataQc.model_json_schema()["properties"]
    assert set(explained) == in_code | {
        *("data", "results", "endpoint", "reports_url"),
        "seconds_between_retries",
    }
    for name, schema in explained.items():
        assert len(schema["description"]) > 15, name


def test_the_fields_that_the_schema_names_are_those_that_can_be_judged() -> None:
    told = GemMetadataQc.model_json_schema()["properties"]["fields"]["description"]
    assert ", ".join(COMPARABLE_FIELDS) in told


def test_places_are_taken_from_the_root_of_the_project(sandbox: DefsFolderSandbox) -> None:
    definitions = load(sandbox, LEAST | {"data": "lab/runs"})
    root = sandbox.project_root
    assert resource_of(definitions, "gem_bulk_data").data == str(root / "lab" / "runs")
    for key in ("gem_bulk_warehouse", "gem_bulk_endpoint"):
        assert resource_of(definitions, key).results == str(root / "results")


def test_urls_and_absolute_paths_stay_as_they_are(
    sandbox: DefsFolderSandbox, tmp_path: Path
) -> None:
    places = {"data": "s3://bucket/lab", "results": str(tmp_path)}
    definitions = load(sandbox, LEAST | places)
    assert resource_of(definitions, "gem_bulk_data").data == "s3://bucket/lab"
    assert resource_of(definitions, "gem_bulk_warehouse").results == str(tmp_path)
    at_home = load(sandbox, LEAST | {"data": "~/lab"})
    assert resource_of(at_home, "gem_bulk_data").data == str(Path.home() / "lab")


def test_limits_and_model_reach_the_endpoint(sandbox: DefsFolderSandbox) -> None:
    limits = {
        "max_new_samples_per_run": 12,
        "requests_per_second": 0.5,
        "concurrency": 2,
        "chunk_size": 8,
        "model_family": "gem-2",
    }
    endpoint = resource_of(load(sandbox, LEAST | limits), "gem_bulk_endpoint")
    assert {name: getattr(endpoint, name) for name in limits} == limits


def test_what_runs_by_itself_and_where_reports_are_served_reach_the_instance(
    sandbox: DefsFolderSandbox,
) -> None:
    said = {"auto_run": True, "fresh_within_hours": 25, "reports_url": "https://lab.example/qc"}
    definitions = load(sandbox, LEAST | said)
    sensor = definitions.resolve_sensor_def("gem_bulk_folder_sensor")
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED, "what may cost waits"
    assert "requests the refresh" in str(sensor.description)
    assert specs_of(definitions)["qc_report"].freshness_policy is not None
    warehouse = (definitions.resources or {})["gem_bulk_warehouse"]
    assert warehouse.report_url("a b") == "https://lab.example/qc/gem_bulk/a%20b.html"


def test_the_hosted_endpoint_loads_without_a_key_which_only_a_step_needs(
    sandbox: DefsFolderSandbox,
) -> None:
    definitions = load(sandbox, {"modality": "sc", "endpoint": "hosted"})
    dg.Definitions.validate_loadable(definitions)
    assert resource_of(definitions, "gem_sc_endpoint").mode == "hosted"


# What is refused


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"modality": "bulk"}, "endpoint"),
        (LEAST | {"endpoint": "hostd"}, "endpoint"),
        (LEAST | {"modality": "cells"}, "modality"),
        (LEAST | {"api_key": "sk-1"}, "api_key"),
        (LEAST | {"max_new_samples_per_run": 0}, "max_new_samples_per_run"),
        (LEAST | {"fields": ["tisue"]}, r"There is no field 'tisue'.*Did you mean tissue\?"),
        (
            LEAST | {"thresholds": {"contradict_ratio": 30}},
            r"There is no threshold named 'contradict_ratio'\. Did you mean contradicts_ratio\?",
        ),
        (LEAST | {"thresholds": {"mass_agrees": 50}}, "mass_agrees is 50.* from 0 to 1"),
        (LEAST | {"key_prefix": "Bulk-1"}, "key_prefix is 'Bulk-1'"),
        (LEAST | {"key_prefix": ""}, "key_prefix is ''"),
        (LEAST | {"key_prefix": "warehouse"}, "to DuckDB this name means something else"),
        (LEAST | {"key_prefix": "gem_results"}, "Choose another, e.g. 'gem_results_qc'"),
        (LEAST | {"key_prefix": "temp"}, "to DuckDB this name means something else"),
        (LEAST | {"results": "s3://bucket/results"}, "results must be a local folder"),
        (LEAST | {"modality": "sc", "selftest": True}, "bulk samples only"),
    ],
)
def test_what_can_not_be_meant_is_refused_when_it_loads(
    sandbox: DefsFolderSandbox, attributes: dict[str, Any], sentence: str
) -> None:
    assert re.search(sentence, refusal(sandbox, attributes), re.DOTALL)


@pytest.mark.parametrize(
    "limit", ["max_new_samples_per_run", "requests_per_second", "concurrency", "chunk_size"]
)
def test_a_limit_of_nothing_is_refused_in_python_too(limit: str) -> None:
    with pytest.raises(ValueError, match=f"{limit}\n.*greater than"):
        build_gem_assets("bulk", **{limit: 0})  # type: ignore[arg-type]


# Several instances


def test_instances_that_are_scaffolded_live_in_one_project(sandbox: DefsFolderSandbox) -> None:
    places = ["swaps", "liver/swaps", "x-1", "x_1", "gem_atlas", "2024", "results"]
    for place in places:
        modality = "sc" if place == "gem_atlas" else "bulk"
        sandbox.scaffold_component(GemMetadataQc, place, {"modality": modality})
    with sandbox.build_all_defs() as definitions:
        dg.Definitions.validate_loadable(definitions)
        graph = definitions.resolve_asset_graph()
    prefixes = {key.path[0] for key in graph.get_all_asset_keys()}
    assert prefixes == {
        *("gem_swaps", "gem_liver_swaps", "gem_x_1", "gem_x_1_2", "gem_atlas", "gem_2024"),
        "gem_results_2",  # gem_results is the name of the copy to query
    }


def test_what_is_scaffolded_says_the_endpoint_and_explains_each_line(
    sandbox: DefsFolderSandbox,
) -> None:
    odd = {"data": "runs: of # 2024", "results": "results", "key_prefix": "null"}
    path = sandbox.scaffold_component(GemMetadataQc, "swaps", odd)
    text = (path / "defs.yaml").read_text()
    assert yaml.safe_load(text)["attributes"] == LEAST | odd
    assert "nothing is sent" in text
    assert text.count("#") >= 6


def test_an_instance_can_be_scaffolded_in_python_beside_one_in_yaml(
    sandbox: DefsFolderSandbox,
) -> None:
    sandbox.scaffold_component(GemMetadataQc, "x_1")
    path = sandbox.scaffold_component(GemMetadataQc, "x-1", scaffold_format="python")
    written = runpy.run_path(str(path / "component.py"))
    declared = written["load"](None)
    assert (declared.key_prefix, declared.endpoint) == ("gem_x_1_2", "embedded")


def test_scaffolding_refuses_a_prefix_that_can_be_none_and_leaves_nothing(
    sandbox: DefsFolderSandbox,
) -> None:
    with pytest.raises(ValueError, match="key_prefix is 'Swaps'"):
        sandbox.scaffold_component(GemMetadataQc, "swaps", {"key_prefix": "Swaps"})
    assert not list(sandbox.defs_folder_path.rglob("defs.yaml"))


# Owners, tags, and the hook


class InOtherGroups(GemMetadataQc):
    """What a project makes of it."""

    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        told = spec.replace_attributes(group_name="sequencing", owners=[*spec.owners, "team:qc"])
        return told.merge_attributes(metadata={"contact": "lee"})


class WithOtherKeys(GemMetadataQc):
    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(key=spec.key.with_prefix("lab"))


class WithoutSpecs(GemMetadataQc):
    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.key  # type: ignore[return-value]  # what somebody may write


def test_owners_and_tags_are_on_every_asset_and_the_hook_has_the_last_word(
    sandbox: DefsFolderSandbox,
) -> None:
    told = {"owners": ["lee@lab.org"], "tags": {"lab/study": "atlas"}}
    definitions = load(sandbox, LEAST | told | {"selftest": True}, InOtherGroups)
    dg.Definitions.validate_loadable(definitions)
    specs = specs_of(definitions)
    assert set(specs) == {"gene_order", *PARTITIONED, "qc_report", "qc_selftest"}
    plain = specs_of(build_gem_assets("bulk", settings=Settings(), selftest=True))
    for name, spec in specs.items():
        assert spec.owners == ["lee@lab.org", "team:qc"]
        assert spec.tags["lab/study"] == "atlas"
        assert spec.group_name == "sequencing"
        # Nothing of ours is lost.
        assert spec.metadata == {**plain[name].metadata, "contact": "lee"}
        assert (spec.key, spec.kinds) == (plain[name].key, plain[name].kinds)
        assert list(spec.deps) == list(plain[name].deps)


def test_a_hook_that_changes_a_key_is_told_to_use_the_prefix(sandbox: DefsFolderSandbox) -> None:
    sentence = "changes the key gem_bulk/gene_order to lab/gem_bulk/gene_order.*key_prefix"
    assert re.search(sentence, refusal(sandbox, LEAST, WithOtherKeys))


def test_a_hook_that_returns_no_spec_is_told_so(sandbox: DefsFolderSandbox) -> None:
    assert "it must return a dagster.AssetSpec" in refusal(sandbox, LEAST, WithoutSpecs)


# Fields and thresholds


def judge_anew(
    project: Project,
    data: Path,
    *tables: str,
    **options: Any,
) -> Run:
    """Judge the planted dataset, which is predicted already, in an instance with these options."""
    settings = Settings(str(data), str(project.results))
    project.definitions = build_gem_assets("bulk", settings=settings, **options)
    run = project.refresh(PLANTED, tables)
    assert run.success, run.failed
    return run


def test_labels_of_a_field_that_is_left_out_are_shown_and_not_judged(
    project: Project, repository: Path
) -> None:
    before = project.table("qc_verdicts", PLANTED).set_index(["sample_id", "field"])
    assert before.loc[("NA20502", "sex"), "status"] == "fail"
    run = judge_anew(
        project,
        repository / "data",
        *(*QC_TABLES, "qc_report"),
        fields=["sample_type", "disease"],
    )
    verdicts = project.table("qc_verdicts", PLANTED).set_index(["sample_id", "field"])
    of_sex = verdicts.xs("sex", level="field")
    assert set(of_sex["status"]) == {"not_assessed"}
    assert set(of_sex["reason"]) == {"field_left_out"}
    assert of_sex.loc["NA20502", "predicted_label"] == "female"
    others = verdicts.drop("sex", level="field")
    assert others["status"].equals(before.drop("sex", level="field")["status"])
    assert "fail" not in set(project.table("qc_samples", PLANTED)["status"])
    assert "qc_samples.labels_agree" not in run.failed_checks
    # The history tells that it was judged otherwise.
    assert project.table("qc_history", PLANTED)["settings_hash"].nunique() == 2
    assert "settings leave this field out" in project.report(PLANTED).read_text()


def test_a_threshold_of_the_instance_changes_what_is_flagged(
    project: Project, repository: Path
) -> None:
    assert "fail" in set(project.table("qc_samples", PLANTED)["status"])
    # Nobody has less than nothing of the probability: no label is contradicted by it.
    judge_anew(project, repository / "data", *QC_TABLES, thresholds={"contradicts_compatible": 0})
    statuses = project.table("qc_verdicts", PLANTED).set_index(["sample_id", "field"])["status"]
    assert "fail" not in set(statuses)
    assert statuses[("NA20502", "sex")] == "warn"


def test_a_dataset_s_own_threshold_goes_before_the_instance_s() -> None:
    datasets = GemDatasets(
        data="data",
        modality="bulk",
        thresholds={"sex_male_cpm": 30.0, "mass_agrees": 0.6},
        fields=["sex"],
    )
    settings = datasets.judged_by(
        DatasetConfig(thresholds={"mass_agrees": 0.7, "sex_female_cpm": 20.0})
    )
    assert (settings.mass_agrees, settings.sex_male_cpm, settings.sex_female_cpm) == (0.7, 30, 20)
    assert settings.judges("sex")
    assert not settings.judges("tissue")


def test_the_docs_name_every_attribute(repository: Path) -> None:
    page = (repository / "docs" / "component.md").read_text()
    named = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    assert named == set(GemMetadataQc.model_fields)

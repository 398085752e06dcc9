"""A check is of what was just materialised; told earlier, Dagster shows it as missing."""

from __future__ import annotations

from face_lab import Done


def test_each_check_is_of_the_materialisation_of_its_own_run(shipped: Done) -> None:
    for run in (shipped.observed, *shipped.refreshed.values()):
        evaluations = run.result.get_asset_check_evaluations()
        assert evaluations
        targets = {
            evaluation.asset_check_key.to_user_string(): evaluation.target_materialization_data
            for evaluation in evaluations
        }
        assert {name for name, target in targets.items() if target is None} == set()
        assert {target.run_id for target in targets.values() if target} == {run.run_id}

"""Asset checks: what is wrong with an input or a dataset, as Dagster shows it.

The rule of blocking. What lies downstream of a failed check must not run where it could only be
wrong: an input that is refused, rows that break their contract, thresholds or reviews that nobody
can read, a dataset for which the endpoint answered nothing. Those checks are declared as blocking,
and fail with severity ERROR. The same checks fail with WARN where something is worth telling only,
and what is downstream runs: Dagster lets a blocking check stop it at ERROR alone.

What is found about the labels never blocks, however bad it is: `labels_agree` and the checks of
`findings` are not declared as blocking, and their severity is WARN. A wrong label must not stop
the report that tells of it.

One concept a file: ``declaration`` (what every check shares), ``inputs`` (problems by family),
``contract``, ``samples`` (of one sample each), ``findings`` (of several samples or the dataset),
``refusal`` (how a partition is refused) and ``tables`` (of offenders).
"""

from gem_assets.checks.contract import CONTRACT, contract_result, contract_spec
from gem_assets.checks.declaration import check_spec
from gem_assets.checks.findings import FINDING_CHECKS, finding_results, finding_specs
from gem_assets.checks.inputs import (
    INPUT_CHECKS,
    ProblemCheck,
    input_results,
    input_specs,
    problems_result,
    refuse_input,
)
from gem_assets.checks.refusal import fail_for_good, refuse_partition
from gem_assets.checks.samples import flagged_samples_result, sample_failures_result
from gem_assets.checks.tables import frame_table, records_table

__all__ = [
    "CONTRACT",
    "FINDING_CHECKS",
    "INPUT_CHECKS",
    "ProblemCheck",
    "check_spec",
    "contract_result",
    "contract_spec",
    "fail_for_good",
    "finding_results",
    "finding_specs",
    "flagged_samples_result",
    "frame_table",
    "input_results",
    "input_specs",
    "problems_result",
    "records_table",
    "refuse_input",
    "refuse_partition",
    "sample_failures_result",
]

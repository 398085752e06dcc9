#!/usr/bin/env bash
# From nothing to a flagged sample in your own Dagster project, in five commands.
#
# Run it in the root of a dg project (docs/examples/consumer is one), in its virtual environment:
#
#     bash path/to/docs/examples/five_commands.sh
#
# It checks a shipped dataset of 24 samples, in three of which the stated sex is wrong, by the
# embedded endpoint: nothing is sent anywhere. GEM_ASSETS_WHEEL names a wheel to install instead.
set -euo pipefail

EXAMPLE_DATA=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../data" && pwd)
export DAGSTER_HOME=${DAGSTER_HOME:-$PWD/.dagster} # so that one command sees what another did
mkdir -p "$DAGSTER_HOME" && touch "$DAGSTER_HOME/dagster.yaml"
set -x

# 1. Install.
python -m pip install --quiet "${GEM_ASSETS_WHEEL:-gem-assets}" dagster-dg-cli

# 2. Add an instance to the project: writes defs/swaps/defs.yaml, which loads as it is.
dg scaffold defs gem_assets.GemMetadataQc swaps --data "$EXAMPLE_DATA"

# 3. Register the dataset; in the UI the sensor gem_swaps_folder_sensor does it.
python -c "import dagster as dg; dg.DagsterInstance.get().add_dynamic_partitions('gem_swaps_datasets', ['geuvadis_planted'])"

# 4. Read, align, predict, judge and report it.
dg launch --assets 'group:gem_swaps' --partition geuvadis_planted

# 5. See whom the expression contradicts; results/reports/gem_swaps/ holds the page to read.
python -c "import duckdb; print(duckdb.connect('results/warehouse.duckdb', read_only=True).sql('select sample_id, field, provided_text, predicted_label, reason from gem_swaps.qc_mismatches'))"

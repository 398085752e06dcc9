"""Ask the embedded models about real cohorts.

``python -m gem_assets.embedded.evaluate --cohorts FOLDER`` prints accuracy per field.
Evaluation only: nothing measured here feeds back into training or thresholds.
"""

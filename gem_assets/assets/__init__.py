"""The software-defined assets, a thin module each."""

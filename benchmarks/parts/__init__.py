"""What the benchmarks share: measured processes, made data, and a server that replays answers."""

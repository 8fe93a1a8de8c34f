"""What the benchmarks share: two machines in one, the programs that race, the report."""

"""What the benchmarks share: two machines in one, the programs that race, the report."""

import argparse


def take_no_arguments(description):
    """Answers --help, and refuses arguments: a benchmark is told what to do by its environment."""
    argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()

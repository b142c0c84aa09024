"""The `nouba` command: one module for each thing an operator sets up."""

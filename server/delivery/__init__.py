"""Everything that leaves the house: paper, messages, pushes."""

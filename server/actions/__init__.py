"""The verbs: each reads the clock once, opens one unit of work, lets the domain decide and records it."""

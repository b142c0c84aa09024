"""The only part that knows SQL: rows come in and go out as frozen values of the domain."""

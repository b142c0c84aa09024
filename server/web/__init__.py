"""The pages and the API: parse, call one action or read, render."""

"""Nouba's server: from a tap at the kiosk to the call on the wall."""

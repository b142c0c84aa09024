"""What a kiosk has promised, on its own disk: tickets, numbers, papers, and what it knows of the server."""

from kiosk_client.journal.file import JournalFailure, JournalFile
from kiosk_client.journal.journal import Draft, Entry, Journal, Paper, PaperEnd

__all__ = ["Draft", "Entry", "Journal", "JournalFailure", "JournalFile", "Paper", "PaperEnd"]

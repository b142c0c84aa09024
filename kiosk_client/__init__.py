"""The program on a kiosk: its own pages, journal, printer and the link to the server."""

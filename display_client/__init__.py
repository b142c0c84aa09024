"""The program beside a screen of the waiting room: a true board, each call said once, whatever fails."""

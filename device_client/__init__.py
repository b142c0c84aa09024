"""What the programs beside a screen share: a kiosk's and a display's."""

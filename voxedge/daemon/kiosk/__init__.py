"""The kiosk's page: static files of ours, and the menu of the configuration. No path comes from a client."""

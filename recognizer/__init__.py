"""Video to AU tracks and events."""

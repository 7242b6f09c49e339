"""simenv."""

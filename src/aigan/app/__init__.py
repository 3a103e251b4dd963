"""The web app: try a picture in the browser."""

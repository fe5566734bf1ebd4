"""Where records become tables and pictures; the only floor that imports pandas."""

"""What every long-running process of ours needs: an HTTP server, metrics as text, a log without secrets, a supervisor's ear."""

"""The pure core: values in, values out. No socket, clock, environment or file."""

"""The command line: Fire parses, the library answers, this floor renders."""

"""What carries intents out: one class for keystores and their node, one for a Safe, one for notices."""

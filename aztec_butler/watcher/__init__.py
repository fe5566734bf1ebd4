"""From events on the chain to what an operator does about them: once each, and only when asked or allowed."""

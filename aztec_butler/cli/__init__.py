"""The command line: a table of commands, their parsing by Fire, and the rendering of their answers.

Nothing here computes: a command asks the library and hands back records.
"""

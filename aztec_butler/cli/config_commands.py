"""The commands about this installation: its settings, its commands and its version."""

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection


@command(connection)
def show(session: Session) -> Answer:
    """The settings that hold, and where each came from; secrets are left out.

    Examples:
        aztec-butler config show
        aztec-butler config show --network testnet --format json
    """
    from aztec_butler.core.settings import ShownSetting

    return Answer(rows=session.settings.shown(), row_type=ShownSetting)


@attrs.frozen(kw_only=True)
class ShownCommand:
    """A command, as ``commands`` lists it."""

    command: str
    does: str


@command()
def commands() -> Answer:
    """Every command with what it does, a line each, to be searched.

    Examples:
        aztec-butler commands
        aztec-butler commands --format csv
    """
    from aztec_butler.cli.docstring import read_docstring
    from aztec_butler.cli.help import walk
    from aztec_butler.cli.table_of_commands import COMMANDS, load

    rows = tuple(
        ShownCommand(command=" ".join(path), does=read_docstring(load(target).function).summary)
        for path, target in walk(COMMANDS)
    )
    longest = max(len(row.command) for row in rows)
    return Answer(
        rows=rows,
        row_type=ShownCommand,
        lines=tuple(f"{row.command:<{longest}}  {row.does}" for row in rows),
    )


@command(renders=False)
def version() -> None:
    """The version of this program.

    Examples:
        aztec-butler version
        aztec-butler --version
    """
    from aztec_butler import __version__

    print(f"aztec-butler {__version__}")

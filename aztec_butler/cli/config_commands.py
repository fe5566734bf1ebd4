"""The commands about this installation: its settings and its version."""

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


@command(renders=False)
def version() -> None:
    """The version of this program.

    Examples:
        aztec-butler version
        aztec-butler --version
    """
    from aztec_butler import __version__

    print(f"aztec-butler {__version__}")

"""What the keystore commands have in common: where files are, how findings and plans are shown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from aztec_butler.cli.columns import render_text
from aztec_butler.core.errors import InputError

if TYPE_CHECKING:
    from aztec_butler.core.keystores.checks import CheckedSet
    from aztec_butler.core.keystores.editing import FileEdit
    from aztec_butler.core.keystores.faults import Finding
    from aztec_butler.core.keystores.records import Secret
    from aztec_butler.core.keystores.resolving import Means
    from aztec_butler.store.keystores import ReadSet, Source

_SHOWN_OF_A_KIND = 3


def parse_paths(text: str) -> tuple[Path, ...]:
    """Paths with commas between them, as the node takes them."""
    return tuple(Path(part.strip()).expanduser() for part in text.split(",") if part.strip())


def parse_path(text: str) -> Path:
    """One path."""
    return Path(text).expanduser()


class KeyFileOptions(NamedTuple):
    """Where encrypted files are, and what opens them."""

    folder: Path | None
    password_file: Path | None

    @property
    def password(self) -> "Secret | None":
        """The password, read from its file.

        Raises:
            SettingsError: the file cannot be read, or others can.
        """
        from aztec_butler.core.keystores.records import Secret
        from aztec_butler.store.settings_files import read_secret

        return None if self.password_file is None else Secret(read_secret(str(self.password_file)))

    def means(self, records: object, *, opens_all: bool = False) -> "Means":
        """What it takes to turn the accounts of some records into public data."""
        from aztec_butler.store.keystores import load_means

        return load_means(records, key_files=self.folder, password=self.password, opens_all=opens_all)

    def check(
        self,
        read: "ReadSet",
        means: "Means | None" = None,
        *,
        opens_all: bool = False,
        registers: bool = False,
    ) -> "CheckedSet":
        """Examine keystores that were read."""
        from aztec_butler.core.keystores.checks import check_set

        records = tuple(reading.keystore for reading in read.readings)
        means = means or self.means(records, opens_all=opens_all)
        return check_set(read.readings, means, registers=registers)


def read_all(groups: Sequence[Sequence[Path]]) -> "ReadSet":
    """Read what one node loads."""
    from aztec_butler.store.keystores import read_keystores

    paths = [path for group in groups for path in group]
    if not paths:
        raise InputError("no keystore is named", hint="give a file, or the folder that the node loads")
    return read_keystores(paths)


def key_files(
    *,
    key_files: Annotated[Path, parse_path, "FOLDER"] | None = None,
    password_file: Annotated[Path, parse_path, "PATH"] | None = None,
) -> KeyFileOptions:
    """Encrypted files.

    Args:
        key_files: look for encrypted key files in this folder, by their names; keystores of a container name paths
            that this machine does not have.
        password_file: a file with the password of all encrypted files, in place of those in the keystores.
    """
    return KeyFileOptions(key_files, password_file)


def lines_of_findings(findings: "Iterable[Finding]") -> tuple[str, ...]:
    """A line for each finding, and what to do below it; of many warnings of a kind in one file the first few."""
    from aztec_butler.core.checks import Outcome

    lines: list[str] = []
    counts: dict[tuple[str | None, str], int] = {}
    for finding in findings:
        kind = (finding.file, finding.fault.value)
        counts[kind] = counts.get(kind, 0) + 1
        if finding.outcome is Outcome.WARN and counts[kind] > _SHOWN_OF_A_KIND:
            continue
        lines.append(
            f"{finding.outcome.value:<4}  {render_text(finding.place)}"
            f"  {finding.fault.value}: {render_text(finding.finding)}"
        )
        if finding.remedy is not None:
            lines.append(f"      -> {render_text(finding.remedy)}")
        file, fault = kind
        if finding.outcome is Outcome.WARN and counts[kind] == _SHOWN_OF_A_KIND:
            lines.append(f"\0{file}\0{fault}")
    return tuple(line for line in (_folded(line, counts) for line in lines) if line is not None)


def _folded(line: str, counts: dict[tuple[str | None, str], int]) -> str | None:
    """A mark behind the last shown finding of a kind becomes the number of those left out."""
    if not line.startswith("\0"):
        return line
    _, file, fault = line.split("\0")
    more = next(count for (name, kind), count in counts.items() if str(name) == file and kind == fault)
    more -= _SHOWN_OF_A_KIND
    return f"      ... and {more} more like it in {render_text(file)}" if more else None


def lines_of_edits(edits: "Iterable[FileEdit]") -> list[str]:
    """The diffs of a plan."""
    return [render_text(line) for edit in edits for line in edit.diff()]


def apply_plan(
    edits: "Sequence[FileEdit]", sources: "Iterable[Source]", *, write: bool, keep_backups: int
) -> list[str]:
    """Write what a plan changes if that is wanted; sentences about what was done, or was not."""
    changing = [edit for edit in edits if edit.is_change]
    if not changing:
        return ["nothing is to be changed"]
    if not write:
        return ["nothing was written; add --write to apply this plan"]
    from aztec_butler.store.keystore_edits import apply_edits

    named = {edit.file for edit in changing}
    written = apply_edits(
        changing, [source for source in sources if str(source.path) in named], keep_backups=keep_backups
    )
    return [
        f"written {each.file}" + ("" if each.backup is None else f", the old text is in {each.backup}")
        for each in written
    ]


def edits_of_texts(texts: Mapping[Path, str]) -> "tuple[list[FileEdit], list[Source]]":
    """New texts as edits of what is there, and what is there."""
    from aztec_butler.core.keystores.editing import FileEdit
    from aztec_butler.core.keystores.faults import Finding
    from aztec_butler.store.keystores import read_source

    edits: list[FileEdit] = []
    sources: list[Source] = []
    for path, text in texts.items():
        before = None
        if path.exists() or path.is_symlink():
            source = read_source(path)
            if isinstance(source, Finding):
                raise InputError(source.finding, file=path)
            sources.append(source)
            before = source.text
        edits.append(FileEdit(file=str(path), before=before, after=text))
    return edits, sources


def read_text(path: Path) -> str:
    """The text of a file that holds no secret."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError("a file cannot be read", file=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise InputError("a file is not UTF-8 text", file=path) from None

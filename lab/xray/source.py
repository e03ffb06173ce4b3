"""The text of the lines that the X-ray shows, from the files as they are on the lab host."""


class Source:
    """The files of the programs on a lab host."""

    def __init__(self, host_pid):
        self._root, self._lines = f"/proc/{host_pid}/root", {}

    def remember(self, path: str) -> None:
        """Read a file now: the program may change it."""
        if path not in self._lines:
            self._lines[path] = self._read(path)

    def text(self, path: str, number: int) -> "str | None":
        """Return a line without its indentation; None for a program that is in no file."""
        self.remember(path)
        lines = self._lines[path]
        return lines[number - 1].strip() if 0 < number <= len(lines) else None

    def _read(self, path):
        """Return the lines of a file; the process may see it no more, the lab host does."""
        try:
            with open(self._root + path, errors="replace") as file:
                return file.read().splitlines()
        except OSError:
            return []

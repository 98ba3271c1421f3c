"""Follows a page of the documentation to the letter, in a copy of the project.

Every fenced block of the page is one of

* a file, when the text before it names its path: `path` begins it, or just names it, and it is written;
  `path` ends, and the block is added below what stands there;
* a `diff` of the file named last, without line numbers: its old lines must stand there once;
* `console`: each line after `$ ` is run, and what it prints must be the lines that follow, `...` standing for
  anything;
* `sql` without a path, with the table that follows it: a question to the build warehouse.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import duckdb
from tests.integration.night_runner import ROOT
from tests.integration.readme_answers import answer

BLOCK = re.compile(
    r"(?P<before>.*?)```(?P<kind>[a-z]+)\n(?P<body>.*?)```\n(?P<table>\n(?:\|[^\n]*\n)+)?", re.DOTALL
)
PATH = re.compile(r"`([\w./-]+\.(?:py|sql|yml|json))`")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "data", "__pycache__", ".*_cache", ".hypothesis", "target", "logs"
)


def copy_of_project(folder: Path) -> Path:
    """Copy what a checkout holds; the environment is a link to ours."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@dataclass
class Reader:
    """Someone who does what the page says in `project`. As a context, stops the servers it started."""

    project: Path
    warehouse: str
    environment: dict[str, str] = field(default_factory=dict)
    _servers: list[subprocess.Popen] = field(default_factory=list)
    _last_path: str = ""

    def __enter__(self) -> Self:
        # The environment's own valuegap is the checkout, not the copy.
        self.environment = {**os.environ, "PYTHONPATH": str(self.project / "plugins")}
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self._servers:
            server.terminate()
            server.wait()

    def follow(self, page: str) -> None:
        """Take each block of the page in turn."""
        for block in BLOCK.finditer(page):
            self._take(block["before"], block["kind"], block["body"], (block["table"] or "").lstrip("\n"))

    def _take(self, before: str, kind: str, body: str, table: str) -> None:
        named = PATH.findall(before.rpartition("\n## ")[2])
        self._last_path = named[-1] if named else self._last_path
        if kind == "diff":
            self._change(body)
        elif kind == "console":
            self._run_all(body)
        elif kind == "sql" and table:
            self._ask(body, table)
        else:
            assert named, f"no path is named before: {body[:80]}"
            self._write(body, is_continued=f"`{named[-1]}` ends" in before)

    def _write(self, body: str, *, is_continued: bool) -> None:
        file = self.project / self._last_path
        file.parent.mkdir(parents=True, exist_ok=True)
        assert is_continued == (file.exists() and self._last_path.endswith(".py")), self._last_path
        file.write_text(f"{file.read_text()}\n{body}" if is_continued else body)

    def _change(self, diff: str) -> None:
        file = self.project / self._last_path
        text, lines = file.read_text(), diff.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(old) == 1, f"{self._last_path} no longer has once:\n{old}"
        file.write_text(text.replace(old, new))

    def _run_all(self, session: str) -> None:
        for command, shown in re.findall(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)", session):
            words = shlex.split(command)
            if words[0] == "export":
                self.environment |= dict(word.split("=", 1) for word in words[1:])
            elif words[-1] == "&":
                self._serve(words[:-1])
            else:
                self._run(words, shown)

    def _run(self, words: list[str], shown: str) -> None:
        process = subprocess.run(
            words, cwd=self.project, env=self.environment, capture_output=True, text=True, timeout=900, check=False
        )  # fmt: skip
        assert process.returncode == 0, process.stdout + process.stderr
        expected = re.escape(shown.rstrip("\n")).replace(r"\.\.\.", ".*")
        assert re.fullmatch(expected, process.stdout.strip("\n"), re.DOTALL), process.stdout

    def _serve(self, words: list[str]) -> None:
        server = subprocess.Popen(
            words, cwd=self.project, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )  # fmt: skip
        self._servers.append(server)
        (port,) = set(re.findall(r'127\.0\.0\.1", (\d+)', (self.project / words[-1]).read_text()))
        for _ in attempts():
            assert server.poll() is None, f"{words} ended"
            with closing(socket.socket()) as connection:
                if connection.connect_ex(("127.0.0.1", int(port))) == 0:
                    return

    def _ask(self, sql: str, table: str) -> None:
        with duckdb.connect(str(self.project / self.warehouse), read_only=True) as build:
            assert answer(build, sql) == table


def attempts() -> Iterator[None]:
    """Yield until ten seconds are over."""
    for _ in range(100):
        yield
        time.sleep(0.1)
    raise AssertionError("the server did not answer in ten seconds")


def free_port() -> int:
    """Return a port nobody listens on."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

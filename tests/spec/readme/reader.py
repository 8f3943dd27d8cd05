"""Someone who follows the README in an empty directory, with ports that nobody else has."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

from tests.places import ROOT

BIN = Path(sys.executable).parent


def held() -> socket.socket:
    """A port that nobody else is given: an engine may bind it again."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
    return one


class Reader:
    """Runs blocks of commands one after the other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._held = [held(), held()]
        self.http, self.mllp = (one.getsockname()[1] for one in self._held)
        ours = {"INTEROP_HTTP": f"127.0.0.1:{self.http}", "INTEROP_MLLP": f"127.0.0.1:{self.mllp}"}
        ours["INTEROP_URL"] = f"http://127.0.0.1:{self.http}"
        self._environment = {**os.environ, **ours, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
        self._exported = directory / ".exported"
        self._serving: list[subprocess.Popen[str]] = []

    def follow(self, block: str) -> str:
        """Run a block; what it prints. Its engine is left running, and what it exports is known to the blocks after it."""
        text = block.replace("127.0.0.1:8080", f"127.0.0.1:{self.http}").replace("127.0.0.1:2575", f"127.0.0.1:{self.mllp}")
        text = text.replace(". .venv/bin/activate\n", "")
        text = re.sub(r"^scripts/test$", "scripts/test --help", text, flags=re.MULTILINE)  # it is what runs this
        text = re.sub(r"^scripts/", f"{ROOT}/scripts/", text, flags=re.MULTILINE)
        serve = re.search(r"^interop serve.*\n", text, re.MULTILINE)
        if serve:
            return self._serve(serve[0].strip())
        exported = shlex.quote(str(self._exported))
        bash = ["bash", "-euo", "pipefail", "-c", f"[ ! -e {exported} ] || . {exported}\n{text}\nexport -p > {exported}"]
        done = subprocess.run(bash, cwd=self.directory, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _serve(self, command: str) -> str:
        words = [*shlex.split(command), "--http", f"127.0.0.1:{self.http}", "--mllp", f"127.0.0.1:{self.mllp}"]
        engine = subprocess.Popen(words, cwd=self.directory, env=self._environment, stdout=subprocess.PIPE, text=True)
        self._serving.append(engine)
        assert engine.stdout is not None
        return engine.stdout.readline()

    def stop(self) -> list[int]:
        """End the engines as Ctrl-C does; how they ended."""
        ended = []
        for engine in self._serving:
            engine.terminate()
            ended.append(engine.wait(30))
            assert engine.stdout is not None
            engine.stdout.close()
        self._serving.clear()
        for one in self._held:
            one.close()
        return ended

"""`make notebook N`: the lessons in JupyterLab, as who you are; only what makes lab hosts is root.

The notebooks are worked on as copies in my-notebooks/, which are never overwritten.  What
JupyterLab keeps is in .lab/jupyter, and nothing of the person's own settings is used.
"""

import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from lab import ROOT, client, confine, course, files, notebook, progress
from lab.commands import ERROR, step_number

FOLDER, KEPT = f"{ROOT}/my-notebooks", f"{files.STATE}/jupyter"
PORTS = range(8888, 8898)
PATIENCE = 60.0  # seconds for JupyterLab to answer, and for its kernels to end
SETTINGS = {  # no pop-up, no call to anybody; light or dark as the reader's system; whole lines
    "notebook-extension/tracker": '{"codeCellConfig": {"lineWrap": true, "lineNumbers": true}}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
    "apputils-extension/themes": '{"adaptive-theme": true}',
}
OPTIONS = (
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    f"--ServerApp.root_dir={ROOT}",
    "--KernelManager.transport=ipc",  # sockets that nobody else on the machine can open
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
SAID = """\
JupyterLab runs on this machine, for you alone:

    {url}

Your notebooks are in my-notebooks/, your programs stay where they are, in steps/.
Stop it with Ctrl-C here.
"""
NO_ROOT = """\
Without root: steps 1 to 3 can be tried where the kernel allows user namespaces; see make doctor.
"""


def main(words):
    """Run JupyterLab until Ctrl-C: [STEP], and what else is an option of JupyterLab."""
    options = [word for word in words if word.startswith("--")]
    words = [word for word in words if not word.startswith("--")]
    name = course.STEPS[step_number(words, "notebook") - 1] if words else notebook.names()[0]
    make_copies()
    _start_server()
    told = []
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda number, _: told.append(number))
    with tempfile.TemporaryDirectory(prefix="lab-") as runtime:
        lab = _Lab(f"my-notebooks/{name}.ipynb", runtime, options)
        try:
            if not lab.wait_until_it_answers(told):
                return 0 if told else _failed()
            print(SAID.format(url=lab.url), flush=True)
            while not told and lab.runs():
                time.sleep(0.2)  # a signal ends it
            return 0
        finally:
            lab.end()


def make_copies() -> None:
    """Make the notebooks that are worked on; never over one that somebody has changed."""
    given = files.load("notebooks")
    for name in notebook.names():
        mine = f"{FOLDER}/{name}.ipynb"
        with open(notebook.path(name), "rb") as file:
            text = file.read()
        now = progress.digest(text)
        if os.path.exists(mine) and given.get(name) != now:
            with open(mine, "rb") as file:
                if progress.digest(file.read()) != given.get(name):
                    print(f"notebooks/{name}.ipynb is another one than when yours was made;")
                    print(f"yours stays: to have the new one, move my-notebooks/{name}.ipynb away")
                    continue
        if not os.path.exists(mine) or given.get(name) != now:
            files.write(mine, text)
            given[name] = now
    files.save("notebooks", given)


def _start_server():
    """Start the process that makes lab hosts, as root if that can be."""
    sudo = shlex.split(os.environ.get("SUDO", "")) or client.sudo()
    try:
        client.start(os.getpid(), sudo)
    except client.NoServerError:
        if not sudo:
            raise
        client.start(os.getpid())
        sudo = []
    if os.geteuid() and not sudo:
        print(NO_ROOT)


def _failed():
    """Say that JupyterLab does not run, and show the end of what it said."""
    with open(f"{KEPT}/log", errors="replace") as log:
        print(f"JupyterLab did not start:\n{log.read()[-2000:]}", file=sys.stderr)
    return ERROR


class _Lab:
    """JupyterLab, in a process that ends with us."""

    def __init__(self, first_page, runtime, options):
        port, token = _free_port(), secrets.token_hex(24)
        self._status = f"http://127.0.0.1:{port}/api/status?token={token}"
        self.url = f"http://127.0.0.1:{port}/lab/tree/{first_page}?token={token}"
        _write_settings()
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.port={port}", *OPTIONS]
        command += [f"--LabApp.default_url=/lab/tree/{first_page}", *options]
        command += ["--allow-root"] * (os.geteuid() == 0) + ["--no-browser"] * (not _has_browser())
        with open(f"{KEPT}/log", "w") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **_environment(runtime), "JUPYTER_TOKEN": token},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us
                preexec_fn=confine.die_with_parent,
            )

    def runs(self):
        """Whether it runs."""
        return self._process.poll() is None

    def wait_until_it_answers(self, told):
        """Return whether it does, before anybody tells us to end."""
        deadline = time.monotonic() + PATIENCE
        while self.runs() and not told and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self._status, timeout=PATIENCE).close()
                return True
            except OSError:
                time.sleep(0.1)
        return False

    def end(self):
        """End it and its kernels; returns when they are gone."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment(runtime):
    """Return where JupyterLab keeps what; sockets have short names, so they are elsewhere."""
    return {
        "JUPYTER_CONFIG_DIR": f"{KEPT}/config",
        "JUPYTER_DATA_DIR": f"{KEPT}/data",
        "JUPYTERLAB_SETTINGS_DIR": f"{KEPT}/settings",
        "JUPYTERLAB_WORKSPACES_DIR": f"{KEPT}/workspaces",
        "JUPYTER_RUNTIME_DIR": runtime,
        "IPYTHONDIR": f"{KEPT}/ipython",
    }


def _write_settings():
    """Write the first settings of JupyterLab; what the person has chosen since stays."""
    os.makedirs(KEPT, exist_ok=True)
    for name, text in SETTINGS.items():
        path = f"{KEPT}/settings/@jupyterlab/{name}.jupyterlab-settings"
        if not os.path.exists(path):
            files.write(path, text)


def _free_port():
    """Return a port that is free: the usual one, if it is."""
    for port in (*PORTS, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise OSError("no free port")


def _has_browser():
    """Whether JupyterLab can open a browser for the person: not for root, nor without a screen."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(os.geteuid() and (screen or shutil.which("wslview")))

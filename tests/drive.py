"""Run cells in a kernel, the last one so that it can be interrupted: drive.py FOLDER CELL ...

A line at stdin presses the button.  Said are the kernel's number, when the last cell has
printed "began", what it printed to its end, and that the kernel is still alive then.
"""

import sys
import threading

from jupyter_client.manager import start_new_kernel

PATIENCE = 60  # seconds for a message to come


def main(folder, *before, last):
    """Be the server of one kernel."""
    manager, client = start_new_kernel(cwd=folder)
    for cell in before:
        client.execute_interactive(cell, timeout=PATIENCE, output_hook=lambda message: None)
    threading.Thread(target=interrupt, args=[manager], daemon=True).start()
    print("pid", manager.provisioner.pid, flush=True)
    print("said", repr(said(client, last)), flush=True)
    # What comes at once after an error, a kernel takes for part of it, and does not run.
    while was_aborted(
        client.execute_interactive("print('alive')", timeout=PATIENCE, output_hook=show)
    ):
        pass
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def was_aborted(reply):
    """Whether a cell was not run."""
    return reply["content"]["status"] == "aborted"


def interrupt(manager):
    """Press the button for each line."""
    for _ in sys.stdin:
        manager.interrupt_kernel()


def said(client, cell):
    """Run a cell to its end; return what it printed and raised."""
    number, text = client.execute(cell), ""
    while True:
        message = client.get_iopub_msg(timeout=PATIENCE)
        content = message["content"]
        if message["parent_header"].get("msg_id") != number:
            continue
        if content.get("execution_state") == "idle":
            return text
        had_begun = "began" in text
        text += content.get("text", "") + content.get("ename", "")
        if "began" in text and not had_begun:
            print("began", flush=True)


def show(message):
    """Print what a cell prints."""
    print(message["content"].get("text", ""), end="", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:-1], last=sys.argv[-1])

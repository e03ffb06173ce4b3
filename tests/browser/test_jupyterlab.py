"""The notebooks as a reader has them: `make notebook` and a real browser, Debian's Chromium.

Run by `make test-browser`.  What was seen last is kept as pictures in artifacts/.
"""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from chromium import ARTIFACTS
from kernels import environment
from running import PATIENCE, run
from test_command_line import copied, program

from lab import ROOT, course
from lab.client import MAIN
from lab.process import descendants

MOST = 120_000  # milliseconds for anything in a page
SOURCE = course.read_source()


class Lab:
    """JupyterLab, as `make notebook` starts it."""

    def __init__(self, copy, *words):
        self._process = subprocess.Popen(
            [sys.executable, "-IBc", MAIN, copy, "notebook", *words, "--expose-app-in-browser"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=copy,
            env={**environment(copy), "SUDO": ""},
        )
        self.said = ""
        for line in self._process.stdout:
            self.said += line
            if line.startswith("Stop it"):
                break
        self.url = re.search(r"http://\S+", self.said)[0]
        self.address = self.url.partition("/lab/")[0]

    def page(self, name):
        """Return the address of a notebook; nothing of an earlier visit is shown."""
        return re.sub(r"\d\d_\w+\.ipynb", f"{name}.ipynb", self.url) + "&reset"

    def processes(self):
        """Return the numbers of all that runs for it."""
        return [process.pid for process in descendants(self._process.pid)]

    def stop(self, signum):
        """Send it a signal; return its exit status when it has ended."""
        with self._process as process:
            process.send_signal(signum)
            return process.wait(PATIENCE)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the checkout, in which nobody has worked yet."""
    made = copied(tmp_path_factory.mktemp("browser") / "checkout")
    run("cp", "-a", f"{ROOT}/rootfs", made)
    return made


@pytest.fixture(scope="module")
def lab(copy):
    """Return JupyterLab, running."""
    running = Lab(copy)
    yield running
    assert running.stop(signal.SIGINT) == 0


@pytest.fixture(params=["light"])
def page(chromium, lab, request):
    """Return an empty page of a reader who likes it light or dark; no request goes elsewhere."""
    context = chromium.new_context(
        color_scheme=request.param, viewport={"width": 1280, "height": 1600}
    )
    opened, elsewhere = context.new_page(), []
    opened.set_default_timeout(MOST)
    ours = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    opened.on("request", lambda r: None if r.url.startswith(ours) else elsewhere.append(r.url))
    opened.on("pageerror", lambda error: elsewhere.append(str(error)))
    yield opened
    name = re.sub(r"\W+", "-", request.node.name)
    opened.screenshot(path=f"{ARTIFACTS}/{name}.png")
    context.close()
    assert elsewhere == []


def ask(page, script, *arguments):
    """Run a script in the page, where `notebook` is the one in front, once its kernel is idle."""
    whole = """async ([script, args, most]) => {
        const nap = ms => new Promise(done => setTimeout(done, ms));
        await jupyterapp.restored;
        const front = () => jupyterapp.shell.currentWidget;
        while (!front()?.sessionContext) await nap(50);
        const notebook = front();
        await notebook.context.ready; await notebook.sessionContext.ready;
        await notebook.revealed;
        const kernel = () => notebook.sessionContext.session?.kernel?.status;
        while (kernel() !== 'idle') await nap(50);
        const run = Object.getPrototypeOf(async () => {}).constructor;
        const told = new run('notebook', 'nap', 'kernel', ...Object.keys(args), script);
        const late = nap(most).then(() => { throw Error('it takes too long: ' + script) });
        return Promise.race([told(notebook, nap, kernel, ...Object.values(args)), late]);
    }"""
    return page.evaluate(whole, [script, arguments[0] if arguments else {}, MOST])


def open_notebook(page, lab, name):
    """Open a notebook with a new kernel, and wait until it can be run."""
    page.goto(lab.page(name))
    page.wait_for_function("() => window.jupyterapp")
    ask(page, "await notebook.sessionContext.restartKernel()")
    ask(page, "return 0")


RUN_ALL = """
    await jupyterapp.commands.execute('notebook:run-all-cells');
    const cells = [...notebook.content.model.cells].filter(cell => cell.type === 'code');
    return cells.flatMap(cell => cell.toJSON().outputs).filter(out => out.output_type === 'error')
                .map(out => out.ename);
"""
WRITE = """
    const cells = [...notebook.content.model.cells];
    const cell = cells.find(cell => cell.sharedModel.getSource().startsWith(begin));
    cell.sharedModel.setSource(text);
"""
READ = """
    const cells = [...notebook.content.model.cells];
    return cells.map(cell => cell.sharedModel.getSource()).find(text => text.startsWith(begin));
"""


def run_all(page):
    """Have JupyterLab run all cells; return the names of what was raised, from its model."""
    return ask(page, RUN_ALL)


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
@pytest.mark.parametrize("name", course.STEPS)
def test_reader_who_solves_the_step_sees_it_pass(page, lab, copy, name):
    """With the solution in its cell a notebook runs to its end, and all pictures are there."""
    step = int(name[:2])
    open_notebook(page, lab, name)
    text = f"%%exercise {step}\n{course.solution(SOURCE, step)}"
    ask(page, WRITE, {"begin": "%%exercise", "text": text})
    assert run_all(page) == []
    page.wait_for_selector(".verdict.passed", state="attached")
    pictures = 2 + (step == 4)
    assert page.locator("svg.ink").count() == pictures
    assert program(copy, step).read_text() == course.solution(SOURCE, step)
    program(copy, step).write_text(course.starter(SOURCE, step))
    os.remove(copy / ".lab/cells.json")


def test_error_in_a_cell_is_seen(page, lab):
    """These tests would notice: a cell that divides by zero is found in the model."""
    open_notebook(page, lab, "01_uts")
    ask(page, WRITE, {"begin": "%run_step", "text": "1/0"})
    assert run_all(page) == ["ZeroDivisionError"]


def test_beginner_finds_the_way_from_the_verdict(page, lab):
    """The starter's verdict opens one hint after the other, and says the same to everybody."""
    open_notebook(page, lab, "01_uts")
    assert run_all(page) == []
    verdict = page.locator(".verdict")
    verdict.scroll_into_view_if_needed()
    hints = verdict.locator("details > p")
    assert [hint.is_visible() for hint in hints.all()] == [False] * 3
    for number in (1, 2, 3):
        verdict.get_by_text(f"hint {number} of 3").click()
        assert [hint.is_visible() for hint in hints.all()] == [n < number for n in range(3)]
    assert verdict.get_by_label("fail").count() == 1


def test_finished_step_leads_to_the_next_notebook(page, lab, copy):
    """The link in a verdict that passes opens the next notebook."""
    open_notebook(page, lab, "01_uts")
    text = f"%%exercise 1\n{course.solution(SOURCE, 1)}"
    ask(page, WRITE, {"begin": "%%exercise", "text": text})
    assert run_all(page) == []
    page.locator(".verdict a").scroll_into_view_if_needed()
    page.locator(".verdict a").click()
    page.wait_for_function("() => jupyterapp.shell.currentWidget?.title.label === '02_pid.ipynb'")
    program(copy).write_text(course.starter(SOURCE, 1))
    os.remove(copy / ".lab/cells.json")


def test_new_notebook_shows_the_work_that_is_there(page, lab, copy):
    """The exercise cell of who has begun at a terminal shows their file, and saves nothing."""
    work = course.starter(SOURCE, 2) + "# mine\n"
    program(copy, 2).write_text(work)
    open_notebook(page, lab, "02_pid")
    assert run_all(page) == []
    assert ask(page, READ, {"begin": "%%exercise"}).strip() == f"%%exercise 2\n{work}".strip()
    assert program(copy, 2).read_text() == work


def test_stop_button_ends_what_runs(page, lab):
    """■ ends a command that takes too long; the kernel goes on."""
    open_notebook(page, lab, "03_mounts")
    ask(page, WRITE, {"begin": "%%lab", "text": "%%lab\necho began; sleep 1234"})
    ended = ask(
        page,
        """
        const running = jupyterapp.commands.execute('notebook:run-all-cells');
        const node = notebook.content.node;
        while (!node.textContent.includes('began\\n')) await nap(50);
        await jupyterapp.commands.execute('notebook:interrupt-kernel');
        await running;
        while (kernel() !== 'idle') await nap(50);
        return [...notebook.content.model.cells].filter(cell => cell.type === 'code')
            .flatMap(cell => cell.toJSON().outputs).filter(out => out.ename).map(out => out.ename);
        """,
    )
    assert ended == ["KeyboardInterrupt"]


def test_verdict_is_there_at_once(page, lab, record_property):
    """A warm %check is shown before anybody looks up; how long it took is kept, and not judged."""
    open_notebook(page, lab, "01_uts")
    took = ask(
        page,
        """
        const content = notebook.content, cells = [...content.model.cells];
        const at = text => cells.findIndex(cell => cell.sharedModel.getSource().startsWith(text));
        const times = [];
        content.activeCellIndex = at('%load_ext');
        await jupyterapp.commands.execute('notebook:run-cell');
        for (let n = 0; n < 5; n++) {
            content.activeCellIndex = at('%check');
            await jupyterapp.commands.execute('notebook:clear-cell-output');
            const begin = performance.now();
            jupyterapp.commands.execute('notebook:run-cell');
            while (!content.node.querySelector('.verdict')) await nap(5);
            times.push(Math.round(performance.now() - begin));
            while (kernel() !== 'idle') await nap(5);
        }
        return times;
        """,
    )
    record_property("milliseconds", took)
    print(f"\n%check 1 in the browser, five times: {took} ms")
    assert len(took) == 5


# ---- make notebook itself


def test_notebook_of_a_step_is_the_first_page(copy):
    """`make notebook 3` says the address of step 3, where work goes, and how to stop."""
    lab = Lab(copy, "3")
    assert "/lab/tree/my-notebooks/03_mounts.ipynb?token=" in lab.url
    assert lab.url.startswith("http://127.0.0.1:")
    assert "my-notebooks/" in lab.said and "Ctrl-C" in lab.said
    assert lab.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_nothing_goes_on_when_it_is_stopped(copy, chromium, signum):
    """Ctrl-C, and kill -9 as well, end JupyterLab, its kernels, and what makes lab hosts."""
    lab = Lab(copy)
    context = chromium.new_context()
    page = context.new_page()
    open_notebook(page, lab, "01_uts")
    running = lab.processes()
    assert len(running) >= 4  # it, JupyterLab, a kernel, and what makes lab hosts
    lab.stop(signum)
    context.close()
    deadline = time.monotonic() + PATIENCE
    while any(os.path.exists(f"/proc/{pid}/exe") for pid in running):
        assert time.monotonic() < deadline, running
        time.sleep(0.05)


def test_copies_are_never_overwritten(copy):
    """A notebook that somebody has worked on stays; one that nobody has touched is renewed."""
    mine, other = (copy / f"my-notebooks/{name}.ipynb" for name in ("01_uts", "02_pid"))
    make = [sys.executable, "-IBc", "import sys; sys.path.insert(0, sys.argv[1]); "]
    make[-1] += "from lab.commands.notebook import make_copies; make_copies()"
    run(*make, copy)
    mine.write_text("my work")
    for path in (copy / "notebooks/01_uts.ipynb", copy / "notebooks/02_pid.ipynb"):
        path.write_text(path.read_text() + "\n")
    said = run(*make, copy)
    assert said.status == 0, said.errors
    assert mine.read_text() == "my work"
    assert "yours stays: to have the new one, move my-notebooks/01_uts.ipynb away" in said.output
    assert other.read_text() == (copy / "notebooks/02_pid.ipynb").read_text()

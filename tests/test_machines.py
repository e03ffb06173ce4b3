"""Ready machines: the dev container, lima.yaml, cloud-init.yaml, and the learners' workflow.

None of them can be booted by a test, so their fields are compared with those that are documented.
What they run is run: the dev container's start script in a control-group namespace of the virtual
machine, the workflow's commands on a learner's repository.
"""

import json
import os
import re
import shutil
import sys

import pytest
import yaml
from running import ENVIRONMENT, PATIENCE, run

from lab import ROOT, cgroup, course, machine
from lab.client import MAIN
from lab.session import IS_EMULATED

START = f"{ROOT}/.devcontainer/start"
STEPS = range(1, len(course.STEPS) + 1)
SOURCE = course.read_source()

# What is documented, as far as somebody might use it here.
DEVCONTAINER = "name build image privileged runArgs remoteUser containerEnv postStartCommand "
DEVCONTAINER += "postCreateCommand mounts init features forwardPorts hostRequirements"
FIELDS = {
    # github.com/devcontainers/spec, schemas/devContainer.base.schema.json
    "dev container": {"": DEVCONTAINER, "build": "dockerfile context args target"},
    # github.com/lima-vm/lima, pkg/limatype/lima_yaml.go: the names after yaml:
    "lima": {
        "": "base minimumLimaVersion vmType os arch images cpus memory disk mounts mountType "
        "mountTypesUnsupported ssh containerd provision probes portForwards message env param",
        "images": "location arch digest",
        "mounts": "location mountPoint writable",
        "containerd": "system user",
        "provision": "mode script",
        "probes": "mode description script hint",
    },
    # docs.cloud-init.io, the modules' schema: schema-cloud-config-v1.json of cloud-init
    "cloud-init": {
        "": "package_update package_upgrade packages users groups runcmd write_files",
        "users": "name gecos groups shell sudo lock_passwd ssh_authorized_keys",
    },
    # docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
    "workflow": {
        "": "name run-name on permissions env defaults concurrency jobs",
        "concurrency": "group cancel-in-progress",
        "permissions": "contents",
        "job": "name needs permissions if runs-on environment concurrency outputs env defaults "
        "steps timeout-minutes strategy continue-on-error container services",
        "steps": "id if name uses run working-directory shell with env continue-on-error "
        "timeout-minutes",
        # github.com/actions/checkout, action.yml
        "with": "repository ref token path persist-credentials clean filter sparse-checkout "
        "fetch-depth fetch-tags submodules lfs",
    },
}


def read(name):
    """Return the text of a file of the checkout."""
    with open(f"{ROOT}/{name}") as file:
        return file.read()


def parsed(name):
    """Return what a file of YAML says; a key that is there twice is an error."""
    return yaml.load(read(name), Loader=Strict)


class Strict(yaml.SafeLoader):
    """YAML in which no key is there twice, and `on` is a word."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in known if tag != "tag:yaml.org,2002:bool"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node, deep=False):
        """Return the mapping, whose keys are all different."""
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key twice in {keys}"
        return super().construct_mapping(node, deep)


Strict.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def assert_documented(kind, part, *values):
    """Each value has fields that are documented, and no other."""
    for value in values:
        unknown = set(value) - set(FIELDS[kind][part].split())
        assert not unknown, f"{kind}, {part or 'top'}: no field is called {unknown}"


def assert_is_shell(*scripts):
    """Each text is a script that a shell can read."""
    for script in scripts:
        answer = run("sh", "-nc", script)
        assert answer.status == 0, f"{answer.errors}\n{script}"


# ---- The dev container


def test_dev_container_may_do_what_containers_need():
    """It is privileged, has groups of its own, and makes them fit at every start."""
    text = read(".devcontainer/devcontainer.json")
    settings = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
    assert_documented("dev container", "", settings)
    assert_documented("dev container", "build", settings["build"])
    assert settings["privileged"] is True
    assert "--cgroupns=private" in settings["runArgs"]
    assert settings["postStartCommand"].startswith("sudo .devcontainer/start && ")
    assert f"useradd --create-home --shell /bin/bash {settings['remoteUser']}" in dockerfile()


def test_image_has_the_start_script():
    """The image's entry point is the script beside its Dockerfile, and can be executed."""
    assert "\nCOPY start /usr/local/bin/start\n" in dockerfile()
    assert 'ENTRYPOINT ["start"]' in dockerfile()
    assert os.access(START, os.X_OK)
    commands = re.findall(r"^RUN (.*)$", dockerfile(), flags=re.M)
    assert_is_shell(read(".devcontainer/start"), *commands)


def dockerfile():
    """Return the Dockerfile, continued lines joined."""
    return read(".devcontainer/Dockerfile").replace("\\\n", "")


@pytest.mark.parametrize("words", [[], ["echo", "a  b"]], ids=["alone", "with a command"])
def test_start_on_version_1_only_runs_the_command(words):
    """Control groups v1 have no rule about processes in between: nothing moves."""
    if cgroup.version() != 1:
        pytest.skip("this machine has control groups v2")
    before = read_groups()
    assert run(START, *words) == (0, "a  b\n" if words else "", "")
    assert read_groups() == before


def read_groups():
    """Return which control groups this process is in."""
    with open("/proc/self/cgroup") as file:
        return file.read()


def test_start_says_what_a_container_lacks(tmp_path):
    """Where the groups cannot be written to, one line says so; a command runs all the same."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").mkdir()  # nobody can write to that
    (tmp_path / "cgroup.procs").touch()
    script = read(".devcontainer/start").replace("/sys/fs/cgroup", str(tmp_path))
    for words, answer in (([], (1, "")), (["echo", "hi"], (0, "hi\n"))):
        status, output, errors = run("sh", "-c", script, "start", *words)
        assert (status, output) == answer
        assert errors.count("\n") == 1 and "--privileged" in errors


needs_v2 = pytest.mark.skipif(
    not IS_EMULATED or cgroup.version() != 2,
    reason="moves processes between control groups v2: in the virtual machine only (make test-vm)",
)
# A group that has processes in it, seen as the root by those processes: a container.
CONTAINER = """
echo $$ > {group}/cgroup.procs
exec unshare --cgroup --mount --fork sh -ec 'umount /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup; {script}'
"""
STATE = "cd /sys/fs/cgroup; cat cgroup.procs; echo controllers: $(cat cgroup.subtree_control)"


@pytest.fixture
def contained():
    """Return a function that runs lines of shell in what Docker would make."""
    group = cgroup.Group(f"docker-{os.getpid()}", machine.controllers())
    group.create()
    directory = os.path.dirname(group.path("memory.max"))
    yield lambda script: run("sh", "-ec", CONTAINER.format(group=directory, script=script))
    group.remove_tree()


@needs_v2
@pytest.mark.parametrize("before", ["", "echo +pids +cpu >/sys/fs/cgroup/cgroup.subtree_control;"])
def test_start_empties_the_containers_root_group(contained, before):
    """All processes are one group further down, and the controllers are passed on."""
    answer = contained(f"{before} sleep 60 & {START}; {START}; {STATE}; kill $!")
    assert answer == (0, "controllers: cpu memory pids\n", "")


@needs_v2
def test_step_4_is_checked_in_a_container_because_of_start(contained):
    """Without the script there is no group to check; with it the solution passes."""
    check = f"{sys.executable} -IBm lab check 4 {course.solution_path(4)} --json"
    assert contained(f"cd {ROOT}; {check}").status == 3
    answer = contained(f"cd {ROOT}; {START} {check}")
    assert answer.status == 0, answer
    assert {json.loads(line)["verdict"] for line in answer.output.splitlines()} == {"pass"}


# ---- Virtual machines


def test_lima_has_a_machine_for_both_kinds_of_macs():
    """lima.yaml has documented fields alone, and an image for each processor."""
    machine = parsed("lima.yaml")
    assert_documented("lima", "", machine)
    for part in ("images", "provision", "probes"):
        assert_documented("lima", part, *machine[part])
    assert_documented("lima", "containerd", machine["containerd"])
    images = {image["arch"]: image["location"] for image in machine["images"]}
    assert set(images) == {"x86_64", "aarch64"}
    assert "amd64" in images["x86_64"] and "arm64" in images["aarch64"]
    scripts = [part["script"] for part in machine["provision"] + machine["probes"]]
    assert all(script.startswith("#!/bin/sh\n") for script in scripts)
    assert_is_shell(*scripts)


def test_cloud_init_makes_a_user_with_a_checkout():
    """cloud-init.yaml has documented fields alone, and is read as cloud-config."""
    assert read("cloud-init.yaml").startswith("#cloud-config\n")
    machine = parsed("cloud-init.yaml")
    assert_documented("cloud-init", "", machine)
    learner = machine["users"][1]
    assert machine["users"][0] == "default"
    assert_documented("cloud-init", "users", learner)
    assert all(isinstance(command, list) for command in machine["runcmd"])
    assert_is_shell(*(command[2] for command in machine["runcmd"] if command[0] == "sh"))
    assert machine["runcmd"][-1][:4] == ["su", "-", learner["name"], "-c"]
    assert_is_shell(machine["runcmd"][-1][4])


def typed(word, folder, *programs):
    """Type the command of docs/machines.md that begins with a word; return what it printed.

    The programs are none: they print their words, and what they read if a word is "-".
    """
    (command,) = re.findall(rf"^```sh\n({word} .*)\n```$", read("docs/machines.md"), flags=re.M)
    for name in programs:
        executable(folder / name, f'echo "{name} $*"; [ "${{*##* }}" != - ] || cat')
    env = {**ENVIRONMENT, "PATH": f"{folder}:{ENVIRONMENT['PATH']}"}
    answer = run("sh", "-ec", command, cwd=folder, env=env)
    assert (answer.status, answer.errors) == (0, ""), answer
    return answer.output


def test_command_for_multipass_names_the_checkouts_origin(tmp_path):
    """The machine clones what this checkout was cloned from."""
    shutil.copy(f"{ROOT}/cloud-init.yaml", tmp_path)
    origin = "https://example.org/a/b.git"
    executable(tmp_path / "git", f'[ "$*" = "remote get-url origin" ] && echo {origin}')
    called, _, text = typed("sed", tmp_path, "multipass").partition("\n")
    assert called.startswith("multipass launch ") and called.endswith(" --cloud-init -")
    assert text.startswith("#cloud-config\n")
    last = yaml.safe_load(text)["runcmd"][-1]
    assert last[-1] == f"git clone {origin} workshop"


def test_commands_for_lima_and_docker_take_this_folder(tmp_path):
    """The folder is where the command is typed, and may be written to; Docker's is privileged."""
    lima = typed("limactl", tmp_path, "limactl")
    start = f"limactl start --name=workshop --mount={tmp_path}:w lima.yaml"
    assert lima == f"{start}\nlimactl shell workshop\n"
    docker = typed("docker", tmp_path, "docker")
    assert docker.startswith("docker run --rm -it --privileged --cgroupns=private ")
    assert f" -v {tmp_path}:/work -w /work " in docker and "build -q .devcontainer" in docker


MACHINES = [".devcontainer/Dockerfile", "lima.yaml", "cloud-init.yaml"]


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_has_what_the_first_run_asks_for(name):
    """The packages are those that the workshop would ask for, and what make needs."""
    asked = set(re.findall(r'missing="?(?:\$missing )?([\w-]+)', read("lab/prerequisites")))
    assert asked == {"python3-venv", "busybox-static"}
    for package in asked | {"git", "make", "procps", "user-mode-linux"}:
        assert re.search(rf"\b{package}\b", read(name)), f"{name} lacks {package}"


# ---- The workflow of a learner's repository

WORKFLOW = "classroom/check.yml"


def workflow_job():
    """Return the only job of the workflow."""
    (job,) = parsed(WORKFLOW)["jobs"].values()
    return job


def test_workflow_asks_for_little():
    """Documented fields, pinned actions, no right but to read, an end in any case."""
    workflow, job = parsed(WORKFLOW), workflow_job()
    assert_documented("workflow", "", workflow)
    assert_documented("workflow", "concurrency", workflow["concurrency"])
    assert_documented("workflow", "job", job)
    assert_documented("workflow", "steps", *job["steps"])
    assert workflow["permissions"] == {"contents": "read"}
    assert job["timeout-minutes"] <= 15
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", step["uses"])
            assert_documented("workflow", "with", step["with"])
            assert step["with"]["persist-credentials"] is False


def test_workflow_judges_by_a_fresh_copy_of_the_workshop():
    """The checks come from the workshop's repository, into a folder beside the learner's."""
    theirs, own = (step["with"] for step in workflow_job()["steps"] if "uses" in step)
    assert (theirs["path"], theirs["repository"]) == ("workshop", "WORKSHOP_REPOSITORY")
    assert own["path"] == "learner" and "repository" not in own


def test_command_for_the_workflow_leaves_no_other(tmp_path):
    """It puts the workshop's name in, and the workshop's own long tests away."""
    for name in ("classroom/check.yml", ".github/workflows/ci.yml"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(f"{ROOT}/{name}", tmp_path / name)
    typed("rm", tmp_path)
    (workflow,) = (tmp_path / ".github/workflows").iterdir()
    step = yaml.safe_load(workflow.read_text())["jobs"]["check"]["steps"][0]
    assert (workflow.name, step["with"]["repository"]) == ("check.yml", "OWNER/NAME")


NOT_COPIED = (".git", ".venv*", ".lab", "rootfs", "rootfs-*", "__pycache__")


@pytest.fixture
def workspace(tmp_path):
    """Return a folder as the workflow has it after both checkouts, with all installed."""
    ignored = shutil.ignore_patterns(*NOT_COPIED)
    for name in ("workshop", "learner"):
        shutil.copytree(ROOT, tmp_path / name, symlinks=True, ignore=ignored)
        for step in STEPS:
            write(tmp_path / name, step, course.starter(SOURCE, step))
    venv = tmp_path / "workshop/.venv"
    (venv / "bin").mkdir(parents=True)
    # It is called as -IBm lab, which would be the one of the checkout that is tested.
    words = f"{sys.executable} -IBc '{MAIN}' {tmp_path / 'workshop'}"
    executable(venv / "bin/python", f'[ "$1" != -m ] || exit 0\nshift 2; exec {words} "$@"')
    (venv / ".here").write_text(str(tmp_path / "workshop"))
    for stamp in (".check", ".compiled"):
        (venv / stamp).touch()
    (tmp_path / "bin").mkdir()
    executable(tmp_path / "bin/apt-get", 'echo "apt-get $*"')
    executable(tmp_path / "bin/sudo", 'exec "$@"')
    return tmp_path


def executable(path, script):
    """Write a program of shell."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def write(folder, step, text):
    """Be the learner who writes the program of a step."""
    (folder / f"steps/{course.STEPS[step - 1]}/container.py").write_text(text)


def push(workspace):
    """Run the workflow's commands as its machine does; return the status, and the summary."""
    summary = workspace / "summary.md"
    summary.touch()
    env = {**ENVIRONMENT, "GITHUB_STEP_SUMMARY": str(summary)}
    env["PATH"] = f"{workspace}/bin:{env['PATH']}"
    env.pop("VENV", None)
    for step in workflow_job()["steps"]:
        if "run" in step:
            # docs.github.com: the default shell, where none is named, is bash -e {0}
            command = ["bash", "-ec", step["run"]]
            answer = run(*command, cwd=workspace, env=env, timeout=6 * PATIENCE)
            if answer.status:
                break
    assert summary.read_text() in answer.output, answer
    return answer.status, summary.read_text()


def headings(summary):
    """Return what is said of each step."""
    return [line[4:] for line in summary.splitlines() if line.startswith("### ")]


def said(*words):
    """Return the headings that say these words of the steps, in order."""
    said_of = dict(zip(course.STEPS, words, strict=True))
    return [f"steps/{step}: {word}" for step, word in said_of.items()]


NONE = ["not begun"] * len(course.STEPS)


def test_push_before_the_first_step_is_no_failure(workspace):
    """Who has begun nothing is told so, and nothing fails."""
    assert push(workspace) == (0, "".join(f"### {line}\n\n" for line in said(*NONE)))


def test_push_judges_each_step_that_was_begun(workspace):
    """A step that passes, and one that does not, each with its verdict; the push fails."""
    write(workspace / "learner", 1, course.solution(SOURCE, 1))
    write(workspace / "learner", 3, course.starter(SOURCE, 3) + "\n# begun\n")
    status, summary = push(workspace)
    assert status == 1
    assert headings(summary) == said("passes", "not begun", "does not pass", *NONE[:2])
    assert re.search(r"^    step 1 · uts .*12 of 12 checks pass$", summary, re.M)
    assert re.search(r"^    ✗ ", summary, re.M)
    write(workspace / "learner", 3, course.solution(SOURCE, 3))
    (workspace / "summary.md").unlink()
    assert push(workspace)[0] == 0


SABOTAGE = {
    "Makefile": "%:\n\t@echo all checks pass; touch {mark}\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "steps/conftest.py": "open({mark!r}, 'w')\n",
    "steps/01_uts/conftest.py": "open({mark!r}, 'w')\n",
    "steps/01_uts/socket.py": "open({mark!r}, 'w')\n",
    "classroom/check": "#!/bin/sh\ntouch {mark}; exit 0\n",
    ".venv/bin/python": "#!/bin/sh\ntouch {mark}; exit 0\n",
}


@pytest.mark.parametrize("solved", [True, False], ids=["solution", "mistake"])
def test_learners_own_checks_have_no_say(workspace, solved):
    """A repository whose lab, tests and Makefile say that all is well gets the true verdict."""
    learner, mark = workspace / "learner", str(workspace / "mark")
    for path in (*learner.glob("lab/**/*.py"), *learner.glob("tests/*.py")):
        path.write_text(f"open({mark!r}, 'w')\nimport os\nos._exit(0)\n")
    for name, text in SABOTAGE.items():
        (learner / name).parent.mkdir(parents=True, exist_ok=True)
        (learner / name).write_text(text.format(mark=mark))
        (learner / name).chmod(0o755)
    program = course.solution(SOURCE, 1) if solved else course.starter(SOURCE, 1) + "\n# begun\n"
    write(learner, 1, program)
    # Whose program is a link to the solution has written none.
    link = learner / f"steps/{course.STEPS[1]}/container.py"
    link.unlink()
    link.symlink_to(workspace / f"workshop/solutions/{course.STEPS[1]}/container.py")
    status, summary = push(workspace)
    assert status == (0 if solved else 1)
    word = "passes" if solved else "does not pass"
    assert headings(summary) == said(word, *NONE[1:])
    assert not os.path.exists(mark), "something of the learner's was run that is no container"

"""What the comparisons between processes have in common: processes that live through a whole run and work in turns."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def python(modules):
    """A Python that has these modules: PYTHON, this one's name, or Debian's."""
    for name in [os.environ.get("PYTHON"), "python3", "/usr/bin/python3"]:
        if name and subprocess.run([name, "-c", f"import {modules}"], capture_output=True).returncode == 0:
            return name
    sys.exit("no Python with PyTorch and Pillow: apt-get install python3-torch libopenblas0-openmp python3-pil, or set PYTHON")


def build(project):
    """Builds one of bench's projects; the path of its assembly."""
    folder = os.path.join(root, "bench", project)
    subprocess.run(["dotnet", "build", folder, "-c", "Release", "-v", "quiet", "--nologo", "-clp:NoSummary"], check=True, stdout=sys.stderr)
    return assembly(project)


def assembly(project):
    return os.path.join(root, "bench", project, "bin/Release/net10.0", project + ".dll")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Group:
    """Processes that are told what to do in lines, and answer with a line each."""

    def __init__(self, commands):
        self.processes = [self.start(command) for command in commands]

    @staticmethod
    def start(command):
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self):
        return [self.hear_one(process) for process in self.processes]

    @staticmethod
    def hear_one(process):
        line = process.stdout.readline().strip()
        if not line:
            sys.exit(f"a process has ended before its time: {' '.join(process.args)}")
        return line

    @staticmethod
    def tell_one(process, text):
        process.stdin.write(text + "\n")
        process.stdin.flush()

    def tell(self, texts):
        for process, text in zip(self.processes, texts):
            self.tell_one(process, text)

    def ask(self, text):
        self.tell([text] * len(self.processes))
        return self.hear()

    def end(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait(60)


class Trainers(Group):
    """Processes of GmailCluster.Pace that train together: 'bare', 'run', or silos of one cluster, on a store of their own."""

    def __init__(self, kind, spec, store, silos=1, slots=1):
        self.store = store
        command = ["dotnet", assembly("GmailCluster.Pace"), kind, spec, store, str(slots), f"pace-{os.getpid()}-{os.path.basename(store)}"]
        super().__init__([command])
        (primary,) = self.hear()
        self.processes += [self.start(command + [primary]) for _ in range(silos - 1)]
        for process in self.processes[1:]:
            self.hear_one(process)

    def train(self, task, ranks, steps, skip=0, seed=1, checkpoint_every=None):
        """Figures of each process; those of the first one have the whole's, too."""
        self.ask(f"expect {skip} {steps}")
        first = self.processes[0]
        order = {"task": task, "ranks": ranks, "steps": steps, "seed": seed, "checkpointEvery": checkpoint_every}
        self.tell_one(first, "train " + json.dumps(order))
        self.hear_one(first)
        return [json.loads(line) for line in self.ask("report")]


def prepared(spec, folder, tasks):
    """A store with all that training needs."""
    store = os.path.join(folder, "prepared")
    os.mkdir(store)
    maker = Trainers("run", spec, store, slots=os.cpu_count())
    for task in tasks:
        maker.train(task, ranks=1, steps=1, seed=0)
    maker.end()
    return store


def copy(store, name):
    return shutil.copytree(store, os.path.join(os.path.dirname(store), name))


def rotated(items, turn):
    """Whoever goes first in one turn goes last in the next."""
    return items[turn % len(items) :] + items[: turn % len(items)]


def middle(values):
    return statistics.median(values)

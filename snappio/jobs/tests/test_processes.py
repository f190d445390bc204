"""Workers as processes: killed, paused, asked to stop."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django_tasks import TaskResultStatus

from snappio.core.clock import now
from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.tests import examples
from snappio.jobs.tests.waiting import eventually
from snappio.jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start_process(tmp_path):
    """Start `manage.py worker` on the test's own database."""
    processes = []
    database = connection.settings_dict
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
    if connection.vendor == "postgresql":
        person = ":".join(filter(None, [database["USER"], database["PASSWORD"]]))
        place = f"{database['HOST']}:{database['PORT'] or 5432}"
        environment["POSTGRES_URL"] = f"postgres://{person}@{place}/{database['NAME']}"
    else:
        Path(tmp_path, "snappio.sqlite3").symlink_to(database["NAME"])

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def second_worker():
    worker = Worker(lease=timedelta(seconds=1.5), poll_seconds=0.05)
    yield worker
    assert worker.stop(20)


@pytest.fixture
def half_done(tmp_path, start_process):
    """Return a process in the middle of `found_group_twice`."""
    examples.found_group_twice.enqueue(name="bakers", folder=str(tmp_path))
    process = start_process()
    eventually(Path(tmp_path, "attempt-1").exists, seconds=60)
    assert Path(tmp_path, "attempt-1").read_text() == str(process.pid)
    return process


def the_job():
    return QueuedJob.objects.get(task_path=examples.found_group_twice.module_path)


def finish_with(worker):
    worker.start()
    eventually(lambda: the_job().status == TaskResultStatus.READY)
    # Does not wait for the back-off.
    QueuedJob.objects.filter(pk=the_job().pk, status="READY").update(run_after=now())
    eventually(lambda: the_job().status == TaskResultStatus.SUCCESSFUL)


def pause(process):
    """Stop the process where it holds no lock: SQLite's would stop everybody."""
    while True:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        if connection.vendor != "sqlite" or is_free(connection.settings_dict["NAME"]):
            return
        process.send_signal(signal.SIGCONT)


def is_free(path):
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
    return True


def test_job_of_a_killed_worker_is_finished_by_another(half_done, second_worker, tmp_path):
    half_done.kill()
    half_done.wait()
    assert the_job().status == TaskResultStatus.RUNNING

    finish_with(second_worker)

    assert Group.objects.filter(name="bakers").count() == 1
    assert the_job().attempts == 2
    assert len(list(tmp_path.glob("attempt-*"))) == 2


def test_paused_worker_that_returns_overwrites_nothing(half_done, second_worker, tmp_path):
    pause(half_done)
    finish_with(second_worker)
    finished = QueuedJob.objects.values().get(pk=the_job().pk)

    Path(tmp_path, "may-fail").touch()
    half_done.send_signal(signal.SIGCONT)
    half_done.send_signal(signal.SIGTERM)
    told, _ = half_done.communicate(timeout=30)

    assert "went to another worker meanwhile" in told
    assert QueuedJob.objects.values().get(pk=the_job().pk) == finished
    assert len(finished["worker_ids"]) == 2


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_process_finishes_the_present_job_when_asked_to_stop(half_done, tmp_path, signum):
    half_done.send_signal(signum)
    said = [half_done.stdout.readline() for _ in range(2)]
    assert the_job().status == TaskResultStatus.RUNNING
    Path(tmp_path, "may-fail").touch()
    told, _ = half_done.communicate(timeout=30)

    assert half_done.returncode == 0
    assert said[0].startswith("Worker ")
    assert said[1] == "Stopping; the present job may finish.\n"
    assert "Stopped after" in told
    assert the_job().status == TaskResultStatus.READY
    assert "the first attempt fails late" in the_job().traceback
    assert not Heartbeat.objects.exists()


def test_each_job_runs_once_among_processes(start_process, tmp_path):
    log = tmp_path / "log"
    numbers = [str(number) for number in range(40)]
    for number in numbers:
        examples.write_line.enqueue(path=str(log), line=number)

    for _ in range(2):
        start_process("--threads", "2")
    eventually(lambda: log.exists() and len(log.read_text().split()) >= 40, seconds=60)
    jobs = QueuedJob.objects.filter(task_path=examples.write_line.module_path)
    eventually(lambda: not jobs.unfinished().exists())

    assert Counter(log.read_text().split()) == Counter(numbers)
    assert {job.attempts for job in jobs} == {1}


def test_refuses_no_threads(start_process):
    process = start_process("--threads", "0")

    told, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "--threads must be at least 1." in told

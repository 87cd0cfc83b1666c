"""Servers that fork, reload themselves, or are told to."""

import signal

from programs import FILES, program

FLASK = """
import os, mod, pkg.a
from flask import Flask
app = Flask(__name__)

@app.get('/')
def index():
    import email.message, sqlalchemy
    return '%s %d' % (mod.value, pkg.a.half(84))
"""

GUNICORN = """
def post_worker_init(worker):
    open('ready%d' % worker.age, 'w').close()
"""

ASGI = """
import mod

async def app(scope, receive, send):
    assert scope['type'] == 'http'
    import email.message
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': mod.value.encode()})
"""

MANAGE = """
import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""

SETTINGS = """
SECRET_KEY = 'none'
DEBUG = True
ALLOWED_HOSTS = ['127.0.0.1']
ROOT_URLCONF = 'urls'
USE_TZ = True
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
"""

URLS = """
import mod
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path

def index(request):
    return HttpResponse('%s %d' % (mod.value, User.objects.count()))

urlpatterns = [path('', index)]
"""

CHECKS = """
import mod
from django.contrib.auth.models import User
from django.test import TestCase

class Checks(TestCase):
    def test_user(self):
        User.objects.create(username=mod.value)
        self.assertEqual(self.client.get('/').content, b'mod 1')

    def test_none(self):
        self.assertEqual(User.objects.count(), 0)
"""

CELERY = """
import mod
from celery import Celery
app = Celery('tasks', broker='filesystem://', backend='file://results')
app.conf.broker_transport_options = {
    'data_folder_in': 'queue', 'data_folder_out': 'queue', 'control_folder': 'control',
    'processed_folder': 'done'}
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False

@app.task
def double(number):
    import email.message, pkg.a
    return pkg.a.half(mod.double(number))
"""

CALLER = """
import tasks
found = [tasks.double.delay(number) for number in range(6)]
print([each.get(timeout=60) for each in found])
"""


@program(
    "gunicorn",
    "web",
    "gunicorn",
    "mod 42",
    files={**FILES, "site_app.py": FLASK, "conf.py": GUNICORN},
)
def gunicorn(run):
    """Two forked workers serve a Flask application that imports more at its first request; HUP;
    TERM."""
    serve(run)


@program(
    "gunicorn --preload",
    "web",
    "gunicorn",
    "mod 42",
    files={**FILES, "site_app.py": FLASK, "conf.py": GUNICORN},
)
def gunicorn_preload(run):
    """The same with the application loaded before the workers are forked."""
    serve(run, "--preload")


def serve(run, *options):
    """Has gunicorn serve, reload and end."""
    address = "127.0.0.1:%d" % run.port
    arguments = ["-w", "2", "-c", "conf.py", "-b", address, "--log-level", "warning", *options]
    server = run.start("-m", "gunicorn", *arguments, "site_app:app")
    # A signal to a worker that has not taken over its signals yet is lost in its parent's queue.
    run.until(lambda: all((run.folder / ("ready%d" % number)).exists() for number in (1, 2)))
    run.say([run.fetch() for _ in range(4)])
    server.send_signal(signal.SIGHUP)
    run.until(lambda: all((run.folder / ("ready%d" % number)).exists() for number in (3, 4)))
    run.say([run.fetch() for _ in range(4)])
    run.stop(server, keep="Error|Traceback|Warning")


@program("uvicorn --reload", "web", "uvicorn", "edited", files={**FILES, "site_app.py": ASGI})
def uvicorn(run):
    """Serves, notices an edited module, serves the edited one; TERM."""
    arguments = ["--host", "127.0.0.1", "--port", run.port, "--reload", "--log-level", "warning"]
    server = run.start("-m", "uvicorn", "site_app:app", *arguments)
    run.say(run.fetch())
    edit(run.folder / "mod.py")
    run.say(run.fetch(wanted="edited"))
    run.stop(server, signal.SIGINT, keep="Error|Traceback|Reloading")


def edit(path):
    """Changes what the module says, and its size with it."""
    path.write_text(path.read_text().replace("'mod'", "'edited'"))


@program(
    "Django runserver",
    "web",
    "django",
    "edited 0",
    files={
        **FILES,
        "manage.py": MANAGE,
        "settings.py": SETTINGS,
        "urls.py": URLS,
        "tests.py": CHECKS,
    },
)
def django(run):
    """`check`, `migrate`, `test`; `runserver` serves, notices an edited module, serves the edited
    one; INT."""
    run.python("manage.py", "check")
    run.python("manage.py", "migrate", "-v", "0")
    run.python("manage.py", "test", "-v", "1")
    server = run.start("-u", "manage.py", "runserver", "127.0.0.1:%d" % run.port)
    run.say(run.fetch())
    edit(run.folder / "mod.py")
    run.say(run.fetch(wanted="edited 0"))
    run.stop(server, signal.SIGINT, keep="Error|Traceback|changed, reloading")


@program(
    "Celery",
    "web",
    "celery",
    "[0, 1, 2, 3, 4, 5]",
    files={**FILES, "tasks.py": CELERY, "call.py": CALLER},
)
def celery(run):
    """A worker with two forked processes, then one with threads, takes six tasks; TERM."""
    for pool in ("prefork", "threads"):
        for name in ("queue", "control", "done", "results"):
            (run.folder / name).mkdir(exist_ok=True)
        arguments = ["worker", "-P", pool, "-c", "2", "-l", "warning", "--without-gossip"]
        quiet = {"C_FORCE_ROOT": "1", "PYTHONWARNINGS": "ignore"}
        worker = run.start("-m", "celery", "-A", "tasks", *arguments, **quiet)
        run.python("call.py", timeout=100)
        run.stop(worker, keep="Error|Traceback")

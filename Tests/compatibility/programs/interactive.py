"""Shells and kernels."""

from programs import FILES, program

RELOADED = (
    "%load_ext autoreload\n%autoreload 2\nimport mod\nopen('mod.py', 'a').write('value = 3\\n')\n"
    "import time\ntime.sleep(0.02)\n%autoreload\nprint(mod.value)"
)

KERNEL = """
import sys, queue
from jupyter_client.manager import start_new_kernel

def run(client, code):
    client.execute(code)
    client.get_shell_msg(timeout=60)
    while True:
        message = client.get_iopub_msg(timeout=60)
        kind, content = message['msg_type'], message['content']
        if kind == 'stream':
            print(content['name'], content['text'].strip())
        elif kind == 'execute_result':
            print('result', content['data']['text/plain'])
        elif kind == 'error':
            print('error', content['ename'], content['evalue'])
        elif kind == 'status' and content['execution_state'] == 'idle':
            return

manager, client = start_new_kernel(kernel_name='python3', startup_timeout=90)
run(client, "import mod, sys; kept = 1; mod.double(21)")
run(client, "import absent")
manager.restart_kernel(now=False)
client.wait_for_ready(timeout=90)
run(client, "kept")
run(client, "import mod, pkg.a; print(pkg.a.half(8)); 'importlib' in sys.modules")
run(client, "import sys, json, email.message; mod.double(2)")
manager.interrupt_kernel()
client.stop_channels()
manager.shutdown_kernel(now=False)
print('alive', manager.is_alive())
"""


@program("IPython", "tools", "ipython", '["mod", 4]')
def ipython(run):
    """`-c` with a module's source shown, `%run`, `%autoreload` of an edited module."""
    quiet = {"IPYTHONDIR": run.folder.parent / "home" / "ipython"}
    run.python("-m", "IPython", "--no-banner", "--quick", "-c", "import mod\nmod??", **quiet)
    run.python("-m", "IPython", "--quick", "-c", "%run main.py", **quiet)
    run.python("-m", "IPython", "--quick", "-c", RELOADED, **quiet)


@program(
    "Jupyter kernel", "science", "ipykernel", "alive False", files={**FILES, "main.py": KERNEL}
)
def jupyter(run):
    """A kernel started through jupyter_client runs cells, is restarted, interrupted, shut down."""
    run.python("-Xfrozen_modules=off", "main.py", PYDEVD_DISABLE_FILE_VALIDATION="1")

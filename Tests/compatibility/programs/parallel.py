"""Pools of processes and clusters on one machine."""

from programs import FILES, program

JOBLIB = """
import mod
from joblib import Parallel, delayed

def work(number):
    import email.message, pkg.a
    return pkg.a.half(mod.double(number))

if __name__ == '__main__':
    for backend in ('loky', 'multiprocessing', 'threading'):
        print(backend, Parallel(n_jobs=2, backend=backend)(delayed(work)(n) for n in range(6)))
    from joblib.externals.loky import get_reusable_executor
    get_reusable_executor().shutdown(wait=True)
    import loky
    with loky.ProcessPoolExecutor(2) as pool:
        print(sorted(pool.map(work, range(4))))
"""

DASK = """
import mod

def work(number):
    import email.message, pkg.a
    return pkg.a.half(mod.double(number))

if __name__ == '__main__':
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host='127.0.0.1',
                      dashboard_address=None) as cluster, Client(cluster) as client:
        print(client.gather(client.map(work, range(6))))
        client.restart()
        print(client.submit(work, 10).result())
"""

RAY = """
import mod, ray
ray.init(num_cpus=2, include_dashboard=False, _node_ip_address='127.0.0.1', log_to_driver=False,
         object_store_memory=80 << 20, logging_level='ERROR')

@ray.remote
def work(number):
    import email.message, pkg.a
    return pkg.a.half(mod.double(number))

@ray.remote
class Counter:
    def __init__(self): self.value = 0
    def add(self): self.value += 1; return self.value

print(ray.get([work.remote(n) for n in range(6)]))
counter = Counter.remote()
print(ray.get([counter.add.remote() for _ in range(3)]))
ray.shutdown()
print('down', ray.is_initialized())
"""

SPARK = """
import mod
from pyspark.sql import SparkSession

def work(number):
    import email.message, pkg.a
    return pkg.a.half(mod.double(number))

session = (SparkSession.builder.master('local[2]').appName('t')
           .config('spark.ui.enabled', 'false').config('spark.driver.bindAddress', '127.0.0.1')
           .config('spark.driver.host', '127.0.0.1').config('spark.log.level', 'ERROR')
           .config('spark.ui.showConsoleProgress', 'false').getOrCreate())
session.sparkContext.setLogLevel('ERROR')
print(session.sparkContext.parallelize(range(8), 4).map(work).collect())
print(session.sparkContext.parallelize(range(8), 4).map(work).sum())
from pyspark.sql.functions import udf
frame = session.range(4).select(udf(lambda n: mod.value * int(n))('id').alias('v'))
print([row.v for row in frame.collect()])
session.stop()
"""

TORCH = """
import mod
from torch.utils.data import DataLoader, Dataset

class Numbers(Dataset):
    def __len__(self): return 12
    def __getitem__(self, index):
        import email.message, pkg.a
        return pkg.a.half(mod.double(index))

if __name__ == '__main__':
    for context in ('fork', 'spawn'):
        loader = DataLoader(Numbers(), batch_size=4, num_workers=2, multiprocessing_context=context)
        print(context, [batch.tolist() for batch in loader])
"""

TESTS = {
    **FILES,
    "conftest.py": "import pkg\n",
    "test_mod.py": "import mod\nfrom pkg.a import half\n\n\ndef test_passes():\n"
    "    assert mod.double(2) == 4 == half(8)\n\n\ndef test_fails():\n"
    "    found = mod.double(3)\n    assert found == 7, 'as it must'\n",
    "test_more.py": "import pytest, mod\n\n\n@pytest.mark.parametrize('n', range(8))\n"
    "def test_double(n):\n    import email.message\n    assert mod.double(n) == n + n\n",
}


@program("pytest", "pytest", "pytest", "1 failed, 9 passed", files=TESTS)
def pytest(run):
    """A suite with one failure, with rewritten and with plain asserts, by each import mode."""
    for mode in ("prepend", "importlib"):
        run.python("-m", "pytest", "-q", "--import-mode", mode)
    run.python("-m", "pytest", "-q", "--assert=plain", "-p", "no:cacheprovider")


@program("pytest-xdist", "pytest", "pytest-xdist", "1 failed, 9 passed", files=TESTS)
def xdist(run):
    """The suite on two workers, distributed by test and by file."""
    kept = r"^(FAILED|E |\d+ (failed|passed))"
    run.python("-m", "pytest", "-q", "-n", "2", keep=kept, order=False)
    run.python("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", keep=kept, order=False)


@program(
    "joblib, loky", "tools", "joblib", "loky [0, 1, 2, 3, 4, 5]", files={**FILES, "main.py": JOBLIB}
)
def joblib(run):
    """Workers of loky, multiprocessing and threads import what they need."""
    run.python("main.py")


@program("Dask", "science", "distributed", "[0, 1, 2, 3, 4, 5]", files={**FILES, "main.py": DASK})
def dask(run):
    """A local cluster of two processes runs tasks and is restarted."""
    run.python("main.py", timeout=180)


@program("Ray", "ray", "ray", "[0, 1, 2, 3, 4, 5]", files={**FILES, "main.py": RAY})
def ray(run):
    """`ray.init` on this machine, tasks and an actor, shutdown."""
    quiet = {"RAY_DISABLE_IMPORT_WARNING": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    quiet["RAY_TMPDIR"] = "/tmp"
    run.python("main.py", timeout=240, keep=r"^\[\d+[,\]]|^down|Error|Traceback", **quiet)


@program(
    "PySpark", "spark", "pyspark", "[0, 1, 2, 3, 4, 5, 6, 7]", files={**FILES, "main.py": SPARK}
)
def spark(run):
    """A local session maps functions and a UDF in Python workers, which it forks."""
    local = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost"}
    local["PYSPARK_PYTHON"] = run.place.environment.python
    run.python("main.py", timeout=240, keep=r"^\[|^\d+$|Error|Traceback", **local)


@program(
    "PyTorch DataLoader", "torch", "torch", "spawn [[0, 1, 2, 3]", files={**FILES, "main.py": TORCH}
)
def torch(run):
    """Two worker processes, forked and spawned."""
    run.python("main.py", timeout=240)

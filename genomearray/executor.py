"""Work on many blocks: in threads here, or in the processes of a dask cluster, with the same code.

A job is a function of what all tasks share and of one task. Results come as they are ready, and
only a few wait at a time, whatever the genome. On a cluster a worker that dies costs a retry.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from genomearray.errors import ClusterError, GenomeArrayError

if TYPE_CHECKING:
    from concurrent.futures import Future

_T = TypeVar("_T")
_R = TypeVar("_R")
_S = TypeVar("_S")
WAITING = 2  # tasks handed out ahead, for each thread
WAITING_FAR = 6  # the same for each thread of a cluster, which is asked over a network
RETRIES = 3
_LOOK = 16  # results between two looks at how many workers there are
PATIENCE = 30  # seconds until a cluster must have answered, and have a worker


class Runner(Protocol):
    """Where tasks run."""

    def run(
        self, work: Callable[[_S, _T], _R], shared: _S, tasks: Iterable[_T], name: str
    ) -> Iterator[tuple[int, _R]]:
        """The number and the result of each task, as they are ready; ``name`` is shown while it runs."""


class Threads:
    """Runs tasks in threads of this process.

    Parameters
    ----------
    count : int
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def run(
        self, work: Callable[[_S, _T], _R], shared: _S, tasks: Iterable[_T], name: str
    ) -> Iterator[tuple[int, _R]]:
        """See :class:`Runner`."""
        numbered = enumerate(tasks)
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

        with ThreadPoolExecutor(self.count, thread_name_prefix=f"genomearray-{name}") as pool:
            running: dict[Future[_R], int] = {}
            try:
                while True:
                    for number, task in itertools.islice(
                        numbered, max(WAITING * self.count - len(running), 0)
                    ):
                        running[pool.submit(work, shared, task)] = number
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        number = running.pop(future)
                        yield number, future.result()
                        del future  # its result would wait for the next one
            finally:
                for future in running:
                    future.cancel()


class Cluster:
    """Runs tasks on a dask cluster whose workers see the same files.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(
        self, work: Callable[[_S, _T], _R], shared: _S, tasks: Iterable[_T], name: str
    ) -> Iterator[tuple[int, _R]]:
        """See :class:`Runner`."""
        distributed = _distributed()

        client = self._client
        with _cluster_errors():
            _wait_for_worker(client)
            # By a task and not by scatter: a worker that dies with the only copy would be the end.
            common = client.submit(_same, shared, key=_key(name, "shared"), retries=RETRIES)
            numbered = enumerate(tasks)
            ahead = WAITING_FAR * max(sum(client.nthreads().values()), 1)
            running: dict[str, int] = {}
            ready = distributed.as_completed(with_results=True)  # fetched while others are worked on
            try:
                while True:
                    for number, task in itertools.islice(numbered, max(ahead - len(running), 0)):
                        future = client.submit(
                            work, common, task, key=_key(name, str(number)), retries=RETRIES, pure=False
                        )
                        running[future.key] = number
                        ready.add(future)
                    if not running:
                        return
                    future, result = next(ready)
                    number = running.pop(future.key)
                    if isinstance(result, BaseException):  # as_completed raises only some of them
                        raise _cause_of(result, (future, common))
                    future.release()
                    yield number, result
                    if number % _LOOK == 0:  # workers come and go
                        ahead = WAITING_FAR * max(sum(client.nthreads().values()), 1)
            finally:
                if running:
                    client.cancel(list(ready.futures), force=True, reason="the job is over")
                ready.clear()


def _cause_of(found: BaseException, futures: tuple[Any, ...]) -> BaseException:
    """The error of the work itself, where a future has it: those that wait for it are only cancelled."""
    for future in futures:
        if future.status == "error":
            found = future.exception()
            break
    cause = found.__cause__  # what failed while a task was unpacked on its way is wrapped
    return cause if isinstance(cause, GenomeArrayError) else found


def _distributed() -> Any:
    import distributed

    return distributed


def _same(shared: _S) -> _S:
    return shared


def _key(name: str, what: str) -> str:

    return f"genomearray-{name}-{what}-{os.urandom(6).hex()}"


def _wait_for_worker(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise ClusterError(
            f"the cluster at {client.scheduler.address} has had no worker for {PATIENCE} seconds; "
            "start one: dask worker ADDRESS"
        ) from error


@contextmanager
def _cluster_errors() -> Iterator[None]:
    """What a cluster does not bear, in one line; errors of the work itself stay as they are."""
    try:
        yield
    except GenomeArrayError:
        raise
    except Exception as error:
        reasons = {
            "KilledWorker": f"a block was given up after {RETRIES + 1} workers died with it; do "
            "they have enough memory?",
            "CancelledError": "the job was cancelled, or the scheduler has gone",
            "FutureCancelledError": "the job was cancelled, or the scheduler has gone",
            "CommClosedError": "the scheduler has gone",
        }
        if type(error).__name__ in reasons:
            raise ClusterError(f"the cluster could not finish: {reasons[type(error).__name__]}") from error
        raise


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Work of the ``with`` runs on the cluster of a scheduler; with None, where it would anyway.

    Parameters
    ----------
    address : str or None
        Such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    ClusterError
        It does not answer.
    """
    if address is None:
        yield
        return
    import logging

    _distributed()  # sets its levels when it is imported
    # We report a scheduler that has gone ourselves, in one line.
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    for name in ("asyncio", "tornado", *known):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    _check_reachable(address)
    try:
        client = _distributed().Client(address, timeout=PATIENCE, set_as_default=True)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"the scheduler {address!r} does not answer ({error}); give its address, such as "
            "tcp://10.0.0.1:8786"
        ) from error
    try:
        yield
    finally:
        client.close(timeout=5)


def _check_reachable(address: str) -> None:
    """ClusterError unless somebody listens: a Client that failed to connect cannot be closed, and
    may block the process later.
    """
    from distributed.comm.addressing import get_address_host_port, parse_address

    try:
        protocol, _ = parse_address(address, strict=True)
        if protocol in ("tcp", "tls"):
            host, port = get_address_host_port(address, strict=True)
            import socket

            socket.create_connection((host, port), timeout=PATIENCE).close()
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"the scheduler {address!r} does not answer ({error}); give its address, such as "
            "tcp://10.0.0.1:8786"
        ) from error


def runner(threads: int | None = None) -> Runner:
    """Threads of this process when their number is given; else the cluster of the session, if there is one.

    Parameters
    ----------
    threads : int, optional
        Default: one a core, at most 8.
    """
    if threads is None:
        client = _client()
        if client is not None:
            if client.asynchronous:
                raise ClusterError(
                    "the dask client of this session is asynchronous, and cannot be waited for here; "
                    "make one with Client(..., asynchronous=False)",
                    hint="work in threads of this process with {threads=}",
                )
            return Cluster(client)
    from genomearray.executor import workers

    return Threads(threads or workers())


def _client() -> Any:
    """The ``distributed.Client`` of the session; None where there is none, and inside of a worker."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        distributed.get_worker()
    except ValueError:
        pass
    else:
        return None
    try:
        return distributed.client.default_client()
    except ValueError:
        return None


@contextmanager
def progress_bar(
    total: int | None, name: str, unit: str, *, wanted: bool = True
) -> Iterator[Callable[[int], None]]:
    """A function that takes how much more is done; a bar on terminals and in notebooks, nothing in pipes."""
    notebook = "ipykernel" in sys.modules and not sys.stderr.isatty()
    if not wanted or not (notebook or sys.stderr.isatty()):
        yield lambda count: None
        return
    if notebook and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm

    with tqdm(total=total, unit=unit, unit_scale=True, desc=name, leave=False) as bar:
        yield lambda count: bar.update(count) and None


def workers() -> int:
    """Threads that share a read or a statistic."""
    return min(8, os.cpu_count() or 1)

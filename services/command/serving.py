"""`quittance serve`: all services in one process, or one service on PostgreSQL and Kafka."""

import contextlib
import socket

import structlog
from prometheus_client import start_http_server
from rich.console import Console

from libs.runtime import crash, log, trace
from libs.runtime import distributed as joining
from libs.runtime.clock import Clock, MovableClock
from libs.runtime.engines import UnsafeSetUp, connect
from libs.runtime.kafka import Cluster
from libs.runtime.serve import check_address, listen, server
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import System
from services.command import demo
from services.command.builds import BUILDS

logger = structlog.get_logger()
console = Console(stderr=True)


def embedded(settings: Settings, clock: MovableClock | None = None) -> None:
    """Run all services in this process until Ctrl-C; on the first start, play the demo."""
    crash.arm(settings.data)
    check_address(settings)
    chosen = "log_level" in settings.model_fields_set
    log.configure(settings.log_level if chosen else "warning")  # a terminal is for people
    trace.configure("quittance")
    clock = clock or MovableClock()
    bound = listen(settings)
    fresh = demo.prepare(settings)
    system = System(settings, BUILDS, clock)
    run(_embedded(settings, system, bound, clock if fresh else None))


async def _embedded(
    settings: Settings, system: System, bound: socket.socket, playing: MovableClock | None
) -> None:
    port = bound.getsockname()[1]
    scheme = "https" if settings.tls_certificate else "http"
    url = f"{scheme}://{settings.host}:{port}"

    async def ready() -> None:
        console.print(f"\nQuittance is ready: [bold]{url}/[/bold]", highlight=False)
        demo.print_access(settings, console)
        console.print("Stop with Ctrl-C; the data stays in", str(settings.data), highlight=False)

    await system.start()
    try:
        if playing is not None:
            await demo.play(system, playing, console)
            playing.release()
        system.follow_calendar()
        with bound:
            await server(system.apps["gateway"], settings, ready).serve(sockets=[bound])
    finally:
        await system.stop()


def distributed(settings: Settings, name: str, clock: Clock | None = None) -> None:
    """Run one service until SIGTERM: its HTTP interface, its feeds, its relay."""
    if not settings.kafka or not settings.database:
        raise UnsafeSetUp(
            "A service on its own needs QUITTANCE_DATABASE and QUITTANCE_KAFKA; all services in"
            " one process are started by `quittance serve` without a name."
        )
    if settings.demo and "demo" in settings.model_fields_set:
        raise UnsafeSetUp("The demo lives in the embedded shape only; unset QUITTANCE_DEMO.")
    crash.arm(settings.data)
    check_address(settings)
    log.configure(settings.log_level, name)
    trace.configure(name)
    run(_distributed(settings, name, clock or Clock()))


async def _distributed(settings: Settings, name: str, clock: Clock) -> None:
    cluster = cluster_of(settings)
    store = Store(name, connect(settings, name))
    proven = await joining.fits_topic(store, cluster)
    store.engine.dispose()
    system = System(settings, {name: BUILDS[name]}, clock)
    host = system.hosts[name]
    bound = listen(settings)

    async def ready() -> None:
        logger.info("serving", address=settings.host, port=bound.getsockname()[1])

    if settings.metrics_port:
        start_http_server(settings.metrics_port)
    relay = await joining.start(host, cluster, proven=proven)
    system.follow_calendar()
    try:
        with bound:
            await server(system.apps[name], settings, ready).serve(sockets=[bound])
    finally:
        await joining.drain(relay)
        await system.stop()
        await relay.stop()


def cluster_of(settings: Settings) -> Cluster:
    """Return where Kafka is, by the settings."""
    return Cluster(
        bootstrap=settings.kafka,
        authority=settings.kafka_authority,
        user=settings.kafka_user,
        password=settings.kafka_password,
    )


def run(work: object) -> None:
    """Run to the end on uvloop; Ctrl-C is a clean end."""
    import uvloop  # noqa: PLC0415 - a command that serves nothing does not need it

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(work)  # type: ignore[arg-type]  # a coroutine

"""HTTP around a host: the app, what endpoints get, health and metrics."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from libs.runtime import problems
from libs.runtime.admission import Admission
from libs.runtime.host import Host
from libs.runtime.middleware import Around, Bounds
from libs.runtime.problems import Problem, StrictRoute
from libs.runtime.service import Command
from libs.runtime.settings import Settings

T = TypeVar("T")

BODIES_MAX = 10
"""How many of the largest bodies all requests together may hold in memory."""


class Handler(Protocol):
    """Decide a command; return the aggregate's state after the commit, or raise its Refused."""

    async def __call__(self, command: Command, command_id: str | None = None) -> Any: ...


class Querier(Protocol):
    """Run a query function on the service's read tables."""

    async def __call__(self, function: Callable[..., T], *args: Any) -> T: ...


def _host(request: Request) -> Host:
    host: Host = request.app.state.host
    return host


async def _handler(request: Request) -> Any:
    return _host(request).handle


async def _reader(request: Request) -> Any:
    return _host(request).read


async def _running(request: Request) -> Host:
    return _host(request)


async def _today(request: Request) -> date:
    return _host(request).clock.today()


async def _now(request: Request) -> datetime:
    return _host(request).clock.now()


# Coroutines, although they wait for nothing: FastAPI would send plain functions to a thread.
Handle = Annotated[Handler, Depends(_handler)]
Read = Annotated[Querier, Depends(_reader)]
Running = Annotated[Host, Depends(_running)]
"""The host itself, for what waits until something was heard."""
Today = Annotated[date, Depends(_today)]
Now = Annotated[datetime, Depends(_now)]


NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""`Around` makes the one span of a request; FastAPI's own would carry addresses with their queries
(P35), and be one more to make."""


def create_app(
    host: Host, settings: Settings, *, docs: bool = False, hosts: Mapping[str, Host] | None = None
) -> FastAPI:
    """Return the HTTP interface of a running service; documented pages only at the gateway.

    `hosts` are all that run in the process: where one is heard, it speaks for all.
    """
    app = FastAPI(
        title=f"Quittance {host.service.name}",
        version="1",
        openapi_url="/v1/openapi.json" if docs else None,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    app.state.host = host
    app.state.hosts = {host.service.name: host} if hosts is None else hosts
    app.router.route_class = StrictRoute
    app.include_router(_health(metrics=not settings.metrics_port))
    app.include_router(host.service.router)
    problems.install(app)
    admission = Admission(
        settings.requests_max, settings.requests_each_max, BODIES_MAX * settings.body_bytes_max
    )
    host.doors.append(admission)
    app.add_middleware(
        Around,
        service=host.service.name,
        bounds=Bounds(
            body_bytes_max=settings.body_bytes_max,
            body_seconds_max=settings.request_seconds_max,
            names=_names(settings.names) if docs else None,
            first=host.service.first,
            large=host.service.large,
            large_bytes_max=settings.archive_bytes_max,
        ),
        admission=admission,
        secure=settings.tls_certificate is not None or settings.behind_proxy,
        stopping=lambda: host.stopping,
    )
    return app


def _names(names: str) -> frozenset[bytes] | None:
    return frozenset(name.strip().lower().encode() for name in names.split(",")) if names else None


def _health(*, metrics: bool) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/startup")
    async def startup(request: Request) -> Response:
        return _state(_host(request).started, {})

    @router.get("/health/ready")
    async def ready(request: Request) -> Response:
        """Ready while the store answers; a halted feed or broker only degrades (F10)."""
        host = _host(request)
        await host.read(host.store.head)
        ready = host.started and not host.stopping
        hosts: Mapping[str, Host] = request.app.state.hosts
        halted = [f"{name} {one.halted}" for name, one in hosts.items() if one.halted]
        return _state(ready, {"degraded": "; ".join(halted)} if halted else {})

    async def figures() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    if metrics:
        router.add_api_route("/metrics", figures)

    return router


def _state(good: bool, more: dict[str, str]) -> Response:  # noqa: FBT001 - the one thing it says
    status = "ready" if good else "not ready"
    return JSONResponse({"status": status} | more, status_code=200 if good else 503)


__all__ = [
    "Handle",
    "Now",
    "Problem",
    "Read",
    "Running",
    "StrictRoute",
    "Today",
    "create_app",
]

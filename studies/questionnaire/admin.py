"""The researcher's page: live counts and the export, behind a token."""

import secrets
import threading
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from studies.questionnaire.export import overview_of, tables_of
from studies.questionnaire.forms import same
from studies.questionnaire.pages import Pages, see
from studies.results import safe_cells

ADMIN_COOKIE = "admin"
ADMIN_SECONDS = 12 * 3600
EXPORTS: tuple[str, ...] = ("ratings", "sessions", "recognition")
#: Logins that are remembered at a time; the oldest goes first.
_LOGINS = 20


class Admin:
    """Handlers of /admin. A browser logs in by a form; programs send "Authorization: Bearer TOKEN"."""

    def __init__(self, pages: Pages, token: str) -> None:
        self._pages, self._token = pages, token
        self._lock = threading.Lock()
        self._logins: dict[str, float] = {}

    def routes(self) -> list[BaseRoute]:
        pages = self._pages
        return [
            Route("/admin", pages.endpoint(self._show, ADMIN_COOKIE), methods=["GET"]),
            Route("/admin/login", pages.endpoint(self._login, ADMIN_COOKIE), methods=["POST"]),
            Route("/admin/logout", pages.endpoint(self._logout, ADMIN_COOKIE), methods=["POST"]),
            Route("/admin/{name}.csv", pages.endpoint(self._export, ADMIN_COOKIE), methods=["GET"]),
        ]

    def _allowed(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(token.strip(), self._token):
            return True
        with self._lock:
            since = self._logins.get(request.cookies.get(ADMIN_COOKIE, ""))
        return since is not None and self._pages.store.clock() - since < ADMIN_SECONDS

    def _show(self, request: Request, _form: Mapping[str, str]) -> Response:
        cookie = request.cookies.get(ADMIN_COOKIE) or secrets.token_urlsafe(32)
        if not self._allowed(request):
            return self._login_page(cookie)
        overview = overview_of(self._pages.study, self._pages.store)
        return self._pages.page("admin", cookie, overview=overview, exports=EXPORTS)

    def _login_page(self, cookie: str, problem: str = "") -> Response:
        response = self._pages.page("login", cookie, status=401, problem=problem)
        self._pages.set_cookie(response, ADMIN_COOKIE, cookie, path="/admin", seconds=ADMIN_SECONDS)
        return response

    def _login(self, request: Request, form: Mapping[str, str]) -> Response:
        if not same(form.get("token", "").strip(), self._token):
            return self._login_page(request.cookies[ADMIN_COOKIE], "This is not the token.")
        cookie = secrets.token_urlsafe(32)  # a new one: what was set before the login opens nothing
        with self._lock:
            self._logins[cookie] = self._pages.store.clock()
            while len(self._logins) > _LOGINS:
                del self._logins[next(iter(self._logins))]
        response = see("/admin")
        self._pages.set_cookie(response, ADMIN_COOKIE, cookie, path="/admin", seconds=ADMIN_SECONDS)
        return response

    def _logout(self, request: Request, _form: Mapping[str, str]) -> Response:
        with self._lock:
            self._logins.pop(request.cookies[ADMIN_COOKIE], None)
        response = see("/admin")
        response.delete_cookie(ADMIN_COOKIE, path="/admin")
        return response

    def _export(self, request: Request, _form: Mapping[str, str]) -> Response:
        if not self._allowed(request):
            return Response("The token is missing or not the right one.\n", 401, media_type="text/plain")
        name = str(request.path_params["name"])
        if name not in EXPORTS:
            raise HTTPException(404)
        table = getattr(tables_of(self._pages.study, self._pages.store), name)
        text = safe_cells(table).to_csv(index=False, lineterminator="\n")
        attached = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=attached)

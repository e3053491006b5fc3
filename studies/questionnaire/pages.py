"""What participant pages and admin pages share: templates, cookies, and the sign that a form is ours."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from studies.questionnaire.forms import read_form, same, sign
from studies.questionnaire.store import Store
from studies.questionnaire.study import Study
from studies.questionnaire.texts import fill

HERE = Path(__file__).parent

#: Answers a request and its form (empty for GET); blocks, so it runs in a thread.
Handler = Callable[[Request, Mapping[str, str]], Response]


class Pages:
    """Makes pages and reads forms. ``secure``: browsers come by TLS, so cookies are marked Secure."""

    def __init__(self, study: Study, store: Store, *, secure: bool) -> None:
        self.study, self.store, self.secure = study, store, secure
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, name: str, cookie: str, *, status: int = 200, **values: object) -> Response:
        """The template ``name``; its forms are signed for the browser that has ``cookie``."""
        template = self._templates.get_template(f"{name}.html.j2")
        csrf = sign(self.store.secret, "form", cookie)
        defaults: dict[str, object] = {"person": None, "step_number": None, "step_count": None}
        shared = {"study": self.study, "t": self.study.texts, "fill": fill, "csrf": csrf}
        return HTMLResponse(template.render({**defaults, **shared, **values}), status)

    def set_cookie(self, response: Response, name: str, value: str, *, path: str = "/", seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, path=path, secure=self.secure, httponly=True, samesite="lax")

    def endpoint(self, handle: Handler, cookie: str = "session") -> Callable[[Request], Awaitable[Response]]:
        """An endpoint of ``handle``; a form must carry the sign that belongs to the browser's ``cookie``."""

        async def answer(request: Request) -> Response:
            form: dict[str, str] = {}
            if request.method == "POST":
                form = await read_form(request)
                held = request.cookies.get(cookie, "")
                if not held or not same(form.get("csrf", ""), sign(self.store.secret, "form", held)):
                    raise HTTPException(403)
            return await run_in_threadpool(handle, request, form)

        return answer


def see(path: str) -> RedirectResponse:
    """Sends the browser on, so that a reload repeats no form."""
    return RedirectResponse(path, 303)

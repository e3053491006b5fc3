"""The pages of participants: consent, one page a step, thanks, withdrawal."""

import secrets
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from studies.questionnaire.admin import Admin
from studies.questionnaire.forms import SafeHeaders, same, sign
from studies.questionnaire.pages import HERE, Pages, see
from studies.questionnaire.slots import slots_of
from studies.questionnaire.steps import Step, steps_of
from studies.questionnaire.store import BusyError, FullError, Participant, Store
from studies.questionnaire.study import MEDIA_TYPES, Study

SESSION_COOKIE = "session"
SESSION_SECONDS = 7 * 24 * 3600
#: Clocks of browsers and videos do not agree to the frame.
TOLERANCE_S = 0.1
_NO_DATE = "Thu, 01 Jan 1970 00:00:00 GMT"

_ERRORS: Mapping[int, str] = {403: "error_form", 404: "error_missing", 503: "error_full"}


def create_app(study: Study, store: Store, admin_token: str, *, secure: bool = False) -> Starlette:
    """The questionnaire as an ASGI application. ``secure``: it is reached by TLS."""
    pages = Pages(study, store, secure=secure)
    routes = [
        *Questionnaire(pages).routes(),
        *Admin(pages, admin_token).routes(),
        Route("/favicon.ico", lambda _request: Response(status_code=204)),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]

    async def failed(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        status = 503 if isinstance(error, BusyError) else status
        text = study.texts["error_busy" if isinstance(error, BusyError) else _ERRORS.get(status, "error")]
        heading = study.texts["error_heading"]
        return pages.page("message", "", status=status, heading=heading, text=text, back=study.texts["error_back"])

    handlers = {HTTPException: failed, BusyError: failed, 500: failed}
    return Starlette(routes=routes, middleware=[Middleware(SafeHeaders)], exception_handlers=handlers)


class Questionnaire:
    """Handlers of the participants' pages. There is one address for all steps: a reload, the back button or a second
    window show the page that is next, never one that was answered."""

    def __init__(self, pages: Pages) -> None:
        self._pages, self._study, self._store = pages, pages.study, pages.store
        self._slots = slots_of(self._study.emotions, self._study.seed)

    def routes(self) -> list[BaseRoute]:
        endpoint = self._pages.endpoint
        return [
            Route("/", endpoint(self._show), methods=["GET"]),
            Route("/begin", endpoint(self._begin), methods=["POST"]),
            Route("/answer", endpoint(self._answer), methods=["POST"]),
            Route("/answer", lambda _request: see("/"), methods=["GET"]),  # a reload of what was refused
            Route("/another", endpoint(self._another), methods=["POST"]),
            Route("/withdraw", endpoint(self._withdraw), methods=["GET", "POST"]),
            Route("/media/{key}", endpoint(self._media), methods=["GET"]),
        ]

    def _person(self, request: Request) -> Participant | None:
        cookie = request.cookies.get(SESSION_COOKIE)
        return self._store.find(cookie) if cookie else None

    def _show(self, request: Request, _form: Mapping[str, str]) -> Response:
        person = self._person(request)
        if person is None:
            cookie = request.cookies.get(SESSION_COOKIE) or secrets.token_urlsafe(32)
            response = self._pages.page("consent", cookie)
            self._keep(response, cookie)
            return response
        cookie = request.cookies[SESSION_COOKIE]
        if person.finished_at is not None:
            return self._pages.page("thanks", cookie, person=person)
        self._store.shown(person)
        return self._step_page(person, cookie)

    def _step_page(
        self, person: Participant, cookie: str, problem: str = "", given: Mapping[str, str] | None = None
    ) -> Response:
        steps = steps_of(self._study, person.slot)
        step = steps[person.position]
        missing = [] if given is None else [question for question in step.questions if question.key not in given]
        return self._pages.page(
            "step",
            cookie,
            status=422 if problem or missing else 200,
            person=person,
            step=step,
            step_number=person.position + 1,
            step_count=len(steps),
            media=f"/media/{self._media_key(person)}",
            media_type=MEDIA_TYPES[step.video.path.suffix.lower()] if step.video else "",
            given=given or {},
            missing=missing,
            problem=problem,
        )

    def _begin(self, request: Request, form: Mapping[str, str]) -> Response:
        if self._person(request) is not None:
            return see("/")
        if form.get("agree") != "yes":
            texts = self._study.texts
            return self._message(request, texts["declined_heading"], texts["declined"])
        cookie = request.cookies[SESSION_COOKIE]
        try:
            self._store.begin(self._slots, self._study.idle_minutes * 60.0, cookie)
        except FullError:
            raise HTTPException(503) from None
        response = see("/")
        self._keep(response, cookie)
        return response

    def _answer(self, request: Request, form: Mapping[str, str]) -> Response:
        person = self._person(request)
        if person is None or form.get("step") != str(person.position + 1) or person.finished_at is not None:
            return see("/")  # answered before, or withdrawn: the first answer counts
        steps = steps_of(self._study, person.slot)
        step = steps[person.position]
        given = step.read(form)
        problem = "" if self._was_seen(person, step) else self._study.texts["video_too_soon"]
        if problem or len(given) < len(step.questions):
            return self._step_page(person, request.cookies[SESSION_COOKIE], problem, given)
        self._store.answer(person, given, last=person.position + 1 == len(steps))
        return see("/")

    def _was_seen(self, person: Participant, step: Step) -> bool:
        """Whether the video was fetched, and there was time to see it since its page was first served."""
        if step.video is None:
            return True
        if person.shown_at is None or person.fetched_at is None:
            return False
        return self._store.clock() - person.shown_at >= step.video.seconds - TOLERANCE_S

    def _media_key(self, person: Participant) -> str:
        """Of the participant's video of now: an address that tells nothing, not even which two are the same."""
        return sign(self._store.secret, "media", f"{person.id}/{person.position}")

    def _media(self, request: Request, _form: Mapping[str, str]) -> Response:
        person = self._person(request)
        if person is None or person.finished_at is not None:
            raise HTTPException(404)
        video = steps_of(self._study, person.slot)[person.position].video
        key = self._media_key(person)
        if video is None or not same(str(request.path_params["key"]), key):
            raise HTTPException(404)
        if person.fetched_at is None and request.method == "GET":  # HEAD brings no picture
            self._store.fetched(person)
        kind = MEDIA_TYPES[video.path.suffix.lower()]
        # The file's own date and tag would tell which videos of two participants are the same.
        headers = {"ETag": f'"{key}"', "Last-Modified": _NO_DATE, "Cache-Control": "private, max-age=3600"}
        return FileResponse(video.path, media_type=kind, headers=headers)

    def _another(self, _request: Request, _form: Mapping[str, str]) -> Response:
        return self._forget(see("/"))

    def _withdraw(self, request: Request, form: Mapping[str, str]) -> Response:
        here = self._person(request)
        cookie = request.cookies.get(SESSION_COOKIE) or secrets.token_urlsafe(32)
        if request.method == "GET":
            response = self._pages.page("withdraw", cookie, person=here, problem="", code="")
            self._keep(response, cookie)
            return response
        person = self._store.find_code(form["code"]) if "code" in form else here
        texts = self._study.texts
        if person is None:
            unknown = texts["withdraw_unknown"]
            code = form.get("code", "")[:40]
            return self._pages.page("withdraw", cookie, status=422, person=here, problem=unknown, code=code)
        try:
            self._store.withdraw(person)
        except BusyError:
            values = {"person": here, "problem": texts["withdraw_busy"], "code": person.code}
            return self._pages.page("withdraw", cookie, status=503, **values)
        response = self._message(request, texts["withdrawn_heading"], texts["withdrawn"])
        return self._forget(response) if here is None or here.id == person.id else response

    def _message(self, request: Request, heading: str, text: str) -> Response:
        return self._pages.page("message", request.cookies.get(SESSION_COOKIE, ""), heading=heading, text=text, back="")

    def _keep(self, response: Response, cookie: str) -> None:
        self._pages.set_cookie(response, SESSION_COOKIE, cookie, seconds=SESSION_SECONDS)

    def _forget(self, response: Response) -> Response:
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response

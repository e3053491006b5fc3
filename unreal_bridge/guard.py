"""The border of the server: who may call, what cannot be decoded, and errors made into status codes."""

import asyncio
import hmac
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from curves.errors import InputError, MicroExprError, NoFaceError, SetupError
from unreal_bridge.errors import BridgeError
from unreal_bridge.observing import Observe, log

_Handler = Any  # what gRPC keeps of a method
_Context = Any  # grpc.aio.ServicerContext
_Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]

_MAX_DETAILS = 1000  # characters: details travel in a header


def status_of(error: MicroExprError) -> str:
    """The name of the status code for an error that a user can act on."""
    if isinstance(error, BridgeError):
        return error.code
    if isinstance(error, NoFaceError | SetupError):
        return "FAILED_PRECONDITION"
    return "INVALID_ARGUMENT"


class _Undecodable:
    """Stands for a message whose bytes could not be decoded; gRPC itself would call that INTERNAL."""


class Guard(grpc.aio.ServerInterceptor):
    """Wraps every call of every service.

    ``token``: every call must bring it as metadata ``authorization: Bearer TOKEN``; None: none is asked for.
    """

    def __init__(self, token: str | None, observe: Observe) -> None:
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._observe = observe

    async def intercept_service(self, continuation: _Continuation, details: grpc.HandlerCallDetails) -> _Handler | None:
        handler = await continuation(details)
        if handler is None:  # no such method
            return None
        allowed = self._allowed(details)
        method = str(details.method)

        async def answer_one(request: Any, context: _Context) -> Any:
            async with self._call(method, context, allowed=allowed):
                return await _behaviour(handler)(_checked(request), context)

        async def answer_many(request: Any, context: _Context) -> None:
            async with self._call(method, context, allowed=allowed):
                answer = _behaviour(handler)(_checked(request), context)
                if inspect.isasyncgen(answer):
                    async for message in answer:
                        await context.write(message)
                else:
                    await answer

        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[bool(handler.request_streaming), bool(handler.response_streaming)]
        answer: Any = answer_many if handler.response_streaming else answer_one
        made: _Handler = make(
            answer,
            request_deserializer=_careful(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )
        return made

    def _allowed(self, details: grpc.HandlerCallDetails) -> bool:
        if self._expected is None:
            return True
        given = [value for key, value in details.invocation_metadata or () if key == "authorization"]
        sent = given[0] if len(given) == 1 else ""
        return hmac.compare_digest(sent if isinstance(sent, bytes) else sent.encode(), self._expected)

    @asynccontextmanager
    async def _call(self, method: str, context: _Context, *, allowed: bool) -> AsyncIterator[None]:
        started, code = time.monotonic(), "OK"
        try:
            if not allowed:
                raise BridgeError("UNAUTHENTICATED", "This server wants a token, and this is not the one; check it.")
            yield
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        except MicroExprError as error:
            code = status_of(error)
            await _abort(context, code, str(error))
        except grpc.aio.AbortError:  # gRPC's own services end calls so
            code = context.code().name if isinstance(context.code(), grpc.StatusCode) else "UNKNOWN"
            raise
        except Exception:  # noqa: BLE001  # what else can only be a defect of ours
            code = "INTERNAL"
            log("defect", level=logging.ERROR, exc_info=True, method=method)
            await _abort(context, code, "A defect of the server; its log says more. Please report it.")
        finally:
            seconds = time.monotonic() - started
            self._observe(method, code, seconds)
            log("call", method=method, code=code, seconds=round(seconds, 4), peer=context.peer())


async def _abort(context: _Context, code: str, message: str) -> None:
    sentence = " ".join(message.split())[:_MAX_DETAILS]
    await context.abort(grpc.StatusCode[code], sentence.encode("utf-8", "replace").decode())


def _behaviour(handler: _Handler) -> Callable[[Any, Any], Any]:
    found: Callable[[Any, Any], Any] | None
    found = handler.unary_unary or handler.stream_unary or handler.unary_stream or handler.stream_stream
    assert found is not None  # noqa: S101  # a handler has one
    return found


def _careful(decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    def careful(data: bytes) -> Any:
        try:
            return data if decode is None else decode(data)
        except DecodeError:
            return _Undecodable()

    return careful


def _checked(request: Any) -> Any:
    """The request, or the stream of requests, refused where it could not be decoded."""
    if not hasattr(request, "__aiter__"):
        return _decoded(request)

    async def messages() -> AsyncIterator[Any]:
        async for message in request:
            yield _decoded(message)

    return messages()


def _decoded(message: Any) -> Any:
    if isinstance(message, _Undecodable):
        raise InputError("A message could not be decoded; the client speaks another protocol or is broken.")
    return message

"""Files that come in as a form and go out to be saved."""

from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from fastapi import Query, Request, Response
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from shared.http.problem import HttpRefusal
from shared.kernel.tables import MEDIA_TYPES, DocumentFormat, FileFormat

MAX_BYTES = 64_000_000
_MOST_FIELDS = 200
_MOST_FILES = 20
FormatQuery = Annotated[FileFormat, Query(alias="format", description="xlsx, or CSV in UTF-8 with a BOM.")]


def file_form(description: str) -> dict[str, Any]:
    """What the document says of a route that reads `uploaded_file`."""
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary", "description": description}
                        },
                    }
                }
            },
        }
    }


FILE_FORM = file_form("An xlsx workbook, or CSV in UTF-8 (with or without BOM), UTF-16 or GBK.")


class NoFile(HttpRefusal):
    """The form has no part `file`, or it is no form."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "file_missing"


class _InMemory(MultiPartParser):
    """Keeps the upload in memory: the usual parser spools it to a file, where it would lie in the clear."""

    spool_max_size = MAX_BYTES + 1


async def uploaded_file(request: Request) -> tuple[str, bytes]:
    """The name and the bytes of the form's part `file`.

    Raises:
        NoFile: there is none.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise NoFile("请以表单字段 file 上传文件。Send the file as the form field file.", field="file")
    try:
        form = request._form  # noqa: SLF001  # the check of a page's form has read it already
        if form is None:
            parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=1)
            form = await parser.parse()
    except MultiPartException as error:
        raise NoFile("表单无法解析。The form cannot be read.", field="file") from error
    try:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise NoFile("请以表单字段 file 上传文件。Send the file as the form field file.", field="file")
        return (part.filename or "")[:200].replace("\0", ""), await part.read()
    finally:
        await form.close()


async def form_in_memory(request: Request) -> FormData:
    """A form with its files, which never lie on a disk; whoever asks the request for its form later gets it.

    Raises:
        NoFile: it cannot be read.
    """
    if request._form is None:  # noqa: SLF001  # where the framework looks, which would spool the file
        try:
            parser = _InMemory(
                request.headers, request.stream(), max_files=_MOST_FILES, max_fields=_MOST_FIELDS
            )
            request._form = await parser.parse()  # noqa: SLF001
        except MultiPartException as error:
            raise NoFile("表单无法解析。The form cannot be read.", field="file") from error
    return request._form  # noqa: SLF001


def as_file(content: bytes, name: str, file_format: DocumentFormat) -> Response:
    """A file to be saved under a Chinese name."""
    named = quote(f"{name}.{file_format}")
    return Response(
        content,
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{named}"},
    )

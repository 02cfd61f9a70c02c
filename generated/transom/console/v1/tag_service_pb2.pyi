from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConsoleTag(_message.Message):
    __slots__ = ("id", "name", "type", "binding_count")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BINDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    binding_count: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ..., binding_count: _Optional[str] = ...) -> None: ...

class ListConsoleTagsRequest(_message.Message):
    __slots__ = ("type", "keyword")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    type: str
    keyword: str
    def __init__(self, type: _Optional[str] = ..., keyword: _Optional[str] = ...) -> None: ...

class ListConsoleTagsResponse(_message.Message):
    __slots__ = ("tags",)
    TAGS_FIELD_NUMBER: _ClassVar[int]
    tags: _containers.RepeatedCompositeFieldContainer[ConsoleTag]
    def __init__(self, tags: _Optional[_Iterable[_Union[ConsoleTag, _Mapping]]] = ...) -> None: ...

class CreateConsoleTagRequest(_message.Message):
    __slots__ = ("name", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class UpdateConsoleTagRequest(_message.Message):
    __slots__ = ("tag_id", "name")
    TAG_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    tag_id: str
    name: str
    def __init__(self, tag_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class DeleteConsoleTagRequest(_message.Message):
    __slots__ = ("tag_id",)
    TAG_ID_FIELD_NUMBER: _ClassVar[int]
    tag_id: str
    def __init__(self, tag_id: _Optional[str] = ...) -> None: ...

class BindConsoleTagsRequest(_message.Message):
    __slots__ = ("tag_ids", "target_id", "type")
    TAG_IDS_FIELD_NUMBER: _ClassVar[int]
    TARGET_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    tag_ids: _containers.RepeatedScalarFieldContainer[str]
    target_id: str
    type: str
    def __init__(self, tag_ids: _Optional[_Iterable[str]] = ..., target_id: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class UnbindConsoleTagRequest(_message.Message):
    __slots__ = ("tag_id", "target_id", "type")
    TAG_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    tag_id: str
    target_id: str
    type: str
    def __init__(self, tag_id: _Optional[str] = ..., target_id: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import dataset_pb2 as _dataset_pb2
from transom.dataset.v1 import document_pb2 as _document_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateDocumentByTextRequest(_message.Message):
    __slots__ = ("dataset_id", "name", "text", "indexing_technique", "doc_form", "doc_language", "process_rule", "retrieval_model", "embedding_model", "embedding_model_provider", "original_document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    INDEXING_TECHNIQUE_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    DOC_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PROCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    name: str
    text: str
    indexing_technique: str
    doc_form: str
    doc_language: str
    process_rule: _document_pb2.ProcessRule
    retrieval_model: _dataset_pb2.RetrievalModel
    embedding_model: str
    embedding_model_provider: str
    original_document_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., name: _Optional[str] = ..., text: _Optional[str] = ..., indexing_technique: _Optional[str] = ..., doc_form: _Optional[str] = ..., doc_language: _Optional[str] = ..., process_rule: _Optional[_Union[_document_pb2.ProcessRule, _Mapping]] = ..., retrieval_model: _Optional[_Union[_dataset_pb2.RetrievalModel, _Mapping]] = ..., embedding_model: _Optional[str] = ..., embedding_model_provider: _Optional[str] = ..., original_document_id: _Optional[str] = ...) -> None: ...

class CreateDocumentByFileRequest(_message.Message):
    __slots__ = ("dataset_id", "content")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    content: _httpbody_pb2.HttpBody
    def __init__(self, dataset_id: _Optional[str] = ..., content: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class UpdateDocumentByTextRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "name", "text", "process_rule", "doc_form", "doc_language", "retrieval_model")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PROCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    DOC_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    name: str
    text: str
    process_rule: _document_pb2.ProcessRule
    doc_form: str
    doc_language: str
    retrieval_model: _dataset_pb2.RetrievalModel
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., name: _Optional[str] = ..., text: _Optional[str] = ..., process_rule: _Optional[_Union[_document_pb2.ProcessRule, _Mapping]] = ..., doc_form: _Optional[str] = ..., doc_language: _Optional[str] = ..., retrieval_model: _Optional[_Union[_dataset_pb2.RetrievalModel, _Mapping]] = ...) -> None: ...

class UpdateDocumentByFileRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "content")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    content: _httpbody_pb2.HttpBody
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., content: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class ListDocumentsRequest(_message.Message):
    __slots__ = ("dataset_id", "page", "limit", "keyword", "status")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    page: int
    limit: int
    keyword: str
    status: str
    def __init__(self, dataset_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ..., keyword: _Optional[str] = ..., status: _Optional[str] = ...) -> None: ...

class ListDocumentsResponse(_message.Message):
    __slots__ = ("data", "has_more", "limit", "total", "page")
    DATA_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_document_pb2.Document]
    has_more: bool
    limit: int
    total: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[_document_pb2.Document, _Mapping]]] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...

class GetDocumentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "metadata")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    metadata: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., metadata: _Optional[str] = ...) -> None: ...

class GetDocumentResponse(_message.Message):
    __slots__ = ("document", "metadata_only")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    METADATA_ONLY_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.DocumentDetail
    metadata_only: _document_pb2.DocumentMetadataOnly
    def __init__(self, document: _Optional[_Union[_document_pb2.DocumentDetail, _Mapping]] = ..., metadata_only: _Optional[_Union[_document_pb2.DocumentMetadataOnly, _Mapping]] = ...) -> None: ...

class DeleteDocumentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ...) -> None: ...

class GetBatchIndexingStatusRequest(_message.Message):
    __slots__ = ("dataset_id", "batch")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    batch: str
    def __init__(self, dataset_id: _Optional[str] = ..., batch: _Optional[str] = ...) -> None: ...

class IndexingStatusList(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_document_pb2.IndexingStatus]
    def __init__(self, data: _Optional[_Iterable[_Union[_document_pb2.IndexingStatus, _Mapping]]] = ...) -> None: ...

class UpdateDocumentsStatusRequest(_message.Message):
    __slots__ = ("dataset_id", "action", "document_ids")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    action: str
    document_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., action: _Optional[str] = ..., document_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetDocumentDownloadRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ...) -> None: ...

class DownloadLink(_message.Message):
    __slots__ = ("url",)
    URL_FIELD_NUMBER: _ClassVar[int]
    url: str
    def __init__(self, url: _Optional[str] = ...) -> None: ...

class GetDocumentUploadFileRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ...) -> None: ...

class DocumentUploadFile(_message.Message):
    __slots__ = ("id", "name", "size", "extension", "url", "download_url", "mime_type", "created_by", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    DOWNLOAD_URL_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    size: int
    extension: str
    url: str
    download_url: str
    mime_type: str
    created_by: str
    created_at: float
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., size: _Optional[int] = ..., extension: _Optional[str] = ..., url: _Optional[str] = ..., download_url: _Optional[str] = ..., mime_type: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[float] = ...) -> None: ...

class DownloadDocumentsZipRequest(_message.Message):
    __slots__ = ("dataset_id", "document_ids")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., document_ids: _Optional[_Iterable[str]] = ...) -> None: ...

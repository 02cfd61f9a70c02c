"""The one exception that crosses layers.

Domain code raises ``AppError`` with a reason; ``server/edge`` alone knows what that
means in HTTP or gRPC (edge/catalogue.py).
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Error reasons; the same set as ``transom.common.v1.ErrorReason`` (a test compares them).

    Values are the codes that REST callers see; three have hyphens there (console-api.md section 5).
    """

    INVALID_PARAM = "invalid_param"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INTERNAL_SERVER_ERROR = "internal_server_error"
    SERVICE_UNAVAILABLE = "service_unavailable"
    APP_UNAVAILABLE = "app_unavailable"
    NOT_CHAT_APP = "not_chat_app"
    NOT_WORKFLOW_APP = "not_workflow_app"
    NOT_COMPLETION_APP = "not_completion_app"
    CONVERSATION_COMPLETED = "conversation_completed"
    PROVIDER_NOT_INITIALIZE = "provider_not_initialize"
    PROVIDER_QUOTA_EXCEEDED = "provider_quota_exceeded"
    MODEL_CURRENTLY_NOT_SUPPORT = "model_currently_not_support"
    COMPLETION_REQUEST_ERROR = "completion_request_error"
    RATE_LIMIT_ERROR = "rate_limit_error"
    TOO_MANY_REQUESTS = "too_many_requests"
    NO_FILE_UPLOADED = "no_file_uploaded"
    TOO_MANY_FILES = "too_many_files"
    FILENAME_NOT_EXISTS_ERROR = "filename_not_exists_error"
    FILE_TOO_LARGE = "file_too_large"
    UNSUPPORTED_FILE_TYPE = "unsupported_file_type"
    FILE_NOT_FOUND = "file_not_found"
    FILE_ACCESS_DENIED = "file_access_denied"
    END_USER_NOT_FOUND = "end_user_not_found"
    ALREADY_SETUP = "already_setup"
    NOT_SETUP = "not_setup"
    NOT_INIT_VALIDATED = "not_init_validated"
    INIT_VALIDATE_FAILED = "init_validate_failed"
    UNAUTHORIZED_AND_FORCE_LOGOUT = "unauthorized_and_force_logout"
    AUTHENTICATION_FAILED = "authentication_failed"
    EMAIL_CODE_LOGIN_LIMIT = "email_code_login_limit"
    APP_NOT_FOUND = "app_not_found"
    ACCOUNT_BANNED = "account_banned"
    ACCOUNT_NOT_INITIALIZED = "account_not_initialized"
    INVALID_EMAIL = "invalid_email"
    CURRENT_PASSWORD_INCORRECT = "current_password_incorrect"  # noqa: S105 - a reason, not a password
    REPEAT_PASSWORD_NOT_MATCH = "repeat_password_not_match"  # noqa: S105 - a reason, not a password
    ACCOUNT_NOT_LINK_TENANT = "account_not_link_tenant"
    CANNOT_OPERATE_SELF = "cannot-operate-self"
    MEMBER_NOT_FOUND = "member-not-found"
    INVALID_ROLE = "invalid-role"
    ALREADY_ACTIVATE = "already_activate"
    ACCOUNT_ALREADY_INITED = "account_already_inited"
    DRAFT_WORKFLOW_NOT_EXIST = "draft_workflow_not_exist"
    NOT_IMPLEMENTED = "not_implemented"
    DATASET_NAME_DUPLICATE = "dataset_name_duplicate"
    DATASET_IN_USE = "dataset_in_use"
    DATASET_NOT_INITIALIZED = "dataset_not_initialized"
    DOCUMENT_INDEXING = "document_indexing"
    DOCUMENT_ALREADY_FINISHED = "document_already_finished"
    ARCHIVED_DOCUMENT_IMMUTABLE = "archived_document_immutable"
    INVALID_ACTION = "invalid_action"
    INVALID_METADATA = "invalid_metadata"
    HUMAN_INPUT_FORM_SUBMITTED = "human_input_form_submitted"
    HUMAN_INPUT_FORM_EXPIRED = "human_input_form_expired"
    INVALID_FORM_DATA = "invalid_form_data"
    DRAFT_WORKFLOW_NOT_SYNC = "draft_workflow_not_sync"
    APP_SUGGESTED_QUESTIONS_AFTER_ANSWER_DISABLED = "app_suggested_questions_after_answer_disabled"
    APP_MORE_LIKE_THIS_DISABLED = "app_more_like_this_disabled"
    WEB_FORM_RATE_LIMIT_EXCEEDED = "web_form_rate_limit_exceeded"
    REMOTE_FILE_UPLOAD_ERROR = "remote_file_upload_error"
    NO_AUDIO_UPLOADED = "no_audio_uploaded"
    AUDIO_TOO_LARGE = "audio_too_large"
    UNSUPPORTED_AUDIO_TYPE = "unsupported_audio_type"
    PROVIDER_NOT_SUPPORT_SPEECH_TO_TEXT = "provider_not_support_speech_to_text"
    SPEECH_TO_TEXT_DISABLED = "speech_to_text_disabled"


class AppError(Exception):
    """A failure with a public reason.

    ``message`` is shown to the caller; None means the catalogue's text for the reason.
    ``detail`` goes to the log only. ``params`` becomes the fourth key of the REST body
    (errors.md section 1), ``bare`` repeats the message under ``error`` for clients of a route that
    says nothing else. ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        reason: Reason,
        message: str | None = None,
        *,
        detail: str = "",
        params: str | None = None,
        retry_after: float | None = None,
        bare: bool = False,
    ) -> None:
        super().__init__(message if message is not None else reason.value)
        self.reason = reason
        self.message = message
        self.detail = detail
        self.params = params
        self.retry_after = retry_after
        self.bare = bare


def not_found(message: str | None = None) -> AppError:
    """The answer for an id that does not exist or belongs to someone else."""
    return AppError(Reason.NOT_FOUND, message)


def invalid_param(message: str) -> AppError:
    """A 400 ``invalid_param``; the message must contain the field's name (errors.md 1.2)."""
    return AppError(Reason.INVALID_PARAM, message)


def bad_request(message: str) -> AppError:
    """A 400 ``bad_request``."""
    return AppError(Reason.BAD_REQUEST, message)

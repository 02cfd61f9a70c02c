"""The one table that turns a reason into statuses and a public text (errors.md sections 2-5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from server.kit.errors import Reason

_S = grpc.StatusCode


@dataclass(frozen=True, slots=True)
class Spec:
    """What a reason means to a caller."""

    http: int
    grpc: grpc.StatusCode
    message: str


_PROVIDER = "Please go to Settings -> Model Provider to complete your"
_MODE = "Please check if your app mode matches the right API route."

CATALOGUE: Mapping[Reason, Spec] = {
    Reason.INVALID_PARAM: Spec(400, _S.INVALID_ARGUMENT, ""),
    Reason.BAD_REQUEST: Spec(
        400, _S.INVALID_ARGUMENT, "The browser (or proxy) sent a request that this server could not understand."
    ),
    Reason.UNAUTHORIZED: Spec(401, _S.UNAUTHENTICATED, "Access token is invalid"),
    Reason.FORBIDDEN: Spec(
        403, _S.PERMISSION_DENIED,
        "You don't have the permission to access the requested resource. "
        "It is either read-protected or not readable by the server.",
    ),
    Reason.NOT_FOUND: Spec(
        404, _S.NOT_FOUND,
        "The requested URL was not found on the server. "
        "If you entered the URL manually please check your spelling and try again.",
    ),
    Reason.METHOD_NOT_ALLOWED: Spec(405, _S.UNIMPLEMENTED, "The method is not allowed for the requested URL."),
    Reason.CONFLICT: Spec(409, _S.ABORTED, "The request conflicts with the state of the resource."),
    Reason.UNSUPPORTED_MEDIA_TYPE: Spec(
        415, _S.INVALID_ARGUMENT,
        "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
    ),
    Reason.INTERNAL_SERVER_ERROR: Spec(
        500, _S.INTERNAL,
        "The server encountered an internal error and was unable to complete your request. "
        "Either the server is overloaded or there is an error in the application.",
    ),
    Reason.SERVICE_UNAVAILABLE: Spec(
        503, _S.UNAVAILABLE, "A part of the server is not available right now. Please try again."
    ),
    Reason.APP_UNAVAILABLE: Spec(
        400, _S.FAILED_PRECONDITION, "App unavailable, please check your app configurations."
    ),
    Reason.NOT_CHAT_APP: Spec(400, _S.FAILED_PRECONDITION, _MODE),
    Reason.NOT_WORKFLOW_APP: Spec(400, _S.FAILED_PRECONDITION, _MODE),
    Reason.NOT_COMPLETION_APP: Spec(
        400, _S.FAILED_PRECONDITION, "Please check if your Completion app mode matches the right API route."
    ),
    Reason.CONVERSATION_COMPLETED: Spec(
        400, _S.FAILED_PRECONDITION, "The conversation has ended. Please start a new conversation."
    ),
    Reason.PROVIDER_NOT_INITIALIZE: Spec(
        400, _S.FAILED_PRECONDITION,
        f"No valid model provider credentials found. {_PROVIDER} provider credentials.",
    ),
    Reason.PROVIDER_QUOTA_EXCEEDED: Spec(
        400, _S.FAILED_PRECONDITION,
        f"Your quota for Dify Hosted OpenAI has been exhausted. {_PROVIDER} own provider credentials.",
    ),
    Reason.MODEL_CURRENTLY_NOT_SUPPORT: Spec(
        400, _S.FAILED_PRECONDITION, "Dify Hosted OpenAI trial currently not support the GPT-4 model."
    ),
    Reason.COMPLETION_REQUEST_ERROR: Spec(400, _S.FAILED_PRECONDITION, "Completion request failed."),
    Reason.RATE_LIMIT_ERROR: Spec(429, _S.RESOURCE_EXHAUSTED, "Rate Limit Error"),
    Reason.TOO_MANY_REQUESTS: Spec(
        429, _S.RESOURCE_EXHAUSTED, "Too many requests. Please try again later."
    ),
    Reason.NO_FILE_UPLOADED: Spec(400, _S.INVALID_ARGUMENT, "Please upload your file."),
    Reason.TOO_MANY_FILES: Spec(400, _S.INVALID_ARGUMENT, "Only one file is allowed."),
    Reason.FILENAME_NOT_EXISTS_ERROR: Spec(400, _S.INVALID_ARGUMENT, "The specified filename does not exist."),
    Reason.FILE_TOO_LARGE: Spec(413, _S.INVALID_ARGUMENT, ""),
    Reason.UNSUPPORTED_FILE_TYPE: Spec(415, _S.INVALID_ARGUMENT, "File type not allowed."),
    Reason.FILE_NOT_FOUND: Spec(404, _S.NOT_FOUND, "The requested file was not found."),
    Reason.FILE_ACCESS_DENIED: Spec(403, _S.PERMISSION_DENIED, "Access to the requested file is denied."),
    Reason.END_USER_NOT_FOUND: Spec(404, _S.NOT_FOUND, "End user not found."),
    Reason.ALREADY_SETUP: Spec(
        403, _S.FAILED_PRECONDITION, "Dify has been successfully installed. Please refresh the page or return to the dashboard homepage."
    ),
    Reason.NOT_SETUP: Spec(
        401, _S.UNAUTHENTICATED,
        "Dify has not been initialized and installed yet. Please proceed with the initialization and installation process first.",
    ),
    Reason.NOT_INIT_VALIDATED: Spec(
        401, _S.UNAUTHENTICATED, "Init validation has not been completed yet. Please proceed with the init validation process first."
    ),
    Reason.INIT_VALIDATE_FAILED: Spec(
        401, _S.UNAUTHENTICATED, "Init validation failed. Please check the password and try again."
    ),
    Reason.UNAUTHORIZED_AND_FORCE_LOGOUT: Spec(401, _S.UNAUTHENTICATED, "Unauthorized and force logout."),
    Reason.AUTHENTICATION_FAILED: Spec(401, _S.UNAUTHENTICATED, "Invalid email or password."),
    Reason.EMAIL_CODE_LOGIN_LIMIT: Spec(
        429, _S.RESOURCE_EXHAUSTED, "Too many incorrect password attempts. Please try again later."
    ),
    Reason.APP_NOT_FOUND: Spec(404, _S.NOT_FOUND, "App not found."),
    Reason.ACCOUNT_BANNED: Spec(400, _S.FAILED_PRECONDITION, "Account is banned."),
    Reason.ACCOUNT_NOT_INITIALIZED: Spec(
        400, _S.FAILED_PRECONDITION, "The account has not been initialized yet. Please proceed with the initialization process first."
    ),
    Reason.INVALID_EMAIL: Spec(400, _S.INVALID_ARGUMENT, "The email address is not valid."),
    Reason.CURRENT_PASSWORD_INCORRECT: Spec(400, _S.INVALID_ARGUMENT, "Current password is incorrect."),
    Reason.REPEAT_PASSWORD_NOT_MATCH: Spec(400, _S.INVALID_ARGUMENT, "New password and repeat password does not match."),
    Reason.ACCOUNT_NOT_LINK_TENANT: Spec(403, _S.PERMISSION_DENIED, "Account not link tenant."),
    Reason.CANNOT_OPERATE_SELF: Spec(400, _S.FAILED_PRECONDITION, "Cannot operate self."),
    Reason.MEMBER_NOT_FOUND: Spec(404, _S.NOT_FOUND, "Member not in tenant."),
    Reason.INVALID_ROLE: Spec(400, _S.INVALID_ARGUMENT, "Invalid role"),
    Reason.ALREADY_ACTIVATE: Spec(
        403, _S.PERMISSION_DENIED, "Auth Token is invalid or account already activated, please check again."
    ),
    Reason.ACCOUNT_ALREADY_INITED: Spec(
        400, _S.FAILED_PRECONDITION, "The account has been initialized. Please refresh the page."
    ),
    Reason.DRAFT_WORKFLOW_NOT_EXIST: Spec(404, _S.NOT_FOUND, "Draft workflow need to be initialized."),
    Reason.DRAFT_WORKFLOW_NOT_SYNC: Spec(
        409, _S.ABORTED, "Workflow graph might have been modified, please refresh and resubmit."
    ),
    Reason.DATASET_NAME_DUPLICATE: Spec(
        409, _S.ALREADY_EXISTS, "The dataset name already exists. Please modify your dataset name."
    ),
    Reason.DATASET_IN_USE: Spec(
        409, _S.FAILED_PRECONDITION,
        "The dataset is being used by some apps. Please remove the dataset from the apps before deleting it.",
    ),
    Reason.DATASET_NOT_INITIALIZED: Spec(
        400, _S.FAILED_PRECONDITION,
        "The dataset is still being initialized or indexing. Please wait a moment.",
    ),
    Reason.DOCUMENT_INDEXING: Spec(
        400, _S.FAILED_PRECONDITION, "The document is being processed and cannot be edited."
    ),
    Reason.DOCUMENT_ALREADY_FINISHED: Spec(
        400, _S.FAILED_PRECONDITION,
        "The document has been processed. Please refresh the page or go to the document details.",
    ),
    Reason.ARCHIVED_DOCUMENT_IMMUTABLE: Spec(
        403, _S.FAILED_PRECONDITION, "The archived document is not editable."
    ),
    Reason.INVALID_ACTION: Spec(400, _S.INVALID_ARGUMENT, "Invalid action."),
    Reason.INVALID_METADATA: Spec(400, _S.INVALID_ARGUMENT, "The metadata content is incorrect."),
    Reason.APP_SUGGESTED_QUESTIONS_AFTER_ANSWER_DISABLED: Spec(
        403, _S.PERMISSION_DENIED,
        "The 'Suggested Questions After Answer' feature is disabled. Please refresh your page.",
    ),
    Reason.APP_MORE_LIKE_THIS_DISABLED: Spec(
        403, _S.PERMISSION_DENIED, "The 'More like this' feature is disabled. Please refresh your page."
    ),
    Reason.WEB_FORM_RATE_LIMIT_EXCEEDED: Spec(
        429, _S.RESOURCE_EXHAUSTED, "Too many form requests. Please try again later."
    ),
    Reason.REMOTE_FILE_UPLOAD_ERROR: Spec(400, _S.INVALID_ARGUMENT, "Error uploading remote file."),
    Reason.HUMAN_INPUT_FORM_SUBMITTED: Spec(
        412, _S.FAILED_PRECONDITION, "This form has already been submitted by another user."
    ),
    Reason.HUMAN_INPUT_FORM_EXPIRED: Spec(412, _S.FAILED_PRECONDITION, "This form has expired."),
    Reason.INVALID_FORM_DATA: Spec(400, _S.INVALID_ARGUMENT, "The data of the form are not valid."),
    Reason.NO_AUDIO_UPLOADED: Spec(400, _S.INVALID_ARGUMENT, "Please upload your audio."),
    Reason.AUDIO_TOO_LARGE: Spec(413, _S.INVALID_ARGUMENT, "Audio size larger than 30 mb"),
    Reason.UNSUPPORTED_AUDIO_TYPE: Spec(415, _S.INVALID_ARGUMENT, "Audio type not allowed."),
    Reason.PROVIDER_NOT_SUPPORT_SPEECH_TO_TEXT: Spec(
        400, _S.FAILED_PRECONDITION, "Provider not support speech to text."
    ),
    Reason.SPEECH_TO_TEXT_DISABLED: Spec(400, _S.FAILED_PRECONDITION, "Speech to text is disabled."),
    Reason.NOT_IMPLEMENTED: Spec(501, _S.UNIMPLEMENTED, "This server does not offer that yet."),
}

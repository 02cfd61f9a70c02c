"""RPCs of model providers, their credentials and models (console-api.md section 10)."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.edge.call import caller
from server.kit.errors import AppError, Reason
from server.provider import wire
from server.provider.model import Target, TenantModels, model_type_of
from server.provider.runtime import ModelRuntime
from server.provider.views import Views
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import model_provider_service_pb2 as pb
from transom.console.v1 import model_provider_service_pb2_grpc as rpc

_DONE = Result(result="success")


class ModelProviderServicer(rpc.ModelProviderServiceServicer):
    """Model providers of the caller's workspace."""

    def __init__(self, models: ModelRuntime, views: Views) -> None:
        self._models = models
        self._views = views

    async def _tenant(self) -> TenantModels:
        return await self._models.configuration(caller().tenant_id)

    def _model(self, request: Any) -> Target:
        """The custom model a request names."""
        model = wire.required(request.model, "model")
        return self._models.target(request.provider, model, model_type_of(request.model_type))

    # Providers and their credentials

    async def ListModelProviders(
        self, request: pb.ListModelProvidersRequest, context: Any
    ) -> pb.ListModelProvidersResponse:
        wanted = model_type_of(request.model_type) if request.model_type else None
        providers = self._views.providers(await self._tenant(), wanted)
        return pb.ListModelProvidersResponse(data=wire.structs(providers))

    async def GetProviderCredential(
        self, request: pb.GetProviderCredentialRequest, context: Any
    ) -> pb.GetProviderCredentialResponse:
        shown = self._views.provider_credential(await self._tenant(), request.provider, request.credential_id)
        return pb.GetProviderCredentialResponse(credentials=None if shown is None else wire.struct(shown))

    async def CreateProviderCredential(self, request: pb.CreateProviderCredentialRequest, context: Any) -> Result:
        values = wire.credentials(request)
        await self._models.add_provider_credential(caller().tenant_id, request.provider, values, request.name)
        return _DONE

    async def UpdateProviderCredential(self, request: pb.UpdateProviderCredentialRequest, context: Any) -> Result:
        credential_id = wire.required(request.credential_id, "credential_id")
        values = wire.credentials(request)
        await self._models.update_provider_credential(
            caller().tenant_id, request.provider, credential_id, values, request.name
        )
        return _DONE

    async def DeleteProviderCredential(self, request: pb.DeleteProviderCredentialRequest, context: Any) -> Empty:
        credential_id = wire.required(request.credential_id, "credential_id")
        await self._models.delete_credential(caller().tenant_id, self._models.target(request.provider), credential_id)
        return Empty()

    async def SwitchProviderCredential(self, request: pb.SwitchProviderCredentialRequest, context: Any) -> Result:
        credential_id = wire.required(request.credential_id, "credential_id")
        await self._models.switch_credential(caller().tenant_id, self._models.target(request.provider), credential_id)
        return _DONE

    async def ValidateProviderCredential(
        self, request: pb.ValidateProviderCredentialRequest, context: Any
    ) -> pb.ValidateCredentialResponse:
        values = wire.credentials(request)
        return await _verdict(self._models.try_provider_credential(caller().tenant_id, request.provider, values))

    # Models

    async def ListProviderModels(
        self, request: pb.ListProviderModelsRequest, context: Any
    ) -> pb.ListProviderModelsResponse:
        models = self._views.provider_models(await self._tenant(), request.provider)
        return pb.ListProviderModelsResponse(data=wire.structs(models))

    async def DeleteCustomModel(self, request: pb.DeleteCustomModelRequest, context: Any) -> Empty:
        await self._models.delete_model(caller().tenant_id, self._model(request))
        return Empty()

    async def GetModelCredential(
        self, request: pb.GetModelCredentialRequest, context: Any
    ) -> pb.GetModelCredentialResponse:
        view = self._views.model_credential(await self._tenant(), self._model(request), request.credential_id)
        return wire.model_credential(view)

    async def CreateModelCredential(self, request: pb.CreateModelCredentialRequest, context: Any) -> Result:
        values = wire.credentials(request)
        await self._models.add_model_credential(caller().tenant_id, self._model(request), values, request.name)
        return _DONE

    async def UpdateModelCredential(self, request: pb.UpdateModelCredentialRequest, context: Any) -> Result:
        credential_id = wire.required(request.credential_id, "credential_id")
        values = wire.credentials(request)
        await self._models.update_model_credential(
            caller().tenant_id, self._model(request), credential_id, values, request.name
        )
        return _DONE

    async def DeleteModelCredential(self, request: pb.DeleteModelCredentialRequest, context: Any) -> Empty:
        credential_id = wire.required(request.credential_id, "credential_id")
        await self._models.delete_credential(caller().tenant_id, self._model(request), credential_id)
        return Empty()

    async def ValidateModelCredential(
        self, request: pb.ValidateModelCredentialRequest, context: Any
    ) -> pb.ValidateCredentialResponse:
        values = wire.credentials(request)
        return await _verdict(self._models.try_model_credential(caller().tenant_id, self._model(request), values))

    async def EnableModel(self, request: pb.SetModelStateRequest, context: Any) -> Result:
        await self._models.set_enabled(caller().tenant_id, self._model(request), True)
        return _DONE

    async def DisableModel(self, request: pb.SetModelStateRequest, context: Any) -> Result:
        await self._models.set_enabled(caller().tenant_id, self._model(request), False)
        return _DONE

    async def ListParameterRules(
        self, request: pb.ListParameterRulesRequest, context: Any
    ) -> pb.ListParameterRulesResponse:
        model = wire.required(request.model, "model")
        rules = self._views.parameter_rules(await self._tenant(), request.provider, model)
        return pb.ListParameterRulesResponse(data=wire.structs(rules))

    # Defaults and lists by type

    async def GetDefaultModel(self, request: pb.GetDefaultModelRequest, context: Any) -> pb.GetDefaultModelResponse:
        view = self._views.default_model(await self._tenant(), model_type_of(request.model_type))
        return pb.GetDefaultModelResponse(data=None if view is None else wire.struct(view))

    async def SetDefaultModels(self, request: pb.SetDefaultModelsRequest, context: Any) -> Result:
        chosen = [
            self._models.target(entry.provider, entry.model, entry.model_type) for entry in wire.defaults(request)
        ]
        await self._models.set_defaults(caller().tenant_id, chosen)
        return _DONE

    async def ListModelsByType(self, request: pb.ListModelsByTypeRequest, context: Any) -> pb.ListModelsByTypeResponse:
        models = self._views.models_by_type(await self._tenant(), model_type_of(request.model_type))
        return pb.ListModelsByTypeResponse(data=wire.structs(models))

    async def ListServiceModelsByType(
        self, request: pb.ListModelsByTypeRequest, context: Any
    ) -> pb.ListModelsByTypeResponse:
        return await self.ListModelsByType(request, context)


async def _verdict(trial: Any) -> pb.ValidateCredentialResponse:
    """The result of a test call; a bad credential is an answer here, not an error."""
    try:
        await trial
    except AppError as error:
        if error.reason != Reason.INVALID_PARAM:
            raise
        return pb.ValidateCredentialResponse(result="error", error=str(error))
    return pb.ValidateCredentialResponse(result="success")

"""The RPC of what the instance can do."""

from __future__ import annotations

from typing import Any

from server.edge.printer import Constant
from transom.console.v1 import system_feature_service_pb2 as pb
from transom.console.v1 import system_feature_service_pb2_grpc as rpc

# As Dify says it; nothing is installed here.
_PACKAGE_BYTES = 15 * 1024 * 1024
_FEATURES = Constant(
    pb.SystemFeatures(
        max_plugin_package_size=_PACKAGE_BYTES, enable_email_password_login=True,
        license=pb.SystemFeatures.License(status="none", workspaces=pb.SystemFeatures.Workspaces()),
        branding=pb.SystemFeatures.Branding(),
        webapp_auth=pb.SystemFeatures.WebAppAuth(sso_config=pb.SystemFeatures.SsoConfig()),
        plugin_installation_permission=pb.SystemFeatures.PluginInstallationPermission(plugin_installation_scope="all"),
        plugin_manager=pb.SystemFeatures.PluginManager(),
    )
)


class SystemFeatureServicer(rpc.SystemFeatureServiceServicer):
    """Features of the instance."""

    async def GetSystemFeatures(self, request: pb.GetSystemFeaturesRequest, context: Any) -> Constant:
        """All of them."""
        return _FEATURES

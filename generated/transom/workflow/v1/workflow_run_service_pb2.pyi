from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.run.v1 import event_pb2 as _event_pb2
from transom.workflow.v1 import workflow_run_pb2 as _workflow_run_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

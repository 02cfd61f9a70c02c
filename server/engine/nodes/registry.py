"""Every node type that can run: type, version, class.

To add one, import its class and add its line; a second version of a type is another entry of its mapping.
"""

from __future__ import annotations

from collections.abc import Mapping

from server.engine.node import Node
from server.engine.nodes.agent import AgentNode
from server.engine.nodes.answer import AnswerNode
from server.engine.nodes.assigner import AssignerNodeV1, AssignerNodeV2
from server.engine.nodes.code import Code
from server.engine.nodes.document_extractor import DocumentExtractorNode
from server.engine.nodes.end import EndNode
from server.engine.nodes.http_request import HttpRequestNode
from server.engine.nodes.human_input import HumanInputNode
from server.engine.nodes.if_else import IfElseNode
from server.engine.nodes.iteration import IterationNode
from server.engine.nodes.knowledge_retrieval import KnowledgeRetrievalNode
from server.engine.nodes.list_operator import ListOperatorNode
from server.engine.nodes.llm import LlmNode
from server.engine.nodes.loop import LoopNode
from server.engine.nodes.mark import MarkNode
from server.engine.nodes.parameter_extractor import ParameterExtractorNode
from server.engine.nodes.question_classifier import QuestionClassifierNode
from server.engine.nodes.start import StartNode
from server.engine.nodes.template_transform import TemplateTransform
from server.engine.nodes.tool import ToolNode
from server.engine.nodes.trigger import TriggerNode
from server.engine.nodes.trigger_schedule import TriggerScheduleNode
from server.engine.nodes.trigger_webhook import TriggerWebhookNode
from server.engine.nodes.variable_aggregator import VariableAggregatorNode

NODES: Mapping[str, Mapping[str, type[Node]]] = {
    "agent": {"1": AgentNode},
    "answer": {"1": AnswerNode},
    "assigner": {"1": AssignerNodeV1, "2": AssignerNodeV2},
    "code": {"1": Code},
    "document-extractor": {"1": DocumentExtractorNode},
    "end": {"1": EndNode},
    "http-request": {"1": HttpRequestNode},
    "human-input": {"1": HumanInputNode},
    "if-else": {"1": IfElseNode},
    "iteration": {"1": IterationNode},
    "iteration-start": {"1": MarkNode},
    "knowledge-retrieval": {"1": KnowledgeRetrievalNode},
    "list-operator": {"1": ListOperatorNode},
    "llm": {"1": LlmNode},
    "loop": {"1": LoopNode},
    "loop-end": {"1": MarkNode},
    "loop-start": {"1": MarkNode},
    "parameter-extractor": {"1": ParameterExtractorNode},
    "question-classifier": {"1": QuestionClassifierNode},
    "start": {"1": StartNode},
    "template-transform": {"1": TemplateTransform},
    "tool": {"1": ToolNode, "2": ToolNode},
    "trigger-plugin": {"1": TriggerNode},
    "trigger-schedule": {"1": TriggerScheduleNode},
    "trigger-webhook": {"1": TriggerWebhookNode},
    "variable-aggregator": {"1": VariableAggregatorNode},
}

# Old names of types.
ALIASES: Mapping[str, str] = {"variable-assigner": "variable-aggregator"}


def canonical(node_type: str) -> str:
    """The name of a type that classes are listed by."""
    return ALIASES.get(node_type, node_type)


def node_class(node_type: str, version: str) -> type[Node] | None:
    """The class of a type in a version, in the newest one when it has no such version; None for an unknown type."""
    versions = NODES.get(canonical(node_type))
    return None if versions is None else versions.get(version) or versions[max(versions)]

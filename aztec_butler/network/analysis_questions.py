"""What researchers ask: how concentrated stake is and was, who votes to slash whom, and what would be if."""

from __future__ import annotations

from aztec_butler.network.concentration_questions import ConcentrationQuestions
from aztec_butler.network.slashing_questions import SlashingQuestions
from aztec_butler.network.what_if_questions import WhatIfQuestions


class AnalysisQuestions(ConcentrationQuestions, SlashingQuestions, WhatIfQuestions):
    """The part of ``Network`` that answers researchers."""

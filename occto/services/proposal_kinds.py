"""What is done when a proposal of each kind is confirmed. A kind that is not here cannot be proposed yet."""

from occto.domain.proposals import ProposalKind
from occto.services import election_settling, freezing, late_facts, sanctions, settings
from occto.services.proposals import Handler

HANDLERS: dict[ProposalKind, Handler] = {
    ProposalKind.FREEZE: freezing.freeze,
    ProposalKind.REFREEZE: late_facts.refreeze,
    ProposalKind.LATE_FACT: late_facts.settle,
    ProposalKind.ELECTION: election_settling.settle,
    ProposalKind.SANCTION: sanctions.enter,
    ProposalKind.SANCTION_END: sanctions.end,
    ProposalKind.SETTING: settings.enter,
}

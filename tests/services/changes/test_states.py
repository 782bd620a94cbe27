import pytest

from occto.domain.changes import ChangeState
from occto.domain.codes import Channel
from tests.factories import Factory


@pytest.mark.parametrize("state", ChangeState)
@pytest.mark.parametrize("channel", Channel)
def test_every_state_is_reached_by_the_verbs_from_every_channel(
    make: Factory, state: ChangeState, channel: Channel
) -> None:
    request = make.change_request(state, channel=channel)
    row = request.row()
    assert (row.state, row.channel) == (state, channel)
    assert (row.number is None) is (state is ChangeState.DRAFT)

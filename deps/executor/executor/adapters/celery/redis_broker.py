"""Redis as a broker that may go away: an acknowledgement that is lost with it costs the worker no slot."""

import logging

from kombu.transport import redis, virtual

log = logging.getLogger(__name__)


class ForgivingQoS(redis.QoS):
    """Counts a message as dealt with also where Redis does not hear of it.

    Kombu's own keeps it among those under way for as long as the channel lives, so that a worker that was busy when
    Redis went away carries fewer from then on, down to none. The rows say what has run: if the message comes again,
    nothing starts.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except self.channel.connection_errors as error:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            log.warning("the broker did not hear that a message is done: %s", error)


class ForgivingChannel(redis.Channel):
    """Kombu's own but for how it counts."""

    QoS = ForgivingQoS


class Transport(redis.Transport):
    """Kombu's own but for its channels."""

    Channel = ForgivingChannel

"""How a declaration is answered, by whichever door it came in."""

from fastapi import Response

from services.observation.api.models import ReceiptAnswer
from services.observation.domain.declaring import Channel
from services.observation.handlers.declaring import Receipt
from services.observation.metrics import count_declaration


def answered(receipt: Receipt, channel: Channel, response: Response) -> ReceiptAnswer:
    """Answer 201 and count a new one; a repeat is 200 with the first answer."""
    if receipt.repeated:
        response.status_code = 200
    else:
        count_declaration(receipt.window, channel, receipt.standing)
    return ReceiptAnswer.of(receipt)

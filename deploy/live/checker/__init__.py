"""What the services, the bus and headquarters say of the ledger's facts, beside what the oracle says.

It reads databases, the stream and headquarters' pages with plain clients and imports nothing of the product, so that no
mistake can be made on both sides at once.
"""

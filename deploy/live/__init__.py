"""``./fangkong live``: fourteen days of the town in some minutes, and a check of every fact afterwards.

    plan       who lives where, who comes back, who does what: drawn from the town and a seed
    acts       what people do, through the services' doors and the reference device client
    days       the timetable: business time is stepped, and everybody is waited for
    ledger     what was done and what was answered; the same seed gives the same ledger
    oracle     what must have come of it: an own statement of the rules, which knows nothing of the product
    checker    what the services, the bus and headquarters say, line by line beside the oracle

The oracle, the checker and the ledger import neither services nor shared: an import contract holds them to it.
"""

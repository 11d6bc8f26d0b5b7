"""What must have come of the town's days: an own statement of the rules, from the ledger's acts alone.

It imports nothing of the product. Where it and a service disagree, one of them has the rule wrong.

    observation   when a case runs, what is due, what was missed, how it ended
    gates         what every check and every car must have been told
    arrivals      whom gates reported, and what became of it
    cleaning      which rounds count, and which days of which sites were short
    places        what was aired, which venues may be open
    waste         what was due at the doors of households under quarantine, fetched or missed
    duty          when nobody stood at a gate
    offices       risk lists, passes, leads, the survey
    outcome       all of it together
"""

"""The copies that the gate keeps of others' facts, so that it answers while everybody else is away.

All are folds of whole batches into few statements, guarded by the aggregate's version: replayed, they change nothing.
"""

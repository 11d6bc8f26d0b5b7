"""The bus's servers: one place says who may say and hear what, for a laptop and for a cluster alike.

`users` is the list of users and what each is allowed, `streams` what there is to read; `configuration` writes a
server's file and `generate` those of a cluster (`./fangkong nats-config`); `keeper` is the administrator of streams.
"""

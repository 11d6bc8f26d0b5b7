"""What runs in the local stack, by name."""

SERVICES = ("registry", "gate", "observation", "sanitation", "reporting")
"""The five services, in the order in which they are listed to people."""

PORTS = (*SERVICES, "issuer", "postgres", "nats", "nats-monitor")
"""Everything that listens, in the order of its port above the base."""

CARD_READERS = {
    "registry": ("registry", "gate", "observation", "sanitation"),
    "gate": ("gate", "registry"),
    "observation": ("observation",),
    "sanitation": ("sanitation",),
    "reporting": (),
}
"""Whose card keys a service holds: those of the recipients it seals for, and its own to open with.

Registry seals for gate, observation and sanitation; gate answers registry; reporting is sent nothing
personal.
"""

TITLES = {
    "registry": ("人房登记", "registry"),
    "gate": ("卡口", "gate"),
    "observation": ("健康观察", "observation"),
    "sanitation": ("消杀与场所", "sanitation"),
    "reporting": ("指挥部看板", "reporting"),
    "issuer": ("演示登录", "sign-in"),
    "postgres": ("数据库", "PostgreSQL"),
    "nats": ("事件总线", "NATS"),
    "nats-monitor": ("总线监控", "NATS monitor"),
}

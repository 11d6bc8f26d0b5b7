"""`deploy/systemd`: the same processes as units of one machine or of some, without containers."""

import shlex

from deploy.local.names import SERVICES
from deploy.production import workloads
from deploy.production.workloads import CA, KEEPER, PORT, SECRETS, TLS, Site

SITE = Site(
    domain="fangkong.example.org",
    issuer="https://issuer.example.org",
    database_host="database.fangkong.example.org",
    keystore_host="keys.fangkong.example.org",
    nats_url="tls://bus.fangkong.example.org:4222",
)
PORTS = {service: PORT + nth for nth, service in enumerate(SERVICES)}
"""On one machine each listens at a port of its own."""
ETC = "/etc/fangkong"
FILES = f"{ETC}/files"
"""Where an operator lays them: `gate/` for the account `fangkong-gate` alone, `tls/gate/`, and `ca/` for all."""
HARDENED = f"""\
WorkingDirectory={workloads.HOME}
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
CapabilityBoundingSet=
DevicePolicy=closed
InaccessiblePaths={FILES}
UMask=0077
"""


def files() -> dict[str, str]:
    """Every unit, the accounts, and an example of each environment, by name."""
    names = [*SERVICES, *(f"migrate-{service}" for service in SERVICES), KEEPER]
    made = {
        "fangkong@.service": _service(),
        "fangkong-migrate@.service": _migration(),
        f"fangkong-{KEEPER}.service": _keeper(),
        "fangkong.target": _target(),
        "sysusers.conf": "".join(f'u fangkong-{name} - "fangkong {name}"\n' for name in names),
    }
    for service in SERVICES:
        told = workloads.environment(service, SITE) | {"FANGKONG_HTTP_PORT": str(PORTS[service])}
        made[f"{service}.env.example"] = _environment(told)
        made[f"migrate-{service}.env.example"] = _environment(workloads.migration_environment(service, SITE))
    made[f"{KEEPER}.env.example"] = _environment(workloads.keeper_environment(SITE))
    return made


def _target() -> str:
    units = [f"fangkong@{service}.service" for service in SERVICES]
    return f"""\
[Unit]
Description=fangkong: the five services and the streams' administrator
Wants={" ".join([*units, f"fangkong-{KEEPER}.service"])}

[Install]
WantedBy=multi-user.target
"""


def _service() -> str:
    return f"""\
[Unit]
Description=fangkong %i
After=network-online.target
Wants=network-online.target
PartOf=fangkong.target

[Service]
User=fangkong-%i
EnvironmentFile={ETC}/%i.env
ExecStart={shlex.join(workloads.command("%i"))}
BindReadOnlyPaths={FILES}/%i:{SECRETS} {FILES}/tls/%i:{TLS} {FILES}/ca:{CA}
Restart=on-failure
RestartSec=2
KillMode=mixed
TimeoutStopSec={workloads.GRACE_SECONDS}
MemoryMax={max(workloads.MEMORY_MB.values())}M
{HARDENED}
[Install]
WantedBy=fangkong.target
"""


def _migration() -> str:
    """`pre`, `post` or `all` is in the run's environment: `systemctl set-environment FANGKONG_PHASE=pre`."""
    command = shlex.join(workloads.migration_command("%i", "PHASE")[:-1])
    return f"""\
[Unit]
Description=fangkong: databases of %i

[Service]
Type=oneshot
User=fangkong-migrate-%i
Environment=FANGKONG_PHASE=all
PassEnvironment=FANGKONG_PHASE
EnvironmentFile={ETC}/migrate-%i.env
ExecStart={command} $FANGKONG_PHASE
BindReadOnlyPaths={FILES}/migrate-%i:{SECRETS} {FILES}/ca:{CA}
{HARDENED}"""


def _keeper() -> str:
    return f"""\
[Unit]
Description=fangkong: keeps the streams of the bus
After=network-online.target
Wants=network-online.target
PartOf=fangkong.target

[Service]
User=fangkong-{KEEPER}
EnvironmentFile={ETC}/{KEEPER}.env
ExecStart={shlex.join(workloads.keeper_command())}
BindReadOnlyPaths={FILES}/{KEEPER}:{SECRETS} {FILES}/ca:{CA}
Restart=on-failure
RestartSec=2
{HARDENED}
[Install]
WantedBy=fangkong.target
"""


def _environment(told: dict[str, str]) -> str:
    return "".join(f"{name}={_quoted(value)}\n" for name, value in told.items())


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else value

"""``./fangkong nats-config``: the files of a production cluster of nats-servers, with keys of their own."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.words import out, say
from deploy.local.errors import LocalError
from deploy.nats.configuration import CERTIFICATES, MONITOR, STORE, Node
from deploy.nats.generate import Files

ODD = (1, 3, 5)


def nats_config(
    folder: Annotated[Path, typer.Argument(help="密钥与配置写入此处 Where seeds and configurations go.")],
    node: Annotated[
        list[str], typer.Option(help="节点 NAME=HOST，一个、三个或五个 one, three or five servers.")
    ],
    certificates: Annotated[Path, typer.Option(help="节点上证书的位置 On the node.")] = CERTIFICATES,
    store: Annotated[Path, typer.Option(help="节点上数据的位置 On the node.")] = STORE,
    monitor: Annotated[str, typer.Option(help="健康检查地址 Where health is asked for.")] = MONITOR,
) -> None:
    """生成 NATS 集群的配置与各服务密钥 Files of a NATS cluster; seeds that exist are kept."""
    pairs = [one.partition("=") for one in node]
    names = {name for name, _, _ in pairs}
    if len(pairs) not in ODD or len(names) < len(pairs) or not all(name and host for name, _, host in pairs):
        raise LocalError(
            "请用 --node 名称=主机 指定一个、三个或五个节点，名称不能重复。",
            "Name one, three or five nodes with --node NAME=HOST, each name once.",
        )
    nodes = [
        Node(name=name, host=host, certificates=certificates, store=store, monitor=monitor)
        for name, _, host in pairs
    ]
    files = Files(folder=folder)
    for file in files.write(nodes):
        out.print(f"  {file}", soft_wrap=True)
    say(
        f"每个 *.nk 是一个服务的密钥，只交给该服务（见 {folder}）。",
        "each *.nk is the secret of one service, for that service alone.",
    )

"""Runs every client language against every server language over every transport, and prints the table.

So do stock programs of gRPC and of HTTP, over what both speak. One client process a cell. Then each client
meets peers that misbehave or speak another version, and so does each server; all must say the same words.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import faults
import visits
import works
from cells import HOME, Cell, Transport, run_cell
from stock import Stock

SUITES = HOME / "suites"


def shown(cell: Cell | None) -> str:
    """Show a cell in the table; visitors do not come over every transport."""
    return cell.shown() if cell else ""


def table(cells: list[Cell]) -> list[str]:
    """Lay out the table: clients and servers down, transports across."""
    transports = list(dict.fromkeys(cell.transport.name for cell in cells))
    rows = list(dict.fromkeys(f"{cell.client} -> {cell.server}" for cell in cells))
    width = max(len(row) for row in rows) + 3
    lines = [" " * width + "".join(f"{name:<10}" for name in transports)]
    for row in rows:
        of_row = {cell.transport.name: cell for cell in cells if f"{cell.client} -> {cell.server}" == row}
        lines.append(f"{row:<{width}}" + "".join(f"{shown(of_row.get(name)):<10}" for name in transports))
    return [line.rstrip() for line in lines]


def chosen(cells: list[Cell], options: argparse.Namespace) -> list[Cell]:
    """Leave the cells that the options name."""
    return [
        cell
        for cell in cells
        if options.client in (None, cell.client)
        and options.server in (None, cell.server)
        and options.transport in (None, cell.transport.name)
    ]


def show(cell: Cell) -> None:
    """Print how a cell went."""
    print(f"{cell.name()}: {cell.shown()} in {cell.seconds:.1f} s", flush=True)
    for line in cell.failures:
        print(f"    {line}", flush=True)
    for line in cell.lines:
        if line.startswith(("gap ", "skipped ")):
            print(f"    {line}", flush=True)


def arguments(clients: list[str], servers: list[str], transports: list[Transport]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--client", choices=clients, help="this client language alone")
    parser.add_argument("--server", choices=servers, help="this server language alone")
    parser.add_argument("--transport", choices=[one.name for one in transports], help="this transport alone")
    parser.add_argument(
        "--case", default="all", help="a case, several with commas, or all; or faults, or visits"
    )
    # Half of its time a cell waits.
    parser.add_argument("--jobs", type=int, default=2, help="cells at once; 2 by default")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a cell; 600 by default")
    return parser.parse_args()


def run_cells(
    pairs: list[tuple[str, str]], transports: list[Transport], stock: Stock, options: argparse.Namespace
) -> list[Cell]:
    """Run every client against its servers."""
    if options.case in ("faults", "visits"):
        return []
    every = [Cell(*pair, transport, options.limit) for pair in pairs for transport in transports]
    cells = chosen(every + stock.cells(transports, options.limit), options)
    cells = [cell for cell in cells if stock.case(cell, options.case)]
    with ThreadPoolExecutor(options.jobs) as jobs:
        for cell in jobs.map(lambda cell: run_cell(cell, stock.case(cell, options.case)), cells):
            show(cell)
    return cells


def run_faults(languages: list[str], options: argparse.Namespace) -> list[Cell]:
    """Run the clients before peers that misbehave."""
    if options.case != "faults" and (options.case != "all" or options.server or options.transport):
        return []
    clients = [client for client in languages if options.client in (None, client)]
    with ThreadPoolExecutor(options.jobs) as jobs:
        cells = list(jobs.map(lambda client: faults.run(client, options.limit), clients))
    faults.compare(cells)
    for cell in cells:
        show(cell)
    return cells


def run_visits(servers: list[str], transports: list[Transport], options: argparse.Namespace) -> list[Cell]:
    """Run the servers before visitors of other versions."""
    if options.case != "visits" and (options.case != "all" or options.client):
        return []
    cells = visits.run_all(
        [server for server in servers if options.server in (None, server)],
        [transport for transport in transports if options.transport in (None, transport.name)],
        options.jobs,
    )
    for cell in cells:
        show(cell)
    return cells


def main() -> int:
    """Run the cells, print how each went and the table."""
    languages: list[str] = json.loads((SUITES / "languages.json").read_text(encoding="utf-8"))
    uses = json.loads((SUITES / "transports.json").read_text(encoding="utf-8"))
    transports = [Transport(**use) for use in uses]
    surfaces: dict[str, list[str]] = json.loads((SUITES / "surfaces.json").read_text(encoding="utf-8"))
    stock = Stock()
    servers = [*languages, *surfaces]
    pairs = [(client, server) for client in languages for server in languages]
    pairs += [(client, server) for server, clients in surfaces.items() for client in clients]
    options = arguments(languages + stock.names, servers + stock.servers, transports)
    cells = run_cells(pairs, transports, stock, options)
    of_faults = run_faults(languages, options)
    of_visits = run_visits(servers, transports, options)
    if cells or of_visits:
        print("\n" + "\n".join(table(cells + of_visits)))
    if of_faults:
        print("faults".ljust(15) + "   ".join(f"{cell.client} {cell.shown()}" for cell in of_faults))
    print()
    untrue = works.check(cells, stock) if cells and of_faults else []
    cells += of_faults + of_visits
    failed = [cell for cell in cells if cell.failed or not cell.passed]
    for cell in failed:
        for line in cell.failures:
            print(f"{cell.name()}: {line}")
    for breach in untrue:
        print(breach)
    print(f"{sum(cell.passed for cell in cells)} passed, {sum(cell.failed for cell in cells)} failed")
    return 1 if failed or untrue else 0


if __name__ == "__main__":
    sys.exit(main())

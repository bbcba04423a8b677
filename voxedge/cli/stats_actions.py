"""What the subcommands of ``voxedge stats`` do."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from voxedge.cli.output import emit_json, note
from voxedge.config import Config, StatisticsConfig
from voxedge.errors import EXIT_FAILED, UsageError
from voxedge.statistics.monitor import KEPT, SPAN_S, Monitor, Slot, Span
from voxedge.statistics.overview import Summary, filled, sparkline, summarize
from voxedge.statistics.places import monitor_file, sharing_file
from voxedge.statistics.report import REPORT_BYTES, draw_report
from voxedge.statistics.schema import EPSILON_LIFETIME, EPSILON_PER_REPORT, METRICS, SHARED, Kind
from voxedge.statistics.sharing import Sharing, SharingStatus


def _config(args: argparse.Namespace) -> StatisticsConfig:
    whole = Config.from_file(args.config) if args.config else Config.from_mapping({})
    return whole.statistics


def run_show(args: argparse.Namespace) -> int:
    """Shows counts and consent."""
    own = _config(args)
    span: Span = "hour" if args.days is None else "day"
    number = next((given for given in (args.days, args.hours) if given is not None), 24)
    if not 1 <= number <= KEPT[span]:
        raise UsageError(f"{KEPT[span]} {span}s are kept.", remedy=f"Take 1 to {KEPT[span]}.")
    slots = filled(Monitor(monitor_file(own.folder)).read(span), SPAN_S[span], number, time.time())
    status = Sharing(sharing_file(own.folder)).status()
    summaries = summarize(slots)
    if args.plot:
        from voxedge.cli.stats_plot import plot_counts

        plot_counts(summaries, slots, span, Path(args.plot))
        note(f"Wrote {args.plot}.")
    if args.json:
        emit_json(
            {"span": span, "slots": [_slot_json(slot) for slot in slots], "sharing": status_json(status)}
        )
        return 0
    if summaries:
        print(_table(summaries, slots, span))
    else:
        note("Nothing was counted yet. Counting needs `monitor = true` under [statistics].")
    print(_about_sharing(status))
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Prints all that is kept."""
    monitor = Monitor(monitor_file(_config(args).folder))
    for span in SPAN_S:
        for slot in monitor.read(span):
            emit_json({"span": span, **_slot_json(slot)})
    return 0


def run_on(args: argparse.Namespace) -> int:
    """Opts in."""
    from voxedge.statistics.sending import check_ca_file, check_endpoint

    endpoint = check_endpoint(args.endpoint)
    ca_file = str(Path(args.ca_file).absolute()) if args.ca_file else ""
    check_ca_file(ca_file)
    sharing = Sharing(sharing_file(_config(args).folder))
    sharing.turn_on(endpoint, ca_file=ca_file, period_days=args.period_days, now_s=time.time())
    _say_status(sharing.status(), args)
    return 0


def run_off(args: argparse.Namespace) -> int:
    """Opts out."""
    sharing = Sharing(sharing_file(_config(args).folder))
    sharing.turn_off()
    _say_status(sharing.status(), args)
    return 0


def run_preview(args: argparse.Namespace) -> int:
    """Prints the bytes of the reports that wait."""
    from voxedge.statistics.noise import SystemBits

    sharing = Sharing(sharing_file(_config(args).folder))
    if args.example:
        bits = SystemBits()
        metric = SHARED[bits.below(len(SHARED))]
        bodies = [draw_report(metric, [0] * len(metric.cells), bits).to_bytes()]
        note("An example, made of zero counts and fresh noise; it is never sent.")
    else:
        bodies = [report.body for report in sharing.waiting()]
        note(f"{len(bodies)} of {REPORT_BYTES} bytes each wait." if bodies else "No report waits.")
        if not bodies:
            note(_about_sharing(sharing.status()))
    for body in bodies:
        if args.json:
            emit_json({"report": body.decode("ascii")})
        else:
            sys.stdout.buffer.write(body)
            # Not a byte more for a program; for a person's eyes, a line each.
            sys.stdout.buffer.write(b"\n" if sys.stdout.isatty() else b"")
            sys.stdout.buffer.flush()
    return 0


def run_sync(args: argparse.Namespace) -> int:
    """Sends what is due."""
    from voxedge.statistics.sending import sync

    own = _config(args)
    result = sync(own.folder or None, ca_file=own.ca_file, hurry=args.hurry)
    said = {
        "off": "Sharing is off; nothing was sent and no connection opened.",
        "offline": "Nothing was sent",
        "nothing": "No report waits",
        "not_yet": "A report waits for its random time; --hurry sends it now.",
        "sent": "One report was sent.",
        "refused": "The collector will never take this report, so it was erased",
        "unreachable": "The collector couldn't be reached; the report is sent later",
    }[result.outcome]
    if args.json:
        emit_json(dataclasses.asdict(result))
    else:
        print(f"{said}: {result.detail}." if result.detail else said.rstrip(".") + ".")
    return EXIT_FAILED if result.outcome in {"refused", "unreachable"} else 0


def run_delete(args: argparse.Namespace) -> int:
    """Deletes everything."""
    from voxedge.statistics.recorder import delete_everything

    delete_everything(_config(args).folder or None)
    if args.json:
        emit_json({"deleted": True})
    else:
        print("Deleted: counts, consent, budget and what waited.")
    return 0


def run_simulate(args: argparse.Namespace) -> int:
    """Simulates fleets."""
    from voxedge.statistics.simulate import simulate

    if not args.json:
        print("devices  reports each  error bar  of a share  bars that hold  worst cell  shares that hold")
    for devices in args.devices:
        for periods in args.periods:
            found = simulate(devices, periods=periods, runs=args.runs, seed=args.seed)
            if args.json:
                emit_json(dataclasses.asdict(found))
                continue
            share = "-" if found.bar_share is None else f"±{100 * found.bar_share:.0f} %"
            held = "-" if found.shares_held is None else f"{100 * found.shares_held:.1f} %"
            print(
                f"{devices:>7}  {periods:>12}  {f'±{found.bar_units:.2f}':>9}  {share:>10}  "
                f"{100 * found.held:>12.1f} %  {100 * found.worst_held:>8.1f} %  {held:>16}"
            )
    return 0


def status_json(status: SharingStatus) -> dict[str, object]:
    """What is agreed, as JSON."""
    return {
        "on": status.on,
        "endpoint": status.endpoint,
        "period_days": status.period_days,
        "period_ends": _moment(status.period_ends_s) if status.period_ends_s else None,
        "waiting": status.waiting,
        "epsilon_per_report": float(EPSILON_PER_REPORT),
        "epsilon_spent": float(status.spent),
        "epsilon_lifetime": float(EPSILON_LIFETIME),
    }


def _say_status(status: SharingStatus, args: argparse.Namespace) -> None:
    if args.json:
        emit_json(status_json(status))
    else:
        print(_about_sharing(status))


def _about_sharing(status: SharingStatus) -> str:
    budget = f"Privacy budget: {status.spent} of {EPSILON_LIFETIME} spent, {EPSILON_PER_REPORT} a report"
    if not status.on:
        return f"Sharing is off; nothing leaves this device. {budget if status.spent else ''}".rstrip()
    if status.exhausted:
        return f"Sharing is on, but nothing new is ever sent: the budget is spent. {budget}."
    ends = f", the present one until {_moment(status.period_ends_s)}" if status.period_ends_s else ""
    return (
        f"Sharing is on: one report of {REPORT_BYTES} bytes every {status.period_days} days{ends}, "
        f"to {status.endpoint}; {status.waiting} waiting.\n{budget}."
    )


def _slot_json(slot: Slot) -> dict[str, object]:
    counts: Mapping[str, object] = {
        name: {label: count for label, count in zip(METRICS[name].cells, cells, strict=True) if count}
        for name, cells in slot.counts.items()
    }
    return {"start": _moment(slot.start_s) if slot.start_s else None, "counts": counts}


def _table(summaries: list[Summary], slots: list[Slot], span: Span) -> str:
    known = [slot.start_s for slot in slots if slot.start_s]
    since = f"since {_moment(known[0])}" if known else "the clock was never set"
    width = max(len(found.metric.name) for found in summaries)
    lines = [f"{len(slots)} {span}s, {since}; one bar {'an hour' if span == 'hour' else 'a day'}"]
    lines.append(f"{'':<{width}}  {'count':>8}  {'half':>8}  {'95 %':>8}")
    for found in summaries:
        lines.append(
            f"{found.metric.name:<{width}}  {found.count:>8}  {found.median:>8}  {found.p95:>8}  "
            f"{sparkline(found.by_slot)}".rstrip()
        )
        if found.metric.kind is Kind.ENUMERATION:
            lines.append(f"{'':<{width}}  {found.shares}")
    return "\n".join(lines)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")

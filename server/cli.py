"""The `nouba` command: set up, check and run an installation."""

from __future__ import annotations

import zoneinfo

import click

from server.commands import branches, devices, hours, paired, paper, running, staff, voice

COMMANDS: tuple[click.Command, ...] = (
    running.serve,
    running.demo,
    running.migrate,
    running.check_config,
    branches.branch,
    branches.service,
    staff.desk,
    staff.agent,
    devices.printer,
    paper.paper,
    voice.voice,
    devices.token,
    paired.device,
)
branches.branch.add_command(hours.hours)


class InOrder(click.Group):
    """Lists its commands in the order in which an operator needs them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=InOrder,
    commands={command.name or "": command for command in COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="nouba", prog_name="nouba")
def main() -> None:
    """Nouba: queue tickets and live displays for town halls."""
    # The package tzdata is newer than most systems' own files, and Morocco moves its clock by decree.
    zoneinfo.reset_tzpath(to=())

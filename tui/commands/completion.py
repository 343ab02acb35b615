"""`crywolf completion SHELL`: the script that makes a shell complete commands, options and names from the store."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    bash: `eval "$(crywolf completion bash)"` in ~/.bashrc. zsh: the same in ~/.zshrc. fish: `crywolf completion fish >
    ~/.config/fish/completions/crywolf.fish`.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "crywolf", "_CRYWOLF_COMPLETE").source())

import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];

/**
 * `knockwatch complete SHELL` prints a script for the shell, `knockwatch complete -- WORDS` is what that script asks. To be
 * called when all other verbs are registered: they are what is completed.
 */
export function registerComplete(program: Command): void {
  tab(program);
  const complete = program.commands.find((command) => command.name() === 'complete')!;
  complete.description(`print a script that completes commands in your shell: ${SHELLS.join(', ')}`);
  complete.addHelpText(
    'after',
    `
Examples:
  source <(knockwatch complete bash)      # for now; in ~/.bashrc for good
  knockwatch complete zsh > ~/.zfunc/_knockwatch
  knockwatch complete fish > ~/.config/fish/completions/knockwatch.fish`,
  );
}

import { readdirSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];
const MAX_FILES = 1_000;
/** Options and arguments that take a path have one of these as the name of their value. */
const PATH = /[<[](?:file|file\.tar|directory|path|line)(?:\.\.\.)?[>\]]/;

/**
 * `knockwatch complete SHELL` prints a script for the shell, `knockwatch complete -- WORDS` is what that script asks. To be
 * called when all other verbs are registered: they are what is completed.
 */
export function registerComplete(program: Command): void {
  const completion = tab(program);
  for (const [name, command] of commandsIn(program)) {
    const known = completion.commands.get(name);
    for (const option of [...program.options, ...command.options]) {
      const long = option.long?.slice(2) ?? '';
      const entry = known?.options.get(long) ?? completion.options.get(long);
      if (entry !== undefined && PATH.test(option.flags)) entry.handler = paths;
    }
    for (const argument of known?.arguments.values() ?? [])
      if (PATH.test(`<${argument.name}>`) && argument.handler === undefined) argument.handler = paths;
  }
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

/** Every command under its whole name: `replay`, `archive export`. */
function commandsIn(parent: Command, before = ''): [name: string, command: Command][] {
  return parent.commands.flatMap((command) => [
    [before + command.name(), command],
    ...commandsIn(command, `${before}${command.name()} `),
  ]);
}

/** The files that begin with what is typed so far. */
function paths(complete: (value: string, description: string) => void): void {
  const typed = process.argv.at(-1) ?? '';
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  try {
    for (const entry of readdirSync(folder === '' ? '.' : folder, { withFileTypes: true }).slice(
      0,
      MAX_FILES,
    ))
      complete(`${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`, '');
  } catch {
    // There is no such folder, so nothing in it either.
  }
}

import { readFileSync } from 'node:fs';

/** A command line shown in a document. */
export interface DocCommand {
  /** As shown, from `knockwatch` on. */
  readonly text: string;
  /** Without the program's name, as a shell would split them. */
  readonly args: readonly string[];
  /** What the document says it prints; absent where it shows none. */
  readonly output?: string;
  /** 1-based line of the document. */
  readonly line: number;
}

/** A fenced block of a markdown file. */
export interface DocBlock {
  readonly language: string;
  readonly text: string;
  /** 1-based line of the block's first line of text. */
  readonly line: number;
}

/** The fenced blocks of a markdown file in one language, or in all. */
export function docBlocks(path: string, language?: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { language: fence[1]!, line: index + 2, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks.filter((block) => language === undefined || block.language === language);
}

/** Splits a command line as a shell does: blanks, single and double quotes; a `#` begins a comment. */
export function shellWords(text: string): string[] {
  const words = [...text.replace(/\s#\s.*$/, '').matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)];
  return words.map(([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}

/**
 * The `knockwatch` command lines of a markdown file: lines of ```sh blocks that begin with it, and of ```console blocks
 * that begin with `$ knockwatch`, where the lines that follow are what it prints.
 */
export function docCommands(path: string): DocCommand[] {
  return docBlocks(path).flatMap(({ language, text, line }) => {
    if (language === 'console') return consoleCommands(text, line);
    if (language !== 'sh') return [];
    return text.split('\n').flatMap((command, i): DocCommand[] => {
      return /^knockwatch\s/.test(command)
        ? [{ text: command, args: shellWords(command).slice(1), line: line + i }]
        : [];
    });
  });
}

function consoleCommands(text: string, line: number): DocCommand[] {
  const commands: { text: string; args: string[]; output: string; line: number }[] = [];
  for (const [i, shown] of text.split('\n').slice(0, -1).entries()) {
    const command = /^\$ (knockwatch\s.*)$/.exec(shown)?.[1];
    const last = commands.at(-1);
    if (command !== undefined)
      commands.push({ text: command, args: shellWords(command).slice(1), output: '', line: line + i });
    else if (last !== undefined) last.output += `${shown}\n`;
  }
  return commands;
}

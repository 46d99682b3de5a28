import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { visible } from '../lib/escape.ts';
import { formatProblem } from '../rules/format-problem.ts';
import { loadRules } from '../rules/load.ts';
import { Asker } from './ask.ts';
import { type Answers, type Read, readHosts, readMails, readPorts, readVia } from './init-answers.ts';
import { configText, rulesText } from './init-files.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io } from './io.ts';

interface Options {
  readonly hosts?: string;
  readonly ports?: string;
  readonly mailTo?: string;
  readonly smtp?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
}

/** What nobody offers to strangers: the ports of Lance Spitzner's paper, but for http. */
const USUAL_PORTS = 'imap, smb, login';

/** A flag's answer, which has to be right at once. */
function given<T>(flag: string, text: string, read: (text: string) => Read<T>): T {
  const answer = read(text);
  if (!answer.ok) throw new CliError(EXIT_USAGE, `${flag}: ${answer.message}`);
  return answer.value;
}

/** Answers from flags, and for the rest by asking, or with --yes the defaults. */
async function answers(options: Options, asker: Asker | undefined): Promise<Answers> {
  const one = async <T>(
    flag: string,
    value: string | undefined,
    question: string,
    fallback: string,
    read: (text: string) => Read<T>,
  ) => {
    if (value !== undefined) return given(flag, value, read);
    return asker === undefined ? given(flag, fallback, read) : await asker.ask(question, fallback, read);
  };
  const hosts = await one(
    '--hosts',
    options.hosts,
    'Hosts to watch, as lisa=192.0.2.10 ns1=192.0.2.53',
    'any',
    readHosts,
  );
  const ports = await one(
    '--ports',
    options.ports,
    'Ports that strangers have no business with',
    USUAL_PORTS,
    readPorts,
  );
  const to = await one('--mail-to', options.mailTo, 'Mail to (nobody yet: leave it empty)', '', readMails);
  const via =
    to.length === 0 && options.smtp === undefined
      ? 'mailbox'
      : await one(
          '--smtp',
          options.smtp,
          'Mail server, as smtp://user@mail.example.net:587, or sendmail',
          'mailbox',
          readVia,
        );
  return { hosts, ports, to, via };
}

function yesOrNo(text: string): Read<boolean> {
  if (/^(?:y|yes)$/i.test(text)) return { ok: true, value: true };
  return /^(?:n|no)$/i.test(text) ? { ok: true, value: false } : { ok: false, message: 'yes or no?' };
}

/** Existing files are replaced only by somebody who said so. */
async function mayWrite(
  paths: readonly string[],
  { force }: Options,
  asker: Asker | undefined,
): Promise<void> {
  const existing = paths.filter((path) => existsSync(path));
  if (existing.length === 0 || force) return;
  const names = existing.join(' and ');
  const agreed = asker !== undefined && (await asker.ask(`Replace ${names}?`, 'no', yesOrNo));
  if (!agreed)
    throw new CliError(EXIT_FAILURE, `${names}: left as it was, nothing is written (--force replaces it)`);
}

/** Rule files beside the new one hold as well; shipped ones do in a clone. */
function neighbours(rulesPath: string): string {
  const folder = dirname(rulesPath);
  const others = readdirSync(folder).filter(
    (name) => /^[^.].*\.ya?ml$/.test(name) && name !== basename(rulesPath),
  );
  return others.length === 0
    ? ''
    : visible(
        `Read as well, from ${folder}: ${others.join(', ')}. Move away what you do not want.`,
        1_000,
      ).concat('\n');
}

/** A mail server that knows its users wants a password, and it has no place in the file that was written. */
function passwordHint(via: string): string {
  return URL.canParse(via) && new URL(via).username !== ''
    ? '\nThe password of the mail server goes into $KNOCKWATCH_SMTP_PASSWORD, or into a file that passwordFile names.\n'
    : '';
}

/** Both files have to pass `check`; that they do not would be a mistake of ours, and must not go unnoticed. */
async function checked(io: Io, configPath: string): Promise<void> {
  const { config, problems, text } = loadConfig(configPath, io.env);
  for (const problem of problems) io.stderr.write(`${formatProblem(problem, text)}\n`);
  const loaded =
    config && (await loadRules(config.rules, { channels: config.channels.map(({ name }) => name) }));
  for (const problem of loaded?.problems ?? [])
    if (problem.level === 'error')
      io.stderr.write(`${formatProblem(problem, loaded!.sources.get(problem.position.file))}\n`);
  if (loaded?.ruleSet === undefined)
    throw new CliError(EXIT_FAILURE, 'the files are written, but there is something wrong with them');
}

/** `knockwatch init`: a few questions, and the configuration and rules that follow from the answers. */
export function registerInit(program: Command, io: Io): void {
  program
    .command('init')
    .description('ask a few questions and write knockwatch.yaml and rules/my-network.yaml')
    .option(
      '--hosts <list>',
      'hosts to watch: lisa=192.0.2.10 ns1=192.0.2.53+2001:db8::53 198.51.100.0/28, or any',
    )
    .option('--ports <list>', `ports to watch (default: ${USUAL_PORTS})`)
    .option('--mail-to <list>', 'who gets the mails')
    .option('--smtp <url>', 'mail server: smtp://user@host:587, smtps://user@host:465, sendmail, or mailbox')
    .option('--yes', 'ask nothing: what no option says is as it is by default')
    .option('--force', 'replace files that exist')
    .addHelpText(
      'after',
      `
Examples:
  knockwatch init
  knockwatch init --yes --hosts 'lisa=192.0.2.10 ns1=192.0.2.53' --mail-to noc@example.net --smtp smtp://mail.example.net`,
    )
    .action(async (options: Options, command: Command) => {
      const configPath = command.optsWithGlobals<{ config?: string }>().config ?? 'knockwatch.yaml';
      const rulesPath = join(dirname(configPath), 'rules', 'my-network.yaml');
      const asker = options.yes ? undefined : new Asker(io);
      let said: Answers;
      try {
        await mayWrite([configPath, rulesPath], options, asker);
        said = await answers(options, asker);
        mkdirSync(dirname(rulesPath), { recursive: true });
        writeFileSync(configPath, configText(said));
        writeFileSync(rulesPath, rulesText(said));
      } finally {
        asker?.close();
      }
      await checked(io, configPath);
      const config = configPath === 'knockwatch.yaml' ? '' : ` --config ${configPath}`;
      io.stdout.write(
        `${visible(`Written: ${configPath}, ${rulesPath}`)}
${neighbours(rulesPath)}${passwordHint(said.via)}
Next:
  knockwatch${config} replay OLD.LOG    what it would have made of an old log
  knockwatch${config} run               listen on port 5514
  knockwatch${config} self-test         knock, and see the mail (in another terminal)
  knockwatch${config} router --help     what the router has to be told
`,
      );
    });
}

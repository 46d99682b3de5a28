// Writes man/knockwatch.1 from the program's own help (dist must be built). With --check it only says whether it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { createProgram } from '../dist/cli/cli.js';

const PATH = new URL('../man/knockwatch.1', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const silent = { write: () => true };
const program = await createProgram({ stdout: silent, stderr: silent, env: {} });

/** Text for roff: backslashes, hyphens people copy, and lines that would be taken for requests. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** What `addHelpText('after', ...)` says: paragraphs, and examples as they are typed. */
function helpAfter(command) {
  let text = '';
  command.configureOutput({
    writeOut: (chunk) => {
      text += chunk;
    },
  });
  command.outputHelp();
  const after = text.slice(text.indexOf(command.helpInformation()) + command.helpInformation().length).trim();
  const [prose, examples = ''] = after.split(/^Examples?:\n/m);
  return { prose: prose.trim(), examples: examples.replace(/\n+$/, '') };
}

function options(command) {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ flags, description, argChoices }) => [
      '.TP',
      `.B ${roff(flags)}`,
      roff(sentence(description) + (argChoices ? ` One of ${argChoices.join(', ')}.` : '')),
    ]);
}

/** A verb, and after it those it is divided into. */
function verb(command, before = '') {
  const { prose, examples } = helpAfter(command);
  const name = before + command.name();
  const words = [
    name,
    ...command.registeredArguments.map((a) =>
      a.required ? `<${a.name()}${a.variadic ? '...' : ''}>` : `[${a.name()}${a.variadic ? '...' : ''}]`,
    ),
  ];
  return [
    `.SS ${roff(`knockwatch ${words.join(' ')}`)}`,
    roff(sentence(command.description())),
    ...options(command),
    ...(prose === '' ? [] : ['.PP', '.nf', roff(prose), '.fi']),
    ...(examples === '' ? [] : ['.PP', 'Examples:', '.PP', '.nf', roff(examples), '.fi']),
    ...parts(command).flatMap((part) => verb(part, `${name} `)),
  ];
}

/** What a command is divided into; `help` is everywhere. */
const parts = (command) => command.commands.filter((part) => part.name() !== 'help');

const page = [
  `.TH KNOCKWATCH 1 "" "knockwatch ${version}" "User Commands"`,
  '.SH NAME',
  'knockwatch \\- watches the logs of routers and firewalls for people knocking on the door',
  '.SH SYNOPSIS',
  '.B knockwatch',
  '.RI [ \\-\\-config " file" ]',
  '.I verb',
  '.RI [ options ]',
  '.SH DESCRIPTION',
  roff(program.description()),
  'It receives syslog, reads the denied packets, keeps those that touch a watched host and port, and tells a probe (one port on',
  'several hosts within a time window) from a typo (one hit).',
  '.SH OPTIONS',
  ...options(program),
  '.SH VERBS',
  ...parts(program).flatMap((command) => verb(command)),
  '.SH EXIT STATUS',
  '0 all is well; 1 failure; 2 wrong usage or configuration. Verbs with a',
  '.B \\-\\-fail\\-on\\-...',
  'option exit with 3 for what it names.',
  '.SH ENVIRONMENT',
  ...[
    ['KNOCKWATCH_CONFIG', 'The configuration, where \\-\\-config is not given.'],
    [
      'KNOCKWATCH_STATE_DIR, STATE_DIRECTORY',
      'Where knockwatch keeps what it must not forget, instead of the configured stateDir.',
    ],
    ['KNOCKWATCH_SMTP_URL, KNOCKWATCH_SMTP_PASSWORD', 'The mail server and its password.'],
    ['NO_COLOR, FORCE_COLOR', 'No colour, or colour in any case.'],
  ].flatMap(([name, text]) => ['.TP', `.B ${roff(name)}`, text]),
  '.SH FILES',
  ...[
    [
      './knockwatch.yaml, ~/.config/knockwatch/knockwatch.yaml, /etc/knockwatch/knockwatch.yaml',
      'The configuration: the first that exists.',
    ],
    ['rules/*.yaml', 'The rules, beside the configuration.'],
  ].flatMap(([name, text]) => ['.TP', `.I ${roff(name)}`, text]),
  '.SH SEE ALSO',
  '.BR syslog.conf (5),',
  '.BR iptables (8),',
  '.BR nft (8),',
  '.BR pf.conf (5)',
  '',
].join('\n');

if (process.argv.includes('--check')) {
  if (readFileSync(PATH, 'utf8') === page) process.exit(0);
  console.error('man/knockwatch.1 is not what the program says of itself: npm run man writes it anew');
  process.exit(1);
}
writeFileSync(PATH, page);

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../lib/package-root.ts';
import { type KeySchema, schemaFaults } from '../lib/schema-faults.ts';
import { readYaml, type YamlPath } from '../lib/yaml-file.ts';
import type { Problem, SourcePosition } from '../rule.ts';
import { webhookVariable } from './channels.ts';
import { type Config, configSchema, type ListenerConfig } from './config.ts';

const MAX_BYTES = 1 << 20;

export interface LoadedConfig {
  /** Absent when anything is wrong. Relative paths are resolved against the file's directory. */
  readonly config?: Config;
  readonly problems: readonly Problem[];
  /** The file that was read, when there was one, and its text. */
  readonly file?: string;
  readonly text?: string;
  /** Where a setting stands in the file, or the nearest thing around it. */
  locate(path: YamlPath): SourcePosition;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a configuration is looked for when none is named, in this order. */
function candidates(env: Environment): string[] {
  const home =
    env['XDG_CONFIG_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.config'));
  return [
    'knockwatch.yaml',
    ...(home === undefined ? [] : [join(home, 'knockwatch', 'knockwatch.yaml')]),
    '/etc/knockwatch/knockwatch.yaml',
  ];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * Reads the configuration: the file named, else `$KNOCKWATCH_CONFIG`, else the first that exists of ./knockwatch.yaml,
 * the user's and the system's; with none, the defaults. The environment has the last word on secrets. Never throws for
 * what a file says.
 */
export function loadConfig(named: string | undefined, env: Environment): LoadedConfig {
  const path = named ?? env['KNOCKWATCH_CONFIG'] ?? candidates(env).find(isFile);
  const start = { file: path ?? 'no configuration file', line: 1, column: 1 };
  const locate = () => start;
  if (path === undefined) return { ...validate({}, undefined, env), problems: [], locate };
  const fail = (message: string): LoadedConfig => ({
    problems: [{ position: start, message, level: 'error' }],
    locate,
  });
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    return fail(`is a directory: name the file in it, as ${join(path, 'knockwatch.yaml')}`);
  if (!isFile(path)) return fail('there is no such file');
  if (statSync(path).size > MAX_BYTES) return fail(`is larger than ${MAX_BYTES} bytes`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return fail(`can not be read: ${(error as Error).message}`);
  }
  const yaml = readYaml(text);
  if (yaml.faults.length > 0) {
    const problems = yaml.faults.map(
      ({ message, line, column }): Problem => ({
        position: { file: path, line, column },
        message,
        level: 'error',
      }),
    );
    return { problems, file: path, text, locate };
  }
  const { config, faults } = validate(yaml.value ?? {}, path, env);
  const problems = (faults ?? []).map(
    (fault): Problem => ({
      position: { file: path, ...yaml.locate(fault.path, fault.part) },
      message: fault.message,
      level: 'error',
    }),
  );
  return {
    ...(config === undefined ? {} : { config }),
    problems,
    file: path,
    text,
    locate: (at) => ({ file: path, ...yaml.locate(at) }),
  };
}

function validate(
  value: unknown,
  file: string | undefined,
  env: Environment,
): { config?: Config; faults?: ReturnType<typeof schemaFaults> } {
  const parsed = configSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) return { faults: schemaFaults(parsed.error.issues, configJsonSchema() as KeySchema) };
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const at = (path: string) => (isAbsolute(path) ? path : join(base, path));
  const { data } = parsed;
  const stateDir = at(env['KNOCKWATCH_STATE_DIR'] ?? env['STATE_DIRECTORY'] ?? data.stateDir);
  return {
    config: {
      ...data,
      rules: rulesPath(data.rules, at),
      stateDir,
      state: env['KNOCKWATCH_REDIS_URL'] || data.state,
      redis: redisWithSecrets(data.redis, at, env),
      listeners: data.listeners.map((listener) => withPaths(listener, at)),
      channels: data.channels.map((channel) => withSecrets(channel, at, stateDir, env)),
      web: webWithSecrets(data.web, at, env),
      lookups: { ...data.lookups, geo: data.lookups.geo.map(at) },
    },
  };
}

/** The rules that ship with knockwatch, for who has none of his own yet. */
const SHIPPED_RULES = join(PACKAGE_ROOT, 'rules');

function rulesPath(named: string | undefined, at: (path: string) => string): string {
  if (named !== undefined) return at(named);
  return existsSync(at('rules')) ? at('rules') : SHIPPED_RULES;
}

function withPaths(listener: ListenerConfig, at: (path: string) => string): ListenerConfig {
  switch (listener.protocol) {
    case 'tail':
    case 'unix':
      return { ...listener, path: at(listener.path) };
    case 'tls': {
      const { cert, key, ca } = listener;
      return { ...listener, cert: at(cert), key: at(key), ...(ca === undefined ? {} : { ca: at(ca) }) };
    }
    default:
      return listener;
  }
}

/** Fills in what the environment and password files know. */
function withSecrets(
  channel: Config['channels'][number],
  at: (path: string) => string,
  stateDir: string,
  env: Environment,
): Config['channels'][number] {
  if (channel.kind === 'webhook') return webhookWithSecrets(channel, at, env);
  if (channel.kind !== 'email') return channel;
  const password = env['KNOCKWATCH_SMTP_PASSWORD'] ?? channel.password;
  return {
    ...channel,
    via: env['KNOCKWATCH_SMTP_URL'] ?? channel.via,
    mailbox: channel.mailbox === undefined ? join(stateDir, 'mail') : at(channel.mailbox),
    ...(password === undefined ? {} : { password }),
    ...(channel.passwordFile === undefined ? {} : { passwordFile: at(channel.passwordFile) }),
  };
}

type Webhook = Extract<Config['channels'][number], { kind: 'webhook' }>;

/** A channel `chat` takes KNOCKWATCH_CHAT_URL, _SECRET and _TOKEN from the environment. */
function webhookWithSecrets(channel: Webhook, at: (path: string) => string, env: Environment): Webhook {
  const filled: { -readonly [Key in keyof Webhook]: Webhook[Key] } = { ...channel };
  for (const what of ['url', 'secret', 'token'] as const) {
    const value = env[webhookVariable(channel.name, what)];
    if (value) filled[what] = value;
    const file = channel[`${what}File`];
    if (file !== undefined) filled[`${what}File`] = at(file);
  }
  return filled;
}

/** An empty variable, as container files leave them, is none. */
function webWithSecrets(web: Config['web'], at: (path: string) => string, env: Environment): Config['web'] {
  const token = env['KNOCKWATCH_WEB_TOKEN'] || web.token;
  return {
    ...web,
    ...(token === undefined ? {} : { token }),
    ...(web.tokenFile === undefined ? {} : { tokenFile: at(web.tokenFile) }),
  };
}

function redisWithSecrets(
  redis: Config['redis'],
  at: (path: string) => string,
  env: Environment,
): Config['redis'] {
  const password = env['KNOCKWATCH_REDIS_PASSWORD'] || redis.password;
  return {
    ...redis,
    ...(password === undefined ? {} : { password }),
    ...(redis.passwordFile === undefined ? {} : { passwordFile: at(redis.passwordFile) }),
    ...(redis.ca === undefined ? {} : { ca: at(redis.ca) }),
  };
}

/** JSON Schema of knockwatch.yaml, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}

import type { SyslogMessage } from '../types.ts';

/** A security log of Junos. */
export interface JunosEvent {
  /** `RT_FLOW_SESSION_DENY` and the like. */
  readonly name: string;
  /** What a structured log says; absent in plain ones. */
  readonly fields?: ReadonlyMap<string, string>;
  /** The words of a plain log. */
  readonly text: string;
  /** Where a relay's header stands in front of the device's own. */
  readonly hostname?: string;
}

const NAME = '(?<name>(?:RT|FLOW|APPTRACK)_[A-Z0-9_]{2,64})';
const PLAIN = new RegExp(`^${NAME}: `);
/** With `explicit-priority` the name has facility and severity in front, and decode takes off what is before them. */
const WITH_PRIORITY = new RegExp(`^%[A-Z][A-Z0-9_]{1,16}-[0-7]-(?=RT_(?:FLOW|SCREEN)_)${NAME}: `);
/** RFC 5424 without its beginning, as relays and devices without a version number write it. */
const STRUCTURED = new RegExp(
  `^ ?(?:\\d{4}-\\d\\d-\\d\\dT[\\d:.+-]{8,24}Z? (?<host>[\\w.:-]{1,128}) )?RT_(?:FLOW|IDS) (?:-|\\d{1,10}) ${NAME} \\[junos@[\\d.]{1,40} `,
);
const PARAMETER = /([a-z][a-z0-9-]{0,63})="((?:[^"\\]|\\.){0,1024})"(?= |\]|$)/y;
const MOST_PARAMETERS = 64;

/** Reads a line of the RT_FLOW and RT_IDS processes, in any of their forms; undefined when it is none. */
export function junosEvent(message: SyslogMessage): JunosEvent | undefined {
  const { appName, msgId, message: text } = message;
  if (isProcess(appName) && msgId !== undefined) return rfc5424Event(message, msgId);
  if (appName === undefined || /^junos-(?:flow|ids)$/.test(appName)) {
    const structured = STRUCTURED.exec(text);
    if (structured?.groups !== undefined) {
      const { name = '', host } = structured.groups;
      const fields = parameters(text, structured[0].length);
      return host === undefined || message.hostname !== undefined
        ? { name, fields, text }
        : { name, fields, text, hostname: host };
    }
  }
  // Without the name of the process in front, the event's own is the tag.
  if (appName !== undefined && /^RT_(?:FLOW|SCREEN)_[A-Z_]{2,64}$/.test(appName))
    return { name: appName, text };
  const plain = isProcess(appName)
    ? PLAIN.exec(text)
    : appName === undefined
      ? WITH_PRIORITY.exec(text)
      : null;
  return plain === null
    ? undefined
    : { name: plain.groups?.name ?? '', text: text.slice(plain[0].length).trim() };
}

function isProcess(appName: string | undefined): boolean {
  return appName === 'RT_FLOW' || appName === 'RT_IDS';
}

function rfc5424Event({ structuredData, message }: SyslogMessage, name: string): JunosEvent {
  const id = [...(structuredData?.keys() ?? [])].find((key) => key.startsWith('junos@'));
  const fields = id === undefined ? undefined : structuredData?.get(id);
  return fields === undefined ? { name, text: message.trim() } : { name, fields, text: message };
}

/** The first value of every `key="value"` from `from` on; one that does not end is none. */
function parameters(text: string, from: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  PARAMETER.lastIndex = from;
  for (let n = 0; n < MOST_PARAMETERS; n++) {
    const match = PARAMETER.exec(text);
    if (match === null) break;
    const [, key = '', value = ''] = match;
    if (!fields.has(key)) fields.set(key, value);
    PARAMETER.lastIndex += 1;
  }
  return fields;
}

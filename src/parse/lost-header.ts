import type { SyslogMessage } from '../types.ts';

/**
 * Whether the text in front of a program's name can be the rest of a syslog header that decode did not understand. With another tag
 * (`sshd[42]: `), a quotation, a bracket, a field or a line end in it, the name is what some program quotes: a user name, a request.
 */
export function isLostHeader(before: string): boolean {
  return !/: |["[\]()=|\r\n]/.test(before);
}

/** Where the rest of a header that decode did not understand may stand: in all of the text, or behind what it did understand. */
export function lostText({ format, text, message }: SyslogMessage): string {
  return format === 'bare' ? text : message;
}

/** A time of day with nothing in front but a date: numbers, signs, names of months and weekdays. */
const STAMP =
  /^(?:[^A-Za-z]|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?![A-Za-z])|T(?=\d)){0,32}?(?<![\dA-Fa-f]:|\d)\d{1,2}:\d\d:\d\d(?![\w:])/;

/**
 * Whether a message can begin with such a rest: nothing, or where decode understood no header, the time, with which no sentence
 * begins. For names of programs that stand in everyday lines as well.
 */
export function isStampedHeader(before: string, { format }: SyslogMessage): boolean {
  if (before.trim() === '') return true;
  return format === 'bare' && isLostHeader(before) && STAMP.test(before.slice(0, 128));
}

/** Whether a message is an event in CEF: what looks like another format in it is a value that somebody else wrote. */
export function isCef(message: string): boolean {
  return /^\s{0,4}(?:CEF: ?)?[01]\|/.test(message);
}

/**
 * Whether the text in front of a program's name can be the rest of a syslog header that decode did not understand. With another tag
 * (`sshd[42]: `), a quotation, a bracket, a field or a line end in it, the name is what some program quotes: a user name, a request.
 */
export function isLostHeader(before: string): boolean {
  return !/: |["[\]=|\r\n]/.test(before);
}

/** A time of day that is no piece of a MAC or IPv6 address, or a number or a single word and nothing else. */
const STAMP = /(?:^|[^\w:])\d{1,2}:\d\d:\d\d(?![\w:])|T\d\d:\d\d:\d\d|^\s{0,8}(?:\d{4,}\b|\S{0,255}\s{0,8}$)/;

/**
 * Whether it can be such a rest and no sentence either: it tells the time, or is a host's name alone. For names of
 * programs that are words of everyday lines as well.
 */
export function isStampedHeader(before: string): boolean {
  return isLostHeader(before) && STAMP.test(before.slice(0, 256));
}

/** Whether a message is an event in CEF: what looks like another format in it is a value that somebody else wrote. */
export function isCef(message: string): boolean {
  return /^\s{0,4}(?:CEF: ?)?[01]\|/.test(message);
}

/**
 * Whether the text in front of a program's name can be the rest of a syslog header that decode did not understand. With another tag
 * (`sshd[42]: `), a quotation, a bracket or a field in it, the name is what some program quotes: a user name, a request.
 */
export function isLostHeader(before: string): boolean {
  return !/: |["[\]=|]/.test(before);
}

/** Whether a message is an event in CEF: what looks like another format in it is a value that somebody else wrote. */
export function isCef(message: string): boolean {
  return /^\s{0,4}(?:CEF: ?)?[01]\|/.test(message);
}

/**
 * Whether the text in front of a program's name can be the rest of a syslog header that decode did not understand. With another tag
 * (`sshd[42]: `), a quotation or a bracket in it, the name is what some program quotes: a user name, a request.
 */
export function isLostHeader(before: string): boolean {
  return !/: |["[\]]/.test(before);
}

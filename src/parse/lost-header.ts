/**
 * Whether the text in front of a program's name can be the rest of a syslog header that decode did not understand. With another tag
 * (`sshd[42]: `), a quotation, a bracket or a field in it, the name is what some program quotes: a user name, a request.
 */
export function isLostHeader(before: string): boolean {
  return !/: |["[\]=|]/.test(before);
}

import type { AttemptKind } from '../types.ts';
import { literalsOfPort } from './cisco-ports.ts';
import { servicesOfPort } from './service-names.ts';

/*
 * What lines may mean without saying it in digits, told in one place for those who look for a port in lines they have
 * not parsed (match/prefilter.ts). A parser that takes a port from anything but its number in the line has its say here;
 * test/match/prefilter.test.ts holds every fixture against it.
 */

/** Words that stand for a port in any format, lower case; lines may have them in either case. */
export function wordsOfPort(port: number): string[] {
  return [...literalsOfPort(port), ...servicesOfPort(port)];
}

/** Lines about a port they do not name, told by a text they hold; `ports` are all it can be, any when absent. */
export const unnamedPorts: readonly {
  readonly texts: readonly string[];
  readonly ports?: readonly number[];
}[] = [
  { texts: ['sshd'], ports: [22] },
  // TCP Wrappers, xinetd and inetd: the port is the daemon's.
  { texts: ['connect', 'twist ', 'inetd'] },
  { texts: ['ftp'], ports: [21] },
  { texts: ['telnetd'], ports: [23] },
  { texts: ['rlogind'], ports: [513] },
  { texts: ['] "'], ports: [80] },
  // Logins to a router or firewall itself: the port is the service's.
  { texts: ['login failure for user', ' logged in from '], ports: [21, 22, 23, 80, 8291, 8728] },
  { texts: ['action=login', 'action="login"', 'act=login'], ports: [22, 23, 80, 443] },
];

/** Lines that report an attempt of this kind hold one of these. */
export const textsOfKind: Readonly<Record<Exclude<AttemptKind, 'packet'>, readonly string[]>> = {
  login: ['sshd', 'login', 'Login', 'LOGIN', 'AAA user authentication', 'ftp', 'telnetd', 'logged in'],
  request: ['sshd', 'connect', 'twist ', 'inetd', 'ftp', '] "'],
};

/** Lines that stand for an earlier line of their sender, or hold it. */
export const repeats: readonly string[] = ['message repeated '];

/** Lines that say how later ones of their sender are to be read. */
export const headers: readonly string[] = ['#Fields:'];

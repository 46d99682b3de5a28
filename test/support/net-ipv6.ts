import { networkInterfaces } from 'node:os';

/** Whether the loopback interface has ::1; says so when it has not, since tests are left out then. */
export function hasIpv6(): boolean {
  const found = Object.values(networkInterfaces()).some((list) =>
    list?.some((entry) => entry.address === '::1'),
  );
  if (!found) console.warn('no ::1 on this machine: tests over IPv6 are left out');
  return found;
}

import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Asks for the calling thread to run before the others of its machine (nice -7): the kernel drops what nobody takes from the
 * socket in time, and everything else can wait. The receivers of rsyslog offer the same (imudp, SchedulingPriority). Linux alone
 * knows threads by number, and lets root or a service with LimitNICE= do this; where it does not, nothing changes.
 */
export function preferThisThread(): void {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, constants.priority.PRIORITY_ABOVE_NORMAL);
  } catch {
    // Not allowed or not Linux: floods are lost a little sooner, and counted.
  }
}

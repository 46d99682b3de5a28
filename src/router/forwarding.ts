import type { RouterPlan } from './device.ts';
import { collectorText, comment } from './text.ts';

/** What every line of ours begins with: rsyslog finds it by this, and knockwatch reads the verdict from the word DROP. */
export const LOG_PREFIX = 'KNOCKWATCH DROP ';

/** Lines a source may cause: so one loud source can not hide a quiet one. */
export const PER_SECOND = 20;
export const BURST = 50;

/** Comments on the way from netfilter to the collector: the kernel's ring and rsyslog, or NFLOG and ulogd. */
export function forwarding({ collector, nflogGroup }: RouterPlan): string[] {
  const say = (...sentences: string[]) => comment('#', ...sentences);
  const to = `${collector.protocol === 'tcp' ? '@@' : '@'}${collectorText(collector)}`;
  const limit = `A source causes at most ${PER_SECOND} lines a second (${BURST} at once); beyond that its packets are dropped without a line.`;
  const rsyslog = [
    '# /etc/rsyslog.d/30-knockwatch.conf:',
    `#   :msg, contains, "${LOG_PREFIX.trim()}" ${to}`,
    '#   & stop',
    ...say(
      'rsyslog must read the kernel itself: module(load="imklog"). By way of journald (imjournal) lines are limited (RateLimitBurst= in journald.conf, Ratelimit.Burst of imjournal), and what is over is lost.',
    ),
  ];
  if (nflogGroup === undefined)
    return [
      ...say(
        `${limit} The lines go to the kernel's ring (dmesg): a burst overwrites what nobody has read yet, log_buf_len=4M on the kernel's command line makes room. Inside a container or network namespace the ring is closed (net.netfilter.nf_log_all_netns=0): use --nflog.`,
      ),
      ...rsyslog,
    ];
  return [
    ...say(`${limit} The lines go to NFLOG group ${nflogGroup}; ulogd2 writes them as the kernel would:`),
    '# /etc/ulogd.conf:',
    '#   stack=knock:NFLOG,base:BASE,if:IFINDEX,str:IP2STR,print:PRINTPKT,syslog:SYSLOG',
    '#   [knock]',
    `#   group=${nflogGroup}`,
    ...rsyslog.slice(0, 3),
  ];
}

/** How numbers, times and spans are written. Times are shown in the zone the daemon is set to. */
let zone = 'UTC';
let formats = makeFormats();

function makeFormats() {
  const of = (options) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return {
    clock: of(clock),
    minute: of({ hour: '2-digit', minute: '2-digit' }),
    day: of({ day: 'numeric', month: 'short' }),
    full: of({
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      ...clock,
      timeZoneName: 'shortOffset',
    }),
  };
}

export function setZone(name) {
  if (name === zone) return;
  zone = name;
  formats = makeFormats();
}

/** `18:47:46` */
export const clock = (ms) => formats.clock.format(ms);
/** `18:47` */
export const minute = (ms) => formats.minute.format(ms);
/** `Sat, 24 Jan 2026, 18:47:46 GMT+1` */
export const full = (ms) => formats.full.format(ms);

/** `18:47:46`, with the day in front when that is not today. */
export function stamp(ms, nowMs) {
  const day = formats.day.format(ms);
  return day === formats.day.format(nowMs) ? clock(ms) : `${day} ${minute(ms)}`;
}

const integers = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n) => integers.format(n);

/** A rate: `0`, `0.4`, `12`, `1,204`. */
export const rate = (n) => (n === 0 ? '0' : n < 10 ? tenths.format(n) : integers.format(Math.round(n)));

/** `1 host`, `3 hosts` */
export const plural = (n, noun, many = `${noun}s`) => `${count(n)} ${n === 1 ? noun : many}`;

/** A span in its largest unit: `now`, `8 s`, `3 min`, `2 h`, `5 d`. */
export function span(ms) {
  if (ms < 1_000) return 'now';
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** How much later: `at once`, `0.4 s later`, `3 min later`. */
export function later(ms) {
  if (ms <= 0) return 'at once';
  return `${ms < 10_000 ? `${tenths.format(Math.max(100, ms) / 1_000)} s` : span(ms)} later`;
}

/** `now`, `8 s ago` */
export function ago(ms, nowMs) {
  const text = span(nowMs - ms);
  return text === 'now' ? text : `${text} ago`;
}

/** `97 %`, never 100 when it is not. */
export const percent = (part, whole) => (whole === 0 ? '–' : `${Math.floor((100 * part) / whole)} %`);

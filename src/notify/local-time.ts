/** One instant as a zone shows it. */
export interface LocalTime {
  /** `Sat 24 Jan 2026` */
  readonly date: string;
  /** `18:47:46` */
  readonly time: string;
  /** `+01:00` */
  readonly offset: string;
}

/** An instant (milliseconds since the epoch) in an IANA zone. Throws RangeError for a zone that does not exist. */
export function localTime(ms: number, zone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  });
  const parts = new Map(format.formatToParts(ms).map((part) => [part.type, part.value]));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  // Some locale data writes "Sept"; three letters keep the columns.
  const month = of('month').slice(0, 3);
  return {
    date: `${of('weekday')} ${of('day')} ${month} ${of('year')}`,
    time: `${of('hour')}:${of('minute')}:${of('second')}`,
    offset: of('timeZoneName').replace('GMT', '') || '+00:00',
  };
}

/** The date of the first instant, and the span in local time and its start in UTC: what the mail's first line shows. */
export function timeSpan(
  fromMs: number,
  toMs: number,
  zone: string,
): { readonly date: string; readonly time: string } {
  const from = localTime(fromMs, zone);
  const to = localTime(toMs, zone);
  const utc = localTime(fromMs, 'UTC');
  const zulu = `${utc.date === from.date ? '' : `${utc.date} `}${utc.time}Z`;
  const end = `${to.date === from.date ? '' : `${to.date} `}${to.time}`;
  if (from.date === to.date && from.time === to.time)
    return { date: from.date, time: `${from.time} (${from.offset}), ${zulu}` };
  const start = from.offset === to.offset ? from.time : `${from.time} (${from.offset})`;
  return { date: from.date, time: `${start} - ${end} (${to.offset}), ${zulu}` };
}

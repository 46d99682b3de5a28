/** Ports people look for, the watched ones among them. */
const PORTS = [143, 139, 445, 513, 80, 22, 23, 3389, 5900, 3306, 8080, 53];
const NOISE = [
  '<30>Nov 23 03:00:00 gw1 dhcpd[812]: DHCPACK on 192.0.2.77 to 00:00:5e:00:53:07 via eth1',
  '<190>45: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.5)',
  '<134>1 2026-11-23T03:00:00Z web1 app 4711 - - GET /index.html 200 5120 0.004',
];
const FIRST_PRIVATE = 0x0a000000;

/** What a busy border sees: mostly noise and strays, and now and then somebody who means it. */
export class Traffic {
  #random;
  #sequence = 0;
  #scanner = '203.0.113.7';
  #left = 0;
  #port = 143;

  constructor(random) {
    this.#random = random;
  }

  next(atMs) {
    return {
      bytes: Buffer.from(this.#line(atMs), 'latin1'),
      receivedAtMs: Math.floor(atMs),
      peer: { address: `192.0.2.${1 + (this.#sequence & 3)}`, port: 514 },
      transport: 'udp',
    };
  }

  #line(atMs) {
    const random = this.#random;
    this.#sequence++;
    const kind = random.below(1_000);
    if (kind < 500) return random.pick(NOISE);
    // A stranger who tries one thing once and is never seen again: most of what a perimeter logs.
    if (kind < 950)
      return this.#denied(atMs, dotted(random.below(0x100000000)), random.below(254), random.pick(PORTS));
    // One device repeats itself all day.
    if (kind < 980) return this.#denied(atMs, '198.51.100.200', 10, 143);
    // Somebody sweeps: a new source every so often, hosts in a row.
    if (this.#left === 0 && random.below(400) === 0) {
      this.#scanner = dotted(random.below(0x100000000));
      this.#port = random.pick(PORTS);
      this.#left = 3 + random.below(60);
    }
    if (this.#left > 0) return this.#denied(atMs, this.#scanner, this.#left--, this.#port);
    return this.#permitted(atMs);
  }

  #denied(atMs, source, host, port) {
    return `<190>${this.#sequence}: ${stamp(atMs)} UTC: %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(${40_000 + (this.#sequence & 0xfff)}) -> 192.0.2.${host}(${port}), 1 packet`;
  }

  #permitted(atMs) {
    return `<190>${this.#sequence}: ${stamp(atMs)} UTC: %SEC-6-IPACCESSLOGP: list 101 permitted tcp ${dotted(FIRST_PRIVATE + this.#random.below(65_536))}(40000) -> 192.0.2.25(25), 1 packet`;
  }
}

let stampedSecond = 0;
let stampText = '';

/** `Nov 23 2026 03:00:00`, made once a second. */
function stamp(atMs) {
  const second = Math.floor(atMs / 1_000);
  if (second !== stampedSecond) {
    stampedSecond = second;
    const [, day, month, year, time] = new Date(second * 1_000).toUTCString().split(' ');
    stampText = `${month} ${day} ${year} ${time}`;
  }
  return stampText;
}

function dotted(n) {
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
}

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where logs and results go; git-ignored. */
export const OUT = resolve(import.meta.dirname, '../out');
mkdirSync(OUT, { recursive: true });

const GENERATOR = resolve(import.meta.dirname, '../../../shared/bench/make-corpus.py');

export const WATCHED = { hosts: ['192.0.2.10', '192.0.2.20', '192.0.2.30'], ports: [143, 139, 513, 80] };

/** A log with planted scans, made once; undefined when the generator is not there. */
export function plantedLog(kind, lines) {
  const path = join(OUT, `${kind}-${lines}.log`);
  if (existsSync(`${path}.truth.json`)) return path;
  if (!existsSync(GENERATOR)) return undefined;
  execFileSync('python3', [GENERATOR, '--kind', kind, '--lines', String(lines), '--out', path], {
    stdio: 'ignore',
  });
  return path;
}

/** A directory with the paper's rule and, around it, rules that watch something else. */
export function rulesFile(rules, { within = '60s' } = {}) {
  const directory = join(OUT, `rules-${rules}-${within}`);
  mkdirSync(directory, { recursive: true });
  const rule = (id, hosts, ports, within) =>
    `  - id: ${id}\n    watch: { hosts: [${hosts.join(', ')}], ports: [${ports.map((port) => `${port}/tcp`).join(', ')}] }\n    detect: { address-scan: { hosts: 3, within: ${within} } }\n`;
  const others = Array.from({ length: rules - 1 }, (_, i) => {
    const net = `10.${(i >> 8) & 255}.${i & 255}`;
    return rule(
      `other-${i}`,
      [1, 2, 3].map((n) => `${net}.${n}`),
      WATCHED.ports,
      '60s',
    );
  });
  const all = [...others, rule('paper', WATCHED.hosts, WATCHED.ports, within)];
  const PER_FILE = 1_000;
  for (let at = 0; at < all.length; at += PER_FILE)
    writeFileSync(join(directory, `${at}.yaml`), `rules:\n${all.slice(at, at + PER_FILE).join('')}`);
  return directory;
}

const address = (n) => `${11 + ((n >> 24) & 127)}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;

/**
 * Denied packets that all hit a watched host and port, from a number of sources in turn, and one real scan in their midst
 * (203.0.113.9). 500 lines a second.
 */
export function floodLog(lines, sources) {
  const path = join(OUT, `flood-${lines}-${sources}.log`);
  if (existsSync(path)) return path;
  const file = openSync(path, 'w');
  let text = '';
  for (let i = 0; i < lines; i++) {
    const at = new Date(Date.UTC(2026, 0, 24, 12) + Math.floor(i / 500) * 1_000).toISOString().slice(11, 19);
    const scan = i - (lines >> 1);
    const isScan = scan >= 0 && scan < 300 && scan % 100 === 0;
    const source = isScan ? '203.0.113.9' : address(Math.imul(i % sources, 2_654_435_761) & 0x7fff_ffff);
    // A source stays with its host, so that it is no scan however often it comes.
    const host = WATCHED.hosts[isScan ? scan / 100 : (i % sources) % 3];
    text += `Jan 24 ${at} gw1 kernel: [1.000000] DROP IN=eth0 OUT=eth1 MAC=52:54:00:8a:1c:30:00:1b:21:3c:9d:f8:08:00 SRC=${source} DST=${host} LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=${i & 65535} PROTO=TCP SPT=31337 DPT=143 WINDOW=29200 RES=0x00 SYN URGP=0 \n`;
    if (text.length > 1 << 20) {
      writeSync(file, text);
      text = '';
    }
  }
  writeSync(file, text);
  closeSync(file);
  return path;
}

/** A log of one line that touches nothing. */
export function oneLineLog() {
  const path = join(OUT, 'one.log');
  writeFileSync(path, 'Jan 24 12:00:00 gw1 dhcpd[812]: DHCPACK on 192.0.2.77 via eth1\n');
  return path;
}

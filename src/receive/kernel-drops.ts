import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';

/** A UDP socket as /proc/net/udp and /proc/net/udp6 list it. */
export interface UdpTableRow {
  readonly host: string;
  readonly port: number;
  readonly inode: number;
  /** Datagrams the kernel threw away since the socket was opened, for lack of buffer space or a bad checksum. */
  readonly drops: number;
}

/**
 * What the kernel dropped before one of our UDP sockets could read it (Linux; nothing elsewhere). The socket is
 * found by its address among those this process holds, so that others sharing the port are not counted with it.
 */
export class KernelDrops {
  readonly #host: string;
  readonly #port: number;
  #inode: number | undefined;
  #last: number | undefined;

  /** `host` and `port` as bound: not 0. */
  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** Drops so far, or undefined where the system does not say. Keeps its last answer once the socket is closed. */
  read(): number | undefined {
    const rows = udpTable().filter((row) => row.port === this.#port && row.host === this.#host);
    this.#inode ??= rows.length > 1 ? ownSocketAmong(rows) : rows[0]?.inode;
    const row = rows.find((candidate) => candidate.inode === this.#inode);
    if (row !== undefined) this.#last = row.drops;
    return this.#last;
  }
}

/** The rows of a /proc/net/udp or /proc/net/udp6 table, proc_pid_net(5); lines that do not look so are left out. */
export function parseUdpTable(text: string): UdpTableRow[] {
  const rows: UdpTableRow[] = [];
  for (const line of text.split('\n').slice(1)) {
    // sl local rem st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops
    const columns = line.trim().split(/ +/);
    const [address = '', port = ''] = (columns[1] ?? '').split(':');
    const host = hostOfHex(address);
    const drops = Number(columns[12]);
    if (host === undefined || columns.length < 13 || !Number.isSafeInteger(drops)) continue;
    rows.push({ host, port: Number.parseInt(port, 16), inode: Number(columns[9]), drops });
  }
  return rows;
}

function udpTable(): UdpTableRow[] {
  return ['/proc/net/udp', '/proc/net/udp6'].flatMap((path) => {
    try {
      return parseUdpTable(readFileSync(path, 'latin1'));
    } catch {
      return [];
    }
  });
}

/** An address in the table's notation: 32-bit words in hexadecimal, each in the machine's own byte order. */
function hostOfHex(hex: string): string | undefined {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  const address = ipaddr.fromByteArray([...bytes]);
  return address.kind() === 'ipv6' ? (address as ipaddr.IPv6).toRFC5952String() : address.toString();
}

function ownSocketAmong(rows: readonly UdpTableRow[]): number | undefined {
  try {
    const own = new Set(readdirSync('/proc/self/fd').map(linkOfDescriptor));
    return rows.find((row) => own.has(`socket:[${row.inode}]`))?.inode;
  } catch {
    return undefined;
  }
}

function linkOfDescriptor(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

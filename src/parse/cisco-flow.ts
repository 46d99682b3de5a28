import { portNumber } from './cisco-ports.ts';
import { type FlowText, numberedPort, readFlow as readAnyFlow, type Verdict } from './flow.ts';
import type { ParseResult } from './parser.ts';

export { type FlowText, ignored, loss, malformed, type Verdict } from './flow.ts';

/** The Cisco product that wrote a line, and how that product writes ports and addresses. */
export interface CiscoDialect {
  readonly parser: string;
  readonly product: string;
  /** IOS and its relatives write port 0 for "none or unknown". */
  readonly zeroPortIsNone: boolean;
  /** ASA writes host names (`names`, objects, FQDN) and port literals where it knows them. */
  readonly words: boolean;
}

/** Makes an attempt of the texts of one line of a Cisco product; see flow. */
export function readFlow(
  { parser, product, zeroPortIsNone, words }: CiscoDialect,
  verdict: Verdict,
  flow: FlowText,
  hostname?: string,
): ParseResult {
  const portOf = words ? portNumber : numberedPort;
  const dialect = { parser, vendor: 'Cisco', product, zeroPortIsNone, hostNames: words, portOf };
  return readAnyFlow(dialect, verdict, flow, hostname);
}

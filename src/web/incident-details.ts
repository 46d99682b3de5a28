import type { Incident } from '../types.ts';

/** Octets of whole incidents (lines, targets) that are kept. */
const MAX_BYTES = 24 << 20;
const MAX_LINE_BYTES = 2_048;
/** A target in memory is about so large. */
const TARGET_BYTES = 150;

/** Closed incidents in full, the newest that have room. */
export class IncidentDetails {
  /** By id, the oldest first. */
  readonly #incidents = new Map<string, Incident>();
  #bytes = 0;

  keep(incident: Incident): void {
    this.#forget(incident.id);
    const kept = { ...incident, lines: incident.lines.map(cut) };
    this.#incidents.set(incident.id, kept);
    this.#bytes += weightOf(kept);
    for (const id of this.#incidents.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#forget(id);
    }
  }

  get(id: string): Incident | undefined {
    return this.#incidents.get(id);
  }

  #forget(id: string): void {
    const incident = this.#incidents.get(id);
    if (incident === undefined) return;
    this.#incidents.delete(id);
    this.#bytes -= weightOf(incident);
  }
}

function cut(line: Incident['lines'][number]): Incident['lines'][number] {
  return line.bytes.length <= MAX_LINE_BYTES
    ? line
    : { ...line, bytes: Buffer.from(line.bytes.subarray(0, MAX_LINE_BYTES)) };
}

function weightOf({ lines, targets }: Incident): number {
  return (
    1_000 + targets.length * TARGET_BYTES + lines.reduce((sum, { bytes }) => sum + bytes.length + 200, 0)
  );
}

import type { Decision } from '../types.ts';

/** A raw line as it goes into the mail; written by whoever sent the packet. */
export interface RawLine {
  readonly text: string;
  readonly receivedAtMs: number;
  /** Address the line came from. */
  readonly peer: string;
}

/** A look-up's result: a label of ours and text of somebody else's. */
export interface EvidenceText {
  readonly label: string;
  readonly text: string;
}

/** What is known about one incident beside the incident itself. */
export interface IncidentContext {
  readonly rule: {
    readonly id: string;
    readonly title?: string;
    /** `Rule classic-probe calls 3 hosts in 60 s a probe.` (see condition.ts) */
    readonly conditionSentence: string;
    /** `rules/office.yaml:12` */
    readonly position: string;
  };
  /** Distinct hosts the rule watches, when it can be counted. */
  readonly watchedHosts?: number;
  /** Oldest first. */
  readonly lines: readonly RawLine[];
  /** Lines of the incident that are not in `lines`. */
  readonly linesOmitted: number;
  readonly evidence?: readonly EvidenceText[];
  /** Reverse DNS of the only source; `confirmed` when the name leads back to the address. */
  readonly sourceName?: { readonly name: string; readonly confirmed: boolean };
}

/** What is the same for every mail of this installation. */
export interface SiteContext {
  /** IANA zone local times are shown in. */
  readonly zone: string;
  /** Name of the machine knockwatch runs on. */
  readonly hostName: string;
  /** IANA or site name of a service; undefined when it has none. */
  readonly serviceName: (port: number, transport?: string) => string | undefined;
}

/** Everything `renderAlert` needs beside the incident. */
export interface RenderContext extends IncidentContext, SiteContext {
  readonly decision: Decision;
}

/** The parts of a message. */
export interface Rendered {
  /** One line. */
  readonly subject: string;
  /** Lines end in LF. */
  readonly text: string;
  readonly html: string;
}

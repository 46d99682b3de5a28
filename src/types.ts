/**
 * The nouns of the pipeline, in the order a line travels through them:
 * Frame -> SyslogMessage -> Attempt -> Hit -> Detection -> Incident -> Alert -> Delivery.
 * Every stage imports these; none of them holds behaviour.
 */

/** How a message reached us. `file` stands for replayed and tailed files alike. */
export type FrameTransport = 'udp' | 'tcp' | 'tls' | 'unix' | 'file' | 'trap';

/** Who handed us the frame: the socket's remote end, or the file and line it was read from. */
export interface Peer {
  /** IP address in canonical text, or the file's path for `file` frames. */
  readonly address: string;
  /** Remote port, or the line number for `file` frames. */
  readonly port?: number;
}

/** One message as received: the octets, untouched, with when and from whom. */
export interface Frame {
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
  readonly peer: Peer;
  readonly transport: FrameTransport;
  /** True when the receiver cut the message at its size limit. */
  readonly truncated?: boolean;
}

/** What a time stamp in a header is worth: `device` is trusted, the others are replaced by the receipt time. */
export type TimeQuality = 'device' | 'unsynchronised' | 'uptime' | 'invalid';

/** A time stamp read from a header. `epochMs` is absent for uptime stamps and impossible dates. */
export interface Stamp {
  readonly epochMs?: number;
  readonly quality: TimeQuality;
  /** Whether the zone was written in the line or assumed from configuration. */
  readonly zone: 'stated' | 'assumed';
  /** True when the line stated no year and it was inferred. */
  readonly yearInferred: boolean;
}

/** A decoded syslog message. Absent fields were not in the line; nothing is invented. */
export interface SyslogMessage {
  /** RFC 5424 6.2.1; 1 (user) and 5 (notice) when the PRI was missing or invalid. */
  readonly facility: number;
  readonly severity: number;
  readonly pri: 'stated' | 'missing' | 'invalid';
  readonly format: 'rfc5424' | 'rfc3164' | 'bare';
  /** The innermost stamp: the device's own where a relay put its header in front. */
  readonly timestamp?: Stamp;
  /** The innermost host name that a header stated. */
  readonly hostname?: string;
  readonly appName?: string;
  readonly procId?: string;
  readonly msgId?: string;
  /** SD-ID -> parameters, RFC 5424 6.3, values unescaped. */
  readonly structuredData?: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Sequence number some devices put in the header (Cisco `service sequence-numbers`). */
  readonly sequence?: number;
  /** The relay's header, when one stood in front of the device's own. */
  readonly relay?: { readonly timestamp?: Stamp; readonly hostname?: string };
  /** N of `message repeated N times: [...]`; the inner text is decoded in its place. */
  readonly repeated?: number;
  /** The text after the header and the tag. */
  readonly message: string;
  /** All text after the PRI, header included. */
  readonly text: string;
}

export type AttemptKind = 'packet' | 'login' | 'request';
export type Action = 'denied' | 'allowed' | 'failed' | 'unknown';
export type TcpFlag = 'FIN' | 'SYN' | 'RST' | 'PSH' | 'ACK' | 'URG' | 'ECE' | 'CWR';

/** One end of an attempt. `ip` is canonical text (see lib/ip); `name` is what the line said instead of an address. */
export interface Endpoint {
  readonly ip?: string;
  readonly name?: string;
  /** 0..65535. Absent when the protocol has none or the line did not say. */
  readonly port?: number;
}

/** Packet details some formats log; used as scanner fingerprints and decoy evidence, never to identify anybody. */
export interface PacketDetails {
  readonly ttl?: number;
  readonly ipId?: number;
  readonly window?: number;
  readonly tcpSequence?: number;
  readonly length?: number;
}

/** What a parser reads from one message; field names follow ECS where it has one. */
export interface ParsedAttempt {
  readonly kind: AttemptKind;
  readonly action: Action;
  /** The parser's name, e.g. `cisco-ios`. */
  readonly parser: string;
  readonly vendor: string;
  readonly product: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** IANA protocol name, lower case: tcp, udp, icmp, ipv6-icmp, igmp ... */
  readonly transport?: string;
  /** IANA protocol number, 0..255. */
  readonly protocolNumber?: number;
  readonly tcpFlags?: readonly TcpFlag[];
  readonly icmp?: { readonly type?: number; readonly code?: number };
  readonly ingress?: string;
  readonly egress?: string;
  /** ACL, chain prefix, rule number or policy that logged it. */
  readonly rule?: string;
  /** Packets this line stands for, at least 1. */
  readonly count: number;
  /** Device name that stood inside the message body (ASA device-id, CEF), when the header had none. */
  readonly hostname?: string;
  readonly packet?: PacketDetails;
  /** Login and request attempts: what was asked for. Attacker-written text. */
  readonly service?: string;
  readonly user?: string;
  readonly path?: string;
  /** The device itself called the source address forged (ASA 106016, 106021 ...). */
  readonly spoofed?: boolean;
  /** Ports of the destination that the same line names besides `destination.port` (a scan somebody else has put together). */
  readonly furtherPorts?: readonly number[];
  /** When it happened, where the line's body says so itself (access logs, loginlog); used when the header has no stamp. */
  readonly stampMs?: number;
}

/** A device's own word that it dropped or rate-limited log messages: loss before us. */
export interface LossNotice {
  readonly parser: string;
  /** Messages or packets lost, when the notice says. */
  readonly count?: number;
  readonly reason: string;
}

/** Where the raw line of an attempt can be found again while the line ring still holds it. */
export interface LineRef {
  readonly sequence: number;
}

/** A raw line kept as evidence: the octets as received, when, and from whom. */
export interface EvidenceLine {
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
  readonly peer: Peer;
}

/** Why an attempt has the event time it has. */
export type TimeSource = 'device' | 'relay' | 'receipt';

/** A parsed attempt with when, who logged it, and its raw line. */
export interface Attempt extends ParsedAttempt {
  /** Event time, milliseconds since the epoch: what correlation runs on. */
  readonly atMs: number;
  readonly timeSource: TimeSource;
  readonly observer: {
    /** Name in the header or body; untrusted. */
    readonly hostname?: string;
    /** Address the frame came from. */
    readonly address: string;
    readonly via?: FrameTransport;
  };
  readonly line: LineRef;
}

export type Severity = 'low' | 'medium' | 'high' | 'critical';

/** A watched host as rules name it: one address (or a member of a network) with the name people use. */
export interface WatchedHost {
  readonly ip: string;
  readonly name?: string;
}

/** An attempt that touched a rule's watch list. */
export interface Hit {
  readonly ruleId: string;
  readonly attempt: Attempt;
  readonly host: WatchedHost;
  /** Destination port, or -1 for attempts without one (a port-less protocol on an any-port rule). */
  readonly port: number;
  readonly sourceIp: string;
}

export type DetectionKind =
  | 'address-scan'
  | 'port-scan'
  | 'distributed-scan'
  | 'stealth-scan'
  | 'repeat'
  | 'any';

/** What a detector says the moment its condition is met, and with each further hit it belongs to. */
export interface Detection {
  readonly kind: DetectionKind;
  readonly ruleId: string;
  /** Equal for detections that continue each other: rule and the values of `by`. */
  readonly identifier: string;
  /** The hits that met the condition, oldest first; only the newest one once it is already met. */
  readonly hits: readonly Hit[];
  /** One English sentence: what was seen against which threshold. */
  readonly sentence: string;
  /** Further observations, each a sentence with its reason ("looks like ...", decoy evidence). */
  readonly remarks?: readonly string[];
}

export type IncidentState = 'open' | 'growing' | 'quiet' | 'closed';

/** One story about one identifier, from its first hit until it has been quiet long enough. */
export interface Incident {
  readonly id: string;
  readonly identifier: string;
  readonly kind: DetectionKind;
  readonly ruleId: string;
  readonly severity: Severity;
  readonly state: IncidentState;
  /** Event time of the hit that met the condition. */
  readonly openedAtMs: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Packets or attempts, by the devices' own counts. */
  readonly count: number;
  /** Lines that reported them. */
  readonly lineCount: number;
  readonly sources: readonly string[];
  readonly targets: readonly IncidentTarget[];
  readonly transports: readonly string[];
  /** What was attempted, so what `count` counts; absent in what earlier versions have kept. */
  readonly kinds?: readonly AttemptKind[];
  /** Ports of the hits, ascending; a `port-scan` has many. */
  readonly ports: readonly number[];
  readonly sourcePorts: readonly number[];
  readonly tcpFlags: readonly string[];
  readonly observers: readonly IncidentObserver[];
  /** The first raw lines, oldest first, up to a bound; `lineCount` says how many there were. */
  readonly lines: readonly EvidenceLine[];
  readonly sentence: string;
  readonly remarks: readonly string[];
  /** Hits whose source, host or port is not in the lists because a bound was reached: with any, the lists are not all. */
  readonly overflow: number;
  readonly resume?: IncidentResume;
}

/** What is known of an incident that is over: hits under its identifier up to its last one have been told. */
export type ClosedIncident = Pick<Incident, 'identifier' | 'lastSeenMs'>;

/** What a restart needs to go on with an open incident; of no interest to anybody else. */
export interface IncidentResume {
  /** Windows that are part of it. */
  readonly keys: readonly string[];
  readonly settled: boolean;
  readonly grownLevels: number;
  /** The source whose hit met the condition. */
  readonly openedBy?: string;
  /** The correlator's clock when the last hit came, or that hit's time if it is later. */
  readonly touchedMs?: number;
  /** How many hits it has counted at `lastSeenMs`: devices state whole seconds, so more of that time may follow. */
  readonly lastSeenHits?: number;
}

/** One cell of the host x port grid. */
export interface IncidentTarget {
  readonly ip: string;
  readonly name?: string;
  readonly port: number;
  readonly transport?: string;
  readonly count: number;
  readonly firstSeenMs: number;
}

/** A device that logged part of an incident. */
export interface IncidentObserver {
  readonly hostname?: string;
  readonly address: string;
  readonly product: string;
  readonly rule?: string;
}

/** Why a notification was sent or not; one value per possible decision, so that each can be counted. */
export type NotifyReason =
  | 'first-sight'
  | 'escalated'
  | 'closing-summary'
  | 'digest'
  | 'below-threshold'
  | 'settling'
  | 'already-alerted'
  | 'source-already-alerted'
  | 'over-budget'
  | 'no-channel'
  | 'sender-quiet'
  | 'sender-unparsed'
  | 'sender-recovered';

/** A decision about one incident and the sentence that explains it. */
export interface Decision {
  readonly send: boolean;
  readonly reason: NotifyReason;
  readonly because: string;
}

/**
 * An alert's incident for programs: lists are cut to what they bear. The counts beside them are whole while `overflow` is 0, and
 * with any overflow at least so many.
 */
export interface AlertIncident
  extends Pick<
    Incident,
    | 'id'
    | 'kind'
    | 'ruleId'
    | 'count'
    | 'firstSeenMs'
    | 'lastSeenMs'
    | 'sources'
    | 'ports'
    | 'transports'
    | 'sentence'
    | 'overflow'
  > {
  /** Addresses of the hosts that were tried. */
  readonly hosts: readonly string[];
  readonly sourceCount: number;
  readonly hostCount: number;
  readonly portCount: number;
}

/** A rendered message about an incident (or a digest of several). */
export interface Alert {
  /** Stable: the same alert retried has the same id and Message-ID. */
  readonly id: string;
  readonly incidentIds: readonly string[];
  readonly severity: Severity;
  readonly reason: NotifyReason;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Thread this alert belongs to: the Message-ID stem of the incident's first alert. */
  readonly threadId: string;
  /** What channels to programs say beside the text; absent for digests. */
  readonly incident?: AlertIncident;
}

/** An alert on its way to one channel. Alert id and channel name identify it. */
export interface OutboxEntry {
  readonly alert: Alert;
  readonly channel: string;
  /** Tries so far. */
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly notBeforeMs: number;
  /** What the last try said. */
  readonly because?: string;
}

/**
 * What became of an alert that an outbox was asked to accept. A full queue displaces the mildest alert, the newest of them first,
 * never a digest: it may be the one just put, and whoever put it has to see that it is told another way.
 */
export type PutResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'known' }
  | { readonly kind: 'displaced'; readonly alert: Alert };

/** The outcome of one try to hand an alert to a channel. */
export interface Delivery {
  readonly alertId: string;
  readonly channel: string;
  readonly attempt: number;
  readonly outcome: 'delivered' | 'retry' | 'dead';
  readonly because: string;
}

/** Keeps raw lines for as long as it can; the pipeline puts every parsed line here, incidents take theirs out again. */
export interface LineKeeper {
  keep(frame: Frame): LineRef;
  get(ref: LineRef): EvidenceLine | undefined;
}

import { type ComplaintDraft, complaint } from './complaint.ts';
import { bundle } from './evidence-bundle.ts';
import { materialOf, type ReportInput } from './report-material.ts';
import { type XarfReport, xarf } from './xarf.ts';

export type { ComplaintDraft } from './complaint.ts';
export type { DeviceClock } from './device-clock.ts';
export type { ReportInput, ReportLookup } from './report-material.ts';
export type { XarfReport } from './xarf.ts';

export interface Report {
  readonly bundle: string;
  readonly complaint: ComplaintDraft;
  /** The machine-readable report as JSON, or why there can be none. */
  readonly xarf: XarfReport;
}

/**
 * Renders evidence bundle, draft complaint and X-ARF report about one source of an incident. Pure; nothing is ever sent. Throws
 * RangeError for a network to mask that is none.
 */
export function renderReport(input: ReportInput): Report {
  const material = materialOf(input);
  return { bundle: bundle(material), complaint: complaint(material), xarf: xarf(material) };
}

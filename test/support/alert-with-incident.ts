import { alertIncidentOf } from '../../src/notify/alerts.ts';
import type { Alert, Incident } from '../../src/types.ts';
import { alert, incident } from './notify.ts';

/** An alert as the notifier makes it: with its incident beside the text. */
export function alertAbout(more: Partial<Incident> = {}, extra: Partial<Alert> = {}): Alert {
  return alert({ incident: alertIncidentOf(incident(more)), ...extra });
}

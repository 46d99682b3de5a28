import type { Incident } from '../types.ts';
import type { RenderContext, Rendered } from './render-context.ts';
import { renderHtml } from './render-html.ts';
import { renderText } from './render-text.ts';
import { viewOf } from './view.ts';

/**
 * An incident as a mail: subject (one line, at most 180 characters), text and HTML. Pure; throws RangeError for a zone
 * that does not exist. What log lines and look-ups say is escaped and bounded.
 */
export function renderAlert(incident: Incident, context: RenderContext): Rendered {
  const view = viewOf(incident, context);
  return { subject: view.subject, text: renderText(view), html: renderHtml(view) };
}

import type { SqlValue } from './sqlite-driver.ts';
import type { IncidentFilter } from './store.ts';

/** An incident filter as an SQL condition (empty when everything matches) and the values for its parameters. */
export function conditions(filter: IncidentFilter): { readonly where: string; readonly values: SqlValue[] } {
  const clauses: string[] = [];
  const values: SqlValue[] = [];
  const add = (clause: string, ...more: readonly SqlValue[]) => {
    clauses.push(clause);
    values.push(...more);
  };
  const oneOf = (column: string, words: readonly string[]) =>
    add(`${column} IN (${words.map(() => '?').join(', ')})`, ...words);
  if (filter.states !== undefined) oneOf('state', filter.states);
  if (filter.severities !== undefined) oneOf('severity', filter.severities);
  if (filter.ruleId !== undefined) add('rule_id = ?', filter.ruleId);
  if (filter.source !== undefined)
    add('id IN (SELECT incident_id FROM incident_sources WHERE source = ?)', filter.source);
  if (filter.sinceMs !== undefined) add('last_ms >= ?', filter.sinceMs);
  if (filter.untilMs !== undefined) add('first_ms < ?', filter.untilMs);
  return { where: clauses.length === 0 ? '' : `WHERE ${clauses.join(' AND ')}`, values };
}

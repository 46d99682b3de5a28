import type { RuleTestExpectation } from '../rule.ts';
import type { Incident } from '../types.ts';

/** Where what happened is not what a test asks for. */
export type Difference =
  /** An incident was wanted; the likeliest of those nobody wanted stands beside it, with what is wrong about it. */
  | { readonly expected: RuleTestExpectation; readonly got?: Incident; readonly because: readonly string[] }
  /** An incident nobody wanted. */
  | { readonly expected?: undefined; readonly got: Incident };

/** What an incident touched, in the words of a test. */
function factsOf(incident: Incident): { hosts: number; count: number } {
  return { hosts: new Set(incident.targets.map(({ ip }) => ip)).size, count: incident.count };
}

/** What is wrong about an incident, in words; nothing when it is what was wanted. */
function faults({ kind, port, hosts, source, count }: RuleTestExpectation, incident: Incident): string[] {
  const facts = factsOf(incident);
  return [
    ...(kind === incident.kind ? [] : [`kind is ${incident.kind}`]),
    ...(port === undefined || incident.ports.includes(port) ? [] : [`port ${port} is not among its ports`]),
    ...(hosts === undefined || hosts === facts.hosts ? [] : [`hosts is ${facts.hosts}, not ${hosts}`]),
    ...(source === undefined || incident.sources.includes(source)
      ? []
      : [`${source} is not among its sources`]),
    ...(count === undefined || count === facts.count ? [] : [`count is ${facts.count}, not ${count}`]),
  ];
}

/**
 * Compares what a test asks for with the incidents there were: each stands for one of the other side, in any order. Nothing
 * in the result means that the test has passed.
 */
export function differences(
  expected: readonly RuleTestExpectation[],
  incidents: readonly Incident[],
): Difference[] {
  const fits = expected.map((wanted) => incidents.map((incident) => faults(wanted, incident).length === 0));
  /** For each incident the expectation it stands for. */
  const takenBy = new Array<number>(incidents.length).fill(-1);
  const missing = [...expected.keys()].filter((wanted) => !assign(wanted, fits, takenBy, new Set()));
  const left = incidents.filter((_, i) => takenBy[i] === -1);
  const lacking = missing.map((i): Difference => {
    const wanted = expected[i]!;
    const nearest = left.toSorted((a, b) => faults(wanted, a).length - faults(wanted, b).length)[0];
    if (nearest === undefined) return { expected: wanted, because: ['there was no such incident'] };
    left.splice(left.indexOf(nearest), 1);
    return { expected: wanted, got: nearest, because: faults(wanted, nearest) };
  });
  return [...lacking, ...left.map((got): Difference => ({ got }))];
}

/**
 * Finds an incident for an expectation, moving others to another one of theirs where needed (Kuhn's augmenting paths): a
 * vague expectation must not take the only incident a precise one has.
 */
function assign(
  wanted: number,
  fits: readonly (readonly boolean[])[],
  takenBy: number[],
  tried: Set<number>,
): boolean {
  for (const [i, fit] of fits[wanted]!.entries()) {
    if (!fit || tried.has(i)) continue;
    tried.add(i);
    const owner = takenBy[i]!;
    if (owner !== -1 && !assign(owner, fits, takenBy, tried)) continue;
    takenBy[i] = wanted;
    return true;
  }
  return false;
}

/** An expectation as it is written in a rule file. */
export function writeExpectation(expectation: RuleTestExpectation): string {
  const members = Object.entries(expectation).map(([key, value]) => `${key}: ${value}`);
  return `{ ${members.join(', ')} }`;
}

/** The expectation an incident would meet, to be copied into a rule file. */
export function expectationOf(incident: Incident): RuleTestExpectation {
  const [port] = incident.ports;
  const [source] = incident.sources;
  return {
    kind: incident.kind,
    ...(port === undefined ? {} : { port }),
    hosts: factsOf(incident).hosts,
    ...(source === undefined ? {} : { source }),
    count: incident.count,
  };
}
